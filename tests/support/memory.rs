//! A backend in memory, built on the model's own `decide` and `apply`. It refuses the same requests
//! as a real backend, and can be made to fail.

pub mod ledger;
mod lists;
mod pages;
mod state;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use redphone::backend::lists::{
    ActionItemEntry, ActionItemSearch, ChangeSearch, FeedEntry, FeedSearch, NotificationEntry,
    NotificationSearch, ProblemEntry, ProblemSearch, ReviewEntry, ReviewSearch,
};
use redphone::backend::{
    Administered, AdministrationRequest, Backend, BackendError, Capabilities, Cursor, Delta,
    Detail, Missing, MissingEvidence, NoiseSearch, Outcome, Page, PageMark, Search, TimelineRange,
};
use redphone::model::alert::Alert;
use redphone::model::change::Change;
use redphone::model::command::CommandKind;
use redphone::model::directory::Directory;
use redphone::model::evidence::EvidenceContent;
use redphone::model::filter::{MatchContext, Scope};
use redphone::model::maintenance::{
    MaintenanceChange, MaintenanceRefusal, MaintenanceRequest, MaintenanceSearch, MaintenanceWindow,
};
use redphone::model::measures::pages::{Pages, PagesQuery};
use redphone::model::measures::{Cut, Measures, Window};
use redphone::model::noise::{NoiseReport, NoiseRow};
use redphone::model::notification::PersonReach;
use redphone::model::problem::Problem;
use redphone::model::queue::{OpenCounts, Sort, compare, urgency_key};
use redphone::model::stability::Soak;
use redphone::model::unknown_service::UnknownService;
use redphone::model::{
    CommandId, Envelope, Event, Incident, IncidentId, IncidentNumber, Rejection, Rules, Summary,
};
use tokio::sync::Notify;

use super::hostile::{harmful, harmful_values};
use state::{delta, page_offset};

/// Incidents in memory.
#[derive(Default)]
pub struct Memory {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Clone, Default)]
struct State {
    rules: Rules,
    directory: Directory,
    changes: Vec<Change>,
    problems: Vec<Problem>,
    notifications: Vec<NotificationEntry>,
    contacts: Vec<PersonReach>,
    windows: Vec<MaintenanceWindow>,
    noise: Vec<NoiseRow>,
    alerts: HashMap<IncidentId, Vec<Alert>>,
    evidence: Vec<EvidenceContent>,
    soaks: HashMap<IncidentId, Soak>,
    incidents: HashMap<IncidentId, (Incident, Vec<Event>)>,
    /// Which incident changed, in order; the cursor is the length.
    log: Vec<IncidentId>,
    /// All events, in the order in which they were recorded.
    journal: Vec<Event>,
    outcomes: HashMap<CommandId, Outcome>,
    next_number: u64,
    ids: u64,
    failing: Option<BackendError>,
    verbs: Option<Vec<CommandKind>>,
}

