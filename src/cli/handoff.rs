//! `handoff`: prints the information that the next person on call needs.

use chrono::{DateTime, Days, Utc};
use serde::Serialize;

use super::args::Handoff as Args;
use super::context::Context;
use super::failure::Failure;
use super::json;
use super::out;
use super::session::{BackendConnection, OldestRead, open_to_read};
use crate::backend::lists::{
    ActionItemEntry, ActionItemSearch, ChangeSearch, FeedEntry, FeedSearch,
};
use crate::backend::{BackendError, Search};
use crate::model::Summary;
use crate::model::change::Change;
use crate::model::directory::Directory;
use crate::model::filter::{Filter, Predicate, StateFilter, Term};
use crate::model::handoff::{
    ACTION_DAYS, Handoff, HandoffFormat, HandoffInputs, ShiftAction, ShiftEvent,
};
use crate::model::queue::Sort;
use crate::model::service_level::ServiceLevels;

/// The maximum number of rows in one answer of a backend.
const PAGE_ROWS: u32 = 1000;
/// The most events of a shift that are read. Nobody reads a handoff of more.
const MAX_EVENTS: usize = 50_000;

/// The inputs of a handoff, as `--json` prints them.
#[derive(Serialize)]
pub(super) struct Shift {
    since: DateTime<Utc>,
    now: DateTime<Utc>,
    open: Vec<Summary>,
    events: Vec<FeedEntry>,
    changes: Vec<Change>,
    /// The open action items that are overdue or due soon.
    actions: Vec<ActionItemEntry>,
    /// Names that it does not have are marked in the text.
    #[serde(skip)]
    directory: Option<Directory>,
}

/// Prints the handoff of a shift.
pub async fn run(context: &mut Context, args: Args) -> Result<(), Failure> {
    let config = &context.config;
    let connection = open_to_read(config).await?;
    let mut oldest = OldestRead::default();
    let now = connection.backend_now();
    let since = args.since.at(now);
    if since >= now {
        return Err(Failure::usage("--since is in the future: say when the shift began"));
    }
    let shift = Shift::read(&connection, args.team.as_deref(), (since, now), &mut oldest).await?;
    connection.report_put_back().await;
    connection.report_unknown_team(&args.team).await;
    connection.report_staleness(oldest);
    connection.close().await;
    let out = &mut context.out;
    if args.json {
        return json::print(out, &shift);
    }
    let format = if args.markdown { HandoffFormat::Markdown } else { HandoffFormat::Text };
    for line in shift.text(format, &context.config.rules.levels).lines() {
        out.line(line)?;
    }
    Ok(())
}

impl Shift {
    /// Reads the events between two times, of one team or of all.
    pub(super) async fn read(
        connection: &BackendConnection,
        team: Option<&str>,
        (since, now): (DateTime<Utc>, DateTime<Utc>),
        oldest: &mut OldestRead,
    ) -> Result<Self, Failure> {
        Ok(Self {
            since,
            now,
            open: read_open(connection, team, now, oldest).await?,
            events: read_events(connection, team, since, oldest).await?,
            changes: read_changes(connection, team, (since, now), oldest).await?,
            actions: read_actions(connection, team, now, oldest).await?,
            // It only marks unknown names, so the handoff does not fail without it.
            directory: connection.reader.read_directory().await.ok().map(|read| read.value),
        })
    }

    /// Returns the handoff as text, with times in UTC.
    pub(super) fn text(&self, format: HandoffFormat, levels: &ServiceLevels) -> String {
        let labels: Vec<String> = self.events.iter().map(|entry| entry.incident.label()).collect();
        let events: Vec<ShiftEvent<'_>> = self
            .events
            .iter()
            .zip(&labels)
            .map(|(entry, label)| ShiftEvent {
                label,
                title: &entry.incident.title,
                priority: entry.incident.priority,
                event: &entry.event,
            })
            .collect();
        let labelled: Vec<(String, &ActionItemEntry)> =
            self.actions.iter().map(|entry| (entry.incident.label(), entry)).collect();
        let actions: Vec<ShiftAction<'_>> = labelled
            .iter()
            .map(|(label, entry)| ShiftAction {
                incident: entry.incident.id,
                label,
                item: &entry.item,
            })
            .collect();
        let handoff = Handoff::new(&HandoffInputs {
            since: self.since,
            now: self.now,
            open: &self.open.iter().collect::<Vec<_>>(),
            events: &events,
            changes: &self.changes.iter().collect::<Vec<_>>(),
            actions: &actions,
            today: self.now.date_naive(),
            levels,
            directory: self.directory.as_ref(),
        });
        let time = |at: DateTime<Utc>| at.format("%Y-%m-%d %H:%M UTC").to_string();
        handoff.to_text(format, &time)
    }
}

