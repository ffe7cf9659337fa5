//! Imported records, and an export that is the complete store.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use redphone::backend::file::RecordProblem;
use redphone::backend::record::Record;
use redphone::backend::{Backend, Search};
use redphone::model::change::{Change, ChangeKind, ChangeState};
use redphone::model::check::FieldProblem;
use redphone::model::command::CommandKind;
use redphone::model::directory::{Directory, Service};
use redphone::model::problem::{Problem, ProblemState};
use redphone::model::queue::Sort;
use redphone::model::status::{ResolutionAction, Status};
use redphone::model::{
    Actor, ChangeId, Command, CommandId, Envelope, Event, EventBody, EventId, IncidentCommand,
    IncidentId, PersonRef, ProblemId,
};
use rstest::rstest;
use tempfile::tempdir;

use super::fixtures::{
    ask, bad, declaration, declared, declared_event, event, exported, import, open, record,
};
use crate::support::requests::ines;

pub(super) fn some_problem() -> Problem {
    Problem {
        id: ProblemId::new(),
        title: "pool too small".into(),
        state: ProblemState::KnownError,
        services: vec!["checkout".into()],
        cause: "leak".into(),
        workaround: "restart".into(),
        opened_at: Utc::now(),
        owner: None,
        team: None,
        category: None,
        removed_at: None,
        revision: 0,
        edits: Vec::new(),
        extra: <_>::default(),
    }
}

pub(super) fn some_change() -> Change {
    Change {
        id: ChangeId::new(),
        kind: ChangeKind::Deploy,
        title: "checkout v812".into(),
        services: vec!["checkout".into()],
        by: Actor::Person(ines()),
        starts_at: Utc::now() - TimeDelta::minutes(9),
        ends_at: None,
        state: ChangeState::Running,
        url: None,
        approval: None,
        extra: <_>::default(),
    }
}

#[tokio::test]
async fn export_imported_into_an_empty_store_is_the_same_store() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("one.db")).await;
    let service = Service {
        name: "checkout".into(),
        team: "payments".into(),
        depends_on: vec![],
        runbook: None,
        objective: Some(99_900),
        public_name: None,
    };
    let directory = Directory { services: vec![service], ..Directory::default() };
    store.set_directory(&directory).await.unwrap();
    let (first, second) = (declared(&store, "first").await, declared(&store, "second").await);
    for command in [Command::RecordChange(some_change()), Command::RecordProblem(some_problem())] {
        let id = CommandId::new();
        store
            .execute(&Envelope {
                id,
                at: Utc::now(),
                actor: Actor::Person(ines()),
                command,
                expected_seq: None,
            })
            .await
            .unwrap();
    }
    for round in 0..70 {
        let text = format!("note {round} with \"quotes\", \u{1b}[31m and\nlines");
        store.execute(&ask(first, IncidentCommand::AddNote { text })).await.unwrap();
    }
    store.execute(&ask(second, IncidentCommand::Acknowledge)).await.unwrap();
    store.execute(&ask(second, IncidentCommand::Merge { into: first })).await.unwrap();
    let lines = exported(&store).await;
    assert!(lines[0].contains("header"));

    let other = open(&folder.path().join("two.db")).await;
    let records: Vec<Record> = lines.iter().map(|l| serde_json::from_str(l).unwrap()).collect();
    let added = import(&other, &records).await;
    assert_eq!((added.incidents, added.events, added.others, added.already_present), (2, 75, 3, 0));
    assert_eq!(exported(&other).await, lines);
    // Words in common are found once the texts are indexed.
    for (store, id) in [(&store, first), (&other, first)] {
        store.similar(id, 5).await.unwrap();
    }
    for id in [first, second] {
        assert_eq!(other.incident(id).await.unwrap(), store.incident(id).await.unwrap());
    }
    // A second import finds that all events are already present.
    let added = import(&other, &records).await;
    assert_eq!((added.incidents, added.events, added.already_present), (0, 0, 75));
    assert_eq!(exported(&other).await, lines);
    for command in [ask(second, IncidentCommand::Acknowledge)] {
        assert!(other.execute(&command).await.is_err());
    }
}

