//! Objects that a record names: suspected changes, similar incidents, the problem, the runbook,
//! links, and incidents that were merged.

use crate::backend::{Detail, Similar};
use crate::model::change::{Change, Suspect, by_begin};
use crate::model::command::{CommandKind, Link};
use crate::model::similar::hints;
use crate::model::text::SafeText;
use crate::model::{ChangeId, Incident, IncidentNumber};

use crate::tui::action::Action;
use crate::tui::core::app::App;
use crate::tui::detail::fields::Fields;
use crate::tui::detail::time::format_time;
use crate::tui::follow::{Destination, DetailLink};
use crate::tui::runbook::items::{has_any, matching_runbooks};
use crate::tui::screens::ScreenKind;
use crate::tui::widgets::formatting::short_duration;
use crate::tui::widgets::text::Line;

/// How many links, and how many merged incidents, are named.
const MAX_NAMED: usize = 100;
/// How many similar incidents are named. The record leads to the list of all of them.
const MAX_SIMILAR: usize = 3;

/// Appends suspected changes, the one that began last first, similar incidents and the problem.
pub(super) fn push_context(out: &mut Fields<'_>, detail: &Detail) {
    let mut label = "Suspects";
    for suspect in by_begin(&detail.suspects) {
        let text = suspect_text(out.app, suspect, &detail.incident);
        out.link(label, text, Destination::Suspect(Box::new(suspect.clone())));
        label = "";
    }
    let mut label = "Similar";
    for similar in detail.similar.iter().take(MAX_SIMILAR) {
        let text = similar_text(similar, &short_duration(out.now - similar.reported_at));
        out.link(label, text, Destination::Incident(similar.id));
        label = "";
    }
    push_hints(out, detail);
    if let Some(problem) = &detail.problem {
        let text = format!("{} · {}", problem.title, problem.state);
        out.link("Problem", text, Destination::Problem(problem.id, problem.title.clone()));
        if !problem.workaround.is_empty() {
            out.plain("Workaround", &problem.workaround);
        }
    }
}

/// Appends the known errors that may be behind it, and how one is linked.
pub(super) fn push_workarounds(out: &mut Fields<'_>, detail: &Detail) {
    if detail.known_errors.is_empty() {
        return;
    }
    let key = out.app.ui.keymap.keys(Action::Command(CommandKind::Link)).first();
    let key = key.map(|key| format!(" [{key} k links it]")).unwrap_or_default();
    for (index, error) in detail.known_errors.iter().enumerate() {
        let how = if index == 0 { key.as_str() } else { "" };
        let text = format!("{} · {}{how}", error.text(), error.likeness());
        out.link("Known error", text, Destination::Problem(error.problem, error.title.clone()));
    }
    out.lines.push(Line::default());
}

/// Appends in which fields most incidents like it differ, and in the record how to list them all.
fn push_hints(out: &mut Fields<'_>, detail: &Detail) {
    let row = &detail.incident.summary;
    let can_follow = out.has_screen() && row.status.is_open();
    let app = out.app;
    let key = app.ui.keymap.keys(Action::ApplyHint).first().filter(|_| can_follow);
    for (index, hint) in hints(row, &detail.similar).into_iter().enumerate() {
        let key = key.filter(|_| index == 0).map(|key| format!(" [{key} sets it]"));
        let text = format!("{}{}", hint.text(), key.unwrap_or_default());
        out.field("", &text, app.ui.theme.near());
    }
    if out.has_screen() && !detail.similar.is_empty() {
        let key = out.app.ui.keymap.keys(Action::Screen(ScreenKind::Similar)).first();
        let key = key.map(|key| format!(" [{key}]")).unwrap_or_default();
        let text = format!("all of them{key}");
        out.link("", text, Destination::Similar(row.id));
    }
}

/// Appends the evidence, which leads to its text.
pub(super) fn push_evidence(out: &mut Fields<'_>, incident: &Incident) {
    let mut label = "Evidence";
    for evidence in &incident.evidence {
        if evidence.redacted {
            out.plain(label, &evidence.line());
        } else {
            let destination = Destination::Evidence(evidence.id, evidence.name.clone());
            out.link(label, evidence.line(), destination);
        }
        label = "";
    }
}

