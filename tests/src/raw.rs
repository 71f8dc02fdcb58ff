//! A peer that says whatever it wants.

use std::net::SocketAddr;

use proto::{Header, Hello, HelloAnswer, Limits, stream::Connection};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::{Error, within};

/// What a server of files is called in the hello.
const SERVICE: &str = "ftp";

/// A header of the server's, as it stands on the wire.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
struct Heard(Value);

impl Header for Heard {
    fn body_len(&self) -> u64 {
        ["head", "length", "body"].iter().filter_map(|part| self.0[part].as_u64()).sum()
    }
}

/// A connection to a server, without anyone who minds what is sent over it.
#[derive(Debug)]
pub struct RawPeer {
    conn: Connection<TcpStream>,
}

impl RawPeer {
    /// What [`hear_the_end`](Self::hear_the_end) tells of a server that closed without a word.
    pub const CLOSED: &str = "the connection is closed";

    /// Connects, and says nothing yet.
    ///
    /// # Errors
    ///
    /// If the server is not there.
    pub async fn connect(server: SocketAddr) -> Result<Self, Error> {
        let stream = TcpStream::connect(server).await?;
        stream.set_nodelay(true)?;
        Ok(Self { conn: Connection::new(stream, Limits::default()) })
    }

    /// Connects, and is welcome.
    ///
    /// # Errors
    ///
    /// If it is not.
    pub async fn welcome(server: SocketAddr) -> Result<Self, Error> {
        let mut peer = Self::connect(server).await?;
        peer.send(&Hello::new(SERVICE).encode(&Limits::default())?).await?;
        let answer = within("a welcome", peer.conn.next::<HelloAnswer>()).await?;
        match answer {
            Some(HelloAnswer::Welcome { .. }) => Ok(peer),
            other => Err(format!("{other:?} instead of a welcome").into()),
        }
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    ///
    /// If the connection is gone.
    pub async fn send(&mut self, bytes: &[u8]) -> Result<(), Error> {
        Ok(self.conn.get_mut().write_all(bytes).await?)
    }

    /// Sends JSON as a header, whatever it says.
    ///
    /// # Errors
    ///
    /// If the connection is gone.
    pub async fn send_json(&mut self, json: &str) -> Result<(), Error> {
        let len = i32::try_from(json.len())?.to_le_bytes();
        self.send(&[&len[..], json.as_bytes()].concat()).await
    }

    /// Has nothing more to say.
    ///
    /// # Errors
    ///
    /// If the connection is gone.
    pub async fn finish(&mut self) -> Result<(), Error> {
        Ok(self.conn.get_mut().shutdown().await?)
    }

    /// The server's next header; `None` when it closed.
    ///
    /// # Errors
    ///
    /// If what comes is no frame.
    pub async fn hear(&mut self) -> Result<Option<Value>, Error> {
        within("a frame", async {
            self.conn.skip_body().await?;
            self.conn.next::<Heard>().await
        })
        .await
        .map(|heard| heard.map(|heard| heard.0))
    }

    /// How the server ends the request at hand, in a word or a sentence: by its end frame, or by
    /// closing the connection.
    ///
    /// # Errors
    ///
    /// If it does neither in time.
    pub async fn hear_the_end(&mut self) -> Result<String, Error> {
        while let Ok(Some(heard)) = self.hear().await {
            if heard["type"] == "end" {
                return Ok(heard["message"].as_str().unwrap_or("ok").to_owned());
            }
        }
        Ok(Self::CLOSED.into())
    }

    /// All that the server still says until it closes, orderly or not.
    ///
    /// # Errors
    ///
    /// If it does not close in time.
    pub async fn hear_out(self) -> Result<Vec<u8>, Error> {
        let (mut stream, heard) = self.conn.into_parts();
        let mut heard = heard.to_vec();
        let closed = async {
            // A reset closes as well as an end does.
            let _ = stream.read_to_end(&mut heard).await;
            Ok::<_, Error>(())
        };
        within("the server's close", closed).await?;
        Ok(heard)
    }
}