#[tokio::test]
async fn command_with_imported_events_is_answered_as_done() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("one.db")).await;
    let id = declared(&store, "moved").await;
    let acknowledge = ask(id, IncidentCommand::Acknowledge);
    let first = store.execute(&acknowledge).await.unwrap();
    let other = open(&folder.path().join("two.db")).await;
    let records: Vec<Record> =
        exported(&store).await.iter().map(|l| serde_json::from_str(l).unwrap()).collect();
    import(&other, &records).await;
    let again = other.execute(&acknowledge).await.unwrap();
    assert!(again.replayed);
    assert_eq!(again.events, first.events);
    // The same for an event whose id does not derive from the id of its command.
    let incident = IncidentId::new();
    let strange = Event { id: EventId::new(), ..event(incident, 2, EventBody::Acknowledged) };
    import(&other, &[record(&declared_event(incident, None, "from afar")), record(&strange)]).await;
    let replay = Envelope { id: strange.command, ..ask(incident, IncidentCommand::Acknowledge) };
    let again = other.execute(&replay).await.unwrap();
    assert!(again.replayed);
    assert_eq!(again.events, [strange]);
}

#[tokio::test]
async fn import_preserves_numbers_and_assigns_missing_ones() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await;
    let ids: Vec<IncidentId> = (0..3).map(|_| IncidentId::new()).collect();
    import(
        &store,
        &[
            record(&declared_event(ids[0], Some(41), "forty-one")),
            record(&declared_event(ids[1], None, "next")),
            record(&declared_event(ids[2], Some(7), "seven")),
        ],
    )
    .await;
    let mut numbers = Vec::new();
    for id in &ids {
        numbers.push(store.incident(*id).await.unwrap().incident.summary.number.unwrap().0);
    }
    assert_eq!(numbers, [41, 42, 7]);
    let id = declared(&store, "after that").await;
    assert_eq!(store.incident(id).await.unwrap().incident.summary.label(), "INC-43");
}

#[tokio::test]
async fn bad_record_is_named_and_skipped() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await;
    let existing = declared(&store, "was there").await;
    let (one, two, ghost) = (IncidentId::new(), IncidentId::new(), IncidentId::new());
    let first = declared_event(one, Some(10), "one");
    let mut importer = store.importer().await.unwrap();
    importer.add(record(&first)).await.unwrap();
    let mut long = declaration("x");
    long.title = "x".repeat(10_000);
    let long = EventBody::Declared {
        number: None,
        priority: redphone::model::Priority::P1,
        declaration: Box::new(long),
    };
    let mut early = event(one, 2, EventBody::Acknowledged);
    early.at = "1969-07-20T20:17:00Z".parse().unwrap();
    let mut late = event(one, 2, EventBody::Acknowledged);
    late.recorded_at = "2101-01-01T00:00:00Z".parse().unwrap();
    let doubled = Event { id: first.id, ..event(one, 2, EventBody::Acknowledged) };
    let backwards = Change { ends_at: Some(DateTime::UNIX_EPOCH), ..some_change() };
    let nameless = Problem { title: String::new(), ..some_problem() };
    let field = RecordProblem::Field;
    let too_long = FieldProblem::TooManyChars { count: 10_000, max: 200 };
    let differs = |seq| RecordProblem::HistoriesDiffer { seq };
    let gap = RecordProblem::Gap { seq: 3, last: 1, label: "INC-10".into() };
    for (bad_record, name, why) in [
        (record(&event(two, 1, long)), "title", field(too_long)),
        (
            record(&declared_event(two, Some(10), "taken")),
            "number",
            RecordProblem::NumberInUse { number: 10 },
        ),
        (
            record(&declared_event(two, Some(1), "taken in the store")),
            "number",
            RecordProblem::NumberInUse { number: 1 },
        ),
        (
            record(&declared_event(two, Some(1 << 40), "too large")),
            "number",
            RecordProblem::NumberOutOfRange { number: 1 << 40 },
        ),
        (record(&event(two, 1, EventBody::Acknowledged)), "kind", RecordProblem::NoDeclaration),
        (
            record(&event(ghost, 2, EventBody::Acknowledged)),
            "seq",
            RecordProblem::NoFirstEvent { seq: 2 },
        ),
        (record(&event(one, 3, EventBody::Acknowledged)), "seq", gap),
        (record(&event(one, 0, EventBody::Acknowledged)), "seq", field(FieldProblem::ZeroPosition)),
        (record(&event(one, 1, EventBody::Acknowledged)), "seq", differs(1)),
        (record(&event(existing, 1, EventBody::Acknowledged)), "seq", differs(1)),
        (record(&declared_event(one, Some(11), "a second time")), "seq", differs(1)),
        (
            record(&event(one, 2, EventBody::StatusMoved { to: Status::Closed })),
            "status",
            field(FieldProblem::NotAStage(Status::Closed)),
        ),
        (record(&early), "at", field(FieldProblem::OutOfRange(early.at))),
        (record(&late), "recorded_at", field(FieldProblem::OutOfRange(late.recorded_at))),
        (record(&doubled), "id", RecordProblem::DuplicateId),
        (
            Record::Header {
                format: "redphone".into(),
                version: 3,
                needed_to_read: None,
                needed_to_write: None,
                service_levels: None,
            },
            "version",
            RecordProblem::NewerVersion { version: 3 },
        ),
        (
            Record::Header {
                format: "other".into(),
                version: 1,
                needed_to_read: None,
                needed_to_write: None,
                service_levels: None,
            },
            "format",
            RecordProblem::ForeignFormat,
        ),
        (Record::Change(backwards), "ends_at", field(FieldProblem::BeforeStart)),
        (Record::Problem(nameless), "title", field(FieldProblem::Empty)),
    ] {
        assert_eq!(bad(importer.add(bad_record.clone()).await), (name, why), "{bad_record:?}");
    }
    importer.add(record(&event(one, 2, EventBody::Acknowledged))).await.unwrap();
    importer.add(record(&event(existing, 2, EventBody::Acknowledged))).await.unwrap();
    let added = importer.commit().await.unwrap();
    assert_eq!((added.incidents, added.events), (1, 3));
    assert!(store.incident(two).await.is_err());
    assert_eq!(store.incident(one).await.unwrap().incident.summary.seq, 2);
}

