//! The begin of the impact, the affected users, the reporters, and teams that help.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use redphone::backend::file::{FileStore, doctor};
use redphone::backend::{Backend, BackendError, Search, TimelineRange};
use redphone::model::bad_field::{BadField, FieldProblem};
use redphone::model::impact::{Affected, MAX_REPORTERS, Reporter};
use redphone::model::measures::Window;
use redphone::model::measures::pages::PagesQuery;
use redphone::model::queue::Sort;
use redphone::model::{EventBody, IncidentCommand, IncidentId, Rejection};
use rstest::rstest;
use tempfile::{TempDir, tempdir};
use uuid::Uuid;

use super::fixtures::{ask, declared, open};

async fn store() -> (TempDir, FileStore) {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await;
    (folder, store)
}

fn reporter(name: &str) -> Reporter {
    let (contact, ticket) = (Some("tom@example.org".into()), Some("T-4711".into()));
    Reporter { id: Uuid::now_v7(), name: name.into(), contact, ticket, redacted: false }
}

async fn done(store: &FileStore, id: IncidentId, command: IncidentCommand) {
    store.execute(&ask(id, command)).await.unwrap();
}

async fn rejection(store: &FileStore, id: IncidentId, command: IncidentCommand) -> Rejection {
    match store.execute(&ask(id, command)).await {
        Err(BackendError::Rejected(why) | BackendError::Conflict(why)) => why.rejection,
        other => panic!("{other:?} is no rejection"),
    }
}

fn minutes_ago(minutes: i64) -> DateTime<Utc> {
    Utc::now().trunc_subsecs(0) - TimeDelta::minutes(minutes)
}

/// Two incidents: the first one has everything, the second one nothing.
async fn filled(store: &FileStore) -> [IncidentId; 2] {
    let first = declared(store, "Cards fail").await;
    let second = declared(store, "Logins fail").await;
    let affected = Affected { users: Some(1200), share: Some(12_500), ..Affected::default() };
    for command in [
        IncidentCommand::SetImpactBegan { at: Some(minutes_ago(90)) },
        IncidentCommand::SetAffected { affected },
        IncidentCommand::AddReporter { reporter: reporter("Tom Varga") },
        IncidentCommand::InvolveTeam { team: "network".into(), involved: true },
    ] {
        done(store, first, command).await;
    }
    [first, second]
}

async fn found(store: &FileStore, filter: &str) -> Vec<IncidentId> {
    let search = Search {
        filter: filter.parse().unwrap(),
        me: None,
        sort: Sort::Oldest,
        limit: 10,
        after: None,
        now: Utc::now(),
    };
    store.search(&search).await.unwrap().rows.iter().map(|row| row.id).collect()
}

#[rstest]
#[case("users>1000", &[0])]
#[case("users>1200", &[])]
#[case("users<1201", &[0])]
#[case("-users>1000", &[1])]
#[case("began>1h", &[0])]
#[case("began<1h", &[])]
#[case("reporter:varga", &[0])]
#[case("reporter:t-4711", &[0])]
#[case("reporter:none", &[1])]
#[case("reporter:omar", &[])]
#[case("team:network", &[0])]
#[case("team:payments", &[0, 1])]
#[case("team:network team:payments", &[0, 1])]
#[case("-team:network", &[1])]
#[case("team:none", &[])]
#[tokio::test]
async fn filters_find_the_impact_in_queue_and_history(
    #[case] filter: &str,
    #[case] expected: &[usize],
) {
    let (_folder, store) = store().await;
    let ids = filled(&store).await;
    let expected: Vec<IncidentId> = expected.iter().map(|index| ids[*index]).collect();
    assert_eq!(found(&store, filter).await, expected, "open");
    assert_eq!(found(&store, &format!("is:any {filter}")).await, expected, "history");
}

#[tokio::test]
async fn released_team_is_found_no_longer() {
    let (folder, store) = store().await;
    let [first, _] = filled(&store).await;
    let release = IncidentCommand::InvolveTeam { team: "network".into(), involved: false };
    done(&store, first, release.clone()).await;
    assert_eq!(found(&store, "is:any team:network").await, []);
    assert_eq!(rejection(&store, first, release).await, Rejection::NotInvolved);
    let own = IncidentCommand::InvolveTeam { team: "payments".into(), involved: true };
    assert_eq!(rejection(&store, first, own).await, Rejection::AlreadyInvolved);
    store.close().await;
    let report = doctor::examine(&folder.path().join("store.db")).await.unwrap();
    assert_eq!(report.findings, []);
}

