//! The answers on sockets.

mod datagrams;
mod streams;

pub use datagrams::{DaytimeDatagrams, SecondsDatagrams, SntpDatagrams, TimeDatagrams};
pub use streams::{DaytimeStream, SecondsStream};
