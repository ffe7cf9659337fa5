//! Settings of a channel, and the ones that each kind needs.

use std::time::Duration;

use lettre::message::Mailbox;
use reqwest::Url;

use crate::model::notification::ChannelKind;

/// Settings of a channel, except its secrets.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ChannelOptions {
    /// Where the provider is. Some kinds have a default.
    pub url: Option<Url>,
    /// The sender of messages: an address of e-mail, a telephone number or a service of Twilio.
    pub from: Option<String>,
    /// The name to log in with, or the id of an API key.
    pub user: Option<String>,
    /// The id of an account.
    pub account: Option<String>,
    /// A program and its arguments.
    pub run: Vec<String>,
    /// How long the program may run.
    pub limit: Option<Duration>,
    /// The names of the variables that the program sees, besides those that every program does.
    pub env: Vec<String>,
}

/// A setting of a channel.
#[derive(Clone, Copy, PartialEq, Eq, Debug, strum::EnumIter, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[allow(missing_docs, reason = "the names are those of the settings file")]
pub enum OptionKey {
    Url,
    From,
    User,
    Account,
    Run,
    Timeout,
    Env,
    Secret,
    OldSecret,
}

/// Whether a kind of channel has a setting.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Need {
    /// The channel can't do without it.
    Required,
    /// The channel may have it.
    Optional,
    /// The channel has no use for it.
    Unused,
}

/// The error of a setting of a channel. Displayed as half a sentence that follows its name.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{problem}")]
pub struct OptionProblem {
    /// The setting.
    pub key: OptionKey,
    /// The error and the remedy.
    pub problem: String,
}

impl OptionKey {
    /// Returns the name in the settings file. A secret has several, which begin with this one.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Returns whether a kind of channel has a setting.
#[must_use]
pub fn need(kind: ChannelKind, key: OptionKey) -> Need {
    use ChannelKind as Kind;
    use Need::{Optional, Required, Unused};
    use OptionKey as Key;
    match (kind, key) {
        (Kind::Command, Key::Run)
        | (Kind::Email, Key::Url | Key::From)
        | (Kind::Gotify | Kind::Matrix | Kind::Webhook, Key::Url | Key::Secret)
        | (
            Kind::Slack
            | Kind::Pushover
            | Kind::Telegram
            | Kind::Mattermost
            | Kind::Discord
            | Kind::Teams,
            Key::Secret,
        )
        | (Kind::TwilioSms | Kind::TwilioCall, Key::Account | Key::From | Key::Secret) => Required,
        (Kind::Command, Key::Timeout | Key::Env)
        | (Kind::Email, Key::User | Key::Secret)
        | (Kind::Ntfy, Key::Url | Key::Secret)
        | (Kind::Webhook, Key::OldSecret)
        | (Kind::Slack | Kind::Pushover | Kind::Telegram, Key::Url)
        | (Kind::TwilioSms | Kind::TwilioCall, Key::Url | Key::User) => Optional,
        _ => Unused,
    }
}

/// Returns the default URL of the provider of a kind of channel.
#[must_use]
pub fn default_url(kind: ChannelKind) -> Option<&'static str> {
    match kind {
        ChannelKind::Ntfy => Some("https://ntfy.sh"),
        ChannelKind::Slack => Some("https://slack.com"),
        ChannelKind::Pushover => Some("https://api.pushover.net"),
        ChannelKind::Telegram => Some("https://api.telegram.org"),
        ChannelKind::TwilioSms | ChannelKind::TwilioCall => Some("https://api.twilio.com"),
        _ => None,
    }
}

impl ChannelOptions {
    /// Checks the form of the settings for a kind of channel.
    #[must_use]
    pub fn problems(&self, kind: ChannelKind) -> Vec<OptionProblem> {
        let mut problems = Vec::new();
        let mut wrong = |key, problem: &str| {
            problems.push(OptionProblem { key, problem: problem.to_owned() });
        };
        if let Some(problem) = self.url.as_ref().and_then(|url| url_problem(kind, url)) {
            wrong(OptionKey::Url, problem);
        }
        match (kind, &self.from) {
            (ChannelKind::Email, Some(from)) if from.parse::<Mailbox>().is_err() => wrong(
                OptionKey::From,
                "is no address of e-mail: write one such as \"redphone <redphone@example.org>\"",
            ),
            (ChannelKind::TwilioSms, Some(from)) if !is_sender(from) && !is_sid(from, "MG") => {
                wrong(
                    OptionKey::From,
                    "is neither a number such as \"+4915112345678\" nor a service such as \"MG…\"",
                );
            }
            (ChannelKind::TwilioCall, Some(from)) if !is_sender(from) => {
                wrong(OptionKey::From, "is no number: write one such as \"+4915112345678\"");
            }
            _ => {}
        }
        if let Some(account) = &self.account
            && !is_sid(account, "AC")
        {
            wrong(OptionKey::Account, "is no id of an account: write AC and 32 letters and digits");
        }
        let is_twilio = matches!(kind, ChannelKind::TwilioSms | ChannelKind::TwilioCall);
        if let Some(user) = &self.user
            && is_twilio
            && !is_sid(user, "SK")
        {
            wrong(OptionKey::User, "is no id of an API key: write SK and 32 letters and digits");
        }
        if self.user.as_ref().is_some_and(String::is_empty) {
            wrong(OptionKey::User, "is empty: write the name to log in with");
        }
        problems
    }
}

/// Returns the error of a URL for a kind of channel.
fn url_problem(kind: ChannelKind, url: &Url) -> Option<&'static str> {
    let is_mail = kind == ChannelKind::Email;
    let schemes: &[&str] = if is_mail { &["smtp", "smtps"] } else { &["https", "http"] };
    if !schemes.contains(&url.scheme()) || url.host_str().is_none_or(str::is_empty) {
        return Some(if is_mail {
            "is no address of a mail server: write one such as \"smtp://mail.example.org:587\""
        } else {
            "is no URL: write one such as \"https://ntfy.example.org\""
        });
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Some("has a name or a password in it: write them as user and secret_file");
    }
    if url.fragment().is_some() {
        return Some("has a # in it: leave out what is behind it");
    }
    let has_rest = !matches!(url.path(), "" | "/") || url.query().is_some();
    if is_mail && has_rest {
        return Some("has a path: write the host and its port alone");
    }
    None
}

fn is_sender(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (3..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
    })
}

/// Returns whether a text is an id of Twilio with this beginning.
fn is_sid(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix)
        .is_some_and(|rest| rest.len() == 32 && rest.bytes().all(|b| b.is_ascii_alphanumeric()))
}
