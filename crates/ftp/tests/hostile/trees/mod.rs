//! Whole trees, both ways.

mod shapes;
mod support;
