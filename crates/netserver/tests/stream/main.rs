//! Stream servers from outside: over TCP, Unix sockets and memory, with the clock paused wherever
//! time matters.

mod accepting;
mod admission;
mod deadlines;
mod echo;
mod failures;
mod shutdown;
mod support;
