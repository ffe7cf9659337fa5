//! Which runbooks match an incident, and how lists offer them.

use crate::model::Incident;
use crate::model::runbook::{MatchReason, RunbookHeader, is_url};

use crate::tui::core::app::App;
use crate::tui::picker::{Item, Pick};
use crate::tui::run;
use crate::tui::runbook::NoRunbooks;

/// Returns the runbooks that an incident and its services name.
pub(in crate::tui) fn named_runbooks<'a>(app: &'a App, incident: &'a Incident) -> Vec<&'a str> {
    let directory = app.fetched.directory.as_deref();
    let services = directory.into_iter().flat_map(|directory| {
        let names = incident.summary.services.iter();
        names.filter_map(|name| directory.services.iter().find(|service| service.name == *name))
    });
    let mut names: Vec<&str> = incident.runbook.as_deref().into_iter().collect();
    for name in services.filter_map(|service| service.runbook.as_deref()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Returns the runbooks that match an incident, the closest match first.
pub(in crate::tui) fn matching_runbooks<'a>(
    app: &'a App,
    incident: &Incident,
) -> Vec<(MatchReason, &'a RunbookHeader)> {
    let Some(Ok(headers)) = &app.runbooks else { return Vec::new() };
    let named = named_runbooks(app, incident);
    let mut matching: Vec<(MatchReason, &RunbookHeader)> = headers
        .iter()
        .filter_map(|header| Some((header.match_reason(incident, &named)?, header)))
        .collect();
    matching.sort_by(|(a, one), (b, other)| (a, &one.name).cmp(&(b, &other.name)));
    matching
}

/// Returns whether there is a runbook to read or a command to run for an incident.
pub(in crate::tui) fn has_any(app: &App, incident: &Incident) -> bool {
    let mut commands = app.session.settings.commands.iter();
    named_runbooks(app, incident).iter().any(|name| is_url(name))
        || !matching_runbooks(app, incident).is_empty()
        || (!app.session.read_only
            && commands.any(|command| run::matching::is_offered(app, command, incident)))
}

/// Returns the runbooks that the list offers for an incident.
pub(in crate::tui) fn items(app: &App, incident: &Incident) -> Vec<Item> {
    let mut items = Vec::new();
    let matching = matching_runbooks(app, incident);
    for name in named_runbooks(app, incident) {
        if is_url(name) {
            let item = Item::new(name, Pick::Copy(name.to_owned(), "the runbook's URL"));
            items.push(item.about("a runbook elsewhere: copies its URL").value(name));
        } else if app.session.settings.runbooks.is_none() || app.runbooks.is_some() {
            let bare = name.strip_suffix(".md").unwrap_or(name).to_lowercase();
            if matching.iter().all(|(_, head)| head.name.to_lowercase() != bare) {
                let item = Item::new(name, Pick::Runbook(name.to_owned()));
                items.push(item.disabled_reason(Some(missing_reason(app, name))).value(name));
            }
        }
    }
    for (why, head) in matching {
        let why = match why {
            MatchReason::Named => "runbook".to_owned(),
            MatchReason::Service(service) => format!("runbook for service {service}"),
            MatchReason::Label(label) => format!("runbook for label {label}"),
            MatchReason::Category(category) => format!("runbook for category {category}"),
        };
        let title =
            if head.title.is_empty() { String::new() } else { format!(" · {}", head.title) };
        let item = Item::new(&head.name, Pick::Runbook(head.name.clone()));
        items.push(item.about(format!("{why}{title}")).value(&head.name));
    }
    if let Some(Err(NoRunbooks::Unreadable(why))) = &app.runbooks
        && !items.iter().any(|item| item.disabled_reason.is_some())
    {
        let item = Item::new("runbooks", Pick::Runbook(String::new()));
        items.push(item.disabled_reason(Some(why.clone())));
    }
    items
}

/// Returns the runbooks that are not for the incident, with their purposes.
pub(in crate::tui) fn other_items(app: &App, incident: &Incident) -> Vec<Item> {
    let Some(Ok(heads)) = &app.runbooks else { return Vec::new() };
    let matching = matching_runbooks(app, incident);
    let others =
        heads.iter().filter(|head| matching.iter().all(|(_, fits)| fits.name != head.name));
    let item = |head: &RunbookHeader| {
        let title =
            if head.title.is_empty() { String::new() } else { format!(" · {}", head.title) };
        let about = format!("not for this incident: {}{title}", purpose(head));
        Item::new(&head.name, Pick::Runbook(head.name.clone())).about(about).value(&head.name)
    };
    others.map(item).collect()
}

/// Describes the purpose of a runbook.
pub(in crate::tui) fn purpose(head: &RunbookHeader) -> String {
    let services = head.services.iter().map(|name| format!("service {name}"));
    let labels = head.labels.iter().map(|name| format!("label {name}"));
    let categories = head.categories.iter().map(|category| format!("category {category}"));
    let all: Vec<String> = services.chain(labels).chain(categories).collect();
    if all.is_empty() { "nothing names it".into() } else { format!("for {}", all.join(", ")) }
}

pub(in crate::tui) fn missing_reason(app: &App, name: &str) -> String {
    match (&app.runbooks, &app.session.settings.runbooks) {
        (Some(Err(none)), _) => none.reason().to_owned(),
        (_, Some(folder)) => {
            let name = name.strip_suffix(".md").unwrap_or(name);
            format!("there is no {name}.md in {}", folder.to_string_lossy())
        }
        (_, None) => "there is no folder of runbooks in the settings".into(),
    }
}
