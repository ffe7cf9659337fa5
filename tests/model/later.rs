//! Values of later versions are read, shown and written again; requests are strict.

use std::fmt::Debug;

use proptest::prelude::*;
use redphone::backend::record::Record;
use redphone::model::actor::Actor;
use redphone::model::change::{Change, ChangeKind, ChangeState};
use redphone::model::checklist::{Answer, ClosingItem, InvestigationItem, Item};
use redphone::model::command::Link;
use redphone::model::decide::{Context, decide};
use redphone::model::directory::Directory;
use redphone::model::event::StoredBody;
use redphone::model::priority::Level;
use redphone::model::problem::{Problem, ProblemState};
use redphone::model::review::{ActionKind, Section};
use redphone::model::status::{Category, Classification, ResolutionAction, Role, Source};
use redphone::model::unknown::{Word, read_exactly, strictly};
use redphone::model::{
    Event, EventBody, Incident, IncidentCommand, Priority, Rejection, Rules, Status,
};
use rstest::rstest;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::support::later::OF_EVENTS;
use crate::support::model::Bench;
use crate::support::strategies;

/// Checks that a value is read and written unchanged, and that a request with it is refused.
fn check<T: Serialize + DeserializeOwned + Debug>(values: [Value; 2]) {
    for value in values {
        let read: T = serde_json::from_value(value.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), value);
        let read = serde_json::from_str::<T>(&value.to_string()).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), value.to_string());
        let refused = strictly(|| serde_json::from_value::<T>(value.clone()));
        assert!(refused.unwrap_err().to_string().starts_with("unknown variant `"), "{value}");
    }
}

#[test]
fn value_of_a_later_version_is_carried_but_not_requested() {
    let names = || [json!("unheard_of"), json!("très neuf 決")];
    check::<Status>(names());
    check::<Category>(names());
    check::<Source>(names());
    check::<Role>(names());
    check::<ResolutionAction>(names());
    check::<Classification>(names());
    check::<Level>(names());
    check::<Priority>(names());
    check::<InvestigationItem>(names());
    check::<ClosingItem>(names());
    check::<Section>(names());
    check::<ActionKind>(names());
    check::<ProblemState>(names());
    check::<ChangeKind>(names());
    check::<ChangeState>(names());
    let contents = || [json!({"agent": {"name": "Autopilot"}}), json!({"ticket": "OPS-7"})];
    check::<Actor>(contents());
    check::<Link>(contents());
    check::<Item>(contents());
    check::<Answer>([json!("partly"), json!({"delegated": "to the vendor"})]);
}

#[test]
fn every_value_of_this_version_is_written_as_before() {
    for status in Status::ALL {
        let text = serde_json::to_value(status).unwrap();
        assert_eq!(text, status.as_str());
        assert!(!status.is_unknown());
        assert_eq!(serde_json::from_value::<Status>(text).unwrap(), *status);
    }
    assert_eq!(serde_json::to_value(Source::UserReport).unwrap(), "user_report");
    assert_eq!(serde_json::to_value(Priority::P3).unwrap(), "P3");
    assert_eq!(serde_json::to_value(Level::High).unwrap(), "high");
}

#[test]
fn text_too_long_to_be_interned_stays_in_its_event() {
    let long = "x".repeat(600);
    assert_eq!(Word::new(&long), Word::UNNAMED);
    assert_eq!(Word::new("short").as_str(), "short");
    let bench = Bench::new();
    let mut json = serde_json::to_value(&bench.events[0]).unwrap();
    json["category"] = long.clone().into();
    let event: Event = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(serde_json::to_value(&event).unwrap(), json);
    let incident = Incident::fold([&event]).unwrap().unwrap();
    assert_eq!(incident.summary.category.unwrap().as_str(), "unknown");
}

