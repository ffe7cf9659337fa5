//! Certificates that are invalid in one way each.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose as Usage, IsCa, Issuer, KeyPair, date_time_ymd,
};
use redphone::backend::Backend;
use redphone::backend::http::HttpBackend;
use rstest::rstest;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::fixtures::{ClientFixture, TOKEN, capabilities, json};
use crate::support::proxy::Proxy;

/// A certificate authority.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// A certificate and its key.
pub struct Identity {
    certificate: CertificateDer<'static>,
    key: KeyPair,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    pub fn pem(&self) -> String {
        self.pem.clone()
    }

    /// Issues a certificate for a name, valid in these years.
    pub fn issue(&self, name: &str, years: (i32, i32)) -> Identity {
        let (params, key) = leaf(name, years);
        let certificate = params.signed_by(&key, &self.issuer).unwrap().der().clone();
        Identity { certificate, key }
    }
}

fn leaf(name: &str, years: (i32, i32)) -> (CertificateParams, KeyPair) {
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    params.not_before = date_time_ymd(years.0, 1, 1);
    params.not_after = date_time_ymd(years.1, 1, 2);
    (params, KeyPair::generate().unwrap())
}

fn signed_by_itself(name: &str) -> Identity {
    let (params, key) = leaf(name, GOOD);
    Identity { certificate: params.self_signed(&key).unwrap().der().clone(), key }
}

pub const GOOD: (i32, i32) = (2020, 4000);

pub fn acceptor(identity: Identity) -> TlsAcceptor {
    acceptor_of(identity, &[])
}

/// Like [`acceptor`], but offers these protocols (ALPN).
pub fn acceptor_of(identity: Identity, offers: &[&str]) -> TlsAcceptor {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(identity.key.serialize_der()));
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![identity.certificate], key)
        .unwrap();
    config.alpn_protocols = offers.iter().map(|name| name.as_bytes().to_vec()).collect();
    TlsAcceptor::from(Arc::new(config))
}

/// Returns the certificate as PEM.
fn pem_of(identity: &Identity) -> String {
    use base64::prelude::{BASE64_STANDARD, Engine};
    let text = BASE64_STANDARD.encode(&identity.certificate);
    format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
}

/// Connects to a server with this certificate, as a client that trusts `trusted`.
async fn connect(identity: Identity, trusted: &Authority) -> Result<(), String> {
    connect_with(identity, &trusted.pem()).await
}

/// Connects to a server with this certificate, as a client with this file of certificates.
async fn connect_with(identity: Identity, pem: &str) -> Result<(), String> {
    let server = Proxy::with_tls(acceptor(identity), |_| json("", &capabilities())).await;
    let fixture = ClientFixture::new();
    fixture.write("ca.pem", pem);
    let mut options = fixture.options(&format!("https://{}", server.address));
    options.ca_file = Some(fixture.path("ca.pem"));
    let answer = HttpBackend::new(options).unwrap().capabilities().await;
    let result = answer.map(|_| ()).map_err(|error| {
        let text = error.to_string();
        assert!(error.is_temporary() && !text.contains(TOKEN), "{text}");
        text.replace(&server.address.to_string(), "HOST")
    });
    // It sends nothing to a server that it does not trust.
    assert_eq!(server.count(), u64::from(result.is_ok()));
    result
}

/// A self-signed certificate, as created by `openssl req -x509`: it is marked as an authority.
/// `names` are alternative names; `common` is its common name.
fn plain(common: &str, names: &[&str], years: (i32, i32), usage: &[Usage]) -> (Identity, String) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.extended_key_usages = usage.to_vec();
    params.not_before = date_time_ymd(years.0, 1, 1);
    params.not_after = date_time_ymd(years.1, 1, 2);
    let key = KeyPair::generate().unwrap();
    let made = params.self_signed(&key).unwrap();
    let pem = made.pem();
    (Identity { certificate: made.der().clone(), key }, pem)
}

#[rstest]
#[case::named_as_curl_wants_it("redphone", &["127.0.0.1"], &[])]
#[case::by_its_common_name_alone("127.0.0.1", &[], &[])]
#[case::for_servers("redphone", &["other.example", "127.0.0.1"], &[Usage::ServerAuth])]
#[tokio::test]
async fn self_signed_certificate_is_trusted_if_the_file_has_it(
    #[case] common: &str,
    #[case] names: &[&str],
    #[case] usage: &[Usage],
) {
    let (identity, pem) = plain(common, names, GOOD, usage);
    // Others in the file do no harm, and keys are passed over.
    let bundle = format!("{}{}{pem}", Authority::new("Ours").pem(), identity.key.serialize_pem());
    assert_eq!(connect_with(identity, &bundle).await, Ok(()));
}

