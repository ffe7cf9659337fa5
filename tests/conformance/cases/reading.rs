//! Timelines, changes, details, measures.

use std::time::{Duration, Instant};

use chrono::{FixedOffset, TimeDelta, Utc};
use redphone::backend::{Backend, TimelineRange};
use redphone::model::change::{Change, ChangeKind, ChangeState};
use redphone::model::command::Link;
use redphone::model::measures::pages::{Dimension, Offsets, PagesQuery, Selection};
use redphone::model::measures::{Cut, Window};
use redphone::model::problem::{Problem, ProblemState};
use redphone::model::{Actor, ChangeId, Command, IncidentCommand, ProblemId};

use crate::support::requests::{
    ago, declaration, declared, declared_as, done, envelope, ines, resolve, titles,
};

pub async fn new_store_is_empty(backend: &dyn Backend) {
    let delta = backend.changes(None, Duration::ZERO).await.unwrap();
    assert!(delta.reset && delta.rows.is_empty());
    assert!(titles(backend, "is:any").await.is_empty());
    assert!(titles(backend, "").await.is_empty());
    let window = Window::last_day(Utc::now());
    let measures = backend.measures(&window, Cut::Total, Utc::now()).await.unwrap();
    assert_eq!(measures.now.reported(), 0);
}

pub async fn timelines_are_returned_in_ranges(backend: &dyn Backend) {
    let id = declared(backend, "parts").await;
    for round in 2..=9 {
        done(backend, id, IncidentCommand::AddNote { text: format!("note {round}") }).await;
    }
    for (part, expected) in [
        (TimelineRange::After(0), (1..=9).collect::<Vec<u32>>()),
        (TimelineRange::After(7), vec![8, 9]),
        (TimelineRange::After(9), vec![]),
        (TimelineRange::Last(3), vec![7, 8, 9]),
        (TimelineRange::Last(100), (1..=9).collect()),
        (TimelineRange::Before(4, 2), vec![2, 3]),
        (TimelineRange::Before(1, 5), vec![]),
    ] {
        let events = backend.timeline(id, part).await.unwrap();
        let seqs: Vec<u32> = events.iter().map(|e| e.seq).collect();
        assert_eq!(seqs, expected, "{part:?}");
    }
}

pub async fn changes_without_a_cursor_are_all_open_incidents(backend: &dyn Backend) {
    let (open, ended) = (declared(backend, "open").await, declared(backend, "over").await);
    done(backend, ended, resolve()).await;
    let delta = backend.changes(None, Duration::from_mins(1)).await.unwrap();
    assert!(delta.reset);
    assert_eq!(delta.rows.iter().map(|r| r.id).collect::<Vec<_>>(), [open]);
}

pub async fn changes_after_a_cursor_are_returned_once_each(backend: &dyn Backend) {
    let (one, two) = (declared(backend, "one").await, declared(backend, "two").await);
    let start = backend.changes(None, Duration::ZERO).await.unwrap().cursor;
    done(backend, one, IncidentCommand::Acknowledge).await;
    done(backend, one, resolve()).await;
    let three = declared(backend, "three").await;
    let delta = backend.changes(Some(start), Duration::ZERO).await.unwrap();
    assert!(!delta.reset && !delta.directory);
    let mut ids: Vec<_> = delta.rows.iter().map(|r| r.id).collect();
    ids.sort();
    assert_eq!(ids, [one, three]);
    assert!(delta.rows.iter().any(|r| r.id == one && !r.status.is_open()));
    let rest = backend.changes(Some(delta.cursor), Duration::ZERO).await.unwrap();
    assert!(rest.rows.is_empty() && rest.cursor == delta.cursor);
    done(backend, two, IncidentCommand::Acknowledge).await;
    let rest = backend.changes(Some(delta.cursor), Duration::ZERO).await.unwrap();
    assert_eq!(rest.rows.iter().map(|r| r.id).collect::<Vec<_>>(), [two]);
}

pub async fn a_wait_without_changes_ends_with_the_same_cursor(backend: &dyn Backend) {
    declared(backend, "quiet").await;
    let start = backend.changes(None, Duration::ZERO).await.unwrap().cursor;
    let begun = Instant::now();
    let delta = backend.changes(Some(start), Duration::from_millis(200)).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(200));
    assert!(delta.rows.is_empty() && !delta.reset);
    assert_eq!(delta.cursor, start);
}

pub async fn a_wait_ends_when_something_changes(backend: &dyn Backend) {
    let id = declared(backend, "news").await;
    let start = backend.changes(None, Duration::ZERO).await.unwrap().cursor;
    let begun = Instant::now();
    let (delta, ()) = tokio::join!(
        backend.changes(Some(start), Duration::from_mins(1)),
        done(backend, id, IncidentCommand::Acknowledge)
    );
    assert_eq!(delta.unwrap().rows.len(), 1);
    assert!(begun.elapsed() < Duration::from_secs(30));
}

