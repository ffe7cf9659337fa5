//! The actions of the simulation: incidents, storms and changes begin, and people respond.

use chrono::{DateTime, TimeDelta, Utc};

use crate::backend::BackendError;
use crate::model::Extra;
use crate::model::change::{Change, ChangeKind, ChangeState};
use crate::model::checklist::{Answer, ClosingItem, InvestigationItem, Item};
use crate::model::command::Declaration;
use crate::model::service_level::update_due;
use crate::model::status::Source;
use crate::model::time::truncate_to_second;
use crate::model::{
    Actor, ChangeId, Command, CommandId, Envelope, IncidentCommand, IncidentId, Priority, Status,
    Summary,
};

use super::super::story::impact_and_urgency;
use super::super::templates;
use super::{Happening, Simulation, StormWave};

impl Simulation<'_> {
    /// Declares a new incident, reported by an alert or sometimes by the support desk.
    pub(super) async fn declare(
        &mut self,
        wave: StormWave,
        now: DateTime<Utc>,
    ) -> Result<(), BackendError> {
        let company = self.company;
        let service = &company.directory.services[wave.service];
        let faults = &company.kinds[wave.service].faults;
        let fault = match wave.from {
            Some(_) => &faults[0],
            None => &faults[self.dice.index(faults.len())],
        };
        let mut gravity = fault.gravity.weights();
        // A P1 is rare, even in a demo: no new one begins while two are open.
        if self.open.values().filter(|row| row.priority == Priority::P1).count() >= 2 {
            gravity[0] = 0;
        }
        let priority = match wave.from {
            Some(_) => *self.dice.pick(&[Priority::P2, Priority::P3, Priority::P3]),
            None => Priority::ALL[self.dice.weighted(&gravity)],
        };
        let (impact, urgency) = impact_and_urgency(priority, &mut self.dice);
        let by_machine = wave.from.is_some() || self.dice.chance(0.8);
        let is_severe = priority <= Priority::P2;
        let titles = if is_severe && !fault.severe_titles.is_empty() {
            &fault.severe_titles
        } else {
            &fault.titles
        };
        let variant = u8::try_from(self.dice.between(0, 255)).unwrap_or(0);
        let (title, symptoms) = (self.dice.pick_text(titles), self.dice.pick_text(&fault.symptoms));
        let reported_at = truncate_to_second(now);
        let detected_at = reported_at - TimeDelta::seconds(self.dice.between(5, 90));
        let texts = self.texts();
        let regions = &texts.vocabulary.regions;
        let mut fill =
            |text| self.fill_for(wave.service, wave.from, is_severe, detected_at, variant, text);
        let declaration = Declaration {
            alerts: None,
            title: fill(title),
            symptoms: fill(symptoms),
            services: vec![service.name.clone()],
            impact,
            urgency,
            category: Some(fault.category),
            source: if by_machine { Source::Monitoring } else { Source::Support },
            detected_at,
            reported_at,
            team: Some(service.team.clone()),
            labels: vec![regions[usize::from(variant) % regions.len()].clone()],
            dedup_key: by_machine.then(|| format!("{}:{}", fault.alert, service.name)),
            runbook: service.runbook.clone(),
        };
        let name = if by_machine { &texts.actors.alerting } else { &texts.actors.support };
        let command = IncidentCommand::Declare(Box::new(declaration));
        self.execute(IncidentId::new(), Actor::Integration(name.clone()), command, now).await
    }

    /// Begins a storm: a change breaks a service, and services that depend on it break one after
    /// another.
    pub(super) async fn storm(&mut self, now: DateTime<Utc>) -> Result<(), BackendError> {
        let roots: Vec<usize> = (0..self.company.kinds.len())
            .filter(|service| self.company.dependents[*service].len() >= 2)
            .collect();
        if roots.is_empty() {
            return Ok(());
        }
        let service = *self.dice.pick(&roots);
        self.record_change(service, now).await?;
        let mut dependents = self.company.dependents[service].clone();
        self.waves.push_back(StormWave { service, from: None });
        for _ in 0..self.dice.between(1, 4) {
            if dependents.is_empty() {
                break;
            }
            let next = dependents.swap_remove(self.dice.index(dependents.len()));
            self.waves.push_back(StormWave { service: next, from: Some(service) });
        }
        Ok(())
    }

    pub(super) async fn record_change(
        &mut self,
        service: usize,
        now: DateTime<Utc>,
    ) -> Result<(), BackendError> {
        let texts = self.texts();
        let template = self.dice.pick(&texts.changes);
        let title = self.fill_for(service, None, false, now, 0, &template.title);
        let row = &self.company.directory.services[service];
        let by = if template.kind == ChangeKind::Deploy {
            Actor::Integration(texts.actors.deployment.clone())
        } else {
            self.pick_responder(&row.team, now)
        };
        let change = Change {
            id: ChangeId::new(),
            kind: template.kind,
            title,
            services: vec![row.name.clone()],
            by: by.clone(),
            starts_at: now - TimeDelta::seconds(self.dice.between(60, 600)),
            ends_at: Some(now),
            state: ChangeState::Done,
            url: None,
            approval: None,
            extra: Extra::default(),
        };
        let command = Command::RecordChange(change);
        let envelope =
            Envelope { id: CommandId::new(), at: now, actor: by, command, expected_seq: None };
        self.backend.execute(&envelope).await.map(drop)
    }

    /// Picks a random open incident that satisfies a predicate; `None` if there is none.
    fn pick_open(&mut self, fits: impl Fn(&Self, &Summary) -> bool) -> Option<Summary> {
        let this = &*self;
        let ids: Vec<IncidentId> =
            this.open.values().filter(|row| fits(this, row)).map(|row| row.id).collect();
        if ids.is_empty() {
            return None;
        }
        let id = *self.dice.pick(&ids);
        self.open.get(&id).cloned()
    }

    /// Lets something happen to a random open incident that fits. Incidents that the viewer leads
    /// only get alerts.
    pub(super) async fn act_on_open(
        &mut self,
        happening: Happening,
        now: DateTime<Utc>,
    ) -> Result<(), BackendError> {
        let levels = self.rules.levels;
        let row = self.pick_open(|this, row| {
            let is_acknowledged = row.status != Status::Triggered;
            match happening {
                Happening::Alert => {
                    row.source == Source::Monitoring && row.status < Status::Monitoring
                }
                Happening::Acknowledge => this.is_unanswered(row, now),
                _ if this.is_led_by_viewer(row) || row.is_snoozed(now) => false,
                Happening::Assign => is_acknowledged && row.assignee.is_none(),
                Happening::Move => {
                    is_acknowledged && row.status < Status::Monitoring && !row.paused
                }
                Happening::Check => is_acknowledged && row.status <= Status::Investigating,
                Happening::Update => {
                    let due = update_due(row.priority, row.reported_at, row.updated_at, &levels);
                    let early = due.map(|due| due - TimeDelta::minutes(8));
                    is_acknowledged
                        && row.priority <= Priority::P2
                        && early.is_some_and(|early| early <= now)
                }
                Happening::Resolve => row.status >= Status::Identified && !row.paused,
                _ => is_acknowledged,
            }
        });
        let Some(row) = row else { return Ok(()) };
        let texts = self.texts();
        let lead = match happening {
            Happening::Alert => Actor::Integration(texts.actors.alerting.clone()),
            _ => self.pick_lead(&row, now),
        };
        let command = match happening {
            Happening::Alert => IncidentCommand::RepeatAlert {
                text: self.fill_one_of(&row, &texts.alerts),
                count: None,
            },
            Happening::Acknowledge => IncidentCommand::Acknowledge,
            Happening::Assign => IncidentCommand::Assign { to: lead.person().cloned() },
            Happening::Move => IncidentCommand::MoveStatus { to: next_stage(row.status) },
            Happening::Check => {
                let item = *self.dice.pick(InvestigationItem::ALL);
                if !self.answered.insert((row.id, item)) {
                    return Ok(());
                }
                IncidentCommand::AnswerItem { item: Item::Investigation(item), answer: Answer::Yes }
            }
            Happening::Update => {
                let message = self.fill_one_of(
                    &row,
                    match row.status {
                        Status::Monitoring => &texts.updates.recovery,
                        Status::Identified => &texts.updates.cause_found,
                        _ => &texts.updates.early,
                    },
                );
                IncidentCommand::UpdateStakeholders { message, next_due: None, public: None }
            }
            Happening::Resolve => self.resolution(&row),
            _ => IncidentCommand::AddNote { text: self.note(&row) },
        };
        self.execute(row.id, lead, command, now).await
    }

    /// Returns a note that fits the status of the incident.
    fn note(&mut self, row: &Summary) -> String {
        let (_, fault, cause) = self.guess_fault(row);
        let notes = &self.texts().notes;
        match row.status {
            Status::Triggered | Status::Acknowledged => self.fill_one_of(row, &notes.first),
            Status::Investigating => self.fill_one_of(row, &fault.clues),
            Status::Identified => {
                self.fill_one_of(row, &self.company.data.causes.templates(cause).found)
            }
            _ => self.fill_one_of(row, &notes.watching),
        }
    }

    fn resolution(&mut self, row: &Summary) -> IncidentCommand {
        let (service, _, cause) = self.guess_fault(row);
        let fix = self.dice.pick(&self.company.data.causes.templates(cause).fixes);
        let checks = &self.company.kinds[service].recovery_checks;
        let validation = templates::capitalize(self.fill_one_of(row, checks));
        IncidentCommand::Resolve {
            action: fix.action,
            detail: self.fill(row, &fix.text),
            validation,
        }
    }

    /// Answers the closing gate of the incident that was resolved first, and closes it.
    pub(super) async fn close(&mut self, now: DateTime<Utc>) -> Result<(), BackendError> {
        let Some(row) = self.resolved.pop_front() else { return Ok(()) };
        let lead = self.pick_lead(&row, now);
        for item in ClosingItem::ALL {
            let command =
                IncidentCommand::AnswerItem { item: Item::Closing(*item), answer: Answer::Yes };
            self.execute(row.id, lead.clone(), command, now).await?;
        }
        self.execute(row.id, lead, IncidentCommand::Close, now).await
    }
}

fn next_stage(status: Status) -> Status {
    match status {
        Status::Triggered => Status::Acknowledged,
        Status::Acknowledged => Status::Investigating,
        Status::Investigating => Status::Identified,
        _ => Status::Monitoring,
    }
}
