//! Creates channels from the settings.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;

use super::command::Command;
use super::discord::Discord;
use super::email::Email;
use super::gotify::Gotify;
use super::matrix::Matrix;
use super::mattermost::Mattermost;
use super::ntfy::Ntfy;
use super::pushover::Pushover;
use super::slack::Slack;
use super::teams::Teams;
use super::telegram::Telegram;
use super::twilio::{Medium, Twilio};
use super::webhook::Webhook;
use crate::model::notification::ChannelKind;
use crate::outbound::client::Client;
use crate::outbound::delivery::Channel;
use crate::outbound::options::{ChannelOptions, OptionKey, OptionProblem, default_url};
use crate::outbound::secret::CachedSecret;

/// The default time limit of a command.
const COMMAND_LIMIT: Duration = Duration::from_secs(30);

/// The secrets of a channel.
#[derive(Clone, Default)]
pub struct ChannelSecrets {
    /// The secret in use.
    pub current: Option<CachedSecret>,
    /// The previous one, while it is being replaced.
    pub old: Option<CachedSecret>,
}

/// Creates a channel. Nothing is connected, read or run yet.
///
/// # Errors
/// A setting that the kind needs is missing, or has the wrong form.
pub fn build(
    kind: ChannelKind,
    options: &ChannelOptions,
    secrets: ChannelSecrets,
    client: &Arc<Client>,
) -> Result<Arc<dyn Channel>, OptionProblem> {
    if let Some(problem) = options.problems(kind).into_iter().next() {
        return Err(problem);
    }
    let client = Arc::clone(client);
    let url = || -> Result<Url, OptionProblem> {
        let default = || default_url(kind).and_then(|url| Url::parse(url).ok());
        options.url.clone().or_else(default).ok_or_else(|| missing(OptionKey::Url))
    };
    let ChannelSecrets { current, old: old_secret } = secrets;
    let required = || current.clone().ok_or_else(|| missing(OptionKey::Secret));
    let twilio = |medium, client| -> Result<Arc<dyn Channel>, OptionProblem> {
        Ok(Arc::new(Twilio {
            client,
            url: url()?,
            medium,
            account: options.account.clone().ok_or_else(|| missing(OptionKey::Account))?,
            key: options.user.clone(),
            from: options.from.clone().ok_or_else(|| missing(OptionKey::From))?,
            secret: required()?,
        }))
    };
    Ok(match kind {
        ChannelKind::Command => {
            if options.run.is_empty() {
                return Err(missing(OptionKey::Run));
            }
            let limit = options.limit.unwrap_or(COMMAND_LIMIT);
            Arc::new(Command { run: options.run.clone(), limit, env: options.env.clone() })
        }
        ChannelKind::Email => {
            let from = options.from.as_deref().and_then(|from| from.parse().ok());
            Arc::new(Email {
                client,
                url: url()?,
                from: from.ok_or_else(|| missing(OptionKey::From))?,
                user: options.user.clone(),
                secret: current,
            })
        }
        ChannelKind::Ntfy => Arc::new(Ntfy { client, url: url()?, secret: current }),
        ChannelKind::Webhook => {
            Arc::new(Webhook { client, url: url()?, secret: required()?, old_secret })
        }
        ChannelKind::Slack => Arc::new(Slack { client, url: url()?, secret: required()? }),
        ChannelKind::Gotify => Arc::new(Gotify { client, url: url()?, secret: required()? }),
        ChannelKind::Pushover => Arc::new(Pushover { client, url: url()?, secret: required()? }),
        ChannelKind::Telegram => Arc::new(Telegram { client, url: url()?, secret: required()? }),
        ChannelKind::Matrix => Arc::new(Matrix { client, url: url()?, secret: required()? }),
        ChannelKind::Mattermost => Arc::new(Mattermost { client, secret: required()? }),
        ChannelKind::Discord => Arc::new(Discord { client, secret: required()? }),
        ChannelKind::Teams => Arc::new(Teams { client, secret: required()? }),
        ChannelKind::TwilioSms => twilio(Medium::Sms, client)?,
        ChannelKind::TwilioCall => twilio(Medium::Call, client)?,
    })
}

fn missing(key: OptionKey) -> OptionProblem {
    OptionProblem { key, problem: "is missing".to_owned() }
}
