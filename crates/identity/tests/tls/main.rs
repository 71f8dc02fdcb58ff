//! Handshakes in memory: with our own kind, with strangers, and with whoever stands between.

mod between;
mod ours;
mod strangers;
mod tap;

use identity::{
    ClientTls, Expect, Identity, NotAccepted, PublicKey, ServerTls, TlsError, TlsStream,
};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};

/// Room for a whole flight, so that neither side waits for the other to read.
const ROOM: usize = 64 * 1024;

type Accepted<T> = Result<(TlsStream<T>, PublicKey), NotAccepted<T>>;
type Connected<T> = Result<(TlsStream<T>, PublicKey), TlsError>;

/// Both sides of `ftp`, and their keys.
struct Pair {
    server: ServerTls,
    client: ClientTls,
    server_key: PublicKey,
    client_key: PublicKey,
}

impl Pair {
    fn new() -> Self {
        let (server, client) = (Identity::generate(), Identity::generate());
        Self {
            server: ServerTls::new(&server, "ftp"),
            client: ClientTls::new(&client, "ftp"),
            server_key: server.public(),
            client_key: client.public(),
        }
    }

    /// Shakes hands over these transports; the client expects the server's key.
    async fn shake<S, C>(&self, server: S, client: C) -> (Accepted<S>, Connected<C>)
    where
        S: AsyncRead + AsyncWrite + Unpin,
        C: AsyncRead + AsyncWrite + Unpin,
    {
        let expect = Expect::only(self.server_key);
        tokio::join!(self.server.accept(server), self.client.connect(client, &expect))
    }

    /// Two ends of a connection that stands.
    async fn connected(&self) -> (TlsStream<DuplexStream>, TlsStream<DuplexStream>) {
        let (near, far) = tokio::io::duplex(ROOM);
        let (accepted, connected) = self.shake(near, far).await;
        (accepted.unwrap().0, connected.unwrap().0)
    }
}
