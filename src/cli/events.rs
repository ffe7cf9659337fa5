//! `events`: prints the events of all incidents for scripts, and as they happen.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::args::Events;
use super::context::Context;
use super::failure::Failure;
use super::out::Out;
use super::records::{EventLine, Format, Printer};
use super::session::{BackendConnection, OldestRead, open_to_read};
use super::value::IncidentRef;
use super::watch::ChangeWaiter;
use crate::backend::lists::{FeedEntry, FeedSearch, TimeOrder};
use crate::model::EventId;
use crate::model::directory::Directory;

/// The maximum number of events in one answer of a backend.
const PAGE_ROWS: u32 = 1000;
/// The default time span of the events.
const FIRST_SPAN: TimeDelta = TimeDelta::days(1);

/// Prints events, the earliest first, page by page.
pub async fn run(context: &mut Context, args: Events) -> Result<(), Failure> {
    let json = args.json.then_some(Format::Jsonl);
    let printer = args.output.printer(json, EventLine::FIELDS, EventLine::DEFAULT_COLUMNS)?;
    let mut printer = printer.unwrap_or_else(|| Printer::table(EventLine::DEFAULT_COLUMNS));
    if args.watch && !printer.is_streamed() {
        return Err(Failure::usage("--watch prints one line for each change: use --format jsonl"));
    }
    let Context { config, out, .. } = context;
    let connection = open_to_read(config).await?;
    let now = connection.backend_now();
    let default = if args.watch { now } else { now - FIRST_SPAN };
    let since = args.since.map_or(default, |time| time.at(now));
    let until = args.until.map(|time| time.at(now));
    if until.is_some_and(|until| since >= until) {
        return Err(Failure::usage(
            "--since is not before --until: give a range with some time in it",
        ));
    }
    let me = connection.my_handle(config).await;
    let search = FeedSearch {
        since: Some(since),
        until,
        order: TimeOrder::Oldest,
        team: args.selection.team.clone(),
        kinds: args.selection.kinds.clone(),
        person: args.selection.person_as(&me),
        limit: PAGE_ROWS,
        after: None,
    };
    let directory = connection.reader.read_directory().await.map(|read| read.value);
    let mut run = EventRun {
        connection: &connection,
        search,
        incidents: args.incidents,
        directory: directory.unwrap_or_default(),
        seen: BTreeSet::new(),
        latest: None,
        oldest: OldestRead::default(),
    };
    // Begun before the first read, so that nothing between the two is missed.
    let mut waiter = None;
    if args.watch {
        waiter = Some(ChangeWaiter::begin(&connection).await?);
    }
    run.print_new(out, &mut printer).await?;
    while let Some(waiter) = &mut waiter {
        waiter.wait().await?;
        run.print_new(out, &mut printer).await?;
    }
    printer.finish(out)?;
    out.flush()?;
    let oldest = run.oldest;
    connection.report_staleness(oldest);
    connection.close().await;
    Ok(())
}

/// The state of printing.
struct EventRun<'a> {
    connection: &'a BackendConnection,
    search: FeedSearch,
    /// The incidents whose events are printed; all if there are none.
    incidents: Vec<IncidentRef>,
    directory: Directory,
    /// The printed events with the latest time of recording.
    seen: BTreeSet<EventId>,
    latest: Option<DateTime<Utc>>,
    oldest: OldestRead,
}

impl EventRun<'_> {
    /// Prints the events that were not printed yet.
    async fn print_new(&mut self, out: &mut Out, printer: &mut Printer) -> Result<(), Failure> {
        // Others of the same instant may have been recorded since.
        self.search.since = self.latest.or(self.search.since);
        self.search.after = None;
        loop {
            let read = self.connection.reader.read_feed(&self.search).await;
            let page = match read {
                Err(error) if error.is_temporary() && self.latest.is_some() => return Ok(()),
                read => self.oldest.record(read?),
            };
            let mut lines = Vec::new();
            for entry in page.rows {
                if self.is_new(&entry) && self.is_wanted(&entry) {
                    lines.push(EventLine::new(entry, &self.directory));
                }
            }
            printer.print(out, &lines)?;
            out.flush()?;
            self.search.after = page.next;
            if self.search.after.is_none() {
                return Ok(());
            }
        }
    }

    /// Records an event, and returns whether it is new.
    fn is_new(&mut self, entry: &FeedEntry) -> bool {
        let recorded_at = entry.event.recorded_at;
        if self.latest.is_none_or(|latest| recorded_at > latest) {
            self.latest = Some(recorded_at);
            self.seen.clear();
        }
        self.seen.insert(entry.event.id)
    }

    /// Returns whether an event belongs to a requested incident.
    fn is_wanted(&self, entry: &FeedEntry) -> bool {
        self.incidents.is_empty()
            || self.incidents.iter().any(|incident| match incident {
                IncidentRef::Number(number) => entry.incident.number == Some(*number),
                IncidentRef::Id(id) => entry.incident.id == *id,
            })
    }
}
