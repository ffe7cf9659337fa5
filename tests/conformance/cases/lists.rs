//! Lists over all incidents: events, changes, reviews, action items, problems.

use chrono::{NaiveDate, TimeDelta, Utc};
use redphone::backend::lists::{
    ActionItemEntry, ActionItemSearch, ChangeSearch, FeedEntry, FeedSearch, ListSearch,
    NotificationSearch, ProblemSearch, ReviewSearch, ReviewState, TimeOrder,
};
use redphone::backend::{Backend, BackendError, Page, PageMark};
use redphone::model::change::{Change, ChangeKind, ChangeState};
use redphone::model::command::{Declaration, Link};
use redphone::model::notification::NotificationState;
use redphone::model::problem::{Problem, ProblemState};
use redphone::model::review::{ActionItem, ActionKind, Section};
use redphone::model::{
    Actor, ChangeId, Command, EventBody, Impact, IncidentCommand, IncidentId, PersonRef, ProblemId,
    Urgency,
};

use crate::support::requests::{declaration, declared, declared_as, done, envelope, ines, resolve};

/// Reads all pages of a list, with `limit` rows on each, and checks that no row comes twice, that
/// all match and that they are in order.
macro_rules! all_pages {
    ($backend:expr, $method:ident, $search:expr, $limit:expr) => {{
        let (mut search, mut rows) = ($search.clone(), Vec::new());
        search.limit = $limit;
        loop {
            let page: Page<_> = $backend.$method(&search).await.unwrap();
            assert!(page.rows.len() <= $limit as usize);
            rows.extend(page.rows);
            match page.next {
                Some(next) => search.after = Some(next),
                None => break,
            }
        }
        check_rows(&$search, &rows);
        rows
    }};
}

fn check_rows<S: ListSearch>(search: &S, rows: &[S::Row]) {
    let ids: std::collections::BTreeSet<String> = rows.iter().map(S::identity).collect();
    assert_eq!(ids.len(), rows.len());
    assert!(rows.iter().all(|row| search.matches(row)));
    assert!(rows.windows(2).all(|two| search.compare(&two[0], &two[1]).is_le()));
}

/// A declaration whose matrix gives P1.
fn urgent(title: &str) -> Declaration {
    Declaration { impact: Impact::High, urgency: Urgency::High, ..declaration(title) }
}

/// A declaration whose matrix gives no P1 or P2.
fn calm(title: &str) -> Declaration {
    Declaration { impact: Impact::Low, urgency: Urgency::Low, ..declaration(title) }
}

fn kinds(rows: &[FeedEntry]) -> Vec<&str> {
    rows.iter().map(|row| row.event.body.kind()).collect()
}

/// Reads the events that follow in the log, up to the present end, and moves the search there.
async fn follow(backend: &dyn Backend, search: &mut FeedSearch) -> Vec<FeedEntry> {
    let mut rows = Vec::new();
    loop {
        let page = backend.feed(search).await.unwrap();
        search.after = Some(page.next.expect("each page has a mark"));
        if page.rows.is_empty() {
            return rows;
        }
        rows.extend(page.rows);
    }
}

