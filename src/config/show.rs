//! The configuration in force as TOML, with where each value comes from.

use std::fmt::Write;
use std::path::Path;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::sample::keys as key_list;
use super::{Config, Location, Remote, log_word};
use crate::backend::http::TokenSource;
use crate::model::Priority;
use crate::model::escalation::Target;
use crate::model::priority::Level as Extent;

/// A text in quotes, as TOML has it on one line. No control character is left as it is.
#[must_use]
pub fn text(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for ch in text.chars() {
        match ch {
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(ch);
            }
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            // What can't be shown as it is, and what orders text anew.
            ch if crate::model::text::sanitize(ch.encode_utf8(&mut [0; 4])) != ch.to_string() => {
                let code = u32::from(ch);
                // A String takes it.
                let _ = if code > 0xffff {
                    write!(quoted, "\\U{code:08x}")
                } else {
                    write!(quoted, "\\u{code:04x}")
                };
            }
            ch => quoted.push(ch),
        }
    }
    quoted.push('"');
    quoted
}

/// A span in the largest unit that is exact.
#[must_use]
pub fn span(span: TimeDelta) -> String {
    let seconds = span.num_seconds();
    let units = [("d", 86_400), ("h", 3600), ("m", 60)];
    let unit = units.iter().find(|(_, size)| seconds > 0 && seconds % size == 0);
    unit.map_or_else(|| format!("{seconds}s"), |(unit, size)| format!("{}{unit}", seconds / size))
}

/// All that holds. `actions` are the names of all actions with the keys they have now.
#[must_use]
pub fn show(config: &Config, actions: &[(&str, Vec<String>)]) -> String {
    let mut page = Page { config, text: String::new(), prefix: String::new() };
    page.top();
    page.looks();
    page.rules();
    page.section("templates");
    for template in &config.panes.templates {
        page.line(&template.name, &text(&template.text.source()));
    }
    page.section("keys");
    for (name, keys) in actions {
        page.line(name, &key_list(keys));
    }
    page.views();
    page.commands();
    page.profiles();
    page.directory();
    page.text
}

struct Page<'a> {
    config: &'a Config,
    text: String,
    /// The full name of the table that is being written, with a dot.
    prefix: String,
}

fn path(path: &Path) -> String {
    text(&path.to_string_lossy())
}

fn texts<T: AsRef<str>>(list: impl IntoIterator<Item = T>) -> String {
    let list: Vec<String> = list.into_iter().map(|item| text(item.as_ref())).collect();
    format!("[{}]", list.join(", "))
}

fn seconds(count: i64) -> String {
    text(&span(TimeDelta::seconds(count)))
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// A key as it is where it may be anything.
fn key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !name.is_empty() && name.chars().all(bare) { name.to_owned() } else { text(name) }
}

