//! Writes people, teams, services, policies and schedules.

use chrono::{DateTime, NaiveDateTime, SecondsFormat, Utc};

use super::{TomlWriter, quote, quote_list, quote_path, quote_seconds};
use crate::model::calendar::CalendarLocation;
use crate::model::escalation::{Policy, PolicyLevel, Target};
use crate::model::oncall::{Layer, Member, Schedule, Turn};

impl TomlWriter<'_> {
    /// Writes people, teams, services, policies and schedules.
    pub(super) fn directory(&mut self) {
        let directory = &self.config.directory;
        for person in &directory.people {
            self.entry("people", &person.handle);
            self.field("handle", &quote(&person.handle));
            self.field("name", &quote(&person.name));
        }
        for team in &directory.teams {
            self.entry("teams", &team.name);
            self.field("name", &quote(&team.name));
            self.field("members", &quote_list(&team.members));
        }
        for service in &directory.services {
            self.entry("services", &service.name);
            self.field("name", &quote(&service.name));
            self.field("team", &quote(&service.team));
            self.field("depends_on", &quote_list(&service.depends_on));
            if let Some(runbook) = &service.runbook {
                self.field("runbook", &quote(runbook));
            }
            if let Some(objective) = service.objective {
                let (percent, fraction) = (objective / 1000, objective % 1000);
                self.field("objective", &quote(&format!("{percent}.{fraction:03}")));
            }
            if let Some(name) = &service.public_name {
                self.field("public_name", &quote(name));
            }
        }
        for policy in &directory.policies {
            self.policy(policy);
        }
        for schedule in &directory.schedules {
            self.schedule(schedule);
        }
    }

    fn policy(&mut self, policy: &Policy) {
        self.entry("policies", policy.key());
        self.field("team", &quote(&policy.team));
        if let Some(name) = &policy.name {
            self.field("name", &quote(name));
        }
        if !policy.services.is_empty() {
            self.field("services", &quote_list(&policy.services));
        }
        if !policy.priorities.is_empty() {
            self.field("priorities", &quote_list(policy.priorities.iter().map(|p| p.as_str())));
        }
        self.push_line("levels = [");
        for level in &policy.levels {
            self.push_line(&format!("    {},", format_level(level)));
        }
        self.push_line("]");
        if let Some(repeat) = policy.repeat {
            self.field("repeat", &repeat.times.to_string());
            self.field("repeat_every", &quote_seconds(repeat.every_s));
        }
        if let Some(level) = &policy.at_end {
            self.field("at_end", &format_level(level));
        }
    }

    fn schedule(&mut self, schedule: &Schedule) {
        self.entry("schedules", schedule.key());
        self.field("team", &quote(&schedule.team));
        if let Some(name) = &schedule.name {
            self.field("name", &quote(name));
        }
        if let Some(zone) = &schedule.zone {
            self.field("zone", &quote(zone));
        }
        if let Some(source) = self.calendar_of(schedule) {
            self.field("ical", &source);
        } else if schedule.layers.is_empty() {
            self.field("rotation", &quote_list(&schedule.rotation));
            self.field("starts", &format_time(schedule.starts_at));
            self.field("turn", &quote_seconds(schedule.turn_s));
        }
        if !schedule.overrides.is_empty() {
            self.push_line("overrides = [");
            for entry in &schedule.overrides {
                let (from, to) = (format_time(entry.from), format_time(entry.to));
                let person = quote(&entry.person);
                let covers = entry
                    .covers
                    .as_ref()
                    .map_or_else(String::new, |covers| format!(", covers = {}", quote(covers)));
                self.push_line(&format!(
                    "    {{ person = {person}, from = {from}, to = {to}{covers} }},"
                ));
            }
            self.push_line("]");
        }
        for layer in &schedule.layers {
            self.layer(layer);
        }
    }

    /// Returns the location of a schedule's calendar. Of an address only the host is shown: the
    /// rest is as secret as a password.
    fn calendar_of(&self, schedule: &Schedule) -> Option<String> {
        schedule.calendar.as_ref()?;
        let mut sources = self.config.outbound.calendars.iter();
        let source = sources.find(|source| source.schedule == schedule.key())?;
        Some(match &source.location {
            CalendarLocation::File(file) => quote_path(file),
            CalendarLocation::Url { host, .. } => quote(&format!("https://{host}/…")),
        })
    }

    fn layer(&mut self, layer: &Layer) {
        self.push_line("[[schedules.layers]]");
        if let Some(name) = &layer.name {
            self.field("layer", &quote(name));
        }
        let people: Vec<String> = layer.people.iter().map(format_member).collect();
        self.field("rotation", &format!("[{}]", people.join(", ")));
        self.field("starts", &format_local(layer.starts));
        if let Some(ends) = layer.ends {
            self.field("ends", &format_local(ends));
        }
        let turn = match &layer.turn {
            Turn::Seconds(length) => quote_seconds(*length),
            Turn::Months(months) => quote(&format!("{months} months")),
            Turn::Days(days) => {
                let days: Vec<String> = days.iter().map(ToString::to_string).collect();
                quote(&days.join(","))
            }
            Turn::Unknown(turn) => quote(&turn.to_string()),
        };
        self.field("turn", &turn);
        if !layer.hours.is_empty() {
            self.field("hours", &quote_list(layer.hours.iter().map(ToString::to_string)));
        }
    }
}

fn format_time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// Formats a level of a policy as an inline table.
fn format_level(level: &PolicyLevel) -> String {
    let call = quote_list(level.call.iter().map(|target| match target {
        Target::OnCall(team) => format!("on-call:{team}"),
        Target::Person(handle) => handle.clone(),
        Target::Schedule(name) => format!("schedule:{name}"),
        Target::Team(name) => format!("team:{name}"),
        Target::Unknown(target) => target.to_string(),
    }));
    let round_robin = if level.round_robin { ", round_robin = true" } else { "" };
    let all = if level.all_must_acknowledge { ", all_must_acknowledge = true" } else { "" };
    format!("{{ after = {}, call = {call}{round_robin}{all} }}", quote_seconds(level.after_s))
}

/// Formats a member of a rotation.
fn format_member(member: &Member) -> String {
    let person = quote(member.person.as_deref().unwrap_or("nobody"));
    if member.from.is_none() && member.until.is_none() {
        return person;
    }
    let time = |name: &str, time: Option<NaiveDateTime>| {
        time.map_or_else(String::new, |time| format!(", {name} = {}", format_local(time)))
    };
    format!("{{ person = {person}{}{} }}", time("from", member.from), time("until", member.until))
}

fn format_local(time: NaiveDateTime) -> String {
    time.format("%Y-%m-%dT%H:%M:%S").to_string()
}
