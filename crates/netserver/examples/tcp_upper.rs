//! Sends back what comes with its ASCII letters in upper case, to many connections at once, as
//! Python's `ThreadingTCPServer` with a handler of one loop would. Try it: `nc 127.0.0.1 8282`

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;

use netserver::{Conn, Guarded, StreamServer, bind_tcp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const USAGE: &str = "usage: tcp_upper [--bind ADDR]    (default 127.0.0.1:8282)";

async fn upper(mut stream: Guarded<TcpStream>, conn: Conn) -> io::Result<()> {
    let mut bytes = [0; 4096];
    loop {
        let count = tokio::select! {
            count = stream.read(&mut bytes) => count?,
            () = conn.stop().stopped() => 0,
        };
        if count == 0 {
            return Ok(());
        }
        bytes[..count].make_ascii_uppercase();
        stream.write_all(&bytes[..count]).await?;
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tcp_upper: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let addr = match &*args {
        [] => SocketAddr::from(([127, 0, 0, 1], 8282)),
        [flag, addr] if flag == "--bind" => addr.parse().map_err(|_| USAGE)?,
        _ => return Err(USAGE.into()),
    };
    let running = StreamServer::new(bind_tcp(addr)?, upper).admit_at_once().start();
    println!("listening on {}", running.local_addr());
    let handle = running.handle();
    tokio::spawn(async move { tokio::signal::ctrl_c().await.map(|()| handle.shutdown()) });
    println!("{}", running.wait().await?);
    Ok(())
}
