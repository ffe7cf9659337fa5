//! The handoff of a shift: the information that the next person needs, as data and as text.

mod text;

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::actor::{Actor, PersonRef};
use super::change::Change;
use super::directory::Directory;
use super::event::{Event, EventBody};
use super::id::IncidentId;
use super::last_word::LastWord;
use super::priority::Priority;
use super::queue::urgency_key;
use super::review::ActionItem;
use super::service_level::ServiceLevels;
use super::status::Status;
use super::summary::Summary;

pub use text::HandoffFormat;

/// After how long without an event an acknowledged incident counts as forgotten, by priority.
const FORGOTTEN_AFTER: [TimeDelta; 4] =
    [TimeDelta::minutes(30), TimeDelta::hours(1), TimeDelta::hours(8), TimeDelta::hours(24)];

/// An event of an incident in the shift.
#[allow(missing_docs, reason = "the names say it")]
#[derive(Clone, Copy, Debug)]
pub struct ShiftEvent<'a> {
    /// The number of the incident, such as `INC-2041`.
    pub label: &'a str,
    pub title: &'a str,
    /// The priority that the incident has now.
    pub priority: Priority,
    pub event: &'a Event,
}

/// An action item that is open.
#[allow(missing_docs, reason = "the names say it")]
#[derive(Clone, Copy, Debug)]
pub struct ShiftAction<'a> {
    pub incident: IncidentId,
    /// The number of the incident, such as `INC-2041`.
    pub label: &'a str,
    pub item: &'a ActionItem,
}

/// For how many days ahead a handoff lists the action items that are due.
pub const ACTION_DAYS: u64 = 7;

/// The inputs of a handoff.
#[allow(missing_docs, reason = "the names say it")]
#[derive(Clone, Copy, Debug)]
pub struct HandoffInputs<'a> {
    /// The start of the shift.
    pub since: DateTime<Utc>,
    pub now: DateTime<Utc>,
    /// The open incidents, those included that are snoozed.
    pub open: &'a [&'a Summary],
    /// The events of the shift, in any order.
    pub events: &'a [ShiftEvent<'a>],
    /// The changes that ran in the shift.
    pub changes: &'a [&'a Change],
    /// The open action items that are overdue or due within [`ACTION_DAYS`], in the order in which they are
    /// due.
    pub actions: &'a [ShiftAction<'a>],
    /// The day on which the handoff is made, in the time zone of the reader.
    pub today: NaiveDate,
    pub levels: &'a ServiceLevels,
    /// Names that it does not have are marked; `None` before it has been read.
    pub directory: Option<&'a Directory>,
}

/// The parts of a handoff, in the order in which they are shown.
#[allow(missing_docs, reason = "the names say it")]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum HandoffPart {
    Unacknowledged,
    /// Acknowledged, without any news since.
    Forgotten,
    InProgress,
    /// Paused until somebody else has done something.
    Waiting,
    Snoozed,
    Escalated,
    /// Ended in the shift.
    Ended,
    /// Changes that ran in the shift.
    Changes,
    /// Action items that are overdue, or due soon.
    ActionItems,
}

impl HandoffPart {
    /// Returns the heading of the part.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unacknowledged => "Nobody has acknowledged",
            Self::Forgotten => "Acknowledged, and no word since",
            Self::InProgress => "In progress",
            Self::Waiting => "Waiting on somebody else",
            Self::Snoozed => "Snoozed",
            Self::Escalated => "Escalated in this shift",
            Self::Ended => "Ended in this shift",
            Self::Changes => "Changes in this shift",
            Self::ActionItems => "Action items that are due",
        }
    }
}

/// A statement or action of a person or program, for display.
#[allow(missing_docs, reason = "the names say it")]
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewsItem {
    pub at: DateTime<Utc>,
    pub who: String,
    /// The kind, such as `Note`; not sanitized. Empty if only the text is known, which then follows
    /// the name.
    pub label: String,
    /// The text; not sanitized, may be empty.
    pub text: String,
}

