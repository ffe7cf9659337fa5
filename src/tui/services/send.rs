//! Sends the form of a service. It is sent to the backend immediately: the directory is changed by
//! the backend alone, and no change of it is stored in an outbox.

use chrono::{DateTime, Utc};

use crate::backend::{Administered, AdministrationRequest, BackendError, Precondition};
use crate::model::administration::{AdministrationChange, Entry};
use crate::model::{Actor, CommandId};
use crate::sync::drafts::DraftOp;

use crate::tui::action::READ_ONLY;
use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::mode::Mode;
use crate::tui::core::notices::{report_failure, show_toast};
use crate::tui::form::Form;
use crate::tui::screens;
use crate::tui::services::PendingAdoption;
use crate::tui::services::form::{Adoption, read};

const UNREACHABLE: &str = "the API can't be reached: services are added there alone, and nothing was \
     stored to be sent later";

/// Sends the form about the service with a name, or shows its errors.
pub(in crate::tui) fn send(
    app: &mut App,
    mut form: Box<Form>,
    name: &str,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    if let Some(why) = disabled_reason(app) {
        form.notice = Some(why);
        app.ui.mode = Mode::Form(form);
        return Vec::new();
    }
    let adoption = match read(&form, name) {
        Ok(adoption) => adoption,
        Err(error) => {
            form.show_error(&error.field, error.message);
            app.ui.mode = Mode::Form(form);
            return Vec::new();
        }
    };
    let Adoption { service, policy } = adoption;
    let directory = app.fetched.directory.as_deref();
    if let Some(policy) = &policy
        && directory.is_some_and(|directory| directory.policy(&policy.team).is_some())
    {
        let text = format!("{} has a policy already: leave this empty", policy.team);
        form.show_error("Policy", text);
        app.ui.mode = Mode::Form(form);
        return Vec::new();
    }
    let now = app.backend_time(at);
    let entries = [Some(Entry::Service(service)), policy.map(Entry::Policy)];
    let requests: Vec<AdministrationRequest> = entries
        .into_iter()
        .flatten()
        .map(|entry| {
            let change = AdministrationChange::put(entry);
            let actor = Actor::Person(app.session.me.clone());
            let request = AdministrationRequest::new(actor, change, now);
            AdministrationRequest { expected: Precondition::Absent, ..request }
        })
        .collect();
    app.inflight.adoption = Some(PendingAdoption {
        ids: requests.iter().map(|request| request.id).collect(),
        service: name.to_owned(),
        refusal: None,
    });
    let mut effects = vec![Effect::Draft(DraftOp::Drop(form.draft_id))];
    effects.extend(requests.into_iter().map(|request| Effect::Administer(Box::new(request))));
    effects.extend(show_toast(app, format!("adding {name} …"), false));
    effects
}

/// Reports the result, and reads the directory and the list again; `None` if the answer is to
/// another change.
pub(in crate::tui) fn settled(
    app: &mut App,
    id: CommandId,
    result: &Result<Box<Administered>, BackendError>,
    at: DateTime<Utc>,
) -> Option<Vec<Effect>> {
    let pending = app.inflight.adoption.as_mut()?;
    let position = pending.ids.iter().position(|pending| *pending == id)?;
    pending.ids.remove(position);
    if let Err(error) = result {
        let mut why = error.to_string();
        if matches!(error, BackendError::Unreachable(_)) {
            why.push_str("; whether it was done shows once the API answers");
        }
        pending.refusal.get_or_insert(why);
    }
    if !pending.ids.is_empty() {
        return Some(Vec::new());
    }
    let PendingAdoption { service, refusal, .. } = app.inflight.adoption.take()?;
    let mut effects = vec![Effect::Refresh];
    effects.extend(screens::update::incidents_changed(app));
    effects.extend(match refusal {
        None => show_toast(app, format!("{service} is in the directory now"), false),
        Some(why) => report_failure(app, &format!("adding {service}"), &why, at),
    });
    Some(effects)
}

/// Returns why nothing can be added now.
pub(in crate::tui) fn disabled_reason(app: &App) -> Option<String> {
    if app.session.read_only {
        return Some(READ_ONLY.into());
    }
    if app.is_offline() {
        return Some(UNREACHABLE.to_owned());
    }
    let pending = app.inflight.adoption.as_ref()?;
    Some(format!("adding {} is not answered yet", pending.service))
}
