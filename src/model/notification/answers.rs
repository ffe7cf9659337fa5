//! Settings for answers to messages.

use super::link::LinkToken;

/// The path of the page of a link, without the token behind it.
pub const LINK_PATH: &str = "/a/";
/// The placeholder of the token in the address of replies.
pub const TOKEN_PLACEHOLDER: &str = "{token}";

/// How people can answer messages from where they are.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AnswerSettings {
    /// The URL under which people reach the server, without a `/` at its end. Without it messages have
    /// no links.
    pub public_url: Option<String>,
    /// The mail address to which replies go, with [`TOKEN_PLACEHOLDER`] in it. Without it mails can't be
    /// replied to.
    pub reply_address: Option<String>,
}

impl AnswerSettings {
    /// Returns the URL of the page of a link.
    #[must_use]
    pub fn link_url(&self, token: &LinkToken) -> Option<String> {
        let base = self.public_url.as_ref()?;
        Some(format!("{base}{LINK_PATH}{}", token.expose()))
    }

    /// Returns the address to which a mail is replied.
    #[must_use]
    pub fn mail_address(&self, token: &LinkToken) -> Option<String> {
        let address = self.reply_address.as_ref()?;
        Some(address.replacen(TOKEN_PLACEHOLDER, token.expose(), 1))
    }

    /// Finds the token in a text with mail addresses, such as the header `To`. Mail systems may have
    /// changed the case of the address.
    #[must_use]
    pub fn token_in(&self, addresses: &str) -> Option<LinkToken> {
        let pattern = self.reply_address.as_ref()?.to_lowercase();
        let (before, after) = pattern.split_once(TOKEN_PLACEHOLDER)?;
        let addresses = addresses.to_lowercase();
        let mut starts = addresses.match_indices(before).map(|(at, found)| at + found.len());
        starts.find_map(|start| {
            let (token, rest) = addresses.get(start..)?.split_at_checked(LinkToken::CHARS)?;
            let rest = rest.strip_prefix(after)?;
            let token = token.parse().ok()?;
            (!rest.starts_with(is_of_domain)).then_some(token)
        })
    }
}

/// Returns whether a character can be part of the domain of a mail address.
fn is_of_domain(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '-' | '.' | '_')
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const TOKEN: &str = "0123456789abcdefghijklmno";

    fn settings() -> AnswerSettings {
        AnswerSettings {
            public_url: Some("https://redphone.example.org".into()),
            reply_address: Some("redphone+{token}@example.org".into()),
        }
    }

    #[test]
    fn token_stands_in_url_and_address() {
        let token: LinkToken = TOKEN.parse().unwrap();
        let url = format!("https://redphone.example.org/a/{TOKEN}");
        assert_eq!(settings().link_url(&token), Some(url));
        let address = format!("redphone+{TOKEN}@example.org");
        assert_eq!(settings().mail_address(&token), Some(address));
        assert_eq!(AnswerSettings::default().link_url(&token), None);
        assert_eq!(AnswerSettings::default().mail_address(&token), None);
    }

    #[rstest]
    #[case("redphone+0123456789abcdefghijklmno@example.org", true)]
    #[case("Redphone <REDPHONE+0123456789ABCDEFGHIJKLMNO@Example.org>, x@example.org", true)]
    #[case("redphone+short@example.org, redphone+0123456789abcdefghijklmno@example.org", true)]
    #[case("redphone+0123456789abcdefghijklmno@example.org.evil.example", false)]
    #[case("redphone+0123456789abcdefghijklmnop@example.org", false)]
    #[case("redphone+0123456789abcdefghijklm@example.org", false)]
    #[case("redphone@example.org", false)]
    #[case("redphone+é123456789abcdefghijklmno@example.org", false)]
    #[case("", false)]
    fn token_is_found_in_addresses(#[case] header: &str, #[case] is_found: bool) {
        let token = settings().token_in(header);
        assert_eq!(token.as_ref().map(LinkToken::expose), is_found.then_some(TOKEN));
    }
}
