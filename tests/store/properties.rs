//! Properties of the store over random histories.

use chrono::{TimeDelta, Utc};
use proptest::prelude::*;
use redphone::backend::file::{FileStore, doctor};
use redphone::backend::record::Record;
use redphone::backend::{Backend, BackendError, Outcome, Search, TimelineRange};
use redphone::model::filter::{Filter, MatchContext, row_contains};
use redphone::model::queue::Sort;
use redphone::model::searched_texts::SearchedTexts;
use redphone::model::service_level::ServiceLevels;
use redphone::model::status::{Category, Classification, ResolutionAction, Status};
use redphone::model::text::FoldedText;
use redphone::model::{
    Envelope, Impact, Incident, IncidentCommand, IncidentId, PersonRef, Priority, Summary, Urgency,
};
use tempfile::tempdir;

use super::fixtures::{ask, declaration, exported, import, open};
use crate::support::strategies;

/// A command that somebody sends. The model decides whether it is allowed.
fn some_command() -> impl Strategy<Value = IncidentCommand> {
    let person = |n: u8| PersonRef::new(format!("p{n}"), format!("Person {n}"));
    let level = prop::sample::select(Impact::ALL.to_vec());
    prop_oneof![
        3 => Just(IncidentCommand::Acknowledge),
        1 => prop::sample::select(Status::ALL.to_vec()).prop_map(|to| IncidentCommand::MoveStatus { to }),
        2 => prop::option::of(0u8..4).prop_map(move |n| IncidentCommand::Assign { to: n.map(person) }),
        1 => prop::option::of(0u8..3)
            .prop_map(|n| IncidentCommand::SetTeam { team: n.map(|n| format!("team {n}")) }),
        1 => (level.clone(), level)
            .prop_map(|(impact, urgency): (Impact, Urgency)| IncidentCommand::Prioritize { impact, urgency }),
        1 => prop::sample::select(Priority::ALL.to_vec())
            .prop_map(|priority| IncidentCommand::OverridePriority { priority, reason: "said so".into() }),
        1 => prop::option::of(prop::sample::select(Category::ALL.to_vec()))
            .prop_map(|category| IncidentCommand::Categorize { category }),
        2 => Just(IncidentCommand::UndoMove),
        1 => prop::collection::vec(0u8..4, 0..3).prop_map(|services| IncidentCommand::SetServices {
            services: services.into_iter().map(|n| format!("svc{n}")).collect()
        }),
        2 => "[a-c ]{1,12}".prop_map(|text| IncidentCommand::AddNote { text }),
        1 => "[a-c]{1,8}( [a-c]{1,4})?".prop_map(|title| IncidentCommand::Describe {
            title: Some(title), symptoms: None, labels: None, runbook: None
        }),
        2 => Just(IncidentCommand::Resolve {
            action: ResolutionAction::Restart,
            detail: "restarted".into(),
            validation: "watched".into()
        }),
        1 => Just(IncidentCommand::Reopen { reason: "back".into() }),
        1 => (1i64..100).prop_map(|hours| IncidentCommand::Snooze {
            until: Utc::now() + TimeDelta::hours(hours)
        }),
        1 => Just(IncidentCommand::Pause { reason: "partner".into() }),
        1 => Just(IncidentCommand::Reclassify { to: Classification::FalseAlarm, reason: "test".into() }),
        1 => Just(IncidentCommand::RepeatAlert { text: "again".into(), count: None }),
    ]
}

#[derive(Clone, Debug)]
enum Step {
    Declare { age_h: i64, service: u8, title: String },
    About { which: usize, command: IncidentCommand },
    Merge { which: usize, into: usize },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        2 => (0i64..3000, 0u8..4, "[a-c]{1,6}( [0-9]{1,3})?")
            .prop_map(|(age_h, service, title)| Step::Declare { age_h, service, title }),
        6 => (any::<usize>(), some_command())
            .prop_map(|(which, command)| Step::About { which, command }),
        1 => (any::<usize>(), any::<usize>()).prop_map(|(which, into)| Step::Merge { which, into }),
    ];
    prop::collection::vec(step, 5..60)
}

