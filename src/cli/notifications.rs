//! `notifications`: prints notifications: recipient, incident and state.

use chrono::NaiveDate;

use super::args::Notifications;
use super::context::Context;
use super::failure::Failure;
use super::out::{self, Out, Style, StyledLine};
use super::records::{Format, NotificationLine, Printer};
use super::session::{OldestRead, open_to_read};
use super::value::IncidentRef;
use crate::backend::lists::{NotificationEntry, NotificationSearch};
use crate::model::Priority;
use crate::model::directory::Directory;
use crate::model::notification::NotificationState;
use crate::model::text::{SafeText, pad, truncate, width};

/// The maximum number of notifications in one answer of a backend.
const PAGE_ROWS: u32 = 1000;
/// The default number of notifications on a terminal.
const TERMINAL_ROWS: u32 = 100;

/// Prints the notifications page by page, so that memory does not grow with them.
pub async fn run(context: &mut Context, args: Notifications) -> Result<(), Failure> {
    let json = args.json.then_some(Format::Jsonl);
    let fields = NotificationLine::FIELDS;
    let mut printer = args.output.printer(json, fields, NotificationLine::DEFAULT_COLUMNS)?;
    let is_for_people = printer.as_ref().is_none_or(Printer::is_table);
    let Context { config, out, .. } = context;
    let connection = open_to_read(config).await?;
    let mut oldest = OldestRead::default();
    let incident = match args.incident {
        None => None,
        Some(IncidentRef::Id(id)) => Some(id),
        Some(IncidentRef::Number(number)) => {
            Some(oldest.record(connection.reader.find_incident(number).await?))
        }
    };
    let person = match args.person.as_deref() {
        Some("me") => Some(connection.my_handle(config).await),
        person => person.map(|handle| handle.trim_start_matches('@').to_owned()),
    };
    let states = args.states;
    let mut search = NotificationSearch { incident, person, states, limit: PAGE_ROWS, after: None };
    let default_limit = (out.width().is_some() && is_for_people).then_some(TERMINAL_ROWS);
    let mut remaining = args.limit.rows(default_limit).map_or(u64::MAX, u64::from);
    // It only marks unknown names, so the list does not fail without it.
    let directory = connection.reader.read_directory().await.map(|read| read.value);
    let directory = directory.unwrap_or_default();
    let (mut shown, mut day) = (0_u64, None);
    let has_more = loop {
        search.limit = u32::try_from(remaining).map_or(PAGE_ROWS, |rows| rows.min(PAGE_ROWS));
        let page = oldest.record(connection.reader.read_notifications(&search).await?);
        let count = u64::try_from(page.rows.len()).unwrap_or(u64::MAX);
        if let Some(printer) = &mut printer {
            let lines: Vec<_> = page.rows.into_iter().map(NotificationLine::new).collect();
            printer.print(out, &lines)?;
        } else {
            let print = |entry| print_entry(out, &directory, &mut day, entry);
            page.rows.iter().try_for_each(print)?;
        }
        shown += count;
        remaining = remaining.saturating_sub(count);
        search.after = page.next;
        if search.after.is_none() || remaining == 0 {
            break search.after.is_some();
        }
    };
    if let Some(printer) = &mut printer {
        printer.finish(out)?;
    }
    out.flush()?;
    if shown == 0 && is_for_people {
        out::print_hint("there are no such notifications");
    } else if has_more && out.width().is_some() {
        let shown = out::pluralize(shown, "notification");
        out::print_hint(format!("{shown} shown; more with --limit N or --all"));
    }
    connection.report_put_back().await;
    connection.report_staleness(oldest);
    connection.close().await;
    Ok(())
}

/// Prints one notification on a line; on a terminal below a heading for its day.
fn print_entry(
    out: &mut Out,
    directory: &Directory,
    day: &mut Option<NaiveDate>,
    entry: &NotificationEntry,
) -> Result<(), Failure> {
    let NotificationEntry { incident, notification, .. } = entry;
    let at = notification.updated_at;
    let columns = out.width();
    let time = if columns.is_some() {
        if *day != Some(at.date_naive()) {
            *day = Some(at.date_naive());
            let heading = format!("{} UTC", at.format("%A, %Y-%m-%d"));
            out.styled_line(&StyledLine::new(heading, Style::Bold))?;
        }
        at.format("%H:%M:%S").to_string()
    } else {
        at.format("%Y-%m-%d %H:%M:%S").to_string()
    };
    let style = match incident.priority {
        Priority::P1 => Style::Alarm,
        Priority::P2 => Style::Bold,
        _ => Style::Plain,
    };
    let lead = format!("{time}  {}  ", pad(incident.label(), 9));
    let is_notice = notification.is_notice();
    let priority = if is_notice { String::new() } else { incident.priority.to_string() };
    let priority = pad(priority, 4);
    // Only on a terminal is anything truncated.
    let cell = |text: &str, least: usize| {
        let text = SafeText::from(text).into_owned();
        let least = if columns.is_some() { least } else { least.max(width(&*text)) };
        pad(text, least)
    };
    let way = notification.way();
    let person = cell(&directory.handle_label(&notification.person), 12);
    let way = cell(if way.is_empty() { "-" } else { &way }, 16);
    let state = cell(notification.state.as_str(), 11);
    let remark = notification.remark(|at| at.format("%H:%M:%S").to_string());
    let remark = remark.split_whitespace().collect::<Vec<_>>().join(" ");
    let used = width(&lead) + width(&*priority) + width(&*person) + width(&*way) + width(&*state);
    let remark = match columns {
        Some(columns) => truncate(remark, columns.saturating_sub(used + 6).max(10)),
        None => SafeText::from(remark),
    };
    let state_style = match notification.state {
        NotificationState::Failed | NotificationState::Unreachable => Style::Alarm,
        _ => Style::Plain,
    };
    let mut line = StyledLine::new(lead, Style::Dim).with(priority, style);
    line.push(person, Style::Plain);
    line.push("  ", Style::Plain);
    line.push(way, Style::Plain);
    line.push("  ", Style::Plain);
    if remark.is_empty() {
        line.push(notification.state.as_str(), state_style);
    } else {
        line.push(state, state_style);
        line.push("  ", Style::Plain);
        line.push(remark, Style::Plain);
    }
    out.styled_line(&line)
}
