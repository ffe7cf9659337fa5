//! Simulates the company while the demo is open: alerts arrive, and people respond.
//!
//! Nothing is planned far ahead. After each pause one action that fits the open incidents is
//! performed, so the simulation reacts to everything that the viewer does meanwhile.

mod actions;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use chrono::{DateTime, Timelike, Utc};

use crate::backend::{Backend, BackendError, Cursor};
use crate::model::checklist::InvestigationItem;
use crate::model::{
    Actor, Command, CommandId, Envelope, IncidentCommand, IncidentId, PersonRef, Priority, Rules,
    Status, Summary,
};

use super::company::Company;
use super::data::{Cause, Fault, Texts};
use super::dice::Dice;
use super::templates::{self, TemplateValues};

/// The median seconds between two happenings at speed 1.
const MEDIAN_PAUSE_S: f64 = 4.0;
/// The longest delay before another attempt after an error of the store.
const MAX_RETRY_DELAY: Duration = Duration::from_mins(1);
/// The maximum number of resolved incidents that are remembered, to be closed or reopened.
const MAX_RESOLVED: usize = 40;

/// The kinds of things that may happen next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Happening {
    New,
    Alert,
    Acknowledge,
    Assign,
    Note,
    Move,
    Check,
    Update,
    Change,
    Resolve,
    Close,
    Reopen,
    Storm,
}

/// One incident of a storm that is still to be declared.
#[derive(Clone, Copy, Debug)]
struct StormWave {
    service: usize,
    /// The service whose failure causes it; `None` for the incident of that service itself.
    from: Option<usize>,
}

/// The simulation of a company on a backend.
pub(super) struct Simulation<'a> {
    backend: &'a dyn Backend,
    company: &'a Company,
    rules: &'a Rules,
    /// Handle of the viewer, whose incidents only get alerts.
    viewer: &'a str,
    dice: Dice,
    speed: f64,
    cursor: Option<Cursor>,
    open: BTreeMap<IncidentId, Summary>,
    resolved: VecDeque<Summary>,
    /// The usual number of open incidents, to which the simulation returns.
    usual_open: usize,
    waves: VecDeque<StormWave>,
    /// Checklist items that the simulation has answered, so that it answers none twice.
    answered: BTreeSet<(IncidentId, InvestigationItem)>,
}

impl<'a> Simulation<'a> {
    pub fn new(
        backend: &'a dyn Backend,
        company: &'a Company,
        rules: &'a Rules,
        viewer: &'a str,
        speed: f64,
        dice: Dice,
    ) -> Self {
        Self {
            backend,
            company,
            rules,
            viewer,
            dice,
            speed: if speed.is_finite() { speed.clamp(0.0, 1000.0) } else { 1.0 },
            cursor: None,
            open: BTreeMap::new(),
            resolved: VecDeque::new(),
            usual_open: 0,
            waves: VecDeque::new(),
            answered: BTreeSet::new(),
        }
    }

    /// Runs until the future is dropped. At speed 0, or without services, nothing happens.
    pub async fn run(mut self) {
        if self.speed <= 0.0 || self.company.kinds.is_empty() {
            return std::future::pending().await;
        }
        let mut failures: u32 = 0;
        loop {
            let pause = self.dice.log_normal(MEDIAN_PAUSE_S, 0.7) / self.speed;
            let wait = Duration::from_secs_f64(pause.clamp(0.001, 600.0));
            let patience = Duration::from_secs(1 << failures.min(6)).min(MAX_RETRY_DELAY);
            tokio::time::sleep(if failures > 0 { wait.max(patience) } else { wait }).await;
            match self.step(Utc::now()).await {
                // The viewer was faster, or the command no longer fits: as among real people.
                Ok(())
                | Err(
                    BackendError::Rejected(_)
                    | BackendError::Conflict(_)
                    | BackendError::NotFound(_),
                ) => failures = 0,
                Err(error) => {
                    tracing::warn!(%error, "the simulation waits for its store");
                    failures += 1;
                }
            }
        }
    }