impl Page<'_> {
    /// A setting, with where it comes from.
    fn line(&mut self, name: &str, value: &str) {
        let origin = self.config.origins.of(&format!("{}{}", self.prefix, name));
        self.push(&format!("{} = {value} # {origin}", key(name)));
    }

    /// A setting of an entry that tells where it comes from as a whole.
    fn part(&mut self, name: &str, value: &str) {
        self.push(&format!("{name} = {value}"));
    }

    fn push(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn section(&mut self, name: &str) {
        self.push(&format!("\n[{name}]"));
        self.prefix = format!("{name}.");
    }

    /// An entry of a list of tables.
    fn entry(&mut self, list: &str, name: &str) {
        let origin = self.config.origins.of(&format!("{list}.{name}"));
        self.push(&format!("\n[[{list}]] # {origin}"));
    }

    fn top(&mut self) {
        let config = self.config;
        self.line("user", &text(&config.me));
        match &config.location {
            Location::File(store) => self.line("store", &path(store)),
            // Only profiles name one; what chose it is told all the same.
            Location::Remote(remote) => {
                let origin = config.origins.of("backend");
                self.push(&format!("# backend = {} # {origin}", text(&remote.address.to_string())));
            }
        }
        self.line("ascii", &config.ascii.to_string());
        self.line("color", &config.color.to_string());
        self.line("log", &text(log_word(config.log_level)));
        self.line("columns", &texts(config.panes.columns.iter().map(|c| c.as_str())));
        if let Some(folder) = &config.panes.runbooks {
            self.line("runbooks", &path(folder));
        }
        self.line("reopen", &text(&format!("{}d", config.rules.reopen_days)));
        self.line("suspect", &seconds(config.rules.suspect_s));
    }

    fn looks(&mut self) {
        let looks = self.config.panes.looks;
        self.section("looks");
        self.line("theme", &text(looks.theme.as_str()));
        self.line("depth", &text(looks.depth.as_str()));
        self.line("zone", &text(looks.zone.as_str()));
        self.line("low_bandwidth", &looks.low_bandwidth.to_string());
        self.line("synchronized", &looks.synchronized.to_string());
        let notify = &self.config.panes.notify;
        self.section("notify");
        self.line("bell", &notify.bell.to_string());
        self.line("desktop", &text(notify.desktop.as_str()));
        self.line("priorities", &texts(notify.priorities.iter().map(|p| p.as_str())));
    }

    fn rules(&mut self) {
        let rules = &self.config.rules;
        for priority in Priority::ALL {
            let level = rules.levels.for_priority(priority);
            self.section(&format!("levels.{}", priority.as_str().to_lowercase()));
            self.line("acknowledge", &seconds(level.acknowledge_s));
            self.line("resolve", &seconds(level.resolve_s));
            let update = level.update_every_s.map_or_else(|| text("none"), seconds);
            self.line("update", &update);
        }
        self.section("matrix");
        for impact in Extent::ALL {
            let row = Extent::ALL.map(|urgency| rules.matrix.priority(impact, urgency).as_str());
            self.line(impact.as_str(), &texts(row));
        }
    }

    fn views(&mut self) {
        for view in &self.config.panes.views {
            self.entry("views", &view.name);
            self.part("name", &text(&view.name));
            self.part("filter", &text(&view.filter.to_string()));
            self.part("sort", &text(view.sort.as_str()));
            if let Some(key) = view.key {
                self.part("key", &text(&key.to_string()));
            }
        }
    }

    fn commands(&mut self) {
        for command in &self.config.panes.commands {
            self.entry("commands", &command.name);
            self.part("name", &text(&command.name));
            if let Some(key) = command.key {
                self.part("key", &text(&key.to_string()));
            }
            self.part("run", &texts(command.run.iter().map(super::pattern::Pattern::source)));
            if !command.help.is_empty() {
                self.part("help", &text(&command.help));
            }
            self.part("dangerous", &command.dangerous.to_string());
            self.part("note", &command.note.to_string());
            let timeout = i64::try_from(command.timeout.as_secs()).unwrap_or(i64::MAX);
            self.part("timeout", &seconds(timeout));
            if let Some(when) = &command.when {
                self.part("when", &text(&when.to_string()));
            }
        }
    }

    fn profiles(&mut self) {
        for profile in &self.config.profiles {
            let origin = self.config.origins.of(&format!("profiles.{}", profile.name));
            let here = self.config.panes.profile.as_ref() == Some(profile);
            let chosen = if here { ", chosen" } else { "" };
            self.push(&format!("\n[profiles.{}] # {origin}{chosen}", key(&profile.name)));
            match &profile.location {
                None => {}
                Some(Location::File(store)) => self.part("store", &path(store)),
                Some(Location::Remote(remote)) => self.remote(remote),
            }
            self.part("production", &profile.production.to_string());
            self.part("read_only", &profile.read_only.to_string());
        }
    }

    fn remote(&mut self, remote: &Remote) {
        self.part("backend", &text(&remote.address.to_string()));
        if let Some(file) = &remote.ca_file {
            self.part("ca_file", &path(file));
        }
        match &remote.token {
            None => {}
            Some(TokenSource::Keyring) => self.part("token_keyring", "true"),
            Some(TokenSource::File(file)) => self.part("token_file", &path(file)),
            Some(TokenSource::Variable(name)) => self.part("token_env", &text(name)),
            Some(TokenSource::Command(run)) => self.part("token_command", &texts(run)),
        }
        if remote.insecure_http {
            self.part("insecure_http", "true");
        }
    }

    fn directory(&mut self) {
        let directory = &self.config.directory;
        for person in &directory.people {
            self.entry("people", &person.handle);
            self.part("handle", &text(&person.handle));
            self.part("name", &text(&person.name));
        }
        for team in &directory.teams {
            self.entry("teams", &team.name);
            self.part("name", &text(&team.name));
            self.part("members", &texts(&team.members));
        }
        for service in &directory.services {
            self.entry("services", &service.name);
            self.part("name", &text(&service.name));
            self.part("team", &text(&service.team));
            self.part("depends_on", &texts(&service.depends_on));
            if let Some(runbook) = &service.runbook {
                self.part("runbook", &text(runbook));
            }
            if let Some(objective) = service.objective {
                let (whole, part) = (objective / 1000, objective % 1000);
                self.part("objective", &text(&format!("{whole}.{part:03}")));
            }
        }
        for policy in &directory.policies {
            self.entry("policies", &policy.team);
            self.part("team", &text(&policy.team));
            self.push("levels = [");
            for level in &policy.levels {
                let call = texts(level.call.iter().map(|target| match target {
                    Target::OnCall(team) => format!("on-call:{team}"),
                    Target::Person(handle) => handle.clone(),
                }));
                self.push(&format!("    {{ after = {}, call = {call} }},", seconds(level.after_s)));
            }
            self.push("]");
        }
        for schedule in &directory.schedules {
            self.entry("schedules", &schedule.team);
            self.part("team", &text(&schedule.team));
            self.part("rotation", &texts(&schedule.rotation));
            self.part("starts", &time(schedule.starts_at));
            self.part("turn", &seconds(schedule.turn_s));
            if schedule.overrides.is_empty() {
                continue;
            }
            self.push("overrides = [");
            for one in &schedule.overrides {
                let (from, to) = (time(one.from), time(one.to));
                let person = text(&one.person);
                self.push(&format!("    {{ person = {person}, from = {from}, to = {to} }},"));
            }
            self.push("]");
        }
    }
}
