//! What a peer may do, as this service understands it.

/// What a peer may do. Whoever embeds the service turns keys and tickets into this.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Access {
    /// List, stat and get. Default: yes.
    pub read: bool,
    /// Put, make directories, remove and rename. Default: no.
    pub write: bool,
    /// Whose interrupted uploads are this peer's to go on with. Default: `anonymous`, who is
    /// everyone that nobody told apart.
    pub owner: String,
}

impl Default for Access {
    fn default() -> Self {
        Self { read: true, write: false, owner: "anonymous".into() }
    }
}

impl Access {
    /// Sets whether the peer may read.
    #[must_use]
    pub fn read(mut self, read: bool) -> Self {
        self.read = read;
        self
    }

    /// Sets whether the peer may change things.
    #[must_use]
    pub fn write(mut self, write: bool) -> Self {
        self.write = write;
        self
    }

    /// Sets whose uploads the peer may go on with.
    #[must_use]
    pub fn owner(mut self, owner: impl Into<String>) -> Self {
        self.owner = owner.into();
        self
    }
}