    /// Reads the changes of other programs, then performs one action.
    async fn step(&mut self, now: DateTime<Utc>) -> Result<(), BackendError> {
        self.read_changes().await?;
        if let Some(wave) = self.waves.pop_front() {
            return self.declare(wave, now).await;
        }
        match self.choose(now) {
            Happening::New => {
                let weights: Vec<u32> = self.company.kinds.iter().map(|k| k.weight).collect();
                let service = self.dice.weighted(&weights);
                self.declare(StormWave { service, from: None }, now).await
            }
            Happening::Storm => self.storm(now).await,
            Happening::Change => {
                let service = self.dice.index(self.company.kinds.len());
                self.record_change(service, now).await
            }
            Happening::Close => self.close(now).await,
            Happening::Reopen => {
                let Some(row) = self.resolved.pop_back() else { return Ok(()) };
                let reason = self.fill_one_of(&row, &self.texts().reasons.reopen);
                let lead = self.pick_lead(&row, now);
                self.execute(row.id, lead, IncidentCommand::Reopen { reason }, now).await
            }
            happening => self.act_on_open(happening, now).await,
        }
    }

    async fn read_changes(&mut self) -> Result<(), BackendError> {
        let delta = self.backend.changes(self.cursor, Duration::ZERO).await?;
        let first = self.cursor.is_none();
        self.cursor = Some(delta.cursor);
        if delta.reset {
            self.open.clear();
        }
        for row in delta.rows {
            self.resolved.retain(|r| r.id != row.id);
            if row.status.is_open() {
                self.open.insert(row.id, row);
                continue;
            }
            self.open.remove(&row.id);
            self.answered.retain(|(id, _)| *id != row.id);
            if row.status == Status::Resolved && !self.is_led_by_viewer(&row) {
                self.resolved.push_back(row);
                if self.resolved.len() > MAX_RESOLVED {
                    self.resolved.pop_front();
                }
            }
        }
        if first {
            self.usual_open = self.open.len().max(12);
        }
        Ok(())
    }

    fn is_led_by_viewer(&self, row: &Summary) -> bool {
        row.assignee.as_ref().is_some_and(|p| p.handle == self.viewer)
    }

    /// Chooses the next action, with weights that depend on the number of open incidents: if few
    /// are open, new ones are likely; if many are open, resolutions are.
    fn choose(&mut self, now: DateTime<Utc>) -> Happening {
        let (open, usual) = (self.open.len(), self.usual_open);
        let percent = u32::try_from(open * 100 / usual.max(1)).unwrap_or(u32::MAX).min(400);
        let triggered =
            self.open.values().filter(|row| self.is_unanswered(row, now)).take(8).count();
        let triggered = u32::try_from(triggered).unwrap_or(8);
        let few = 150_u32.saturating_sub(percent) / 8;
        let resolved = u32::try_from(self.resolved.len()).unwrap_or(0);
        let choices = [
            (Happening::New, few),
            (Happening::Alert, 14),
            (Happening::Acknowledge, 12 * triggered),
            (Happening::Assign, 9),
            (Happening::Note, 22),
            (Happening::Move, 14),
            (Happening::Check, 8),
            (Happening::Update, 8),
            (Happening::Change, 6),
            (Happening::Resolve, percent * percent / 1600),
            (Happening::Close, resolved.min(10)),
            (Happening::Reopen, u32::from(resolved > 3 && percent < 130)),
            (Happening::Storm, u32::from(percent < 120)),
        ];
        let weights: Vec<u32> = choices.iter().map(|(_, weight)| *weight).collect();
        choices[self.dice.weighted(&weights)].0
    }

    /// Returns whether it is unacknowledged although the viewer had enough time.
    fn is_unanswered(&self, row: &Summary, now: DateTime<Utc>) -> bool {
        let grace = [75.0, 60.0, 90.0, 150.0][row.priority.index()] / self.speed.max(1.0);
        row.status == Status::Triggered
            && !self.is_led_by_viewer(row)
            && (now - row.reported_at).as_seconds_f64() >= grace
    }

