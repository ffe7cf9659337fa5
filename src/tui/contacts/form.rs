//! The forms of a contact and of quiet hours: conversion of the typed text to a request.

use chrono::TimeDelta;

use crate::model::notification::{
    ContactChange, ContactPatch, ContactReach, QuietSpan, StoredContact,
};
use crate::model::time::{format_duration, parse_duration};

use crate::tui::core::app::App;
use crate::tui::form::{Field, Form, Kind};
use crate::tui::verb::logic::{FieldError, Filled, Filling, FormCommands, FormLogic, field_error};

const NAME: &str = "Name";
const CHANNEL: &str = "Channel";
const ADDRESS: &str = "Address";
const URGENT: &str = "P1 and P2";
const REST: &str = "All others";
const FROM: &str = "From";
const TO: &str = "To";
const ZONE: &str = "Zone";
/// The text for a contact that the rules never use.
const NEVER: &str = "never";

/// The form of a contact, or of the quiet hours. It is sent by [`super::update`], not as a command.
pub(in crate::tui) struct ContactForm {
    pub(in crate::tui) quiet: bool,
}

impl FormLogic for ContactForm {
    fn name(&self) -> &'static str {
        if self.quiet { "quiet hours" } else { "contact" }
    }

    fn heading(&self) -> &'static str {
        if self.quiet { "Your quiet hours" } else { "Your contact" }
    }

    fn phrases(&self) -> (&'static str, &'static str) {
        ("change", "changed")
    }

    fn fields(&self, _: &Filling<'_>) -> Vec<Field> {
        if self.quiet { quiet_fields(None) } else { fields(None, Vec::new()) }
    }

    fn commands(&self, _: &Filled<'_>) -> FormCommands {
        Ok((Vec::new(), Vec::new()))
    }
}

/// Returns the fields of a contact; of a new one for `None`. `channels` are offered.
pub(super) fn fields(contact: Option<&ContactReach>, channels: Vec<String>) -> Vec<Field> {
    let text = |of: fn(&ContactReach) -> &str| contact.map_or("", of);
    let waits = |of: fn(&ContactReach) -> &[i64]| contact.map_or("0s".to_owned(), |c| times(of(c)));
    vec![
        Field::line(NAME, text(|contact| &contact.contact)).hint("such as phone").required(),
        Field::name(CHANNEL, text(|contact| &contact.channel), channels)
            .hint("a channel of the settings")
            .required(),
        Field::line(ADDRESS, text(|contact| &contact.address))
            .hint("in the channel, such as a telephone number; empty where it needs none"),
        Field::line(URGENT, &waits(|contact| &contact.urgent_after_s))
            .example("0s, or 0s,5m, or never")
            .required(),
        Field::line(REST, &waits(|contact| &contact.rest_after_s))
            .example("0s, or 10m, or never")
            .required(),
    ]
}

/// Returns the fields of quiet hours; of new ones for `None`.
pub(super) fn quiet_fields(quiet: Option<&QuietSpan>) -> Vec<Field> {
    let text = |of: fn(&QuietSpan) -> &str| quiet.map_or("", of);
    vec![
        Field::line(FROM, text(|quiet| &quiet.from)).example("22:00; empty for none"),
        Field::line(TO, text(|quiet| &quiet.to)).example("07:00; empty for none"),
        Field::line(ZONE, text(|quiet| quiet.zone.as_deref().unwrap_or_default()))
            .example("Europe/Berlin; empty for that of the server"),
    ]
}

fn times(waits: &[i64]) -> String {
    if waits.is_empty() {
        return NEVER.to_owned();
    }
    let text = |wait: &i64| match wait {
        0 => "0s".to_owned(),
        wait => format_duration(TimeDelta::try_seconds(*wait).unwrap_or_default()),
    };
    waits.iter().map(text).collect::<Vec<_>>().join(",")
}

fn parse_times(form: &Form, label: &str) -> Result<Vec<i64>, FieldError> {
    let text = form.value(label);
    if text.eq_ignore_ascii_case(NEVER) {
        return Ok(Vec::new());
    }
    let wait = |text: &str| {
        let wait = parse_duration(text.trim()).filter(|wait| *wait >= TimeDelta::zero());
        let wait = wait.map(|wait| wait.num_seconds());
        wait.ok_or_else(|| field_error(label, "write times such as 0s,5m, or never"))
    };
    text.split(',').map(wait).collect()
}

/// Returns the change that a form requests.
pub(super) fn change(app: &App, form: &Form) -> Result<ContactChange, FieldError> {
    match &form.kind {
        Kind::QuietHours => quiet_change(form),
        Kind::Contact { name: None } => Ok(ContactChange::Add(StoredContact {
            name: form.value(NAME),
            channel: form.value(CHANNEL),
            address: form.value(ADDRESS),
            urgent_after_s: parse_times(form, URGENT)?,
            rest_after_s: parse_times(form, REST)?,
        })),
        Kind::Contact { name: Some(name) } => {
            if form.value(NAME) != *name {
                let why = "the name of a contact stays: add another one, and remove this one";
                return Err(field_error(NAME, why));
            }
            let changed = |label: &str| form.is_changed(label).then(|| form.value(label));
            let waits =
                |label: &str| form.is_changed(label).then(|| parse_times(form, label)).transpose();
            Ok(ContactChange::Change(ContactPatch {
                name: name.clone(),
                channel: changed(CHANNEL),
                address: changed(ADDRESS),
                urgent_after_s: waits(URGENT)?,
                rest_after_s: waits(REST)?,
            }))
        }
        _ => Err(field_error("", format!("{} has no form of contacts", app.session.me.handle))),
    }
}

fn quiet_change(form: &Form) -> Result<ContactChange, FieldError> {
    let (from, to, zone) = (form.value(FROM), form.value(TO), form.value(ZONE));
    if from.is_empty() && to.is_empty() {
        return Ok(ContactChange::Quiet(None));
    }
    let zone = Some(zone).filter(|zone| !zone.is_empty());
    let span = QuietSpan { from, to, zone };
    span.hours().map_err(|bad| {
        let label = match bad.field {
            "from" => FROM,
            "to" => TO,
            _ => ZONE,
        };
        field_error(label, bad.problem.to_string())
    })?;
    Ok(ContactChange::Quiet(Some(span)))
}