impl Memory {
    pub fn new(directory: Directory, changes: Vec<Change>, first_number: u64) -> Self {
        let state = State { directory, changes, next_number: first_number, ..State::default() };
        Self { state: Mutex::new(state), changed: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes all requests fail with this error; `None` makes them succeed again.
    pub fn fail(&self, with: Option<BackendError>) {
        self.state().failing = with;
        self.changed.notify_waiters();
    }

    /// Allows only these kinds of commands.
    pub fn only(&self, verbs: Vec<CommandKind>) {
        self.state().verbs = Some(verbs);
    }

    /// Executes a command as of the time in its envelope.
    pub fn carry_out(&self, envelope: &Envelope) -> Result<Outcome, BackendError> {
        let outcome = self.state().execute(envelope, envelope.at)?;
        self.changed.notify_waiters();
        Ok(outcome)
    }

    /// Adds events that another store has recorded.
    pub fn adopt(&self, events: &[Event]) {
        let mut state = self.state();
        for event in events {
            if let Some((incident, timeline)) = state.incidents.get_mut(&event.incident) {
                incident.apply_next(event).expect("the events of a timeline fit");
                timeline.push(event.clone());
            } else {
                let incident =
                    Incident::from_declaration(event).expect("the first is a declaration");
                state.incidents.insert(event.incident, (incident, vec![event.clone()]));
            }
            state.journal.push(event.clone());
            state.log.push(event.incident);
        }
    }

    /// Adds a notification to the list of them.
    pub fn add_notification(&self, entry: NotificationEntry) {
        self.state().notifications.push(entry);
    }

    /// Replaces how people are reached.
    pub fn set_contacts(&self, people: Vec<PersonReach>) {
        self.state().contacts = people;
    }

    /// Adds a maintenance window.
    pub fn add_window(&self, window: MaintenanceWindow) {
        self.state().windows.push(window);
    }

    /// Replaces the list of notifications.
    pub fn set_notifications(&self, entries: Vec<NotificationEntry>) {
        self.state().notifications = entries;
    }

    /// Replaces the checks with the most alerts.
    pub fn set_noise(&self, rows: Vec<NoiseRow>) {
        self.state().noise = rows;
    }

    /// Replaces the alerts of an incident, firing ones first.
    pub fn set_alerts(&self, incident: IncidentId, alerts: Vec<Alert>) {
        self.state().alerts.insert(incident, alerts);
    }

    /// Adds the content of evidence.
    pub fn add_evidence(&self, content: EvidenceContent) {
        self.state().evidence.push(content);
    }

    /// Sets how long the alerts of an incident are resolved, and must be.
    pub fn set_soak(&self, incident: IncidentId, soak: Soak) {
        self.state().soaks.insert(incident, soak);
    }

    /// Replaces people, teams, services, policies and schedules.
    pub fn set_directory(&self, directory: Directory) {
        self.state().directory = directory;
    }

    /// Returns a number that was never returned before, for ids that are the same in each run.
    pub fn count_ids(&self) -> u64 {
        let mut state = self.state();
        state.ids += 1;
        state.ids
    }

    /// The same incidents, independent of this one.
    pub fn duplicate(&self) -> Self {
        Self { state: Mutex::new(self.state().clone()), changed: Notify::new() }
    }

    /// Makes every text in it mean harm.
    pub fn harm(&self) {
        let mut state = self.state();
        let state = &mut *state;
        state.directory = harmful(&state.directory);
        state.changes = harmful(&state.changes);
        state.problems = harmful(&state.problems);
        for (incident, events) in state.incidents.values_mut() {
            *incident = harmful(incident);
            *events = events.iter().map(harmful).collect();
        }
    }

    /// Puts harmful text also where this version defines the values, as a later one might send them.
    pub fn harm_values(&self) {
        let mut state = self.state();
        for (incident, events) in state.incidents.values_mut() {
            *incident = harmful_values(incident);
            *events = events.iter().map(harmful_values).collect();
        }
    }

    /// Changes the JSON of everything in it.
    pub fn edit(&self, edit: impl Fn(&mut serde_json::Value)) {
        fn edited<T: serde::Serialize + serde::de::DeserializeOwned>(
            value: &T,
            edit: &impl Fn(&mut serde_json::Value),
        ) -> T {
            let mut json = serde_json::to_value(value).expect("it is serialized");
            edit(&mut json);
            serde_json::from_value(json).expect("it is read")
        }
        let mut state = self.state();
        let state = &mut *state;
        state.directory = edited(&state.directory, &edit);
        state.changes = edited(&state.changes, &edit);
        state.problems = edited(&state.problems, &edit);
        for (incident, events) in state.incidents.values_mut() {
            *incident = edited(incident, &edit);
            *events = edited(events, &edit);
        }
    }

    /// Returns the events after the first `position` ones.
    pub fn journal_after(&self, position: usize) -> Vec<Event> {
        self.state().journal[position..].to_vec()
    }

    /// Returns the row of an incident.
    pub fn row(&self, id: IncidentId) -> Option<Summary> {
        self.state().incidents.get(&id).map(|(incident, _)| incident.summary.clone())
    }

    /// Returns the present cursor.
    pub fn position(&self) -> Cursor {
        Cursor(self.state().log.len() as u64)
    }

    /// Returns all incidents.
    pub fn all(&self) -> Vec<Summary> {
        let state = self.state();
        state.incidents.values().map(|(incident, _)| incident.summary.clone()).collect()
    }

    /// Returns all open incidents.
    pub fn open(&self) -> Vec<Summary> {
        let state = self.state();
        let mut rows: Vec<Summary> = state
            .incidents
            .values()
            .map(|(incident, _)| incident.summary.clone())
            .filter(|row| row.status.is_open())
            .collect();
        rows.sort_by_key(|row| row.number);
        rows
    }

    /// Returns the incident that has a number, with its timeline.
    pub fn read(&self, number: u64) -> (Detail, Vec<Event>) {
        let state = self.state();
        let (incident, events) = state
            .incidents
            .values()
            .find(|(incident, _)| incident.summary.number == Some(IncidentNumber(number)))
            .expect("the number is one of the fixture's");
        (state.detail(incident), events.clone())
    }

    pub fn directory_now(&self) -> Directory {
        self.state().directory.clone()
    }

    pub fn measures_now(&self, window: &Window, now: DateTime<Utc>) -> Measures {
        self.state().measures(window, now)
    }
}

#[async_trait]
impl Backend for Memory {
    async fn capabilities(&self) -> Result<Capabilities, BackendError> {
        let state = self.state();
        state.check()?;
        let verbs = state.verbs.clone().unwrap_or_else(|| CommandKind::ALL.to_vec());
        Ok(Capabilities {
            name: "memory".into(),
            verbs: verbs.into_iter().collect(),
            live: true,
            me: None,
            checks_person: false,
            store: None,
            escalates: false,
        })
    }

    async fn changes(&self, since: Option<Cursor>, wait: Duration) -> Result<Delta, BackendError> {
        let changed = self.changed.notified();
        {
            let state = self.state();
            state.check()?;
            let cursor = Cursor(state.log.len() as u64);
            if since != Some(cursor) {
                return Ok(delta(&state, since, cursor));
            }
        }
        let _ = tokio::time::timeout(wait, changed).await;
        let state = self.state();
        state.check()?;
        let cursor = Cursor(state.log.len() as u64);
        Ok(delta(&state, since, cursor))
    }

    async fn search(&self, search: &Search) -> Result<Page<Summary>, BackendError> {
        let state = self.state();
        state.check()?;
        let levels = state.rules.levels;
        let context = MatchContext { now: search.now, me: search.me.as_deref(), levels: &levels };
        let mut counts = OpenCounts::default();
        let mut rows: Vec<Summary> = Vec::new();
        for (incident, _) in state.incidents.values() {
            counts.add(&incident.summary, search.now, &levels);
            if search.filter.matches(&incident.summary, context) {
                rows.push(incident.summary.clone());
            }
        }
        let sort = match (search.sort, search.filter.scope()) {
            (Sort::Newest | Sort::Oldest, _) | (_, Scope::Open) => search.sort,
            _ => Sort::Newest,
        };
        rows.sort_by(|a, b| {
            let rank = |row| urgency_key(row, search.now, &levels);
            compare(sort, (a, &rank(a)), (b, &rank(b)))
        });
        let total = Some(rows.len() as u64);
        let start = match &search.after {
            None => 0,
            Some(mark) => page_offset(sort, mark)?,
        };
        let end = start.saturating_add(search.limit as usize);
        let next = (rows.len() > end).then(|| PageMark::from(format!("{sort} {end}")));
        let rows = rows.into_iter().skip(start).take(search.limit as usize).collect();
        Ok(Page { rows, next, total, counts: Some(counts) })
    }

    async fn incident(&self, id: IncidentId) -> Result<Detail, BackendError> {
        let state = self.state();
        state.check()?;
        let record = state.incidents.get(&id);
        record
            .map(|(incident, _)| state.detail(incident))
            .ok_or(BackendError::NotFound(Missing::Incident))
    }

    async fn alerts(&self, id: IncidentId, limit: u32) -> Result<Vec<Alert>, BackendError> {
        let state = self.state();
        state.check()?;
        let alerts = state.alerts.get(&id).into_iter().flatten();
        Ok(alerts.take(limit as usize).cloned().collect())
    }

    async fn find_by_number(&self, number: IncidentNumber) -> Result<IncidentId, BackendError> {
        let state = self.state();
        let found = state.incidents.values().find(|(i, _)| i.summary.number == Some(number));
        found
            .map(|(incident, _)| incident.summary.id)
            .ok_or(BackendError::NotFound(Missing::Number(number)))
    }

    async fn timeline(
        &self,
        id: IncidentId,
        part: TimelineRange,
    ) -> Result<Vec<Event>, BackendError> {
        let state = self.state();
        state.check()?;
        let Some((_, events)) = state.incidents.get(&id) else {
            return Err(BackendError::NotFound(Missing::Incident));
        };
        let last = |events: &[Event], count: u32| {
            events[events.len().saturating_sub(count as usize)..].to_vec()
        };
        Ok(match part {
            TimelineRange::Last(count) => last(events, count),
            TimelineRange::After(seq) => events.iter().filter(|e| e.seq > seq).cloned().collect(),
            TimelineRange::Before(seq, count) => {
                let before: Vec<Event> = events.iter().filter(|e| e.seq < seq).cloned().collect();
                last(&before, count)
            }
        })
    }

    async fn measures(
        &self,
        window: &Window,
        _cut: Cut,
        now: DateTime<Utc>,
    ) -> Result<Measures, BackendError> {
        let state = self.state();
        state.check()?;
        Ok(state.measures(window, now))
    }

    async fn pages(&self, query: &PagesQuery, now: DateTime<Utc>) -> Result<Pages, BackendError> {
        let state = self.state();
        state.check()?;
        let incidents = state.incidents.values();
        let incidents = incidents.map(|(incident, events)| (incident, events.as_slice()));
        Ok(pages::compute(incidents, query, now, &state.rules))
    }

    async fn execute(&self, envelope: &Envelope) -> Result<Outcome, BackendError> {
        let outcome = self.state().execute(envelope, Utc::now().max(envelope.at));
        self.changed.notify_waiters();
        outcome
    }

    async fn problems(&self) -> Result<Vec<Problem>, BackendError> {
        let state = self.state();
        state.check()?;
        Ok(state.problems.iter().rev().cloned().collect())
    }

    async fn feed(&self, search: &FeedSearch) -> Result<Page<FeedEntry>, BackendError> {
        let state = self.state();
        state.check()?;
        lists::page(search, state.feed_rows())
    }

    async fn recorded_changes(&self, search: &ChangeSearch) -> Result<Page<Change>, BackendError> {
        let state = self.state();
        state.check()?;
        lists::page(search, state.changes.clone())
    }

    async fn reviews(&self, search: &ReviewSearch) -> Result<Page<ReviewEntry>, BackendError> {
        let state = self.state();
        state.check()?;
        lists::page(search, state.review_rows())
    }

    async fn action_items(
        &self,
        search: &ActionItemSearch,
    ) -> Result<Page<ActionItemEntry>, BackendError> {
        let state = self.state();
        state.check()?;
        lists::page(search, state.action_rows())
    }

    async fn linked_problems(
        &self,
        search: &ProblemSearch,
    ) -> Result<Page<ProblemEntry>, BackendError> {
        let state = self.state();
        state.check()?;
        lists::page(search, state.problem_rows())
    }

    async fn maintenance(
        &self,
        _: &MaintenanceSearch,
    ) -> Result<Vec<MaintenanceWindow>, BackendError> {
        let state = self.state();
        state.check()?;
        Ok(state.windows.clone())
    }

    async fn change_maintenance(
        &self,
        request: &MaintenanceRequest,
    ) -> Result<MaintenanceWindow, BackendError> {
        let mut state = self.state();
        state.check()?;
        let window = state.windows.iter_mut().find(|window| window.id == request.id);
        let window = window.ok_or_else(|| {
            let refusal = Rejection::Maintenance(MaintenanceRefusal::NotFound);
            BackendError::rejected(refusal, request.at)
        })?;
        window.revision += 1;
        match &request.change {
            MaintenanceChange::End => window.ended_at = Some(request.at),
            MaintenanceChange::Create(new) | MaintenanceChange::Change(new) => {
                (window.from, window.until) = (new.from, new.until);
            }
        }
        Ok(window.clone())
    }

    async fn notifications(
        &self,
        search: &NotificationSearch,
    ) -> Result<Page<NotificationEntry>, BackendError> {
        let state = self.state();
        state.check()?;
        lists::page(search, state.notifications.clone())
    }

    async fn contacts(&self) -> Result<Vec<PersonReach>, BackendError> {
        let state = self.state();
        state.check()?;
        Ok(state.contacts.clone())
    }

    async fn evidence(&self, id: uuid::Uuid) -> Result<EvidenceContent, BackendError> {
        let state = self.state();
        state.check()?;
        let found = state.evidence.iter().find(|content| content.id == id).cloned();
        found.ok_or_else(|| BackendError::not_found(MissingEvidence))
    }

    async fn noise(&self, search: &NoiseSearch) -> Result<NoiseReport, BackendError> {
        let state = self.state();
        state.check()?;
        Ok(NoiseReport {
            from: search.from,
            to: search.to,
            total: state.noise.len() as u64,
            is_partial: false,
            rows: state.noise.clone(),
        })
    }

    async fn administer(
        &self,
        request: &AdministrationRequest,
    ) -> Result<Administered, BackendError> {
        let mut state = self.state();
        state.check()?;
        state.administer(&request.change);
        Ok(Administered { event: None, replayed: false })
    }

    async fn unknown_services(&self) -> Result<Vec<UnknownService>, BackendError> {
        let state = self.state();
        state.check()?;
        Ok(state.unknown_services())
    }

    async fn directory(&self) -> Result<Directory, BackendError> {
        let state = self.state();
        state.check()?;
        Ok(state.directory.clone())
    }
}
