//! Which certificates of servers are trusted if the settings name a file of them.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client,
};

use super::open_error::OpenError;
use super::transport_error::short_message;
use crate::backend::certificate::CertificateFacts;

/// The largest certificate file that is read, in bytes.
const MAX_CA_BYTES: u64 = 4 * 1024 * 1024;

/// Loads the certificates of a PEM file, as the only ones that are trusted.
///
/// # Errors
/// The file can't be read, or has no certificate that can be used.
pub(super) fn load(file: &Path) -> Result<ClientConfig, OpenError> {
    let name = file.display();
    let ca_error = |why: &str| OpenError::new(format!("the certificates in {name} {why}"));
    let mut pem = Vec::new();
    File::open(file).and_then(|from| from.take(MAX_CA_BYTES).read_to_end(&mut pem)).map_err(
        |error| ca_error(&format!("can't be read: {}", short_message(&error.to_string()))),
    )?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let certificates = certificates
        .map_err(|_| ca_error("are no PEM: name a file with BEGIN CERTIFICATE in it"))?;
    if certificates.is_empty() {
        return Err(ca_error("are none: name a file with BEGIN CERTIFICATE in it"));
    }
    client_config(certificates).map_err(|error| {
        let said = short_message(&error.to_string());
        ca_error(&format!("can't be used ({said}): create them again"))
    })
}

/// Returns the TLS settings of a client that trusts these certificates and no others.
///
/// # Errors
/// None of the certificates can vouch for anything.
fn client_config(trusted: Vec<CertificateDer<'static>>) -> Result<ClientConfig, Error> {
    let provider = Arc::new(default_provider());
    let mut roots = RootCertStore::empty();
    // A bundle may have some of a kind that is of no use here, which is no reason to refuse it.
    if roots.add_parsable_certificates(trusted.iter().cloned()).0 == 0 {
        return Err(CertificateError::BadEncoding.into());
    }
    let inner = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
        .build()
        .map_err(|error| Error::General(error.to_string()))?;
    let verifier = Arc::new(Verifier { inner, trusted });
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// Trusts the authorities among the certificates, and each certificate as that of a server.
///
/// rustls takes a trusted certificate for that of an authority only. A self-signed one, as created
/// by `openssl req -x509`, is both: it is marked as an authority, which a server's own certificate
/// may not be. A user who names it as trusted has confirmed what an authority would confirm, so
/// exactly this certificate is accepted, if it is valid now, for servers, and for the name of the
/// server.
#[derive(Debug)]
struct Verifier {
    inner: Arc<WebPkiServerVerifier>,
    trusted: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.inner.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        if verified.is_err() && self.trusted.contains(end_entity) {
            check_named(end_entity, server_name, now)?;
            return Ok(ServerCertVerified::assertion());
        }
        verified
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// Checks a certificate that is named as trusted: its time, its use and its name.
fn check_named(
    certificate: &CertificateDer<'_>,
    server_name: &ServerName<'_>,
    now: UnixTime,
) -> Result<(), Error> {
    let facts = CertificateFacts::read(certificate).ok_or(CertificateError::BadEncoding)?;
    let unix_time = |time: DateTime<Utc>| {
        let seconds = u64::try_from(time.timestamp()).unwrap_or_default();
        UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds))
    };
    let (not_before, not_after) = (unix_time(facts.not_before), unix_time(facts.not_after));
    if now < not_before {
        return Err(CertificateError::NotValidYetContext { time: now, not_before }.into());
    }
    if now > not_after {
        return Err(CertificateError::ExpiredContext { time: now, not_after }.into());
    }
    if !facts.is_for_servers {
        return Err(CertificateError::InvalidPurpose.into());
    }
    if facts.has_alternative_names {
        return client::verify_server_name(&ParsedCertificate::try_from(certificate)?, server_name);
    }
    // Without alternative names the common name counts, as it does for OpenSSL: the certificate
    // itself is trusted here, and no authority that could put any name into it.
    let name = facts.common_name.unwrap_or_default();
    if name.eq_ignore_ascii_case(&server_name.to_str()) {
        return Ok(());
    }
    let presented = Vec::from_iter((!name.is_empty()).then_some(name));
    let expected = server_name.to_owned();
    Err(CertificateError::NotValidForNameContext { expected, presented }.into())
}