#[tokio::test]
async fn dropped_import_leaves_nothing() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await;
    let mut importer = store.importer().await.unwrap();
    for number in 0..1500 {
        let id = IncidentId::new();
        importer.add(record(&declared_event(id, None, &format!("no {number}")))).await.unwrap();
    }
    drop(importer);
    assert_eq!(exported(&store).await.len(), 2, "header and end");
    declared(&store, "goes on").await;
}

#[tokio::test]
async fn incidents_evicted_from_memory_are_reloaded() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await;
    let ids: Vec<IncidentId> = (0..13_000).map(|_| IncidentId::new()).collect();
    let mut importer = store.importer().await.unwrap();
    for id in &ids {
        importer.add(record(&declared_event(*id, None, "many"))).await.unwrap();
    }
    let note = EventBody::NoteAdded { text: "long afterwards".into() };
    importer.add(record(&event(ids[3], 2, note))).await.unwrap();
    let again = bad(importer.add(record(&declared_event(ids[4], None, "again"))).await);
    assert_eq!(again, ("seq", RecordProblem::HistoriesDiffer { seq: 1 }));
    let added = importer.commit().await.unwrap();
    assert_eq!((added.incidents, added.events), (13_000, 13_001));
    let search = Search {
        filter: "is:any afterwards".parse().unwrap(),
        me: None,
        sort: Sort::Newest,
        limit: 10,
        after: None,
        now: Utc::now(),
    };
    let page = store.search(&search).await.unwrap();
    assert_eq!(page.rows.iter().map(|r| r.id).collect::<Vec<_>>(), [ids[3]]);
    assert_eq!(store.changes(None, Duration::ZERO).await.unwrap().rows.len(), 13_000);
}

/// Beyond a number of single queries all ids of the store are read together.
#[tokio::test]
async fn ids_of_a_store_are_found_among_many_records() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await;
    let many = |_| declared_event(IncidentId::new(), None, "one of many");
    let events: Vec<Event> = (0..1_600).map(many).collect();
    // The store has ids between those that are imported then, and later ones.
    let every_other = |first: usize| -> Vec<Record> {
        events.iter().skip(first).step_by(2).map(record).collect()
    };
    import(&store, &every_other(1)).await;
    let mut importer = store.importer().await.unwrap();
    for record in every_other(0) {
        importer.add(record).await.unwrap();
    }
    let titled = |number| declared_event(IncidentId::new(), number, "another");
    for (bad_event, name, why) in [
        (Event { id: events[1_595].id, ..titled(None) }, "id", RecordProblem::DuplicateId),
        (Event { id: events[1_596].id, ..titled(None) }, "id", RecordProblem::DuplicateId),
        (titled(Some(1)), "number", RecordProblem::NumberInUse { number: 1 }),
        (titled(Some(1_600)), "number", RecordProblem::NumberInUse { number: 1_600 }),
        (
            declared_event(events[1_593].incident, None, "another"),
            "seq",
            RecordProblem::HistoriesDiffer { seq: 1 },
        ),
    ] {
        let refused = bad(importer.add(record(&bad_event)).await);
        assert_eq!(refused, (name, why), "{bad_event:?}");
    }
    importer.add(record(&events[1_597])).await.unwrap();
    let added = importer.commit().await.unwrap();
    assert_eq!((added.incidents, added.events, added.already_present), (800, 800, 1));
}

