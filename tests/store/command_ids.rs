//! The id of a command is bound to its content and its requester.

use proptest::prelude::*;
use redphone::backend::file::FileStore;
use redphone::backend::record::Record;
use redphone::backend::{Backend, BackendError, TimelineRange};
use redphone::model::command::CommandKind;
use redphone::model::problem::Problem;
use redphone::model::{
    Actor, Command, CommandId, Envelope, Event, EventBody, EventId, IncidentCommand, IncidentId,
    PersonRef, Rejection,
};
use tempfile::tempdir;
use uuid::Uuid;

use super::fixtures::{
    ask, declaration, declared, declared_event, event, exported, import, open, record,
};
use super::import::{some_change, some_problem};
use crate::support::requests::envelope;

fn declare(title: &str) -> Envelope {
    ask(IncidentId::new(), IncidentCommand::Declare(Box::new(declaration(title))))
}

fn note(incident: IncidentId, text: &str) -> Envelope {
    ask(incident, IncidentCommand::AddNote { text: text.into() })
}

/// Returns the envelope with the id of another one.
fn with_id_of(first: &Envelope, other: Envelope) -> Envelope {
    Envelope { id: first.id, ..other }
}

fn by(actor: Actor, envelope: &Envelope) -> Envelope {
    Envelope { actor, ..envelope.clone() }
}

fn person(handle: &str, name: &str) -> Actor {
    Actor::Person(PersonRef::new(handle, name))
}

#[track_caller]
#[allow(clippy::needless_pass_by_value, reason = "the result of a call is passed on")]
fn assert_id_reused(result: Result<redphone::backend::Outcome, BackendError>) {
    let Err(BackendError::Rejected(why)) = &result else { panic!("{result:?}") };
    assert!(matches!(why.rejection, Rejection::IdReused), "{why:?}");
}

async fn event_count(store: &FileStore, id: IncidentId) -> usize {
    store.timeline(id, TimelineRange::After(0)).await.unwrap().len()
}

#[tokio::test]
async fn second_outage_with_the_id_of_the_first_is_refused() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await;
    let first = declare("Card payments fail");
    store.execute(&first).await.unwrap();
    let second = with_id_of(&first, declare("Logins fail"));
    assert_id_reused(store.execute(&second).await);
    // With an id of its own it is declared.
    let outcome = store.execute(&Envelope { id: CommandId::new(), ..second }).await.unwrap();
    assert_eq!(outcome.row.unwrap().title, "Logins fail");
    // The first one, sent again, still has its outcome.
    assert!(store.execute(&first).await.unwrap().replayed);
}

#[tokio::test]
async fn id_is_bound_in_a_batch_and_after_the_store_was_opened_again() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path).await;
    let id = declared(&store, "first").await;
    let one = note(id, "one");
    let batch = [one.clone(), with_id_of(&one, note(id, "two")), one.clone(), note(id, "three")];
    let mut outcomes = store.execute_all(&batch).await.into_iter();
    assert!(!outcomes.next().unwrap().unwrap().replayed);
    assert_id_reused(outcomes.next().unwrap());
    assert!(outcomes.next().unwrap().unwrap().replayed);
    assert!(!outcomes.next().unwrap().unwrap().replayed);
    store.close().await;
    let store = open(&path).await;
    assert!(store.execute(&one).await.unwrap().replayed);
    assert_id_reused(store.execute(&with_id_of(&one, note(id, "two"))).await);
    let elsewhere = declared(&store, "second").await;
    assert_id_reused(store.execute(&with_id_of(&one, note(elsewhere, "one"))).await);
    assert_eq!(event_count(&store, id).await, 3);
}

