use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard};

use redb::StorageBackend;

/// A disk in memory that outlives the processes which use it, and shows what they leave behind.
#[derive(Clone, Debug, Default)]
pub(super) struct TestDisk(Arc<Mutex<Images>>);

/// How a process ends.
#[derive(Clone, Copy, Debug)]
pub(super) enum Crash {
    /// What it has written is there.
    Kill,
    /// What was synced is there.
    PowerCut,
}

#[derive(Debug, Default)]
struct Images {
    written: Vec<u8>,
    synced: Vec<u8>,
    /// What has been written since.
    unsynced: Vec<Range<usize>>,
    /// The crash that is to come, after so many writes.
    armed: Option<(usize, Crash)>,
    /// What was there when it came.
    left: Option<Vec<u8>>,
}

impl TestDisk {
    fn holding(image: Vec<u8>) -> Self {
        let images = Images { synced: image.clone(), written: image, ..Images::default() };
        Self(Arc::new(Mutex::new(images)))
    }

    /// What is there when its process ends at this moment.
    pub(super) fn after(&self, crash: Crash) -> Self {
        Self::holding(self.images().after(crash))
    }

    /// Has its process end so in the middle of what it writes, after so many writes.
    pub(super) fn crash_after(&self, writes: usize, crash: Crash) {
        self.images().armed = Some((writes, crash));
    }

    /// What is there, if that has happened.
    pub(super) fn crashed(&self) -> Option<Self> {
        self.images().left.take().map(Self::holding)
    }

    fn images(&self) -> MutexGuard<'_, Images> {
        self.0.lock().unwrap()
    }
}

impl Images {
    fn after(&self, crash: Crash) -> Vec<u8> {
        match crash {
            Crash::Kill => self.written.clone(),
            Crash::PowerCut => self.synced.clone(),
        }
    }

    fn is_about_to_write(&mut self) {
        match &mut self.armed {
            Some((0, crash)) => {
                let crash = *crash;
                self.left = Some(self.after(crash));
                self.armed = None;
            }
            Some((writes, _)) => *writes -= 1,
            None => {}
        }
    }
}

impl StorageBackend for TestDisk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.images().written.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let offset = usize::try_from(offset).unwrap();
        let images = self.images();
        let bytes = images.written.get(offset..offset + out.len());
        out.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut images = self.images();
        images.is_about_to_write();
        let len = usize::try_from(len).unwrap();
        images.written.resize(len, 0);
        images.synced.resize(len, 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let Images { written, synced, unsynced, .. } = &mut *self.images();
        for range in unsynced.drain(..) {
            let range = range.start.min(written.len())..range.end.min(written.len());
            synced[range.clone()].copy_from_slice(&written[range]);
        }
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut images = self.images();
        images.is_about_to_write();
        let offset = usize::try_from(offset).unwrap();
        let range = offset..offset + data.len();
        images.written[range.clone()].copy_from_slice(data);
        images.unsynced.push(range);
        Ok(())
    }
}
