//! The behaviour of every reader, with and without a cache: each case is run against each.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use redphone::backend::lists::{
    ActionItemSearch, ChangeSearch, FeedSearch, ProblemSearch, ReviewSearch,
};
use redphone::backend::{Backend, BackendError, Page, TimelineRange};
use redphone::model::change::{Change, ChangeKind, ChangeState};
use redphone::model::measures::{Cut, Window};
use redphone::model::problem::{Problem, ProblemState};
use redphone::model::review::{ActionItem, ActionKind};
use redphone::model::{
    Actor, ChangeId, Command, IncidentCommand, IncidentId, IncidentNumber, ProblemId,
};
use redphone::sync::{DirectReader, ReadResult, Reader, Sourced};
use rstest::rstest;

use super::fixtures::RemoteFixture;
use crate::support::remote_stub::StubMode;
use crate::support::requests::{ask, declared, envelope, ines, search};

/// The number of events that are read with an incident.
const EVENTS: u32 = 200;

/// The kinds of readers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Direct,
    Remote,
}

/// The kinds of reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Read {
    Capabilities,
    Directory,
    Problems,
    Feed,
    Changes,
    Reviews,
    ActionItems,
    LinkedProblems,
    Page,
    Detail,
    TimelineEnd,
    TimelineAfter,
    TimelineBefore,
    Number,
    Incident,
    Measures,
}

/// A store with an incident that has three events, and a reader of the store.
struct Scene {
    fixture: RemoteFixture,
    reader: Arc<dyn Reader>,
    id: IncidentId,
    number: IncidentNumber,
    /// The time up to which measures are counted.
    now: DateTime<Utc>,
}

impl Scene {
    async fn new(kind: Kind) -> Self {
        let fixture = RemoteFixture::new().await;
        let id = declared(&*fixture.store, "Cards fail").await;
        for text in ["seen", "on it"] {
            let note = ask(id, IncidentCommand::AddNote { text: text.into() });
            fixture.store.execute(&note).await.unwrap();
        }
        record_lists(&fixture, id).await;
        let number = fixture.store.incident(id).await.unwrap().incident.summary.number.unwrap();
        let reader: Arc<dyn Reader> = match kind {
            Kind::Direct => {
                Arc::new(DirectReader::new(Arc::clone(&fixture.stub) as Arc<dyn Backend>))
            }
            Kind::Remote => fixture.remote().await,
        };
        Self { fixture, reader, id, number, now: Utc::now() }
    }

    /// Performs a read, and returns all results in order, as texts. Responses that were paused
    /// arrive after the first result.
    async fn read(&self, read: Read) -> Vec<ReadResult<String>> {
        let (reader, id) = (&self.reader, self.id);
        let timeline = async |range| vec![text(reader.read_timeline(id, range).await)];
        let mut results = Vec::new();
        match read {
            Read::Capabilities => vec![text(reader.read_capabilities().await)],
            Read::Directory => vec![text(reader.read_directory().await)],
            Read::Problems => vec![text(reader.read_problems().await)],
            Read::Feed => vec![list(reader.read_feed(&FeedSearch::first(50)).await)],
            Read::Changes => {
                vec![list(reader.read_recorded_changes(&ChangeSearch::first(50)).await)]
            }
            Read::Reviews => vec![list(reader.read_reviews(&ReviewSearch::first(50)).await)],
            Read::ActionItems => {
                vec![list(reader.read_action_items(&ActionItemSearch::first(50)).await)]
            }
            Read::LinkedProblems => {
                vec![list(reader.read_linked_problems(&ProblemSearch::first(50)).await)]
            }
            Read::Page => vec![text(reader.read_page(&search("cards")).await)],
            Read::Detail => vec![text(reader.read_detail(id).await)],
            Read::TimelineEnd => timeline(TimelineRange::Last(2)).await,
            Read::TimelineAfter => timeline(TimelineRange::After(1)).await,
            Read::TimelineBefore => timeline(TimelineRange::Before(3, 1)).await,
            Read::Number => vec![text(reader.find_incident(self.number).await)],
            Read::Incident => {
                let mut on_read = |read| {
                    results.push(text(read));
                    self.fixture.stub.resume();
                };
                reader.read_incident(id, EVENTS, &mut on_read).await;
                results
            }
            Read::Measures => {
                let window = Window::last_day(self.now);
                let mut on_read = |read| {
                    results.push(text(read));
                    self.fixture.stub.resume();
                };
                reader.read_measures(&window, Cut::Total, self.now, &mut on_read).await;
                results
            }
        }
    }

