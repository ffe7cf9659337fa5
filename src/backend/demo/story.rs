//! One incident as a story: who does what, and when.
//!
//! A story is a list of commands in the order of time. [`super::episode`] lets the model decide on
//! each of them, so that a timeline can't hold what the model would refuse.

use chrono::{DateTime, Datelike, NaiveTime, TimeDelta, Timelike, Utc, Weekday};

use crate::model::change::{Change, ChangeKind, ChangeState};
use crate::model::checklist::{Answer, ClosingItem, InvestigationItem, Item};
use crate::model::command::{Declaration, Link};
use crate::model::priority::{Impact, Level, Priority, Urgency};
use crate::model::problem::Problem;
use crate::model::review::{ActionItem, Section};
use crate::model::status::{Classification, ResolutionAction, Role, Source};
use crate::model::{Actor, Ask, ChangeId, IncidentId, PersonRef, Rules, Status};

use super::cases::Twist;
use super::company::{Company, VIEWER};
use super::dice::{Dice, seconds};
use super::faults::{Cause, Fault};
use super::words::{self, CauseWords, Filler, REGIONS};

/// What every story is set in.
pub(super) struct Setting<'a> {
    pub company: &'a Company,
    pub rules: &'a Rules,
    pub now: DateTime<Utc>,
}

/// How a story goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ending {
    /// Resolved, and mostly closed.
    Resolved,
    /// Continued in another member of the episode.
    Merged(IncidentId),
    /// It was no incident.
    Reclassified,
    /// Still open at `now`, in this stage.
    Open(Status, Twist),
}

/// How much of a story is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Detail {
    /// All of it.
    Full,
    /// What small incidents get: hardly a word, but closed.
    Brief,
    /// What must be: reported, acknowledged, resolved.
    Bare,
}

/// What a story is about.
pub(super) struct Subject<'a> {
    pub service: usize,
    pub fault: &'static Fault,
    pub cause: Cause,
    pub impact: Impact,
    pub urgency: Urgency,
    pub source: Source,
    /// Whether its alert may be grouped: nothing with the same key is open.
    pub keyed: bool,
    /// Title and symptoms, where they are given.
    pub text: Option<(&'a str, &'a str)>,
    /// The problem that is known to be behind it.
    pub problem: Option<&'a Problem>,
    /// Number of the last incident of the same fault.
    pub previous: Option<u64>,
    pub detail: Detail,
    /// The service that its troubles come from, where that is known.
    pub needs: Option<usize>,
    pub ending: Ending,
    /// When it must be over; for what others wait on.
    pub over_by: Option<DateTime<Utc>>,
}

/// One command of a story.
pub(super) struct Step {
    pub at: DateTime<Utc>,
    pub actor: Actor,
    pub ask: Ask,
}

/// A story that is told.
pub(super) struct Story {
    pub id: IncidentId,
    /// In the order of time.
    pub steps: Vec<Step>,
    /// The change that came before, with its final state.
    pub change: Option<Change>,
    /// When it is over; `now` while it is open.
    pub over: DateTime<Utc>,
}

struct Teller<'a> {
    setting: &'a Setting<'a>,
    subject: &'a Subject<'a>,
    dice: &'a mut Dice,
    filler: Filler<'a>,
    words: CauseWords,
    team: &'a str,
    priority: Priority,
    reported: DateTime<Utc>,
    steps: Vec<Step>,
}

/// Tells the story of one incident, reported at a time.
pub(super) fn tell(
    setting: &Setting<'_>,
    subject: &Subject<'_>,
    reported: DateTime<Utc>,
    change: Option<(&str, usize, i64)>,
    dice: &mut Dice,
) -> Story {
    let directory = &setting.company.directory;
    let service = &directory.services[subject.service];
    let needs = match (subject.needs, service.depends_on.len()) {
        (Some(needs), _) => directory.services[needs].name.as_str(),
        (None, 0) => service.name.as_str(),
        (None, n) => service.depends_on[dice.index(n)].as_str(),
    };
    let priority = setting.rules.matrix.priority(subject.impact, subject.urgency);
    let colleague = dice.pick(&directory.people).name.as_str();
    let filler = Filler {
        service: &service.name,
        needs,
        region: subject
            .text
            .and_then(|(_, symptoms)| REGIONS.iter().find(|r| symptoms.contains(**r)).copied())
            .unwrap_or_else(|| dice.word(&REGIONS)),
        colleague: colleague.split(' ').next().unwrap_or(colleague),
        bad: priority <= Priority::P2,
        began: reported.num_seconds_from_midnight() / 60,
    };
    let mut teller = Teller {
        setting,
        subject,
        words: subject.cause.words(),
        team: &service.team,
        filler,
        priority,
        reported,
        steps: Vec::with_capacity(24),
        dice,
    };
    teller.run(change)
}

