//! `chat-cli`: lets people talk.

fn main() -> std::process::ExitCode {
    ftp_cli::chat_cli()
}