pub async fn feed_has_the_events_of_all_incidents(backend: &dyn Backend) {
    let one = declared(backend, "one").await;
    let two =
        declared_as(backend, Declaration { team: Some("edge".into()), ..declaration("two") }).await;
    done(backend, one, IncidentCommand::Acknowledge).await;
    for round in 0..3 {
        done(backend, two, IncidentCommand::AddNote { text: format!("note {round}") }).await;
    }
    let search = FeedSearch::first(100);
    let newest = all_pages!(backend, feed, search, 100);
    assert_eq!(newest[0].incident.title, "two");
    assert!(matches!(&newest[0].event.body, EventBody::NoteAdded { text } if text == "note 2"));
    assert!(newest.iter().any(|row| row.incident.id == one && row.incident.number.is_some()));
    for limit in [1, 2, 1000] {
        assert_eq!(all_pages!(backend, feed, search, limit), newest);
    }
    let oldest = FeedSearch { order: TimeOrder::Oldest, ..search.clone() };
    let mut reversed = all_pages!(backend, feed, oldest, 2);
    reversed.reverse();
    assert_eq!(reversed, newest);

    // The log can be followed: the last page has a mark, and later events come next.
    let mut log = FeedSearch { order: TimeOrder::Log, ..FeedSearch::first(2) };
    let mut followed = follow(backend, &mut log).await;
    // It continues after any event, too.
    for (index, entry) in followed.iter().enumerate() {
        let mut rest = FeedSearch { after: entry.cursor.clone(), ..log.clone() };
        assert!(rest.after.is_some(), "{entry:?}");
        assert_eq!(follow(backend, &mut rest).await, followed[index + 1..]);
    }
    for entry in &mut followed {
        entry.cursor = None;
    }
    followed.reverse();
    assert_eq!(followed, newest);
    done(backend, one, IncidentCommand::AddNote { text: "later".into() }).await;
    let later = follow(backend, &mut log).await;
    assert!(matches!(&later[..], [row] if row.incident.id == one), "{later:?}");
    let newest = all_pages!(backend, feed, search, 100);

    let notes = FeedSearch { kinds: vec!["note_added".into()], ..search.clone() };
    assert_eq!(kinds(&all_pages!(backend, feed, notes, 2)), ["note_added"; 4]);
    let edge = FeedSearch { team: Some("EDGE".into()), ..search.clone() };
    assert!(all_pages!(backend, feed, edge, 2).iter().all(|row| row.incident.id == two));
    let mine = FeedSearch { person: Some("ines".into()), ..notes.clone() };
    assert_eq!(all_pages!(backend, feed, mine, 1).len(), 4);
    for other in [
        FeedSearch { person: Some("nobody".into()), ..search.clone() },
        FeedSearch { team: Some("nobody".into()), ..search.clone() },
        FeedSearch { until: Some(Utc::now() - TimeDelta::days(20_000)), ..search.clone() },
    ] {
        assert_eq!(all_pages!(backend, feed, other, 10), []);
    }
    // From the time of one event on, and up to another.
    let at = newest[2].event.recorded_at;
    let since = FeedSearch { since: Some(at), ..search.clone() };
    let until = FeedSearch { until: Some(at), ..search.clone() };
    let (after, before) =
        (all_pages!(backend, feed, since, 2), all_pages!(backend, feed, until, 2));
    assert_eq!([after, before].concat(), newest);
}

pub async fn changes_are_listed_by_their_start(backend: &dyn Backend) {
    let now = Utc::now();
    let change = |title: &str, service: &str, start: i64, end: Option<i64>| Change {
        id: ChangeId::new(),
        kind: ChangeKind::Deploy,
        title: title.into(),
        services: vec![service.into()],
        by: Actor::Person(ines()),
        starts_at: now + TimeDelta::hours(start),
        ends_at: end.map(|end| now + TimeDelta::hours(end)),
        state: ChangeState::Done,
        url: None,
        approval: None,
        extra: <_>::default(),
    };
    let changes = [
        change("long ago", "auth", -24 * 900, Some(-24 * 900 + 1)),
        change("last week", "checkout", -24 * 7, Some(-24 * 7 + 1)),
        change("running", "auth", -30, None),
        change("an hour ago", "checkout", -1, Some(0)),
        change("planned", "auth", 50, Some(51)),
    ];
    for change in changes {
        backend.execute(&envelope(Command::RecordChange(change))).await.unwrap();
    }
    let titles = |rows: Vec<Change>| rows.into_iter().map(|row| row.title).collect::<Vec<_>>();
    let search = ChangeSearch::first(100);
    let all = ["planned", "an hour ago", "running", "last week", "long ago"];
    for limit in [1, 2, 100] {
        assert_eq!(titles(all_pages!(backend, recorded_changes, search, limit)), all);
    }
    let at = |hours: i64| Some(now + TimeDelta::hours(hours));
    for (search, expected) in [
        (ChangeSearch { until: Some(now), ..search.clone() }, &all[1..]),
        (ChangeSearch { since: at(-10), ..search.clone() }, &all[..3]),
        (ChangeSearch { since: at(-20), until: at(-10), ..search.clone() }, &["running"]),
        (
            ChangeSearch { service: Some("Checkout".into()), ..search.clone() },
            &["an hour ago", "last week"],
        ),
    ] {
        assert_eq!(titles(all_pages!(backend, recorded_changes, search, 2)), expected);
    }
}