/// The state of an incident or a change in a handoff.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum HandoffState {
    /// An open incident.
    Open {
        /// The name of the person who leads it.
        owner: Option<String>,
        /// When it was reported.
        reported_at: DateTime<Utc>,
        /// The time left of the clock that runs; negative past its level.
        remaining: Option<TimeDelta>,
        /// The end of its snooze.
        snoozed_until: Option<DateTime<Utc>>,
        /// Since when it waits.
        paused_since: Option<DateTime<Utc>>,
        /// When the last event happened.
        last_event_at: DateTime<Utc>,
        /// Whether it was reported in the shift.
        is_new: bool,
    },
    /// An action item that is open.
    Due {
        /// The name of the person who does the work.
        owner: Option<String>,
        /// The day by which it must be done.
        due: Option<NaiveDate>,
        /// By how many days it is overdue; 0 if it is not.
        overdue_days: i64,
    },
    /// Something that happened, or a change that ran, at a time.
    Happened {
        /// When it happened or began.
        at: DateTime<Utc>,
    },
}

/// One entry of a handoff.
#[allow(missing_docs, reason = "the names say it")]
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HandoffEntry {
    pub part: HandoffPart,
    /// The incident; `None` for a change.
    pub incident: Option<IncidentId>,
    /// The number of the incident, or the kind of change.
    pub label: String,
    pub priority: Option<Priority>,
    /// The status of an open incident.
    pub status: Option<Status>,
    /// The title; not sanitized.
    pub title: String,
    /// The affected services; not sanitized.
    pub services: Vec<String>,
    /// Whom an open incident affects and which teams help, as far as the row has that; not
    /// sanitized, may be empty.
    pub impact: String,
    pub state: HandoffState,
    pub last_word: Option<NewsItem>,
}

/// A handoff.
#[allow(missing_docs, reason = "the names say it")]
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Handoff {
    pub since: DateTime<Utc>,
    pub now: DateTime<Utc>,
    /// The entries, part by part; within a part the most urgent first, or the latest.
    pub entries: Vec<HandoffEntry>,
    /// How many incidents were reported in the shift.
    pub reported: usize,
    /// How many ended in the shift and were not reopened.
    pub ended: usize,
}

impl Handoff {
    /// Creates the handoff of a shift.
    #[must_use]
    pub fn new(inputs: &HandoffInputs<'_>) -> Self {
        let now = inputs.now;
        let last_words = latest_news(inputs.events);
        let mut open: Vec<&Summary> =
            inputs.open.iter().copied().filter(|row| row.status.is_open()).collect();
        open.sort_by_key(|row| urgency_key(row, now, inputs.levels));
        let open_entries = open.iter().map(|row| open_entry(row, inputs, &last_words));
        let mut entries: Vec<HandoffEntry> = open_entries.collect();
        let escalated = inputs.events.iter().filter(|event| is_escalation(&event.event.body));
        let mut escalated: Vec<HandoffEntry> = escalated
            .map(|event| happened(HandoffPart::Escalated, event, inputs.directory))
            .collect();
        escalated.sort_by_key(|entry| std::cmp::Reverse(word_time(entry)));
        entries.extend(escalated);
        let ended = ended(inputs, &open);
        let ended_count = ended.len();
        entries.extend(ended);
        entries.extend(inputs.changes.iter().map(|change| change_entry(change, inputs.directory)));
        entries.extend(inputs.actions.iter().map(|action| action_entry(action, inputs)));
        // The changes are sorted already, the latest first.
        entries.sort_by_key(|entry| entry.part);
        let declared = inputs.events.iter().filter(|event| is_declaration(&event.event.body));
        Self { since: inputs.since, now, entries, reported: declared.count(), ended: ended_count }
    }

    /// Returns the entries of a part.
    pub fn part(&self, part: HandoffPart) -> impl Iterator<Item = &HandoffEntry> {
        self.entries.iter().filter(move |entry| entry.part == part)
    }
}

