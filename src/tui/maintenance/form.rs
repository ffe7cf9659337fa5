//! The form by which a maintenance window is created or changed.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::model::maintenance::{
    MaintenanceFilter, MaintenanceWindow, NewWindow, Recurrence, Repeats,
};
use crate::model::time::parse_duration;

use crate::tui::core::app::App;
use crate::tui::form::{Field, Form};
use crate::tui::input::parse_time;
use crate::tui::maintenance::selected_window;
use crate::tui::verb::logic::{FieldError, Filled, Filling, FormCommands, FormLogic, field_error};

/// The labels of the fields.
const TITLE: &str = "Title";
const MUTES: &str = "Mutes";
const FROM: &str = "From";
const UNTIL: &str = "Until";
const AGAIN: &str = "Again";
const ZONE: &str = "Zone";
const COMMENT: &str = "Comment";

/// How often a window comes again, as the form offers it.
const REPEATS: [&str; 3] = ["once", "every day", "every week"];

/// The form of a window; of a new one, or of one that is changed.
pub(in crate::tui) struct MaintenanceForm {
    pub id: Option<Uuid>,
}

impl FormLogic for MaintenanceForm {
    fn name(&self) -> &'static str {
        "maintenance"
    }

    fn heading(&self) -> &'static str {
        "Maintenance window"
    }

    fn phrases(&self) -> (&'static str, &'static str) {
        ("plan", "planned")
    }

    fn fields(&self, filling: &Filling<'_>) -> Vec<Field> {
        let app = filling.app;
        let is_it = |window: &&MaintenanceWindow| Some(window.id) == self.id;
        let before = selected_window(&app.screens).filter(is_it);
        let text = |read: fn(&MaintenanceWindow) -> String| before.map(read).unwrap_or_default();
        let time = |at: Option<DateTime<Utc>>| {
            at.map(|at| parse_time::format_minute(app.clock(), at)).unwrap_or_default()
        };
        let recurrence = before.and_then(|window| window.recurrence.as_ref());
        let again = match recurrence.map(|recurrence| recurrence.repeats) {
            None => 0,
            Some(Repeats::Weekly) => 2,
            Some(_) => 1,
        };
        let zone = recurrence.map_or("UTC", |recurrence| &recurrence.zone);
        let formats = parse_time::format_hint("2h, 23:00, 2026-03-01 02:00", app.clock());
        vec![
            Field::line(TITLE, &text(|window| window.title.clone()))
                .hint("what is done in it")
                .required(),
            Field::line(MUTES, &text(|window| window.filter.to_string()))
                .example("service:checkout env=prod host=db-* p3")
                .required(),
            Field::line(FROM, &time(before.map(|window| window.from))).hint("now"),
            Field::line(UNTIL, &time(before.map(|window| window.until)))
                .example(formats)
                .required(),
            Field::choice(AGAIN, REPEATS.to_vec(), again),
            Field::line(ZONE, zone).hint("by whose clock it comes again"),
            Field::text(COMMENT, &text(|window| window.comment.clone())),
        ]
    }

    fn commands(&self, _: &Filled<'_>) -> FormCommands {
        // It is no command about an incident: `send` makes the change.
        Ok((Vec::new(), Vec::new()))
    }
}

/// Reads what the form says.
pub(in crate::tui) fn read(
    app: &App,
    form: &Form,
    at: DateTime<Utc>,
) -> Result<NewWindow, FieldError> {
    let filter = form.value(MUTES).parse::<MaintenanceFilter>();
    let filter = filter.map_err(|why| field_error(MUTES, why.to_string()))?;
    let (clock, now) = (app.clock(), app.backend_time(at));
    let moment =
        |label: &str, text: &str, from: DateTime<Utc>| -> Result<DateTime<Utc>, FieldError> {
            if let Some(lasts) = parse_duration(text).filter(|lasts| *lasts > TimeDelta::zero()) {
                return Ok(from + lasts);
            }
            // A time that has passed is that of a window which is changed.
            parse_time::parse_future(text, now, &clock)
                .or_else(|why| parse_time::parse_past(text, now, &clock).map_err(|_| why))
                .map_err(|why| field_error(label, why.to_string()))
        };
    let from = match form.value(FROM).as_str() {
        "" | "now" => now,
        text => moment(FROM, text, now)?,
    };
    let until = moment(UNTIL, &form.value(UNTIL), from)?;
    if until <= from {
        return Err(field_error(UNTIL, "does not lie after the begin: choose a later time"));
    }
    let repeats = match form.value(AGAIN).as_str() {
        "every day" => Some(Repeats::Daily),
        "every week" => Some(Repeats::Weekly),
        _ => None,
    };
    let recurrence = repeats.map(|repeats| {
        let zone = form.value(ZONE);
        let zone = if zone.is_empty() { "UTC".to_owned() } else { zone };
        Recurrence { repeats, days: Vec::new(), zone, last: None }
    });
    Ok(NewWindow {
        title: form.value(TITLE),
        filter,
        from,
        until,
        recurrence,
        comment: form.value(COMMENT),
        mutes_people: false,
        public_text: None,
    })
}
