//! Writes the configuration in force as TOML, with the source of each value.

mod directory;
mod publishing;
mod signals;

use std::path::Path;

use chrono::TimeDelta;

use super::colors::ColorRole;
use super::effective::Config;
use super::location::{Location, RemoteConfig};
use super::log_level::log_level_name;
use super::outbound::{ChannelSettings, TrackerSettings};
use super::toml_text::{format_keys, quote};
use crate::backend::http::TokenSource;
use crate::ingest::SecretSource;
use crate::model::Priority;
use crate::model::follow_up::FollowUpState;
use crate::model::notification::{ContactRule, PersonContacts};
use crate::model::priority::Level as Extent;
use crate::model::stability::by_priority;

/// Formats a duration in the largest unit that is exact.
#[must_use]
pub fn format_duration(duration: TimeDelta) -> String {
    let seconds = duration.num_seconds();
    let units = [("d", 86_400), ("h", 3600), ("m", 60)];
    let unit = units.iter().find(|(_, size)| seconds > 0 && seconds % size == 0);
    unit.map_or_else(|| format!("{seconds}s"), |(unit, size)| format!("{}{unit}", seconds / size))
}

/// Returns everything that is in force. `actions` are the names of all actions with their present
/// keys.
#[must_use]
pub fn show(config: &Config, actions: &[(&str, Vec<String>)]) -> String {
    let mut writer = TomlWriter { config, text: String::new(), prefix: String::new() };
    writer.general();
    writer.appearance();
    writer.rules();
    writer.reminders();
    writer.section("templates");
    for template in &config.panes.templates {
        writer.setting(&template.name, &quote(&template.text.source()));
    }
    writer.section("keys");
    for (name, keys) in actions {
        writer.setting(name, &format_keys(keys));
    }
    writer.views();
    writer.commands();
    writer.profiles();
    writer.directory();
    writer.objectives();
    writer.heartbeats();
    writer.self_tests();
    writer.outbound();
    writer.publishing();
    writer.ingest();
    writer.text
}

struct TomlWriter<'a> {
    config: &'a Config,
    text: String,
    /// The full name of the table that is being written, with a dot.
    prefix: String,
}

fn quote_path(path: &Path) -> String {
    quote(&path.to_string_lossy())
}

fn quote_list<T: AsRef<str>>(list: impl IntoIterator<Item = T>) -> String {
    let list: Vec<String> = list.into_iter().map(|item| quote(item.as_ref())).collect();
    format!("[{}]", list.join(", "))
}

fn quote_seconds(count: i64) -> String {
    quote(&format_duration(TimeDelta::seconds(count)))
}

/// Formats a key that may be any text, in quotes if it needs them.
fn format_key(name: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !name.is_empty() && name.chars().all(is_bare) { name.to_owned() } else { quote(name) }
}

