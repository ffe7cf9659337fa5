//! Signatures of messages: HMAC-SHA256 in hexadecimal digits.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::mapping::{Message, SignatureForm};

/// The reason why a signature is not accepted.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SignatureError {
    /// There is none.
    #[error("the message has no signature: it must be in the header {0}")]
    Missing(String),
    /// The header with the time is missing.
    #[error("the message has no time to go with its signature: it must be in the header {0}")]
    NoTime(String),
    /// It is that of another message or secret.
    #[error("the signature in the header {0} is not that of this message with this secret")]
    Wrong(String),
}

/// Checks the signature of a message.
///
/// # Errors
/// [`SignatureError`] with the reason why it is not accepted.
pub fn verify(
    form: &SignatureForm,
    secret: &[u8],
    message: &Message<'_>,
) -> Result<(), SignatureError> {
    let header = || form.header.clone();
    let signature = message.header(&form.header).map(str::trim);
    let signature = signature.ok_or_else(|| SignatureError::Missing(header()))?;
    let digits = signature.strip_prefix(form.prefix.as_str());
    let bytes = digits.and_then(|digits| hex::decode(digits).ok());
    let bytes = bytes.ok_or_else(|| SignatureError::Wrong(header()))?;
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret).map_err(|_| SignatureError::Wrong(header()))?;
    if let Some(name) = &form.timestamp_header {
        let time = message.header(name).ok_or_else(|| SignatureError::NoTime(name.clone()))?;
        mac.update(time.trim().as_bytes());
        mac.update(b":");
    }
    mac.update(message.body);
    // The comparison takes constant time.
    mac.verify_slice(&bytes).map_err(|_| SignatureError::Wrong(header()))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// The HMAC-SHA256 of `{}` with the secret `secret`, and of `5:{}`.
    fn signature(text: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(b"secret").expect("any length");
        mac.update(text.as_bytes());
        hex::encode(mac.finalize().into_bytes())
    }

    fn check(
        timestamp_header: Option<&str>,
        headers: &[(&str, String)],
    ) -> Result<(), SignatureError> {
        let form = SignatureForm {
            header: "x-sign".into(),
            prefix: "v1=".into(),
            timestamp_header: timestamp_header.map(ToOwned::to_owned),
        };
        let headers = headers.iter().map(|(name, text)| ((*name).to_owned(), text.clone()));
        let message = Message { headers: headers.collect(), ..Message::new(b"{}") };
        verify(&form, b"secret", &message)
    }

    #[rstest]
    #[case("{}", Ok(()))]
    #[case("{ }", Err(SignatureError::Wrong("x-sign".into())))]
    fn signature_must_be_that_of_the_body(
        #[case] signed: &str,
        #[case] expected: Result<(), SignatureError>,
    ) {
        assert_eq!(check(None, &[("x-sign", format!("v1={}", signature(signed)))]), expected);
    }

    #[rstest]
    #[case(&[], SignatureError::Missing("x-sign".into()))]
    #[case(&[("x-sign", "v1=zz".to_owned())], SignatureError::Wrong("x-sign".into()))]
    #[case(&[("x-sign", "00".to_owned())], SignatureError::Wrong("x-sign".into()))]
    fn missing_and_broken_signatures_are_refused(
        #[case] headers: &[(&str, String)],
        #[case] error: SignatureError,
    ) {
        assert_eq!(check(None, headers), Err(error));
    }

    #[test]
    fn time_stands_before_the_signed_body() {
        let signature = format!("v1={}", signature("5:{}"));
        let headers = [("x-sign", signature.clone()), ("x-time", "5".to_owned())];
        assert_eq!(check(Some("x-time"), &headers), Ok(()));
        let error = SignatureError::NoTime("x-time".into());
        assert_eq!(check(Some("x-time"), &headers[..1]), Err(error));
    }
}
