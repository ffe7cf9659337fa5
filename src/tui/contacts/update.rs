//! Changes the viewer's own contacts and tests them. Both requests are sent to the backend
//! immediately: an address is not stored in an outbox.

use chrono::{DateTime, Utc};

use crate::backend::{BackendError, ContactRequest};
use crate::model::notification::{ContactChange, ContactTest, PersonReach};
use crate::model::text::sanitize;
use crate::model::{Actor, CommandId};

use crate::tui::action::{Action, READ_ONLY};
use crate::tui::contacts::form::{change, fields, quiet_fields};
use crate::tui::contacts::state::PendingContact;
use crate::tui::contacts::{is_viewer, rows, selected, shown};
use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::mode::Mode;
use crate::tui::core::notices::{report_failure, show_toast};
use crate::tui::form::{Form, Kind};
use crate::tui::screens;
use crate::tui::verb::logic::FieldError;

const UNREACHABLE: &str =
    "the API can't be reached: contacts are changed there alone, and nothing was stored";
const NOT_OWN: &str = "it is somebody else's: `redphone contact set --person` changes it";
const OF_SETTINGS: &str = "it is in the settings file: change it there";

/// Opens the form of a new contact.
pub(in crate::tui) fn add(app: &mut App) -> Vec<Effect> {
    if let Some(why) = disabled_reason(app) {
        return show_toast(app, why, true);
    }
    open(app, Kind::Contact { name: None }, |app| fields(None, channels(app)))
}

/// Opens the form of the quiet hours.
pub(in crate::tui) fn edit_quiet(app: &mut App) -> Vec<Effect> {
    if let Some(why) = disabled_reason(app) {
        return show_toast(app, why, true);
    }
    open(app, Kind::QuietHours, |app| {
        let mut people = shown(app).into_iter().flat_map(rows).map(|row| &row.person);
        let own = people.find(|person| is_viewer(app, person));
        quiet_fields(own.and_then(|person| person.quiet.as_ref()))
    })
}

/// Opens the form of the selected row.
pub(in crate::tui) fn edit(app: &mut App) -> Vec<Effect> {
    if let Some(why) = disabled_reason(app) {
        return show_toast(app, why, true);
    }
    let Some(row) = selected(app) else { return Vec::new() };
    if !is_viewer(app, &row.person) {
        return show_toast(app, NOT_OWN, true);
    }
    match &row.contact {
        None => edit_quiet(app),
        Some(contact) if contact.from_settings => show_toast(app, OF_SETTINGS, true),
        Some(contact) => {
            let contact = contact.clone();
            let kind = Kind::Contact { name: Some(contact.contact.clone()) };
            open(app, kind, |app| fields(Some(&contact), channels(app)))
        }
    }
}

fn open(
    app: &mut App,
    kind: Kind,
    fields: impl FnOnce(&App) -> Vec<crate::tui::form::Field>,
) -> Vec<Effect> {
    app.inflight.contacts.removal = None;
    let heading = match &kind {
        Kind::Contact { name: None } => "A new contact of yours".to_owned(),
        Kind::Contact { name: Some(name) } => format!("Your contact {}", sanitize(name)),
        _ => "Your quiet hours".to_owned(),
    };
    let form = Form::new(kind, Vec::new(), heading, fields(app));
    app.ui.mode = Mode::Form(Box::new(form));
    Vec::new()
}

/// Returns the names of the channels in use, as suggestions.
fn channels(app: &App) -> Vec<String> {
    let rows = shown(app).into_iter().flat_map(rows);
    let mut names: Vec<String> =
        rows.filter_map(|row| Some(row.contact.as_ref()?.channel.clone())).collect();
    names.sort();
    names.dedup();
    names
}

/// Removes the selected contact, once the key is pressed twice.
pub(in crate::tui) fn remove(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    if let Some(why) = disabled_reason(app) {
        return show_toast(app, why, true);
    }
    let Some(row) = selected(app) else { return Vec::new() };
    if !is_viewer(app, &row.person) {
        return show_toast(app, NOT_OWN, true);
    }
    match &row.contact {
        None => {
            let change = ContactChange::Quiet(None);
            send(app, change, "removing the quiet hours".to_owned(), None, at)
        }
        Some(contact) if contact.from_settings => show_toast(app, OF_SETTINGS, true),
        Some(contact) => {
            let name = contact.contact.clone();
            if app.inflight.contacts.removal.as_ref() == Some(&name) {
                app.inflight.contacts.removal = None;
                let operation = format!("removing {}", sanitize(&name));
                return send(app, ContactChange::Remove(name), operation, None, at);
            }
            let again = app.ui.keymap.hint_suffix(Action::RemoveContact, "once more");
            let text = format!("{} is to be removed{again}", sanitize(&name));
            app.inflight.contacts.removal = Some(name);
            show_toast(app, text, false)
        }
    }
}

