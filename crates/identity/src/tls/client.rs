use std::net::Ipv4Addr;
use std::sync::{Arc, OnceLock};

use proto::Opening;
use rustls::client::{AlwaysResolvesClientRawPublicKeys, Resumption};
use rustls::pki_types::ServerName;
use rustls::{AlertDescription, ClientConfig, Error};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;

use super::TlsError;
use super::config::{VERSIONS, alpn, certified, provider};
use super::sniff::Sniff;
use super::stream::TlsStream;
use super::verify::ExpectedServer;
use crate::{Identity, PublicKey};

/// The client's side of TLS. Clones share everything.
#[derive(Clone, Debug)]
pub struct ClientTls {
    config: Arc<ClientConfig>,
    service: String,
}

/// The keys that a server may have: the account's own, the one that is known, a ticket's.
///
/// ```
/// use identity::{Expect, PublicKey};
///
/// let (own, known) = (PublicKey::from_bytes([1; 32]), None);
/// let expect: Expect = [own].into_iter().chain(known).collect();
/// assert!(expect.contains(&own));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expect(Vec<PublicKey>);

impl Expect {
    /// This key alone.
    #[must_use]
    pub fn only(key: PublicKey) -> Self {
        Self(vec![key])
    }

    /// Whether a server may have this key.
    #[must_use]
    pub fn contains(&self, key: &PublicKey) -> bool {
        self.0.contains(key)
    }
}

impl FromIterator<PublicKey> for Expect {
    fn from_iter<I: IntoIterator<Item = PublicKey>>(keys: I) -> Self {
        Self(keys.into_iter().collect())
    }
}

impl ClientTls {
    /// TLS for this service, under this key.
    ///
    /// # Panics
    ///
    /// If the name of the service has other characters than lower-case letters, digits and `-`.
    #[must_use]
    pub fn new(identity: &Identity, service: &str) -> Self {
        let mut config = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(VERSIONS)
            .expect("the provider has what TLS 1.3 needs")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier(Expect::default())))
            .with_client_cert_resolver(Arc::new(AlwaysResolvesClientRawPublicKeys::new(
                certified(identity),
            )));
        config.alpn_protocols = vec![alpn(service)];
        config.resumption = Resumption::disabled();
        config.enable_early_data = false;
        config.enable_sni = false;
        Self { config: Arc::new(config), service: service.to_owned() }
    }

    /// Shakes hands with a server that has one of the expected keys, and tells which. Before that
    /// is proven the server learns nothing but that somebody wants this service.
    ///
    /// # Errors
    ///
    /// If the server has another key, is none of ours, goes away or breaks the rules.
    pub async fn connect<T>(
        &self,
        transport: T,
        expect: &Expect,
    ) -> Result<(TlsStream<T>, PublicKey), TlsError>
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        let verifier = Arc::new(verifier(expect.clone()));
        let mut config = ClientConfig::clone(&self.config);
        config.dangerous().set_certificate_verifier(Arc::clone(&verifier) as _);
        // It is sent to nobody, and nobody looks at it: keys are what counts.
        let name = ServerName::IpAddress(Ipv4Addr::UNSPECIFIED.into());
        let connecting = TlsConnector::from(Arc::new(config)).connect(name, Sniff::new(transport));
        let stream = match connecting.into_fallible().await {
            Ok(stream) => stream,
            Err((error, sniff)) => {
                if let (_, Some(plain)) = sniff.into_parts() {
                    return Err(TlsError::Plain { opening: Opening::detect(plain[0]) });
                }
                return Err(self.explain(error, &verifier));
            }
        };
        // A server that does not know of ALPN at all is refused here; one that chooses something
        // else has been refused by the handshake.
        if stream.get_ref().1.alpn_protocol() != Some(&*self.config.alpn_protocols[0]) {
            return Err(self.other_service());
        }
        let key = *verifier.found.get().expect("a handshake is done when the key was verified");
        Ok((TlsStream::new(tokio_rustls::TlsStream::from(stream)), key))
    }

    fn explain(&self, error: std::io::Error, verifier: &ExpectedServer) -> TlsError {
        if let Some(&found) = verifier.found.get()
            && !verifier.expect.contains(&found)
        {
            return match &*verifier.expect.0 {
                [] => TlsError::UnknownServer { found },
                expected => TlsError::WrongServer { found, expected: expected.to_vec() },
            };
        }
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
        match inner {
            Some(Error::AlertReceived(AlertDescription::NoApplicationProtocol)) => {
                self.other_service()
            }
            _ => TlsError::from_handshake(error),
        }
    }

    fn other_service(&self) -> TlsError {
        TlsError::OtherService { expected: self.service.clone() }
    }
}

fn verifier(expect: Expect) -> ExpectedServer {
    ExpectedServer { provider: provider(), expect, found: OnceLock::new() }
}
