//! Parsing and verification of Twilio's requests
//! (<https://www.twilio.com/docs/usage/security#validating-requests>).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Url;
use sha1::Sha1;

use crate::model::text::sanitize;

/// The header with the signature.
pub(in crate::server) const SIGNATURE: &str = "x-twilio-signature";

/// The longest answer, in characters: one text message.
const MAX_ANSWER: usize = 160;

/// The fields of a form in the order in which they came.
pub(in crate::server) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads the body of a request.
    pub(in crate::server) fn parse(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    /// Returns the text of a field; empty without it.
    pub(in crate::server) fn get(&self, name: &str) -> &str {
        let field = self.0.iter().find(|(field, _)| field == name);
        field.map(|(_, text)| text.as_str()).unwrap_or_default()
    }

    /// Returns whether the signature is that of a request with this form to a URL: HMAC-SHA1 over the
    /// URL and all fields in the order of their names.
    pub(in crate::server) fn is_signed(&self, signature: &str, url: &str, secret: &str) -> bool {
        let Ok(signature) = STANDARD.decode(signature.trim()) else { return false };
        let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(secret.as_bytes()) else { return false };
        mac.update(url.as_bytes());
        let mut fields: Vec<&(String, String)> = self.0.iter().collect();
        fields.sort();
        fields.dedup();
        for (name, text) in fields {
            mac.update(name.as_bytes());
            mac.update(text.as_bytes());
        }
        // In constant time.
        mac.verify_slice(&signature).is_ok()
    }
}

/// Returns the URLs of a path that Twilio may have signed: with or without the port, whatever its
/// settings are.
pub(in crate::server) fn urls(public_url: &str, path: &str) -> Vec<String> {
    let mut urls = vec![format!("{public_url}{path}")];
    if let Ok(url) = Url::parse(public_url)
        && let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default())
    {
        let host = if url.port().is_some() { host.to_owned() } else { format!("{host}:{port}") };
        let base = url.path().trim_end_matches('/');
        urls.push(format!("{}://{host}{base}{path}", url.scheme()));
    }
    urls
}

/// Returns the reply that Twilio sends to the sender of the message; `None` for none.
pub(in crate::server) fn response(sentence: Option<&str>) -> String {
    const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    let Some(sentence) = sentence else { return format!("{HEAD}<Response/>") };
    let short: String = sanitize(sentence).chars().take(MAX_ANSWER).collect();
    let short = short.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!("{HEAD}<Response><Message>{short}</Message></Response>")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const URL: &str = "https://mycompany.com/myapp.php?foo=1&bar=2";
    const BODY: &str = "To=%2B18005551212&Digits=1234&CallSid=CA1234567890ABCDE\
                        &Caller=%2B14158675309&From=%2B14158675309";
    const SIGNATURE: &str = "RSOYDt4T1cUTdK1PDd93/VVr8B8=";

    /// The example of Twilio's own libraries.
    #[test]
    fn signature_is_that_of_twilio() {
        assert!(Form::parse(BODY.as_bytes()).is_signed(SIGNATURE, URL, "12345"));
    }

    #[rstest]
    #[case(BODY, SIGNATURE, URL, "12346")]
    #[case(BODY, SIGNATURE, "https://mycompany.com/myapp.php?foo=1&bar=3", "12345")]
    #[case(BODY, "RSOYDt4T1cUTdK1PDd93/VVr8B9=", URL, "12345")]
    #[case(BODY, "", URL, "12345")]
    #[case(BODY, "not base64", URL, "12345")]
    #[case("To=%2B18005551212", SIGNATURE, URL, "12345")]
    #[case("", SIGNATURE, URL, "12345")]
    fn anything_altered_is_refused(
        #[case] body: &str,
        #[case] signature: &str,
        #[case] url: &str,
        #[case] secret: &str,
    ) {
        assert!(!Form::parse(body.as_bytes()).is_signed(signature, url, secret));
    }

    #[rstest]
    #[case("https://a.example", ["https://a.example/x?y=1", "https://a.example:443/x?y=1"])]
    #[case("https://a.example:8443/b", ["https://a.example:8443/b/x?y=1", "https://a.example/b/x?y=1"])]
    fn port_may_be_named_or_not(#[case] public_url: &str, #[case] expected: [&str; 2]) {
        assert_eq!(urls(public_url, "/x?y=1"), expected);
    }

    #[test]
    fn answer_is_escaped_and_one_message() {
        let answer = response(Some("INC-12 <b> & co\u{1b}"));
        assert!(
            answer.ends_with("<Response><Message>INC-12 &lt;b&gt; &amp; co␛</Message></Response>")
        );
        assert!(response(None).ends_with("<Response/>"));
        assert!(response(Some(&"x".repeat(1000))).len() < 300);
    }
}