/// Returns the commands of all steps, and the ids of the declared incidents.
fn commands(steps: &[Step]) -> (Vec<Envelope>, Vec<IncidentId>) {
    let mut ids = Vec::new();
    let mut commands = Vec::new();
    for step in steps {
        commands.push(match step {
            Step::Declare { age_h, service, title } => {
                let mut one = declaration(title);
                one.services = vec![format!("svc{service}"), "shared".into()];
                one.reported_at -= TimeDelta::hours(*age_h);
                one.detected_at -= TimeDelta::hours(*age_h);
                one.dedup_key = (service % 2 == 0).then(|| title.clone());
                let id = IncidentId::new();
                ids.push(id);
                ask(id, IncidentCommand::Declare(Box::new(one)))
            }
            _ if ids.is_empty() => continue,
            Step::About { which, command } => ask(ids[which % ids.len()], command.clone()),
            Step::Merge { which, into } => {
                ask(ids[which % ids.len()], IncidentCommand::Merge { into: ids[into % ids.len()] })
            }
        });
    }
    (commands, ids)
}

/// Executes all steps, and returns the ids of the declared incidents.
async fn play(store: &FileStore, steps: &[Step]) -> Vec<IncidentId> {
    let (commands, ids) = commands(steps);
    for envelope in commands {
        let first = store.execute(&envelope).await;
        if let Ok(first) = first {
            let again = store.execute(&envelope).await.unwrap();
            assert!(again.replayed, "a replay was carried out");
            assert_eq!((again.events, again.incident), (first.events, first.incident));
        }
    }
    ids
}

/// Returns the outcome of a command without the time at which the store recorded it.
fn without_recorded_at(outcome: Result<Outcome, BackendError>) -> Result<Outcome, BackendError> {
    outcome.map(|mut outcome| {
        for event in &mut outcome.events {
            event.recorded_at = event.at;
        }
        outcome
    })
}

/// Returns the rows of a store, computed from the events alone.
async fn folded(store: &FileStore, ids: &[IncidentId]) -> Vec<Summary> {
    let mut rows = Vec::new();
    for id in ids {
        // An alert that was grouped into an open incident declared none.
        let Ok(events) = store.timeline(*id, TimelineRange::After(0)).await else { continue };
        let incident = Incident::fold(&events).unwrap().unwrap();
        assert_eq!(store.incident(*id).await.unwrap().incident, incident);
        rows.push(incident.summary);
    }
    rows
}

const FILTERS: [&str; 40] = [
    "",
    "is:any since:today",
    "is:any before:today p1",
    "is:any on:yesterday on:today",
    "is:any since:10d before:5d",
    "is:any changed<1h",
    "resolved<1h",
    "resolved>1h -p1",
    "is:any label:eu",
    "is:any role:me",
    "is:any role:none p2",
    "is:any",
    "is:ended",
    "p1",
    "is:any p1 p3",
    "is:any -p2",
    "is:any status:resolved",
    "is:any status:triggered status:merged",
    "is:any service:svc1",
    "is:any -service:svc1",
    "is:any service:svc1 service:svc2 p3",
    "is:any owner:none",
    "is:any owner:p1",
    "is:any owner:person",
    "is:any owner:me",
    "is:any team:none",
    "is:any team:\"team 1\"",
    "is:any cat:security",
    "is:any cat:none cat:access",
    "is:any source:monitoring",
    "is:any source:user-report source:support p3",
    "is:any -source:internal",
    "is:any age>30d",
    "is:any age<10d p2",
    "is:any sla:late",
    "is:any sla:ok",
    "is:any is:snoozed",
    "is:any is:paused -p4",
    "is:any owner:p2 service:shared",
    "is:any -a",
];

async fn found(store: &FileStore, search: Search) -> Vec<IncidentId> {
    let mut request = search;
    let mut ids = Vec::new();
    loop {
        let page = store.search(&request).await.unwrap();
        ids.extend(page.rows.iter().map(|row| row.id));
        match page.next {
            Some(next) => request.after = Some(next),
            None => return ids,
        }
    }
}

