//! Peers that are none of ours, or not quite.

use std::sync::Arc;

use identity::{ClientTls, Expect, Identity, PublicKey, ServerTls, TlsError};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{AlwaysResolvesClientRawPublicKeys, ResolvesClientCert};
use rustls::crypto::aws_lc_rs::{default_provider, sign::any_eddsa_type};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{AlwaysResolvesServerRawPublicKeys, ResolvesServerCert};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::{TLS12, TLS13};
use rustls::{
    AlertDescription, ClientConfig, DigitallySignedStruct, DistinguishedName, Error, ServerConfig,
    SignatureScheme, SupportedProtocolVersion,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::{Pair, ROOM};

/// A key that TLS can sign with, shown as `shown`.
fn certified(shown: impl FnOnce(&[u8]) -> Vec<u8>) -> Arc<CertifiedKey> {
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
    let pair = Ed25519KeyPair::generate().unwrap();
    let pkcs8 = pair.to_pkcs8v1().unwrap();
    let key = any_eddsa_type(&PrivatePkcs8KeyDer::from(pkcs8.as_ref())).unwrap();
    let shown = CertificateDer::from(shown(pair.public_key().as_ref()));
    Arc::new(CertifiedKey::new(vec![shown], key))
}

/// As TLS carries an Ed25519 key.
fn spki(key: &[u8]) -> Vec<u8> {
    [&[0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0], key].concat()
}

/// Believes every peer, with certificates or without.
#[derive(Debug)]
struct Gullible {
    raw_keys: bool,
}

impl ServerCertVerifier for Gullible {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519, SignatureScheme::ECDSA_NISTP256_SHA256]
    }

    fn requires_raw_public_keys(&self) -> bool {
        self.raw_keys
    }
}

impl ClientCertVerifier for Gullible {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        self.raw_keys
    }
}

/// Knows of bare keys, and has none.
#[derive(Debug)]
struct NoKey;

impl ResolvesClientCert for NoKey {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        None
    }

    fn has_certs(&self) -> bool {
        false
    }

    fn only_raw_public_keys(&self) -> bool {
        true
    }
}

fn client(
    versions: &[&'static SupportedProtocolVersion],
    raw_keys: bool,
    resolver: Arc<dyn ResolvesClientCert>,
    alpn: &str,
) -> ClientConfig {
    let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Gullible { raw_keys }))
        .with_client_cert_resolver(resolver);
    config.alpn_protocols = alpn.split_whitespace().map(|name| name.into()).collect();
    config
}

/// What our server thinks of such a client, and what the client hears.
async fn accept(config: ClientConfig) -> (TlsError, Option<AlertDescription>) {
    let pair = Pair::new();
    let (near, far) = duplex(ROOM);
    let name = ServerName::try_from("localhost").unwrap();
    let client = async {
        // A client of TLS 1.3 is done before the server has looked at its key.
        let mut stream = TlsConnector::from(Arc::new(config)).connect(name, far).await?;
        stream.read(&mut [0]).await
    };
    let (accepted, heard) = tokio::join!(
        async {
            // The line ends with the failure, as it would in a server.
            pair.server.accept(near).await.map(drop).map_err(|failed| failed.error)
        },
        client
    );
    let alert = heard.unwrap_err().downcast::<Error>().ok().and_then(|error| match error {
        Error::AlertReceived(alert) => Some(alert),
        _ => None,
    });
    (accepted.unwrap_err(), alert)
}

fn own_key() -> Arc<dyn ResolvesClientCert> {
    Arc::new(AlwaysResolvesClientRawPublicKeys::new(certified(spki)))
}

#[tokio::test]
async fn refuses_a_client_that_names_no_service() {
    let (error, alert) = accept(client(&[&TLS13], true, own_key(), "")).await;
    assert_eq!(error.to_string(), "the client asks for no service, this server is `seam-ftp/1`");
    assert_eq!(alert, Some(AlertDescription::NoApplicationProtocol));
}

#[tokio::test]
async fn refuses_a_client_of_another_service_and_both_know_why() {
    let (error, alert) = accept(client(&[&TLS13], true, own_key(), "h2 http/1.1")).await;
    assert!(matches!(error, TlsError::WrongService { offered, .. } if offered.len() == 2));
    assert_eq!(alert, Some(AlertDescription::NoApplicationProtocol));

    let key = Identity::generate();
    let (server, client) = (ServerTls::new(&key, "ftp"), ClientTls::new(&key, "exec"));
    let (near, far) = duplex(ROOM);
    let expect = Expect::only(key.public());
    let (accepted, connected) = tokio::join!(server.accept(near), client.connect(far, &expect));
    let expected = "the client asks for `seam-exec/1`, this server is `seam-ftp/1`";
    assert_eq!(accepted.unwrap_err().to_string(), expected);
    let expected = "the server is not `exec`, but another service";
    assert_eq!(connected.unwrap_err().to_string(), expected);
}

#[tokio::test]
async fn refuses_a_client_of_tls_1_2() {
    let (error, alert) = accept(client(&[&TLS12], false, own_key(), "seam-ftp/1")).await;
    assert!(matches!(error, TlsError::OldTls), "{error}");
    assert_eq!(alert, Some(AlertDescription::ProtocolVersion));
}

#[tokio::test]
async fn refuses_a_client_with_certificates() {
    let (error, alert) = accept(client(&[&TLS13, &TLS12], false, own_key(), "seam-ftp/1")).await;
    assert!(matches!(error, TlsError::Certificates), "{error}");
    assert_eq!(alert, Some(AlertDescription::HandshakeFailure));
}