/// Describes a suspected change: its begin, its title, how long before the detection it began, and
/// its duration.
fn suspect_text(app: &App, suspect: &Suspect, incident: &Incident) -> String {
    let change = &suspect.change;
    let before = short_duration(suspect.began_before(incident.summary.detected_at));
    format!(
        "{} {} {} (−{before}, {}){}",
        app.clock().hh_mm(change.starts_at),
        change.kind,
        change.title,
        suspect.course(),
        suspect.distance().map_or_else(String::new, |how| format!(" · {how}"))
    )
}

fn similar_text(similar: &Similar, ago: &str) -> String {
    let mut text = format!("{} {}, {ago} ago", label(similar.number, "new"), similar.title);
    if !similar.resolution.is_empty() {
        text = format!("{text}, {}", similar.resolution);
    }
    text
}

fn label(number: Option<IncidentNumber>, without: &str) -> String {
    number.map_or_else(|| without.to_owned(), |number| number.to_string())
}

/// Appends the runbook that the incident names, or else the best match.
pub(super) fn push_runbook(out: &mut Fields<'_>, incident: &Incident) {
    let app = out.app;
    let found = matching_runbooks(app, incident).into_iter().next();
    let text = match (&incident.runbook, &found) {
        (Some(name), _) => name,
        (None, Some((_, head))) => &head.name,
        (None, None) => return,
    };
    if has_any(app, incident) {
        let from = out.lines.len();
        out.keyed("Runbook", text, Action::Run, "run");
        let lines = from..out.lines.len();
        out.links.push(DetailLink { lines, destination: Destination::Runbook });
    } else {
        out.line("Runbook", text);
    }
}

/// Appends how many of a list are not named.
fn push_omitted(out: &mut Fields<'_>, count: usize) {
    if count > MAX_NAMED {
        out.plain("", &format!("… and {} more", count - MAX_NAMED));
    }
}

/// Appends the links, and the incidents that were merged into this one, or into which this one was.
pub(super) fn push_links(out: &mut Fields<'_>, detail: &Detail) {
    let incident = &detail.incident;
    let mut name = "Links";
    for link in incident.links.iter().take(MAX_NAMED) {
        let text = SafeText::from(link_text(out.app, link, detail));
        match destination(link, detail) {
            Some(destination) => out.link(name, text, destination),
            None => out.line(name, text),
        }
        name = "";
    }
    push_omitted(out, incident.links.len());
    let mut name = "Merged in";
    for (id, number) in incident.absorbed.iter().take(MAX_NAMED) {
        out.link(name, label(*number, "another"), Destination::Incident(*id));
        name = "";
    }
    push_omitted(out, incident.absorbed.len());
    if let Some((id, number)) = &incident.merged_into {
        let text = format!("continues in {}", label(*number, "another incident"));
        out.link("Merged", text, Destination::Incident(*id));
    }
}

/// Returns the recorded change with an id that is not suspected.
fn linked_change(id: ChangeId, detail: &Detail) -> Option<&Change> {
    detail.linked_changes.iter().find(|change| change.id == id)
}

/// Returns a link as text; for a recorded change with its title, begin and state.
fn link_text(app: &App, link: &Link, detail: &Detail) -> String {
    let change = match link {
        Link::Change { id, .. } => linked_change(*id, detail),
        _ => None,
    };
    change.map_or_else(
        || link.to_string(),
        |change| {
            let (kind, title, state) = (&change.kind, &change.title, &change.state);
            format!("{kind} {title} · {state}, {}", format_time(app, change.starts_at))
        },
    )
}

/// Returns where a link leads; `None` for one of a later version.
fn destination(link: &Link, detail: &Detail) -> Option<Destination> {
    Some(match link {
        Link::Problem { id, title } => Destination::Problem(*id, title.clone()),
        Link::Change { id, title } => {
            match detail.suspects.iter().find(|suspect| suspect.change.id == *id) {
                Some(suspect) => Destination::Suspect(Box::new(suspect.clone())),
                None => match linked_change(*id, detail) {
                    Some(change) => Destination::LinkedChange(Box::new(change.clone())),
                    None => Destination::Change(title.clone()),
                },
            }
        }
        Link::Incident { id, .. } => Destination::Incident(*id),
        Link::Url(url) => Destination::Url(url.clone()),
        Link::Unknown(_) => return None,
    })
}
