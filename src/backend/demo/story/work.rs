//! The part of a story from the acknowledgement to the resolution: actions and texts of responders.

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::change::Change;
use crate::model::checklist::{Answer, InvestigationItem, Item};
use crate::model::command::Link;
use crate::model::escalation::reached_by;
use crate::model::status::{Role, Source};
use crate::model::{Actor, IncidentCommand, PersonRef, Priority, Status};

use super::super::data::Twist;
use super::super::dice::seconds;
use super::super::templates;
use super::{DetailLevel, Ending, StoryWriter, impact_and_urgency, millis};

impl StoryWriter<'_> {
    pub(super) fn write_until_resolved(
        &mut self,
        acknowledged: DateTime<Utc>,
        resolved: DateTime<Utc>,
        change: Option<&Change>,
    ) {
        let lead = self.responder(self.reported);
        let work = resolved - acknowledged;
        self.step(acknowledged, &lead, IncidentCommand::Acknowledge);
        if self.subject.detail == DetailLevel::Full {
            self.repeat_alerts(acknowledged, resolved);
            self.escalate_unanswered(acknowledged);
            let lead = self.investigate(acknowledged, work, Status::Monitoring, &lead, change);
            self.resolve(resolved, &lead);
            let (ended, lead) = self.maybe_reopen(resolved, lead);
            self.close(ended, &lead);
            self.review(ended, &lead);
            return;
        }
        if let Some(person) = lead.person().filter(|_| self.dice.chance(0.6)) {
            let to = Some(person.clone());
            self.step(acknowledged + work / 50, &lead, IncidentCommand::Assign { to });
        }
        if self.dice.chance(0.35) {
            self.note(acknowledged + work / 2, &lead, &self.templates.found);
        }
        self.resolve(resolved, &lead);
        if self.subject.detail == DetailLevel::Brief {
            self.close(resolved, &lead);
        }
    }

    /// Repeats the alert a few times before the resolution.
    pub(super) fn repeat_alerts(&mut self, acknowledged: DateTime<Utc>, resolved: DateTime<Utc>) {
        if self.subject.source != Source::Monitoring {
            return;
        }
        let actor = self.steps[0].actor.clone();
        let times = self.dice.weighted(&[45, 30, 15, 10]);
        let span = (acknowledged - self.reported) + (resolved - acknowledged) / 4;
        for _ in 0..times {
            let at = self.reported
                + seconds(self.dice.unit() * 0.001 * millis(span))
                + TimeDelta::seconds(1);
            let text = self.fill_one_of(&self.texts.alerts);
            self.step(
                at.min(resolved - TimeDelta::milliseconds(500)),
                &actor,
                IncidentCommand::RepeatAlert { text, count: None },
            );
        }
    }

    /// Adds the escalation levels that were reached before somebody acknowledged.
    pub(super) fn escalate_unanswered(&mut self, acknowledged: DateTime<Utc>) {
        if self.priority <= Priority::P2 {
            self.call_levels(acknowledged);
        }
    }

    /// Adds the levels of the policy that are due before a time.
    pub(super) fn call_levels(&mut self, until: DateTime<Utc>) {
        let directory = &self.setting.company.directory;
        let Some(policy) = directory.policy(self.team) else { return };
        for (level, number) in policy.levels.iter().zip(1_u8..) {
            let at = self.reported + TimeDelta::seconds(level.after_s);
            if at >= until {
                break;
            }
            let mut to: Vec<PersonRef> = Vec::new();
            for target in &level.call {
                for reached in reached_by(directory, target, at) {
                    if let Some(person) = reached.person().filter(|person| !to.contains(person)) {
                        to.push(person.clone());
                    }
                }
            }
            let actor = Actor::Integration(self.texts.actors.escalation.clone());
            self.step(
                at,
                &actor,
                IncidentCommand::Escalate {
                    level: number,
                    to,
                    reason: None,
                    automatic: None,
                    all_must_acknowledge: false,
                },
            );
        }
    }

    /// Adds the steps of the investigation up to a status. Returns who leads the incident then.
    pub(super) fn investigate(
        &mut self,
        from: DateTime<Utc>,
        work: TimeDelta,
        until: Status,
        lead: &Actor,
        change: Option<&Change>,
    ) -> Actor {
        let mut lead = lead.clone();
        let part = |share: f64| from + seconds(share * millis(work) / 1000.0);
        let is_severe = self.priority <= Priority::P2;
        if let Some(person) = lead.person().cloned() {
            self.step(part(0.01), &lead, IncidentCommand::Assign { to: Some(person) });
        }
        if self.dice.chance(0.35) || is_severe {
            self.note(part(0.02), &lead, &self.texts.notes.first);
        }
        if until >= Status::Investigating && (is_severe || self.dice.chance(0.6)) {
            self.step(part(0.05), &lead, IncidentCommand::MoveStatus { to: Status::Investigating });
        }
        if self.priority == Priority::P1 {
            self.assign_roles(part(0.04), &lead);
        }
        if self.subject.source != Source::Monitoring && self.lacks_category() {
            let category = self.subject.fault.category;
            self.step(part(0.03), &lead, IncidentCommand::Categorize { category: Some(category) });
        }
        if is_severe {
            self.update_stakeholders(from, work, &lead);
        }
        self.answer_checklist(part(0.08), work, &lead, is_severe);
        if until < Status::Investigating {
            return lead;
        }
        if self.subject.text.is_none() && self.dice.chance(0.05) {
            self.reprioritize(part(0.1), &lead);
        }
        if is_severe || self.dice.chance(0.6) {
            let at = 0.12 + self.dice.unit() * 0.2;
            self.note(part(at), &lead, &self.subject.fault.clues);
        }
        if let Some(previous) = self.subject.previous.filter(|_| self.dice.chance(0.35)) {
            let template = self
                .dice
                .pick_text(&self.texts.notes.recurrence)
                .replace("{prev}", &format!("INC-{previous}"));
            let text = self.fill(&template);
            self.step(part(0.34), &lead, IncidentCommand::AddNote { text });
        }
        if let Some(problem) = self.subject.problem
            && problem.opened_at <= part(0.36)
            && self.dice.chance(0.75)
        {
            let link = Link::Problem { id: problem.id, title: problem.title.clone() };
            self.step(part(0.36), &lead, IncidentCommand::Link { link });
        }
        if self.dice.chance(if is_severe { 0.3 } else { 0.04 }) {
            lead = self.handover(part(0.38), &lead);
        }
        if until < Status::Identified {
            return lead;
        }
        if let Some(change) = change.filter(|_| self.dice.chance(0.7)) {
            let link = Link::Change { id: change.id, title: change.title.clone() };
            self.step(part(0.45), &lead, IncidentCommand::Link { link });
        }
        if is_severe || self.dice.chance(0.4) {
            self.step(part(0.5), &lead, IncidentCommand::MoveStatus { to: Status::Identified });
            self.note(part(0.51), &lead, &self.templates.found);
        }
        if until >= Status::Monitoring && (is_severe || self.dice.chance(0.3)) {
            self.step(part(0.8), &lead, IncidentCommand::MoveStatus { to: Status::Monitoring });
            if self.dice.chance(0.5) {
                self.note(part(0.82), &lead, &self.texts.notes.watching);
            }
        }
        lead
    }

    /// Returns whether the incident was reported without a category that somebody should set.
    pub(super) fn lacks_category(&self) -> bool {
        let bare = matches!(self.subject.ending, Ending::Open(_, Twist::Bare));
        !bare
            && self.steps.iter().any(
                |step| matches!(&step.command, IncidentCommand::Declare(declared) if declared.category.is_none()),
            )
    }

    /// Changes impact and urgency, with a note that gives the reason.
    pub(super) fn reprioritize(&mut self, at: DateTime<Utc>, lead: &Actor) {
        let notes = &self.texts.notes;
        let (priority, why) = match self.priority {
            Priority::P1 | Priority::Unknown(_) => return,
            Priority::P2 => (Priority::P3, &notes.lowered),
            Priority::P3 => (Priority::P4, &notes.lowered),
            Priority::P4 => (Priority::P3, &notes.raised),
        };
        let (impact, urgency) = impact_and_urgency(priority, self.dice);
        self.note(at, lead, why);
        self.step(
            at + TimeDelta::seconds(4),
            lead,
            IncidentCommand::Prioritize { impact, urgency },
        );
    }

    pub(super) fn assign_roles(&mut self, at: DateTime<Utc>, lead: &Actor) {
        let handle = lead.person().map_or("", |p| p.handle.as_str()).to_owned();
        let manager = self.member(&handle).clone();
        let give = |person, role| IncidentCommand::GiveRole { role, person, given: true };
        let people = &self.setting.company.directory.people;
        let writer = self.dice.pick(people).clone();
        self.step(at, lead, give(manager, Role::IncidentManager));
        self.step(at + TimeDelta::seconds(20), lead, give(writer, Role::Communications));
    }

    pub(super) fn answer_checklist(
        &mut self,
        at: DateTime<Utc>,
        work: TimeDelta,
        lead: &Actor,
        is_severe: bool,
    ) {
        let share = if is_severe { 0.7 } else { 0.12 };
        for (index, item) in (0_i32..).zip(InvestigationItem::ALL) {
            if self.dice.chance(share) {
                let at = at + work * index / 14;
                let command = IncidentCommand::AnswerItem {
                    item: Item::Investigation(*item),
                    answer: Answer::Yes,
                };
                self.step(at, lead, command);
            }
        }
    }

    pub(super) fn handover(&mut self, at: DateTime<Utc>, lead: &Actor) -> Actor {
        let handle = lead.person().map_or("", |p| p.handle.as_str()).to_owned();
        let next = self.member(&handle).clone();
        if next.handle == handle {
            return lead.clone();
        }
        if self.dice.chance(0.35) {
            let reason = Some(self.fill_one_of(&self.texts.reasons.escalate));
            let to = vec![next.clone()];
            self.step(
                at,
                lead,
                IncidentCommand::Escalate {
                    level: 2,
                    to,
                    reason,
                    automatic: None,
                    all_must_acknowledge: false,
                },
            );
        }
        let first = next.name.split(' ').next().unwrap_or_default().to_owned();
        let text = self.dice.pick_text(&self.texts.notes.handover).replace("{who}", &first);
        let text = self.fill(&text);
        self.step(at, lead, IncidentCommand::AddNote { text });
        self.step(
            at + TimeDelta::seconds(5),
            lead,
            IncidentCommand::Assign { to: Some(next.clone()) },
        );
        Actor::Person(next)
    }

    /// Adds the stakeholder updates during the incident, mostly at the interval of the service
    /// level.
    pub(super) fn update_stakeholders(
        &mut self,
        from: DateTime<Utc>,
        work: TimeDelta,
        lead: &Actor,
    ) {
        let level = self.setting.rules.levels.for_priority(self.priority);
        let Some(every) = level.update_every_s else { return };
        let end = from + work;
        let mut at = from + seconds(self.dice.log_normal(420.0, 0.4));
        let mut count = 0;
        while at < end && count < 12 {
            let progress = millis(at - from) / millis(work).max(1.0);
            let is_cause_known = !matches!(self.subject.ending, Ending::Open(stage, _) if stage < Status::Identified);
            let updates = &self.texts.updates;
            let message = self.fill_one_of(match progress {
                progress if progress < 0.55 || !is_cause_known => &updates.early,
                progress if progress < 0.82 => &updates.cause_found,
                _ => &updates.recovery,
            });
            self.step(
                at,
                lead,
                IncidentCommand::UpdateStakeholders { message, next_due: None, public: None },
            );
            #[allow(clippy::cast_precision_loss, reason = "a span of hours")]
            let every = every as f64;
            at += seconds(every * (0.75 + self.dice.unit() * 0.3));
            count += 1;
        }
    }

    pub(super) fn resolve(&mut self, at: DateTime<Utc>, lead: &Actor) {
        let fix = self.dice.pick(&self.templates.fixes);
        let detail = self.fill(&fix.text);
        let checks = &self.setting.company.kinds[self.subject.service].recovery_checks;
        let validation = templates::capitalize(self.fill_one_of(checks));
        self.step(at, lead, IncidentCommand::Resolve { action: fix.action, detail, validation });
    }
}
