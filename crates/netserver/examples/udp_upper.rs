//! Answers every datagram with its ASCII letters in upper case, as Python's `ThreadingUDPServer`
//! with a handler of one line would. Try it: `nc -u 127.0.0.1 8181`

use std::net::SocketAddr;
use std::process::ExitCode;

use netserver::{Datagram, DatagramServer, Responder, SendError, bind_udp};

const USAGE: &str = "usage: udp_upper [--bind ADDR]    (default 127.0.0.1:8181)";

fn upper(datagram: Datagram<'_>, responder: Responder<'_>) -> Result<(), SendError> {
    responder.send(&datagram.payload().to_ascii_uppercase())
}

#[tokio::main]
async fn main() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("udp_upper: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let addr = match &*args {
        [] => SocketAddr::from(([127, 0, 0, 1], 8181)),
        [flag, addr] if flag == "--bind" => addr.parse().map_err(|_| USAGE)?,
        _ => return Err(USAGE.into()),
    };
    let running = DatagramServer::new(bind_udp(addr)?, upper).start();
    println!("listening on {}", running.local_addr());
    let handle = running.handle();
    tokio::spawn(async move { tokio::signal::ctrl_c().await.map(|()| handle.shutdown()) });
    println!("{}", running.wait().await?);
    Ok(())
}