#[tokio::test]
async fn beginning_does_not_lie_in_the_future() {
    let (_folder, store) = store().await;
    let id = declared(&store, "Cards fail").await;
    let at = Utc::now().trunc_subsecs(0) + TimeDelta::hours(1);
    let refused = rejection(&store, id, IncidentCommand::SetImpactBegan { at: Some(at) }).await;
    let problem = FieldProblem::InTheFuture(at);
    assert_eq!(refused, Rejection::Field(BadField::new("at", problem)));
    let none = IncidentCommand::SetImpactBegan { at: None };
    assert_eq!(rejection(&store, id, none).await, Rejection::NothingToChange);
}

#[tokio::test]
async fn reporters_are_counted_removed_and_bounded() {
    let (_folder, store) = store().await;
    let id = declared(&store, "Cards fail").await;
    let first = reporter("Tom Varga");
    for _ in 1..MAX_REPORTERS {
        done(&store, id, IncidentCommand::AddReporter { reporter: reporter("Bo") }).await;
    }
    done(&store, id, IncidentCommand::AddReporter { reporter: first.clone() }).await;
    let again = IncidentCommand::AddReporter { reporter: first.clone() };
    assert_eq!(rejection(&store, id, again).await, Rejection::AlreadyReported);
    let more = IncidentCommand::AddReporter { reporter: reporter("Bo") };
    let problem = FieldProblem::TooManyEntries { count: MAX_REPORTERS + 1, max: MAX_REPORTERS };
    let refused = rejection(&store, id, more).await;
    assert_eq!(refused, Rejection::Field(BadField::new("reporter", problem)));
    done(&store, id, IncidentCommand::RemoveReporter { reporter: first.id }).await;
    let record = store.incident(id).await.unwrap().incident;
    assert_eq!(record.reporters.len(), MAX_REPORTERS - 1);
    let missing = IncidentCommand::RemoveReporter { reporter: first.id };
    assert_eq!(rejection(&store, id, missing).await, Rejection::NoSuchReporter);
}

#[tokio::test]
async fn undo_leads_back_to_the_reporters_as_they_were() {
    let (_folder, store) = store().await;
    let id = declared(&store, "Cards fail").await;
    let (tom, bo) = (reporter("Tom Varga"), reporter("Bo Lindqvist"));
    for one in [&tom, &bo] {
        done(&store, id, IncidentCommand::AddReporter { reporter: one.clone() }).await;
    }
    let remove = ask(id, IncidentCommand::RemoveReporter { reporter: tom.id });
    store.execute(&remove).await.unwrap();
    let mut undo = ask(id, IncidentCommand::AddReporter { reporter: tom.clone() });
    if let redphone::model::Command::Incident { undoes, .. } = &mut undo.command {
        *undoes = Some(remove.id);
    }
    store.execute(&undo).await.unwrap();
    let record = store.incident(id).await.unwrap().incident;
    assert_eq!(record.reporters, [tom, bo]);
}

/// Detected 2 minutes ago, began 12 minutes ago: 10 minutes. Of the other one nothing is known.
#[tokio::test]
async fn time_to_detect_is_from_the_beginning_to_the_detection() {
    let (_folder, store) = store().await;
    let first = declared(&store, "Cards fail").await;
    declared(&store, "Logins fail").await;
    let now = Utc::now() + TimeDelta::minutes(1);
    let query = || {
        let window = Window::last_days(7, now, &Utc);
        let (selection, by, offsets) = (<_>::default(), Vec::new(), <_>::default());
        PagesQuery { window, selection, by, offsets }
    };
    let before = store.pages(&query(), now).await.unwrap();
    assert_eq!(before.now.mttd.times.count, 0);
    let detected_at = store.incident(first).await.unwrap().incident.summary.detected_at;
    let began = Some(detected_at - TimeDelta::minutes(10));
    done(&store, first, IncidentCommand::SetImpactBegan { at: began }).await;
    let after = store.pages(&query(), now).await.unwrap();
    let times = after.now.mttd.times;
    assert_eq!((times.count, times.mean_ms), (1, 600_000));
    // Impact that begins after the detection does not count.
    let began = Some(detected_at + TimeDelta::seconds(1));
    done(&store, first, IncidentCommand::SetImpactBegan { at: began }).await;
    let late = store.pages(&query(), now).await.unwrap();
    assert_eq!(late.now.mttd.times.count, 0);
}

#[tokio::test]
async fn impact_is_corrected_after_the_end() {
    let (_folder, store) = store().await;
    let id = declared(&store, "Cards fail").await;
    done(&store, id, crate::support::requests::resolve()).await;
    let affected = Affected { users: Some(7), ..Affected::default() };
    done(&store, id, IncidentCommand::SetAffected { affected: affected.clone() }).await;
    let events = store.timeline(id, TimelineRange::Last(1)).await.unwrap();
    assert_eq!(events[0].body, EventBody::AffectedSet { affected });
}
