//! Creates a status page from timelines, services and maintenance windows, without anything that is
//! not public.

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};

use super::state::{ComponentState, Harm, MaintenanceState, PublicStatus};
use super::{Component, Post, PublicIncident, PublicMaintenance, StatusPage, StatusPageSettings};
use crate::model::directory::Directory;
use crate::model::event::{Event, EventBody};
use crate::model::incident::Incident;
use crate::model::maintenance::{MaintenanceWindow, WindowState};
use crate::model::status::Status;
use crate::model::text;

/// The text that is published when an incident has ended without a public update.
const ENDED: &str = "This incident has been resolved.";
/// The text that is published when an incident continues in another one.
const MERGED: &str = "This incident continues as a part of another one.";
/// The text that is published when an ended incident is open again without a public update.
const REOPENED: &str = "This incident has been reopened.";
/// How long before its beginning a maintenance window is shown.
const AHEAD: TimeDelta = TimeDelta::days(60);
/// The number of hexadecimal digits of a public id.
const ID_DIGITS: usize = 12;

/// The inputs of a status page.
#[derive(Clone, Copy, Debug)]
pub struct PageSources<'a> {
    /// The services.
    pub directory: &'a Directory,
    /// The complete timelines of the incidents that may be public.
    pub timelines: &'a [Vec<Event>],
    /// The maintenance windows.
    pub windows: &'a [MaintenanceWindow],
}

impl StatusPage {
    /// Creates the page for a time.
    #[must_use]
    pub fn new(
        settings: &StatusPageSettings,
        sources: PageSources<'_>,
        now: DateTime<Utc>,
    ) -> Self {
        let mut components = components(sources.directory);
        let oldest = now - TimeDelta::days(i64::from(settings.days));
        let mut incidents: Vec<PublicIncident> = sources
            .timelines
            .iter()
            .filter_map(|events| incident(events, &components))
            .filter(|incident| incident.is_open() || incident.updated_at() >= oldest)
            .collect();
        incidents.sort_by(|a, b| (b.started_at(), &b.id).cmp(&(a.started_at(), &a.id)));
        let shown = |window| maintenance(window, &components, (oldest, now));
        let mut maintenance: Vec<PublicMaintenance> =
            sources.windows.iter().filter_map(shown).collect();
        maintenance.sort_by_key(|one| {
            let has_ended = one.state == MaintenanceState::Completed;
            let begins = one.from.timestamp_millis();
            (has_ended, if has_ended { -begins } else { begins }, one.id.clone())
        });
        for one in &maintenance {
            let state = match one.state {
                MaintenanceState::InProgress => ComponentState::Maintenance,
                MaintenanceState::Scheduled | MaintenanceState::Completed => {
                    ComponentState::Operational
                }
            };
            let changed_at = (one.state != MaintenanceState::Scheduled).then_some(one.from);
            mark(&mut components, &one.components, state, changed_at);
        }
        for one in &incidents {
            let harm = if one.is_open() { one.harm } else { Harm::None };
            mark(&mut components, &one.components, harm.component(), Some(one.updated_at()));
        }
        Self {
            title: settings.title.clone(),
            url: settings.url.clone(),
            made_at: now,
            days: settings.days,
            components,
            incidents,
            maintenance,
        }
    }
}

/// Notes a state of components, of which the worst counts.
fn mark(
    components: &mut [Component],
    positions: &[usize],
    state: ComponentState,
    changed_at: Option<DateTime<Utc>>,
) {
    for position in positions {
        if let Some(component) = components.get_mut(*position) {
            component.state = component.state.max(state);
            component.changed_at = component.changed_at.max(changed_at);
        }
    }
}

/// Returns an id that reveals nothing of the record.
fn public_id(kind: &str, identity: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(b"redphone status page\0");
    hash.update(kind.as_bytes());
    hash.update(b"\0");
    hash.update(identity);
    let mut digits = hex::encode(hash.finalize());
    digits.truncate(ID_DIGITS);
    // An id of HTML begins with a letter.
    format!("r{digits}")
}

