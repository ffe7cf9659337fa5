//! E-mail over SMTP.
//!
//! All messages about an incident are one thread. An answer of 2xx means that the server has queued
//! the mail, not that it was delivered. Passwords are sent over TLS only; without TLS mail goes
//! only to hosts that the settings name as private.

use std::error::Error as _;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, AsyncTokioStream, Certificate, TlsParameters,
};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, Message};
use reqwest::Url;
use tokio::time::timeout;

use super::smtp_stream;
use crate::model::notification::{ChannelKind, MessageKind};
use crate::outbound::answer::excerpt;
use crate::outbound::client::Client;
use crate::outbound::delivery::{AddressError, Channel, Receipt, SendError};
use crate::outbound::message::OutboundMessage;
use crate::outbound::network::ConnectError;
use crate::outbound::secret::{CachedSecret, Mask};
use crate::outbound::text;

/// A line of a mail has 998 bytes at most; a list of mails shows less.
const MAX_SUBJECT: usize = 200;
const MAX_TEXT: usize = 20_000;
/// The longest document, in characters.
const MAX_DOCUMENT: usize = 500_000;
/// The text below a mail that can be answered.
const REPLY_HINT: &str = "Or answer this mail: ack, escalate or resolve on its first line.";
/// The same for a request, such as for a role.
const REQUEST_HINT: &str = "Or answer this mail: accept or decline on its first line.";
/// Ports of submission with STARTTLS, and with TLS from the start.
const PORTS: (u16, u16) = (587, 465);
/// The mechanisms that servers offer, all of which need TLS here.
const MECHANISMS: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];

/// A server that accepts mail.
pub(super) struct Email {
    pub(super) client: Arc<Client>,
    /// `smtp://host:port` for STARTTLS, `smtps://host:port` for TLS from the start.
    pub(super) url: Url,
    pub(super) from: Mailbox,
    /// The name to log in with; `None` for no login.
    pub(super) user: Option<String>,
    pub(super) secret: Option<CachedSecret>,
}

#[async_trait]
impl Channel for Email {
    fn kind(&self) -> ChannelKind {
        ChannelKind::Email
    }

    fn check_address(&self, address: &str) -> Result<(), AddressError> {
        let expected = "one such as ines@example.org";
        match address.parse::<Address>() {
            // Quotes, comments and numbers of hosts are allowed in an address, and seldom meant.
            Ok(_) if address.is_ascii() && !address.contains(['"', ' ', '[']) => Ok(()),
            _ => Err(AddressError { kind: self.kind(), expected }),
        }
    }

    async fn send(&self, address: &str, message: &OutboundMessage) -> Result<Receipt, SendError> {
        self.check_address(address)?;
        let host = self.url.host_str().unwrap_or_default().to_owned();
        let mail = self
            .mail(address, message)
            .map_err(|error| SendError::permanent(format!("the mail can't be written: {error}")))?;
        let mut mask = Mask::default();
        for secret in message.secrets() {
            mask.add(secret);
        }
        let password = match &self.secret {
            Some(secret) => {
                let password = secret.get().await?;
                mask.add(password.expose());
                if let Some(user) = &self.user {
                    mask.add(&format!("\0{user}\0{}", password.expose()));
                }
                Some(password)
            }
            None => None,
        };
        let limits = self.client.timeouts();
        let connecting = timeout(limits.connect + limits.answer, self.connect(&host, &mask));
        let mut connection = connecting
            .await
            .map_err(|_| SendError::temporary(format!("{host} made no connection in time")))??;
        let logged_in = match (&self.user, &password) {
            (Some(user), Some(password)) => {
                let credentials = Credentials::new(user.clone(), password.expose().to_owned());
                let login = connection.auth(&MECHANISMS, &credentials);
                match timeout(limits.answer, login).await {
                    Ok(Ok(_)) => Ok(()),
                    Ok(Err(error)) => Err(smtp_error(&host, &error, &mask, Stage::Before)),
                    Err(_) => Err(SendError::temporary(format!("{host} does not answer in time"))),
                }
            }
            _ => Ok(()),
        };
        if let Err(error) = logged_in {
            if let Some(secret) = &self.secret {
                secret.forget().await;
            }
            return Err(error);
        }
        let formatted = mail.formatted();
        let sent = timeout(limits.answer, connection.send(mail.envelope(), &formatted)).await;
        let response = match sent {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(smtp_error(&host, &error, &mask, Stage::During)),
            Err(_) => {
                return Err(SendError::uncertain(format!(
                    "{host} did not answer within {} s: the mail may have arrived",
                    limits.answer.as_secs_f32()
                )));
            }
        };
        // The mail is queued, whatever becomes of the farewell.
        let _ = timeout(Duration::from_secs(1), connection.quit()).await;
        let says = response.message().collect::<Vec<_>>().join(" ");
        let answer = excerpt(&mask.apply(&format!("{} {says}", response.code())));
        Ok(Receipt { provider_id: Some(message_id(&self.from, message)), answer })
    }
}

