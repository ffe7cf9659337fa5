//! Problems in a store: who changed what of them, the time that was lost, known errors, and of which
//! incidents changes are suspected.

use chrono::{DateTime, TimeDelta, Utc};
use redphone::backend::file::FileStore;
use redphone::backend::lists::{ChangeSearch, ProblemSearch};
use redphone::backend::{Backend, BackendError, TimelineRange};
use redphone::model::change::{Change, ChangeKind, ChangeState};
use redphone::model::command::{Declaration, Link};
use redphone::model::directory::{Directory, Service};
use redphone::model::known_error::KnownError;
use redphone::model::problem::{Problem, ProblemState};
use redphone::model::{
    Actor, ChangeId, Command, Envelope, EventBody, IncidentCommand, IncidentId, PersonRef,
    ProblemId, Rejection,
};
use rstest::rstest;
use tempfile::tempdir;

use super::fixtures::{ask, declaration, declared, open};
use crate::support::requests::{envelope, ines, resolve};

fn problem(title: &str, state: ProblemState) -> Problem {
    let problem = Problem::new(ProblemId::new(), title, Utc::now());
    Problem { state, workaround: "restart one instance".into(), ..problem }
}

async fn record(store: &FileStore, problem: &Problem) {
    store.execute(&envelope(Command::RecordProblem(problem.clone()))).await.unwrap();
}

async fn link(store: &FileStore, incident: IncidentId, problem: &Problem) {
    let link = Link::Problem { id: problem.id, title: problem.title.clone() };
    store.execute(&ask(incident, IncidentCommand::Link { link })).await.unwrap();
}

/// Declares an incident without symptoms, so that its title alone is compared.
async fn bare(store: &FileStore, title: &str, service: &str) -> IncidentId {
    let id = IncidentId::new();
    let declaration = Declaration {
        symptoms: String::new(),
        services: vec![service.into()],
        ..declaration(title)
    };
    store.execute(&ask(id, IncidentCommand::Declare(Box::new(declaration)))).await.unwrap();
    id
}

#[tokio::test]
async fn edits_say_who_changed_what() {
    let dir = tempdir().unwrap();
    let store = open(&dir.path().join("store.db")).await;
    let first = problem("Pool too small", ProblemState::Open);
    record(&store, &first).await;
    let tom = Actor::Person(PersonRef::new("tom", "Tom Varga"));
    let removed = Problem { state: ProblemState::Removed, ..first.clone() };
    let change = Envelope { actor: tom.clone(), ..envelope(Command::RecordProblem(removed)) };
    store.execute(&change).await.unwrap();
    let found = store.problem(first.id).await.unwrap().problem;
    assert_eq!((found.revision, found.edits.len()), (2, 2));
    assert_eq!(found.edits[0].by, Actor::Person(ines()));
    assert_eq!(
        (&found.edits[1].by, found.edits[1].text().as_str()),
        (&tom, "state: open → removed")
    );
    assert!(found.removed_at.is_some());
    // The same command once more changes nothing.
    assert!(store.execute(&change).await.unwrap().replayed);
    assert_eq!(store.problem(first.id).await.unwrap().problem, found);
}

