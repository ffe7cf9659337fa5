//! A small fictional company with fixed incidents, all made through `decide`.

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use redphone::model::change::{Change, ChangeKind, ChangeState};
use redphone::model::command::{Command, Declaration, IncidentCommand};
use redphone::model::directory::{Directory, Service, Team};
use redphone::model::oncall::Schedule;
use redphone::model::status::{Category, ResolutionAction, Role, Source};
use redphone::model::{
    Actor, ChangeId, CommandId, Envelope, Impact, IncidentId, PersonRef, Status,
};
use uuid::Uuid;

use super::memory::Memory;

/// Returns the time of all snapshots.
pub fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2031, 5, 20, 22, 41, 12).unwrap()
}

pub fn me() -> PersonRef {
    PersonRef::new("ines", "Ines Moreau")
}

pub fn tomo() -> PersonRef {
    PersonRef::new("tomo", "Tomo Hayashi")
}

fn person(name: &str) -> Actor {
    Actor::Person(match name {
        "ines" => me(),
        "tomo" => tomo(),
        _ => PersonRef::new("odile", "Odile Brandt"),
    })
}

fn alerts() -> Actor {
    Actor::Integration("Alertmanager".into())
}

/// Executes the events of one incident, step by step. Ids are counted, so that snapshots do not
/// change.
pub struct Script<'a> {
    memory: &'a Memory,
    incident: IncidentId,
    at: DateTime<Utc>,
}

fn counted(memory: &Memory, salt: u128) -> Uuid {
    let seen = memory.count_ids();
    Uuid::from_u128(
        (0x0190_0000_0000_7000_8000_0000_0000_0000_u128 + salt) + (u128::from(seen) << 16),
    )
}

impl Script<'_> {
    pub fn then(self, minutes: i64, actor: Actor, command: IncidentCommand) -> Self {
        let at = self.at + TimeDelta::seconds(minutes * 60 + 17);
        let envelope = Envelope {
            id: CommandId(counted(self.memory, 0)),
            at,
            actor,
            command: Command::incident(self.incident, command),
            expected_seq: None,
        };
        self.memory.carry_out(&envelope).expect("the fixture's commands fit");
        Self { at, ..self }
    }

    pub fn id(&self) -> IncidentId {
        self.incident
    }
}

/// Declares an incident `minutes_ago` minutes before `now`.
#[allow(clippy::too_many_arguments, reason = "a row of a table")]
pub fn declare<'a>(
    memory: &'a Memory,
    now: DateTime<Utc>,
    minutes_ago: i64,
    title: &str,
    service: &str,
    impact: Impact,
    urgency: Impact,
    more: impl FnOnce(&mut Declaration),
) -> Script<'a> {
    let reported_at = now - TimeDelta::minutes(minutes_ago) - TimeDelta::seconds(10);
    let mut declaration = Declaration {
        alerts: None,
        title: title.into(),
        services: vec![service.into()],
        impact,
        urgency,
        category: Some(Category::Application),
        source: Source::Monitoring,
        symptoms: String::new(),
        detected_at: reported_at - TimeDelta::seconds(40),
        reported_at,
        team: Some("web".into()),
        labels: vec![],
        dedup_key: None,
        runbook: None,
    };
    more(&mut declaration);
    let incident = IncidentId(counted(memory, 1));
    let script = Script { memory, incident, at: reported_at - TimeDelta::seconds(17) };
    script.then(0, alerts(), IncidentCommand::Declare(Box::new(declaration)))
}

pub fn directory(now: DateTime<Utc>) -> Directory {
    let service = |name: &str, team: &str, needs: &[&str]| Service {
        name: name.into(),
        team: team.into(),
        depends_on: needs.iter().map(ToString::to_string).collect(),
        runbook: None,
        objective: None,
        public_name: None,
    };
    Directory {
        people: vec![me(), tomo(), PersonRef::new("odile", "Odile Brandt")],
        teams: vec![
            Team { name: "web".into(), members: vec!["ines".into(), "tomo".into()] },
            Team { name: "data".into(), members: vec!["odile".into()] },
        ],
        services: vec![
            service("checkout", "web", &["payments-gateway"]),
            service("payments-gateway", "web", &[]),
            service("search", "data", &[]),
            service("cdn", "web", &[]),
            service("catalog", "web", &[]),
            service("auth", "web", &[]),
            service("reports", "data", &[]),
            service("workers", "web", &[]),
            service("mail", "web", &[]),
            service("ünïcode-サービス", "web", &[]),
        ],
        policies: vec![],
        schedules: vec![Schedule {
            team: "web".into(),
            rotation: vec!["ines".into(), "tomo".into()],
            starts_at: now - TimeDelta::days(3),
            turn_s: 7 * 86_400,
            ..Schedule::default()
        }],
        ..Directory::default()
    }
}

