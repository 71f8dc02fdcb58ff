//! Who asked for what, and what became of it.

use crate::path::RemotePath;
use crate::wire::{End, Failure, Subject};

/// Is told of each request when it is over: for a log of who changed what, or to know when
/// something has been fetched.
pub trait Audit: Send + Sync + 'static {
    /// A request is over. It is called between requests, and so must not block.
    fn request(&self, request: &Request<'_>);
}

/// A request that is over.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Request<'a> {
    /// The connection's number.
    pub connection: u64,
    /// Whose it was: [`Access::owner`](crate::Access#structfield.owner).
    pub owner: &'a str,
    /// What was asked for: the `type` of the request's frame, such as `get` or `rename`.
    pub verb: &'static str,
    /// Whether it asked for a change.
    pub changes: bool,
    /// What it was about.
    pub path: &'a RemotePath,
    /// The path that it was to get, for a `rename`; the one that was published, where it differs.
    pub to: Option<&'a RemotePath>,
    /// Why it failed, if it did.
    pub failure: Option<Failure>,
}

impl<'a> Request<'a> {
    pub(super) fn new(
        connection: u64,
        owner: &'a str,
        subject: &'a Subject<'a>,
        ended: Result<&'a End, Failure>,
    ) -> Self {
        let published = ended.as_ref().ok().and_then(|end| Some(&end.published.as_ref()?.path));
        Self {
            connection,
            owner,
            verb: subject.verb,
            changes: subject.changes,
            path: subject.path,
            to: published.filter(|path| *path != subject.path).or(subject.to),
            failure: match ended {
                Ok(end) => end.failure(),
                Err(failure) => Some(failure),
            },
        }
    }
}
