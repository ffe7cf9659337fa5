//! The table of commands: one row for each, and the properties of the rows.

use std::collections::BTreeSet;

use proptest::prelude::*;
use redphone::model::checklist::{Answer, ClosingItem, Item};
use redphone::model::command::{Before, CommandKind, CommandScope};
use redphone::model::{Command, IncidentCommand, IncidentId};
use utoipa::PartialSchema;

use crate::support::model::{Bench, at, declaration, envelope, ines, resolve};
use crate::support::strategies;

/// A command of each kind that concerns an incident.
fn samples() -> Vec<IncidentCommand> {
    let row = Bench::new().incident.summary;
    let samples = CommandKind::ALL.iter().filter_map(|kind| (kind.row().sample)(Some(&row), at(1)));
    let declare = IncidentCommand::Declare(Box::new(declaration("x")));
    // Nobody requests these: they follow from maintenance windows.
    let window = uuid::Uuid::from_u128(7);
    let mute = IncidentCommand::Mute { window, title: "Switch replaced".into(), until: at(60) };
    let unmute = IncidentCommand::Unmute;
    [declare, mute, unmute].into_iter().chain(samples).collect()
}

/// Returns the wire names that a schema lists.
fn described(schema: &impl serde::Serialize) -> BTreeSet<String> {
    fn collect(value: &serde_json::Value, names: &mut BTreeSet<String>) {
        match value {
            serde_json::Value::Object(fields) => {
                if let Some(listed) = fields.get("enum").and_then(|listed| listed.as_array()) {
                    names.extend(listed.iter().filter_map(|n| n.as_str()).map(str::to_owned));
                }
                fields.values().for_each(|field| collect(field, names));
            }
            serde_json::Value::Array(items) => items.iter().for_each(|item| collect(item, names)),
            _ => {}
        }
    }
    let mut names = BTreeSet::new();
    collect(&serde_json::to_value(schema).unwrap(), &mut names);
    names
}

#[test]
fn each_kind_has_its_row_under_its_wire_name() {
    for kind in CommandKind::ALL {
        assert_eq!(kind.row().kind, kind);
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.row().wire_name);
    }
    let rows: BTreeSet<String> =
        CommandKind::TABLE.iter().map(|row| row.wire_name.to_owned()).collect();
    assert_eq!(rows, described(&CommandKind::schema()));
}

#[test]
fn each_command_is_a_kind_of_the_table() {
    let samples = samples();
    for command in &samples {
        let name = serde_json::to_value(command).unwrap()["do"].as_str().unwrap().to_owned();
        assert_eq!(command.kind().row().wire_name, name);
    }
    let seen_names: BTreeSet<String> =
        samples.iter().map(|command| command.kind().row().wire_name.to_owned()).collect();
    let tags = serde_json::to_value(IncidentCommand::schema()).unwrap().to_string();
    for kind in CommandKind::ALL {
        let name = kind.row().wire_name;
        let about_incident = tags.contains(&format!("\"{name}\""));
        // A command whose input only a program has has no sample.
        let has_sample = about_incident && kind != CommandKind::RecordFollowUp;
        assert_eq!(seen_names.contains(name), has_sample, "{name}");
    }
}

#[test]
fn names_and_help_of_commands_are_set_and_unique() {
    let names: BTreeSet<&str> = CommandKind::TABLE.iter().map(|row| row.name).collect();
    assert_eq!(names.len(), CommandKind::TABLE.len());
    for row in CommandKind::TABLE {
        assert!(!row.help.is_empty() && !row.argument.accepted().is_empty(), "{}", row.name);
        assert!(row.name.chars().all(|ch| ch.is_ascii_lowercase() || ch == '-'), "{}", row.name);
    }
}

