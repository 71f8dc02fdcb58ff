use std::fmt;
use std::sync::Arc;

use proto::Opening;
use rustls::server::{
    Acceptor, AlwaysResolvesServerRawPublicKeys, CertificateType, ClientHello,
    NoServerSessionStorage,
};
use rustls::{AlertDescription, CipherSuite, ServerConfig};
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
        if let Err((error, alert)) = self.check(&start.client_hello()) {
            return Err(refuse(start, error, alert).await);
        }
        match start.into_stream(Arc::clone(&self.config)).into_fallible().await {
            Ok(stream) => {
                let key = stream.get_ref().1.peer_certificates().and_then(|keys| keys.first());
                let key = key.and_then(|key| PublicKey::from_spki(key));
                let key = key.expect("the verifier takes Ed25519 keys alone");
                Ok((TlsStream::new(tokio_rustls::TlsStream::from(stream)), key))
            }
            Err((error, sniff)) => Err(NotAccepted::new(TlsError::from_handshake(error), sniff)),
        }
    }

    /// What the rest of the handshake would not look at, or not explain.
    fn check(&self, hello: &ClientHello<'_>) -> Result<(), (TlsError, AlertDescription)> {
        if !hello.cipher_suites().iter().any(|suite| is_tls13(*suite)) {
            return Err((TlsError::OldTls, AlertDescription::ProtocolVersion));
        }
        let raw = |types: Option<&[CertificateType]>| {
            types.is_some_and(|types| types.contains(&CertificateType::RawPublicKey))
        };
        if !raw(hello.server_cert_types()) || !raw(hello.client_cert_types()) {
            return Err((TlsError::Certificates, AlertDescription::UnsupportedCertificate));
        }
        let offered: Vec<&[u8]> = hello.alpn().into_iter().flatten().collect();
        if !offered.contains(&&*self.alpn) {
            let text = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
            let error = TlsError::WrongService {
                offered: offered.into_iter().map(text).collect(),
                expected: text(&self.alpn),
            };
            return Err((error, AlertDescription::NoApplicationProtocol));
        }
        Ok(())
    }
}

/// TLS 1.3's suites are numbered apart from those before it (RFC 8446, appendix B.4).
fn is_tls13(suite: CipherSuite) -> bool {
    u16::from(suite) >> 8 == 0x13
}

/// Tells the client why not, as far as TLS has a number for it.
async fn refuse<T: AsyncRead + AsyncWrite + Unpin>(
    mut start: StartHandshake<Sniff<T>>,
    error: TlsError,
    alert: AlertDescription,
) -> NotAccepted<T> {
    // A fatal alert in a record of its own (RFC 8446, sections 5.1 and 6).
    let record = [0x15, 3, 3, 0, 2, 2, u8::from(alert)];
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