#[tokio::test]
async fn refuses_a_client_without_a_key() {
    let (error, alert) = accept(client(&[&TLS13], true, Arc::new(NoKey), "seam-ftp/1")).await;
    assert!(matches!(error, TlsError::NoKey), "{error}");
    assert_eq!(alert, Some(AlertDescription::CertificateRequired));
}

#[tokio::test]
async fn refuses_a_client_with_a_key_of_another_kind_or_of_somebody_else() {
    let x25519 = |key: &[u8]| {
        let mut spki = spki(key);
        spki[8] = 0x6e;
        spki
    };
    let shown = Arc::new(AlwaysResolvesClientRawPublicKeys::new(certified(x25519)));
    let (error, _) = accept(client(&[&TLS13], true, shown, "seam-ftp/1")).await;
    assert!(matches!(error, TlsError::NoKey), "{error}");

    let victim = Identity::generate().public();
    let stolen = certified(|_| spki(victim.as_bytes()));
    let shown = Arc::new(AlwaysResolvesClientRawPublicKeys::new(stolen));
    let (error, _) = accept(client(&[&TLS13], true, shown, "seam-ftp/1")).await;
    assert!(matches!(error, TlsError::Unproven), "{error}");
}

#[tokio::test]
async fn hands_back_a_client_that_does_not_encrypt_without_a_word_to_it() {
    let hello = [&[0, 1, 0, 0][..], br#"{"type":"hello""#].concat();
    for (said, expected) in [
        (&hello[..], "the peer does not encrypt, as if started with --plain"),
        (b"GET / HTTP/1.1\r\n\r\n", "the peer speaks neither TLS nor our protocol"),
        (b"date", "the peer speaks neither TLS nor our protocol"),
    ] {
        let (near, mut far) = duplex(ROOM);
        far.write_all(said).await.unwrap();
        let mut failed = Pair::new().server.accept(near).await.map(drop).unwrap_err();
        assert_eq!(failed.to_string(), expected);
        assert_eq!(failed.plain, said);
        failed.transport.write_all(b"?").await.unwrap();
        drop(failed);
        let mut heard = Vec::new();
        far.read_to_end(&mut heard).await.unwrap();
        assert_eq!(heard, b"?");
    }
}

/// What our client thinks of what `serve` does.
async fn connect<F: Future>(serve: impl FnOnce(DuplexStream) -> F, expect: &Expect) -> TlsError {
    let client = ClientTls::new(&Identity::generate(), "ftp");
    let (near, far) = duplex(ROOM);
    let (_, connected) = tokio::join!(serve(near), client.connect(far, expect));
    connected.map(drop).unwrap_err()
}

/// A server of TLS with this key, which closes after the handshake.
async fn serve(
    versions: &[&'static SupportedProtocolVersion],
    resolver: Arc<dyn ResolvesServerCert>,
    expect: &Expect,
) -> TlsError {
    let raw_keys = resolver.only_raw_public_keys();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_client_cert_verifier(Arc::new(Gullible { raw_keys }))
        .with_cert_resolver(resolver);
    let acceptor = TlsAcceptor::from(Arc::new(config));
    connect(|line| async move { acceptor.accept(line).await.map(drop) }, expect).await
}

#[tokio::test]
async fn refuses_a_server_that_names_no_service() {
    let mut key = None;
    let certified = certified(|public| {
        key = Some(PublicKey::from_bytes(public.try_into().unwrap()));
        spki(public)
    });
    let resolver = Arc::new(AlwaysResolvesServerRawPublicKeys::new(certified));
    let error = serve(&[&TLS13], resolver, &Expect::only(key.unwrap())).await;
    assert!(matches!(error, TlsError::OtherService { .. }), "{error}");
}

#[tokio::test]
async fn refuses_a_server_that_shows_the_right_key_and_does_not_have_it() {
    let victim = Identity::generate().public();
    let stolen = certified(|_| spki(victim.as_bytes()));
    let resolver = Arc::new(AlwaysResolvesServerRawPublicKeys::new(stolen));
    let error = serve(&[&TLS13], resolver, &Expect::only(victim)).await;
    assert!(matches!(error, TlsError::Unproven), "{error}");
}

#[tokio::test]
async fn refuses_servers_of_the_world_wide_web() {
    let resolver = || {
        let certified = Arc::into_inner(certified(<[u8]>::to_vec)).unwrap();
        Arc::new(SingleCertAndKey::from(certified))
    };
    let expect = Expect::only(Identity::generate().public());
    let error = serve(&[&TLS12], resolver(), &expect).await;
    assert!(matches!(error, TlsError::NoTls), "{error}");
    let error = serve(&[&TLS13], resolver(), &expect).await;
    assert!(matches!(error, TlsError::Handshake { .. }), "{error}");
}

#[tokio::test]
async fn says_that_a_server_does_not_encrypt() {
    for (said, expected) in [
        (&[0, 1, 0, 0][..], "the peer does not encrypt, as if started with --plain"),
        (b"HTTP/1.1 400 Bad Request\r\n", "the peer speaks neither TLS nor our protocol"),
        (b"220 ftp ready\r\n", "the peer speaks neither TLS nor our protocol"),
    ] {
        let speak = |mut line: DuplexStream| async move {
            line.write_all(said).await.unwrap();
            line
        };
        let error = connect(speak, &Expect::default()).await;
        assert_eq!(error.to_string(), expected);
    }
    let error = connect(|line| async move { drop(line) }, &Expect::default()).await;
    assert!(matches!(error, TlsError::Closed), "{error}");
}