#[tokio::test]
async fn id_is_bound_to_the_person_and_not_to_name_or_time() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await;
    let id = declared(&store, "first").await;
    let mine = note(id, "mine");
    let first = store.execute(&mine).await.unwrap();
    // The same person under a new name, at another time, is answered as before.
    let mut renamed = by(person("ines", "Ines Moreau-Okafor"), &mine);
    renamed.at += chrono::TimeDelta::minutes(6);
    let again = store.execute(&renamed).await.unwrap();
    assert!(again.replayed);
    assert_eq!(again.events, first.events);
    // Others are not, and a program is not a person of its name.
    for other in [person("tom", "Ines Moreau"), Actor::Integration("ines".into())] {
        assert_id_reused(store.execute(&by(other, &mine)).await);
    }
    let alert = by(Actor::Integration("Prometheus".into()), &declare("disk full"));
    store.execute(&alert).await.unwrap();
    assert!(store.execute(&alert).await.unwrap().replayed);
    assert_id_reused(store.execute(&by(Actor::Integration("Grafana".into()), &alert)).await);
}

#[tokio::test]
async fn counted_alert_is_bound_to_its_own_declaration() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await;
    let declare_alert = |title: &str| {
        let mut declaration = declaration(title);
        declaration.dedup_key = Some("disk".into());
        ask(IncidentId::new(), IncidentCommand::Declare(Box::new(declaration)))
    };
    store.execute(&declare_alert("disk full")).await.unwrap();
    let counted = declare_alert("disk still full");
    store.execute(&counted).await.unwrap();
    assert!(store.execute(&counted).await.unwrap().replayed);
    assert_id_reused(store.execute(&with_id_of(&counted, declare_alert("disk fuller"))).await);
}

#[tokio::test]
async fn changes_and_problems_are_bound_as_well() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await;
    let change = envelope(Command::RecordChange(some_change()));
    let problem = envelope(Command::RecordProblem(some_problem()));
    for first in [&change, &problem] {
        assert!(!store.execute(first).await.unwrap().replayed);
        assert!(store.execute(first).await.unwrap().replayed);
        assert_id_reused(store.execute(&by(person("tom", "Tom Varga"), first)).await);
        assert_id_reused(store.execute(&with_id_of(first, declare("an outage"))).await);
    }
    let other = Problem { title: "Another".into(), ..some_problem() };
    let other = with_id_of(&problem, envelope(Command::RecordProblem(other)));
    assert_id_reused(store.execute(&other).await);
    assert_id_reused(store.execute(&with_id_of(&change, problem.clone())).await);
    let declared = declare("an outage");
    store.execute(&declared).await.unwrap();
    assert_id_reused(store.execute(&with_id_of(&declared, change)).await);
}

/// Reads a line of an export as versions wrote it that exported no digests.
fn without_digest(line: &str) -> Record {
    let mut record: serde_json::Value = serde_json::from_str(line).unwrap();
    if let Some(event) = record.get_mut("event") {
        event.as_object_mut().unwrap().remove("command_digest");
    }
    serde_json::from_value(record).unwrap()
}

#[tokio::test]
async fn ids_stay_bound_to_their_content_in_an_imported_store() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("one.db")).await;
    let (first, second) = (declare("Card payments fail"), declare("Logins fail"));
    for declaration in [&first, &second] {
        store.execute(declaration).await.unwrap();
    }
    let Command::Incident { incident: id, .. } = first.command else { panic!("{first:?}") };
    let Command::Incident { incident: other_id, .. } = second.command else { panic!("{second:?}") };
    let mine = note(id, "mine");
    let merge = ask(other_id, IncidentCommand::Merge { into: id });
    let change = envelope(Command::RecordChange(some_change()));
    let problem = envelope(Command::RecordProblem(some_problem()));
    for command in [&mine, &merge, &change, &problem] {
        store.execute(command).await.unwrap();
    }
    let lines = exported(&store).await;
    let records: Vec<Record> =
        lines.iter().map(|line| Record::from_json(line.as_bytes()).unwrap()).collect();
    let imported = open(&folder.path().join("two.db")).await;
    import(&imported, &records).await;
    assert_eq!(exported(&imported).await, lines);
    for command in [&first, &second, &mine, &merge, &change, &problem] {
        assert!(imported.execute(command).await.unwrap().replayed, "{command:?}");
        let by_another = by(person("tom", "Tom Varga"), command);
        assert_id_reused(imported.execute(&by_another).await);
    }
    let other_problem = Problem { title: "Another".into(), ..some_problem() };
    let mut other_change = some_change();
    other_change.title = "Another".into();
    for (used, other) in [
        (&mine, note(id, "another text of the same kind")),
        (&first, ask(id, IncidentCommand::Declare(Box::new(declaration("Another"))))),
        (&change, envelope(Command::RecordChange(other_change))),
        (&problem, envelope(Command::RecordProblem(other_problem))),
    ] {
        assert_id_reused(imported.execute(&with_id_of(used, other)).await);
    }
    // The events are unchanged: the digest is none of their fields.
    let [before, after] =
        [&store, &imported].map(|store| store.timeline(id, TimelineRange::After(0)));
    assert_eq!(before.await.unwrap(), after.await.unwrap());
    // Imported again, all is there already.
    import(&imported, &records).await;
    assert_eq!(exported(&imported).await, lines);
}

