//! Runs commands for whoever connects, as this account: for trying out, on loopback only.
//!
//! ```text
//! cargo run -p cmdexec --example serve_commands -- 127.0.0.1:8080
//! ```

use cmdexec::{Access, CommandService, Policy};
use netserver::{StreamServer, bind_tcp};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let addr = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".into());
    // This program does nothing else, so that it may adopt what its commands leave behind.
    cmdexec::become_subreaper()?;
    let service = CommandService::new(Policy::default()).access(Access::default().exec(true));
    let running = StreamServer::new(bind_tcp(addr.parse()?)?, service).start();
    println!("ready at {}", running.local_addr());
    println!("{}", running.wait().await?);
    Ok(())
}