/// Returns whether a word occurs in an incident, computed without the index.
async fn has_text(store: &FileStore, row: &Summary, word: &str) -> bool {
    let events = store.timeline(row.id, TimelineRange::After(0)).await.unwrap();
    let texts = SearchedTexts::of(events.iter().map(|event| &event.body));
    let word = FoldedText::new(word);
    row_contains(row, &word) || texts.iter().any(|text| word.is_in(text))
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

proptest! {
    #![proptest_config(strategies::config(12))]

    #[test]
    fn projection_folds_the_events_and_search_follows_the_filter(steps in steps()) {
        runtime().block_on(async {
            let folder = tempdir().unwrap();
            let path = folder.path().join("store.db");
            let store = open(&path).await;
            let ids = play(&store, &steps).await;
            let mut rows = folded(&store, &ids).await;
            rows.sort_by_key(|row| (row.reported_at, row.number));
            rows.reverse();
            let (now, levels) = (Utc::now(), ServiceLevels::default());
            let context = MatchContext { now, me: Some("p3"), levels: &levels };
            for text in FILTERS {
                let filter: Filter = text.parse().unwrap();
                let expected: Vec<IncidentId> =
                    rows.iter().filter(|r| filter.matches(r, context)).map(|r| r.id).collect();
                let search = Search {
                    filter, me: Some("p3".into()), sort: Sort::Newest, limit: 3, after: None, now,
                };
                prop_assert_eq!(&found(&store, search.clone()).await, &expected, "{}", text);
                let oldest = Search { sort: Sort::Oldest, ..search };
                let backwards: Vec<IncidentId> = expected.into_iter().rev().collect();
                prop_assert_eq!(found(&store, oldest).await, backwards, "{} oldest", text);
            }
            for word in ["a", "ab", "c", "1", "arts", "svc", "erso", "\"at carts\"", "\"e empty\""] {
                let mut expected = Vec::new();
                for row in &rows {
                    if has_text(&store, row, &word.replace('"', "")).await {
                        expected.push(row.id);
                    }
                }
                let search = Search {
                    filter: format!("is:any {word}").parse().unwrap(),
                    me: None, sort: Sort::Newest, limit: 4, after: None, now,
                };
                prop_assert_eq!(found(&store, search).await, expected, "word {}", word);
            }
            store.close().await;
            prop_assert_eq!(doctor::examine(&path).await.unwrap().findings, vec![]);
            Ok(())
        })?;
    }

    #[test]
    fn an_export_of_an_import_of_an_export_is_the_export(steps in steps()) {
        runtime().block_on(async {
            let folder = tempdir().unwrap();
            let store = open(&folder.path().join("one.db")).await;
            let ids = play(&store, &steps).await;
            let lines = exported(&store).await;
            let path = folder.path().join("two.db");
            let other = open(&path).await;
            let records: Vec<Record> =
                lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
            import(&other, &records).await;
            prop_assert_eq!(exported(&other).await, lines);
            prop_assert_eq!(folded(&other, &ids).await, folded(&store, &ids).await);
            other.close().await;
            prop_assert_eq!(doctor::examine(&path).await.unwrap().findings, vec![]);
            Ok(())
        })?;
    }

    #[test]
    fn batched_commands_have_the_same_result_as_sequential_ones(
        steps in steps(),
        again in prop::collection::vec((any::<usize>(), any::<usize>()), 0..8),
        sizes in prop::collection::vec(1usize..40, 1..8),
    ) {
        runtime().block_on(async {
            let (mut commands, ids) = commands(&steps);
            // Some commands are sent again later.
            for (which, at) in again {
                if !commands.is_empty() {
                    let one = commands[which % commands.len()].clone();
                    commands.insert(at % (commands.len() + 1), one);
                }
            }
            let folder = tempdir().unwrap();
            let alone = open(&folder.path().join("alone.db")).await;
            let path = folder.path().join("together.db");
            let together = open(&path).await;
            let mut expected = Vec::new();
            for command in &commands {
                expected.push(without_recorded_at(alone.execute(command).await));
            }
            let mut outcomes = Vec::new();
            let (mut rest, mut sizes) = (commands.as_slice(), sizes.into_iter().cycle());
            while !rest.is_empty() {
                let (some, more) = rest.split_at(sizes.next().unwrap().min(rest.len()));
                outcomes.extend(together.execute_all(some).await.into_iter().map(without_recorded_at));
                rest = more;
            }
            prop_assert_eq!(outcomes, expected);
            prop_assert_eq!(folded(&together, &ids).await, folded(&alone, &ids).await);
            together.close().await;
            prop_assert_eq!(doctor::examine(&path).await.unwrap().findings, vec![]);
            Ok(())
        })?;
    }
}