impl<'a> Teller<'a> {
    fn run(&mut self, change: Option<(&str, usize, i64)>) -> Story {
        let id = IncidentId(self.dice.id(self.reported));
        let detected = self.declare();
        let change = self.change_before(detected, change);
        let (acknowledged, resolved) = self.pace();
        let over = match self.subject.ending {
            Ending::Open(stage, twist) => {
                self.open(stage, twist, change.as_ref());
                self.setting.now
            }
            Ending::Merged(into) => {
                let lead = self.responder(self.reported);
                self.step(acknowledged, &lead, Ask::Merge { into });
                acknowledged
            }
            Ending::Reclassified => {
                let lead = self.responder(self.reported);
                let at = acknowledged + (resolved - acknowledged) / 4;
                self.step(acknowledged, &lead, Ask::Acknowledge);
                self.reclassify(at, &lead);
                at
            }
            Ending::Resolved => {
                self.until_resolved(acknowledged, resolved, change.as_ref());
                resolved
            }
        };
        let now = self.setting.now;
        self.steps.retain(|step| step.at <= now);
        self.steps.sort_by_key(|step| step.at);
        Story { id, steps: std::mem::take(&mut self.steps), change, over }
    }

    fn fill(&mut self, template: &str) -> String {
        self.filler.fill(template, self.dice)
    }

    fn say(&mut self, templates: &[&str]) -> String {
        let template = *self.dice.pick(templates);
        self.fill(template)
    }

    fn step(&mut self, at: DateTime<Utc>, actor: &Actor, ask: Ask) {
        self.steps.push(Step { at, actor: actor.clone(), ask });
    }

    fn note(&mut self, at: DateTime<Utc>, actor: &Actor, templates: &[&str]) {
        let text = self.say(templates);
        self.step(at, actor, Ask::AddNote { text });
    }

    /// Mostly whoever is on call, else somebody of the team.
    fn responder(&mut self, at: DateTime<Utc>) -> Actor {
        let company = self.setting.company;
        let on_call = company.directory.on_call(self.team, at);
        let person = match on_call {
            Some(person) if self.dice.chance(0.7) => person,
            _ => self.member(""),
        };
        Actor::Person(person.clone())
    }

    /// Somebody of the team, other than one where there is another.
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

