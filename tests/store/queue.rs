//! The default queue, whose first page is found by indexes: it has what the same list has that is found by
//! reading every row.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use redphone::backend::file::FileStore;
use redphone::backend::{Backend, Search};
use redphone::model::queue::{OpenCounts, Sort};
use redphone::model::{Envelope, Impact, IncidentCommand, IncidentId, Rules, Summary, Urgency};
use tempfile::tempdir;

use super::fixtures::{ask, declaration, open};

/// How many incidents the store has.
const INCIDENTS: i64 = 96;

async fn at(store: &FileStore, id: IncidentId, at: DateTime<Utc>, command: IncidentCommand) {
    store.execute(&Envelope { at, ..ask(id, command) }).await.unwrap();
}

/// Makes incidents of all priorities, reported over three days: unacknowledged ones, acknowledged ones, and
/// of these some that were paused, some that are, and some that are snoozed.
async fn fill(store: &FileStore, now: DateTime<Utc>) {
    let levels = [
        (Impact::High, Urgency::High),
        (Impact::High, Urgency::Medium),
        (Impact::Medium, Urgency::Medium),
        (Impact::Low, Urgency::Low),
    ];
    for number in 0..INCIDENTS {
        let reported = now - TimeDelta::minutes(45 * (INCIDENTS - number));
        let mut declared = declaration("Slow answers");
        (declared.impact, declared.urgency) = levels[usize::try_from(number % 4).unwrap()];
        (declared.detected_at, declared.reported_at) = (reported, reported);
        let id = IncidentId::new();
        let after = |minutes: i64| reported + TimeDelta::minutes(minutes);
        at(store, id, reported, IncidentCommand::Declare(Box::new(declared))).await;
        let kind = number / 4 % 6;
        if kind == 0 {
            continue;
        }
        at(store, id, after(1), IncidentCommand::Acknowledge).await;
        let pause = || IncidentCommand::Pause { reason: "them".into() };
        match kind {
            1 => {}
            2 | 3 => {
                at(store, id, after(2), pause()).await;
                at(store, id, after(2 + 10 * (number % 7)), IncidentCommand::Unpause).await;
            }
            4 => at(store, id, after(3 + number), pause()).await,
            _ => {
                let until = now + TimeDelta::minutes(number);
                at(store, id, after(3), IncidentCommand::Snooze { until }).await;
            }
        }
    }
}

/// Returns all rows of a list, read in pages, and the counts beside the first one.
async fn read(
    store: &FileStore,
    filter: &str,
    limit: u32,
    now: DateTime<Utc>,
) -> (Vec<Summary>, OpenCounts) {
    let filter = filter.parse().unwrap();
    let mut search = Search { filter, me: None, sort: Sort::Urgent, limit, after: None, now };
    let first = store.search(&search).await.unwrap();
    let (mut rows, counts) = (first.rows, first.counts.unwrap());
    search.after = first.next;
    while search.after.is_some() {
        let page = store.search(&search).await.unwrap();
        rows.extend(page.rows);
        search.after = page.next;
    }
    (rows, counts)
}

#[tokio::test]
async fn pages_of_the_default_queue_leave_nothing_out() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await;
    let begun = Utc::now().trunc_subsecs(0);
    fill(&store, begun).await;
    let mut past = Vec::new();
    for hours in [0, 1, 4, 9, 26, 70, 120] {
        let now = begun + TimeDelta::hours(hours);
        let (expected, counts) = read(&store, "is:open", 1000, now).await;
        let snoozed = read(&store, "is:snoozed", 1000, now).await.0;
        assert_eq!(expected.len() + snoozed.len(), 96, "after {hours} h");
        let mut counted = OpenCounts::default();
        let levels = Rules::default().levels;
        expected.iter().chain(&snoozed).for_each(|row| counted.add(row, now, &levels));
        assert_eq!(counts, counted, "after {hours} h");
        let numbers = |rows: &[Summary]| rows.iter().map(|row| row.number).collect::<Vec<_>>();
        for limit in [1, 2, 7, 20, 50, 95, 1000] {
            let (rows, counts) = read(&store, "", limit, now).await;
            assert_eq!(numbers(&rows), numbers(&expected), "{limit} after {hours} h");
            assert_eq!(counts, counted, "{limit} after {hours} h");
        }
        past.push(counted.past);
    }
    // Pauses make a difference: without them more would be late.
    assert!(past.is_sorted() && past[0] < past[4], "{past:?}");
}