#[tokio::test]
async fn certificate_of_a_server_is_trusted_if_the_file_has_it() {
    let identity = Authority::new("Theirs").issue("127.0.0.1", GOOD);
    let pem = pem_of(&identity);
    assert_eq!(connect_with(identity, &pem).await, Ok(()));
}

#[rstest]
#[case::expired("x", &["127.0.0.1"], (2020, 2021), &[], "HOST expired on 2021-01-02: its operator")]
#[case::too_early("x", &["127.0.0.1"], (3000, 4000), &[], "HOST is valid from 3000-01-01 on: see")]
#[case::another_name("x", &["other.example"], GOOD, &[], "HOST is for other.example: correct the")]
#[case::another_common_name("a.example", &[], GOOD, &[], "HOST is for a.example: correct the host")]
#[case::a_common_name_that_does_not_count(
    "127.0.0.1", &["other.example"], GOOD, &[], "HOST is for other.example: correct the host"
)]
#[case::for_clients("x", &["127.0.0.1"], GOOD, &[Usage::ClientAuth], "HOST can't be used")]
#[tokio::test]
async fn self_signed_certificate_is_checked_nevertheless(
    #[case] common: &str,
    #[case] names: &[&str],
    #[case] years: (i32, i32),
    #[case] usage: &[Usage],
    #[case] expected: &str,
) {
    let (identity, pem) = plain(common, names, years, usage);
    let message = connect_with(identity, &pem).await.unwrap_err();
    assert!(message.contains(expected), "{message}");
}

#[tokio::test]
async fn self_signed_certificate_is_refused_if_the_file_lacks_it() {
    let (identity, _) = plain("redphone", &["127.0.0.1"], GOOD, &[]);
    let (_, other) = plain("redphone", &["127.0.0.1"], GOOD, &[]);
    let message = connect_with(identity, &other).await.unwrap_err();
    assert!(message.contains("that is not known here"), "{message}");
}

#[tokio::test]
async fn certificate_of_a_configured_authority_is_trusted() {
    let authority = Authority::new("Ours");
    assert_eq!(connect(authority.issue("127.0.0.1", GOOD), &authority).await, Ok(()));
}

#[rstest]
#[case("other.example", GOOD, "the certificate of HOST is for other.example: correct the host")]
#[case("127.0.0.1", (2020, 2021), "the certificate of HOST expired on 2021-01-02: its operator")]
#[case("127.0.0.1", (3000, 4000), "the certificate of HOST is valid from 3000-01-01 on: see whether")]
#[tokio::test]
async fn certificate_errors_are_explained(
    #[case] name: &str,
    #[case] years: (i32, i32),
    #[case] expected: &str,
) {
    let authority = Authority::new("Ours");
    let message = connect(authority.issue(name, years), &authority).await.unwrap_err();
    assert!(message.starts_with(expected), "{message}");
}

#[tokio::test]
async fn configured_authority_is_the_only_one_trusted() {
    let (ours, theirs) = (Authority::new("Ours"), Authority::new("Theirs"));
    let expected = "the certificate of HOST is from an authority that is not known here: if it is \
        your own, name its certificate with ca_file";
    for identity in [theirs.issue("127.0.0.1", GOOD), signed_by_itself("127.0.0.1")] {
        assert_eq!(connect(identity, &ours).await.unwrap_err(), expected);
    }
}

#[rstest]
#[case(None, "can't be read: No such file or directory")]
#[case(Some(""), "are none: name a file with BEGIN CERTIFICATE in it")]
#[case(Some("no PEM"), "are none: name a file with BEGIN CERTIFICATE in it")]
#[case(Some("-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n"), "are no PEM")]
#[tokio::test]
async fn ca_file_without_certificates_is_refused(
    #[case] text: Option<&str>,
    #[case] expected: &str,
) {
    let fixture = ClientFixture::new();
    if let Some(text) = text {
        fixture.write("ca.pem", text);
    }
    let mut options = fixture.options("https://127.0.0.1:1");
    options.ca_file = Some(fixture.path("ca.pem"));
    let refused = HttpBackend::new(options).unwrap_err().to_string();
    assert!(refused.contains("ca.pem") && refused.contains(expected), "{refused}");
}
