//! The operations of the memory on its incidents: carries out commands, and reads records and
//! measures.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use redphone::backend::{BackendError, Cursor, Delta, Detail, Missing, Outcome, PageMark, Similar};
use redphone::model::administration::AdministrationChange;
use redphone::model::change::{Change, find_suspects};
use redphone::model::command::{Command, IncidentCommand, Link};
use redphone::model::decide::{Context, decide};
use redphone::model::measures::{Counted, Cut, Fact, Measures, Window, compute, fingerprint};
use redphone::model::oncall::{CoverState, Schedule};
use redphone::model::queue::Sort;
use redphone::model::unknown_service::{UnknownService, sort};
use redphone::model::{
    Envelope, EventBody, Incident, IncidentId, IncidentNumber, Rejection, RejectionKind, undo,
};

use super::State;

impl State {
    pub(super) fn schedule_mut(&mut self, name: &str) -> &mut Schedule {
        let mut schedules = self.directory.schedules.iter_mut();
        schedules.find(|schedule| schedule.key() == name).expect("the schedule")
    }

    pub(super) fn check(&self) -> Result<(), BackendError> {
        self.failing.clone().map_or(Ok(()), Err)
    }

    pub(super) fn execute(
        &mut self,
        envelope: &Envelope,
        now: DateTime<Utc>,
    ) -> Result<Outcome, BackendError> {
        self.check()?;
        if let Some(outcome) = self.outcomes.get(&envelope.id) {
            return Ok(Outcome { replayed: true, ..outcome.clone() });
        }
        let id = match &envelope.command {
            Command::Incident { incident, .. } => *incident,
            Command::RecordChange(change) => {
                self.changes.push(change.clone());
                return Ok(Outcome { incident: None, row: None, events: vec![], replayed: false });
            }
            Command::RecordProblem(problem) => {
                let stored = self.problems.iter().position(|one| one.id == problem.id);
                let before = stored.map(|index| self.problems[index].clone());
                let revision = before.as_ref().map_or(0, |before| before.revision);
                if let Some(expected) = envelope.expected_seq.filter(|seq| *seq != revision) {
                    let changed = Rejection::ChangedMeanwhile { expected, current: revision };
                    return Err(BackendError::rejected(changed, now));
                }
                let next = problem.clone().recorded(before.as_ref(), &envelope.actor, envelope.at);
                match stored {
                    Some(index) => self.problems[index] = next,
                    None => self.problems.push(next),
                }
                return Ok(Outcome { incident: None, row: None, events: vec![], replayed: false });
            }
        };
        let known = self.incidents.get(&id).map(|(incident, _)| incident);
        let is_declaration = matches!(
            &envelope.command,
            Command::Incident { command: IncidentCommand::Declare(_), .. }
        );
        if known.is_none() && !is_declaration {
            return Err(BackendError::NotFound(Missing::Incident));
        }
        let mut events = decide(known, envelope, Context { now, rules: &self.rules })
            .map_err(|rejection| BackendError::rejected(rejection, now))?;
        if let Some((_, timeline)) = self.incidents.get(&id)
            && undo::is_undo(&envelope.command)
        {
            undo::complete(&mut events, timeline, envelope, &self.rules);
        }
        for event in &mut events {
            if let EventBody::Declared { number, .. } = &mut event.body {
                *number = Some(IncidentNumber(self.next_number));
                self.next_number += 1;
            }
            if let Some((incident, timeline)) = self.incidents.get_mut(&id) {
                incident.apply_next(event).expect("decide gives what can be applied");
                timeline.push(event.clone());
            } else {
                let incident =
                    Incident::from_declaration(event).expect("the first is a declaration");
                self.incidents.insert(id, (incident, vec![event.clone()]));
            }
        }
        self.journal.extend(events.iter().cloned());
        self.log.push(id);
        let row = self.incidents.get(&id).map(|(incident, _)| incident.summary.clone());
        let outcome = Outcome { incident: Some(id), row, events, replayed: false };
        self.outcomes.insert(envelope.id, outcome.clone());
        Ok(outcome)
    }

    pub(super) fn detail(&self, incident: &Incident) -> Detail {
        let row = &incident.summary;
        let mut similar: Vec<Similar> = self
            .incidents
            .values()
            .map(|(other, _)| other)
            .filter(|other| other.summary.id != row.id)
            .filter(|other| other.summary.reported_at < row.reported_at)
            .filter(|other| other.summary.primary_service() == row.primary_service())
            .map(|other| Similar {
                id: other.summary.id,
                number: other.summary.number,
                title: other.summary.title.clone(),
                reported_at: other.summary.reported_at,
                resolution: other
                    .resolution
                    .as_ref()
                    .map_or_else(String::new, |resolution| resolution.action.to_string()),
                same_fault: false,
                shared_terms: Vec::new(),
                category: other.summary.category,
                services: other.summary.services.clone(),
                review: None,
                runbook: None,
            })
            .collect();
        similar.sort_by_key(|s| std::cmp::Reverse(s.reported_at));
        similar.truncate(5);
        let suspects = find_suspects(
            &row.services,
            row.detected_at,
            &self.changes,
            &self.directory,
            &self.rules,
        );
        let is_linked = |change: &&Change| {
            let is_it = |link: &Link| matches!(link, Link::Change { id, .. } if *id == change.id);
            incident.links.iter().any(is_it)
                && !suspects.iter().any(|suspect| suspect.change.id == change.id)
        };
        let linked_changes = self.changes.iter().filter(is_linked).cloned().collect();
        Detail {
            incident: incident.clone(),
            suspects,
            similar,
            problem: None,
            known_errors: Vec::new(),
            linked_changes,
            alert_rows: self.alerts.get(&row.id).into_iter().flatten().take(100).cloned().collect(),
            soak: self.soaks.get(&row.id).copied(),
        }
    }