#[tokio::test]
async fn change_of_another_revision_is_a_conflict() {
    let dir = tempdir().unwrap();
    let store = open(&dir.path().join("store.db")).await;
    let first = problem("Pool too small", ProblemState::Open);
    record(&store, &first).await;
    let change = |expected, cause: &str| {
        let problem = Problem { cause: cause.into(), ..first.clone() };
        let expected_seq = Some(expected);
        Envelope { expected_seq, ..envelope(Command::RecordProblem(problem)) }
    };
    store.execute(&change(1, "a leak")).await.unwrap();
    match store.execute(&change(1, "too many clients")).await {
        Err(BackendError::Conflict(why)) => {
            assert_eq!(why.rejection, Rejection::ChangedMeanwhile { expected: 1, current: 2 });
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(store.problem(first.id).await.unwrap().problem.cause, "a leak");
}

#[tokio::test]
async fn owner_must_be_in_the_directory() {
    let dir = tempdir().unwrap();
    let store = open(&dir.path().join("store.db")).await;
    let directory = Directory { people: vec![ines()], ..Directory::default() };
    store.set_directory(&directory).await.unwrap();
    let owned = |handle: &str| {
        let owner = Some(PersonRef::new(handle, handle));
        Problem { owner, ..problem("Pool too small", ProblemState::Open) }
    };
    record(&store, &owned("INES")).await;
    let found = store.linked_problems(&ProblemSearch::first(5)).await.unwrap();
    assert_eq!(found.rows[0].problem.owner, Some(ines()));
    let refused = store.execute(&envelope(Command::RecordProblem(owned("nobody")))).await;
    assert!(matches!(refused, Err(BackendError::Rejected(_))), "{refused:?}");
}

/// Returns for how long service was out in an incident, by its events alone.
async fn out_ms(store: &FileStore, id: IncidentId) -> i64 {
    let detected = store.incident(id).await.unwrap().incident.summary.detected_at;
    let (mut sum, mut since) = (0, Some(detected));
    for event in store.timeline(id, TimelineRange::Last(100)).await.unwrap() {
        let began: Option<DateTime<Utc>> = since;
        match event.body {
            EventBody::Resolved { .. } => {
                sum += began.map_or(0, |began| (event.at - began).num_milliseconds());
                since = None;
            }
            EventBody::Reopened { .. } => since = Some(event.at),
            _ => {}
        }
    }
    sum
}

#[tokio::test]
async fn lost_time_is_that_of_all_linked_incidents() {
    let dir = tempdir().unwrap();
    let store = open(&dir.path().join("store.db")).await;
    let cause = problem("Pool too small", ProblemState::Open);
    record(&store, &cause).await;
    let (once, twice) = (declared(&store, "one").await, declared(&store, "two").await);
    let merged = declared(&store, "three").await;
    for id in [once, twice, merged] {
        link(&store, id, &cause).await;
    }
    store.execute(&ask(once, resolve())).await.unwrap();
    store.execute(&ask(twice, resolve())).await.unwrap();
    let reason = "it is back".to_owned();
    store.execute(&ask(twice, IncidentCommand::Reopen { reason })).await.unwrap();
    store.execute(&ask(twice, resolve())).await.unwrap();
    let other = declared(&store, "four").await;
    store.execute(&ask(merged, IncidentCommand::Merge { into: other })).await.unwrap();
    let expected = (out_ms(&store, once).await + out_ms(&store, twice).await) / 1000;
    let listed = store.linked_problems(&ProblemSearch::first(5)).await.unwrap().rows;
    assert_eq!((listed[0].incident_count, listed[0].open_count), (3, 0));
    assert_eq!(i64::try_from(listed[0].lost_s).unwrap(), expected);
    assert!(expected >= 240, "two incidents that were detected two minutes ago: {expected}");
    let found = store.problem(cause.id).await.unwrap();
    assert_eq!((found.lost_s, found.incidents.len()), (listed[0].lost_s, 3));
    // An open one counts until now.
    let open = declared(&store, "five").await;
    link(&store, open, &cause).await;
    let found = store.problem(cause.id).await.unwrap();
    assert_eq!((found.incident_count, found.open_count), (4, 1));
    assert!(i64::try_from(found.lost_s).unwrap() >= expected + 120, "{}", found.lost_s);
}

#[tokio::test]
async fn missing_problem_is_not_found() {
    let dir = tempdir().unwrap();
    let store = open(&dir.path().join("store.db")).await;
    let missing = store.problem(ProblemId::new()).await;
    assert!(matches!(missing, Err(BackendError::NotFound(_))), "{missing:?}");
}

#[rstest]
#[case::accepted(ProblemState::KnownError, 1)]
#[case::open(ProblemState::Open, 0)]
#[case::removed(ProblemState::Removed, 0)]
#[tokio::test]
async fn same_fault_shows_the_accepted_cause(#[case] state: ProblemState, #[case] count: usize) {
    let dir = tempdir().unwrap();
    let store = open(&dir.path().join("store.db")).await;
    let cause = problem("Replicas fall behind", state);
    record(&store, &cause).await;
    let before = bare(&store, "Replica orders-7 is behind", "db").await;
    link(&store, before, &cause).await;
    let id = bare(&store, "Replica orders-9 is behind", "db").await;
    let found = store.incident(id).await.unwrap().known_errors;
    assert_eq!(found.len(), count, "{found:?}");
    if let [one] = &found[..] {
        let expected = KnownError {
            problem: cause.id,
            title: cause.title.clone(),
            workaround: cause.workaround.clone(),
            same_fault: 1,
            alike: 0,
        };
        assert_eq!(*one, expected);
    }
    // Once it is linked, or has ended, nothing is left to say.
    link(&store, id, &cause).await;
    assert_eq!(store.incident(id).await.unwrap().known_errors, []);
}

#[tokio::test]
async fn whoever_is_called_reads_the_workaround() {
    let dir = tempdir().unwrap();
    let store = open(&dir.path().join("store.db")).await;
    let cause = problem("Replicas fall behind", ProblemState::KnownError);
    record(&store, &cause).await;
    let before = bare(&store, "Replica orders-7 is behind", "db").await;
    let line = |id: IncidentId| {
        let store = store.clone();
        async move { store.incident(id).await.unwrap().workaround_line() }
    };
    assert_eq!(line(before).await, None);
    link(&store, before, &cause).await;
    let expected = "Known error: Replicas fall behind · restart one instance";
    assert_eq!(line(before).await.as_deref(), Some(expected));
    let id = bare(&store, "Replica orders-9 is behind", "db").await;
    let expected = "May be a known error: Replicas fall behind · restart one instance";
    assert_eq!(line(id).await.as_deref(), Some(expected));
    store.execute(&ask(id, resolve())).await.unwrap();
    assert_eq!(line(id).await, None, "it has ended");
}

#[tokio::test]
async fn problems_are_listed_by_state_and_then_by_day() {
    use ProblemState::{KnownError, Open, Removed};

    let dir = tempdir().unwrap();
    let store = open(&dir.path().join("store.db")).await;
    let states = [Removed, Open, KnownError, Open, Removed, KnownError];
    for (number, state) in states.into_iter().enumerate() {
        record(&store, &problem(&number.to_string(), state)).await;
    }
    for limit in [1, 2, 100] {
        let mut search = ProblemSearch::first(limit);
        let mut titles = Vec::new();
        loop {
            let page = store.linked_problems(&search).await.unwrap();
            titles.extend(page.rows.into_iter().map(|entry| entry.problem.title));
            search.after = page.next;
            if search.after.is_none() {
                break;
            }
        }
        assert_eq!(titles, ["3", "1", "5", "2", "4", "0"], "pages of {limit}");
    }
}

#[tokio::test]
async fn two_alike_texts_show_the_accepted_cause() {
    let dir = tempdir().unwrap();
    let store = open(&dir.path().join("store.db")).await;
    let cause = problem("Replicas fall behind", ProblemState::KnownError);
    record(&store, &cause).await;
    let first = bare(&store, "A replica is far behind the primary", "search").await;
    let second = bare(&store, "The replica fell behind", "images").await;
    link(&store, first, &cause).await;
    let id = bare(&store, "Replica orders-9 is behind", "db").await;
    assert_eq!(store.incident(id).await.unwrap().known_errors, [], "one may be by chance");
    link(&store, second, &cause).await;
    let found = store.incident(id).await.unwrap().known_errors;
    assert_eq!(found.iter().map(|one| (one.same_fault, one.alike)).collect::<Vec<_>>(), [(0, 2)]);
    store.execute(&ask(id, resolve())).await.unwrap();
    assert_eq!(store.incident(id).await.unwrap().known_errors, []);
}

fn change(title: &str, service: &str, began_min: i64, state: ChangeState) -> Change {
    let starts_at = Utc::now() - TimeDelta::minutes(began_min);
    let is_over = state == ChangeState::Done;
    Change {
        id: ChangeId::new(),
        kind: ChangeKind::Deploy,
        title: title.into(),
        services: vec![service.into()],
        by: Actor::Person(ines()),
        starts_at,
        ends_at: is_over.then(|| starts_at + TimeDelta::minutes(1)),
        state,
        url: None,
        approval: None,
        extra: <_>::default(),
    }
}

#[tokio::test]
async fn change_is_suspected_where_it_is_a_suspect() {
    let dir = tempdir().unwrap();
    let store = open(&dir.path().join("store.db")).await;
    let service = |name: &str, on: &[&str]| Service {
        name: name.into(),
        team: "payments".into(),
        depends_on: on.iter().map(ToString::to_string).collect(),
        runbook: None,
        objective: None,
        public_name: None,
    };
    let services = vec![service("checkout", &["ledger"]), service("ledger", &[])];
    store.set_directory(&Directory { services, ..Directory::default() }).await.unwrap();
    let changes = [
        change("checkout v812", "checkout", 30, ChangeState::Done),
        change("ledger v4", "ledger", 20, ChangeState::Running),
        change("ledger v5", "ledger", 20, ChangeState::Planned),
        change("images v7", "images", 20, ChangeState::Done),
        change("checkout v811", "checkout", 300, ChangeState::Done),
    ];
    for change in &changes {
        store.execute(&envelope(Command::RecordChange(change.clone()))).await.unwrap();
    }
    let id = bare(&store, "Carts are empty", "checkout").await;
    bare(&store, "Logins time out", "auth").await;
    let suspects = store.incident(id).await.unwrap().suspects;
    let mut expected: Vec<ChangeId> = suspects.iter().map(|suspect| suspect.change.id).collect();
    let found = store.suspicions(&ChangeSearch::first(10)).await.unwrap();
    let mut suspected: Vec<ChangeId> = found.iter().map(|one| one.change).collect();
    expected.sort();
    suspected.sort();
    assert_eq!(suspected, expected);
    assert_eq!(suspected.len(), 2);
    for suspicion in found {
        assert_eq!((suspicion.incident_count, suspicion.incidents[0].id), (1, id));
    }
}
