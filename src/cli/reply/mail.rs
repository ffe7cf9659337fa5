//! Reads the answer in a mail: the token in the address to which it was sent, and the first line that its
//! sender has written.

use mail_parser::MessageParser;

use crate::model::notification::{AnswerSettings, LinkAction, LinkToken, parse_answer};

/// The headers in which the address stands to which a mail was delivered.
const ADDRESS_HEADERS: [&str; 6] =
    ["delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "to", "cc"];
/// How many lines are looked through for the first one that is no quote.
const MAX_LINES: usize = 200;

/// An answer by mail.
#[derive(Debug)]
pub(super) struct Mail {
    /// The token in the address.
    pub token: LinkToken,
    /// What is to be done.
    pub action: LinkAction,
}

/// Why a mail is no answer. Displayed as a sentence.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum MailError {
    /// It has no headers.
    #[error("standard input has no mail: pipe it in with all its headers")]
    NoMail,
    /// A program has written it, such as one that answers for somebody who is away.
    #[error("a program has written the mail: nothing is done")]
    Automatic,
    /// None of its addresses is that of the settings with a token.
    #[error(
        "the mail was sent to no address for answers: it must go to reply_address of the settings"
    )]
    NoToken,
    /// Its first line is no action.
    #[error(
        "the first line of the mail does not say what to do: write ack, escalate or resolve there"
    )]
    NoAction,
}

/// Reads a mail with all its headers.
///
/// Who has sent it does not matter: a sender can be forged, and an address with a token can't.
pub(super) fn read(bytes: &[u8], settings: &AnswerSettings) -> Result<Mail, MailError> {
    let message = MessageParser::default().parse(bytes).ok_or(MailError::NoMail)?;
    let headers: Vec<(String, &str)> = message
        .headers_raw()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim()))
        .collect();
    if headers.is_empty() {
        return Err(MailError::NoMail);
    }
    if headers.iter().any(|(name, value)| is_automatic(name, value)) {
        return Err(MailError::Automatic);
    }
    let values = |wanted: &'static str| {
        headers.iter().filter(move |(name, _)| name == wanted).map(|(_, value)| *value)
    };
    let mut addresses = ADDRESS_HEADERS.into_iter().flat_map(values);
    let token = addresses.find_map(|value| settings.token_in(value)).ok_or(MailError::NoToken)?;
    let text = message.body_text(0).unwrap_or_default();
    let (_, action) = first_line(&text).and_then(parse_answer).ok_or(MailError::NoAction)?;
    Ok(Mail { token, action })
}

/// Returns whether a header says that a program has written the mail (RFC 3834).
fn is_automatic(name: &str, value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    match name {
        "auto-submitted" => value != "no",
        "precedence" => matches!(value.as_str(), "bulk" | "junk" | "list" | "auto_reply"),
        _ => false,
    }
}

/// Returns the first line that is neither empty nor a quote.
fn first_line(text: &str) -> Option<&str> {
    let mut lines = text.lines().take(MAX_LINES).map(str::trim);
    lines.find(|line| !line.is_empty() && !line.starts_with(['>', '|']))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const TOKEN: &str = "0123456789abcdefghijklmno";

    fn settings() -> AnswerSettings {
        AnswerSettings {
            public_url: None,
            reply_address: Some("redphone+{token}@example.org".into()),
        }
    }

    fn read_text(text: &str) -> Result<(String, LinkAction), MailError> {
        let mail = read(text.replace('\n', "\r\n").as_bytes(), &settings());
        mail.map(|mail| (mail.token.expose().to_owned(), mail.action))
    }

    #[rstest]
    #[case("To", "ack", LinkAction::Acknowledge)]
    #[case("Delivered-To", "Escalate!", LinkAction::Escalate)]
    #[case("X-Original-To", "resolve it is back", LinkAction::Resolve)]
    #[case("Cc", "> a\n\nacknowledge\n> resolve", LinkAction::Acknowledge)]
    fn answer_is_read(#[case] header: &str, #[case] body: &str, #[case] action: LinkAction) {
        let mail = format!(
            "From: stranger@example.com\nSubject: Re: x\n{header}: Redphone\n \
             <redphone+{TOKEN}@example.org>\n\n{body}\n"
        );
        assert_eq!(read_text(&mail), Ok((TOKEN.to_owned(), action)));
    }

    #[test]
    fn encoded_parts_are_decoded() {
        let mail = format!(
            "From: a@example.com\nTo: redphone+{TOKEN}@example.org\nMIME-Version: 1.0\n\
             Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain; \
             charset=utf-8\nContent-Transfer-Encoding: base64\n\nYWNrCgo+IElOQy0xMgo=\n--b\n\
             Content-Type: text/html\n\n<p>resolve</p>\n--b--\n"
        );
        assert_eq!(read_text(&mail), Ok((TOKEN.to_owned(), LinkAction::Acknowledge)));
    }

    #[rstest]
    #[case("", MailError::NoMail)]
    #[case("To: ines@example.org\n\nack\n", MailError::NoToken)]
    #[case("To: redphone+short@example.org\n\nack\n", MailError::NoToken)]
    fn mail_without_its_address_is_no_answer(#[case] mail: &str, #[case] error: MailError) {
        assert_eq!(read_text(mail), Err(error));
    }

    #[rstest]
    #[case("", "thank you", MailError::NoAction)]
    #[case("", "> ack", MailError::NoAction)]
    #[case("Auto-Submitted: auto-replied\n", "ack", MailError::Automatic)]
    #[case("Precedence: bulk\n", "ack", MailError::Automatic)]
    fn mail_that_says_nothing_is_no_answer(
        #[case] headers: &str,
        #[case] body: &str,
        #[case] error: MailError,
    ) {
        let mail = format!("{headers}To: redphone+{TOKEN}@example.org\n\n{body}\n");
        assert_eq!(read_text(&mail), Err(error));
    }

    #[test]
    fn any_bytes_are_read_without_a_panic() {
        for bytes in [&b"\xff\xfe\0"[..], b"To:", b"\r\n\r\n", b"To: \xf0\x9f\x92\xa9\r\n\r\n\xff"]
        {
            assert!(read(bytes, &settings()).is_err());
        }
    }
}
