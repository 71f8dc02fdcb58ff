use std::fmt;
use std::sync::Arc;

use proto::Opening;
use rustls::server::{
    Acceptor, AlwaysResolvesServerRawPublicKeys, CertificateType, ClientHello,
    NoServerSessionStorage,
};
use rustls::{AlertDescription, Error, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio_rustls::{LazyConfigAcceptor, StartHandshake};

use super::TlsError;
use super::config::{VERSIONS, alpn, certified, provider};
use super::sniff::Sniff;
use super::stream::TlsStream;
use super::verify::AnyClient;
use crate::{Identity, PublicKey};

/// The server's side of TLS. Clones share everything.
///
/// It takes any client that proves an Ed25519 key, and tells which: who may come in is decided
/// [at the gate](crate::Gate). There is no deadline in it, because whoever accepts connections
/// has one for all that comes before a client is let in.
#[derive(Clone, Debug)]
pub struct ServerTls {
    config: Arc<ServerConfig>,
    alpn: Vec<u8>,
}

/// A client with which there is no encrypted connection.
#[derive(Debug)]
pub struct NotAccepted<T> {
    /// Why.
    pub error: TlsError,
    /// What connects to it, to answer it in its own language, or to close. A client that speaks
    /// TLS has had its answer.
    pub transport: T,
    /// What has been read from a client that does not speak TLS; at least a byte, and at most the
    /// first few thousand.
    pub plain: Vec<u8>,
}

impl ServerTls {
    /// TLS for this service, under this key.
    ///
    /// # Panics
    ///
    /// If the name of the service has other characters than lower-case letters, digits and `-`.
    #[must_use]
    pub fn new(identity: &Identity, service: &str) -> Self {
        let alpn = alpn(service);
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(VERSIONS)
            .expect("the provider has what TLS 1.3 needs")
            .with_client_cert_verifier(Arc::new(AnyClient(provider())))
            .with_cert_resolver(Arc::new(AlwaysResolvesServerRawPublicKeys::new(certified(
                identity,
            ))));
        config.alpn_protocols = vec![alpn.clone()];
        // Every connection proves both keys anew.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        config.max_early_data_size = 0;
        Self { config: Arc::new(config), alpn }
    }

    /// Shakes hands with a client.
    ///
    /// # Errors
    ///
    /// If the client is none of ours, goes away or breaks the rules. One that speaks TLS has been
    /// told so; one that does not ([`TlsError::Plain`]) has not been told anything.
    pub async fn accept<T>(&self, transport: T) -> Result<(TlsStream<T>, PublicKey), NotAccepted<T>>
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        let mut acceptor = LazyConfigAcceptor::new(Acceptor::default(), Sniff::new(transport));
        let start = match (&mut acceptor).await {
            Ok(start) => start,
            Err(error) => {
                let sniff = acceptor.take_io().expect("it is taken here alone");
                return Err(NotAccepted::new(TlsError::from_handshake(error), sniff));
            }
        };
        let hello = start.client_hello();
        let offered: Vec<Vec<u8>> =
            hello.alpn().into_iter().flatten().map(<[u8]>::to_vec).collect();
        // A client of ours that names no service would be let in. What is wrong with others is
        // found out, and told to them, by the handshake.
        if offers_raw_keys(&hello) && offered.is_empty() {
            return Err(refuse(start, self.wrong_service(&offered)).await);
        }
        match start.into_stream(Arc::clone(&self.config)).into_fallible().await {
            Ok(stream) => {
                let key = stream.get_ref().1.peer_certificates().and_then(|keys| keys.first());
                let key = key.and_then(|key| PublicKey::from_spki(key));
                let key = key.expect("the verifier takes Ed25519 keys alone");
                Ok((TlsStream::new(tokio_rustls::TlsStream::from(stream)), key))
            }
            Err((error, sniff)) => {
                let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
                let error = match inner {
                    Some(Error::NoApplicationProtocol) => self.wrong_service(&offered),
                    _ => TlsError::from_handshake(error),
                };
                Err(NotAccepted::new(error, sniff))
            }
        }
    }

    fn wrong_service(&self, offered: &[Vec<u8>]) -> TlsError {
        let text = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
        let offered = offered.iter().map(|name| text(name)).collect();
        TlsError::WrongService { offered, expected: text(&self.alpn) }
    }
}

fn offers_raw_keys(hello: &ClientHello<'_>) -> bool {
    let raw = |types: Option<&[CertificateType]>| {
        types.is_some_and(|types| types.contains(&CertificateType::RawPublicKey))
    };
    raw(hello.server_cert_types()) && raw(hello.client_cert_types())
}

/// Tells the client that this is not the service it wants.
async fn refuse<T: AsyncRead + AsyncWrite + Unpin>(
    mut start: StartHandshake<Sniff<T>>,
    error: TlsError,
) -> NotAccepted<T> {
    // A fatal alert in a record of its own (RFC 8446, sections 5.1 and 6).
    let record = [0x15, 3, 3, 0, 2, 2, u8::from(AlertDescription::NoApplicationProtocol)];
    // Whether the client still hears it is all the same to us.
    let _ = start.io.write_all(&record).await;
    let _ = start.io.flush().await;
    NotAccepted::new(error, start.io)
}

impl<T> NotAccepted<T> {
    fn new(error: TlsError, sniff: Sniff<T>) -> Self {
        match sniff.into_parts() {
            (transport, None) => Self { error, transport, plain: Vec::new() },
            (transport, Some(plain)) => {
                let opening = Opening::detect(plain[0]);
                Self { error: TlsError::Plain { opening }, transport, plain }
            }
        }
    }
}

impl<T> fmt::Display for NotAccepted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<T: fmt::Debug> std::error::Error for NotAccepted<T> {}

impl<T> From<NotAccepted<T>> for TlsError {
    fn from(not_accepted: NotAccepted<T>) -> Self {
        not_accepted.error
    }
}