/// The progress of a mail when something failed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nothing of it was sent.
    Before,
    /// It was being sent.
    During,
}

impl Email {
    /// Connects, and makes the connection private where that is needed or possible.
    async fn connect(&self, host: &str, mask: &Mask) -> Result<AsyncSmtpConnection, SendError> {
        let limits = self.client.timeouts();
        let is_tls = self.url.scheme() == "smtps";
        let port = self.url.port().unwrap_or(if is_tls { PORTS.1 } else { PORTS.0 });
        let addresses =
            self.client.network().resolve(host, port).await.map_err(|error| match error {
                ConnectError::Private { .. } => SendError::permanent(error.to_string()),
                ConnectError::NotResolved { .. } => SendError::temporary(error.to_string()),
            })?;
        let failed = |error: smtp::Error| smtp_error(host, &error, mask, Stage::Before);
        let hello = ClientId::Domain(self.from.email.domain().to_owned());
        let stream = smtp_stream::connect(&addresses, limits.connect).await;
        let stream = stream.map_err(|error| {
            SendError::temporary(format!("{host} can't be reached: {}", io_cause(&error)))
        })?;
        let transport: Box<dyn AsyncTokioStream> = if is_tls {
            Box::new(stream.with_tls(self.tls(host).map_err(failed)?).await.map_err(failed)?)
        } else {
            Box::new(stream)
        };
        let connecting = AsyncSmtpConnection::connect_with_transport(transport, &hello);
        let mut connection = connecting.await.map_err(failed)?;
        if is_tls {
            return Ok(connection);
        }
        if connection.can_starttls() {
            let tls = self.tls(host).map_err(failed)?;
            connection.starttls(tls, &hello).await.map_err(failed)?;
            return Ok(connection);
        }
        if self.client.network().is_named(host) && self.user.is_none() {
            return Ok(connection);
        }
        Err(SendError::permanent(format!(
            "{host} offers no STARTTLS, and mail is not sent without TLS: write smtps:// for TLS \
             from the start, or for a relay without a password add \"{host}\" to private_hosts \
             under [outbound]"
        )))
    }

    fn tls(&self, host: &str) -> Result<TlsParameters, smtp::Error> {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let mut tls = TlsParameters::builder(host.to_owned());
        if let Some(pem) = self.client.ca_pem() {
            tls = tls.add_root_certificate(Certificate::from_pem(pem)?);
        }
        tls.build()
    }

