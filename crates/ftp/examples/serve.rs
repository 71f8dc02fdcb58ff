//! Serves a directory from a program of your own: `cargo run --example serve -- DIR [ADDR]`.

use std::error::Error;
use std::sync::Arc;

use ftp::{Access, FileService, LocalStore};
use netserver::{StreamServer, bind_tcp};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let root = args.next().unwrap_or_else(|| ".".into());
    let addr = args.next().unwrap_or_else(|| "127.0.0.1:8484".into());
    let store = Arc::new(LocalStore::open(&root, true)?);
    let service = FileService::new(store).access(Access::default().write(true));
    let running = StreamServer::new(bind_tcp(addr.parse()?)?, service).start();
    println!("serving {root} at {}", running.local_addr());
    running.wait().await?;
    Ok(())
}
