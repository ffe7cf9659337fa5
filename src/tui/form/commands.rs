//! The commands that a form sends.

use chrono::{DateTime, Utc};

use crate::model::check;

use crate::tui::core::app::App;
use crate::tui::form::{Field, Form, Kind};
use crate::tui::input::parse_time;
use crate::tui::verb::link::parse_url;
use crate::tui::verb::logic::{FieldError, Filled};
use crate::tui::verb::plan::{Plan, Step};
use crate::tui::verb::{declare, declared_impact, names, planning, with_form};

/// Returns the plan of a form, and whether it is irreversible.
pub(in crate::tui) fn plan(
    app: &App,
    form: &Form,
    at: DateTime<Utc>,
) -> Result<(Plan, bool), FieldError> {
    let mut steps = Vec::new();
    if form.kind == Kind::Declare {
        steps = declare::steps(app, form, at)?;
    }
    with_form(&form.kind, |logic| {
        for target in &form.targets {
            let filled = Filled { app, form, target, at };
            let (prerequisites, commands) = logic.commands(&filled)?;
            let step = planning::step(app, target, prerequisites, commands, at);
            steps.push(Step { because: logic.because(&filled), ..step });
        }
        let (verb, done_phrase) = logic.phrases();
        let plan = Plan { verb: verb.into(), done_phrase: done_phrase.into(), steps };
        Ok((plan, logic.is_irreversible()))
    })
}

/// Returns the error of a field that is known before the form is sent.
pub(in crate::tui) fn validate_field(
    app: &App,
    form: &Form,
    label: &str,
    at: DateTime<Utc>,
) -> Option<String> {
    names::unknown(app, form, label).or_else(|| validate_form_field(app, form, label, at))
}

/// Returns the error of a field, except for names that the directory does not have.
pub(in crate::tui) fn validate_form_field(
    app: &App,
    form: &Form,
    label: &str,
    at: DateTime<Utc>,
) -> Option<String> {
    let value = form.value(label);
    let result = match label {
        "Since" => {
            return parse_time::parse_past(&value, at, &app.clock()).err().map(|e| e.to_string());
        }
        // The first time of a recurring maintenance window may have passed.
        "Until" if matches!(form.kind, Kind::Maintenance { .. }) => return None,
        "Until" | "Next update" => {
            return parse_time::parse_future(&value, at, &app.clock()).err().map(|e| e.to_string());
        }
        "URL" => return parse_url(form).err().map(|result| result.message),
        "Due" => return names::due(form).err().map(|result| result.message),
        "Title" => check::title(&value),
        "Began" | "Affected" | "Recovery" | "Reporter" if form.kind == Kind::Declare => {
            return declared_impact::validate_field(app, form, label, at);
        }
        "Services" | "Labels" => {
            check::names("names", &form.field(label).map(Field::entered_names).unwrap_or_default())
        }
        _ => return None,
    };
    result.err().map(|error| error.problem.to_string())
}
