//! Files are written: small ones at once, others as uploads.

use std::sync::Arc;

use super::{Hand, Spot, Wanted};
use crate::content::{check_blocks, head_len, same_content};
use crate::path::RemotePath;
use crate::store::{
    Attributes, Entry, Folder, Kind, NewUpload, Publish, Published, Revision, Source, Store,
    StoreError, Upload,
};
use crate::tree::join::has_exactly;
use crate::tree::outcome::Outcome;
use crate::tree::progress::{Place, Settling};
use crate::tree::small::proof_of;
use crate::wire::{Failure, MAX_SMALL_LEN, Offer, SmallFile};

/// How the content of a file that is not small is taken in.
pub(in crate::tree) enum Begun<S: Store> {
    /// Into an upload; so much of it may be there already.
    Upload { wanted: Wanted, upload: Arc<S::Upload>, basis: u64 },
    /// Not at all, as long as it proves to be the same.
    Verify { wanted: Wanted, present: Arc<Present<S::Source>> },
    /// It is settled.
    Settled,
}

/// A file that was taken in, or could not be.
pub(in crate::tree) struct Finished<S: Store> {
    pub(in crate::tree) wanted: Wanted,
    pub(in crate::tree) end: End<S>,
    pub(in crate::tree) moved: u64,
    pub(in crate::tree) reused: u64,
}

/// How taking a file in ended.
pub(in crate::tree) enum End<S: Store> {
    /// All of it is in the upload.
    Upload(Offer, Arc<S::Upload>),
    /// It is the same.
    Same,
    /// It failed.
    Failed(Failure),
}

/// A file that is only compared.
pub(in crate::tree) struct Present<C>(C);

impl<C: Source> Upload for Present<C> {
    type Basis = C;

    fn kept(&self) -> u64 {
        self.0.entry().size
    }

    fn read_kept(&self, buf: &mut [u8], offset: u64) -> Result<usize, StoreError> {
        self.0.read_at(buf, offset)
    }

    fn present(&self) -> Option<&C> {
        None
    }

    fn write_at(&self, _: &[u8], _: u64) -> Result<(), StoreError> {
        Err(StoreError::ReadOnly { path: self.0.entry().path.clone() })
    }

    fn commit(&self, _: &Attributes, _: &Publish, _: bool) -> Result<Published, StoreError> {
        Err(StoreError::ReadOnly { path: self.0.entry().path.clone() })
    }