#[test]
fn scopes_separate_people_from_programs() {
    let names = |permits: fn(CommandScope) -> bool| -> Vec<&str> {
        let rows = CommandKind::TABLE.iter().filter(|row| permits(row.scope));
        rows.map(|row| row.wire_name).collect()
    };
    assert_eq!(names(CommandScope::permits_ingest), ["declare", "repeat_alert", "record_change"]);
    assert_eq!(
        names(|scope| !scope.permits_responders()),
        ["repeat_alert", "mute", "unmute", "record_follow_up"]
    );
}

#[test]
fn samples_survive_the_round_trip_as_json() {
    for command in samples() {
        let sent = envelope(1, ines(), IncidentId::new(), command);
        let json = serde_json::to_string(&sent).unwrap();
        assert_eq!(serde_json::from_str::<redphone::model::Envelope>(&json).unwrap(), sent);
        assert!(!sent.command.phrase().is_empty());
    }
}

/// An incident to which the commands for open ones apply, and one for those after the response.
fn open_and_resolved() -> [Bench; 2] {
    let (open, mut resolved) = (Bench::new(), Bench::new());
    resolved.ask(1, resolve());
    for item in ClosingItem::ALL {
        let answer = Answer::Yes;
        resolved.ask(1, IncidentCommand::AnswerItem { item: Item::Closing(*item), answer });
    }
    [open, resolved]
}

#[test]
fn inverses_are_of_the_kinds_that_the_table_names() {
    for bench in open_and_resolved() {
        for command in samples() {
            let row = command.kind().row();
            let sent = envelope(2, ines(), bench.incident.summary.id, command.clone());
            let before = Before {
                row: &bench.incident.summary,
                record: Some(&bench.incident),
                rules: &bench.rules,
                now: at(2),
            };
            match command.inverse(sent.id, Some(&before)) {
                Some(inverse) => {
                    assert!(row.inverse.contains(&inverse.kind()), "{}: {inverse:?}", row.name);
                }
                // The record lacks something that the command needs: a snooze, a pause, an action
                // item, a reporter.
                None => assert!(
                    row.inverse.is_empty()
                        || matches!(
                            row.kind,
                            CommandKind::Wake
                                | CommandKind::Unpause
                                | CommandKind::SetActionItem
                                | CommandKind::RemoveReporter
                        ),
                    "{}",
                    row.name
                ),
            }
        }
    }
}

#[test]
fn events_of_samples_can_be_imported_and_described() {
    let mut seen = BTreeSet::new();
    for bench in open_and_resolved() {
        for command in samples() {
            let name = command.kind().row().wire_name;
            let Ok(events) = bench.try_as(ines(), 2, command) else { continue };
            for event in events {
                redphone::model::check::event(&event).unwrap();
                let json = serde_json::to_string(&event).unwrap();
                assert_eq!(serde_json::from_str::<redphone::model::Event>(&json).unwrap(), event);
                assert!(!event.body.label().is_empty() && !event.news(&ines()).is_empty());
                bench.incident.clone().apply_next(&event).unwrap();
            }
            seen.insert(name);
        }
    }
    // The other commands need more than these records have.
    let rest: Vec<&str> = CommandKind::TABLE
        .iter()
        .filter(|row| (row.sample)(Some(&Bench::new().incident.summary), at(1)).is_some())
        .map(|row| row.wire_name)
        .filter(|name| !seen.contains(name))
        .collect();
    let expected = [
        "take_back",
        "wake",
        "unpause",
        "unlink",
        "publish_review",
        "answer_role",
        "request_follow_up",
        "remove_reporter",
        "submit_review",
    ];
    assert_eq!(rest, expected);
}

proptest! {
    #![proptest_config(strategies::config(64))]
    #[test]
    fn every_command_has_a_phrase_and_a_row(command in strategies::ask()) {
        let row = command.kind().row();
        let sent = Command::incident(IncidentId::new(), command);
        prop_assert_eq!(sent.kind(), row.kind);
        prop_assert!(!sent.phrase().is_empty());
    }
}
