//! What a peer may do, as this service understands it.

/// What a peer may do. Whoever embeds the service turns keys and tickets into this.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Access {
    /// Run commands. Default: no.
    pub exec: bool,
    /// Who the peer is: named in the audit log, and counted for the
    /// [limit](crate::Policy#structfield.max_concurrent_per_owner) of commands at once. Default:
    /// `anonymous`, who is everyone that nobody told apart.
    pub owner: String,
}

impl Default for Access {
    fn default() -> Self {
        Self { exec: false, owner: "anonymous".into() }
    }
}

impl Access {
    /// Sets whether the peer may run commands.
    #[must_use]
    pub fn exec(mut self, exec: bool) -> Self {
        self.exec = exec;
        self
    }

    /// Sets who the peer is.
    #[must_use]
    pub fn owner(mut self, owner: impl Into<String>) -> Self {
        self.owner = owner.into();
        self
    }
}
