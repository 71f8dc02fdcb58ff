//! The delivery machine: a stream of frames each way between two peers, over datagrams that are
//! lost, doubled, delayed and reordered. Pure: datagrams' contents and the time go in, what to
//! send and the next deadline come out.

mod incoming;
mod link;
mod outgoing;
mod rtt;

pub(crate) use link::{Link, LinkError};
