//! The last word of a person in a row.

use redphone::model::command::Decision;
use redphone::model::status::Category;
use redphone::model::{IncidentCommand, LastWord, Status, Summary};
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::model::{Bench, at, ines, note, resolve, tariq};

#[rstest]
#[case::a_note(note("\n  the pool is full  \nmore of it"), "the pool is full", true)]
#[case::an_update(
    IncidentCommand::UpdateStakeholders { message: "we are on it".into(), next_due: None, public: None },
    "we are on it",
    true
)]
#[case::a_decision(
    IncidentCommand::RecordDecision(Decision {
        decision: "fail over".into(),
        reason: "the primary is lost".into(),
        by: None,
    }),
    "fail over",
    true
)]
#[case::an_acknowledgement(IncidentCommand::Acknowledge, "acknowledged it", false)]
#[case::a_move(IncidentCommand::MoveStatus { to: Status::Identified }, "moved it to identified", false)]
#[case::an_owner(IncidentCommand::Assign { to: Some(ines()) }, "assigned it to Ines Moreau", false)]
#[case::oneself(IncidentCommand::Assign { to: Some(tariq()) }, "took it", false)]
fn row_has_what_a_person_said_or_did(
    #[case] command: IncidentCommand,
    #[case] text: &str,
    #[case] quoted: bool,
) {
    let mut bench = Bench::new();
    bench.ask(7, command);
    let expected = LastWord { at: at(7), by: tariq(), text: text.into(), quoted };
    assert_eq!(bench.incident.summary.last_word, Some(expected));
}

#[test]
fn what_is_filled_in_does_not_replace_what_was_said() {
    let mut bench = Bench::new();
    assert_eq!(bench.incident.summary.last_word, None, "a report says nothing of the response");
    bench.ask(5, note("the pool is full"));
    let noted = bench.incident.summary.last_word.clone();
    for command in [
        IncidentCommand::Categorize { category: Some(Category::Access) },
        IncidentCommand::SetTeam { team: Some("web".into()) },
        IncidentCommand::RepeatAlert { text: "again".into(), count: None },
    ] {
        bench.ask(6, command);
    }
    assert_eq!(bench.incident.summary.last_word, noted);
    bench.ask(9, resolve());
    let word = bench.incident.summary.last_word.expect("it is resolved");
    assert!(word.text.starts_with("resolved it: "), "{word:?}");
}

/// A peer without the field, and one that has added to it.
#[test]
fn rows_of_other_versions_are_read_and_written_again() {
    let mut bench = Bench::new();
    bench.ask(5, note("the pool is full"));
    let row = &bench.incident.summary;
    let mut value = serde_json::to_value(row).unwrap();
    assert_eq!(value["last_word"]["text"], "the pool is full");
    let read = |value: &Value| serde_json::from_value::<Summary>(value.clone()).unwrap();
    assert_eq!(read(&value), *row);
    value["last_word"]["mood"] = json!("calm");
    let later = read(&value);
    assert_eq!(later.last_word, row.last_word);
    assert_eq!(serde_json::to_value(&later).unwrap(), value);
    value.as_object_mut().unwrap().remove("last_word");
    assert_eq!(read(&value).last_word, None);
    assert_eq!(serde_json::to_value(read(&value)).unwrap(), value);
}
