//! The story of one incident: its actors, actions and times.
//!
//! A story is a list of commands in the order of time. [`super::episode`] passes each of them to
//! the rules of the model, so a timeline can't have an event that the rules would refuse.

mod after;
mod open;
mod work;

use chrono::{DateTime, TimeDelta, Timelike, Utc};

use crate::model::change::{Change, ChangeKind, ChangeState};
use crate::model::command::Declaration;
use crate::model::priority::{Impact, Level, Priority, Urgency};
use crate::model::problem::Problem;
use crate::model::status::{Classification, Source};
use crate::model::{Actor, ChangeId, Extra, IncidentCommand, IncidentId, PersonRef, Rules, Status};

use super::company::Company;
use super::data::{Cause, CauseTemplates, Fault, Texts, Twist};
use super::dice::{Dice, seconds};
use super::templates::{self, TemplateValues};

/// The setting that all stories share.
pub(super) struct Setting<'a> {
    pub company: &'a Company,
    pub rules: &'a Rules,
    pub now: DateTime<Utc>,
}

/// How a story ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ending {
    /// The incident is resolved, and mostly closed.
    Resolved,
    /// The incident is merged into another one of the same episode.
    Merged(IncidentId),
    /// The incident is reclassified, because it was none.
    Reclassified,
    /// The incident is still open at `now`, in this status.
    Open(Status, Twist),
}

/// How many events a story has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum DetailLevel {
    /// All events of a thorough response.
    Full,
    /// The events of a small incident: hardly any notes, but closed.
    Brief,
    /// The events that every incident has: reported, acknowledged, resolved.
    Bare,
}

/// The properties of the incident that a story is about.
pub(super) struct Subject<'a> {
    pub service: usize,
    pub fault: &'static Fault,
    pub cause: Cause,
    pub impact: Impact,
    pub urgency: Urgency,
    pub source: Source,
    /// Whether it may have a deduplication key: no other open incident has the same one.
    pub has_dedup_key: bool,
    /// Title and symptoms of a hand-written case.
    pub text: Option<(&'a str, &'a str)>,
    /// The known problem that causes it.
    pub problem: Option<&'a Problem>,
    /// The number of the last incident with the same fault.
    pub previous: Option<u64>,
    pub detail: DetailLevel,
    /// The service whose failure causes it, if it is part of a storm.
    pub failing_dependency: Option<usize>,
    pub ending: Ending,
    /// The latest time at which it may end, if it must end before or with another incident.
    pub ends_by: Option<DateTime<Utc>>,
}

/// One command of a story.
pub(super) struct Step {
    pub at: DateTime<Utc>,
    pub actor: Actor,
    pub command: IncidentCommand,
}

/// The complete story of one incident.
pub(super) struct Story {
    pub id: IncidentId,
    /// In the order of time.
    pub steps: Vec<Step>,
    /// The change that preceded it, with its final state.
    pub change: Option<Change>,
    /// The time at which it ends; `now` if it is open.
    pub ended_at: DateTime<Utc>,
}

struct StoryWriter<'a> {
    setting: &'a Setting<'a>,
    subject: &'a Subject<'a>,
    dice: &'a mut Dice,
    filler: TemplateValues<'a>,
    texts: &'static Texts,
    templates: &'static CauseTemplates,
    team: &'a str,
    priority: Priority,
    reported: DateTime<Utc>,
    steps: Vec<Step>,
}

/// Writes the story of one incident that is reported at `reported`. `change` is the change that
/// precedes it: title, service, minutes before detection.
pub(super) fn write_story(
    setting: &Setting<'_>,
    subject: &Subject<'_>,
    reported: DateTime<Utc>,
    change: Option<(&str, usize, i64)>,
    dice: &mut Dice,
) -> Story {
    let directory = &setting.company.directory;
    let service = &directory.services[subject.service];
    let dependency = match (subject.failing_dependency, service.depends_on.len()) {
        (Some(dependency), _) => directory.services[dependency].name.as_str(),
        (None, 0) => service.name.as_str(),
        (None, n) => service.depends_on[dice.index(n)].as_str(),
    };
    let priority = setting.rules.matrix.priority(subject.impact, subject.urgency);
    let colleague = dice.pick(&directory.people).name.as_str();
    let data = setting.company.data;
    let vocabulary = &data.texts.vocabulary;
    let regions = &vocabulary.regions;
    let filler = TemplateValues {
        vocabulary,
        service: &service.name,
        dependency,
        region: subject
            .text
            .and_then(|(_, symptoms)| {
                regions.iter().find(|region| symptoms.contains(region.as_str()))
            })
            .map_or_else(|| dice.pick_text(regions), String::as_str),
        colleague: colleague.split(' ').next().unwrap_or(colleague),
        is_severe: priority <= Priority::P2,
        began_minute: reported.num_seconds_from_midnight() / 60,
    };
    let mut teller = StoryWriter {
        setting,
        subject,
        texts: &data.texts,
        templates: data.causes.templates(subject.cause),
        team: &service.team,
        filler,
        priority,
        reported,
        steps: Vec::with_capacity(24),
        dice,
    };
    teller.run(change)
}

