//! The limit: what a loop of read, send, receive and write can do, without a check or a name.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use clap::Subcommand;
use it::Error;

use super::meter::Server;

/// Buffers that are tried, to take the one that is the fastest here, in KiB.
pub(super) const BUFFERS_KIB: [usize; 5] = [64, 128, 256, 512, 1024];

/// The two processes of the loop.
#[derive(Debug, Subcommand)]
pub(super) enum Role {
    /// Sends a file to whoever connects
    Serve {
        /// The file
        file: PathBuf,
    },
    /// Receives it into another file
    Fetch {
        /// Where the server is
        server: String,
        /// How much is read and written at a time, in KiB, on both sides
        buffer_kib: usize,
        /// The file
        file: PathBuf,
    },
}

/// Is one of the two processes.
pub(super) fn play(role: &Role) -> Result<(), Error> {
    match role {
        Role::Serve { file } => {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
            println!("{}", listener.local_addr()?);
            for stream in listener.incoming() {
                let mut stream = stream?;
                let mut buffer_len = [0; 8];
                stream.read_exact(&mut buffer_len)?;
                let buffer_len = usize::try_from(u64::from_le_bytes(buffer_len))?;
                copy(File::open(file)?, &mut stream, buffer_len)?;
            }
            Ok(())
        }
        Role::Fetch { server, buffer_kib, file } => {
            let buffer_len = buffer_kib * 1024;
            let mut stream = TcpStream::connect(server)?;
            stream.write_all(&(buffer_len as u64).to_le_bytes())?;
            Ok(copy(stream, &mut File::create(file)?, buffer_len)?)
        }
    }
}

/// Not [`io::copy`], which asks the kernel to do without the loop where it can.
fn copy(mut from: impl Read, to: &mut impl Write, buffer_len: usize) -> io::Result<()> {
    let mut buffer = vec![0; buffer_len];
    loop {
        match from.read(&mut buffer)? {
            0 => return Ok(()),
            read => to.write_all(&buffer[..read])?,
        }
    }
}

/// Starts the server; what it prints first is where it is.
pub(super) fn serve(file: &std::path::Path) -> Result<(Server, String), Error> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["bench", "limit", "serve"]).arg(file).stdout(Stdio::piped());
    Server::start(&mut command, |line| Some(line.to_owned()))
}

/// The client, to be run.
pub(super) fn fetch(
    server: &str,
    buffer_kib: usize,
    file: &std::path::Path,
) -> Result<Command, Error> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["bench", "limit", "fetch", server, &buffer_kib.to_string()]).arg(file);
    Ok(command)
}