/// Reads the open incidents, those included that are snoozed.
async fn read_open(
    connection: &BackendConnection,
    team: Option<&str>,
    now: DateTime<Utc>,
    oldest: &mut OldestRead,
) -> Result<Vec<Summary>, Failure> {
    let mut rows = Vec::new();
    // A filter without a state excludes snoozed incidents.
    for state in [None, Some(StateFilter::Snoozed)] {
        let team = team.map(|team| Predicate::Team(Some(team.to_owned())));
        let predicates = state.map(Predicate::State).into_iter().chain(team);
        let terms = predicates.map(|predicate| Term { predicate, negated: false }).collect();
        let mut search = Search {
            filter: Filter { terms },
            me: None,
            sort: Sort::Urgent,
            limit: PAGE_ROWS,
            after: None,
            now,
        };
        loop {
            let page = oldest.record(connection.reader.read_page(&search).await?);
            let is_empty = page.rows.is_empty();
            rows.extend(page.rows);
            search.after = page.next.filter(|_| !is_empty);
            if search.after.is_none() {
                break;
            }
        }
    }
    Ok(rows)
}

/// Reads the events that were recorded since a time.
async fn read_events(
    connection: &BackendConnection,
    team: Option<&str>,
    since: DateTime<Utc>,
    oldest: &mut OldestRead,
) -> Result<Vec<FeedEntry>, Failure> {
    let mut search = FeedSearch {
        since: Some(since),
        team: team.map(ToOwned::to_owned),
        ..FeedSearch::first(PAGE_ROWS)
    };
    let mut events = Vec::new();
    loop {
        let page = oldest.record(connection.reader.read_feed(&search).await?);
        events.extend(page.rows);
        search.after = page.next;
        if events.len() >= MAX_EVENTS && search.after.is_some() {
            out::print_hint(format!("only the last {} events are counted", events.len()));
            return Ok(events);
        }
        if search.after.is_none() {
            return Ok(events);
        }
    }
}

/// Reads the changes that ran in the shift, the latest first.
async fn read_changes(
    connection: &BackendConnection,
    team: Option<&str>,
    (since, now): (DateTime<Utc>, DateTime<Utc>),
    oldest: &mut OldestRead,
) -> Result<Vec<Change>, Failure> {
    let mut search =
        ChangeSearch { since: Some(since), until: Some(now), ..ChangeSearch::first(PAGE_ROWS) };
    let mut changes = Vec::new();
    loop {
        let page = oldest.record(connection.reader.read_recorded_changes(&search).await?);
        changes.extend(page.rows);
        search.after = page.next.filter(|_| changes.len() < MAX_EVENTS);
        if search.after.is_none() {
            break;
        }
    }
    if let Some(team) = team {
        let directory = oldest.record(connection.reader.read_directory().await?);
        let is_of_team = |name: &String| {
            directory
                .services
                .iter()
                .any(|service| service.name == *name && service.team.eq_ignore_ascii_case(team))
        };
        changes.retain(|change: &Change| change.services.iter().any(is_of_team));
    }
    Ok(changes)
}

/// Reads the open action items that are overdue or due soon, of one team or of all.
async fn read_actions(
    connection: &BackendConnection,
    team: Option<&str>,
    now: DateTime<Utc>,
    oldest: &mut OldestRead,
) -> Result<Vec<ActionItemEntry>, Failure> {
    let mut search = ActionItemSearch {
        done: Some(false),
        due_before: now.date_naive().checked_add_days(Days::new(ACTION_DAYS + 1)),
        ..ActionItemSearch::first(PAGE_ROWS)
    };
    let mut actions: Vec<ActionItemEntry> = Vec::new();
    loop {
        let page = match connection.reader.read_action_items(&search).await {
            // A backend of an earlier version has no such list.
            Err(BackendError::NotAllowed(_)) => return Ok(actions),
            read => oldest.record(read?),
        };
        actions.extend(page.rows);
        search.after = page.next.filter(|_| actions.len() < MAX_EVENTS);
        if search.after.is_none() {
            break;
        }
    }
    let is_of_team = |entry: &ActionItemEntry| {
        team.is_none_or(|team| {
            entry.incident.team.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(team))
        })
    };
    actions.retain(is_of_team);
    Ok(actions)
}