    fn mail(
        &self,
        address: &str,
        message: &OutboundMessage,
    ) -> Result<Message, Box<dyn std::error::Error + Send + Sync>> {
        let subject = text::cut(&text::title(message), MAX_SUBJECT, text::chars);
        let mut builder = Message::builder()
            .from(self.from.clone())
            .to(address.parse()?)
            .subject(subject)
            .message_id(Some(message_id(&self.from, message)))
            .raw_header(raw_header("Auto-Submitted", "auto-generated"))
            .raw_header(raw_header("X-Auto-Response-Suppress", "All"));
        if let Some(incident) = &message.incident {
            let thread = format!("<incident.{}@{}>", incident.id, self.from.email.domain());
            builder = builder.in_reply_to(thread.clone()).references(thread);
        }
        if let Some(reply_to) = &message.reply_to {
            builder = builder.reply_to(reply_to.parse()?);
        }
        let is_document = message.document.is_some();
        let limit = if is_document { MAX_DOCUMENT } else { MAX_TEXT };
        let mut plain = text::plain(message, limit, text::chars);
        if message.reply_to.is_some() {
            plain = format!("{plain}\n\n{}", reply_hint(message));
        }
        // A document has its own HTML, or is a text alone.
        let html = match message.document.as_ref().map(|document| document.html.clone()) {
            None => html(message),
            Some(Some(html)) => html,
            Some(None) => return Ok(builder.singlepart(SinglePart::plain(plain))?),
        };
        Ok(builder.multipart(MultiPart::alternative_plain_html(plain, html))?)
    }
}

/// Returns the text below a mail that can be answered.
fn reply_hint(message: &OutboundMessage) -> &'static str {
    // A message about no incident that can be answered is a request for cover.
    let is_request = message.kind == MessageKind::RoleRequest || message.incident.is_none();
    if is_request { REQUEST_HINT } else { REPLY_HINT }
}

/// The id of a mail is that of the message, so that programs recognize a repeated mail.
fn message_id(from: &Mailbox, message: &OutboundMessage) -> String {
    format!("<{}@{}>", message.repetition_id(), from.email.domain())
}

fn raw_header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

fn html(message: &OutboundMessage) -> String {
    let content = text::cut(&text::body(message), MAX_TEXT, text::chars);
    let title = text::escape_xml(&text::title(message));
    let content = text::escape_xml(&content).replace('\n', "<br>");
    let actions = message.actions.iter().map(|action| (action.label.as_str(), &action.url));
    let incident = message.url.iter().map(|url| ("Open the incident", url));
    let links = actions.chain(incident).map(|(label, url)| {
        let (url, label) = (text::escape_xml(url), text::escape_xml(label));
        format!("<p><a href=\"{url}\">{label}</a></p>")
    });
    let links = links.collect::<Vec<_>>().concat();
    let hint = match message.reply_to {
        Some(_) => format!("<p>{}</p>", reply_hint(message)),
        None => String::new(),
    };
    format!(
        "<!doctype html><html><body><p><strong>{title}</strong></p><p>{content}</p>{links}{hint}</body>\
         </html>"
    )
}

/// Returns why a connection has failed, without the number of the system.
fn io_cause(error: &io::Error) -> String {
    error.to_string().split(" (os error").next().unwrap_or_default().to_owned()
}

/// Returns the meaning of a failure for the mail: 4yz is temporary, 5yz is permanent.
fn smtp_error(host: &str, error: &smtp::Error, mask: &Mask, stage: Stage) -> SendError {
    let mut deepest = error.to_string();
    let mut cause = error.source();
    while let Some(current) = cause {
        deepest = match current.downcast_ref::<io::Error>() {
            Some(error) => io_cause(error),
            None => current.to_string(),
        };
        cause = current.source();
    }
    let says = excerpt(&mask.apply(&deepest));
    if let Some(code) = error.status() {
        let reason = format!("{host} answers {code}: {says}");
        return if error.is_permanent() {
            SendError::permanent(reason)
        } else {
            SendError::temporary(reason)
        };
    }
    if error.is_client() {
        return SendError::permanent(format!("{host} can't be used: {says}"));
    }
    match stage {
        Stage::Before => SendError::temporary(format!("{host} can't be reached: {says}")),
        Stage::During => SendError::uncertain(format!(
            "{host} broke the connection off ({says}): the mail may have arrived"
        )),
    }
}
