//! The fields of the form of a declaration about the impact besides its level.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::model::bad_field::BadField;
use crate::model::declared_impact::DeclaredImpact;
use crate::model::impact::{Affected, Reporter};

use crate::tui::core::app::App;
use crate::tui::form::{Field, Form};
use crate::tui::input::parse_time;
use crate::tui::verb::impact::parse_affected;
use crate::tui::verb::logic::{FieldError, field_error};
use crate::tui::verb::names;

const BEGAN: &str = "Began";
const AFFECTED: &str = "Affected";
const RECOVERY: &str = "Recovery";
const REPORTER: &str = "Reporter";
const TEAMS: &str = "Teams";

/// Returns the fields, which may all stay empty.
pub(super) fn fields(app: &App) -> Vec<Field> {
    let times = |forms: &str| parse_time::format_hint(forms, app.clock());
    vec![
        Field::line(BEGAN, "").example(times("20m ago, 10:10; empty if nobody knows")),
        Field::line(AFFECTED, "").example("1200 12.5% eu-west"),
        Field::line(RECOVERY, "").example(times("2h, 14:00; empty if nobody knows")),
        Field::line(REPORTER, "").example("Tom Varga, tom@example.org, T-4711"),
        Field::names(TEAMS, "", names::team_names(app)).hint("that help the one that leads"),
    ]
}

/// Reads the fields.
pub(super) fn parse(
    app: &App,
    form: &Form,
    at: DateTime<Utc>,
) -> Result<DeclaredImpact, FieldError> {
    let impact = DeclaredImpact {
        began_at: parse_began(app, form, at)?,
        affected: affected(form)?,
        expected_recovery: parse_recovery(app, form, at)?,
        reporter: reporter(form)?,
        teams: form.field(TEAMS).map(Field::entered_names).unwrap_or_default(),
    };
    impact.check(at).map_err(|bad| at_field(&bad))?;
    Ok(impact)
}

/// Returns the error of one of the fields that is known before the form is sent.
pub(in crate::tui) fn validate_field(
    app: &App,
    form: &Form,
    label: &str,
    at: DateTime<Utc>,
) -> Option<String> {
    let error = match label {
        BEGAN => parse_began(app, form, at).err(),
        AFFECTED => affected(form).err(),
        RECOVERY => parse_recovery(app, form, at).err(),
        REPORTER => reporter(form).err(),
        _ => None,
    };
    error.map(|error| error.message)
}

fn parse_began(
    app: &App,
    form: &Form,
    at: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, FieldError> {
    let text = form.value(BEGAN);
    if text.is_empty() {
        return Ok(None);
    }
    let began = parse_time::parse_past(&text, at, &app.clock());
    began.map(Some).map_err(|why| field_error(BEGAN, why.to_string()))
}

fn parse_recovery(
    app: &App,
    form: &Form,
    at: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, FieldError> {
    let text = form.value(RECOVERY);
    if text.is_empty() {
        return Ok(None);
    }
    let expected = parse_time::parse_future(&text, at, &app.clock());
    expected.map(Some).map_err(|why| field_error(RECOVERY, why.to_string()))
}

fn affected(form: &Form) -> Result<Affected, FieldError> {
    let why = "is not understood: write a number of users, a share such as 12.5%, and regions";
    let affected =
        parse_affected(&form.value(AFFECTED)).ok_or_else(|| field_error(AFFECTED, why))?;
    affected.check().map_err(|bad| at_field(&bad))?;
    Ok(affected)
}

/// Reads the name, the contact and the ticket, which are separated by commas.
fn reporter(form: &Form) -> Result<Option<Reporter>, FieldError> {
    let text = form.value(REPORTER);
    if text.is_empty() {
        return Ok(None);
    }
    let mut parts = text.split(',').map(str::trim);
    let name = parts.next().unwrap_or_default().to_owned();
    let mut part = || parts.next().filter(|part| !part.is_empty()).map(ToOwned::to_owned);
    let (contact, ticket) = (part(), part());
    if parts.next().is_some() {
        let why = "has too many commas: write the name, a contact and a ticket";
        return Err(field_error(REPORTER, why));
    }
    let reporter = Reporter { id: Uuid::now_v7(), name, contact, ticket, redacted: false };
    reporter.check().map_err(|bad| field_error(REPORTER, bad.to_string()))?;
    Ok(Some(reporter))
}

/// Returns an error at the field that the form has for a field of the request.
fn at_field(bad: &BadField) -> FieldError {
    let label = match bad.field {
        "began_at" => BEGAN,
        "expected_recovery" => RECOVERY,
        "teams" => TEAMS,
        "users" | "share" | "regions" | "customers" => AFFECTED,
        _ => REPORTER,
    };
    field_error(label, bad.problem.to_string())
}