    /// Logs it, and the alerts that follow. When it was detected.
    fn declare(&mut self) -> DateTime<Utc> {
        let subject = self.subject;
        let service = &self.setting.company.directory.services[subject.service];
        let machine = subject.source == Source::Monitoring;
        let delay = if machine { self.dice.between(12, 150) } else { self.dice.between(90, 900) };
        let detected_at = self.reported - TimeDelta::seconds(delay);
        let fault = subject.fault;
        let (title, symptoms) = match subject.text {
            Some((title, symptoms)) => (title.to_owned(), self.fill(symptoms)),
            None => {
                let bad = self.filler.bad && !fault.worst.is_empty();
                let titles = if bad { fault.worst } else { fault.titles };
                (self.say(titles), self.say(fault.symptoms))
            }
        };
        let bare = matches!(subject.ending, Ending::Open(_, Twist::Bare));
        let forgotten = !machine
            && subject.detail == Detail::Full
            && subject.ending == Ending::Resolved
            && self.dice.chance(0.4);
        let mut services = vec![service.name.clone()];
        if subject.detail == Detail::Full && self.dice.chance(0.2) && !service.depends_on.is_empty()
        {
            services.push(self.filler.needs.to_owned());
        }
        let actor = match subject.source {
            Source::Monitoring => Actor::Integration(
                (*self.dice.pick(&["Alertmanager", "Alertmanager", "Probes", "Log alerts"])).into(),
            ),
            Source::UserReport => Actor::Integration("Feedback form".into()),
            Source::Support => Actor::Integration("Support desk".into()),
            Source::Partner => Actor::Integration("Partner portal".into()),
            Source::Internal => {
                let people = &self.setting.company.directory.people;
                Actor::Person(self.dice.pick(people).clone())
            }
        };
        let declaration = Declaration {
            title,
            services,
            impact: subject.impact,
            urgency: subject.urgency,
            category: (!bare && !forgotten).then_some(fault.category),
            source: subject.source,
            symptoms,
            detected_at,
            reported_at: self.reported,
            team: Some(self.team.to_owned()),
            labels: if subject.detail == Detail::Full {
                vec![self.filler.region.to_owned()]
            } else {
                Vec::new()
            },
            dedup_key: (subject.keyed && machine)
                .then(|| format!("{}:{}", fault.alert, service.name)),
            runbook: service.runbook.clone(),
        };
        let reported = self.reported;
        self.step(reported, &actor, Ask::Declare(Box::new(declaration)));
        detected_at
    }

    /// When it is acknowledged and when it is resolved.
    fn pace(&mut self) -> (DateTime<Utc>, DateTime<Utc>) {
        let level = self.setting.rules.levels.of(self.priority);
        // Seconds to acknowledge and to resolve as a good team manages them, and the shares of
        // those that take longer than was promised.
        let (ack, resolve, late_ack, late) = match self.priority {
            Priority::P1 => (95.0, 32.0 * 60.0, 0.05, 0.17),
            Priority::P2 => (230.0, 75.0 * 60.0, 0.05, 0.09),
            Priority::P3 => (540.0, 130.0 * 60.0, 0.04, 0.04),
            Priority::P4 => (1300.0, 250.0 * 60.0, 0.02, 0.02),
        };
        let night = self.reported.hour() < 6 && self.priority >= Priority::P3;
        let tired = if night { 2.0 } else { 1.0 };
        let mut span = |promised_s: i64, median: f64, spread: f64, late: f64| {
            #[allow(clippy::cast_precision_loss, reason = "a promise is far below 2^52 s")]
            let promised = promised_s as f64;
            let typical = self.dice.around(median * tired, spread).min(promised * 0.94);
            if self.dice.chance(late) {
                promised * (1.04 + self.dice.around(0.35, 0.9))
            } else {
                typical
            }
        };
        let ack_s = span(level.acknowledge_s, ack, 0.7, late_ack);
        let resolve_s = span(level.resolve_s, resolve, 0.65, late).max(ack_s * 1.2 + 90.0);
        let acknowledged = self.reported + seconds(ack_s);
        let resolved = self.reported + seconds(resolve_s);
        // What is history has ended before `now`, and before those that wait for it.
        let now = self.setting.now - TimeDelta::seconds(20);
        let latest = self.subject.over_by.map_or(now, |by| by.min(now));
        if resolved > latest {
            let (whole, there) = (resolved - self.reported, latest - self.reported);
            let (whole, there) = (whole.num_milliseconds(), there.num_milliseconds().max(0));
            let scaled = |span: TimeDelta| {
                let ms = i128::from(span.num_milliseconds()) * i128::from(there)
                    / i128::from(whole.max(1));
                TimeDelta::milliseconds(i64::try_from(ms).unwrap_or(0))
            };
            let acknowledged = self.reported + scaled(acknowledged - self.reported);
            return (acknowledged, self.reported + scaled(resolved - self.reported));
        }
        (acknowledged, resolved)
    }