/// Returns a quiet company: no incident is open, and one has ended.
pub fn quiet(now: DateTime<Utc>) -> Memory {
    let memory = Memory::new(directory(now), vec![], 2031);
    declare(&memory, now, 5 * 60, "Reports late", "reports", Impact::Medium, Impact::Low, |_| {})
        .then(4, person("tomo"), IncidentCommand::Acknowledge)
        .then(90, person("tomo"), resolve("restarted the scheduler"));
    memory
}

fn resolve(detail: &str) -> IncidentCommand {
    IncidentCommand::Resolve {
        action: ResolutionAction::Restart,
        detail: detail.into(),
        validation: "two runs in time".into(),
    }
}

/// Returns a company with many open incidents.
pub fn busy(now: DateTime<Utc>) -> Memory {
    busy_with(now, HOSTILE, HOSTILE_NOTE)
}

/// Like [`busy`], with another title and another note on the hostile incident.
pub fn busy_with(now: DateTime<Utc>, hostile: &str, hostile_note: &str) -> Memory {
    use redphone::model::priority::Level::{High, Low, Medium};
    let change = |minutes: i64, title: &str, service: &str| Change {
        id: ChangeId(Uuid::from_u128(0x77)),
        kind: ChangeKind::Deploy,
        title: title.into(),
        services: vec![service.into()],
        by: Actor::Integration("deploy bot".into()),
        starts_at: now - TimeDelta::minutes(minutes + 4),
        ends_at: Some(now - TimeDelta::minutes(minutes)),
        state: ChangeState::Done,
        url: None,
        approval: None,
        extra: <_>::default(),
    };
    let changes = vec![change(10, "checkout v812", "checkout")];
    let memory = Memory::new(directory(now), changes, 2020);
    history(&memory, now);
    let note = |text: &str| IncidentCommand::AddNote { text: text.into() };
    let moved = |to| IncidentCommand::MoveStatus { to };
    let assign = |to: PersonRef| IncidentCommand::Assign { to: Some(to) };
    declare(&memory, now, 160, "Images load 4 s slower than yesterday", "cdn", Medium, High, |d| {
        d.category = Some(Category::Performance);
    })
    .then(3, person("tomo"), IncidentCommand::Acknowledge)
    .then(1, person("tomo"), assign(tomo()))
    .then(80, person("tomo"), moved(Status::Monitoring));
    declare(&memory, now, 72, "Stale prices in the catalog", "catalog", Medium, High, |_| {})
        .then(2, person("odile"), IncidentCommand::Acknowledge)
        .then(40, person("odile"), moved(Status::Identified))
        .then(
            1,
            person("odile"),
            IncidentCommand::Pause { reason: "the supplier's answer".into() },
        );
    declare(&memory, now, 38, "Logins time out for one in five", "auth", High, High, |d| {
        d.category = Some(Category::Access);
        d.symptoms = "Sign-in takes over 30 s and then fails.\nMobile is hit harder.".into();
    })
    .then(2, person("tomo"), IncidentCommand::Acknowledge)
    .then(0, person("tomo"), assign(tomo()))
    .then(4, person("tomo"), moved(Status::Investigating))
    .then(1, person("ines"), IncidentCommand::GiveRole {
        role: Role::Communications,
        person: me(),
        given: true,
    })
    .then(2, person("tomo"), note("The pool of the session store is exhausted.\nIt has been at its limit since 22:02:\n  480 of 480 in use, 1,900 wait.\nNext: who holds them?"))
    .then(5, person("tomo"), IncidentCommand::UpdateStakeholders {
        message: "Some customers can't sign in. We are on it.".into(),
        next_due: None,
        public: None,
    });
    declare(&memory, now, 185, "Nightly report is late", "reports", Low, High, |_| {}).then(
        20,
        person("odile"),
        IncidentCommand::Acknowledge,
    );
    declare(&memory, now, 20, "Search p99 above 2 s", "search", Medium, High, |d| {
        d.category = Some(Category::Performance);
        d.team = Some("data".into());
    });
    declare(&memory, now, 4, "Card payments fail at checkout", "checkout", High, High, |d| {
        d.services.push("payments-gateway".into());
        d.symptoms =
            "100 % of card payments answer 502 since 22:37.\nWallets are unaffected.".into();
        d.runbook = Some("payments/5xx".into());
    })
    .then(
        1,
        alerts(),
        IncidentCommand::RepeatAlert { text: "p99 latency above 2 s".into(), count: None },
    )
    .then(
        0,
        alerts(),
        IncidentCommand::RepeatAlert { text: "p99 latency above 2 s".into(), count: None },
    );
    declare(&memory, now, 400, hostile, "ünïcode-サービス", Low, Low, |d| {
        d.category = None;
        d.team = None;
        d.source = Source::UserReport;
    })
    .then(3, alerts(), note(hostile_note));
    for index in 0..12_i64 {
        let title = format!("Disk of worker {} is {} % full", index + 3, 80 + index);
        let script = declare(&memory, now, 500 + index * 47, &title, "workers", Low, Medium, |d| {
            d.category = Some(Category::Infrastructure);
        });
        if index % 3 > 0 {
            script.then(30, person("odile"), IncidentCommand::Acknowledge);
        }
    }
    memory
}

