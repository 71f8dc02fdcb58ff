//! What is answered to a datagram, and what is not: pure, for whatever reads and writes datagrams.

mod echoes;
mod legacy;
mod policy;
mod text;

pub use legacy::{LegacyAnswers, daytime, seconds_since_1900};
pub use policy::{Policy, Reach, Silence};
pub use text::{DEFAULT_FORMAT, MAX_FORMAT_BYTES, MAX_REPLY_BYTES, TimeAnswers};