async fn review(backend: &dyn Backend, id: IncidentId, section: Section, text: &str) {
    done(backend, id, IncidentCommand::WriteReview { section, text: text.into() }).await;
}

pub async fn reviews_are_listed_with_the_missing_ones(backend: &dyn Backend) {
    let missing = declared_as(backend, urgent("missing")).await;
    let draft = declared_as(backend, urgent("draft")).await;
    let published = declared_as(backend, urgent("published")).await;
    let quiet = declared_as(backend, calm("quiet")).await;
    let begun = declared_as(backend, calm("quiet and begun")).await;
    let open = declared_as(backend, urgent("open")).await;
    done(backend, draft, IncidentCommand::Assign { to: Some(ines()) }).await;
    for id in [missing, draft, published, quiet, begun] {
        done(backend, id, IncidentCommand::Acknowledge).await;
        done(backend, id, resolve()).await;
    }
    review(backend, draft, Section::Summary, "what happened").await;
    review(backend, draft, Section::Gaps, "").await;
    review(backend, begun, Section::Impact, "some").await;
    for section in Section::ALL {
        review(backend, published, *section, "text").await;
    }
    // All that is required is written, and it was not submitted, submitted, returned and submitted again.
    let submit = |returned: Option<&str>| IncidentCommand::SubmitReview {
        returned: returned.map(ToOwned::to_owned),
    };
    let with =
        |states: &[ReviewState]| ReviewSearch { states: states.into(), ..ReviewSearch::first(100) };
    for command in [None, Some(submit(None)), Some(submit(Some("unclear"))), Some(submit(None))] {
        let in_review = usize::from(command == Some(submit(None)));
        if let Some(command) = command {
            done(backend, published, command).await;
        }
        let rows = all_pages!(backend, reviews, with(&[ReviewState::InReview]), 1);
        assert_eq!(rows.len(), in_review);
        let rows = all_pages!(backend, reviews, with(&[ReviewState::Draft]), 1);
        assert_eq!(rows.len(), 3 - in_review);
    }
    let rows = all_pages!(backend, reviews, with(&[ReviewState::InReview]), 1);
    let found: Vec<_> = rows.iter().map(|row| (row.incident.id, row.state)).collect();
    assert_eq!(found, [(published, ReviewState::InReview)]);
    assert_eq!(rows[0].sections, 7);
    assert_eq!(rows[0].factors, ["text"]);
    assert_eq!(all_pages!(backend, reviews, with(&[ReviewState::Draft]), 1).len(), 2);
    done(backend, published, IncidentCommand::PublishReview).await;
    let search = ReviewSearch::first(100);
    for limit in [1, 2, 100] {
        let rows = all_pages!(backend, reviews, search, limit);
        let found: Vec<_> =
            rows.iter().map(|row| (row.incident.id, row.state, row.sections)).collect();
        let expected = [
            (begun, ReviewState::Draft, 1),
            (draft, ReviewState::Draft, 1),
            (missing, ReviewState::Missing, 0),
            (published, ReviewState::Published, 7),
        ];
        assert_eq!(found, expected);
        assert!(rows[3].published_at.is_some() && rows[3].ended_at.is_some());
    }
    let states = |states: &[ReviewState]| ReviewSearch { states: states.into(), ..search.clone() };
    assert_eq!(all_pages!(backend, reviews, states(&[ReviewState::Missing]), 5).len(), 1);
    let unpublished = states(&[ReviewState::Draft, ReviewState::Published]);
    assert_eq!(all_pages!(backend, reviews, unpublished, 1).len(), 3);
    let mine = ReviewSearch { owner: Some("INES".into()), ..search.clone() };
    assert_eq!(all_pages!(backend, reviews, mine, 1).len(), 1);
    let nobodys = ReviewSearch { owner: Some(String::new()), ..search.clone() };
    assert_eq!(all_pages!(backend, reviews, nobodys, 1).len(), 3);
    // A section that is emptied again, and an incident that is open again.
    review(backend, begun, Section::Impact, " \n").await;
    done(backend, missing, IncidentCommand::Reopen { reason: "again".into() }).await;
    let left: Vec<_> =
        all_pages!(backend, reviews, search, 10).iter().map(|row| row.incident.id).collect();
    assert_eq!(left, [draft, published]);
    assert!(!left.contains(&open));
}

