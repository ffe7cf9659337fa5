//! Messages of Amazon's Simple Notification Service: their signatures, and the addresses in them.
//!
//! A signature of version 2 uses SHA-256; one of version 1, the default of topics (attribute
//! `SignatureVersion`), uses SHA-1.

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{
    AlgorithmIdentifier, CertificateDer, InvalidSignature, SignatureVerificationAlgorithm, alg_id,
};
use webpki::EndEntityCert;
use webpki::aws_lc_rs::RSA_PKCS1_2048_8192_SHA256;

use super::error::IngestError;
use super::fields;

/// The fields that are signed, in this order, of a message and of a request to confirm.
const SIGNED: [&str; 6] = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"];
const SIGNED_TO_CONFIRM: [&str; 7] =
    ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"];

/// Signatures with RSA and SHA-1, which only this service still makes.
#[derive(Clone, Copy, Debug)]
struct RsaSha1;

impl SignatureVerificationAlgorithm for RsaSha1 {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, public_key);
        key.verify(message, signature).map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::RSA_ENCRYPTION
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        AlgorithmIdentifier::from_slice(&RSA_SHA1_ID)
    }
}

/// The identifier of the algorithm `sha1WithRSAEncryption`, without parameters, in DER.
const RSA_SHA1_ID: [u8; 13] =
    [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05, 0x05, 0x00];

/// A message of the service.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SnsMessage(Map<String, Value>);

