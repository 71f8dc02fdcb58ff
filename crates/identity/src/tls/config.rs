//! The one way in which we speak TLS.

use std::sync::{Arc, LazyLock};

use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::{cipher_suite, default_provider, kx_group, sign::any_eddsa_type};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use rustls::{SupportedProtocolVersion, version};
use zeroize::Zeroizing;

use crate::Identity;
use crate::share::is_service;

/// The only version. Named here, and not left to what else in a program switches on.
pub(super) const VERSIONS: &[&SupportedProtocolVersion] = &[&version::TLS13];

/// What TLS is made of. The first key exchange is safe against machines that break the second one
/// some day, so that what is recorded today stays secret.
static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| {
    Arc::new(CryptoProvider {
        cipher_suites: vec![
            cipher_suite::TLS13_AES_256_GCM_SHA384,
            cipher_suite::TLS13_AES_128_GCM_SHA256,
            cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
        ],
        kx_groups: vec![kx_group::X25519MLKEM768, kx_group::X25519],
        ..default_provider()
    })
});

pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::clone(&PROVIDER)
}

/// How a service is called within TLS (RFC 7301).
///
/// # Panics
///
/// If the name of the service has other characters than lower-case letters, digits and `-`.
pub(super) fn alpn(service: &str) -> Vec<u8> {
    assert!(is_service(service), "`{service}` is not a service's name");
    format!("seam-{service}/1").into_bytes()
}

/// The account's key as TLS takes it: bare (RFC 7250), without any certificate around it.
pub(super) fn certified(identity: &Identity) -> Arc<CertifiedKey> {
    let public = CertificateDer::from(identity.public().to_spki().to_vec());
    let pkcs8 = identity.pair().to_pkcs8v1().expect("an Ed25519 key can be written");
    let pkcs8 = Zeroizing::new(pkcs8.as_ref().to_vec());
    let key = any_eddsa_type(&PrivatePkcs8KeyDer::from(pkcs8.as_slice()))
        .expect("an Ed25519 key is one that TLS takes");
    Arc::new(CertifiedKey::new(vec![public], key))
}
