//! What there is to grant at a command server.

use identity::{Rights, Share};

use super::args::SERVICE;
use crate::problem::Problem;

/// What is to be done with a ticket.
pub(super) const THEN: &str = "exec-cli -s TICKET run COMMAND";

/// What rights are about here: a command may go anywhere that the account may.
pub(super) fn share() -> Result<Share, Problem> {
    Ok(Share::new(SERVICE, "/")?)
}

/// All that there is to grant.
pub(super) fn rights() -> Rights {
    Rights::none().exec(true)
}
