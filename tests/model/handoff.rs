//! The handoff of a shift, as data and as text.

use chrono::{DateTime, TimeDelta, Utc};
use insta::assert_snapshot;
use redphone::model::change::{Change, ChangeKind, ChangeState};
use redphone::model::handoff::{
    Handoff, HandoffFormat, HandoffInputs, HandoffPart, ShiftAction, ShiftEvent,
};
use redphone::model::impact::Affected;
use redphone::model::review::{ActionItem, ActionKind};
use redphone::model::time::UNTIL_CHANGED;
use redphone::model::{
    Actor, ChangeId, IncidentCommand, IncidentId, IncidentNumber, Rules, Status, Summary,
};

use crate::support::model::{Bench, at, declaration, ines, note};

/// Incidents of a shift from minute 0 on.
fn shift(hostile: &str) -> Vec<Bench> {
    let mut benches: Vec<Bench> = [
        "Nobody has this",
        "Acknowledged long ago",
        "Somebody works on it",
        "The supplier's turn",
        "Hidden for the night",
        "Hidden until it changes",
        "It is over",
        hostile,
    ]
    .map(|title| Bench::with(declaration(title)))
    .into();
    for (bench, number) in benches.iter_mut().zip(2041..) {
        bench.incident.summary.number = Some(IncidentNumber(number));
    }
    let snooze = |until: DateTime<Utc>| IncidentCommand::Snooze { until };
    benches[1].ask(2, IncidentCommand::Acknowledge);
    benches[2]
        .ask(2, IncidentCommand::Acknowledge)
        .ask(3, IncidentCommand::Assign { to: Some(ines()) })
        .ask(85, note("The pool is exhausted.\nWho holds it?"));
    benches[3]
        .ask(4, IncidentCommand::Acknowledge)
        .ask(30, IncidentCommand::Pause { reason: "their answer".into() });
    benches[4].ask(5, IncidentCommand::Acknowledge).ask(6, snooze(at(600)));
    benches[5].ask(5, IncidentCommand::Acknowledge).ask(6, snooze(UNTIL_CHANGED));
    benches[6].ask(3, IncidentCommand::Acknowledge).resolve(40);
    benches[7].ask(
        60,
        IncidentCommand::Escalate {
            level: 2,
            to: vec![ines()],
            reason: Some("nobody answers".into()),
            automatic: None,
            all_must_acknowledge: false,
        },
    );
    benches
}

fn handoff(benches: &[Bench]) -> Handoff {
    let open: Vec<&Summary> = benches.iter().map(|bench| &bench.incident.summary).collect();
    let labels: Vec<String> = open.iter().map(|row| row.label()).collect();
    let events: Vec<ShiftEvent<'_>> = benches
        .iter()
        .zip(&labels)
        .flat_map(|(bench, label)| {
            let row = &bench.incident.summary;
            bench.events.iter().map(move |event| ShiftEvent {
                label,
                title: &row.title,
                priority: row.priority,
                event,
            })
        })
        .collect();
    let change = Change {
        id: ChangeId(uuid::Uuid::from_u128(7)),
        kind: ChangeKind::Deploy,
        title: "checkout v812".into(),
        services: vec!["checkout".into()],
        by: Actor::Integration("deploy bot".into()),
        starts_at: at(20),
        ends_at: Some(at(24)),
        state: ChangeState::RolledBack,
        url: None,
        approval: None,
        extra: <_>::default(),
    };
    Handoff::new(&HandoffInputs {
        since: at(-60),
        now: at(90),
        open: &open,
        events: &events,
        changes: &[&change],
        actions: &[],
        today: at(90).date_naive(),
        levels: &Rules::default().levels,
        directory: None,
    })
}

fn time(at: DateTime<Utc>) -> String {
    at.format("%H:%M").to_string()
}

fn labels(handoff: &Handoff, part: HandoffPart) -> Vec<String> {
    handoff.part(part).map(|entry| entry.label.clone()).collect()
}

