//! The few functions of Python that the originals are made of.

use std::io::{self, Read as _};
use std::net::{SocketAddr, TcpStream, UdpSocket};

use proto::{Algorithm, Hasher};

/// What every `recv(1024)` asks for.
pub(super) const RECV: usize = 1024;

/// More than this is asked for only by mistake, and one read never gives it.
const MOST: usize = 1024 * 1024;

/// `socket.recv(most)`: what one read gives, and nothing at the end.
pub(super) fn recv(mut socket: &TcpStream, most: usize) -> io::Result<Vec<u8>> {
    let mut data = vec![0; most.min(MOST)];
    let len = socket.read(&mut data)?;
    data.truncate(len);
    Ok(data)
}

/// `socket.recvfrom(most)`: a datagram, of which no more than `most` bytes are kept.
pub(super) fn recvfrom(socket: &UdpSocket, most: usize) -> io::Result<(Vec<u8>, SocketAddr)> {
    let mut data = vec![0; most.min(MOST)];
    let (len, peer) = socket.recv_from(&mut data)?;
    data.truncate(len);
    Ok((data, peer))
}

/// `struct.unpack('i', socket.recv(4))[0]`; `None` at the end.
///
/// # Errors
///
/// What `struct.error` is there: anything but four bytes.
pub(super) fn recv_int(socket: &TcpStream) -> io::Result<Option<i32>> {
    let data = recv(socket, 4)?;
    if data.is_empty() {
        return Ok(None);
    }
    match <[u8; 4]>::try_from(&data[..]) {
        Ok(data) => Ok(Some(i32::from_le_bytes(data))),
        Err(_) => Err(io::Error::other("unpack requires a buffer of 4 bytes")),
    }
}

/// `hashlib.md5(data).hexdigest()`.
pub(super) fn md5(data: &[u8]) -> String {
    let mut hasher = Hasher::new(Algorithm::Md5);
    hasher.update(data);
    hasher.finalize().to_string()
}

/// `json.dumps(text)`: everything that is not ASCII is escaped.
pub(super) fn json_string(text: &str) -> String {
    let mut json = String::from("\"");
    for unit in text.encode_utf16() {
        match u8::try_from(unit) {
            Ok(byte @ (b'"' | b'\\')) => json.extend(['\\', char::from(byte)]),
            Ok(b'\n') => json.push_str("\\n"),
            Ok(byte @ b' '..=b'~') => json.push(char::from(byte)),
            _ => json.push_str(&format!("\\u{unit:04x}")),
        }
    }
    json.push('"');
    json
}

/// The lines of a file as `for line in file` gives them, each with its end.
pub(super) fn lines(content: &[u8]) -> impl Iterator<Item = &[u8]> {
    content.split_inclusive(|&byte| byte == b'\n')
}
