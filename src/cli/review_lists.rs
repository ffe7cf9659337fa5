//! `reviews` and `action-items`: the reviews and the work that follows, over all incidents.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Serialize;

use super::args::{ActionItems, Reviews};
use super::context::Context;
use super::failure::Failure;
use super::json;
use super::out::{self, Out, Style, StyledLine};
use super::session::{BackendConnection, OldestRead, open_to_read};
use crate::backend::lists::{
    ActionItemEntry, ActionItemSearch, IncidentBrief, ReviewEntry, ReviewSearch, ReviewState,
};
use crate::model::directory::Directory;
use crate::model::review::Section;
use crate::model::text::{one_line, pad};

/// The maximum number of rows in one answer of a backend.
const PAGE_ROWS: u32 = 1000;
/// The default number of rows on a terminal.
const TERMINAL_ROWS: u32 = 100;
/// The width of the column with the state of a review.
const STATE_WIDTH: usize = 9;

/// A contributing factor, and how many reviews have it.
#[derive(Serialize)]
struct FactorCount<'a> {
    factor: &'a str,
    reviews: u64,
}

/// Prints the reviews page by page, or the factors over all of them.
pub async fn reviews(context: &mut Context, args: Reviews) -> Result<(), Failure> {
    let Context { config, out, .. } = context;
    let connection = open_to_read(config).await?;
    let mut oldest = OldestRead::default();
    let states: Vec<ReviewState> = args.states.iter().filter_map(|one| one.parse().ok()).collect();
    let owner = connection.typed_handle(config, args.owner.as_deref()).await;
    let mut search = ReviewSearch { states, owner, limit: PAGE_ROWS, after: None };
    let is_terminal = out.width().is_some() && !args.json && !args.factors;
    let mut remaining = rows(args.limit.rows(is_terminal.then_some(TERMINAL_ROWS)));
    let mut factors: BTreeMap<String, u64> = BTreeMap::new();
    let mut shown = 0_u64;
    loop {
        search.limit = u32::try_from(remaining).map_or(PAGE_ROWS, |rows| rows.min(PAGE_ROWS));
        let page = oldest.record(connection.reader.read_reviews(&search).await?);
        for entry in &page.rows {
            if args.factors {
                for factor in &entry.factors {
                    *factors.entry(factor.clone()).or_default() += 1;
                }
            } else if args.json {
                json::print(out, entry)?;
            } else {
                print_review(out, entry)?;
            }
        }
        let count = u64::try_from(page.rows.len()).unwrap_or(u64::MAX);
        shown += count;
        remaining = remaining.saturating_sub(count);
        search.after = page.next;
        if search.after.is_none() || remaining == 0 {
            break;
        }
    }
    print_factors(out, factors, args.json)?;
    let what = Ended { shown, has_more: search.after.is_some(), name: "review" };
    what.finish(out, connection, oldest, is_terminal).await
}

/// Prints the action items page by page.
pub async fn action_items(context: &mut Context, args: ActionItems) -> Result<(), Failure> {
    let Context { config, out, .. } = context;
    let connection = open_to_read(config).await?;
    let mut oldest = OldestRead::default();
    let today = connection.backend_now().date_naive();
    let owner = connection.typed_handle(config, args.owner.as_deref()).await;
    let mut search = ActionItemSearch {
        done: Some(args.done),
        owner,
        due_before: args.overdue.then_some(today),
        limit: PAGE_ROWS,
        after: None,
    };
    // It only marks unknown names, so the list does not fail without it.
    let directory = connection.reader.read_directory().await.map(|read| read.value);
    let directory = directory.unwrap_or_default();
    let is_terminal = out.width().is_some() && !args.json;
    let mut remaining = rows(args.limit.rows(is_terminal.then_some(TERMINAL_ROWS)));
    let mut shown = 0_u64;
    loop {
        search.limit = u32::try_from(remaining).map_or(PAGE_ROWS, |rows| rows.min(PAGE_ROWS));
        let page = oldest.record(connection.reader.read_action_items(&search).await?);
        for entry in &page.rows {
            if args.json {
                json::print(out, entry)?;
            } else {
                print_item(out, entry, &directory, today)?;
            }
        }
        let count = u64::try_from(page.rows.len()).unwrap_or(u64::MAX);
        shown += count;
        remaining = remaining.saturating_sub(count);
        search.after = page.next;
        if search.after.is_none() || remaining == 0 {
            break;
        }
    }
    let what = Ended { shown, has_more: search.after.is_some(), name: "action item" };
    what.finish(out, connection, oldest, is_terminal).await
}

