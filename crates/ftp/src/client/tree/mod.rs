//! Whole trees.

mod account;
mod extras;
mod get;
mod list;
mod put;
mod remove;