impl TomlWriter<'_> {
    /// Writes a setting, with its source.
    fn setting(&mut self, name: &str, value: &str) {
        let origin = self.config.origins.get(&format!("{}{}", self.prefix, name));
        self.push_line(&format!("{} = {value} # {origin}", format_key(name)));
    }

    /// Writes a setting of an entry; the source is written once for the entire entry.
    fn field(&mut self, name: &str, value: &str) {
        self.push_line(&format!("{name} = {value}"));
    }

    fn push_line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn section(&mut self, name: &str) {
        self.push_line(&format!("\n[{name}]"));
        self.prefix = format!("{name}.");
    }

    /// Begins an entry of a list of tables.
    fn entry(&mut self, list: &str, name: &str) {
        let origin = self.config.origins.get(&format!("{list}.{name}"));
        self.push_line(&format!("\n[[{list}]] # {origin}"));
    }

    fn general(&mut self) {
        let config = self.config;
        self.setting("user", &quote(&config.me));
        match &config.location {
            Location::File(store) => self.setting("store", &quote_path(store)),
            // Only profiles name an API, so this is a comment: the source of the choice is shown
            // nevertheless.
            Location::Remote(remote) => {
                let origin = config.origins.get("backend");
                self.push_line(&format!(
                    "# backend = {} # {origin}",
                    quote(&remote.address.to_string())
                ));
            }
        }
        self.setting("ascii", &config.ascii.to_string());
        self.setting("color", &config.color.to_string());
        self.setting("log", &quote(log_level_name(config.log_level)));
        self.setting("automatic_escalation", &config.automatic_escalation.to_string());
        if let Some(url) = &config.answers.public_url {
            self.setting("public_url", &quote(url));
        }
        if let Some(address) = &config.answers.reply_address {
            self.setting("reply_address", &quote(address));
        }
        self.setting("columns", &quote_list(config.panes.columns.iter().map(|c| c.as_str())));
        if let Some(folder) = &config.panes.runbooks {
            self.setting("runbooks", &quote_path(folder));
        }
        self.setting("reopen", &quote(&format!("{}d", config.rules.reopen_days)));
        self.setting("suspect", &quote_seconds(config.rules.suspect_s));
    }

    fn appearance(&mut self) {
        let appearance = self.config.panes.appearance;
        self.section("looks");
        self.setting("theme", &quote(appearance.theme.as_str()));
        self.setting("depth", &quote(appearance.depth.as_str()));
        self.setting("zone", &quote(appearance.zone.as_str()));
        self.setting("low_bandwidth", &appearance.low_bandwidth.to_string());
        self.setting("synchronized", &appearance.synchronized.to_string());
        self.setting("mouse", &appearance.mouse.to_string());
        self.setting("title", &appearance.title.to_string());
        if let Some(own) = &appearance.own {
            self.section("looks.own");
            self.setting("base", &quote(own.base.as_str()));
            for role in ColorRole::ALL {
                if let Some(color) = own.color(*role) {
                    self.setting(role.as_str(), &quote(&color.to_string()));
                }
            }
        }
        let notify = &self.config.panes.notify;
        self.section("notify");
        self.setting("bell", &notify.bell.to_string());
        self.setting("desktop", &quote(notify.desktop.as_str()));
        self.setting("priorities", &quote_list(notify.priorities.iter().map(|p| p.as_str())));
    }

    fn rules(&mut self) {
        let rules = &self.config.rules;
        for priority in Priority::ALL {
            let level = rules.levels.for_priority(priority);
            self.section(&format!("levels.{}", priority.as_str().to_lowercase()));
            self.setting("acknowledge", &quote_seconds(level.acknowledge_s));
            self.setting("resolve", &quote_seconds(level.resolve_s));
            let update = level.update_every_s.map_or_else(|| quote("none"), quote_seconds);
            self.setting("update", &update);
        }
        self.section("matrix");
        for impact in Extent::ALL {
            let row = Extent::ALL.map(|urgency| rules.matrix.priority(impact, urgency).as_str());
            self.setting(impact.as_str(), &quote_list(row));
        }
        self.section("storms");
        self.setting("incidents", &rules.storms.incidents.to_string());
        self.setting("alerts", &rules.storms.alerts.to_string());
        self.setting("within", &quote_seconds(rules.storms.within_s));
        self.setting("fold", &rules.storms.folds.to_string());
        let same = rules.storms.folds_same_service;
        self.setting("fold_same_service", &same.to_string());
        self.stability();
    }

    /// Writes how long alerts must be resolved before their incident may be.
    fn stability(&mut self) {
        let time = |seconds| if seconds > 0 { quote_seconds(seconds) } else { quote("never") };
        let rules = &self.config.rules.stability;
        self.section("stability");
        for (priority, seconds) in by_priority(&rules.times_s) {
            self.setting(&priority.as_str().to_lowercase(), &time(seconds));
        }
        for (service, times) in &rules.services {
            self.section(&format!("stability.services.{}", format_key(service)));
            for (priority, seconds) in by_priority(times) {
                self.setting(&priority.as_str().to_lowercase(), &time(seconds));
            }
        }
    }

    fn objectives(&mut self) {
        for (index, objective) in self.config.rules.objectives.iter().enumerate() {
            self.entry("objectives", &index.to_string());
            self.field("service", &quote(&objective.service));
            self.field("target", &quote(&objective.target()));
            self.field("window", &quote(&format!("{}d", objective.window_days)));
            self.field("alert", &objective.alert.to_string());
        }
    }

    fn views(&mut self) {
        for view in &self.config.panes.views {
            self.entry("views", &view.name);
            self.field("name", &quote(&view.name));
            self.field("filter", &quote(&view.filter.to_string()));
            self.field("sort", &quote(view.sort.as_str()));
            if let Some(key) = view.key {
                self.field("key", &quote(&key.to_string()));
            }
        }
    }

    fn commands(&mut self) {
        for command in &self.config.panes.commands {
            self.entry("commands", &command.name);
            self.field("name", &quote(&command.name));
            if let Some(key) = command.key {
                self.field("key", &quote(&key.to_string()));
            }
            self.field("run", &quote_list(command.run.iter().map(super::pattern::Pattern::source)));
            if !command.help.is_empty() {
                self.field("help", &quote(&command.help));
            }
            self.field("dangerous", &command.dangerous.to_string());
            self.field("note", &command.note.to_string());
            let timeout = i64::try_from(command.timeout.as_secs()).unwrap_or(i64::MAX);
            self.field("timeout", &quote_seconds(timeout));
            if let Some(when) = &command.when {
                self.field("when", &quote(&when.to_string()));
            }
        }
    }

    fn profiles(&mut self) {
        for profile in &self.config.profiles {
            let origin = self.config.origins.get(&format!("profiles.{}", profile.name));
            let is_chosen = self.config.panes.profile.as_ref() == Some(profile);
            let chosen = if is_chosen { ", chosen" } else { "" };
            self.push_line(&format!(
                "\n[profiles.{}] # {origin}{chosen}",
                format_key(&profile.name)
            ));
            match &profile.location {
                None => {}
                Some(Location::File(store)) => self.field("store", &quote_path(store)),
                Some(Location::Remote(remote)) => self.remote(remote),
            }
            self.field("production", &profile.production.to_string());
            self.field("read_only", &profile.read_only.to_string());
        }
    }

    fn remote(&mut self, remote: &RemoteConfig) {
        self.field("backend", &quote(&remote.address.to_string()));
        if let Some(file) = &remote.ca_file {
            self.field("ca_file", &quote_path(file));
        }
        match &remote.token {
            None => {}
            Some(TokenSource::Keyring) => self.field("token_keyring", "true"),
            Some(TokenSource::File(file)) => self.field("token_file", &quote_path(file)),
            Some(TokenSource::Variable(name)) => self.field("token_env", &quote(name)),
            Some(TokenSource::Command(run)) => self.field("token_command", &quote_list(run)),
        }
        if remote.insecure_http {
            self.field("insecure_http", "true");
        }
    }

    fn outbound(&mut self) {
        let outbound = &self.config.outbound;
        self.section("outbound");
        let hosts = outbound.private_hosts.iter().map(ToString::to_string);
        self.setting("private_hosts", &quote_list(hosts));
        if let Some(file) = &outbound.ca_file {
            self.setting("ca_file", &quote_path(file));
        }
        for channel in &outbound.channels {
            self.channel(channel);
        }
        for tracker in &outbound.trackers {
            self.tracker(tracker);
        }
        for person in &outbound.contacts.people {
            self.contacts(person);
        }
    }

    fn tracker(&mut self, tracker: &TrackerSettings) {
        let origin = self.config.origins.get(&format!("trackers.{}", tracker.name));
        self.push_line(&format!("\n[trackers.{}] # {origin}", format_key(&tracker.name)));
        self.field("kind", &quote(tracker.kind.as_str()));
        let options = &tracker.options;
        let [url, web_url] =
            [&options.url, &options.web_url].map(|url| url.as_ref().map(ToString::to_string));
        for (name, text) in [
            ("url", url.as_ref()),
            ("web_url", web_url.as_ref()),
            ("workspace", options.workspace.as_ref()),
            ("project", Some(&options.project)),
            ("user", options.user.as_ref()),
            ("issue_type", options.issue_type.as_ref()),
        ] {
            if let Some(text) = text {
                self.field(name, &quote(text));
            }
        }
        if !options.labels.is_empty() {
            self.field("labels", &quote_list(&options.labels));
        }
        if !options.states.is_empty() {
            let state = |(name, state): (&String, &FollowUpState)| {
                format!("{} = {}", quote(name), quote(state.as_str()))
            };
            let states: Vec<String> = options.states.iter().map(state).collect();
            self.field("states", &format!("{{ {} }}", states.join(", ")));
        }
        self.field("default", &tracker.is_default.to_string());
        self.field("close_items", &tracker.closes_items.to_string());
        self.field("poll", &quote_seconds(i64::try_from(tracker.poll.as_secs()).unwrap_or(0)));
        self.secret("secret", &tracker.secret);
    }

    /// Writes the source of a secret.
    fn secret(&mut self, prefix: &str, source: &TokenSource) {
        match source {
            TokenSource::Keyring => {}
            TokenSource::File(file) => self.field(&format!("{prefix}_file"), &quote_path(file)),
            TokenSource::Variable(name) => self.field(&format!("{prefix}_env"), &quote(name)),
            TokenSource::Command(run) => {
                self.field(&format!("{prefix}_command"), &quote_list(run));
            }
        }
    }

    fn channel(&mut self, channel: &ChannelSettings) {
        let origin = self.config.origins.get(&format!("channels.{}", channel.name));
        self.push_line(&format!("\n[channels.{}] # {origin}", format_key(&channel.name)));
        self.field("kind", &quote(channel.kind.as_str()));
        let options = &channel.options;
        let url = options.url.as_ref().map(ToString::to_string);
        for (name, text) in [
            ("url", url.as_ref()),
            ("from", options.from.as_ref()),
            ("user", options.user.as_ref()),
            ("account", options.account.as_ref()),
        ] {
            if let Some(text) = text {
                self.field(name, &quote(text));
            }
        }
        if !options.run.is_empty() {
            self.field("run", &quote_list(&options.run));
        }
        if let Some(limit) = options.limit {
            self.field("timeout", &quote_seconds(i64::try_from(limit.as_secs()).unwrap_or(0)));
        }
        if !options.env.is_empty() {
            self.field("env", &quote_list(&options.env));
        }
        for (prefix, source) in [("secret", &channel.secret), ("old_secret", &channel.old_secret)] {
            if let Some(source) = source {
                self.secret(prefix, source);
            }
        }
    }

    fn ingest(&mut self) {
        let ingest = &self.config.ingest;
        for (name, sender) in &ingest.senders {
            let origin = self.config.origins.get(&format!("ingest.{name}"));
            self.push_line(&format!("\n[ingest.{}] # {origin}", format_key(name)));
            for (key, text) in &sender.written {
                self.field(key, text);
            }
            if !sender.topics.is_empty() {
                self.field("topics", &quote_list(&sender.topics));
            }
            match &sender.secret {
                None => {}
                Some(SecretSource::File(file)) => self.field("secret_file", &quote_path(file)),
                Some(SecretSource::Variable(name)) => self.field("secret_env", &quote(name)),
            }
        }
        for (index, rule) in ingest.rules.0.iter().enumerate() {
            let name = rule.name().map_or_else(|| (index + 1).to_string(), ToOwned::to_owned);
            self.entry("ingest_rules", &name);
            for (key, text) in rule.written() {
                self.field(key, text);
            }
        }
    }

    fn contacts(&mut self, person: &PersonContacts) {
        self.entry("contacts", &person.person);
        self.field("person", &quote(&person.person));
        self.push_line("ways = [");
        for contact in &person.contacts {
            let (name, channel) = (quote(&contact.name), quote(&contact.channel));
            let address = quote(&contact.address);
            self.push_line(&format!(
                "    {{ name = {name}, channel = {channel}, address = {address} }},"
            ));
        }
        self.push_line("]");
        let rule = |rule: &ContactRule| {
            let (contact, after) = (quote(&rule.contact), quote_seconds(rule.after_s));
            format!("{{ contact = {contact}, after = {after} }}")
        };
        for (name, rules) in [("urgent", &person.urgent), ("rest", &person.rest)] {
            let rules: Vec<String> = rules.iter().map(rule).collect();
            self.field(name, &format!("[{}]", rules.join(", ")));
        }
        if let Some(quiet) = &person.quiet {
            let (from, to) = (quiet.from.format("%H:%M"), quiet.to.format("%H:%M"));
            let zone = quiet.zone.as_ref().map(|zone| format!(", zone = {}", quote(zone)));
            let zone = zone.unwrap_or_default();
            self.field("quiet", &format!("{{ from = \"{from}\", to = \"{to}\"{zone} }}"));
        }
    }
}