pub async fn suspected_changes_come_with_the_incident(backend: &dyn Backend) {
    let change = |title: &str, service: &str, ended: i64| Change {
        id: ChangeId::new(),
        kind: ChangeKind::Deploy,
        title: title.into(),
        services: vec![service.into()],
        by: Actor::Person(ines()),
        starts_at: ago(ended + 5),
        ends_at: Some(ago(ended)),
        state: ChangeState::Done,
        url: None,
        approval: None,
        extra: <_>::default(),
    };
    let near = change("checkout v812", "checkout", 20);
    for recorded in [
        &near,
        &change("checkout v811", "checkout", 600),
        &change("elsewhere v3", "a-service-apart", 15),
    ] {
        let command = envelope(Command::RecordChange(recorded.clone()));
        assert!(!backend.execute(&command).await.unwrap().replayed);
        assert!(backend.execute(&command).await.unwrap().replayed);
    }
    let id = declared(backend, "after the deploy").await;
    let suspects = backend.incident(id).await.unwrap().suspects;
    assert_eq!(suspects.len(), 1);
    assert_eq!((&suspects[0].change, suspects[0].direct), (&near, true));
    let failed = Change { state: ChangeState::RolledBack, ..near };
    backend.execute(&envelope(Command::RecordChange(failed.clone()))).await.unwrap();
    assert_eq!(backend.incident(id).await.unwrap().suspects[0].change, failed);
    let backwards = Change { ends_at: Some(ago(9000)), ..failed };
    let refused = backend.execute(&envelope(Command::RecordChange(backwards))).await.unwrap_err();
    assert!(refused.to_string().contains("ends_at"), "{refused}");
}

pub async fn similar_incidents_and_the_problem_come_with_the_incident(backend: &dyn Backend) {
    let problem = Problem {
        id: ProblemId::new(),
        title: "pool too small".into(),
        state: ProblemState::Open,
        services: vec!["checkout".into()],
        cause: String::new(),
        workaround: "restart".into(),
        opened_at: ago(100),
        owner: None,
        team: None,
        category: None,
        removed_at: None,
        revision: 0,
        edits: Vec::new(),
        extra: <_>::default(),
    };
    backend.execute(&envelope(Command::RecordProblem(problem.clone()))).await.unwrap();
    let same = declared(backend, "timeout after 30 s on node-4").await;
    done(backend, same, resolve()).await;
    let other = declared(backend, "carts are empty").await;
    let mut elsewhere = declaration("timeout after 12 s on node-9");
    elsewhere.services = vec!["search".into()];
    let elsewhere = declared_as(backend, elsewhere).await;
    let id = declared(backend, "timeout after 12 s on node-9").await;
    let link = Link::Problem { id: problem.id, title: problem.title.clone() };
    done(backend, id, IncidentCommand::Link { link }).await;
    let detail = backend.incident(id).await.unwrap();
    let found: Vec<_> = detail.similar.iter().map(|s| (s.id, s.same_fault)).collect();
    // The same words say more than the same service.
    assert_eq!(found, [(same, true), (elsewhere, false), (other, false)]);
    assert_eq!(detail.similar[0].resolution, "rollback: went back to v811");
    assert_eq!(detail.similar[1].resolution, "");
    assert_eq!(detail.similar[1].shared_terms, ["after", "node", "timeout"]);
    assert_eq!(detail.similar[2].shared_terms, [""; 0]);
    let found = detail.problem.map(|found| (found.revision, found.as_requested()));
    assert_eq!(found, Some((1, problem)));
}

pub async fn measures_follow_what_happened(backend: &dyn Backend) {
    let mut first = None;
    for title in ["disk 1 full", "disk 2 full", "slow"] {
        let id = declared(backend, title).await;
        first.get_or_insert(id);
        done(backend, id, IncidentCommand::Acknowledge).await;
    }
    let first = first.unwrap();
    done(backend, first, resolve()).await;
    let now = Utc::now() + TimeDelta::seconds(1);
    let window = Window::last_days(30, now, &FixedOffset::east_opt(3600).unwrap());
    let measures = backend.measures(&window, Cut::Service, now).await.unwrap();
    assert_eq!(measures.now.volume, [0, 3, 0, 0]);
    assert_eq!((measures.now.mtta.count, measures.now.mttr.count), (3, 1));
    assert_eq!(measures.before.reported(), 0);
    assert_eq!(measures.cuts.iter().map(|(n, _)| n.as_str()).collect::<Vec<_>>(), ["checkout"]);
    assert_eq!(measures.recurring.len(), 1);
    assert_eq!(measures.recurring[0].count, 2);
    assert_eq!(measures.recurring[0].title, "disk 2 full");
    assert_eq!(measures.recurring[0].service, "checkout");
    let query = PagesQuery {
        window: window.clone(),
        selection: Selection { services: vec!["checkout".into()], ..Selection::default() },
        by: vec![Dimension::Service, Dimension::Source],
        offsets: Offsets::default(),
    };
    let pages = backend.pages(&query, now).await.unwrap();
    // Both compute the same figures.
    assert_eq!(pages.now.volume, measures.now.volume);
    assert_eq!(pages.now.mtta.times, measures.now.mtta);
    assert_eq!(pages.now.mttr.times, measures.now.mttr);
    assert_eq!(pages.now.acknowledge, measures.now.acknowledge);
    assert_eq!(pages.recurring[0].group, measures.recurring[0]);
    assert_eq!(pages.heat.iter().flatten().sum::<u64>(), 3);
    let rows: Vec<_> = pages.cuts.iter().map(|cut| (cut.by, cut.rows.len())).collect();
    assert_eq!(rows, [(Dimension::Service, 1), (Dimension::Source, 1)]);
    let none = Selection { services: vec!["nothing".into()], ..Selection::default() };
    let pages = backend.pages(&PagesQuery { selection: none, ..query }, now).await.unwrap();
    assert_eq!(pages.now.reported(), 0);
    done(backend, first, IncidentCommand::Reopen { reason: "back".into() }).await;
    let measures = backend.measures(&window, Cut::Total, now).await.unwrap();
    assert_eq!(measures.now.mttr.count, 0);
}

pub async fn directory_is_empty_until_it_is_set(backend: &dyn Backend) {
    assert_eq!(
        backend.directory().await.unwrap(),
        redphone::model::directory::Directory::default()
    );
}
