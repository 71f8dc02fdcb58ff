//! The tutorial's original programs, played byte for byte.
//!
//! They are blocking and simple, as the Python programs are, and repeat their mistakes: above all
//! that each reads with `recv(1024)`, without regard to where one message ends and the next begins.

pub mod ftp;
mod python;
