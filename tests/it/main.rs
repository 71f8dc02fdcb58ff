//! The one test binary: the scenarios, and what the real programs have to stand.

mod classic;
mod killed;
mod large;
mod lines;
mod refused;
mod scenarios;
mod sources;
mod time;