fn item(text: &str, owner: Option<PersonRef>, due: Option<NaiveDate>) -> ActionItem {
    let id = uuid::Uuid::now_v7();
    ActionItem { id, text: text.into(), owner, due, kind: ActionKind::Prevent, done: false }
}

fn texts(rows: &[ActionItemEntry]) -> Vec<&str> {
    rows.iter().map(|row| row.item.text.as_str()).collect()
}

pub async fn action_items_are_listed_overdue_first(backend: &dyn Backend) {
    let (one, two) = (declared(backend, "one").await, declared(backend, "two").await);
    let day = |day: u32| NaiveDate::from_ymd_opt(2026, 3, day);
    let bo = PersonRef::new("bo", "Bo Lindqvist");
    let mut finished = item("finished", Some(ines()), day(1));
    finished.done = true;
    let later = item("later", Some(bo), day(20));
    for (incident, item) in [
        (one, item("no day", None, None)),
        (one, later.clone()),
        (two, finished.clone()),
        (two, item("late", Some(ines()), day(2))),
        (one, item("later too", Some(ines()), day(20))),
    ] {
        done(backend, incident, IncidentCommand::SetActionItem { item }).await;
    }
    let search = ActionItemSearch::first(100);
    let expected = ["late", "later", "later too", "no day", "finished"];
    for limit in [1, 2, 100] {
        assert_eq!(texts(&all_pages!(backend, action_items, search, limit)), expected);
    }
    assert_eq!(backend.action_items(&search).await.unwrap().total, Some(5));
    let open = ActionItemSearch { done: Some(false), ..search.clone() };
    let owner = |owner: &str| ActionItemSearch { owner: Some(owner.into()), ..open.clone() };
    let due = |day: Option<NaiveDate>| ActionItemSearch { due_before: day, ..open.clone() };
    let closed = ActionItemSearch { done: Some(true), ..search.clone() };
    for (search, expected) in [
        (open.clone(), &expected[..4]),
        (closed, &["finished"]),
        (owner("Ines"), &["late", "later too"]),
        (owner(""), &["no day"]),
        (owner("nobody"), &[]),
        (due(day(20)), &["late"]),
        (due(day(21)), &["late", "later", "later too"]),
    ] {
        assert_eq!(texts(&all_pages!(backend, action_items, search, 1)), expected);
        let total = backend.action_items(&search).await.unwrap().total;
        assert_eq!(total, Some(expected.len() as u64));
    }
    let rows = all_pages!(backend, action_items, search, 100);
    assert!(rows[0].is_overdue(day(3).unwrap()) && !rows[0].is_overdue(day(2).unwrap()));
    assert_eq!((rows[0].incident.id, rows[4].incident.id), (two, two));
    // A changed item moves to its new position.
    let item = ActionItem { done: true, ..later };
    done(backend, one, IncidentCommand::SetActionItem { item }).await;
    let rows = all_pages!(backend, action_items, search, 2);
    assert_eq!(texts(&rows), ["late", "later too", "no day", "finished", "later"]);
}

pub async fn problems_are_listed_with_their_incidents(backend: &dyn Backend) {
    let mut ids = Vec::new();
    for (title, state) in
        [("pool too small", ProblemState::Open), ("old cards", ProblemState::KnownError)]
    {
        let problem = Problem {
            id: ProblemId::new(),
            title: title.into(),
            state,
            services: vec!["checkout".into()],
            cause: String::new(),
            workaround: "restart".into(),
            opened_at: Utc::now(),
            owner: None,
            team: None,
            category: None,
            removed_at: None,
            revision: 0,
            edits: Vec::new(),
            extra: <_>::default(),
        };
        ids.push(problem.id);
        backend.execute(&envelope(Command::RecordProblem(problem))).await.unwrap();
    }
    let link = Link::Problem { id: ids[0], title: "pool too small".into() };
    let mut linked = Vec::new();
    for number in 0..12 {
        let id = declared(backend, &format!("incident {number}")).await;
        done(backend, id, IncidentCommand::Link { link: link.clone() }).await;
        linked.insert(0, id);
    }
    done(backend, linked.remove(0), IncidentCommand::Unlink { link }).await;
    let search = ProblemSearch::first(100);
    for limit in [1, 100] {
        let rows = all_pages!(backend, linked_problems, search, limit);
        // The open one comes before the known error, although that is newer.
        assert_eq!(rows.iter().map(|row| row.problem.id).collect::<Vec<_>>(), [ids[0], ids[1]]);
        assert_eq!((rows[1].incident_count, rows[1].incidents.len()), (0, 0));
        assert_eq!(rows[0].incident_count, 11);
        let found: Vec<_> = rows[0].incidents.iter().map(|incident| incident.id).collect();
        assert_eq!(found, linked[..10]);
    }
    let open = ProblemSearch { states: vec![ProblemState::Open], ..search.clone() };
    assert_eq!(all_pages!(backend, linked_problems, open, 1).len(), 1);
    let other = ProblemSearch { service: Some("auth".into()), ..search };
    assert_eq!(all_pages!(backend, linked_problems, other, 1).len(), 0);
}