/// Returns the timeline of an incident with events of most kinds, as JSON.
fn timeline() -> Vec<Value> {
    let mut bench = Bench::new();
    for (minute, command) in [
        (1, json!({"do": "acknowledge"})),
        (2, json!({"do": "move_status", "to": "identified"})),
        (3, json!({"do": "add_note", "text": "the pool is full"})),
        (4, json!({"do": "assign", "to": {"handle": "mei", "name": "Mei Castellan"}})),
        (
            5,
            json!({"do": "give_role", "role": "scribe", "given": true,
            "person": {"handle": "mei", "name": "Mei Castellan"}}),
        ),
        (6, json!({"do": "link", "link": {"url": "https://example.com"}})),
        (7, json!({"do": "answer_item", "item": {"closing": "contained"}, "answer": "yes"})),
        (8, json!({"do": "write_review", "section": "impact", "text": "carts"})),
        (9, json!({"do": "resolve", "action": "restart", "detail": "d", "validation": "v"})),
    ] {
        bench.ask(minute, serde_json::from_value(command).unwrap());
    }
    bench.events.iter().map(|event| serde_json::to_value(event).unwrap()).collect()
}

#[test]
fn event_of_a_later_version_is_shown_carried_and_folded() {
    let mut unused: Vec<&str> = Vec::new();
    for addition in OF_EVENTS {
        for example in 0..2 {
            let mut events = Value::from(timeline());
            if addition.apply(&mut events, example) == 0 {
                unused.push(addition.name);
                continue;
            }
            let read: Vec<Event> = serde_json::from_value(events.clone()).unwrap();
            assert_eq!(serde_json::to_value(&read).unwrap(), events, "{addition:?}");
            for event in &read {
                let (stored, extra) =
                    StoredBody::from_json(&event.body_to_json().unwrap()).unwrap();
                let StoredBody { because, verdicts, undo, body } = stored;
                let again = Event { because, verdicts, undo, body, extra, ..event.clone() };
                assert_eq!(&again, event, "{addition:?}");
            }
            let incident = Incident::fold(&read).unwrap().expect("events");
            assert_eq!(incident.summary.seq, u32::try_from(read.len()).unwrap());
            let shown: String = read
                .iter()
                .map(|event| {
                    format!("{} {} {}\n", event.body.label(), event.actor.name(), event.detail())
                })
                .chain(incident.facts().map(|fact| fact.text))
                .collect();
            let row = &incident.summary;
            let values = format!("{} {} {:?} {}", row.status, row.source, row.category, row.impact);
            let text = addition.text(example).replace('_', " ");
            let all = format!("{shown}{values}").replace('_', " ");
            assert!(all.contains(&text), "{addition:?}: {text} is not in {all}");
        }
    }
    // An incident that was resolved is not reclassified.
    assert_eq!(unused, ["classification"; 2]);
}

#[test]
fn body_is_stored_with_all_that_a_later_version_adds() {
    let mut event = timeline()[4].clone();
    event["to"]["pronouns"] = "they".into();
    event["actor"]["person"]["pronouns"] = "she".into();
    event["reach"] = json!({"by": ["sms", "voice"]});
    let read: Event = serde_json::from_value(event.clone()).unwrap();
    let (body, extra) = EventBody::from_json(&read.body_to_json().unwrap()).unwrap();
    assert_eq!(serde_json::to_value(Event { body, extra, ..read }).unwrap(), event);
}

#[test]
fn exact_reading_gives_what_tolerant_reading_gives() {
    for event in timeline() {
        let read: Event = serde_json::from_value(event).unwrap();
        let written = serde_json::to_string(&read).unwrap();
        assert_eq!(read_exactly(written.as_bytes()), Some(read.clone()));
        let body = read.body_to_json().unwrap();
        let stored: StoredBody = read_exactly(body.as_bytes()).unwrap();
        let StoredBody { because, verdicts, undo, body } = stored;
        assert_eq!(Event { because, verdicts, undo, body, ..read.clone() }, read);
    }
    let bench = Bench::new();
    let incident = Incident::fold(&bench.events).unwrap().expect("events");
    let written = serde_json::to_string(&incident).unwrap();
    assert_eq!(read_exactly(written.as_bytes()), Some(incident));
}

