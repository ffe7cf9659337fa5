//! Text messages and calls by Twilio (<https://www.twilio.com/docs/messaging/api>).
//!
//! The address is a telephone number. Twilio recognizes no repetition.

use std::sync::Arc;

use async_trait::async_trait;
use reqwest::Url;
use serde_json::Value;

use super::common::join;
use crate::model::notification::ChannelKind;
use crate::outbound::client::{Client, Request};
use crate::outbound::delivery::{AddressError, Channel, Receipt, SendError};
use crate::outbound::message::OutboundMessage;
use crate::outbound::secret::CachedSecret;
use crate::outbound::text;

/// Twilio accepts 1,600 characters, and charges for each part of 153 (of 67 where one is not in the
/// alphabet of GSM).
const MAX_TEXT: usize = 480;
/// The number of characters spoken in about half a minute.
const MAX_SPOKEN: usize = 400;

/// The way in which Twilio reaches a person.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Medium {
    /// A text message.
    Sms,
    /// A call in which the message is read out.
    Call,
}

/// An account of Twilio.
pub(super) struct Twilio {
    pub(super) client: Arc<Client>,
    pub(super) url: Url,
    pub(super) medium: Medium,
    /// The id of the account, `AC…`.
    pub(super) account: String,
    /// The id of an API key, `SK…`; without one the secret is the token of the account.
    pub(super) key: Option<String>,
    /// The sender's number, or for messages the id of a service, `MG…`.
    pub(super) from: String,
    pub(super) secret: CachedSecret,
}

#[async_trait]
impl Channel for Twilio {
    fn kind(&self) -> ChannelKind {
        match self.medium {
            Medium::Sms => ChannelKind::TwilioSms,
            Medium::Call => ChannelKind::TwilioCall,
        }
    }

    fn check_address(&self, address: &str) -> Result<(), AddressError> {
        let expected = "a number with its country such as +4915112345678";
        is_number(address).then_some(()).ok_or(AddressError { kind: self.kind(), expected })
    }

    async fn send(&self, address: &str, message: &OutboundMessage) -> Result<Receipt, SendError> {
        self.check_address(address)?;
        let secret = self.secret.get().await?;
        let content;
        let (resource, fields) = match self.medium {
            Medium::Sms => {
                content = text::plain(&with_one_link(message), MAX_TEXT, text::chars);
                let sender =
                    if self.from.starts_with("MG") { "MessagingServiceSid" } else { "From" };
                let fields = vec![("To", address), (sender, &self.from), ("Body", &content)];
                ("Messages.json", fields)
            }
            Medium::Call => {
                content = spoken(message);
                ("Calls.json", vec![("To", address), ("From", &self.from), ("Twiml", &content)])
            }
        };
        let url = join(&self.url, &["2010-04-01", "Accounts", &self.account, resource])?;
        let user = self.key.as_deref().unwrap_or(&self.account);
        let request =
            Request::form(url, &fields).with_basic(user, &secret)?.hiding_actions(message);
        let answer = self.client.send(request).await?;
        let body = answer.json();
        if answer.status.is_success() {
            let answer = super::common::without_page(answer, "Twilio")?;
            let id = body["sid"].as_str().map(str::to_owned);
            return Ok(answer.receipt(id));
        }
        if answer.status.as_u16() == 401 {
            self.secret.forget().await;
        }
        let problem = body.get("message").and_then(Value::as_str).map(|message| {
            let code = body["code"].as_u64().map(|code| format!(" ({code})")).unwrap_or_default();
            format!("{message}{code}")
        });
        Err(answer.refusal(problem.as_deref()))
    }
}

/// Returns the message with the first of its links alone: each part of a text message costs.
fn with_one_link(message: &OutboundMessage) -> OutboundMessage {
    let mut message = message.clone();
    message.actions.truncate(1);
    if !message.actions.is_empty() {
        message.url = None;
    }
    message
}

/// Returns whether a text is a telephone number with its country (E.164).
pub(super) fn is_number(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
            && !digits.starts_with('0')
    })
}

/// Returns the text of a call, twice, as `TwiML`.
fn spoken(message: &OutboundMessage) -> String {
    let subject = match &message.incident {
        Some(incident) => format!(
            "Incident {}. Priority {}. {}.",
            incident.number.0, incident.priority, incident.title
        ),
        None => String::new(),
    };
    let says = format!("This is redphone. {subject} {}", message.text);
    let says = says.split_whitespace().collect::<Vec<_>>().join(" ");
    // No document of XML has these.
    let is_spoken = |c: &char| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}');
    let says: String = says.chars().filter(is_spoken).collect();
    let says = text::cut_escaped(&says, MAX_SPOKEN, text::chars, text::escape_xml);
    format!("<Response><Say>{says}</Say><Pause length=\"1\"/><Say>{says}</Say></Response>")
}