    async fn execute(
        &mut self,
        incident: IncidentId,
        actor: Actor,
        incident_command: IncidentCommand,
        now: DateTime<Utc>,
    ) -> Result<(), BackendError> {
        let command = Command::incident(incident, incident_command);
        let envelope =
            Envelope { id: CommandId::new(), at: now, actor, command, expected_seq: None };
        self.backend.execute(&envelope).await.map(drop)
    }

    fn texts(&self) -> &'static Texts {
        &self.company.data.texts
    }

    /// Guesses the service, fault and cause of an incident from its service, title and category.
    fn guess_fault(&self, row: &Summary) -> (usize, &'static Fault, Cause) {
        let name = row.primary_service().unwrap_or_default();
        let service = self.company.position(name).unwrap_or(0);
        let faults = &self.company.kinds[service].faults;
        let shows = |fault: &&Fault| {
            fault
                .titles
                .iter()
                .chain(&fault.severe_titles)
                .any(|template| templates::matches_template(template, &row.title))
        };
        let alike = |fault: &&Fault| Some(fault.category) == row.category;
        let fault =
            faults.iter().find(shows).or_else(|| faults.iter().find(alike)).unwrap_or(&faults[0]);
        // The cause is always the same for the same incident, so that its notes are consistent.
        let cause = fault.causes[usize::from(row.id.as_bytes()[15]) % fault.causes.len()];
        (service, fault, cause)
    }

    fn fill_one_of(&mut self, row: &Summary, templates: &[String]) -> String {
        let template = self.dice.pick_text(templates);
        self.fill(row, template)
    }

    fn fill(&mut self, row: &Summary, template: &str) -> String {
        let (service, ..) = self.guess_fault(row);
        let is_severe = row.priority <= Priority::P2;
        self.fill_for(service, None, is_severe, row.reported_at, row.id.as_bytes()[14], template)
    }

    fn fill_for(
        &mut self,
        service: usize,
        dependency: Option<usize>,
        is_severe: bool,
        began_at: DateTime<Utc>,
        variant: u8,
        template: &str,
    ) -> String {
        let texts = self.texts();
        let directory = &self.company.directory;
        let row = &directory.services[service];
        let own_dependency = row.depends_on.get(usize::from(variant) % row.depends_on.len().max(1));
        let dependency = match dependency {
            Some(dependency) => &directory.services[dependency].name,
            None => own_dependency.unwrap_or(&row.name),
        };
        let colleague = match directory.people.len() {
            0 => texts.actors.colleague.as_str(),
            count => directory.people[self.dice.index(count)].name.as_str(),
        };
        let regions = &texts.vocabulary.regions;
        let filler = TemplateValues {
            vocabulary: &texts.vocabulary,
            service: &row.name,
            dependency,
            region: &regions[usize::from(variant) % regions.len()],
            colleague: colleague.split(' ').next().unwrap_or(colleague),
            is_severe,
            began_minute: began_at.num_seconds_from_midnight() / 60,
        };
        filler.fill(template, &mut self.dice)
    }

    /// Returns who acts on an incident: its assignee, else a person of its team, never the viewer.
    fn pick_lead(&mut self, row: &Summary, now: DateTime<Utc>) -> Actor {
        if let Some(owner) = row.assignee.as_ref().filter(|p| p.handle != self.viewer) {
            return Actor::Person(owner.clone());
        }
        self.pick_responder(row.team.as_deref().unwrap_or_default(), now)
    }

    fn pick_responder(&mut self, team: &str, now: DateTime<Utc>) -> Actor {
        let (company, viewer) = (self.company, self.viewer);
        let on_call = company.directory.on_call(team, now).filter(|p| p.handle != viewer);
        if let Some(person) = on_call.filter(|_| self.dice.chance(0.6)) {
            return Actor::Person(person.clone());
        }
        let mut candidates: Vec<&PersonRef> =
            company.members(team).filter(|p| p.handle != viewer).collect();
        if candidates.is_empty() {
            candidates = company.directory.people.iter().filter(|p| p.handle != viewer).collect();
        }
        match candidates.len() {
            0 => Actor::Integration(self.texts().actors.responder.clone()),
            count => Actor::Person(candidates[self.dice.index(count)].clone()),
        }
    }
}
