//! The form by which a maintenance window is created or changed.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::model::maintenance::{
    MaintenanceFilter, MaintenanceWindow, NewWindow, Recurrence, Repeats,
};
use crate::model::oncall::{Day, Zone};
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
const DAYS: &str = "Days";
const ZONE: &str = "Zone";
const LAST: &str = "Last";
const PEOPLE: &str = "People";
const COMMENT: &str = "Comment";

/// The recurrences that the form offers.
const REPEATS: [&str; 3] = ["once", "every day", "every week"];
/// An additional choice if the window has a recurrence of a later version.
const AS_BEFORE: &str = "as before";
/// Whether incidents that people report are muted as well.
const PEOPLE_CHOICES: [&str; 2] = ["not muted", "muted as well"];

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
        let before = window_before(app, self.id);
        let text = |read: fn(&MaintenanceWindow) -> String| before.map(read).unwrap_or_default();
        let time = |at: Option<DateTime<Utc>>| {
            at.map(|at| parse_time::format_minute(app.clock(), at)).unwrap_or_default()
        };
        let recurrence = before.and_then(|window| window.recurrence.as_ref());
        let (mut choices, mut again) = (REPEATS.to_vec(), 0);
        match recurrence.map(|recurrence| recurrence.repeats) {
            None => {}
            Some(Repeats::Daily) => again = 1,
            Some(Repeats::Weekly) => again = 2,
            Some(Repeats::Unknown(_)) => {
                again = choices.len();
                choices.push(AS_BEFORE);
            }
        }
        let days: Vec<String> =
            recurrence.iter().flat_map(|one| &one.days).map(ToString::to_string).collect();
        let zone = recurrence.map_or("UTC", |recurrence| &recurrence.zone);
        let last = recurrence.and_then(|one| Some(last_text(app, one, one.last?)));
        let people = usize::from(before.is_some_and(|window| window.mutes_people));
        let formats = parse_time::format_hint("2h, 23:00, 2026-03-01 02:00", app.clock());
        let names = Day::ALL.iter().map(ToString::to_string).collect();
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
            Field::choice(AGAIN, choices, again),
            Field::names(DAYS, &days.join(", "), names)
                .hint("every week: mon, thu; the day of the first one without any"),
            Field::line(ZONE, zone).hint("by whose clock it comes again"),
            Field::line(LAST, &last.unwrap_or_default())
                .hint("the last day on which one begins, such as 2026-05-31"),
            Field::choice(PEOPLE, PEOPLE_CHOICES.to_vec(), people),
            Field::text(COMMENT, &text(|window| window.comment.clone())),
        ]
    }

    fn commands(&self, _: &Filled<'_>) -> FormCommands {
        // It is no command about an incident: `send` makes the change.
        Ok((Vec::new(), Vec::new()))
    }
}

/// Returns the visible window that the form changes.
fn window_before(app: &App, id: Option<Uuid>) -> Option<&MaintenanceWindow> {
    selected_window(&app.screens).filter(|window| Some(window.id) == id)
}

/// Returns the last second of a day, which a date alone means.
fn end_of(day: NaiveDate, zone: &Zone) -> DateTime<Utc> {
    let next = day.succ_opt().unwrap_or(day).and_time(NaiveTime::MIN);
    zone.first_time(next) - TimeDelta::seconds(1)
}

/// Returns the end of the recurrence in typed form: the day alone if it is the end of a day.
fn last_text(app: &App, recurrence: &Recurrence, last: DateTime<Utc>) -> String {
    let zone = recurrence.zone();
    let day = zone.shown_at(last).date();
    if end_of(day, &zone) == last {
        return day.to_string();
    }
    parse_time::format_minute(app.clock(), last)
}