    /// Performs the same read on the store itself.
    async fn expected(&self, read: Read) -> String {
        let (store, id) = (&self.fixture.store, self.id);
        let timeline = async |range| debug(&store.timeline(id, range).await.unwrap());
        match read {
            Read::Capabilities => debug(&store.capabilities().await.unwrap()),
            Read::Directory => debug(&store.directory().await.unwrap()),
            Read::Problems => debug(&store.problems().await.unwrap()),
            Read::Feed => page(store.feed(&FeedSearch::first(50)).await.unwrap()),
            Read::Changes => page(store.recorded_changes(&ChangeSearch::first(50)).await.unwrap()),
            Read::Reviews => page(store.reviews(&ReviewSearch::first(50)).await.unwrap()),
            Read::ActionItems => {
                page(store.action_items(&ActionItemSearch::first(50)).await.unwrap())
            }
            Read::LinkedProblems => {
                page(store.linked_problems(&ProblemSearch::first(50)).await.unwrap())
            }
            Read::Page => {
                let mut page = store.search(&search("cards")).await.unwrap();
                page.total = None;
                debug(&page)
            }
            Read::Detail => debug(&store.incident(id).await.unwrap()),
            Read::TimelineEnd => timeline(TimelineRange::Last(2)).await,
            Read::TimelineAfter => timeline(TimelineRange::After(1)).await,
            Read::TimelineBefore => timeline(TimelineRange::Before(3, 1)).await,
            Read::Number => debug(&id),
            Read::Incident => {
                let events = store.timeline(id, TimelineRange::Last(EVENTS)).await.unwrap();
                debug(&(store.incident(id).await.unwrap(), events))
            }
            Read::Measures => {
                let window = Window::last_day(self.now);
                debug(&store.measures(&window, Cut::Total, self.now).await.unwrap())
            }
        }
    }
}

/// Records entries of the lists over all incidents: an action item, a change and a problem.
async fn record_lists(fixture: &RemoteFixture, id: IncidentId) {
    let item = ActionItem {
        id: uuid::Uuid::now_v7(),
        text: "add an alert".into(),
        owner: None,
        due: None,
        kind: ActionKind::Detect,
        done: false,
    };
    let change = Change {
        id: ChangeId::new(),
        kind: ChangeKind::Deploy,
        title: "checkout v812".into(),
        services: vec!["auth".into()],
        by: Actor::Person(ines()),
        starts_at: Utc::now(),
        ends_at: None,
        state: ChangeState::Running,
        url: None,
        approval: None,
        extra: <_>::default(),
    };
    let problem = Problem {
        id: ProblemId::new(),
        title: "pool too small".into(),
        state: ProblemState::Open,
        services: vec!["auth".into()],
        cause: String::new(),
        workaround: String::new(),
        opened_at: Utc::now(),
        owner: None,
        team: None,
        category: None,
        removed_at: None,
        revision: 0,
        edits: Vec::new(),
        extra: <_>::default(),
    };
    for envelope in [
        ask(id, IncidentCommand::SetActionItem { item }),
        envelope(Command::RecordChange(change)),
        envelope(Command::RecordProblem(problem)),
    ] {
        fixture.store.execute(&envelope).await.unwrap();
    }
}

fn debug(value: &impl Debug) -> String {
    // The cache returns a total for the history, and the store does not.
    let text = format!("{value:?}");
    text.replace("total: Some(1)", "total: None")
}

/// Returns a page as a text, without the total, which the cache always has.
fn page<T: Debug>(page: Page<T>) -> String {
    assert!(!page.rows.is_empty());
    debug(&Page { total: None, ..page })
}

fn list<T: Debug>(read: ReadResult<Page<T>>) -> ReadResult<String> {
    read.map(|read| read.map(page))
}

fn text<T: Debug>(read: ReadResult<T>) -> ReadResult<String> {
    read.map(|read| read.map(|value| debug(&value)))
}

#[rstest]
#[tokio::test]
async fn reader_returns_fresh_values_of_its_backend(
    #[values(Kind::Direct, Kind::Remote)] kind: Kind,
    #[values(
        Read::Capabilities,
        Read::Directory,
        Read::Problems,
        Read::Feed,
        Read::Changes,
        Read::Reviews,
        Read::ActionItems,
        Read::LinkedProblems,
        Read::Page,
        Read::Detail,
        Read::TimelineEnd,
        Read::TimelineAfter,
        Read::TimelineBefore,
        Read::Number,
        Read::Incident,
        Read::Measures
    )]
    read: Read,
) {
    let scene = Scene::new(kind).await;
    assert_eq!(scene.read(read).await, [Ok(Sourced::fresh(scene.expected(read).await))]);
    assert_eq!(scene.reader.last_failure(), None);
}

