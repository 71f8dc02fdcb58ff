//! `ci` and `slow`: other programs, one after the other.

use std::process::Command;

use it::Error;

/// The steps of `.ci/run`; warnings are errors.
pub(crate) fn ci() -> Result<(), Error> {
    cargo("fmt --all --check", &[])?;
    cargo("clippy --workspace --all-targets --locked -- -D warnings", &[])?;
    cargo("doc --workspace --no-deps --locked", &[("RUSTDOCFLAGS", "-D warnings")])?;
    cargo("clippy -p proto --no-default-features --all-targets --locked -- -D warnings", &[])?;
    cargo("test --workspace --locked", &[])?;
    cargo("xtask demo", &[])
}

/// What is too slow for every day: optimised, as it moves 10 GiB, and forges a million sources.
pub(crate) fn slow() -> Result<(), Error> {
    let slow = &[("SEAM_SLOW", "1")];
    cargo("test --release --package it --test it -- large:: scenarios::flood --nocapture", slow)
}

fn cargo(args: &str, variables: &[(&str, &str)]) -> Result<(), Error> {
    eprintln!("cargo {args}");
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.args(args.split(' ')).envs(variables.iter().copied());
    if command.status()?.success() {
        return Ok(());
    }
    Err(format!("`cargo {args}` failed").into())
}