impl<'a> StoryWriter<'a> {
    fn run(&mut self, change: Option<(&str, usize, i64)>) -> Story {
        let id = IncidentId(self.dice.uuid_at(self.reported));
        let detected = self.declare();
        let change = self.preceding_change(detected, change);
        let (acknowledged, resolved) = self.response_times();
        let ended_at = match self.subject.ending {
            Ending::Open(stage, twist) => {
                self.write_open(stage, twist, change.as_ref());
                self.setting.now
            }
            Ending::Merged(into) => {
                let lead = self.responder(self.reported);
                self.step(acknowledged, &lead, IncidentCommand::Merge { into });
                acknowledged
            }
            Ending::Reclassified => {
                let lead = self.responder(self.reported);
                let at = acknowledged + (resolved - acknowledged) / 4;
                self.step(acknowledged, &lead, IncidentCommand::Acknowledge);
                self.reclassify(at, &lead);
                at
            }
            Ending::Resolved => {
                self.write_until_resolved(acknowledged, resolved, change.as_ref());
                resolved
            }
        };
        let now = self.setting.now;
        self.steps.retain(|step| step.at <= now);
        self.steps.sort_by_key(|step| step.at);
        Story { id, steps: std::mem::take(&mut self.steps), change, ended_at }
    }

    fn fill(&mut self, template: &str) -> String {
        self.filler.fill(template, self.dice)
    }

    fn fill_one_of(&mut self, templates: &[String]) -> String {
        let template = self.dice.pick_text(templates);
        self.fill(template)
    }

    fn step(&mut self, at: DateTime<Utc>, actor: &Actor, command: IncidentCommand) {
        self.steps.push(Step { at, actor: actor.clone(), command });
    }

    fn note(&mut self, at: DateTime<Utc>, actor: &Actor, templates: &[String]) {
        let text = self.fill_one_of(templates);
        self.step(at, actor, IncidentCommand::AddNote { text });
    }

    /// Returns who responds: mostly the person on call, else a member of the team.
    fn responder(&mut self, at: DateTime<Utc>) -> Actor {
        let company = self.setting.company;
        let on_call = company.directory.on_call(self.team, at);
        let person = match on_call {
            Some(person) if self.dice.chance(0.7) => person,
            _ => self.member(""),
        };
        Actor::Person(person.clone())
    }

