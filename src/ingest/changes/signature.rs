//! GitLab's authentication: a secret in a header, or the signature of Standard Webhooks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::ingest::mapping::Message;
use crate::ingest::signature::SignatureError;

/// The header with the secret itself.
const TOKEN: &str = "x-gitlab-token";
/// The header with signatures, each with its version before it.
const SIGNATURE: &str = "webhook-signature";
/// The headers that are signed before the body.
const ID: &str = "webhook-id";
const TIMESTAMP: &str = "webhook-timestamp";
/// The prefix of a secret in Base64.
const ENCODED: &str = "whsec_";

/// Checks the secret or the signature of a message from GitLab. A signature counts more.
pub(super) fn verify_gitlab(secret: &[u8], message: &Message<'_>) -> Result<(), SignatureError> {
    if message.header(SIGNATURE).is_some() {
        return verify_standard(secret, message);
    }
    let token = message.header(TOKEN).ok_or_else(|| SignatureError::Missing(TOKEN.to_owned()))?;
    // Digests are compared, so that the duration reveals nothing about the secret.
    let [expected, found] = [secret, token.trim().as_bytes()].map(Sha256::digest);
    if expected == found { Ok(()) } else { Err(SignatureError::Wrong(TOKEN.to_owned())) }
}

/// Checks a signature of Standard Webhooks: over the id, the time and the body of a message.
pub(super) fn verify_standard(secret: &[u8], message: &Message<'_>) -> Result<(), SignatureError> {
    let header =
        |name: &str| message.header(name).ok_or_else(|| SignatureError::Missing(name.to_owned()));
    let (signatures, id, at) = (header(SIGNATURE)?, header(ID)?, header(TIMESTAMP)?);
    let decoded = std::str::from_utf8(secret).ok().and_then(|text| text.strip_prefix(ENCODED));
    let decoded = decoded.and_then(|text| STANDARD.decode(text).ok());
    let keys = decoded.as_deref().into_iter().chain([secret]);
    for key in keys {
        let signatures = signatures.split_whitespace().filter_map(|one| one.strip_prefix("v1,"));
        for signature in signatures.filter_map(|text| STANDARD.decode(text).ok()) {
            let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { continue };
            for part in [id.trim().as_bytes(), b".", at.trim().as_bytes(), b".", message.body] {
                mac.update(part);
            }
            if mac.verify_slice(&signature).is_ok() {
                return Ok(());
            }
        }
    }
    Err(SignatureError::Wrong(SIGNATURE.to_owned()))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn signed(key: &[u8], text: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length");
        mac.update(text.as_bytes());
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }

    fn check(secret: &str, headers: &[(&str, &str)]) -> Result<(), SignatureError> {
        let headers = headers.iter().map(|(name, text)| ((*name).into(), (*text).into())).collect();
        verify_gitlab(secret.as_bytes(), &Message { headers, ..Message::new(b"{}") })
    }

    #[rstest]
    #[case("secret", Ok(()))]
    #[case(" secret ", Ok(()))]
    #[case("secrets", Err(SignatureError::Wrong(TOKEN.into())))]
    #[case("", Err(SignatureError::Wrong(TOKEN.into())))]
    fn secret_in_the_header_must_be_the_same(
        #[case] token: &str,
        #[case] expected: Result<(), SignatureError>,
    ) {
        assert_eq!(check("secret", &[(TOKEN, token)]), expected);
    }

    #[test]
    fn message_without_proof_is_refused() {
        assert_eq!(check("secret", &[]), Err(SignatureError::Missing(TOKEN.into())));
        let only = [(SIGNATURE, "v1,AAAA"), (TOKEN, "secret")];
        assert_eq!(check("secret", &only), Err(SignatureError::Missing(ID.into())));
    }

    #[test]
    fn id_time_and_body_are_signed() {
        let encoded = format!("{ENCODED}{}", STANDARD.encode(b"key"));
        for (secret, key) in [(encoded.as_str(), &b"key"[..]), ("plain", b"plain")] {
            let other = signed(b"old", "7.1772000000.{}");
            let both = format!("{other} {}", signed(key, "7.1772000000.{}"));
            let headers = |id: &'static str| [(ID, id), (TIMESTAMP, "1772000000")];
            let with = |id, signature: &str| {
                let [first, second] = headers(id);
                check(secret, &[first, second, (SIGNATURE, signature)])
            };
            assert_eq!(with("7", &both), Ok(()));
            let wrong = Err(SignatureError::Wrong(SIGNATURE.into()));
            assert_eq!(with("8", &both), wrong);
            assert_eq!(with("7", &other), wrong);
            assert_eq!(with("7", "v1,??? v0,AAAA"), wrong);
        }
    }
}
