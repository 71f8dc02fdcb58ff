//! The simple network time protocol: packets, the server's answer and the client's reckoning.
//!
//! Nothing here has a socket or a clock. A client makes a [`Query`], sends it, and has the reply
//! [judged](Query::judge); a server makes its [`answer`] of what came. Source: RFC 4330, which is
//! the part of RFC 5905 that a client and a server without peers need.
//!
//! ```text
//! client   sent ────────────────────────────────▶ arrived       offset = midpoint of
//!             \ Query                      Packet ▲                receive − sent and
//! server       ▼ receive ───────────▶ transmit   /                transmit − arrived
//! ```

mod exchange;
mod packet;
mod serve;
mod timestamp;

pub use exchange::{Query, ReplyError, Sample};
pub use packet::{Leap, Mode, PACKET_BYTES, Packet, PacketError};
pub use serve::{ClockQuality, answer};
pub use timestamp::NtpTimestamp;
