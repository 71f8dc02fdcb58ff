//! Whole trees, both ways.

mod conflicts;
mod failing;
mod liars;
mod shapes;
mod spellings;
mod support;
