//! The one test binary: the scenarios, and what the real programs have to stand.

mod between;
mod classic;
mod crowd;
mod killed;
mod large;
mod lines;
mod reach;
mod refused;
mod scenarios;
mod sending;
mod sources;
mod strangers;
mod tickets;
mod time;
