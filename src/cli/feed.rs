//! `feed`: prints the events of all incidents, since the viewer's last visit.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::args::Feed;
use super::context::Context;
use super::failure::Failure;
use super::json;
use super::out::{self, Out, Style, StyledLine};
use super::session::{BackendConnection, OldestRead, open_to_read};
use crate::backend::lists::{FeedEntry, FeedSearch, TimeOrder};
use crate::config::Config;
use crate::model::directory::Directory;
use crate::model::text::{SafeText, pad, truncate, width};
use crate::model::{Event, Priority};
use crate::sync::last_seen::{self, LastSeen};

/// The maximum number of events in one answer of a backend.
const PAGE_ROWS: u32 = 1000;
/// The default number of events on a terminal.
const TERMINAL_ROWS: u32 = 100;
/// The span of time before now with which the feed begins on the first visit.
const FIRST_SPAN: TimeDelta = TimeDelta::days(1);
/// How recent events may be that could not be read at the last visit.
const MARGIN: TimeDelta = TimeDelta::seconds(5);
/// The greatest width of a title.
const TITLE_WIDTH: usize = 32;

/// Prints the events page by page, so that memory does not grow with them.
pub async fn run(context: &mut Context, args: Feed) -> Result<(), Failure> {
    let Context { config, out, .. } = context;
    let connection = open_to_read(config).await?;
    let capabilities = connection.reader.read_capabilities().await.map(|read| read.value);
    let me = capabilities.as_ref().ok().and_then(|capabilities| capabilities.me.as_ref());
    let me = me.map_or(&config.me, |me| &me.handle).clone();
    let viewer = capabilities.ok().map(|capabilities| last_seen::viewer(&me, &capabilities));
    let now = connection.backend_now();
    let memory = Memory::load(config, viewer, now);
    let since = match args.since {
        Some(time) => time.at(now),
        None => memory.since().unwrap_or(now - FIRST_SPAN),
    };
    let until = args.until.map(|time| time.at(now));
    if until.is_some_and(|until| since >= until) {
        return Err(Failure::usage(
            "--since is not before --until: give a range with some time in it",
        ));
    }
    let mut search = FeedSearch {
        since: Some(since),
        until,
        order: if args.oldest { TimeOrder::Oldest } else { TimeOrder::Newest },
        team: args.selection.team.clone(),
        kinds: args.selection.kinds.clone(),
        person: args.selection.person_as(&me),
        limit: PAGE_ROWS,
        after: None,
    };
    let directory =
        connection.reader.read_directory().await.map(|read| read.value).unwrap_or_default();
    let default_limit = (out.width().is_some() && !args.json).then_some(TERMINAL_ROWS);
    let limit = args.limit.rows(default_limit);
    let mut remaining = limit.map_or(u64::MAX, u64::from);
    let mut printer = FeedPrinter { out, directory: &directory, day: None };
    let (mut total, mut latest) = (0_u64, None);
    let mut oldest = OldestRead::default();
    let has_more = loop {
        search.limit = u32::try_from(remaining).map_or(PAGE_ROWS, |rows| rows.min(PAGE_ROWS));
        let page = oldest.record(connection.reader.read_feed(&search).await?);
        for entry in &page.rows {
            latest = latest.max(Some(entry.event.recorded_at));
            if args.json {
                json::print(printer.out, entry)?;
            } else {
                printer.entry(entry)?;
            }
        }
        let count = u64::try_from(page.rows.len()).unwrap_or(u64::MAX);
        total += count;
        remaining = remaining.saturating_sub(count);
        search.after = page.next;
        if search.after.is_none() || remaining == 0 {
            break search.after.is_some();
        }
    };
    printer.out.flush()?;
    if !args.json {
        print_hints(total, has_more, since, memory.since());
    }
    let is_plain = args.since.is_none()
        && args.until.is_none()
        && args.selection.is_everything()
        && !args.json;
    if is_plain && !has_more && oldest.is_fresh() {
        let after_latest = latest.map(|latest: DateTime<Utc>| latest + TimeDelta::milliseconds(1));
        memory.record(after_latest.max(Some(now - MARGIN)).unwrap_or(now));
    }
    connection.report_unknown_team(&args.selection.team).await;
    finish(connection, oldest).await;
    Ok(())
}

