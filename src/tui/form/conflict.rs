//! Conflicts: changes of other people to a field while the form was open, shown before they are
//! overwritten.

use chrono::{DateTime, Utc};

use crate::model::text::{SafeText, truncate};
use crate::model::time::format_ago;
use crate::model::{Event, IncidentId};

use crate::tui::core::app::App;
use crate::tui::form::{Form, Kind, Value};
use crate::tui::verb::logic::Filling;
use crate::tui::verb::{precheck, with_form};

/// Width up to which the other value is quoted, in terminal cells.
const MAX_QUOTE_WIDTH: usize = 60;

/// A field that was changed both by somebody else since it was filled in and in the form.
pub(in crate::tui) struct FieldConflict {
    index: usize,
    /// The value in the record now.
    theirs: String,
    notice: String,
}

/// Returns the first conflict of a form.
pub(in crate::tui) fn find_conflict(
    app: &App,
    form: &Form,
    at: DateTime<Utc>,
) -> Option<FieldConflict> {
    let (Some(target), true) = (form.target(), with_form(&form.kind, |logic| logic.edits_record()))
    else {
        return None;
    };
    // Only the current record can be compared.
    precheck::current_record(app, target.id)?;
    let filling = Filling::new(app, &form.targets, at);
    let fresh = with_form(&form.kind, |logic| logic.fields(&filling));
    form.fields.iter().enumerate().find_map(|(index, field)| {
        let before = form.initial_contents.get(index)?;
        let theirs = fresh.iter().find(|current| current.label == field.label)?.content();
        let entered = field.content();
        if entered == *before || theirs == *before || theirs == entered {
            return None;
        }
        let (who, when) = match conflicting_event(app, target.id, target.seq, &form.kind) {
            Some(event) => (event.actor.name(), format_ago(event.at, app.backend_time(at))),
            None => ("somebody", "meanwhile".to_owned()),
        };
        let notice = match quote_first_line(&theirs) {
            line if line.is_empty() => format!("{who} emptied this {when}"),
            line => format!("{who} changed this {when}: {line}"),
        };
        Some(FieldConflict { index, theirs, notice })
    })
}

/// Shows the conflict at the field. Sending the form once more overwrites the other value.
pub(in crate::tui) fn report(form: &mut Form, conflict: FieldConflict) {
    let Some(field) = form.fields.get(conflict.index) else { return };
    let (label, is_tick) = (field.label.clone(), matches!(field.value, Value::Tick { .. }));
    let notice = format!("{} · sent again, yours replaces it", conflict.notice);
    if let Some(initial) = form.initial_contents.get_mut(conflict.index) {
        *initial = conflict.theirs;
    }
    // A tick with an error can't be sent.
    if is_tick {
        form.notice = Some(format!("{label}: {notice}"));
    } else {
        form.show_error(&label, notice);
    }
}

/// Returns the last event after a position with which another person may have changed the field.
fn conflicting_event<'a>(
    app: &'a App,
    id: IncidentId,
    since: u32,
    kind: &Kind,
) -> Option<&'a Event> {
    let read = app.reading.shown.iter().chain(&app.reading.cache).find(|read| read.id == id)?;
    read.events.iter().rev().take_while(|event| event.seq > since).find(|event| {
        let mine = event.actor.person().is_some_and(|who| who.handle == app.session.me.handle);
        !mine && with_form(kind, |logic| logic.is_changed_by(&event.body))
    })
}

fn quote_first_line(text: &str) -> SafeText<'_> {
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    truncate(line.trim(), MAX_QUOTE_WIDTH)
}