    /// The change that led to it, where one did.
    fn change_before(
        &mut self,
        detected: DateTime<Utc>,
        given: Option<(&str, usize, i64)>,
    ) -> Option<Change> {
        let directory = &self.setting.company.directory;
        let (kind, title, service, minutes) = match (given, self.words.change) {
            (Some((title, service, minutes)), _) => {
                let kind = self.words.change.map_or(ChangeKind::Deploy, |(kind, _)| kind);
                (kind, title.to_owned(), directory.services[service].name.clone(), minutes)
            }
            (None, Some((kind, titles)))
                if self.subject.text.is_none()
                    && self.subject.detail == Detail::Full
                    && self.dice.chance(if self.subject.cause == Cause::Dependency {
                        0.4
                    } else {
                        0.93
                    }) =>
            {
                let of = match self.subject.cause {
                    Cause::Dependency => self.filler.needs,
                    _ => self.filler.service,
                };
                let (of, title) = (of.to_owned(), self.say(titles));
                #[allow(
                    clippy::cast_possible_truncation,
                    reason = "minutes of at most a few hours"
                )]
                let minutes = self.dice.around(9.0, 0.8) as i64;
                (kind, title, of, minutes)
            }
            _ => return None,
        };
        let ends_at = detected - TimeDelta::seconds(minutes * 60 + self.dice.between(0, 59));
        let starts_at = ends_at - seconds(self.dice.around(420.0, 0.7));
        let rolled_back = matches!(self.subject.ending, Ending::Resolved)
            && matches!(self.subject.cause, Cause::Deploy | Cause::Config | Cause::Migration)
            && self.dice.chance(0.7);
        Some(Change {
            id: ChangeId(self.dice.id(starts_at)),
            kind,
            title,
            services: vec![service],
            by: if kind == ChangeKind::Deploy {
                Actor::Integration("deploy bot".into())
            } else {
                Actor::Person(self.member("").clone())
            },
            starts_at,
            ends_at: Some(ends_at),
            state: if rolled_back { ChangeState::RolledBack } else { ChangeState::Done },
        })
    }

    fn reclassify(&mut self, at: DateTime<Utc>, lead: &Actor) {
        let (to, reason) = if self.dice.chance(0.7) {
            let kind = self.setting.company.kinds[self.subject.service];
            (Classification::FalseAlarm, capital(kind.probe().to_owned()))
        } else {
            (Classification::ServiceRequest, self.say(words::REQUESTS))
        };
        self.step(at, lead, Ask::Reclassify { to, reason });
    }

    fn until_resolved(
        &mut self,
        acknowledged: DateTime<Utc>,
        resolved: DateTime<Utc>,
        change: Option<&Change>,
    ) {
        let lead = self.responder(self.reported);
        let work = resolved - acknowledged;
        self.step(acknowledged, &lead, Ask::Acknowledge);
        if self.subject.detail == Detail::Full {
            self.alerts(acknowledged, resolved);
            self.escalations(acknowledged);
            let lead = self.investigate(acknowledged, work, Status::Monitoring, &lead, change);
            self.resolve(resolved, &lead);
            let (ended, lead) = self.come_back(resolved, lead);
            self.close(ended, &lead);
            self.review(ended, &lead);
            return;
        }
        if let Some(person) = lead.person().filter(|_| self.dice.chance(0.6)) {
            let to = Some(person.clone());
            self.step(acknowledged + work / 50, &lead, Ask::Assign { to });
        }
        if self.dice.chance(0.35) {
            let found = self.words.found;
            self.note(acknowledged + work / 2, &lead, found);
        }
        self.resolve(resolved, &lead);
        if self.subject.detail == Detail::Brief {
            self.close(resolved, &lead);
        }
    }

    /// The same alert again, while nobody has fixed it.
    fn alerts(&mut self, acknowledged: DateTime<Utc>, resolved: DateTime<Utc>) {
        if self.subject.source != Source::Monitoring {
            return;
        }
        let actor = self.steps[0].actor.clone();
        let times = self.dice.weighted(&[45, 30, 15, 10]);
        let span = (acknowledged - self.reported) + (resolved - acknowledged) / 4;
        for _ in 0..times {
            let at = self.reported
                + seconds(self.dice.unit() * 0.001 * ms(span))
                + TimeDelta::seconds(1);
            let text = self.say(words::ALERTS);
            self.step(
                at.min(resolved - TimeDelta::milliseconds(500)),
                &actor,
                Ask::RepeatAlert { text },
            );
        }
    }

    /// Levels that were called before somebody acknowledged.
    fn escalations(&mut self, acknowledged: DateTime<Utc>) {
        if self.priority > Priority::P2 {
            return;
        }
        let directory = &self.setting.company.directory;
        let Some(policy) = directory.policy(self.team) else { return };
        for (level, number) in policy.levels.iter().zip(1_u8..) {
            let at = self.reported + TimeDelta::seconds(level.after_s);
            if at >= acknowledged {
                break;
            }
            let mut to: Vec<PersonRef> = Vec::new();
            for target in &level.call {
                use crate::model::escalation::Target;
                let person = match target {
                    Target::OnCall(team) => directory.on_call(team, at),
                    Target::Person(handle) => directory.person(handle),
                };
                if let Some(person) = person.filter(|p| !to.contains(p)) {
                    to.push(person.clone());
                }
            }
            let actor = Actor::Integration("Escalation".into());
            self.step(at, &actor, Ask::Escalate { level: number, to, reason: None });
        }
    }

    /// From acknowledged up to a stage. Who leads in the end.
    fn investigate(
        &mut self,
        from: DateTime<Utc>,
        work: TimeDelta,
        upto: Status,
        lead: &Actor,
        change: Option<&Change>,
    ) -> Actor {
        let mut lead = lead.clone();
        let part = |share: f64| from + seconds(share * ms(work) / 1000.0);
        let big = self.priority <= Priority::P2;
        if let Some(person) = lead.person().cloned() {
            self.step(part(0.01), &lead, Ask::Assign { to: Some(person) });
        }
        if self.dice.chance(0.35) || big {
            self.note(part(0.02), &lead, words::LOOKING);
        }
        if upto >= Status::Investigating && (big || self.dice.chance(0.6)) {
            self.step(part(0.05), &lead, Ask::MoveStatus { to: Status::Investigating });
        }
        if self.priority == Priority::P1 {
            self.roles(part(0.04), &lead);
        }
        if self.subject.source != Source::Monitoring && self.steps_lack_category() {
            let category = self.subject.fault.category;
            self.step(part(0.03), &lead, Ask::Categorize { category });
        }
        if big {
            self.updates(from, work, &lead);
        }
        self.checklist(part(0.08), work, &lead, big);
        if upto < Status::Investigating {
            return lead;
        }
        if self.subject.text.is_none() && self.dice.chance(0.05) {
            self.weigh(part(0.1), &lead);
        }
        let clues = self.subject.fault.clues;
        if big || self.dice.chance(0.6) {
            let at = 0.12 + self.dice.unit() * 0.2;
            self.note(part(at), &lead, clues);
        }
        if let Some(previous) = self.subject.previous.filter(|_| self.dice.chance(0.35)) {
            let template =
                self.dice.word(words::AGAIN).replace("{prev}", &format!("INC-{previous}"));
            let text = self.fill(&template);
            self.step(part(0.34), &lead, Ask::AddNote { text });
        }
        if let Some(problem) = self.subject.problem
            && problem.opened_at <= part(0.36)
            && self.dice.chance(0.75)
        {
            let link = Link::Problem { id: problem.id, title: problem.title.clone() };
            self.step(part(0.36), &lead, Ask::Link { link });
        }
        if self.dice.chance(if big { 0.3 } else { 0.04 }) {
            lead = self.hand_over(part(0.38), &lead);
        }
        if upto < Status::Identified {
            return lead;
        }
        if let Some(change) = change.filter(|_| self.dice.chance(0.7)) {
            let link = Link::Change { id: change.id, title: change.title.clone() };
            self.step(part(0.45), &lead, Ask::Link { link });
        }
        if big || self.dice.chance(0.4) {
            let found = self.words.found;
            self.step(part(0.5), &lead, Ask::MoveStatus { to: Status::Identified });
            self.note(part(0.51), &lead, found);
        }
        if upto >= Status::Monitoring && (big || self.dice.chance(0.3)) {
            self.step(part(0.8), &lead, Ask::MoveStatus { to: Status::Monitoring });
            if self.dice.chance(0.5) {
                self.note(part(0.82), &lead, words::WATCHING);
            }
        }
        lead
    }

    /// Whether it was reported without a category that somebody will fill in.
    fn steps_lack_category(&self) -> bool {
        let bare = matches!(self.subject.ending, Ending::Open(_, Twist::Bare));
        !bare
            && self.steps.iter().any(
                |step| matches!(&step.ask, Ask::Declare(declared) if declared.category.is_none()),
            )
    }

    /// A second look at impact and urgency.
    fn weigh(&mut self, at: DateTime<Utc>, lead: &Actor) {
        let (priority, why) = match self.priority {
            Priority::P1 => return,
            Priority::P2 => (Priority::P3, words::LOWERED),
            Priority::P3 => (Priority::P4, words::LOWERED),
            Priority::P4 => (Priority::P3, words::RAISED),
        };
        let (impact, urgency) = weighed(priority, self.dice);
        self.note(at, lead, why);
        self.step(at + TimeDelta::seconds(4), lead, Ask::Prioritize { impact, urgency });
    }

    fn roles(&mut self, at: DateTime<Utc>, lead: &Actor) {
        let handle = lead.person().map_or("", |p| p.handle.as_str()).to_owned();
        let manager = self.member(&handle).clone();
        let give = |person, role| Ask::GiveRole { role, person, given: true };
        let people = &self.setting.company.directory.people;
        let writer = self.dice.pick(people).clone();
        self.step(at, lead, give(manager, Role::IncidentManager));
        self.step(at + TimeDelta::seconds(20), lead, give(writer, Role::Communications));
    }

    fn checklist(&mut self, at: DateTime<Utc>, work: TimeDelta, lead: &Actor, big: bool) {
        let share = if big { 0.7 } else { 0.12 };
        for (index, item) in (0_i32..).zip(InvestigationItem::ALL) {
            if self.dice.chance(share) {
                let at = at + work * index / 14;
                let ask = Ask::AnswerItem { item: Item::Investigation(*item), answer: Answer::Yes };
                self.step(at, lead, ask);
            }
        }
    }

    fn hand_over(&mut self, at: DateTime<Utc>, lead: &Actor) -> Actor {
        let handle = lead.person().map_or("", |p| p.handle.as_str()).to_owned();
        let next = self.member(&handle).clone();
        if next.handle == handle {
            return lead.clone();
        }
        if self.dice.chance(0.35) {
            let reason = Some(self.say(words::HELP));
            let to = vec![next.clone()];
            self.step(at, lead, Ask::Escalate { level: 2, to, reason });
        }
        let first = next.name.split(' ').next().unwrap_or_default().to_owned();
        let text = self.dice.word(words::HANDED).replace("{who}", &first);
        let text = self.fill(&text);
        self.step(at, lead, Ask::AddNote { text });
        self.step(at + TimeDelta::seconds(5), lead, Ask::Assign { to: Some(next.clone()) });
        Actor::Person(next)
    }

    /// What stakeholders are told while it lasts: nearly as often as promised.
    fn updates(&mut self, from: DateTime<Utc>, work: TimeDelta, lead: &Actor) {
        let level = self.setting.rules.levels.of(self.priority);
        let Some(every) = level.update_every_s else { return };
        let end = from + work;
        let mut at = from + seconds(self.dice.around(420.0, 0.4));
        let mut count = 0;
        while at < end && count < 12 {
            let told = ms(at - from) / ms(work).max(1.0);
            let known = !matches!(self.subject.ending, Ending::Open(stage, _) if stage < Status::Identified);
            let message = self.say(match told {
                told if told < 0.55 || !known => words::EARLY,
                told if told < 0.82 => words::KNOWN,
                _ => words::RECOVERING,
            });
            self.step(at, lead, Ask::UpdateStakeholders { message, next_due: None });
            #[allow(clippy::cast_precision_loss, reason = "a span of hours")]
            let every = every as f64;
            at += seconds(every * (0.75 + self.dice.unit() * 0.3));
            count += 1;
        }
    }

    fn resolve(&mut self, at: DateTime<Utc>, lead: &Actor) {
        let (action, template): (ResolutionAction, &str) = *self.dice.pick(self.words.fixes);
        let detail = self.fill(template);
        let proofs = self.setting.company.kinds[self.subject.service].proofs();
        let validation = capital(self.say(proofs));
        self.step(at, lead, Ask::Resolve { action, detail, validation });
    }

    /// Now and then it comes back. When it is over in the end, and who leads then.
    fn come_back(&mut self, resolved: DateTime<Utc>, lead: Actor) -> (DateTime<Utc>, Actor) {
        let back = resolved + seconds(self.dice.around(1500.0, 0.6));
        let again = back + seconds(self.dice.around(2400.0, 0.6));
        let late = self.subject.over_by.unwrap_or(self.setting.now) < again;
        if late || !self.dice.chance(0.03) {
            return (resolved, lead);
        }
        let reason = self.say(words::BACK);
        self.step(back, &lead, Ask::Reopen { reason });
        let found = self.words.found;
        self.note(back + (again - back) / 2, &lead, found);
        self.resolve(again, &lead);
        (again, lead)
    }

    fn close(&mut self, resolved: DateTime<Utc>, lead: &Actor) {
        let big = self.priority <= Priority::P2;
        if big {
            let message = self.say(words::FINAL);
            let at = resolved + TimeDelta::seconds(self.dice.between(60, 500));
            self.step(at, lead, Ask::UpdateStakeholders { message, next_due: None });
        }
        let wait = if big { 5.0 * 3600.0 } else { 26.0 * 3600.0 };
        let at = resolved + seconds(600.0 + self.dice.around(wait, 0.6));
        let mut at = if big { at } else { self.office(at) };
        for item in ClosingItem::ALL {
            let answer = match item {
                ClosingItem::FinalUpdate if !big && self.dice.chance(0.7) => {
                    Answer::Waived("no stakeholders were told of it".into())
                }
                ClosingItem::FollowUp if self.dice.chance(0.15) => {
                    Answer::Waived("known, the problem has it".into())
                }
                _ => Answer::Yes,
            };
            self.step(at, lead, Ask::AnswerItem { item: Item::Closing(*item), answer });
            at += TimeDelta::seconds(self.dice.between(2, 40));
        }
        self.step(at, lead, Ask::Close);
    }

    /// The review of what was big.
    fn review(&mut self, resolved: DateTime<Utc>, lead: &Actor) {
        let wanted = match self.priority {
            Priority::P1 => 0.95,
            Priority::P2 => 0.5,
            _ => 0.0,
        };
        if !self.dice.chance(wanted) {
            return;
        }
        let at = resolved + seconds(self.dice.around(2.2 * 86_400.0, 0.4));
        let mut at = self.office(at);
        for section in Section::ALL {
            let text = self.section(*section, resolved);
            self.step(at, lead, Ask::WriteReview { section: *section, text });
            at += TimeDelta::seconds(self.dice.between(60, 900));
        }
        for _ in 0..self.dice.between(1, 3) {
            let (kind, template) = *self.dice.pick(words::ACTIONS);
            let text = self.fill(template);
            let handle = lead.person().map_or("", |p| p.handle.as_str()).to_owned();
            let due = at + TimeDelta::days(self.dice.between(7, 45));
            let item = ActionItem {
                id: self.dice.id(at),
                text,
                owner: Some(self.member(&handle).clone()),
                due: Some(due.date_naive()),
                kind,
                done: due < self.setting.now && self.dice.chance(0.8),
            };
            self.step(at, lead, Ask::SetActionItem { item });
            at += TimeDelta::seconds(self.dice.between(30, 200));
        }
        self.step(at, lead, Ask::PublishReview);
    }

    /// The same time, or the next at which people do what can wait.
    fn office(&mut self, at: DateTime<Utc>) -> DateTime<Utc> {
        let mut day = at.date_naive();
        if at.hour() >= 17 {
            day += TimeDelta::days(1);
        }
        day += TimeDelta::days(match day.weekday() {
            Weekday::Sat => 2,
            Weekday::Sun => 1,
            _ => 0,
        });
        if day == at.date_naive() && at.hour() >= 7 {
            return at;
        }
        let morning = day.and_time(NaiveTime::MIN).and_utc() + TimeDelta::hours(8);
        morning + TimeDelta::seconds(self.dice.between(0, 3 * 3600))
    }

    fn section(&mut self, section: Section, resolved: DateTime<Utc>) -> String {
        let lasted = crate::model::time::short(resolved - self.reported);
        let found = self.words.found;
        match section {
            Section::Summary => {
                let what = self.say(self.subject.fault.symptoms);
                format!("{what} It lasted {lasted}.")
            }
            Section::Timeline => {
                let time = |at: DateTime<Utc>| at.time().format("%H:%M").to_string();
                format!("{} reported, {} resolved (UTC). The rest is in the record.", time(self.reported), time(resolved))
            }
            Section::Impact => self.fill("About {pct} % of the users of {svc} for {min} min at worst; {n} contacts at support."),
            Section::RootCause => self.say(found),
            Section::Resolution => {
                let (_, template) = *self.dice.pick(self.words.fixes);
                self.fill(template)
            }
            Section::Communication => self.fill("Status page after {few} min, then as agreed. Partners were told by mail."),
            Section::Gaps => self.fill("The alert fired on symptoms, not on the cause. {dep} has no owner at night."),
        }
    }

    /// What has happened so far to one that is still open.
    fn open(&mut self, stage: Status, twist: Twist, change: Option<&Change>) {
        let now = self.setting.now;
        let age = now - self.reported;
        let soon = now - TimeDelta::milliseconds(1500);
        if stage == Status::Triggered {
            self.alerts(soon.min(self.reported + age / 2), soon);
            return;
        }
        let viewer = self.setting.company.directory.person(VIEWER).cloned();
        let lead = match (twist, viewer) {
            (Twist::Mine, Some(viewer)) => Actor::Person(viewer),
            // What the viewer leads is set by hand.
            _ => match self.responder(self.reported) {
                Actor::Person(p) if p.handle == VIEWER => {
                    Actor::Person(self.member(VIEWER).clone())
                }
                other => other,
            },
        };
        let (acknowledged, _) = self.pace();
        let acknowledged = acknowledged.min(self.reported + age / 3);
        let work = soon - acknowledged;
        self.step(acknowledged, &lead, Ask::Acknowledge);
        self.alerts(acknowledged, soon);
        let lead = self.investigate(acknowledged, work, stage, &lead, change);
        self.reach(stage, soon, work, &lead);
        match twist {
            Twist::Unowned => self.step(soon, &lead, Ask::Assign { to: None }),
            Twist::Paused => {
                let reason = self.say(words::WAITS);
                self.step(soon - work / 6, &lead, Ask::Pause { reason });
            }
            Twist::Snoozed => {
                let until = now + TimeDelta::hours(self.dice.between(3, 9));
                self.step(soon, &lead, Ask::Snooze { until });
            }
            Twist::Plain | Twist::Mine | Twist::Bare => {}
        }
    }

    /// Makes sure that an open incident is in its stage, whatever its story skipped.
    fn reach(&mut self, stage: Status, soon: DateTime<Utc>, work: TimeDelta, lead: &Actor) {
        let there =
            self.steps.iter().any(|s| matches!(&s.ask, Ask::MoveStatus { to } if *to == stage));
        if stage > Status::Acknowledged && !there {
            self.step(soon - work / 7, lead, Ask::MoveStatus { to: stage });
        }
    }
}

/// Milliseconds of a span.
fn ms(span: TimeDelta) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "a span of months is far below 2^52 ms")]
    let millis = span.num_milliseconds() as f64;
    millis
}

/// With a capital first letter.
fn capital(mut text: String) -> String {
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}

/// Impact and urgency that lead to a priority by the default matrix.
pub(super) fn weighed(priority: Priority, dice: &mut Dice) -> (Impact, Urgency) {
    use Level::{High, Low, Medium};
    *match priority {
        Priority::P1 => &(High, High),
        Priority::P2 => dice.pick(&[(High, Medium), (Medium, High)]),
        Priority::P3 => dice.pick(&[(Medium, Medium), (Medium, Medium), (High, Low), (Low, High)]),
        Priority::P4 => dice.pick(&[(Low, Low), (Low, Medium), (Medium, Low)]),
    }
}