/// An incident that nobody was called for has none, nor has one that does not exist.
pub async fn notifications_of_a_quiet_incident_are_none(backend: &dyn Backend) {
    let id = declared(backend, "quiet").await;
    for incident in [None, Some(id), Some(IncidentId::new())] {
        let search = NotificationSearch {
            incident,
            person: Some("ines".into()),
            states: NotificationState::ALL.to_vec(),
            ..NotificationSearch::first(5)
        };
        let page = backend.notifications(&search).await.unwrap();
        assert_eq!((page.rows, page.next), (Vec::new(), None));
    }
}

fn is_refused<T>(result: &Result<T, BackendError>) -> bool {
    matches!(result, Err(BackendError::Rejected(_)))
}

pub async fn lists_refuse_foreign_marks_and_limits(backend: &dyn Backend) {
    let marks = [
        PageMark::Event { newest_first: true, recorded: 5, log: 5 },
        PageMark::Change(5, 5),
        PageMark::Review(false, 5),
        PageMark::Problem(ProblemId::new()),
        PageMark::Notification(5, uuid::Uuid::now_v7()),
        PageMark::Key(5),
        PageMark::from("next please".to_owned()),
    ];
    for mark in marks {
        let after = Some(mark.clone());
        let oldest = FeedSearch { order: TimeOrder::Oldest, ..FeedSearch::first(5) };
        let feed = backend.feed(&FeedSearch { after: after.clone(), ..oldest }).await;
        assert!(is_refused(&feed), "{mark:?}");
        let items = ActionItemSearch { after: after.clone(), ..ActionItemSearch::first(5) };
        assert!(is_refused(&backend.action_items(&items).await), "{mark:?}");
        if !matches!(mark, PageMark::Change(..)) {
            let changes = ChangeSearch { after: after.clone(), ..ChangeSearch::first(5) };
            assert!(is_refused(&backend.recorded_changes(&changes).await), "{mark:?}");
        }
        if !matches!(mark, PageMark::Review(..)) {
            let reviews = ReviewSearch { after: after.clone(), ..ReviewSearch::first(5) };
            assert!(is_refused(&backend.reviews(&reviews).await), "{mark:?}");
        }
        if !matches!(mark, PageMark::Problem(_)) {
            let problems = ProblemSearch { after: after.clone(), ..ProblemSearch::first(5) };
            assert!(is_refused(&backend.linked_problems(&problems).await), "{mark:?}");
        }
        if !matches!(mark, PageMark::Notification(..)) {
            let notifications = NotificationSearch { after, ..NotificationSearch::first(5) };
            assert!(is_refused(&backend.notifications(&notifications).await), "{mark:?}");
        }
    }
    for limit in [0, 1001] {
        assert!(backend.feed(&FeedSearch::first(limit)).await.is_err());
        assert!(backend.recorded_changes(&ChangeSearch::first(limit)).await.is_err());
        assert!(backend.reviews(&ReviewSearch::first(limit)).await.is_err());
        assert!(backend.action_items(&ActionItemSearch::first(limit)).await.is_err());
        assert!(backend.linked_problems(&ProblemSearch::first(limit)).await.is_err());
        assert!(backend.notifications(&NotificationSearch::first(limit)).await.is_err());
    }
}
