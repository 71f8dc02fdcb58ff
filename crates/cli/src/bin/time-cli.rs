//! `time-cli`: tells and asks for the time.

fn main() -> std::process::ExitCode {
    ftp_cli::time_cli()
}
