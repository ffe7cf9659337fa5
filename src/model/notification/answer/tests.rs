use chrono::TimeDelta;
use rstest::rstest;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::model::command::{Declaration, RoleRequest};
use crate::model::escalation::policy::{Policy, PolicyLevel, Target};
use crate::model::notification::link::LinkToken;
use crate::model::status::Source;
use crate::model::{Event, EventBody, EventId, Impact, IncidentId, Priority};

fn at(minutes: i64) -> DateTime<Utc> {
    let start: DateTime<Utc> = "2026-01-05T22:31:00Z".parse().unwrap();
    start + TimeDelta::minutes(minutes)
}

fn row() -> Summary {
    serde_json::from_value(json!({
        "id": Uuid::from_u128(1), "number": 12, "title": "Card payments fail",
        "status": "triggered", "impact": "high", "urgency": "high", "priority": "P1",
        "source": "monitoring", "services": ["checkout"], "team": "payments",
        "detected_at": at(0), "reported_at": at(0), "paused": false, "alerts": 1,
        "escalation": 1, "seq": 2, "last_event_at": at(0),
    }))
    .unwrap()
}

fn directory(levels: &[&[&str]]) -> Directory {
    let level = |people: &&[&str]| PolicyLevel {
        after_s: 0,
        call: people.iter().map(|handle| Target::Person((*handle).into())).collect(),
        round_robin: false,
        all_must_acknowledge: false,
    };
    Directory {
        people: ["ines", "tomasz"].map(|handle| PersonRef::new(handle, handle)).to_vec(),
        policies: vec![Policy {
            team: "payments".into(),
            levels: levels.iter().map(level).collect(),
            ..Policy::default()
        }],
        ..Directory::default()
    }
}

fn answer(person: &PersonRef, action: LinkAction) -> Answer<'_> {
    Answer {
        id: CommandId(Uuid::from_u128(5)),
        person,
        action,
        role: None,
        way: AnswerWay::Link,
        at: at(1),
    }
}

#[test]
fn answer_is_a_command_of_the_person_by_link() {
    let person = PersonRef::new("ines", "Ines Moreau");
    let answer = answer(&person, LinkAction::Acknowledge);
    let envelope = answer.envelope(&row(), &Directory::default()).unwrap();
    assert_eq!(envelope.actor, Actor::Person(person.clone()));
    assert_eq!((envelope.id, envelope.at), (CommandId(Uuid::from_u128(5)), at(1)));
    let expected = Command::Incident {
        incident: IncidentId(Uuid::from_u128(1)),
        command: IncidentCommand::Acknowledge,
        undoes: None,
        because: Some("by link".into()),
    };
    assert_eq!(envelope.command, expected);
    assert_eq!(answer.outcome(&row()), "INC-12 is acknowledged by Ines Moreau");
}

#[test]
fn escalation_calls_the_next_level() {
    let person = PersonRef::new("ines", "ines");
    let answer = answer(&person, LinkAction::Escalate);
    let escalate = |levels: &[&[&str]]| answer.envelope(&row(), &directory(levels));
    let envelope = escalate(&[&["ines"], &["tomasz"]]).unwrap();
    let Command::Incident { command: IncidentCommand::Escalate { level, to, .. }, .. } =
        envelope.command
    else {
        panic!("an escalation");
    };
    assert_eq!((level, to), (2, vec![PersonRef::new("tomasz", "tomasz")]));
    let label = || "INC-12".to_owned();
    let last = AnswerRefusal::LastLevel { label: label(), last: 1 };
    assert_eq!(escalate(&[&["ines"]]).unwrap_err(), last);
    let nobody = AnswerRefusal::NobodyReached { label: label(), level: 2 };
    assert_eq!(escalate(&[&["ines"], &["stranger"]]).unwrap_err(), nobody);
    let none = answer.envelope(&row(), &Directory::default()).unwrap_err();
    assert_eq!(none, AnswerRefusal::NoPolicy { label: label() });
}

fn link() -> AnswerLink {
    AnswerLink {
        digest: LinkToken::random().unwrap().digest(),
        notification: Uuid::from_u128(7),
        incident: IncidentId(Uuid::from_u128(1)),
        person: PersonRef::new("ines", "Ines Moreau"),
        action: LinkAction::Acknowledge,
        role: None,
        reminder: false,
        cover: None,
        expires_at: at(60),
        used_at: None,
    }
}

fn incident(change: impl FnOnce(&mut Incident)) -> Incident {
    let mut incident = Incident::from_declaration(&declared()).unwrap();
    incident.summary = row();
    change(&mut incident);
    incident
}

fn declared() -> Event {
    let declaration = Declaration {
        alerts: None,
        title: "Card payments fail".into(),
        services: vec!["checkout".into()],
        impact: Impact::High,
        urgency: Impact::High,
        category: None,
        source: Source::Monitoring,
        symptoms: String::new(),
        detected_at: at(0),
        reported_at: at(0),
        team: None,
        labels: Vec::new(),
        dedup_key: None,
        runbook: None,
    };
    Event {
        id: EventId::new(),
        incident: IncidentId(Uuid::from_u128(1)),
        seq: 1,
        at: at(0),
        recorded_at: at(0),
        actor: Actor::Integration("monitoring".into()),
        command: CommandId::new(),
        because: None,
        verdicts: Vec::new(),
        undo: None,
        body: EventBody::Declared {
            number: None,
            priority: Priority::P1,
            declaration: Box::new(declaration),
        },
        extra: <_>::default(),
    }
}