fn word_time(entry: &HandoffEntry) -> Option<DateTime<Utc>> {
    entry.last_word.as_ref().map(|word| word.at)
}

fn is_escalation(body: &EventBody) -> bool {
    matches!(body, EventBody::Escalated { .. })
}

fn is_declaration(body: &EventBody) -> bool {
    matches!(body, EventBody::Declared { .. })
}

/// Returns whether an event ends an incident, or marks its service as restored.
fn is_end(body: &EventBody) -> bool {
    matches!(
        body,
        EventBody::Resolved { .. }
            | EventBody::Closed
            | EventBody::MergedInto { .. }
            | EventBody::Reclassified { .. }
    )
}

/// Returns the last event of each incident that is news.
fn latest_news<'a>(events: &[ShiftEvent<'a>]) -> HashMap<IncidentId, &'a Event> {
    let mut last: HashMap<IncidentId, &Event> = HashMap::new();
    let is_word = |body: &EventBody| body.is_news() && !is_declaration(body);
    for ShiftEvent { event, .. } in events.iter().filter(|event| is_word(&event.event.body)) {
        let known = last.entry(event.incident).or_insert(event);
        if known.seq < event.seq {
            *known = event;
        }
    }
    last
}

/// Returns the name of an actor, marked if it is a person whom the directory does not have.
fn actor_label(actor: &Actor, directory: Option<&Directory>) -> String {
    let name = directory.map(|directory| directory.actor_label(actor).into_owned());
    name.unwrap_or_else(|| actor.name().to_owned())
}

/// Returns the name of a person, marked if the directory does not have the person.
fn person_label(person: &PersonRef, directory: Option<&Directory>) -> String {
    let name = directory.map(|directory| directory.person_label(person).into_owned());
    name.unwrap_or_else(|| person.name.clone())
}

fn service_labels(services: &[String], directory: Option<&Directory>) -> Vec<String> {
    let label = |name: &String| match directory {
        Some(directory) => directory.service_label(name).into_owned(),
        None => name.clone(),
    };
    services.iter().map(label).collect()
}

fn word(event: &Event, directory: Option<&Directory>) -> NewsItem {
    let text = match directory {
        Some(directory) => event.with_marked_names(directory).body.detail(),
        None => event.body.detail(),
    };
    NewsItem {
        at: event.at,
        who: actor_label(&event.actor, directory),
        label: event.body.label().into_owned(),
        text,
    }
}

/// Returns the last word of a row, from before the shift.
fn earlier_word(word: &LastWord, directory: Option<&Directory>) -> NewsItem {
    let text = if word.quoted { format!("“{}”", word.text) } else { word.text.clone() };
    NewsItem { at: word.at, who: person_label(&word.by, directory), label: String::new(), text }
}

/// Returns how many users an incident affects, and which teams help.
fn impact(row: &Summary, directory: Option<&Directory>) -> String {
    let users = row.attributes.users.map(|users| match users {
        1 => "1 user affected".to_owned(),
        users => format!("{users} users affected"),
    });
    let team = |name: &String| match directory {
        Some(directory) => directory.team_label(name).into_owned(),
        None => name.clone(),
    };
    let teams: Vec<String> = row.attributes.teams.iter().map(team).collect();
    let teams = (!teams.is_empty()).then(|| format!("helped by {}", teams.join(", ")));
    users.into_iter().chain(teams).collect::<Vec<_>>().join(" · ")
}

