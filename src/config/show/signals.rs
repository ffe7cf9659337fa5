//! Writes heartbeats, reminders, and when acknowledgements expire.

use super::{TomlWriter, format_key, quote, quote_list, quote_seconds};
use crate::model::Priority;

impl TomlWriter<'_> {
    /// Writes when acknowledgements expire, and the subjects of reminders.
    pub(super) fn reminders(&mut self) {
        let signals = &self.config.signals;
        let (expiry, reminders) = (signals.acknowledgement_expiry, signals.reminders);
        self.section("acknowledgement_expires");
        for priority in Priority::ALL {
            let after = expiry.0[priority.index()];
            let after = after.map_or_else(|| quote("never"), quote_seconds);
            self.setting(&priority.as_str().to_lowercase(), &after);
        }
        self.section("reminders");
        self.setting("updates", &reminders.updates.to_string());
        self.setting("snoozes", &reminders.snoozes.to_string());
        let lead = reminders.on_call_s.map_or_else(|| quote("never"), quote_seconds);
        self.setting("on_call", &lead);
        self.setting("week", &reminders.week.to_string());
        let pauses = reminders.pauses_s.map_or_else(|| quote("never"), quote_seconds);
        self.setting("pauses", &pauses);
        self.setting("action_items", &reminders.action_items.to_string());
        let windows = reminders.windows_s.map_or_else(|| quote("never"), quote_seconds);
        self.setting("maintenance", &windows);
    }

    /// Writes when a server tests itself, and which servers are watched.
    pub(super) fn self_tests(&mut self) {
        if let Some(rule) = &self.config.signals.self_test {
            self.section("self_test");
            self.setting("every", &quote_seconds(rule.every_s));
            self.setting("within", &quote_seconds(rule.within_s));
            self.setting("priority", &quote(rule.priority.as_str()));
            for (name, text) in [("service", &rule.service), ("team", &rule.team)] {
                if let Some(text) = text {
                    self.setting(name, &quote(text));
                }
            }
        }
        for (index, rule) in self.config.signals.watches.iter().enumerate() {
            self.entry("watch", &index.to_string());
            self.field("name", &quote(&rule.name));
            self.field("url", &quote(&rule.url));
            self.field("every", &quote_seconds(rule.every_s));
            self.field("grace", &quote_seconds(rule.grace_s));
            self.field("priority", &quote(rule.priority.as_str()));
            for (name, text) in [("service", &rule.service), ("team", &rule.team)] {
                if let Some(text) = text {
                    self.field(name, &quote(text));
                }
            }
        }
    }

    /// Writes the stakeholders and the heartbeats.
    pub(super) fn heartbeats(&mut self) {
        for (index, rule) in self.config.signals.stakeholders.iter().enumerate() {
            self.entry("stakeholders", &index.to_string());
            self.field("people", &quote_list(&rule.people));
            if !rule.services.is_empty() {
                self.field("services", &quote_list(&rule.services));
            }
            if !rule.priorities.is_empty() {
                self.field("priorities", &quote_list(rule.priorities.iter().map(|p| p.as_str())));
            }
            if !rule.topics.is_empty() {
                self.field("about", &quote_list(rule.topics.iter().map(|topic| topic.as_str())));
            }
        }
        for rule in &self.config.signals.heartbeats {
            let origin = self.config.origins.get(&format!("heartbeats.{}", rule.name));
            self.push_line(&format!("\n[heartbeats.{}] # {origin}", format_key(&rule.name)));
            self.field("interval", &quote_seconds(rule.interval_s));
            self.field("grace", &quote_seconds(rule.grace_s));
            self.field("priority", &quote(rule.priority.as_str()));
            for (name, text) in [
                ("title", &rule.title),
                ("service", &rule.service),
                ("team", &rule.team),
                ("runbook", &rule.runbook),
            ] {
                if let Some(text) = text {
                    self.field(name, &quote(text));
                }
            }
        }
    }
}
