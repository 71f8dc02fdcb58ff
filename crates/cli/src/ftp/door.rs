//! The file service behind the door: who may do what, and what is noted of it.

use std::sync::Arc;

use ftp::{Access, Audit, FileService, Request, ServeError, Store};
use ftp::{Failure, RemotePath, Status};
use identity::{Gate, Grant, Paths};
use netserver::{Conn, Guarded, StreamHandler};
use proto::Hello;

use crate::peer::{Caller, Guard, Revoked};

/// A file service that asks who calls.
pub(super) struct GuardedFiles<S> {
    service: FileService<S>,
    /// `None` where nothing is encrypted: then everyone has the service's own access.
    gate: Option<Gate>,
}

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum FilesError {
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[error(transparent)]
    Revoked(#[from] Revoked),
}

impl<S: Store> GuardedFiles<S> {
    /// Serves only those whom the gate lets in, and what they do is noted.
    pub(super) fn behind(gate: Gate, service: FileService<S>) -> Self {
        Self { service: service.audit(Arc::new(ChangeLog)), gate: Some(gate) }
    }

    /// Tells somebody else what was done.
    pub(super) fn audited_by(self, audit: Arc<dyn Audit>) -> Self {
        Self { service: self.service.audit(audit), ..self }
    }

    /// Serves everyone, the tutorial's programs included.
    pub(super) fn open_to_all(service: FileService<S>) -> Self {
        Self { service: service.classic(true).audit(Arc::new(ChangeLog)), gate: None }
    }
}

impl<S: Store> StreamHandler<Guarded<Caller>> for GuardedFiles<S> {
    type Error = FilesError;

    async fn handle(&self, stream: Guarded<Caller>, conn: Conn) -> Result<(), FilesError> {
        let (Some(gate), Some(key)) = (&self.gate, stream.get_ref().key) else {
            let number = conn.id();
            let served = StreamHandler::handle(&self.service, stream, conn).await;
            return Ok(served.inspect_err(|error| note(error, number))?);
        };
        let (guard, let_in) = Guard::new(gate, key, &conn);
        let decide = |hello: &Hello| match guard.admit(hello) {
            Ok(grant) => Ok(access(&grant)),
            Err(refusal) => Err(Failure::new(Status::Denied, refusal.message)),
        };
        tokio::select! {
            served = self.service.serve(stream, &conn, decide) => Ok(served?),
            revoked = Guard::revoked(let_in) => {
                tracing::info!(target: "seam::audit", id = conn.id(), "ended: {revoked}");
                Err(revoked.into())
            }
        }
    }
}

/// Notes who came to a plain port and was no peer of ours.
fn note(error: &ServeError, id: u64) {
    if matches!(error, ServeError::Tls | ServeError::Raw | ServeError::Refused(_)) {
        let why = ftp::safe(error.to_string().as_bytes()).to_string();
        tracing::info!(target: "seam::audit", id, why, "turned away");
    }
}

/// What a grant means to the file service.
fn access(grant: &Grant) -> Access {
    let paths = |paths: &Paths| -> Vec<RemotePath> {
        // A part of a share that is no path of ours has nothing in it.
        paths.prefixes().filter_map(|prefix| RemotePath::parse(prefix.as_bytes()).ok()).collect()
    };
    Access::default()
        .read_beneath(paths(&grant.rights.read))
        .write_beneath(paths(&grant.rights.write))
        .owner(grant.key.to_string())
}

/// Notes who changed what; with -v also who read what.
struct ChangeLog;

impl Audit for ChangeLog {
    fn request(&self, request: &Request<'_>) {
        let Request { connection: id, verb, changes, path, to, failure, .. } = request;
        let to = to.map(tracing::field::display);
        let result = failure.as_ref().map_or("ok", |failure| failure.status.as_str());
        match changes {
            true => tracing::info!(target: "seam::audit", id, %path, to, result, "{verb}"),
            false => tracing::debug!(target: "seam::audit", id, %path, result, "{verb}"),
        }
    }
}