fn open_entry(
    row: &Summary,
    inputs: &HandoffInputs<'_>,
    last_words: &HashMap<IncidentId, &Event>,
) -> HandoffEntry {
    let now = inputs.now;
    let silent = now - row.last_event_at;
    let part = if row.is_snoozed(now) {
        HandoffPart::Snoozed
    } else if row.paused {
        HandoffPart::Waiting
    } else if row.status == Status::Triggered {
        HandoffPart::Unacknowledged
    } else if silent > FORGOTTEN_AFTER[row.priority.index()] {
        HandoffPart::Forgotten
    } else {
        HandoffPart::InProgress
    };
    let clock = super::service_level::running_clock(row, inputs.levels);
    HandoffEntry {
        part,
        incident: Some(row.id),
        label: row.label(),
        priority: Some(row.priority),
        status: Some(row.status),
        title: row.title.clone(),
        services: service_labels(&row.services, inputs.directory),
        impact: impact(row, inputs.directory),
        state: HandoffState::Open {
            owner: row.assignee.as_ref().map(|person| person_label(person, inputs.directory)),
            reported_at: row.reported_at,
            remaining: clock.map(|clock| clock.remaining(now)),
            snoozed_until: row.snoozed_until.filter(|_| part == HandoffPart::Snoozed),
            paused_since: row.paused_since,
            last_event_at: row.last_event_at,
            is_new: row.reported_at >= inputs.since,
        },
        last_word: match last_words.get(&row.id) {
            Some(event) => Some(word(event, inputs.directory)),
            // From before the shift.
            None => row.last_word.as_ref().map(|word| earlier_word(word, inputs.directory)),
        },
    }
}

/// Returns the entry of something that happened to an incident.
fn happened(
    part: HandoffPart,
    event: &ShiftEvent<'_>,
    directory: Option<&Directory>,
) -> HandoffEntry {
    HandoffEntry {
        part,
        incident: Some(event.event.incident),
        label: event.label.to_owned(),
        priority: Some(event.priority),
        status: None,
        title: event.title.to_owned(),
        services: Vec::new(),
        impact: String::new(),
        state: HandoffState::Happened { at: event.event.at },
        last_word: Some(word(event.event, directory)),
    }
}

/// Returns the incidents that ended in the shift and are not open again, the latest first; each
/// with its resolution rather than the event that only closes it.
fn ended(inputs: &HandoffInputs<'_>, open: &[&Summary]) -> Vec<HandoffEntry> {
    let events = inputs.events;
    let mut ends: Vec<&ShiftEvent<'_>> = Vec::new();
    for event in events.iter().filter(|event| is_end(&event.event.body)) {
        let id = event.event.incident;
        if open.iter().any(|row| row.id == id) {
            continue;
        }
        match ends.iter_mut().find(|end| end.event.incident == id) {
            None => ends.push(event),
            Some(end) => {
                let closes = matches!(event.event.body, EventBody::Closed);
                let is_later = event.event.seq > end.event.seq;
                let known_closes = matches!(end.event.body, EventBody::Closed);
                if known_closes || (is_later && !closes) {
                    *end = event;
                }
            }
        }
    }
    ends.sort_by_key(|end| std::cmp::Reverse(end.event.at));
    let directory = inputs.directory;
    ends.into_iter().map(|end| happened(HandoffPart::Ended, end, directory)).collect()
}

fn change_entry(change: &Change, directory: Option<&Directory>) -> HandoffEntry {
    HandoffEntry {
        part: HandoffPart::Changes,
        incident: None,
        label: change.kind.to_string(),
        priority: None,
        status: None,
        title: change.title.clone(),
        services: service_labels(&change.services, directory),
        impact: String::new(),
        state: HandoffState::Happened { at: change.starts_at },
        last_word: Some(NewsItem {
            at: change.starts_at,
            who: actor_label(&change.by, directory),
            label: change.state.to_string(),
            text: String::new(),
        }),
    }
}

fn action_entry(action: &ShiftAction<'_>, inputs: &HandoffInputs<'_>) -> HandoffEntry {
    let ActionItem { text, owner, due, .. } = action.item;
    let overdue_days = due.map_or(0, |due| (inputs.today - due).num_days().max(0));
    HandoffEntry {
        part: HandoffPart::ActionItems,
        incident: Some(action.incident),
        label: action.label.to_owned(),
        priority: None,
        status: None,
        title: text.clone(),
        services: Vec::new(),
        impact: String::new(),
        state: HandoffState::Due {
            owner: owner.as_ref().map(|person| person_label(person, inputs.directory)),
            due: *due,
            overdue_days,
        },
        last_word: None,
    }
}