#[rstest]
#[case::a_field("{\"id\"", "{\"reach\":\"all\",\"id\"")]
#[case::a_field_inside("\"handle\"", "\"pronouns\":\"she\",\"handle\"")]
#[case::a_field_without_value("\"kind\"", "\"undo\":null,\"kind\"")]
#[case::a_kind("\"status_moved\"", "\"unheard_of\"")]
#[case::an_actor("{\"person\":", "{\"agent\":")]
#[case::a_value("\"identified\"", "\"unheard_of\"")]
fn exact_reading_leaves_what_a_later_version_adds(#[case] part: &str, #[case] later: &str) {
    let event: Event = serde_json::from_value(timeline()[2].clone()).unwrap();
    let text = serde_json::to_string(&event).unwrap();
    let changed = text.replacen(part, later, 1);
    assert_ne!(changed, text);
    assert_eq!(read_exactly::<Event>(changed.as_bytes()), None);
    let record = Record::from_json(format!("{{\"event\":{changed}}}").as_bytes()).unwrap();
    let expected: Value = serde_json::from_str(&changed).unwrap();
    assert_eq!(serde_json::to_value(&record).unwrap()["event"], expected);
}

#[test]
fn fields_of_later_versions_stay_in_records() {
    let check = |value: Value, back: Value| assert_eq!(value, back);
    let problem = json!({
        "id": "0198c0de-0000-7000-8000-000000000001", "title": "t", "state": "half_fixed",
        "services": [], "cause": "", "workaround": "", "opened_at": "2026-03-01T12:00:00Z",
        "cost": {"eur": 5}, "board": null,
    });
    check(
        problem.clone(),
        serde_json::to_value(serde_json::from_value::<Problem>(problem).unwrap()).unwrap(),
    );
    let change = json!({
        "id": "0198c0de-0000-7000-8000-000000000002", "kind": "feature_flag", "title": "t",
        "services": ["a"], "by": {"bot": "Robbie"}, "starts_at": "2026-03-01T12:00:00Z",
        "ends_at": null, "state": "paused", "approved": [true],
    });
    check(
        change.clone(),
        serde_json::to_value(serde_json::from_value::<Change>(change).unwrap()).unwrap(),
    );
    let directory = json!({
        "people": [{"handle": "ines", "name": "Ines", "phone": "1"}, {"handle": "tom", "name": "T"}],
        "teams": [{"name": "db", "members": [], "mail": "db@example.com"}],
        "services": [{"name": "a", "team": "db", "depends_on": [], "runbook": null,
            "objective": null, "tier": 1}],
        "policies": [{"team": "db", "levels": [{"after_s": 1, "call": [{"webhook": "u"}]}]}],
        "schedules": [], "sites": ["ams"],
    });
    let read: Directory = serde_json::from_value(directory.clone()).unwrap();
    let overlay: Directory = serde_json::from_value(json!({
        "people": [{"handle": "mei", "name": "Mei"}],
    }))
    .unwrap();
    let merged = serde_json::to_value(read.clone().merged_with(&overlay)).unwrap();
    assert_eq!(merged["sites"], json!(["ams"]));
    assert_eq!(merged["teams"][0]["mail"], "db@example.com");
    check(directory, serde_json::to_value(read).unwrap());
}

