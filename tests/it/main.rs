//! The one test binary.

mod classic;
