//! Runs a shell line on a server, as `exec-cli run` does: streams apart, its exit code at the end.
//!
//! ```text
//! cargo run -p cmdexec --example run_command -- 127.0.0.1:8080 'ls; exit 3'
//! ```

use cmdexec::{Client, Command, Options, TcpConnector};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(server), Some(line)) = (args.next(), args.next()) else {
        return Err("usage: run HOST:PORT LINE".into());
    };
    let mut client = Client::new(TcpConnector::new(server), Options::default());
    let command = Command::shell(line).stdin(true);
    let mut running = client.start(&command, tokio::io::stdin()).await?;
    let (mut stdout, mut stderr) = (tokio::io::stdout(), tokio::io::stderr());
    let outcome = running.copy(&mut stdout, &mut stderr).await?;
    if !outcome.complete {
        eprintln!("the output is not complete: {outcome:?}");
    }
    // At once, without waiting for the thread that reads the input.
    std::process::exit(outcome.exit.shell_code());
}
