//! Proptest strategies for commands on an incident.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use redphone::model::checklist::{Answer, ClosingItem, InvestigationItem, Item};
use redphone::model::command::{CommandKind, Declaration, Link};
use redphone::model::impact::Affected;
use redphone::model::review::Section;
use redphone::model::status::{Category, Classification, ResolutionAction, Role, Source, Status};
use redphone::model::{EventId, Impact, IncidentCommand, IncidentId, PersonRef, Priority, Urgency};
use uuid::Uuid;

/// Returns settings for `cases` cases. Failed cases are saved next to the test file, in
/// `NAME.regressions`.
pub fn config(cases: u32) -> ProptestConfig {
    let regressions = FileFailurePersistence::WithSource("regressions");
    ProptestConfig { cases, failure_persistence: Some(Box::new(regressions)), ..Default::default() }
}

/// Like [`config`], with the usual number of cases (`PROPTEST_CASES`, 256).
pub fn usual() -> ProptestConfig {
    config(ProptestConfig::default().cases)
}

pub fn start() -> DateTime<Utc> {
    "2026-03-02T08:00:00Z".parse().unwrap()
}

pub fn level() -> impl Strategy<Value = Impact> {
    prop::sample::select(Impact::ALL.to_vec())
}

pub fn of<T: Clone + std::fmt::Debug + 'static>(all: &[T]) -> impl Strategy<Value = T> + use<T> {
    prop::sample::select(all.to_vec())
}

pub fn person() -> impl Strategy<Value = PersonRef> {
    of(&[("ines", "Ines Moreau"), ("tariq", "Tariq Osei"), ("mei", "Mei Castellan")])
        .prop_map(|(handle, name)| PersonRef::new(handle, name))
}

/// Generates text from outside, from empty to hostile.
pub fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,40}",
        any::<String>(),
        "(\u{1b}\\[[0-9;]{0,5}[A-Za-z]|[\u{202a}-\u{202e}\u{200b}-\u{200f}]|[a-z ]|👩|决|\n){0,30}",
    ]
}

pub fn declaration() -> impl Strategy<Value = Declaration> {
    let title = prop_oneof![4 => "[A-Z][a-z ]{0,40}", 1 => any_text()];
    (title, level(), level(), prop::option::of(of(Category::ALL)), -3i64..1).prop_map(
        |(title, impact, urgency, category, detected)| Declaration {
            alerts: None,
            title,
            services: vec!["checkout".into()],
            impact,
            urgency: urgency as Urgency,
            category,
            source: Source::Monitoring,
            symptoms: String::new(),
            detected_at: start() + TimeDelta::minutes(detected),
            reported_at: start(),
            team: None,
            labels: vec![],
            dedup_key: None,
            runbook: None,
        },
    )
}

fn item() -> impl Strategy<Value = Item> {
    prop_oneof![
        of(InvestigationItem::ALL).prop_map(Item::Investigation),
        of(ClosingItem::ALL).prop_map(Item::Closing),
    ]
}

fn answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        4 => Just(Answer::Yes),
        1 => any_text().prop_map(Answer::Waived),
        1 => Just(Answer::Open),
    ]
}

