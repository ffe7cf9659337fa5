//! Creates the channels of the settings.

use std::sync::Arc;

use async_trait::async_trait;

use super::failure::{Exit, Failure, io_error_text};
use crate::backend::file::{Reach, ReachSource};
use crate::backend::http::TokenSource;
use crate::config::Config;
use crate::config::outbound::{ChannelSettings, OutboundSettings, TrackerSettings};
use crate::model::notification::ChannelKind;
use crate::model::text::sanitize;
use crate::outbound::channel::{ChannelSecrets, build};
use crate::outbound::secret::CachedSecret;
use crate::outbound::tracker::build as build_tracker;
use crate::outbound::{
    Channels, Client, ClientOptions, ConfiguredTracker, Secret, SecretError, SecretSource, Trackers,
};
use crate::server::answers::{SmsAccount, SmsSettings};

/// The secret of a channel, a tracker or a publisher, which is read when it is first needed.
struct ConfiguredSecret {
    /// Its owner, as in "the channel mail".
    owner: String,
    source: TokenSource,
}

#[async_trait]
impl SecretSource for ConfiguredSecret {
    async fn read(&self) -> Result<Secret, SecretError> {
        let owner = sanitize(&self.owner);
        let wrong =
            |text: String| SecretError(format!("the secret of {owner} can't be read: {text}"));
        let text = self.source.read_text().await.map_err(|error| wrong(error.to_string()))?;
        let text = text.unwrap_or_default();
        Secret::new(text)
            .map_err(|error| wrong(format!("{} {error}", sanitize(self.source.to_string()))))
    }
}

/// Creates the client through which everything leaves the machine.
///
/// # Errors
/// The file of certificates can't be read.
pub fn client(settings: &OutboundSettings) -> Result<Client, Failure> {
    let ca_pem = match &settings.ca_file {
        Some(file) => Some(std::fs::read(file).map_err(|error| {
            Failure::new(
                Exit::Usage,
                format!(
                    "the file {} of ca_file under [outbound] can't be read: {}",
                    file.display(),
                    io_error_text(&error)
                ),
            )
        })?),
        None => None,
    };
    let options = ClientOptions {
        private_hosts: settings.private_hosts.clone(),
        ca_pem,
        ..ClientOptions::default()
    };
    Client::new(&options).map_err(|error| Failure::new(Exit::Usage, error.to_string()))
}

/// Creates the channels of the settings. Nothing is connected, read or run yet, except the file of
/// certificates.
///
/// # Errors
/// The file of certificates can't be read.
pub fn channels(settings: &OutboundSettings) -> Result<Channels, Failure> {
    if settings.channels.is_empty() && settings.ca_file.is_none() {
        // A client reads all certificates of the system, which takes a noticeable time at each start.
        return Ok(Channels::default());
    }
    let client = Arc::new(client(settings)?);
    let mut channels = Channels::default().with_client(Arc::clone(&client));
    for channel in &settings.channels {
        // The settings were checked, so this does not fail.
        match build(channel.kind, &channel.options, secrets(channel), &client) {
            Ok(made) => channels.insert(&channel.name, made),
            Err(problem) => tracing::warn!(
                "the channel {} is left out: {} {problem}",
                sanitize(&channel.name),
                problem.key.as_str()
            ),
        }
    }
    Ok(channels)
}

/// Returns the source of the settings' channels and contacts for a store. Nothing is created before
/// it is needed.
pub fn reach_source(config: &Config) -> ReachSource {
    let (outbound, file) = (config.outbound.clone(), config.file.clone());
    Arc::new(move || {
        let channels = channels(&outbound).map_err(|failure| failure.to_string())?;
        Ok(Reach { channels, contacts: outbound.contacts.clone(), file: file.clone() })
    })
}

fn secrets(channel: &ChannelSettings) -> ChannelSecrets {
    let cached = |source: &Option<TokenSource>| {
        source.as_ref().map(|source| cached_secret(&channel.name, source))
    };
    ChannelSecrets { current: cached(&channel.secret), old: cached(&channel.old_secret) }
}

fn cached_secret(channel: &str, source: &TokenSource) -> CachedSecret {
    secret_of(format!("the channel {channel}"), source)
}

fn secret_of(owner: String, source: &TokenSource) -> CachedSecret {
    CachedSecret::new(Arc::new(ConfiguredSecret { owner, source: source.clone() }))
}

/// Returns the secret of a publisher of the settings.
pub fn publisher_secret(name: &str, source: &TokenSource) -> CachedSecret {
    secret_of(format!("the publisher {name}"), source)
}

/// Creates the trackers of the settings. Nothing is connected or read yet, except the file of
/// certificates.
///
/// # Errors
/// The file of certificates can't be read.
pub fn trackers(settings: &OutboundSettings) -> Result<Trackers, Failure> {
    let mut trackers = Trackers::default();
    if settings.trackers.is_empty() {
        return Ok(trackers);
    }
    let client = Arc::new(client(settings)?);
    for tracker in &settings.trackers {
        let TrackerSettings { name, kind, options, secret, is_default, closes_items, poll } =
            tracker;
        let secret = secret_of(format!("the tracker {name}"), secret);
        // The settings were checked, so this does not fail.
        match build_tracker(*kind, options, secret, &client) {
            Ok(made) => trackers.insert(
                name,
                ConfiguredTracker {
                    tracker: made,
                    is_default: *is_default,
                    closes_items: *closes_items,
                    poll: *poll,
                },
            ),
            Err(problem) => tracing::warn!(
                "the tracker {} is left out: {} {problem}",
                sanitize(name),
                problem.key.as_str()
            ),
        }
    }
    Ok(trackers)
}

/// Returns how answers to text messages are checked: by the secrets of the channels that send such. An
/// API key signs no answers, so that a channel with one accepts none.
pub fn sms_settings(settings: &OutboundSettings) -> SmsSettings {
    let is_account = |channel: &&ChannelSettings| {
        channel.kind == ChannelKind::TwilioSms && channel.options.user.is_none()
    };
    let accounts = settings.channels.iter().filter(is_account).filter_map(|channel| {
        Some(SmsAccount {
            channel: channel.name.clone(),
            account: channel.options.account.clone()?,
            secret: cached_secret(&channel.name, channel.secret.as_ref()?),
        })
    });
    SmsSettings::new(accounts.collect(), Arc::new(settings.contacts.clone()))
}
