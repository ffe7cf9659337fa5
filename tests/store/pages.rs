//! The pages of measures over a store, with figures worked out by hand.

use chrono::{DateTime, TimeDelta, Utc};
use redphone::backend::Backend;
use redphone::backend::file::{FileStore, Options};
use redphone::model::command::Declaration;
use redphone::model::measures::pages::{Objective, Pages, PagesQuery, Selection};
use redphone::model::measures::{Cut, Window};
use redphone::model::review::{ActionItem, ActionKind};
use redphone::model::status::{ResolutionAction, Source};
use redphone::model::{Event, EventBody, IncidentId, Rules};
use rstest::rstest;
use tempfile::{TempDir, tempdir};
use uuid::Uuid;

use super::fixtures::{declaration, event, import, options, record};

/// Returns a time of 2024, such as `03-02T08:00:00`.
fn time(text: &str) -> DateTime<Utc> {
    format!("2024-{text}Z").parse().unwrap()
}

/// Opens a store in which 43 minutes of 30 days may be downtime of the checkout.
async fn store() -> (TempDir, FileStore) {
    let objective =
        Objective { service: "checkout".into(), allowed_ppm: 1000, window_days: 30, alert: false };
    let rules = Rules { objectives: vec![objective], ..Rules::default() };
    let folder = tempdir().unwrap();
    let options = Options { rules, ..options() };
    let store = FileStore::open(&folder.path().join("store.db"), options).await.unwrap();
    (folder, store)
}

/// Imports a P2 of the checkout, detected and reported at 08:00 on March 2, with what happened to it.
async fn import_incident(store: &FileStore, events: &[(&str, EventBody)]) {
    import_with(store, declaration("Cards fail"), events).await;
}

/// The same with other facts.
async fn import_with(store: &FileStore, mut facts: Declaration, events: &[(&str, EventBody)]) {
    let id = IncidentId::new();
    let reported = time("03-02T08:00:00");
    (facts.detected_at, facts.reported_at) = (reported, reported);
    let declared = EventBody::Declared {
        number: None,
        priority: redphone::model::Priority::P2,
        declaration: Box::new(facts),
    };
    let bodies = events.iter().map(|(at, body)| (time(at), body.clone()));
    let all = std::iter::once((reported, declared)).chain(bodies);
    let records: Vec<_> = (1..)
        .zip(all)
        .map(|(seq, (at, body))| record(&Event { at, recorded_at: at, ..event(id, seq, body) }))
        .collect();
    import(store, &records).await;
}

async fn pages(store: &FileStore, selection: Selection, now: DateTime<Utc>) -> Pages {
    let window = Window::between(time("03-01T00:00:00"), time("04-01T00:00:00"), &Utc);
    let query = PagesQuery { window, selection, by: Vec::new(), offsets: <_>::default() };
    store.pages(&query, now).await.unwrap()
}

fn resolved() -> EventBody {
    EventBody::Resolved {
        action: ResolutionAction::Restart,
        detail: "restarted".into(),
        validation: "cards work".into(),
        stability: None,
    }
}

/// What is declared as a budget is used too fast would use it up, and be declared again.
#[rstest]
#[case::open(None)]
#[case::ended(Some("03-02T09:00:00"))]
#[tokio::test]
async fn incident_of_a_budget_is_no_outage(#[case] ended: Option<&str>) {
    let (_folder, store) = store().await;
    let mut facts = declaration("The budget of the checkout is used too fast");
    facts.dedup_key = Some("burn:checkout:99.9:30d:1h".into());
    let events: Vec<_> = ended.into_iter().map(|at| (at, resolved())).collect();
    import_with(&store, facts, &events).await;
    let pages = pages(&store, Selection::default(), time("03-02T10:00:00")).await;
    assert_eq!(pages.budgets[0].down_ms, 0);
}

/// The service was out from 08:00 to 13:00 on March 2, which 30 days later leaves the days of the objective minute
/// by minute.
#[rstest]
#[case("04-01T07:00:00", 300)]
#[case("04-01T08:00:00", 300)]
#[case("04-01T09:00:00", 240)]
#[case("04-01T12:30:00", 30)]
#[case("04-01T13:00:00", 0)]
#[tokio::test]
async fn outage_leaves_a_budget_as_time_passes(#[case] now: &str, #[case] minutes: i64) {
    let (_folder, store) = store().await;
    import_incident(&store, &[("03-02T13:00:00", resolved())]).await;
    let pages = pages(&store, Selection::default(), time(now)).await;
    assert_eq!(TimeDelta::milliseconds(pages.budgets[0].down_ms), TimeDelta::minutes(minutes));
}

/// A P2 is to be acknowledged in 15 minutes. It was muted from 08:05 on, in one case until 09:00: then it is due
/// at 09:10.
#[rstest]
#[case::still_muted(None, "03-02T18:00:00", 0)]
#[case::due(Some("03-02T09:00:00"), "03-02T09:10:00", 0)]
#[case::past(Some("03-02T09:00:00"), "03-02T09:10:01", 1)]
#[tokio::test]
async fn maintenance_stops_the_clock_to_acknowledge(
    #[case] unmuted: Option<&str>,
    #[case] now: &str,
    #[case] missed: u64,
) {
    let (_folder, store) = store().await;
    let muted = EventBody::Muted {
        window: Uuid::now_v7(),
        title: "The pool is replaced".into(),
        until: time("03-02T20:00:00"),
    };
    let mut events = vec![("03-02T08:05:00", muted)];
    events.extend(unmuted.map(|at| (at, EventBody::Unmuted)));
    import_incident(&store, &events).await;
    let now = time(now);
    let pages = pages(&store, Selection::default(), now).await;
    let met = pages.now.acknowledge_all();
    assert_eq!((met.met, met.missed), (0, missed));
    let measures = store.measures(&pages.window, Cut::Total, now).await.unwrap();
    assert_eq!(measures.now.acknowledge_all(), met);
}

/// The incident was detected by monitoring.
#[rstest]
#[case(vec![], 1)]
#[case(vec![Source::Monitoring, Source::Partner], 1)]
#[case(vec![Source::Partner], 0)]
#[tokio::test]
async fn action_items_are_those_of_the_selected_sources(
    #[case] sources: Vec<Source>,
    #[case] open: u64,
) {
    let (_folder, store) = store().await;
    let item = ActionItem {
        id: Uuid::now_v7(),
        text: "Size the pool".into(),
        owner: None,
        due: Some(time("03-05T00:00:00").date_naive()),
        kind: ActionKind::Prevent,
        done: false,
    };
    import_incident(&store, &[("03-02T09:00:00", EventBody::ActionItemSet { item })]).await;
    let selection = Selection { sources, ..Selection::default() };
    let pages = pages(&store, selection, time("03-20T00:00:00")).await;
    assert_eq!((pages.open_actions, pages.overdue_actions), (open, open));
}