/// Generates any command except a declaration.
pub fn ask() -> impl Strategy<Value = IncidentCommand> {
    let resolve = (of(ResolutionAction::ALL), any_text(), any_text()).prop_map(
        |(action, detail, validation)| IncidentCommand::Resolve { action, detail, validation },
    );
    let prioritize = (level(), level())
        .prop_map(|(impact, urgency)| IncidentCommand::Prioritize { impact, urgency });
    let overridden = (of(&Priority::ALL), any_text())
        .prop_map(|(priority, reason)| IncidentCommand::OverridePriority { priority, reason });
    let role = (of(Role::ALL), person(), any::<bool>())
        .prop_map(|(role, person, given)| IncidentCommand::GiveRole { role, person, given });
    let escalate = (0u8..4, prop::collection::vec(person(), 0..3), prop::option::of(any_text()))
        .prop_map(|(level, to, reason)| IncidentCommand::Escalate {
            level,
            to,
            reason,
            automatic: None,
            all_must_acknowledge: false,
        });
    let link = prop_oneof![
        any_text().prop_map(Link::Url),
        any::<u128>()
            .prop_map(|id| Link::Incident { id: IncidentId(Uuid::from_u128(id)), number: None }),
    ];
    let describe = (prop::option::of(any_text()), prop::option::of(any_text())).prop_map(
        |(title, symptoms)| IncidentCommand::Describe {
            title,
            symptoms,
            labels: None,
            runbook: None,
        },
    );
    let reclassify = (of(Classification::ALL), any_text())
        .prop_map(|(to, reason)| IncidentCommand::Reclassify { to, reason });
    let review = (of(Section::ALL), any_text())
        .prop_map(|(section, text)| IncidentCommand::WriteReview { section, text });
    let simple = prop_oneof![
        Just(IncidentCommand::Acknowledge),
        Just(IncidentCommand::Close),
        Just(IncidentCommand::Wake),
        Just(IncidentCommand::Unpause),
        Just(IncidentCommand::PublishReview),
        prop::option::of(any_text())
            .prop_map(|returned| IncidentCommand::SubmitReview { returned }),
        of(Status::ALL).prop_map(|to| IncidentCommand::MoveStatus { to }),
        prop::option::of(person()).prop_map(|to| IncidentCommand::Assign { to }),
        prop::option::of(of(Category::ALL))
            .prop_map(|category| IncidentCommand::Categorize { category }),
        Just(IncidentCommand::UndoMove),
        (of(Role::ALL), person())
            .prop_map(|(role, person)| IncidentCommand::AskForRole { role, person }),
        (of(Role::ALL), any::<bool>())
            .prop_map(|(role, accepted)| IncidentCommand::AnswerRole { role, accepted }),
        Just(IncidentCommand::SetExpectedRecovery { at: None }),
        prop::option::of(Just(start())).prop_map(|at| IncidentCommand::SetImpactBegan { at }),
        (any_text(), any::<bool>())
            .prop_map(|(team, involved)| IncidentCommand::InvolveTeam { team, involved }),
        prop::option::of(0_u64..5000).prop_map(|users| {
            let affected = Affected { users, ..Affected::default() };
            IncidentCommand::SetAffected { affected }
        }),
        any_text().prop_map(|text| IncidentCommand::AddNote { text }),
        any_text().prop_map(|text| IncidentCommand::RepeatAlert { text, count: None }),
        any_text().prop_map(|reason| IncidentCommand::Reopen { reason }),
        any_text().prop_map(|reason| IncidentCommand::Pause { reason }),
        any_text().prop_map(|message| IncidentCommand::UpdateStakeholders {
            message,
            next_due: None,
            public: None
        }),
        any_text().prop_map(|text| IncidentCommand::CorrectNote { note: EventId::new(), text }),
        prop::collection::vec(any_text(), 0..3)
            .prop_map(|services| IncidentCommand::SetServices { services }),
        prop::option::of(any_text()).prop_map(|team| IncidentCommand::SetTeam { team }),
        (-60i64..600)
            .prop_map(|m| IncidentCommand::Snooze { until: start() + TimeDelta::minutes(m) }),
    ];
    prop_oneof![
        12 => simple,
        2 => resolve,
        1 => prioritize,
        1 => overridden,
        1 => role,
        1 => escalate,
        1 => link.clone().prop_map(|link| IncidentCommand::Link { link }),
        1 => link.prop_map(|link| IncidentCommand::Unlink { link }),
        1 => describe,
        1 => reclassify,
        1 => review,
        4 => (item(), answer()).prop_map(|(item, answer)| IncidentCommand::AnswerItem { item, answer }),
        1 => sample(),
    ]
}

/// Generates a command of any kind in the table with made-up contents, including kinds without a
/// strategy of their own.
fn sample() -> impl Strategy<Value = IncidentCommand> {
    let samples: Vec<IncidentCommand> =
        CommandKind::ALL.iter().filter_map(|kind| (kind.row().sample)(None, start())).collect();
    of(&samples)
}
