//! The header of the third way.

use proto::Header;
use serde::{Deserialize, Serialize};

/// What stands before an output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Announcement {
    /// Of no meaning here; the original's is that of a file.
    #[serde(default)]
    pub(super) file_name: String,
    /// How many bytes of output follow.
    pub(super) total_size: u64,
    /// The original's is a dummy text, and is never checked; ours is true.
    #[serde(default)]
    pub(super) md5: String,
}

impl Header for Announcement {
    fn body_len(&self) -> u64 {
        self.total_size
    }
}