async fn finish(connection: BackendConnection, oldest: OldestRead) {
    connection.report_put_back().await;
    connection.report_staleness(oldest);
    connection.close().await;
}

/// Prints how much was shown, and of which time.
fn print_hints(count: u64, has_more: bool, since: DateTime<Utc>, last: Option<DateTime<Utc>>) {
    let at = since.format("%Y-%m-%d %H:%M UTC");
    let from = if last == Some(since) { "you were last here, " } else { "" };
    if count == 0 {
        out::print_hint(format!("nothing has happened since {from}{at}"));
    } else if has_more {
        out::print_hint(format!(
            "{} shown since {from}{at}; more with --limit N or --all",
            out::pluralize(count, "event")
        ));
    } else {
        out::print_hint(format!("{} since {from}{at}", out::pluralize(count, "event")));
    }
}

/// When the viewer was last here, in the state folder.
struct Memory {
    path: Option<std::path::PathBuf>,
    viewer: Option<String>,
    seen: LastSeen,
}

impl Memory {
    fn load(config: &Config, viewer: Option<String>, now: DateTime<Utc>) -> Self {
        let path = config.drafts.as_deref().map(last_seen::file_path);
        let mut seen = path.as_deref().map(LastSeen::load).unwrap_or_default();
        if let Some(viewer) = &viewer {
            seen.remove_future(viewer, now);
        }
        Self { path, viewer, seen }
    }

    fn since(&self) -> Option<DateTime<Utc>> {
        self.viewer.as_ref().and_then(|viewer| self.seen.time(viewer))
    }

    /// Records the time up to which the feed was shown. If it can't be saved, the same is shown
    /// again.
    fn record(mut self, time: DateTime<Utc>) {
        let (Some(path), Some(viewer)) = (&self.path, &self.viewer) else { return };
        self.seen.record(viewer, time);
        if let Err(error) = self.seen.save(path) {
            out::print_hint(format!(
                "{} can't be written ({error}): the next feed begins where this one did",
                path.display()
            ));
        }
    }
}

/// Prints entries, with a heading for each day.
struct FeedPrinter<'a> {
    out: &'a mut Out,
    directory: &'a Directory,
    day: Option<NaiveDate>,
}

impl FeedPrinter<'_> {
    fn entry(&mut self, entry: &FeedEntry) -> Result<(), Failure> {
        let FeedEntry { incident, event, .. } = entry;
        let at = event.recorded_at;
        let columns = self.out.width();
        let time = if columns.is_some() {
            if self.day != Some(at.date_naive()) {
                self.day = Some(at.date_naive());
                let heading = format!("{} UTC", at.format("%A, %Y-%m-%d"));
                self.out.styled_line(&StyledLine::new(heading, Style::Bold))?;
            }
            at.format("%H:%M").to_string()
        } else {
            at.format("%Y-%m-%d %H:%M:%S").to_string()
        };
        let style = match incident.priority {
            Priority::P1 => Style::Alarm,
            Priority::P2 => Style::Bold,
            _ => Style::Plain,
        };
        let text = self.text(event);
        let lead = format!("{time}  {}  ", pad(incident.label(), 9));
        let priority = pad(incident.priority.to_string(), 3);
        // The title gets the remaining width, at least a third of the line.
        let title = match columns {
            Some(columns) => {
                let free = columns.saturating_sub(width(&*lead) + 3 + 2);
                let title = TITLE_WIDTH.min((free / 3).max(8));
                pad(truncate(&incident.title, title), title)
            }
            None => SafeText::from(&incident.title),
        };
        let used = width(&*lead) + width(&*priority) + width(&*title) + 2;
        let text = match columns {
            Some(columns) => truncate(text, columns.saturating_sub(used).max(10)),
            None => SafeText::from(text),
        };
        let line = StyledLine::new(lead, Style::Dim)
            .with(priority, style)
            .with(title, Style::Plain)
            .with("  ", Style::Plain)
            .with(text, Style::Plain);
        self.out.styled_line(&line)
    }

    /// Returns the event and its actor on one line.
    fn text(&self, event: &Event) -> String {
        let who = self.directory.actor_label(&event.actor);
        let detail = event.marked_detail(Some(self.directory));
        let label = event.body.label();
        let text = if detail.trim().is_empty() {
            format!("{label}, {who}")
        } else {
            format!("{label}, {who}: {detail}")
        };
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}
