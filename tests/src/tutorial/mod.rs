//! The tutorial's original programs, played byte for byte.
//!
//! They are blocking and simple, as the Python programs are, and repeat their mistakes: above all
//! that each reads with `recv(1024)`, without regard to where one message ends and the next begins.

pub mod chat;
pub mod echo;
pub mod ftp;
pub mod originals;
mod python;
mod service;
pub mod time;

use std::time::Duration;

pub use service::Service;

/// How long the players wait for what does not come. The originals wait for ever.
const PATIENCE: Duration = Duration::from_secs(20);
