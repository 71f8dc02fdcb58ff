//! What client and server say to each other once the hellos are exchanged.
//!
//! ```text
//! client                                     server
//!   hello ───────────────────────────────────▶
//!   run{id} ─────────────────────────────────▶          the first request does not wait
//!   stdin{id}… ──────────────────────────────▶          as far as the window reaches
//!   ◀─────────────────────────────────── welcome
//!   ◀────────────────────────────── started{id}
//!   ◀───────────── stdout{id} · stderr{id} · room{id}   as they come; each stream in its order
//!   signal{id} · resize{id} · stdin_end{id} ─▶          at any time
//!   ◀────────────────────────────────── end{id}         exit, and proof of all that was sent
//! ```
//!
//! Requests may be sent ahead and are answered in their order. Input for a request that waits
//! behind another may be sent only once it has started. What still comes for a request that is
//! over is passed over.
//!
//! The window: a client may have sent [`STDIN_WINDOW`] bytes more of a command's input than the
//! server's `room` frames have told of. So a command that does not read its input takes no memory
//! and holds nothing else up.
//!
//! A conversation that cannot go on, after a frame that is none for example, is ended by an `end`
//! of request 0, which no client makes: it says why, and a close follows.

mod end;
mod frame;
mod signal;
mod status;
mod text;

pub use end::{EndedBy, Exit, Proof, StreamSum};
pub use frame::What;
pub use frame::{End, Frame, Of, Output, Ping, Pty, Resize, Room, Run, Signalled, Started, Stdin};
pub use signal::{Signal, UnknownSignal};
pub use status::{Failure, Status};
pub use text::Text;

/// The name of this service in the hello.
pub const SERVICE: &str = "exec";

/// How many requests a client may have unanswered at a time.
pub const MAX_IN_FLIGHT: usize = 16;

/// How many bytes of a command's input may be under way: 1 MiB.
pub const STDIN_WINDOW: u64 = 1024 * 1024;

/// The most output that one frame carries, in bytes: 1 MiB.
pub const MAX_CHUNK_LEN: usize = 1024 * 1024;