#[test]
fn link_ends_by_use_time_acknowledgement_and_end() {
    let open = incident(|_| {});
    assert_eq!(check_link(&link(), &open, at(59)), Ok(()));
    let expired = AnswerRefusal::Expired { at: at(60) };
    assert_eq!(check_link(&link(), &open, at(60)), Err(expired));
    let used = AnswerLink { used_at: Some(at(3)), ..link() };
    assert_eq!(check_link(&used, &open, at(4)), Err(AnswerRefusal::Used { at: at(3) }));
    let acknowledged = incident(|incident| {
        incident.summary.acknowledged_at = Some(at(2));
        incident.acknowledged_by = Some(Actor::Person(PersonRef::new("tomasz", "Tomasz Zur")));
    });
    let first = check_link(&link(), &acknowledged, at(4)).unwrap_err();
    let sentence = "INC-12 was acknowledged by Tomasz Zur at 2026-01-05 22:33 UTC";
    assert_eq!(first.to_string(), sentence);
    let resolved = incident(|incident| incident.summary.status = Status::Resolved);
    let ended = AnswerRefusal::Ended { label: "INC-12".into(), status: Status::Resolved };
    assert_eq!(check_link(&link(), &resolved, at(4)), Err(ended));
}

fn requested(role: Role) -> RoleRequest {
    RoleRequest {
        role,
        person: PersonRef::new("ines", "Ines Moreau"),
        by: Actor::Person(PersonRef::new("tomasz", "Tomasz Zur")),
        at: at(0),
        accepted: None,
        answered_at: None,
    }
}

#[test]
fn link_for_a_role_ends_with_its_answer() {
    let link = AnswerLink { role: Some(Role::Scribe), ..link() };
    let open = incident(|incident| {
        incident.summary.acknowledged_at = Some(at(2));
        incident.role_requests = vec![requested(Role::Scribe)];
    });
    assert_eq!(check_link(&link, &open, at(4)), Ok(()));
    let expired = AnswerRefusal::Expired { at: at(60) };
    assert_eq!(check_link(&link, &open, at(61)), Err(expired));
    let answered = incident(|incident| {
        incident.role_requests =
            vec![RoleRequest { accepted: Some(false), ..requested(Role::Scribe) }];
    });
    let refused = AnswerRefusal::NotRequested { label: "INC-12".into(), role: Role::Scribe };
    assert_eq!(check_link(&link, &answered, at(4)), Err(refused.clone()));
    let other = incident(|incident| incident.role_requests = vec![requested(Role::Resolver)]);
    assert_eq!(check_link(&link, &other, at(4)), Err(refused));
}

#[test]
fn link_of_a_reminder_outlasts_the_acknowledgement() {
    let acknowledged = incident(|incident| incident.summary.acknowledged_at = Some(at(2)));
    for action in [LinkAction::Working, LinkAction::Resolve, LinkAction::Reply] {
        let link = AnswerLink { reminder: true, action, ..link() };
        assert_eq!(check_link(&link, &acknowledged, at(4)), Ok(()), "{action}");
    }
    let again = AnswerLink { reminder: true, ..link() };
    assert!(check_link(&again, &acknowledged, at(4)).is_err());
}

#[rstest]
#[case(None, false, LinkAction::Acknowledge)]
#[case(Some(Role::Scribe), false, LinkAction::AcceptRole)]
#[case(None, true, LinkAction::Working)]
fn confirmation_answers_the_message(
    #[case] role: Option<Role>,
    #[case] reminder: bool,
    #[case] expected: LinkAction,
) {
    let link = AnswerLink { role, reminder, ..link() };
    let row = Summary { acknowledged_at: Some(at(2)), ..row() };
    assert_eq!(meant_action(LinkAction::Acknowledge, &link, &row), expected);
    assert_eq!(meant_action(LinkAction::Resolve, &link, &row), LinkAction::Resolve);
}

#[test]
fn only_requested_role_is_meant() {
    let person = PersonRef::new("ines", "Ines Moreau");
    let none = AnswerRefusal::NoRoleRequested { label: "INC-12".into() };
    assert_eq!(meant_role(&incident(|_| {}), &person), Err(none));
    let one = incident(|incident| incident.role_requests = vec![requested(Role::Scribe)]);
    assert_eq!(meant_role(&one, &person), Ok(Role::Scribe));
    let two = incident(|incident| {
        incident.role_requests = vec![requested(Role::Scribe), requested(Role::Resolver)];
    });
    let unclear = AnswerRefusal::UnclearRole { label: "INC-12".into() };
    assert_eq!(meant_role(&two, &person), Err(unclear));
}
