//! `exec-cli`: runs commands elsewhere.

fn main() -> std::process::ExitCode {
    ftp_cli::exec_cli()
}