/// Several stored events are read together, and compared one by one.
#[tokio::test]
async fn each_stored_event_is_compared_with_its_record() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await;
    let incident = IncidentId::new();
    let note = |seq: u32| EventBody::NoteAdded { text: format!("note {seq}") };
    let mut events = vec![declared_event(incident, Some(1), "one")];
    events.extend((2..=50).map(|seq| event(incident, seq, note(seq))));
    let records: Vec<Record> = events.iter().map(record).collect();
    import(&store, &records).await;
    let mut importer = store.importer().await.unwrap();
    for event in &events {
        if event.seq > 1 {
            let changed = Event { body: note(1), ..event.clone() };
            let refused = bad(importer.add(record(&changed)).await);
            assert_eq!(refused, ("seq", RecordProblem::HistoriesDiffer { seq: event.seq }));
        }
        importer.add(record(event)).await.unwrap();
    }
    let added = importer.commit().await.unwrap();
    assert_eq!((added.events, added.already_present), (0, 50));
}

/// Backward clocks and extreme times leave the order of events intact.
#[rstest]
#[case("1970-01-01T00:00:00Z")]
#[case("2100-12-31T23:59:59Z")]
#[case("2038-01-19T03:14:08Z")]
#[tokio::test]
async fn extreme_times_round_trip(#[case] time: DateTime<Utc>) {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await;
    let id = IncidentId::new();
    let mut first = declared_event(id, None, "at the edge");
    (first.at, first.recorded_at) = (time, time);
    if let EventBody::Declared { declaration, .. } = &mut first.body {
        (declaration.detected_at, declaration.reported_at) = (time, time);
    }
    let mut resolved = event(
        id,
        2,
        EventBody::Resolved {
            action: ResolutionAction::Restart,
            detail: "restarted".into(),
            validation: "watched".into(),
            stability: None,
        },
    );
    (resolved.at, resolved.recorded_at) = (time, time);
    let change = Change { starts_at: time, ends_at: Some(time), ..some_change() };
    import(&store, &[Record::Change(change), record(&first), record(&resolved)]).await;
    let detail = store.incident(id).await.unwrap();
    assert_eq!(detail.incident.summary.reported_at, time);
    assert_eq!(detail.incident.summary.resolved_at, Some(time));
    assert_eq!(detail.suspects.len(), 1);
    let lines = exported(&store).await;
    let other = open(&folder.path().join("other.db")).await;
    let records: Vec<Record> = lines.iter().map(|l| serde_json::from_str(l).unwrap()).collect();
    import(&other, &records).await;
    assert_eq!(exported(&other).await, lines);
}

#[tokio::test]
async fn backward_clock_does_not_reorder_a_timeline() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await;
    let id = declared(&store, "clock").await;
    let at = Utc::now() - TimeDelta::days(3);
    let outcome =
        store.execute(&Envelope { at, ..ask(id, IncidentCommand::Acknowledge) }).await.unwrap();
    let row = outcome.row.unwrap();
    assert!(row.acknowledged_at.unwrap() >= row.reported_at);
    let bo = PersonRef::new("bo", "Bo Lindqvist");
    let ahead = Utc::now() + TimeDelta::days(3);
    let assign = Envelope { at: ahead, ..ask(id, IncidentCommand::Assign { to: Some(bo) }) };
    let event = store.execute(&assign).await.unwrap().events.remove(0);
    assert!(event.at <= Utc::now() && event.recorded_at <= Utc::now());
}

#[tokio::test]
async fn commands_of_the_table_survive_export_and_import() {
    let (from, to) = (tempdir().unwrap(), tempdir().unwrap());
    let store = open(&from.path().join("incidents.db")).await;
    let other = open(&to.path().join("incidents.db")).await;
    for kind in CommandKind::ALL {
        let id = declared(&store, "one of each").await;
        let row = store.incident(id).await.unwrap().incident.summary;
        if let Some(command) = (kind.row().sample)(Some(&row), Utc::now()) {
            // Refused commands lead to no event.
            let _ = store.execute(&ask(id, command)).await;
        }
    }
    let lines = exported(&store).await;
    let records: Vec<Record> =
        lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    import(&other, &records).await;
    assert_eq!(exported(&other).await, lines);
}