#[rstest]
#[tokio::test]
async fn reader_without_its_backend_returns_what_it_has_cached(
    #[values(Kind::Direct, Kind::Remote)] kind: Kind,
    #[values(
        Read::Capabilities,
        Read::Directory,
        Read::Problems,
        Read::Feed,
        Read::Changes,
        Read::Reviews,
        Read::ActionItems,
        Read::LinkedProblems,
        Read::Page,
        Read::Detail,
        Read::TimelineEnd,
        Read::TimelineAfter,
        Read::TimelineBefore,
        Read::Number,
        Read::Incident,
        Read::Measures
    )]
    read: Read,
) {
    let scene = Scene::new(kind).await;
    let before = Utc::now();
    // A lookup by number or a part of a timeline is cached once the incident is.
    scene.read(Read::Incident).await;
    scene.read(read).await;
    scene.fixture.stub.set_mode(StubMode::Offline);
    let results = scene.read(read).await;
    assert_eq!(results.len(), 1, "{results:?}");
    match (kind, &results[0]) {
        (Kind::Direct, Err(BackendError::Unreachable(_))) => {}
        (Kind::Remote, Ok(Sourced { value, as_of: Some(at) })) => {
            // Times are cached in milliseconds.
            assert!(at.timestamp_millis() >= before.timestamp_millis(), "{at}");
            assert_eq!(*value, scene.expected(read).await);
            assert!(scene.reader.last_failure().is_some());
        }
        (kind, result) => panic!("{kind:?}: {result:?}"),
    }
}

#[rstest]
#[case(Kind::Direct, Read::Incident, &[false])]
#[case(Kind::Direct, Read::Measures, &[false])]
#[case(Kind::Remote, Read::Incident, &[true, false])]
#[case(Kind::Remote, Read::Measures, &[true, false])]
#[tokio::test]
async fn slow_backend_is_preceded_by_what_is_cached(
    #[case] kind: Kind,
    #[case] read: Read,
    #[case] cached: &[bool],
) {
    let scene = Scene::new(kind).await;
    scene.read(read).await;
    scene.fixture.stub.set_mode(StubMode::Paused);
    if kind == Kind::Direct {
        let early = tokio::time::timeout(Duration::from_millis(300), scene.read(read)).await;
        assert!(early.is_err(), "{early:?}");
        scene.fixture.stub.resume();
    }
    let results = scene.read(read).await;
    let ages: Vec<bool> =
        results.iter().map(|read| read.as_ref().unwrap().as_of.is_some()).collect();
    assert_eq!(ages, cached);
}

#[rstest]
#[tokio::test]
async fn fetches_are_never_answered_from_the_cache(
    #[values(Kind::Direct, Kind::Remote)] kind: Kind,
) {
    let scene = Scene::new(kind).await;
    let (reader, wanted) = (&scene.reader, search("cards"));
    let delta = reader.fetch_changes(None, Duration::ZERO).await.unwrap();
    assert_eq!((delta.reset, delta.rows.len()), (true, 1));
    assert_eq!(reader.fetch_capabilities().await.unwrap().name, "prod");
    assert_eq!(reader.fetch_page(&wanted).await.unwrap().rows.len(), 1);
    reader.fetch_directory().await.unwrap();
    scene.fixture.stub.set_mode(StubMode::Offline);
    assert!(reader.fetch_changes(None, Duration::ZERO).await.is_err());
    assert!(reader.fetch_capabilities().await.is_err());
    assert!(reader.fetch_page(&wanted).await.is_err());
    assert!(reader.fetch_directory().await.is_err());
    let state = reader.cached_state().await;
    let is_cached = kind == Kind::Remote;
    assert_eq!(state.rows.is_some(), is_cached);
    assert_eq!(state.directory.is_some_and(|directory| directory.as_of.is_some()), is_cached);
    assert_eq!(state.capabilities.is_some(), is_cached);
    assert_eq!(state.cursor, is_cached.then_some(delta.cursor));
}

#[rstest]
#[tokio::test]
async fn unknown_number_is_not_found(#[values(Kind::Direct, Kind::Remote)] kind: Kind) {
    let scene = Scene::new(kind).await;
    let found = scene.reader.find_incident(IncidentNumber(999_999)).await;
    assert!(matches!(found, Err(BackendError::NotFound(_))), "{found:?}");
    assert_eq!(scene.reader.resolve_alias(scene.id).await.unwrap(), scene.id);
    scene.reader.refresh_cache().await;
}