    /// Returns a random member of the team other than the one with the handle `not`, if the team
    /// has another member.
    fn member(&mut self, not: &str) -> &'a PersonRef {
        let company = self.setting.company;
        let directory = &company.directory;
        let members = directory.teams.iter().find(|t| t.name == self.team).map(|t| &t.members);
        let count = members.map_or(0, Vec::len);
        let first = self.dice.index(count);
        let handle = members.and_then(|m| {
            (0..count).map(|n| &m[(first + n) % count]).find(|handle| *handle != not)
        });
        handle.and_then(|h| directory.person(h)).unwrap_or(&directory.people[0])
    }

    /// Adds the declaration and returns the time of detection.
    fn declare(&mut self) -> DateTime<Utc> {
        let subject = self.subject;
        let service = &self.setting.company.directory.services[subject.service];
        let by_machine = subject.source == Source::Monitoring;
        let delay =
            if by_machine { self.dice.between(12, 150) } else { self.dice.between(90, 900) };
        let detected_at = self.reported - TimeDelta::seconds(delay);
        let fault = subject.fault;
        let (title, symptoms) = if let Some((title, symptoms)) = subject.text {
            (title.to_owned(), self.fill(symptoms))
        } else {
            let is_severe = self.filler.is_severe && !fault.severe_titles.is_empty();
            let titles = if is_severe { &fault.severe_titles } else { &fault.titles };
            (self.fill_one_of(titles), self.fill_one_of(&fault.symptoms))
        };
        let is_bare = matches!(subject.ending, Ending::Open(_, Twist::Bare));
        let category_forgotten = !by_machine
            && subject.detail == DetailLevel::Full
            && subject.ending == Ending::Resolved
            && self.dice.chance(0.4);
        let mut services = vec![service.name.clone()];
        if subject.detail == DetailLevel::Full
            && self.dice.chance(0.2)
            && !service.depends_on.is_empty()
        {
            services.push(self.filler.dependency.to_owned());
        }
        let actors = &self.texts.actors;
        let actor = match subject.source {
            Source::Monitoring => Actor::Integration(self.dice.pick(&actors.monitoring).clone()),
            Source::UserReport => Actor::Integration(actors.user_report.clone()),
            Source::Support => Actor::Integration(actors.support.clone()),
            Source::Partner => Actor::Integration(actors.partner.clone()),
            Source::Internal | Source::Unknown(_) => {
                let people = &self.setting.company.directory.people;
                Actor::Person(self.dice.pick(people).clone())
            }
        };
        let declaration = Declaration {
            alerts: None,
            title,
            services,
            impact: subject.impact,
            urgency: subject.urgency,
            category: (!is_bare && !category_forgotten).then_some(fault.category),
            source: subject.source,
            symptoms,
            detected_at,
            reported_at: self.reported,
            team: Some(self.team.to_owned()),
            labels: if subject.detail == DetailLevel::Full {
                vec![self.filler.region.to_owned()]
            } else {
                Vec::new()
            },
            dedup_key: (subject.has_dedup_key && by_machine)
                .then(|| format!("{}:{}", fault.alert, service.name)),
            runbook: service.runbook.clone(),
        };
        let reported = self.reported;
        self.step(reported, &actor, IncidentCommand::Declare(Box::new(declaration)));
        detected_at
    }

    /// Returns the times at which the incident is acknowledged and resolved.
    fn response_times(&mut self) -> (DateTime<Utc>, DateTime<Utc>) {
        let level = self.setting.rules.levels.for_priority(self.priority);
        // Median seconds to acknowledge and to resolve for a good team, and the shares of
        // incidents that miss each service level.
        let (ack, resolve, late_ack_share, late_share) = match self.priority {
            Priority::P1 | Priority::Unknown(_) => (95.0, 32.0 * 60.0, 0.05, 0.17),
            Priority::P2 => (230.0, 75.0 * 60.0, 0.05, 0.09),
            Priority::P3 => (540.0, 130.0 * 60.0, 0.04, 0.04),
            Priority::P4 => (1300.0, 250.0 * 60.0, 0.02, 0.02),
        };
        let at_night = self.reported.hour() < 6 && self.priority >= Priority::P3;
        let slowdown = if at_night { 2.0 } else { 1.0 };
        let mut span = |promised_s: i64, median: f64, spread: f64, late_share: f64| {
            #[allow(clippy::cast_precision_loss, reason = "a promise is far below 2^52 s")]
            let promised = promised_s as f64;
            let typical = self.dice.log_normal(median * slowdown, spread).min(promised * 0.94);
            if self.dice.chance(late_share) {
                promised * (1.04 + self.dice.log_normal(0.35, 0.9))
            } else {
                typical
            }
        };
        let ack_s = span(level.acknowledge_s, ack, 0.7, late_ack_share);
        let resolve_s = span(level.resolve_s, resolve, 0.65, late_share).max(ack_s * 1.2 + 90.0);
        let acknowledged = self.reported + seconds(ack_s);
        let resolved = self.reported + seconds(resolve_s);
        // The incident must end before `now`, and before `ends_by`. If it takes longer, both times
        // are scaled down.
        let now = self.setting.now - TimeDelta::seconds(20);
        let latest = self.subject.ends_by.map_or(now, |by| by.min(now));
        if resolved > latest {
            let (planned, allowed) = (resolved - self.reported, latest - self.reported);
            let (planned, allowed) =
                (planned.num_milliseconds(), allowed.num_milliseconds().max(0));
            let scaled = |span: TimeDelta| {
                let ms = i128::from(span.num_milliseconds()) * i128::from(allowed)
                    / i128::from(planned.max(1));
                TimeDelta::milliseconds(i64::try_from(ms).unwrap_or(0))
            };
            let acknowledged = self.reported + scaled(acknowledged - self.reported);
            return (acknowledged, self.reported + scaled(resolved - self.reported));
        }
        (acknowledged, resolved)
    }

    /// Returns the change that caused the incident, if its cause is one. A `given` change of a
    /// hand-written case is used unchanged.
    fn preceding_change(
        &mut self,
        detected: DateTime<Utc>,
        given: Option<(&str, usize, i64)>,
    ) -> Option<Change> {
        let directory = &self.setting.company.directory;
        let change = self.templates.change.as_ref();
        let (kind, title, service, minutes) = match (given, change) {
            (Some((title, service, minutes)), _) => {
                let kind = change.map_or(ChangeKind::Deploy, |change| change.kind);
                (kind, title.to_owned(), directory.services[service].name.clone(), minutes)
            }
            (None, Some(templates))
                if self.subject.text.is_none()
                    && self.subject.detail == DetailLevel::Full
                    && self.dice.chance(if self.subject.cause == Cause::Dependency {
                        0.4
                    } else {
                        0.93
                    }) =>
            {
                let changed_service = match self.subject.cause {
                    Cause::Dependency => self.filler.dependency,
                    _ => self.filler.service,
                };
                let (changed_service, title) =
                    (changed_service.to_owned(), self.fill_one_of(&templates.titles));
                #[allow(
                    clippy::cast_possible_truncation,
                    reason = "minutes of at most a few hours"
                )]
                let minutes = self.dice.log_normal(9.0, 0.8) as i64;
                (templates.kind, title, changed_service, minutes)
            }
            _ => return None,
        };
        let ends_at = detected - TimeDelta::seconds(minutes * 60 + self.dice.between(0, 59));
        let starts_at = ends_at - seconds(self.dice.log_normal(420.0, 0.7));
        let rolled_back = matches!(self.subject.ending, Ending::Resolved)
            && matches!(self.subject.cause, Cause::Deploy | Cause::Config | Cause::Migration)
            && self.dice.chance(0.7);
        Some(Change {
            id: ChangeId(self.dice.uuid_at(starts_at)),
            kind,
            title,
            services: vec![service],
            by: if kind == ChangeKind::Deploy {
                Actor::Integration(self.texts.actors.deployment.clone())
            } else {
                Actor::Person(self.member("").clone())
            },
            starts_at,
            ends_at: Some(ends_at),
            state: if rolled_back { ChangeState::RolledBack } else { ChangeState::Done },
            url: None,
            approval: None,
            extra: Extra::default(),
        })
    }

    fn reclassify(&mut self, at: DateTime<Utc>, lead: &Actor) {
        let (to, reason) = if self.dice.chance(0.7) {
            let kind = self.setting.company.kinds[self.subject.service];
            (Classification::FalseAlarm, templates::capitalize(kind.false_alarm_reason.clone()))
        } else {
            (Classification::ServiceRequest, self.fill_one_of(&self.texts.reasons.reclassify))
        };
        self.step(at, lead, IncidentCommand::Reclassify { to, reason });
    }
}

/// Converts a duration to milliseconds.
fn millis(span: TimeDelta) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "a span of months is far below 2^52 ms")]
    let millis = span.num_milliseconds() as f64;
    millis
}

/// Returns a random pair of impact and urgency that leads to a priority by the default matrix.
pub(super) fn impact_and_urgency(priority: Priority, dice: &mut Dice) -> (Impact, Urgency) {
    use Level::{High, Low, Medium};
    *match priority {
        Priority::P1 | Priority::Unknown(_) => &(High, High),
        Priority::P2 => dice.pick(&[(High, Medium), (Medium, High)]),
        Priority::P3 => dice.pick(&[(Medium, Medium), (Medium, Medium), (High, Low), (Low, High)]),
        Priority::P4 => dice.pick(&[(Low, Low), (Low, Medium), (Medium, Low)]),
    }
}
