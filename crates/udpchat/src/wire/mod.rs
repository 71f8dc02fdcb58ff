//! What is said: sealed datagrams, what each kind of them holds, and the frames that travel in
//! pieces inside.

mod body;
mod datagram;
mod frame;

pub(crate) use body::{
    Ack, COOKIE_BYTES, Cookie, Hello, MAX_TOKEN_BYTES, Refused, Welcome, knock_body,
};
pub(crate) use datagram::{
    Envelope, Kind, MAX_BODY_BYTES, MAX_DATAGRAM_BYTES, OVERHEAD_BYTES, Opened, Side, WireError,
    is_native, peek, seal,
};
pub(crate) use frame::{MAX_LISTED, Reply, Request, frame_limits};