#[tokio::test]
async fn wrong_digest_in_an_export_is_named() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("one.db")).await;
    declared(&store, "first").await;
    store.execute(&envelope(Command::RecordChange(some_change()))).await.unwrap();
    let lines = exported(&store).await;
    for line in lines.iter().filter(|line| line.contains("digest")) {
        let at = line.find("digest\":\"").unwrap() + "digest\":\"".len();
        for wrong in
            ["", "0", "0123456789abcdef0123456789abcdef00", "é123456789abcdef0123456789abcdef"]
        {
            let wrong = format!("{}{wrong}{}", &line[..at], &line[at + 32..]);
            let other = open(&folder.path().join("two.db")).await;
            let mut importer = other.importer().await.unwrap();
            let record = Record::from_json(wrong.as_bytes()).unwrap();
            let error = importer.add(record).await.unwrap_err().to_string();
            assert_eq!(error, "digest: is not 32 hexadecimal digits");
        }
    }
}

#[tokio::test]
async fn command_without_a_digest_is_compared_by_its_events() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("one.db")).await;
    let id = declared(&store, "moved").await;
    let mine = note(id, "mine");
    store.execute(&mine).await.unwrap();
    let records: Vec<Record> =
        exported(&store).await.iter().map(|line| without_digest(line)).collect();
    let other = open(&folder.path().join("two.db")).await;
    import(&other, &records).await;
    let elsewhere = declared(&other, "elsewhere").await;
    assert!(other.execute(&mine).await.unwrap().replayed);
    assert_id_reused(other.execute(&by(person("tom", "Tom Varga"), &mine)).await);
    assert_id_reused(other.execute(&with_id_of(&mine, note(elsewhere, "mine"))).await);
    assert_id_reused(other.execute(&with_id_of(&mine, ask(id, IncidentCommand::Wake))).await);
    // The same for an event whose id does not derive from the id of its command.
    let incident = IncidentId::new();
    let strange = Event { id: EventId::new(), ..event(incident, 2, EventBody::Acknowledged) };
    import(&other, &[record(&declared_event(incident, None, "from afar")), record(&strange)]).await;
    let replay = Envelope { id: strange.command, ..ask(incident, IncidentCommand::Acknowledge) };
    assert!(other.execute(&replay).await.unwrap().replayed);
    assert_id_reused(
        other.execute(&with_id_of(&replay, ask(id, IncidentCommand::Acknowledge))).await,
    );
    assert_id_reused(other.execute(&by(person("tom", "Tom Varga"), &replay)).await);
}