#[test]
fn each_open_incident_is_in_the_part_of_what_it_needs() {
    let handoff = handoff(&shift("Last one"));
    for (part, expected) in [
        (HandoffPart::Unacknowledged, &["INC-2041", "INC-2048"][..]),
        (HandoffPart::Forgotten, &["INC-2042"]),
        (HandoffPart::InProgress, &["INC-2043"]),
        (HandoffPart::Waiting, &["INC-2044"]),
        (HandoffPart::Snoozed, &["INC-2045", "INC-2046"]),
        (HandoffPart::Escalated, &["INC-2048"]),
        (HandoffPart::Ended, &["INC-2047"]),
        (HandoffPart::Changes, &["deploy"]),
    ] {
        assert_eq!(labels(&handoff, part), expected, "{part:?}");
    }
    assert_eq!((handoff.reported, handoff.ended), (8, 1));
}

#[test]
fn text_says_what_the_next_person_must_know() {
    let handoff = handoff(&shift("Last one"));
    assert_snapshot!("handoff_text", handoff.to_text(HandoffFormat::Text, &time));
    assert_snapshot!("handoff_markdown", handoff.to_text(HandoffFormat::Markdown, &time));
}

#[test]
fn text_from_outside_can_be_no_markup_and_no_escape() {
    let hostile = "# h *b* [x](y) \u{1b}[31m<b> | `c`";
    let handoff = handoff(&shift(hostile));
    let markdown = handoff.to_text(HandoffFormat::Markdown, &time);
    assert!(!markdown.contains('\u{1b}'), "{markdown}");
    let line = markdown.lines().find(|line| line.contains("INC-2048")).expect("the incident");
    for markup in [" *b*", "[x](", "<b>", " | ", " `c`"] {
        assert!(!line.contains(markup), "{markup}: {line}");
    }
}

#[test]
fn incident_that_came_back_did_not_end() {
    let mut benches = shift("Last one");
    benches[6].ask(50, IncidentCommand::Reopen { reason: "it is back".into() });
    assert_eq!(benches[6].incident.summary.status, Status::Investigating);
    assert_eq!(labels(&handoff(&benches), HandoffPart::Ended), [""; 0]);
}

#[test]
fn quiet_shift_has_a_text_too() {
    let handoff = Handoff::new(&HandoffInputs {
        since: at(0),
        now: at(0) + TimeDelta::hours(12),
        open: &[],
        events: &[],
        changes: &[],
        actions: &[],
        today: at(0).date_naive(),
        levels: &Rules::default().levels,
        directory: None,
    });
    let text = handoff.to_text(HandoffFormat::Text, &time);
    assert_eq!(
        text,
        "Handoff, 08:00 to 20:00\n\nNothing is open; 0 reported and 0 ended in this shift.\n"
    );
}

#[test]
fn action_items_that_are_due_are_listed() {
    let item = |text: &str, due: Option<&str>| ActionItem {
        id: uuid::Uuid::from_u128(9),
        text: text.into(),
        owner: due.map(|_| ines()),
        due: due.map(|due| due.parse().unwrap()),
        kind: ActionKind::Prevent,
        done: false,
    };
    let items = [item("Alert on old prices", Some("2026-02-27")), item("Size the pool", None)];
    let actions: Vec<ShiftAction<'_>> = items
        .iter()
        .map(|item| ShiftAction { incident: IncidentId::NONE, label: "INC-7", item })
        .collect();
    let handoff = Handoff::new(&HandoffInputs {
        since: at(0),
        now: at(60),
        open: &[],
        events: &[],
        changes: &[],
        actions: &actions,
        today: "2026-03-01".parse().unwrap(),
        levels: &Rules::default().levels,
        directory: None,
    });
    let text = handoff.to_text(HandoffFormat::Text, &time);
    let expected = "ACTION ITEMS THAT ARE DUE (2)\n\
                    - INC-7 · Alert on old prices\n  Ines Moreau · due 2026-02-27 · 2 days overdue\n\
                    - INC-7 · Size the pool\n  unowned\n";
    assert!(text.ends_with(expected), "{text}");
}

#[test]
fn open_incident_says_whom_it_affects() {
    let mut benches = shift("Last one");
    let affected = Affected { users: Some(1200), ..Affected::default() };
    benches[2].ask(86, IncidentCommand::SetAffected { affected });
    let involve = IncidentCommand::InvolveTeam { team: "network".into(), involved: true };
    benches[2].ask(87, involve);
    let text = handoff(&benches).to_text(HandoffFormat::Text, &time);
    assert!(text.contains("1200 users affected · helped by network"), "{text}");
}
