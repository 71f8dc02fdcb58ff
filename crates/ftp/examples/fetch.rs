//! Fetches a file from a program of your own: `cargo run --example fetch -- ADDR NAME [DIR]`.

use std::error::Error;
use std::sync::Arc;

use ftp::{Client, How, Local, LocalStore, Options, RemotePath, TcpConnector};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(addr), Some(name)) = (args.next(), args.next()) else {
        return Err("usage: fetch ADDR NAME [DIR]".into());
    };
    let dir = args.next().unwrap_or_else(|| ".".into());
    let store = Arc::new(LocalStore::open(&dir, true)?);
    let path = RemotePath::parse(&name)?;
    let mut client = Client::new(TcpConnector::new(addr), Options::default());
    let local = Local { store: &store, path: &path };
    let got = client.get(&path, local, &How::default(), &()).await?;
    println!("{}: {} bytes, {} of them moved", got.path, got.size, got.moved);
    Ok(())
}
