//! Small files: read, proven and sent many at a time.

use std::sync::Arc;

use proto::{Algorithm, Hasher, Limits, digest_blocks, encode_header};

use super::walk::Known;
use crate::content::{head_len, read_full};
use crate::store::{Folder, Source, StoreError};
use crate::wire::{Failure, Frame, MAX_SMALL_LEN, SmallFile, Status};

/// How often a file that changes while it is read is read anew.
pub(super) const MAX_CHANGES: u8 = 2;

/// Small files as they are sent.
#[derive(Default)]
pub(super) struct Sendable {
    /// Whole frames, one after the other.
    pub(super) frames: Vec<u8>,
    /// The files in them, and how much content each has.
    pub(super) files: Vec<(u64, u64)>,
    /// Files that are not small any more.
    pub(super) grown: Vec<u64>,
}

/// What a frame of a small file is about.
pub(super) struct About<'a> {
    pub(super) id: u64,
    pub(super) algorithm: Algorithm,
    pub(super) n: u64,
    /// Its name in the tree, which the proof is over: the root of a tree has none.
    pub(super) name: &'a [u8],
}

impl Sendable {
    /// Adds a file, or why it cannot be sent.
    pub(super) fn add<F: Folder>(
        &mut self,
        place: Result<(Arc<F>, Box<[u8]>), StoreError>,
        about: &About<'_>,
    ) {
        let mut content = Vec::new();
        let read = match place {
            Ok((folder, file)) => read(&*folder, &file, about, &mut content),
            Err(error) => Err(error.into()),
        };
        match read {
            Ok(Some(frame)) => self.push(frame, &content),
            Ok(None) => self.grown.push(about.n),
            Err(failure) => self.add_failure(about.id, about.n, about.name, failure),
        }
    }

    /// Adds why a file cannot be sent. The reason may tell a path as long as a header.
    pub(super) fn add_failure(&mut self, id: u64, n: u64, name: &[u8], mut failure: Failure) {
        if failure.message.len() > 4096 {
            failure.message = format!("`{}` could not be read", crate::path::safe(name));
        }
        let frame = SmallFile {
            id,
            n,
            length: 0,
            head: 0,
            mode: None,
            modified: None,
            proof: String::new(),
            failure: Some(failure),
        };
        self.push(frame, &[]);
    }

    fn push(&mut self, frame: SmallFile, content: &[u8]) {
        self.files.push((frame.n, u64::from(frame.length)));
        let header = encode_header(&Frame::File(frame), &Limits::default());
        self.frames.extend_from_slice(&header.expect("a small file's header is short"));
        self.frames.extend_from_slice(content);
    }
}

/// Reads a file; its head and content are put into `body`. `None` if it is not small any more.
fn read<F: Folder>(
    folder: &F,
    file: &[u8],
    about: &About<'_>,
    body: &mut Vec<u8>,
) -> Result<Option<SmallFile>, Failure> {
    let &About { id, algorithm, n, name } = about;
    let mut tries = 0;
    loop {
        let source = folder.open(file)?;
        let entry = source.entry();
        if entry.size > MAX_SMALL_LEN {
            return Ok(None);
        }
        let head = head_len(algorithm, entry.size) as usize;
        body.clear();
        body.resize(head + entry.size as usize, 0);
        let read = read_full(&source, &mut body[head..], 0);
        let changed = match read {
            Err(failure) if failure.status == Status::Changed => true,
            Err(failure) => return Err(failure),
            Ok(()) => source.revision_now()? != entry.revision,
        };
        if !changed {
            let mut digests = Vec::with_capacity(head);
            digest_blocks(algorithm, &body[head..], &mut digests);
            body[..head].copy_from_slice(&digests);
            let (length, head) = (entry.size as u32, head as u32);
            let (mode, modified) = (entry.mode, entry.modified);
            let proof = String::new();
            let mut frame = SmallFile { id, n, length, head, mode, modified, proof, failure: None };
            frame.proof = proof_of(algorithm, &frame, name, &digests);
            return Ok(Some(frame));
        }
        if tries == MAX_CHANGES {
            let message = format!("`{}` changed whenever it was read", entry.path);
            return Err(Failure::new(Status::Changed, message));
        }
        tries += 1;
    }
}

/// The proof over all that is said of a small file: block digests prove content, and nothing else.
pub(super) fn proof_of(algorithm: Algorithm, file: &SmallFile, name: &[u8], head: &[u8]) -> String {
    let mut hasher = Hasher::new(algorithm);
    hasher.update(&file.n.to_le_bytes());
    hasher.update(&file.length.to_le_bytes());
    hasher.update(&file.mode.unwrap_or(u32::MAX).to_le_bytes());
    if let Some(modified) = file.modified {
        hasher.update(&modified.seconds().to_le_bytes());
        hasher.update(&modified.nanoseconds().to_le_bytes());
    }
    hasher.update(name);
    hasher.update(&[0]);
    hasher.update(head);
    hasher.finalize().to_string()
}

/// What a reader of small files is asked for.
pub(super) type Wanted = Vec<(u64, Known)>;