/// Reads the form. Unchanged times of the edited window are preserved exactly.
pub(in crate::tui) fn read(
    app: &App,
    form: &Form,
    id: Option<Uuid>,
    at: DateTime<Utc>,
) -> Result<NewWindow, FieldError> {
    let before = window_before(app, id);
    let unchanged = |label: &str| before.filter(|_| !form.is_changed(label));
    let filter = form.value(MUTES).parse::<MaintenanceFilter>();
    let filter = filter.map_err(|why| field_error(MUTES, why.to_string()))?;
    let now = app.backend_time(at);
    let from = match (unchanged(FROM), form.value(FROM).as_str()) {
        (Some(window), _) => window.from,
        (None, "" | "now") => now,
        (None, text) => moment(app, FROM, text, now, now)?,
    };
    let until = match unchanged(UNTIL) {
        Some(window) => window.until,
        None => moment(app, UNTIL, &form.value(UNTIL), now, from)?,
    };
    if until <= from {
        return Err(field_error(UNTIL, "does not lie after the begin: choose a later time"));
    }
    if form.value(AGAIN) == REPEATS[0] && until <= now {
        return Err(field_error(UNTIL, "has passed: choose a later time"));
    }
    let last_before = unchanged(LAST).and_then(|window| window.recurrence.as_ref()?.last);
    Ok(NewWindow {
        title: form.value(TITLE),
        filter,
        from,
        until,
        recurrence: recurrence(app, form, before, (from, now), last_before)?,
        comment: form.value(COMMENT),
        mutes_people: form.value(PEOPLE) == PEOPLE_CHOICES[1],
        // The form does not show it.
        public_text: before.and_then(|window| window.public_text.clone()),
    })
}

/// Reads a time; a span of time begins at `from`.
fn moment(
    app: &App,
    label: &str,
    text: &str,
    now: DateTime<Utc>,
    from: DateTime<Utc>,
) -> Result<DateTime<Utc>, FieldError> {
    if let Some(lasts) = parse_duration(text).filter(|lasts| *lasts > TimeDelta::zero()) {
        let until = from.checked_add_signed(lasts);
        return until.ok_or_else(|| field_error(label, "is too far ahead"));
    }
    // A time that has passed is that of a window which is changed.
    parse_time::parse_future(text, now, &app.clock())
        .or_else(|why| parse_time::parse_past(text, now, &app.clock()).map_err(|_| why))
        .map_err(|why| field_error(label, why.to_string()))
}

/// Reads the recurrence of the window.
fn recurrence(
    app: &App,
    form: &Form,
    before: Option<&MaintenanceWindow>,
    (from, now): (DateTime<Utc>, DateTime<Utc>),
    last_before: Option<DateTime<Utc>>,
) -> Result<Option<Recurrence>, FieldError> {
    let before = before.and_then(|window| window.recurrence.as_ref());
    let repeats = match form.value(AGAIN).as_str() {
        "every day" => Some(Repeats::Daily),
        "every week" => Some(Repeats::Weekly),
        AS_BEFORE => before.map(|recurrence| recurrence.repeats),
        _ => None,
    };
    let days = days(form)?;
    if !days.is_empty() && matches!(repeats, None | Some(Repeats::Daily)) {
        return Err(field_error(DAYS, "are of a window that comes again every week: choose that"));
    }
    let (zone_text, last_text) = (form.value(ZONE), form.value(LAST));
    let Some(repeats) = repeats else {
        if !last_text.is_empty() {
            return Err(field_error(LAST, "is of a window that comes again: empty it"));
        }
        return Ok(None);
    };
    let zone_text = if zone_text.is_empty() { "UTC".to_owned() } else { zone_text };
    let zone = match Zone::find(&zone_text) {
        Ok(zone) => zone,
        // The server may have a zone that this machine lacks.
        Err(_) if before.is_some_and(|before| before.zone == zone_text) => Zone::utc(),
        Err(why) => return Err(field_error(ZONE, why.to_string())),
    };
    let last = match (last_before, last_text.as_str()) {
        (_, "") => None,
        // The end of a day follows the zone.
        (_, text) if text.parse::<NaiveDate>().is_ok() => {
            text.parse().ok().map(|day| end_of(day, &zone))
        }
        (Some(last), _) => Some(last),
        (None, text) => Some(moment(app, LAST, text, now, from)?),
    };
    if last.is_some_and(|last| last < from) {
        return Err(field_error(LAST, "is before the first one begins: none would begin"));
    }
    Ok(Some(Recurrence { repeats, days, zone: zone_text, last }))
}

/// Reads the days of the week, in their order.
fn days(form: &Form) -> Result<Vec<Day>, FieldError> {
    let names = form.field(DAYS).map(Field::entered_names).unwrap_or_default();
    let days: Option<Vec<Day>> = names.iter().map(|name| Day::parse(name)).collect();
    let mut days = days.ok_or_else(|| field_error(DAYS, "are names such as mon, thu"))?;
    days.sort_unstable();
    days.dedup();
    Ok(days)
}