fn components(directory: &Directory) -> Vec<Component> {
    let mut components: Vec<Component> = directory
        .services
        .iter()
        .filter_map(|service| {
            Some(Component {
                id: public_id("component", service.name.as_bytes()),
                service: service.name.clone(),
                name: harmless(service.public_name.as_deref()?),
                state: ComponentState::Operational,
                changed_at: None,
            })
        })
        .collect();
    components.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    components
}

/// Returns the positions of the public ones of some services.
fn positions(services: &[String], components: &[Component]) -> Vec<usize> {
    let is_meant = |(_, component): &(usize, &Component)| services.contains(&component.service);
    components.iter().enumerate().filter(is_meant).map(|(position, _)| position).collect()
}

fn names(positions: &[usize], components: &[Component]) -> String {
    let names = positions.iter().filter_map(|position| components.get(*position));
    names.map(|component| component.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// Returns a text whose lines can all be shown safely.
fn harmless(text: &str) -> String {
    let lines: Vec<String> =
        text::lines(text.trim()).map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n")
}

/// Returns the public part of an incident; `None` if it has none, or if its timeline is not complete.
fn incident(events: &[Event], components: &[Component]) -> Option<PublicIncident> {
    let (first, later) = events.split_first()?;
    let mut record = Incident::from_declaration(first)?;
    let mut posts: Vec<Post> = Vec::new();
    let mut title: Option<String> = None;
    for event in later {
        record.apply_next(event).ok()?;
        let status = PublicStatus::from(record.summary.status);
        let was = posts.last().map(|post| post.status);
        let text = match &event.body {
            EventBody::StakeholdersUpdated { message, public: Some(public), .. } => {
                if let Some(written) = &public.title {
                    title = Some(harmless(written)).filter(|title| !title.is_empty()).or(title);
                }
                harmless(message)
            }
            _ => match was {
                Some(was) if was != status && status == PublicStatus::Resolved => {
                    let is_merged = record.summary.status == Status::Merged;
                    (if is_merged { MERGED } else { ENDED }).to_owned()
                }
                Some(PublicStatus::Resolved) if status != PublicStatus::Resolved => {
                    REOPENED.to_owned()
                }
                _ => continue,
            },
        };
        let id = public_id("post", event.id.0.as_bytes());
        posts.push(Post { id, event: event.id, status, text, at: event.at });
    }
    // A post that was recorded late is still sorted by its own time.
    posts.sort_by_key(|post| post.at);
    posts.first()?;
    let components_of = positions(&record.summary.services, components);
    let harm = Harm::from(record.summary.priority);
    let name = title.unwrap_or_else(|| {
        let names = names(&components_of, components);
        let state = harm.component().label().to_lowercase();
        if names.is_empty() { "Incident".to_owned() } else { format!("{names}: {state}") }
    });
    Some(PublicIncident {
        id: public_id("incident", record.summary.id.0.as_bytes()),
        incident: record.summary.id,
        name,
        status: PublicStatus::from(record.summary.status),
        harm,
        components: components_of,
        posts,
    })
}

/// Returns the public part of a maintenance window; `None` if it has none, or if it is too far in
/// the future.
fn maintenance(
    window: &MaintenanceWindow,
    components: &[Component],
    (oldest, now): (DateTime<Utc>, DateTime<Utc>),
) -> Option<PublicMaintenance> {
    let text = harmless(window.public_text.as_deref()?);
    let state = match window.state(now) {
        WindowState::Active(_) => MaintenanceState::InProgress,
        WindowState::Planned(_) => MaintenanceState::Scheduled,
        WindowState::Ended => MaintenanceState::Completed,
    };
    let occurrence = window.shown_occurrence(now);
    if occurrence.from > now + AHEAD || occurrence.until < oldest || text.is_empty() {
        return None;
    }
    let positions = positions(&window.filter.services, components);
    let names = names(&positions, components);
    let name = if names.is_empty() {
        "Scheduled maintenance".to_owned()
    } else {
        format!("{names}: scheduled maintenance")
    };
    Some(PublicMaintenance {
        id: public_id("maintenance", window.id.as_bytes()),
        name,
        text,
        state,
        from: occurrence.from,
        until: occurrence.until,
        created_at: window.created_at,
        components: positions,
    })
}
