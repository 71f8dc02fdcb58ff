//! Client and server joined by a clock of our own and a network that is as bad as it is told to be.

mod disk;
pub(crate) mod key;
mod network;
mod world;

mod delivery;
mod hostile;
mod people;
mod restarts;