    pub(super) fn measures(&self, window: &Window, now: DateTime<Utc>) -> Measures {
        let print = |incident: &Incident| {
            let row = &incident.summary;
            fingerprint(
                incident.dedup_key.as_deref(),
                row.primary_service(),
                row.category,
                &row.title,
            )
        };
        let facts = self.incidents.values().map(|(incident, _)| {
            Fact::new(&incident.summary, 0, 0, Counted::for_incident(incident), print(incident))
        });
        let levels = self.rules.levels;
        let mut measures = compute(facts, window, Cut::Total, now, &levels, &|_| String::new());
        for group in &mut measures.recurring {
            let last =
                self.incidents.values().find(|(incident, _)| incident.summary.number == group.last);
            if let Some((incident, _)) = last {
                group.title.clone_from(&incident.summary.title);
                group.service = incident.summary.primary_service().unwrap_or_default().to_owned();
            }
        }
        measures
    }

    /// Carries out a change of overrides, covers, services and policies; refuses any other.
    pub(super) fn administer(&mut self, change: &AdministrationChange) {
        match change {
            AdministrationChange::AddOverride(added) => {
                self.schedule_mut(&added.team).overrides.push(added.span.clone());
            }
            AdministrationChange::RemoveOverride(removed) => {
                let schedule = self.schedule_mut(&removed.team);
                schedule.overrides.retain(|span| *span != removed.span);
            }
            AdministrationChange::RequestCover(cover) => {
                self.directory.covers.push(cover.clone());
            }
            AdministrationChange::AcceptCover(answer)
            | AdministrationChange::WithdrawCover(answer) => {
                let is_accepted = matches!(change, AdministrationChange::AcceptCover(_));
                let mut covers = self.directory.covers.iter_mut();
                let cover = covers.find(|cover| cover.id == answer.id).expect("the request");
                cover.state =
                    if is_accepted { CoverState::Accepted } else { CoverState::Withdrawn };
                cover.accepted_by = is_accepted.then(|| answer.person.clone());
            }
            AdministrationChange::DeclineCover(answer) => {
                let mut covers = self.directory.covers.iter_mut();
                let cover = covers.find(|cover| cover.id == answer.id).expect("the request");
                cover.declined_by.push(answer.person.clone());
            }
            AdministrationChange::PutService(service) => {
                let services = &mut self.directory.services;
                services.retain(|other| other.name != service.name);
                services.push(service.clone());
            }
            AdministrationChange::PutPolicy(policy) => {
                self.directory.policies.push(policy.clone());
            }
            other => panic!("this memory can't do it: {other:?}"),
        }
    }

    /// Returns the services that incidents name and the directory does not have.
    pub(super) fn unknown_services(&self) -> Vec<UnknownService> {
        let mut services: BTreeMap<String, UnknownService> = BTreeMap::new();
        for (incident, _) in self.incidents.values() {
            let row = &incident.summary;
            for name in row.services.iter().filter(|name| self.directory.service(name).is_none()) {
                let service = services.entry(name.clone()).or_insert_with(|| UnknownService {
                    last_incident: row.number,
                    sources: vec![row.source.to_string()],
                    team: row.team.clone(),
                    ..UnknownService::new(name.clone(), row.reported_at, row.reported_at)
                });
                service.incidents += 1;
                if row.reported_at >= service.last_at {
                    service.last_at = row.reported_at;
                    service.last_incident = row.number;
                    service.team.clone_from(&row.team);
                }
                service.first_at = service.first_at.min(row.reported_at);
            }
        }
        let mut services: Vec<UnknownService> = services.into_values().collect();
        sort(&mut services);
        services
    }
}

/// Returns how many rows precede a page in this order.
pub(super) fn page_offset(sort: Sort, mark: &PageMark) -> Result<usize, BackendError> {
    let mark = mark.to_string();
    let count = mark.split_once(' ').filter(|(order, _)| *order == sort.to_string());
    count.and_then(|(_, count)| count.parse().ok()).ok_or_else(|| {
        let what = "page: that is no page of this list";
        BackendError::rejected(Rejection::foreign(RejectionKind::Invalid, what), Utc::now())
    })
}

/// Returns the changes since a cursor.
pub(super) fn delta(state: &State, since: Option<Cursor>, cursor: Cursor) -> Delta {
    let row = |id: &IncidentId| state.incidents.get(id).map(|(i, _)| i.summary.clone());
    let rows = match since {
        None => state.incidents.keys().filter_map(row).filter(|r| r.status.is_open()).collect(),
        Some(since) => {
            let from = usize::try_from(since.0).unwrap_or(0).min(state.log.len());
            state.log[from..].iter().filter_map(row).collect()
        }
    };
    Delta { cursor, reset: since.is_none(), rows, directory: false, redacted: Vec::new() }
}
