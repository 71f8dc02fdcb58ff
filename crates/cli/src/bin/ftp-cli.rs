//! `ftp-cli`: moves files.

fn main() -> std::process::ExitCode {
    ftp_cli::ftp_cli()
}