#[rstest]
#[case("mitigating")]
#[case("waiting_for_parts")]
fn incident_of_an_unknown_status_is_open_and_can_be_changed(#[case] status: &str) {
    let mut events = timeline();
    events.truncate(3);
    events[2]["to"] = status.into();
    let events: Vec<Event> =
        events.into_iter().map(|event| serde_json::from_value(event).unwrap()).collect();
    let incident = Incident::fold(&events).unwrap().unwrap();
    assert_eq!(incident.summary.status.to_string(), status.replace('_', " "));
    assert!(incident.summary.status.is_open() && incident.summary.acknowledged_at.is_some());
    let context = Context { now: incident.summary.last_event_at, rules: &Rules::default() };
    for (command, is_allowed) in [
        (json!({"do": "add_note", "text": "n"}), true),
        (json!({"do": "assign", "to": {"handle": "mei", "name": "Mei"}}), true),
        (json!({"do": "set_services", "services": ["b"]}), true),
        (json!({"do": "acknowledge"}), false),
        (json!({"do": "move_status", "to": "monitoring"}), false),
        (json!({"do": "resolve", "action": "restart", "detail": "d", "validation": "v"}), false),
        (json!({"do": "close"}), false),
        (json!({"do": "take_back"}), false),
        (json!({"do": "reclassify", "to": "change", "reason": "r"}), false),
    ] {
        let command: IncidentCommand = serde_json::from_value(command).unwrap();
        let envelope = crate::support::requests::ask(incident.summary.id, command.clone());
        let decided = decide(Some(&incident), &envelope, context);
        let refused = Some(Rejection::UnknownStatus { status: incident.summary.status });
        assert_eq!(decided.as_ref().err(), refused.as_ref().filter(|_| !is_allowed), "{command:?}");
        assert_eq!(command.row_refusal(&incident.summary).is_none(), is_allowed, "{command:?}");
    }
}

/// Any JSON, not nested deeply.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        strategies::any_text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z_]{1,8}", inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// Returns the objects of a value, in which fields can be added.
fn count_objects(value: &Value) -> usize {
    match value {
        Value::Object(fields) => 1 + fields.values().map(count_objects).sum::<usize>(),
        Value::Array(entries) => entries.iter().map(count_objects).sum(),
        _ => 0,
    }
}

/// Adds a field to the object at a position. An enum value is an object with one key that must stay
/// alone, so it gets none.
fn add_field(value: &mut Value, position: &mut usize, field: &Value) {
    match value {
        Value::Object(fields) => {
            if *position == 0 && fields.len() > 1 {
                fields.insert("zz_new".into(), field.clone());
            }
            *position = position.wrapping_sub(1);
            fields.values_mut().for_each(|inner| add_field(inner, position, field));
        }
        Value::Array(entries) => {
            for entry in entries {
                add_field(entry, position, field);
            }
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(strategies::usual())]

    #[test]
    fn event_with_any_added_field_survives_store_and_wire(
        index in 0usize..10,
        position in 0usize..4,
        field in any_json(),
    ) {
        let mut event = timeline()[index].clone();
        let mut position = position % count_objects(&event);
        add_field(&mut event, &mut position, &field);
        let read: Event = serde_json::from_value(event.clone()).unwrap();
        prop_assert_eq!(serde_json::to_value(&read).unwrap(), event.clone());
        let (body, extra) = EventBody::from_json(&read.body_to_json().unwrap()).unwrap();
        let stored = Event { body, extra, ..read };
        prop_assert_eq!(serde_json::to_value(stored).unwrap(), event);
    }

    #[test]
    fn event_of_any_unknown_kind_survives_store_and_wire(
        kind in "[a-z]{3,6}_of_later",
        fields in prop::collection::btree_map("x_[a-z]{1,8}", any_json(), 0..4),
    ) {
        let mut event = timeline()[3].clone();
        event["kind"] = kind.into();
        for (name, value) in fields {
            event[name] = value;
        }
        let read: Event = serde_json::from_value(event.clone()).unwrap();
        prop_assert_eq!(serde_json::to_value(&read).unwrap(), event.clone());
        let (body, extra) = EventBody::from_json(&read.body_to_json().unwrap()).unwrap();
        let stored = Event { body, extra, ..read };
        prop_assert_eq!(serde_json::to_value(stored).unwrap(), event);
    }
}