/// Sends the form, or shows its errors.
pub(in crate::tui) fn submit(app: &mut App, mut form: Box<Form>, at: DateTime<Utc>) -> Vec<Effect> {
    if let Some(why) = disabled_reason(app) {
        form.notice = Some(why);
        app.ui.mode = Mode::Form(form);
        return Vec::new();
    }
    match change(app, &form) {
        Ok(change) => {
            let operation = match &change {
                ContactChange::Add(contact) => format!("adding {}", sanitize(&contact.name)),
                ContactChange::Change(patch) => format!("changing {}", sanitize(&patch.name)),
                ContactChange::Remove(name) => format!("removing {}", sanitize(name)),
                ContactChange::Quiet(_) => "changing the quiet hours".to_owned(),
            };
            send(app, change, operation, Some(form), at)
        }
        Err(FieldError { field, message }) => {
            form.show_error(&field, message);
            app.ui.mode = Mode::Form(form);
            Vec::new()
        }
    }
}

fn send(
    app: &mut App,
    change: ContactChange,
    operation: String,
    form: Option<Box<Form>>,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    let me = app.session.me.clone();
    let (person, now) = (me.handle.clone(), app.backend_time(at));
    let request = ContactRequest::new(Actor::Person(me), person, change, now);
    let text = format!("{operation} …");
    app.inflight.contacts.pending = Some(PendingContact { id: request.id, operation, form });
    let mut effects = vec![Effect::ChangeContacts(Box::new(request))];
    effects.extend(show_toast(app, text, false));
    effects
}

/// Reports the result of a change, and reads the list again.
pub(in crate::tui) fn settled(
    app: &mut App,
    id: CommandId,
    result: Result<Box<PersonReach>, BackendError>,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    let is_it = |pending: &mut PendingContact| pending.id == id;
    let Some(PendingContact { operation, form, .. }) = app.inflight.contacts.pending.take_if(is_it)
    else {
        return Vec::new();
    };
    let mut effects = if shown(app).is_some() { screens::update::load(app) } else { Vec::new() };
    match result {
        Ok(_) => effects.extend(show_toast(app, format!("{operation}: done"), false)),
        Err(error) => {
            let why = error.to_string();
            // The typed text is not lost.
            if let Some(mut form) = form.filter(|_| matches!(app.ui.mode, Mode::Panes)) {
                form.notice = Some(why.clone());
                app.ui.mode = Mode::Form(form);
            }
            effects.extend(report_failure(app, &operation, &why, at));
        }
    }
    effects
}

/// Sends a test message over the selected contact of the viewer.
pub(in crate::tui) fn test(app: &mut App) -> Vec<Effect> {
    if let Some(why) = disabled_reason(app) {
        return show_toast(app, why, true);
    }
    let Some(row) = selected(app) else { return Vec::new() };
    if !is_viewer(app, &row.person) {
        let why = "it is somebody else's: `redphone contact test` tries it";
        return show_toast(app, why, true);
    }
    let Some(contact) = &row.contact else { return Vec::new() };
    let (person, contact) = (row.person.person.clone(), contact.contact.clone());
    let text = format!("sending a test to {} …", sanitize(&contact));
    app.inflight.contacts.is_testing = true;
    let mut effects = vec![Effect::TestContacts(person, Some(contact))];
    effects.extend(show_toast(app, text, false));
    effects
}

/// Reports the results of test messages.
pub(in crate::tui) fn tested(
    app: &mut App,
    result: Result<Vec<ContactTest>, BackendError>,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    if !std::mem::take(&mut app.inflight.contacts.is_testing) {
        return Vec::new();
    }
    let operation = "sending a test";
    match result {
        Err(error) => report_failure(app, operation, &error.to_string(), at),
        Ok(results) => {
            let failed = results.iter().find(|result| result.outcome != "sent");
            match (failed, results.first()) {
                (Some(failed), _) => {
                    let why = failed.reason.clone().unwrap_or_else(|| failed.outcome.clone());
                    report_failure(app, operation, &sanitize(&why), at)
                }
                (None, Some(sent)) => {
                    let text = format!("the test to {} was sent", sanitize(&sent.contact));
                    show_toast(app, text, false)
                }
                (None, None) => show_toast(app, "there is no contact to try", true),
            }
        }
    }
}

/// Returns why nothing can be changed now, whatever is selected.
fn disabled_reason(app: &App) -> Option<String> {
    if app.session.read_only {
        return Some(READ_ONLY.into());
    }
    if app.is_offline() {
        return Some(UNREACHABLE.to_owned());
    }
    if app.inflight.contacts.is_testing {
        return Some("a test is being sent".to_owned());
    }
    let pending = app.inflight.contacts.pending.as_ref()?;
    Some(format!("{} is not answered yet", pending.operation))
}
