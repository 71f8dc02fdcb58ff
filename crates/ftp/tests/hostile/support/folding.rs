//! A store that takes two spellings of a name for one, as the file systems of macOS and Windows do.

use std::ops::ControlFlow;

use ftp::{
    Attributes, Entry, Folder, LinkTarget, LocalFolder, LocalSource, LocalStore, LocalUpload,
    Names, NewUpload, Publish, Published, RemotePath, Store, StoreError, Timestamp,
};

pub(crate) struct Folding(pub(crate) LocalStore);

pub(crate) struct FoldingFolder(LocalFolder);

impl FoldingFolder {
    /// The spelling under which something is there, or else the one that is asked for.
    fn spelt(&self, name: &[u8]) -> Vec<u8> {
        let names = self.0.names(None, usize::MAX / 4).unwrap();
        let mut names = (0..names.len()).filter_map(|index| names.get(index));
        names.find(|there| there.eq_ignore_ascii_case(name)).unwrap_or(name).to_vec()
    }
}

impl Store for Folding {
    type Source = LocalSource;
    type Upload = LocalUpload;
    type Folder = FoldingFolder;

    fn beneath(&self, path: &RemotePath) -> Result<Self, StoreError> {
        self.0.beneath(path).map(Self)
    }

    fn stat(&self, path: &RemotePath) -> Result<Entry, StoreError> {
        self.0.stat(path)
    }

    fn list(
        &self,
        path: &RemotePath,
        each: &mut dyn FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.0.list(path, each)
    }

    fn open(&self, path: &RemotePath) -> Result<LocalSource, StoreError> {
        self.0.open(path)
    }

    fn begin(&self, path: &RemotePath, upload: &NewUpload<'_>) -> Result<LocalUpload, StoreError> {
        self.0.begin(path, upload)
    }

    fn folder(&self, path: &RemotePath, to_write: bool) -> Result<FoldingFolder, StoreError> {
        self.0.folder(path, to_write).map(FoldingFolder)
    }

    fn make_directory(&self, path: &RemotePath, parents: bool) -> Result<(), StoreError> {
        self.0.make_directory(path, parents)
    }

    fn remove(&self, path: &RemotePath) -> Result<(), StoreError> {
        self.0.remove(path)
    }

    fn rename(
        &self,
        from: &RemotePath,
        to: &RemotePath,
        publish: &Publish,
    ) -> Result<Published, StoreError> {
        self.0.rename(from, to, publish)
    }
}

impl Folder for FoldingFolder {
    type Source = LocalSource;
    type Upload = LocalUpload;

    fn path(&self) -> &RemotePath {
        self.0.path()
    }

    fn names(&self, after: Option<&[u8]>, room: usize) -> Result<Names, StoreError> {
        self.0.names(after, room)
    }

    fn entry(&self, name: &[u8]) -> Result<Entry, StoreError> {
        self.0.entry(&self.spelt(name))
    }

    fn open(&self, name: &[u8]) -> Result<LocalSource, StoreError> {
        self.0.open(&self.spelt(name))
    }

    fn folder(&self, name: &[u8]) -> Result<Self, StoreError> {
        self.0.folder(&self.spelt(name)).map(Self)
    }

    fn begin(&self, name: &[u8], upload: &NewUpload<'_>) -> Result<LocalUpload, StoreError> {
        self.0.begin(&self.spelt(name), upload)
    }

    fn store(
        &self,
        name: &[u8],
        content: &[u8],
        attributes: &Attributes,
        publish: &Publish,
        durable: bool,
    ) -> Result<RemotePath, StoreError> {
        self.0.store(&self.spelt(name), content, attributes, publish, durable)
    }

    fn make_folder(&self, name: &[u8], private: bool) -> Result<Self, StoreError> {
        self.0.make_folder(&self.spelt(name), private).map(Self)
    }

    fn make_link(
        &self,
        name: &[u8],
        target: &LinkTarget,
        modified: Option<Timestamp>,
        publish: &Publish,
    ) -> Result<RemotePath, StoreError> {
        self.0.make_link(&self.spelt(name), target, modified, publish)
    }

    fn set_mode(&self, name: &[u8], mode: u32) -> Result<(), StoreError> {
        self.0.set_mode(&self.spelt(name), mode)
    }

    fn set_attributes(
        &self,
        mode: Option<u32>,
        modified: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        self.0.set_attributes(mode, modified)
    }

    fn remove(&self, name: &[u8]) -> Result<(), StoreError> {
        self.0.remove(&self.spelt(name))
    }
}