/// A note with hostile content, such as control characters.
pub const HOSTILE_NOTE: &str =
    "\u{1b}]0;owned\u{7}\u{1b}[2Jgone?\r\nx\u{202e}desrever\u{200b}\ttab";

/// A title with hostile content, such as control characters.
pub const HOSTILE: &str =
    "\u{1b}[31mred\u{1b}[0m \u{202e}evil\u{202c} a\u{200b}b 支払いが失敗 🔥🔥 שלום";

/// Adds incidents that ended within two weeks.
fn history(memory: &Memory, now: DateTime<Utc>) {
    let faults = [
        ("Search p99 above 2 s", "search", Impact::Medium, Impact::High),
        ("CDN answers 404 for fonts", "cdn", Impact::Low, Impact::Medium),
        ("Payments 502 after a deploy", "checkout", Impact::High, Impact::High),
        ("Queue of mails grows", "mail", Impact::Medium, Impact::Medium),
        ("Certificate expires soon", "edge", Impact::Low, Impact::Low),
    ];
    for index in 0..26_i64 {
        let (title, service, impact, urgency) = faults[usize::try_from(index * index % 5).unwrap()];
        let ago = 14 * 1440 - index * 760;
        let script = declare(memory, now, ago, title, service, impact, urgency, |_| {});
        let script = script.then(2 + index % 7, person("tomo"), IncidentCommand::Acknowledge).then(
            1,
            person("tomo"),
            IncidentCommand::Assign { to: Some(tomo()) },
        );
        if index == 20 {
            script.then(
                5,
                person("odile"),
                IncidentCommand::Reclassify {
                    to: redphone::model::status::Classification::FalseAlarm,
                    reason: "a test".into(),
                },
            );
        } else {
            script.then(20 + (index * 13) % 90, person("tomo"), resolve("took the change back"));
        }
    }
}

/// Adds an incident that was reported `minutes_ago` and has ended.
pub fn ended(memory: &Memory, now: DateTime<Utc>, minutes_ago: i64, title: &str) {
    declare(memory, now, minutes_ago, title, "mail", Impact::Low, Impact::Low, |_| {})
        .then(1, person("tomo"), IncidentCommand::Acknowledge)
        .then(5, person("tomo"), resolve("restarted"));
}

/// Resolves an open incident by its label.
pub fn end(memory: &Memory, now: DateTime<Utc>, label: &str) {
    let row = memory.all().into_iter().find(|row| row.label() == label).expect("it is there");
    Script { memory, incident: row.id, at: now }.then(0, person("tomo"), resolve("restarted"));
}

/// Returns a company with this number of open incidents, for measurements.
pub fn many(now: DateTime<Utc>, count: i64) -> Memory {
    let memory = Memory::new(directory(now), vec![], 10_001);
    let levels = [Impact::High, Impact::Medium, Impact::Low];
    for index in 0..count {
        let title = format!("Fault {index} of service {} is seen by many people", index % 60);
        let service = format!("service-{}", index % 60);
        let (impact, urgency) = (
            levels[usize::try_from(index % 7).unwrap().min(2)],
            levels[usize::try_from(index % 5).unwrap().min(2)],
        );
        let script = declare(&memory, now, 3 + index * 2, &title, &service, impact, urgency, |d| {
            d.symptoms = "Requests fail now and then.\nNo pattern yet.".into();
        });
        if index % 3 > 0 {
            script.then(2, person("tomo"), IncidentCommand::Acknowledge);
        }
    }
    memory
}

/// Executes a command of another person.
pub fn ask(
    memory: &Memory,
    incident: IncidentId,
    command: IncidentCommand,
    at: DateTime<Utc>,
) -> Result<(), redphone::backend::BackendError> {
    let envelope = Envelope {
        id: CommandId::new(),
        at,
        actor: Actor::Person(tomo()),
        command: Command::incident(incident, command),
        expected_seq: None,
    };
    memory.carry_out(&envelope).map(|_| ())
}