    fn discard(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

impl<S: Store> Hand<S> {
    /// Writes a small file.
    pub(super) fn file(&mut self, wanted: Wanted, file: &SmallFile, body: &[u8]) {
        if let Some(failure) = &file.failure {
            return self.settle_file(&wanted, Some(Outcome::Failed(failure.clone())), (0, 0));
        }
        let (head, content) = body.split_at(file.head as usize);
        let proof = proof_of(self.algorithm, file, &wanted.name, head);
        if proof != file.proof || !check_blocks(self.algorithm, head, content, 0).is_empty() {
            let name = crate::path::safe(&wanted.name);
            self.report.corrupt = Some(format!("`{name}` arrived damaged"));
            return;
        }
        let (mode, modified) = (file.mode, file.modified);
        let attributes = Attributes { size: content.len() as u64, mode, modified };
        let (publish, durable) = (self.publish(wanted.is_new), self.target.rules.durable);
        let outcome = match self.place_of(&wanted) {
            Ok((folder, name)) => {
                let stored = folder.store(&name, content, &attributes, &publish, durable);
                self.published(&wanted, &folder, &name, &attributes, stored)
            }
            Err(error) => Outcome::Failed(error.into()),
        };
        self.settle_file(&wanted, Some(outcome), (content.len() as u64, 0));
    }

    /// Begins to take in a file that is not small.
    pub(super) fn begin(&mut self, wanted: Wanted, offer: &Offer, verify: bool) {
        let n = wanted.n;
        let begun = self.try_begin(&wanted, offer, verify).unwrap_or_else(|error| {
            self.settle_file(&wanted, Some(Outcome::Failed(error.into())), (0, 0));
            Begun::Settled
        });
        self.report.begun.push((n, begun));
    }

    fn try_begin(
        &mut self,
        wanted: &Wanted,
        offer: &Offer,
        verify: bool,
    ) -> Result<Begun<S>, StoreError> {
        let (folder, name) = self.place_of(wanted)?;
        if verify {
            let present = folder.open(&name)?;
            if present.entry().size == offer.entry.size {
                let (wanted, present) = (wanted.clone(), Arc::new(Present(present)));
                return Ok(Begun::Verify { wanted, present });
            }
        }
        let publish = self.publish(wanted.is_new);
        let new = NewUpload {
            owner: &self.target.owner,
            session: &self.target.session,
            size: Some(offer.entry.size),
            publish: &publish,
        };
        let begun = folder.begin(&name, &new);
        // An earlier try, which this one took over, may have published it at the last moment.
        let known = wanted.verify || self.target.rules.checksum;
        let there = folder.entry(&name).ok().filter(|_| !known);
        if there.is_some_and(|there| same_content(&there, &offer.entry)) {
            if let Ok(upload) = begun {
                upload.discard()?;
            }
            self.settle_file(wanted, Some(Outcome::Unchanged), (0, 0));
            return Ok(Begun::Settled);
        }
        let upload = begun?;
        let present = upload.present().map_or(0, |present| present.entry().size);
        let basis = upload.kept().max(present);
        Ok(Begun::Upload { wanted: wanted.clone(), upload: Arc::new(upload), basis })
    }

    /// Publishes a file that was taken in.
    pub(super) fn finish_file(&mut self, finished: Finished<S>) {
        let Finished { wanted, end, moved, reused } = finished;
        let outcome = match end {
            End::Failed(failure) => Outcome::Failed(failure),
            End::Same => Outcome::Unchanged,
            End::Upload(offer, upload) => self.commit(&wanted, &offer.entry, &*upload),
        };
        self.settle_file(&wanted, Some(outcome), (moved, reused));
    }

    fn commit(&mut self, wanted: &Wanted, entry: &Entry, upload: &S::Upload) -> Outcome {
        let &Entry { size, mode, modified, .. } = entry;
        let attributes = Attributes { size, mode, modified };
        let (publish, durable) = (self.publish(wanted.is_new), self.target.rules.durable);
        let committed = upload.commit(&attributes, &publish, durable).map(|done| done.path);
        match self.place_of(wanted) {
            Ok((folder, name)) => self.published(wanted, &folder, &name, &attributes, committed),
            Err(error) => Outcome::Failed(error.into()),
        }
    }

    /// What came of publishing a file.
    fn published(
        &self,
        wanted: &Wanted,
        folder: &S::Folder,
        name: &[u8],
        attributes: &Attributes,
        published: Result<RemotePath, StoreError>,
    ) -> Outcome {
        match published {
            Ok(path) if path.file_name() == Some(name) => match wanted.is_new {
                true => Outcome::Created,
                false => Outcome::Updated,
            },
            Ok(path) => self.kept_as(&wanted.directory, &wanted.name, &path),
            Err(StoreError::Exists { path }) if wanted.is_new => {
                self.taken(folder, name, attributes, path)
            }
            Err(error) => Outcome::Failed(error.into()),
        }
    }

    /// A name was free, and is not any more.
    fn taken(
        &self,
        folder: &S::Folder,
        name: &[u8],
        attributes: &Attributes,
        path: RemotePath,
    ) -> Outcome {
        let exactly = has_exactly(folder, name).unwrap_or(true);
        let mine = Entry {
            path: RemotePath::root(),
            kind: Kind::File,
            size: attributes.size,
            mode: attributes.mode,
            modified: attributes.modified,
            revision: Revision::new(""),
            target: None,
        };
        let same = folder.entry(name).is_ok_and(|there| same_content(&there, &mine));
        // What an earlier try still had under way when its connection broke came late.
        if exactly && same {
            return Outcome::Created;
        }
        let mut failure = Failure::from(StoreError::Exists { path });
        if !exactly {
            failure.message.push_str(": the target takes this name and another for the same");
        }
        Outcome::Failed(failure)
    }

    fn place_of(&mut self, wanted: &Wanted) -> Result<Spot<S::Folder>, StoreError> {
        let (folder, name) = self.place(&wanted.directory, &wanted.name)?;
        let folder = folder.expect("content is wanted only where its directory is");
        Ok((folder, name))
    }

    fn settle_file(
        &mut self,
        wanted: &Wanted,
        outcome: Option<Outcome>,
        (moved, reused): (u64, u64),
    ) {
        let Wanted { n, directory, name, size, .. } = wanted;
        self.push(Settling {
            place: Place::Entry { n: *n, directory: Arc::clone(directory), name: name.clone() },
            kind: Kind::File,
            size: *size,
            outcome,
            moved,
            reused,
        });
        self.settle_in(directory);
    }
}

/// Whether the lengths in the frame of a small file can be.
pub(in crate::tree) fn is_small(algorithm: proto::Algorithm, file: &SmallFile) -> bool {
    let length = u64::from(file.length);
    length <= MAX_SMALL_LEN && u64::from(file.head) == head_len(algorithm, length)
}