/// The reason why a message is not accepted as one of the service.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SnsError {
    /// It is no JSON object.
    #[error(transparent)]
    NotUnderstood(#[from] IngestError),
    /// A field is missing.
    #[error("{0} is missing: it is no message of SNS")]
    Missing(&'static str),
    /// It is signed in another way.
    #[error("its SignatureVersion is neither 1 nor 2: set that attribute of the topic to 2")]
    OtherVersion,
    /// An address leads to another host than those of the service.
    #[error("{0} is no address of SNS")]
    OtherHost(&'static str),
    /// The certificate can't be read.
    #[error("the certificate by which it is signed can't be read")]
    Certificate,
    /// The signature is not that of the message.
    #[error("its signature is not right")]
    WrongSignature,
}

impl SnsMessage {
    /// Parses a message.
    ///
    /// # Errors
    /// It is no JSON object.
    pub fn parse(body: &[u8]) -> Result<Self, SnsError> {
        Ok(Self(fields::object(fields::parse_json(body)?, "the body")?))
    }

    /// Returns the topic.
    ///
    /// # Errors
    /// There is none.
    pub fn topic(&self) -> Result<&str, SnsError> {
        self.text("TopicArn")
    }

    /// Returns the address of the certificate, which is one of the service.
    ///
    /// # Errors
    /// There is none, or it is no address of the service.
    pub fn certificate_url(&self) -> Result<&str, SnsError> {
        self.url("SigningCertURL")
    }

    /// Returns the address that confirms a subscription, if the message requests that.
    ///
    /// # Errors
    /// It is no address of the service.
    pub fn confirm_url(&self) -> Result<Option<&str>, SnsError> {
        if self.text("Type")? != "SubscriptionConfirmation" {
            return Ok(None);
        }
        self.url("SubscribeURL").map(Some)
    }

    /// Verifies the signature by a certificate in PEM, which was fetched from its address.
    ///
    /// # Errors
    /// [`SnsError`] with the reason why the signature is not accepted.
    pub fn verify(&self, certificate: &[u8]) -> Result<(), SnsError> {
        let algorithm: &dyn SignatureVerificationAlgorithm = match self.text("SignatureVersion")? {
            "1" => &RsaSha1,
            "2" => RSA_PKCS1_2048_8192_SHA256,
            _ => return Err(SnsError::OtherVersion),
        };
        let signature = STANDARD.decode(self.text("Signature")?);
        let signature = signature.map_err(|_| SnsError::WrongSignature)?;
        let certificate =
            CertificateDer::from_pem_slice(certificate).map_err(|_| SnsError::Certificate)?;
        let certificate =
            EndEntityCert::try_from(&certificate).map_err(|_| SnsError::Certificate)?;
        let signed = self.signed_text()?;
        certificate
            .verify_signature(algorithm, signed.as_bytes(), &signature)
            .map_err(|_| SnsError::WrongSignature)
    }

    /// Returns the signed text: names and values of fields, each on a line.
    fn signed_text(&self) -> Result<String, SnsError> {
        let is_message = self.text("Type")? == "Notification";
        let names: &[&'static str] = if is_message { &SIGNED } else { &SIGNED_TO_CONFIRM };
        let mut signed = String::new();
        for name in names {
            // Unchanged: blanks are signed as well.
            let text = self.0.get(*name).and_then(Value::as_str);
            match text {
                Some(text) => {
                    for part in [*name, text] {
                        signed.push_str(part);
                        signed.push('\n');
                    }
                }
                None if *name == "Subject" => {}
                None => return Err(SnsError::Missing(name)),
            }
        }
        Ok(signed)
    }

    fn text(&self, name: &'static str) -> Result<&str, SnsError> {
        fields::text(&self.0, name).ok_or(SnsError::Missing(name))
    }

    fn url(&self, name: &'static str) -> Result<&str, SnsError> {
        let url = self.text(name)?;
        if is_address_of_sns(url) { Ok(url) } else { Err(SnsError::OtherHost(name)) }
    }
}

/// Returns whether a URL leads to the service in one of its regions, over TLS.
fn is_address_of_sns(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://") else { return false };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let Some(region) = host.strip_prefix("sns.") else { return false };
    let region = region
        .strip_suffix(".amazonaws.com")
        .or_else(|| region.strip_suffix(".amazonaws.com.cn"))
        .unwrap_or_default();
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_plain =
        !url.contains('\\') && !url.chars().any(|ch| ch.is_whitespace() || ch.is_control());
    !region.is_empty() && region.bytes().all(is_allowed) && is_plain
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, SigningKey};
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn message(subject: Option<&str>) -> Value {
        let mut message = json!({
            "Type": "Notification", "MessageId": "m-1", "Message": "{\"a\": 1}\n",
            "TopicArn": "arn:aws:sns:eu-west-1:1:alarms", "Timestamp": "2026-03-01T09:00:00Z",
            "SignatureVersion": "2",
            "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/x.pem",
        });
        if let Some(subject) = subject {
            message["Subject"] = json!(subject);
        }
        message
    }

    fn parse(message: &Value) -> SnsMessage {
        SnsMessage::parse(message.to_string().as_bytes()).expect("an object")
    }

    #[test]
    fn signature_must_be_that_of_the_message() {
        let key = KeyPair::generate_for(&PKCS_RSA_SHA256).expect("a key");
        let names = vec!["sns.amazonaws.com".to_owned()];
        let params = CertificateParams::new(names).expect("parameters");
        let certificate = params.self_signed(&key).expect("a certificate").pem();
        for subject in [None, Some("ALARM")] {
            let mut message = message(subject);
            let signed = parse(&message).signed_text().expect("a text");
            assert_eq!(signed.contains("Subject\nALARM\n"), subject.is_some(), "{signed}");
            assert!(signed.starts_with("Message\n{\"a\": 1}\n\nMessageId\nm-1\n"), "{signed}");
            let signature = SigningKey::sign(&key, signed.as_bytes()).expect("a signature");
            message["Signature"] = json!(STANDARD.encode(signature));
            assert_eq!(parse(&message).verify(certificate.as_bytes()), Ok(()));
            assert_eq!(parse(&message).verify(b"none"), Err(SnsError::Certificate));
            message["Message"] = json!("{\"a\": 2}\n");
            let wrong = parse(&message).verify(certificate.as_bytes());
            assert_eq!(wrong, Err(SnsError::WrongSignature));
            message["SignatureVersion"] = json!("3");
            let other = parse(&message).verify(certificate.as_bytes());
            assert_eq!(other, Err(SnsError::OtherVersion));
        }
    }

    /// A certificate, and the signature of [`message`] with its key and SHA-1, made with OpenSSL.
    const CERTIFICATE: &str = include_str!("senders/fixtures/sns.pem");
    const SHA1_SIGNATURE: &str = include_str!("senders/fixtures/sns-sha1.txt");

    #[test]
    fn signature_of_version_1_uses_sha1() {
        let mut message = message(None);
        message["SignatureVersion"] = json!("1");
        message["Signature"] = json!(SHA1_SIGNATURE.trim());
        assert_eq!(parse(&message).verify(CERTIFICATE.as_bytes()), Ok(()));
        message["SignatureVersion"] = json!("2");
        let wrong = Err(SnsError::WrongSignature);
        assert_eq!(parse(&message).verify(CERTIFICATE.as_bytes()), wrong);
        message["SignatureVersion"] = json!("1");
        message["MessageId"] = json!("m-2");
        assert_eq!(parse(&message).verify(CERTIFICATE.as_bytes()), wrong);
    }

    #[rstest]
    #[case("https://sns.eu-west-1.amazonaws.com/x.pem", true)]
    #[case("https://sns.cn-north-1.amazonaws.com.cn/?a=b", true)]
    #[case("http://sns.eu-west-1.amazonaws.com/x.pem", false)]
    #[case("https://sns.eu-west-1.amazonaws.com.example.com/", false)]
    #[case("https://sns.eu-west-1.amazonaws.com:8443/", false)]
    #[case("https://user@sns.eu-west-1.amazonaws.com/", false)]
    #[case("https://sns.evil.example.com/#.amazonaws.com", false)]
    #[case("https://sns.a@example.com/.amazonaws.com", false)]
    #[case("https://sns..amazonaws.com/", false)]
    #[case("https://example.com\\@sns.eu-west-1.amazonaws.com/", false)]
    fn addresses_of_other_hosts_are_not_opened(#[case] url: &str, #[case] expected: bool) {
        assert_eq!(is_address_of_sns(url), expected);
    }
}