fn rows(limit: Option<u32>) -> u64 {
    limit.map_or(u64::MAX, u64::from)
}

/// How a list ended.
struct Ended {
    shown: u64,
    has_more: bool,
    name: &'static str,
}

impl Ended {
    /// Prints the remarks after the list, and closes the connection.
    async fn finish(
        self,
        out: &mut Out,
        connection: BackendConnection,
        oldest: OldestRead,
        is_terminal: bool,
    ) -> Result<(), Failure> {
        out.flush()?;
        if self.shown == 0 && is_terminal {
            out::print_hint(format!("there is no such {}", self.name));
        } else if self.has_more && is_terminal {
            let shown = out::pluralize(self.shown, self.name);
            out::print_hint(format!("{shown} shown; more with --limit N or --all"));
        }
        connection.report_put_back().await;
        connection.report_staleness(oldest);
        connection.close().await;
        Ok(())
    }
}

/// Prints the factors, the most frequent first.
fn print_factors(
    out: &mut Out,
    factors: BTreeMap<String, u64>,
    is_json: bool,
) -> Result<(), Failure> {
    let mut factors: Vec<(String, u64)> = factors.into_iter().collect();
    factors.sort_by_key(|(_, reviews)| std::cmp::Reverse(*reviews));
    factors.iter().try_for_each(|(factor, reviews)| {
        if is_json {
            json::print(out, &FactorCount { factor, reviews: *reviews })
        } else {
            out.line(format!("{reviews:>4}  {factor}"))
        }
    })
}

fn print_review(out: &mut Out, entry: &ReviewEntry) -> Result<(), Failure> {
    let style = match entry.state {
        ReviewState::Missing => Style::Alarm,
        ReviewState::Published => Style::Dim,
        _ => Style::Bold,
    };
    let mut line = lead(&entry.incident);
    line.push(pad(entry.state.to_string(), STATE_WIDTH), style);
    let sections = format!("  {}/{}  ", entry.sections, Section::REQUIRED.len());
    line.push(sections, Style::Dim);
    line.push(one_line(&entry.incident.title), Style::Plain);
    if !entry.factors.is_empty() {
        let factors = one_line(&entry.factors.join(", "));
        line.push(format!("  ({factors})"), Style::Dim);
    }
    if entry.open_actions > 0 {
        let open = out::pluralize(u64::from(entry.open_actions), "open action item");
        line.push(format!("  {open}"), Style::Dim);
    }
    out.styled_line(&line)
}

fn print_item(
    out: &mut Out,
    entry: &ActionItemEntry,
    directory: &Directory,
    today: NaiveDate,
) -> Result<(), Failure> {
    let owner = entry.item.owner.as_ref().map(|owner| directory.person_label(owner));
    let mut text = entry.item.line(owner.as_deref(), today);
    if let Some(follow_up) = &entry.follow_up {
        text.push_str(" · ");
        text.push_str(&follow_up.phrase());
    }
    let style = match (entry.item.done, entry.is_overdue(today)) {
        (true, _) => Style::Dim,
        (false, true) => Style::Alarm,
        (false, false) => Style::Plain,
    };
    let mut line = lead(&entry.incident);
    line.push(one_line(&text), style);
    out.styled_line(&line)
}

/// Begins a line with the number and the priority of an incident.
fn lead(incident: &IncidentBrief) -> StyledLine<'static> {
    let number = pad(incident.label(), 9).into_owned();
    let mut line = StyledLine::new(number, Style::Dim);
    line.push(format!("  {}  ", incident.priority), Style::Plain);
    line
}
