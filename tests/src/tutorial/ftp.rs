//! The tutorial's file transfer: `get NAME`, `put NAME`, and files in chunks of a line each.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::Value;

use super::PATIENCE;
use super::python::{RECV, json_string, lines, md5, recv, recv_int};

/// The `time.sleep(0.01)` behind every chunk.
const SLEEP: Duration = Duration::from_millis(10);

/// What the server says when a file has been stored.
const STORED: &str = "上传成功";

/// The original client.
#[derive(Debug)]
pub struct OriginalClient {
    socket: TcpStream,
}

/// What the original client made of the answer to a `get`.
#[derive(Debug, PartialEq, Eq)]
pub enum Got {
    /// A file.
    File(Vec<u8>),
    /// The server closed the connection without a byte.
    Closed,
    /// A chunk is not what its MD5 says: it was damaged, or too much was read.
    Wrong,
}

impl OriginalClient {
    /// Connects.
    ///
    /// # Errors
    ///
    /// As [`TcpStream::connect`].
    pub fn connect(server: SocketAddr) -> io::Result<Self> {
        let socket = TcpStream::connect(server)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { socket })
    }

    /// Gets a file.
    ///
    /// # Errors
    ///
    /// Where the original would raise an exception.
    pub fn get(&mut self, name: &str) -> io::Result<Got> {
        self.command("get", name)?;
        let Some(total) = recv_int(&self.socket)? else {
            return Ok(Got::Closed);
        };
        Ok(receive(&self.socket, total)?.map_or(Got::Wrong, Got::File))
    }

    /// Puts a file: command, size and chunks in sends of their own, without waiting for anything
    /// in between or at the end.
    ///
    /// # Errors
    ///
    /// Where the original would raise an exception.
    pub fn put(&mut self, name: &str, content: &[u8]) -> io::Result<()> {
        self.command("put", name)?;
        send(&self.socket, name, content)
    }

    /// Puts a file as [`put`](Self::put) does, but command and size arrive as one, as they often
    /// do.
    ///
    /// # Errors
    ///
    /// Where the original would raise an exception.
    pub fn put_merged(&mut self, name: &str, content: &[u8]) -> io::Result<()> {
        let size = i32::try_from(content.len()).map_err(io::Error::other)?;
        let start = [b"put ", name.as_bytes(), &size.to_le_bytes()].concat();
        self.socket.write_all(&start)?;
        send_chunks(&self.socket, name, content)
    }

    /// Puts a file that is missing here, which is found out only when the command is sent.
    ///
    /// # Errors
    ///
    /// Where the original would raise an exception.
    pub fn put_missing(&mut self, name: &str) -> io::Result<()> {
        self.command("put", name)
    }

    /// Sends any command.
    ///
    /// # Errors
    ///
    /// Where the original would raise an exception.
    pub fn command(&mut self, verb: &str, name: &str) -> io::Result<()> {
        self.socket.write_all(format!("{verb} {name}").as_bytes())
    }

    /// Reads what the server said, which the original never does.
    ///
    /// # Errors
    ///
    /// When nothing comes.
    pub fn hear(&mut self) -> io::Result<String> {
        Ok(String::from_utf8_lossy(&recv(&self.socket, RECV)?).into_owned())
    }
}

/// The original server, on a free port of this machine until it is dropped.
///
/// It opens whatever path it is given, and appends to files that exist.
#[derive(Debug)]
pub struct OriginalServer {
    addr: SocketAddr,
    stopping: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

impl OriginalServer {
    /// Serves the files in a directory.
    ///
    /// # Errors
    ///
    /// As [`TcpListener::bind`].
    pub fn start(directory: &Path) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let (addr, directory) = (listener.local_addr()?, directory.to_owned());
        let stopping = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&stopping);
        let accepting = thread::spawn(move || {
            for socket in listener.incoming() {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let directory = directory.clone();
                // An exception ends a connection and nothing else.
                thread::spawn(move || socket.and_then(|socket| handle(&socket, &directory)));
            }
        });
        Ok(Self { addr, stopping, accepting: Some(accepting) })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for OriginalServer {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Relaxed);
        // A last connection ends the waiting for one.
        if TcpStream::connect(self.addr).is_ok()
            && let Some(accepting) = self.accepting.take()
        {
            let _ = accepting.join();
        }
    }
}

/// `handle` of the server: commands until the client is gone.
fn handle(mut socket: &TcpStream, directory: &Path) -> io::Result<()> {
    socket.set_read_timeout(Some(PATIENCE))?;
    loop {
        let command = recv(socket, RECV)?;
        if command.is_empty() {
            return Ok(());
        }
        let command = String::from_utf8(command).map_err(io::Error::other)?;
        let Some((verb, name)) = command.split_once(' ') else {
            continue;
        };
        let path: PathBuf = directory.join(name);
        match verb {
            "get" => send(socket, name, &fs::read(path)?)?,
            "put" => {
                let total = recv_int(socket)?.ok_or(io::ErrorKind::UnexpectedEof)?;
                let Some(content) = receive(socket, total)? else {
                    continue;
                };
                OpenOptions::new().append(true).create(true).open(path)?.write_all(&content)?;
                socket.write_all(format!("{name} {STORED}").as_bytes())?;
            }
            _ => {}
        }
    }
}

/// Sends a file: its size, then every line as a chunk, with a sleep behind each.
fn send(mut socket: &TcpStream, name: &str, content: &[u8]) -> io::Result<()> {
    let size = i32::try_from(content.len()).map_err(io::Error::other)?;
    socket.write_all(&size.to_le_bytes())?;
    send_chunks(socket, name, content)
}

fn send_chunks(mut socket: &TcpStream, name: &str, content: &[u8]) -> io::Result<()> {
    for line in lines(content) {
        let name = json_string(name);
        let (size, md5) = (line.len(), md5(line));
        let header = format!(r#"{{"file_name": {name}, "file_size": {size}, "md5": "{md5}"}}"#);
        let len = i32::try_from(header.len()).map_err(io::Error::other)?;
        socket.write_all(&len.to_le_bytes())?;
        socket.write_all(header.as_bytes())?;
        socket.write_all(line)?;
        thread::sleep(SLEEP);
    }
    Ok(())
}

/// Receives a file of `total` bytes; `None` when a chunk is wrong.
///
/// The mistake of the originals is here: the last `recv(1024)` of a chunk takes of the next one
/// what is there of it already.
fn receive(socket: &TcpStream, total: i32) -> io::Result<Option<Vec<u8>>> {
    let total = usize::try_from(total).map_err(io::Error::other)?;
    let mut content = Vec::new();
    while content.len() < total {
        let header_len = recv_int(socket)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let header = recv(socket, usize::try_from(header_len).map_err(io::Error::other)?)?;
        let header: Value = serde_json::from_slice(&header)?;
        let size = header["file_size"].as_u64().ok_or(io::ErrorKind::InvalidData)?;
        let mut chunk = Vec::new();
        while (chunk.len() as u64) < size {
            let data = recv(socket, RECV)?;
            if data.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            chunk.extend(data);
        }
        if header["md5"] != md5(&chunk) {
            return Ok(None);
        }
        content.extend(chunk);
    }
    Ok(Some(content))
}