#[tokio::test]
async fn id_that_is_too_near_to_another_is_a_refusal_and_no_damage() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await;
    let (one, two) = (declared(&store, "one").await, declared(&store, "two").await);
    let merge = ask(one, IncidentCommand::Merge { into: two });
    store.execute(&merge).await.unwrap();
    let shifted = |id: CommandId, step: i128| {
        CommandId(Uuid::from_u128(id.0.as_u128().wrapping_add_signed(step)))
    };
    let assert_collides = |result: Result<redphone::backend::Outcome, BackendError>| {
        let Err(BackendError::Rejected(why)) = result else { panic!("{result:?}") };
        assert!(matches!(why.rejection, Rejection::IdCollides), "{why:?}");
    };
    // The events of a merge have the ids of its command plus 1 and plus 101.
    let close = Envelope { id: shifted(merge.id, 100), ..note(two, "near") };
    assert_collides(store.execute(&close).await);
    for step in [-1, 1, 99] {
        let close = Envelope { id: shifted(merge.id, step), ..note(two, "near") };
        store.execute(&close).await.unwrap();
    }
    // An event of a second merge would have the id of a note's event.
    let (three, four) = (declared(&store, "three").await, declared(&store, "four").await);
    let noted = note(three, "noted");
    store.execute(&noted).await.unwrap();
    let close = ask(three, IncidentCommand::Merge { into: four });
    assert_collides(store.execute(&Envelope { id: shifted(noted.id, -100), ..close }).await);
    // Nothing of it was written.
    assert_eq!((event_count(&store, three).await, event_count(&store, four).await), (2, 1));
}

#[tokio::test]
async fn expected_position_is_checked_in_the_transaction() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let (store, other) = (open(&path).await, open(&path).await);
    let id = declared(&store, "watched").await;
    let expecting = |seq: u32, envelope: Envelope| Envelope { expected_seq: Some(seq), ..envelope };
    let first = expecting(1, note(id, "first"));
    store.execute(&first).await.unwrap();
    // Sent again it has its first outcome, though the position has changed by it.
    assert!(store.execute(&first).await.unwrap().replayed);
    // Another process writes: the record that this one has cached is stale.
    other.execute(&note(id, "from elsewhere")).await.unwrap();
    let refused = store.execute(&expecting(2, note(id, "late"))).await.unwrap_err();
    let BackendError::Conflict(why) = &refused else { panic!("{refused:?}") };
    assert!(
        matches!(why.rejection, Rejection::ChangedMeanwhile { expected: 2, current: 3 }),
        "{why:?}"
    );
    store.execute(&expecting(3, note(id, "in time"))).await.unwrap();
    // In a batch each command has its own.
    let batch = [
        expecting(4, note(id, "a")),
        expecting(4, note(id, "b")),
        expecting(5, note(id, "c")),
        expecting(0, declare("new")),
        expecting(7, declare("new")),
    ];
    let done: Vec<bool> =
        store.execute_all(&batch).await.iter().map(std::result::Result::is_ok).collect();
    assert_eq!(done, [true, false, true, true, false]);
    let change = expecting(0, envelope(Command::RecordChange(some_change())));
    assert!(store.execute(&change).await.unwrap_err().to_string().contains("expected_seq"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

    /// Any two different commands of the table with one id: the second is refused, whatever they
    /// are.
    #[test]
    fn no_two_commands_share_an_id(first in 0..CommandKind::ALL.len(), step in 1..CommandKind::ALL.len()) {
        let second = (first + step) % CommandKind::ALL.len();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let folder = tempdir().unwrap();
            let store = open(&folder.path().join("store.db")).await;
            let id = declared(&store, "base").await;
            let row = store.incident(id).await.unwrap().incident.summary;
            let sample = |index: usize| {
                let now = chrono::Utc::now();
                let sample = (CommandKind::ALL[index].row().sample)(Some(&row), now);
                sample.map(|command| ask(id, command))
            };
            let (Some(one), Some(two)) = (sample(first), sample(second)) else { return };
            if store.execute(&one).await.is_ok() {
                assert!(store.execute(&one).await.unwrap().replayed);
                assert_id_reused(store.execute(&with_id_of(&one, two)).await);
            }
        });
    }
}
