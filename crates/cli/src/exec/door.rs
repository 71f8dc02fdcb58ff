//! The command service behind the door: only those who may run commands come in.

use cmdexec::{Access, CommandService, Failure, ServeError, Status};
use identity::{Gate, Grant};
use netserver::{Conn, Guarded, StreamHandler};
use proto::Hello;

use crate::peer::{Caller, Guard, Revoked};

/// A command service that asks who calls.
pub(super) struct GuardedCommands {
    service: CommandService,
    /// `None` where nothing is encrypted: then everyone has the service's own access.
    gate: Option<Gate>,
}

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum CommandsError {
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[error(transparent)]
    Revoked(#[from] Revoked),
}

impl GuardedCommands {
    /// Serves only those whom the gate lets in.
    pub(super) fn behind(gate: Gate, service: CommandService) -> Self {
        Self { service, gate: Some(gate) }
    }

    /// Serves everyone who comes, as `service` is told to.
    pub(super) fn open_to_all(service: CommandService) -> Self {
        Self { service, gate: None }
    }
}

impl StreamHandler<Guarded<Caller>> for GuardedCommands {
    type Error = CommandsError;

    async fn handle(&self, stream: Guarded<Caller>, conn: Conn) -> Result<(), CommandsError> {
        let (Some(gate), Some(key)) = (&self.gate, stream.get_ref().key) else {
            return Ok(StreamHandler::handle(&self.service, stream, conn).await?);
        };
        let (guard, let_in) = Guard::new(gate, key, &conn);
        let decide = |hello: &Hello| match guard.admit(hello) {
            Ok(grant) => Ok(access(&grant)),
            Err(refusal) => Err(Failure::new(Status::Denied, refusal.message)),
        };
        // Whoever is revoked loses the command under way, too: it ends with its conversation.
        tokio::select! {
            served = self.service.serve(stream, &conn, decide) => Ok(served?),
            revoked = Guard::revoked(let_in) => {
                tracing::info!(target: "seam::audit", id = conn.id(), "ended: {revoked}");
                Err(revoked.into())
            }
        }
    }
}

/// What a grant means to the command service. Names may be given twice, keys are not.
fn access(grant: &Grant) -> Access {
    let key = grant.key.fingerprint();
    let owner = match &grant.name {
        _ if grant.owner => "owner".to_owned(),
        Some(name) => format!("{name} {key}"),
        None => key,
    };
    Access::default().exec(grant.rights.exec).owner(owner)
}
