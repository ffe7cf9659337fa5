//! `list`: lists the incidents that pass a filter.

mod watch;

use chrono::Utc;

use super::args::List;
use super::calendar::ZoneCalendar;
use super::context::Context;
use super::failure::Failure;
use super::out;
use super::progress::{Progress, Unit};
use super::records::{Format, IncidentLine, Printer};
use super::runtime::unless_stopped;
use super::session::{BackendConnection, IfMissing, OldestRead, open};
use super::table::Table;
use crate::backend::file::FileStore;
use crate::backend::{BackendError, Search};
use crate::model::filter::{Filter, FilterError, PartialFilter, Scope};
use crate::model::name_index::NameIndex;
use crate::model::queue::Sort;
use crate::model::text::{SafeText, width};

/// The maximum number of rows in one answer of a backend.
const PAGE_ROWS: u32 = 1000;
/// The default number of rows on a terminal. A program that reads the output, or a file, gets all
/// rows.
const TERMINAL_ROWS: u32 = 100;

/// The number of incidents from which a search reports that it indexes their words first.
const MANY_TO_INDEX: u64 = 2_000;

/// Lists incidents page by page, so that memory does not grow with the list.
pub async fn run(context: &mut Context, args: List) -> Result<(), Failure> {
    let text = args.filter.join(" ");
    let parsed = PartialFilter::parse_defined(&text);
    let error = parsed.errors.first().cloned();
    if let Some(error) = error.as_ref().filter(|error| !error.may_be_later()) {
        return Err(filter_failure(&text, error));
    }
    let mut printer = choose_printer(&args)?;
    let is_for_people = printer.as_ref().is_none_or(Printer::is_table);
    let Context { config, out, .. } = context;
    let opened = open(config, IfMissing::Refuse).await;
    // Nothing can have a value of a later version then.
    let refused = |failure| error.as_ref().map_or(failure, |error| filter_failure(&text, error));
    let connection = opened.map_err(refused)?;
    let PartialFilter { filter, hints, .. } = match error {
        Some(error) => parse_later(&connection, &text, &error).await?,
        None => parsed,
    };
    connection.report_warnings();
    connection.report_read_only();
    let now = Utc::now();
    let mut filter = filter;
    filter.resolve_dates(now, &ZoneCalendar(config.panes.appearance.zone));
    let mut search = Search {
        filter,
        me: Some(config.me.clone()),
        sort: args.sort,
        limit: PAGE_ROWS,
        after: None,
        now,
    };
    // It only marks unknown names, so the list does not fail without it.
    let read = connection.reader.read_directory().await.map(|read| read.value);
    let is_read = read.is_ok();
    let directory = read.unwrap_or_default();
    let names = is_read.then(|| NameIndex::from(&directory));
    if let Some(store) = &connection.file {
        index_first(store, &search.filter).await?;
    }
    if args.watch {
        let table = || Printer::table(IncidentLine::WATCHED_COLUMNS);
        let mut printer = printer.unwrap_or_else(table);
        let printing = (&mut *out, &mut printer);
        return watch::watch(&connection, search, &config.rules.levels, printing).await;
    }
    let mut table: Option<Table<'_>> = None;
    let default_limit = (out.width().is_some() && is_for_people).then_some(TERMINAL_ROWS);
    let limit = args.limit.rows(default_limit);
    let mut remaining = limit.map_or(u64::MAX, u64::from);
    // The first page is the one that everybody requests: a server has it ready.
    let mut page_rows =
        if args.limit.all || args.limit.limit.is_some() { PAGE_ROWS } else { TERMINAL_ROWS };
    let mut shown = 0_u64;
    let mut oldest = OldestRead::default();
    loop {
        search.limit =
            u32::try_from(remaining).map_or(page_rows, |remaining| remaining.min(page_rows));
        page_rows = PAGE_ROWS;
        let mut page = oldest.record(connection.reader.read_page(&search).await?);
        let count = u64::try_from(page.rows.len()).unwrap_or(u64::MAX);
        shown += count;
        remaining = remaining.saturating_sub(count);
        if let Some(names) = &names {
            names.mark_rows(&mut page.rows);
        }
        if let Some(printer) = &mut printer {
            let now = connection.backend_now();
            let line = |row| IncidentLine::new(row, &config.rules.levels, now);
            let lines: Vec<IncidentLine> = page.rows.into_iter().map(line).collect();
            printer.print(out, &lines)?;
        } else if !page.rows.is_empty() {
            // The clock of an API is measured with its first answer.
            let new = || Table::new(&config.rules.levels, &directory, connection.backend_now());
            table.get_or_insert_with(new).print_page(out, &page.rows)?;
        }
        let more = page.next.is_some() && count > 0;
        if !more || remaining == 0 {
            if let Some(printer) = &mut printer {
                printer.finish(out)?;
            }
            out.flush()?;
            for hint in hints.iter().filter(|hint| hint.is_certain || shown == 0) {
                out::print_hint(hint.to_string());
            }
            connection.report_put_back().await;
            if shown == 0 && is_for_people {
                out::print_hint(empty_hint(&text, search.filter.scope()));
            } else if more && out.width().is_some() {
                let of = page.total.map_or_else(String::new, |total| format!(" of {total}"));
                out::print_hint(format!("{shown}{of} shown; more with --limit N or --all"));
            }
            connection.report_staleness(oldest);
            connection.reader.refresh_cache().await;
            connection.close().await;
            return Ok(());
        }
        search.after = page.next;
    }
}

/// Returns what a person is told if the list for a filter, as it was typed, has no rows.
fn empty_hint(text: &str, scope: Scope) -> &'static str {
    match scope {
        Scope::Open if text.trim().is_empty() => {
            "no open incidents; all there are: redphone list is:any"
        }
        Scope::Open => {
            "nothing matches among open incidents; with is:any ended ones are listed too"
        }
        Scope::All => "nothing matches",
    }
}

/// Returns the printer for the arguments; `None` for the usual table.
fn choose_printer(args: &List) -> Result<Option<Printer>, Failure> {
    let json = args.json.then_some(Format::Jsonl);
    let printer = args.output.printer(json, IncidentLine::FIELDS, IncidentLine::DEFAULT_COLUMNS)?;
    if args.watch && printer.as_ref().is_some_and(|printer| !printer.is_streamed()) {
        return Err(Failure::usage("--watch prints one line for each change: use --format jsonl"));
    }
    Ok(printer)
}

/// Indexes the texts that a search by words needs, and reports it if it takes long: all texts of a
/// store that was just migrated.
async fn index_first(store: &FileStore, filter: &Filter) -> Result<(), Failure> {
    if !FileStore::uses_full_text(filter) {
        return Ok(());
    }
    let mut progress = Progress::new(Unit::Items("incidents indexed"));
    let mut has_begun = false;
    let indexed = store.index_texts(|done, all| {
        if !std::mem::replace(&mut has_begun, true) && all >= MANY_TO_INDEX {
            out::print_hint(format!(
                "the words of {} are indexed, once, before they are searched",
                out::pluralize(all, "incident")
            ));
        }
        progress.set_position(done, Some(all));
    });
    match unless_stopped(indexed).await? {
        // Texts that are not indexed, because the disk is full for example, are compared by the
        // search.
        Err(error) if !error.is_temporary() => Err(error.into()),
        _ => Ok(()),
    }
}

/// Parses a filter with values of later versions that incidents have, or fails with `error`.
async fn parse_later(
    connection: &BackendConnection,
    text: &str,
    error: &FilterError,
) -> Result<PartialFilter, Failure> {
    let parsed = if connection.file.is_some() {
        // Values are read from the store, so that they can be written as they are shown, too.
        for probe in Filter::probes_of_later_values() {
            has_row(connection, probe).await?;
        }
        PartialFilter::parse(text)
    } else {
        PartialFilter::parse_any(text)
    };
    let mut is_right = parsed.errors.is_empty();
    for with_value in parsed.filter.later_values() {
        is_right = is_right && has_row(connection, with_value).await?;
    }
    if is_right { Ok(parsed) } else { Err(filter_failure(text, error)) }
}

/// Returns whether an incident passes a filter. A server that refuses the filter has none.
async fn has_row(connection: &BackendConnection, filter: Filter) -> Result<bool, Failure> {
    let sort = Sort::Newest;
    let search = Search { filter, me: None, sort, limit: 1, after: None, now: Utc::now() };
    match connection.reader.read_page(&search).await {
        Ok(page) => Ok(!page.value.rows.is_empty()),
        Err(BackendError::Rejected(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Returns the failure for a filter that can't be parsed; it names and marks the wrong term.
pub fn filter_failure(text: &str, error: &FilterError) -> Failure {
    let (before, term) = (
        SafeText::from(text.get(..error.range.start).unwrap_or_default()),
        SafeText::from(text.get(error.range.clone()).unwrap_or_default()),
    );
    let mut failure = Failure::usage(format!(
        "the filter can't be understood at {term:?}, character {}: {}",
        before.chars().count() + 1,
        error
    ));
    failure.snippet = vec![
        format!("  {text}").into(),
        format!("  {}{}", " ".repeat(width(before)), "^".repeat(width(term).max(1))).into(),
    ];
    failure
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failure_marks_the_wrong_filter_term() {
        let text = "p1 漢 statsu:open x";
        let error = text.parse::<crate::model::filter::Filter>().unwrap_err();
        let failure = filter_failure(text, &error);
        let expected = "the filter can't be understood at \"statsu:open\", character 6: statsu: is";
        assert!(failure.message.starts_with(expected), "{failure}");
        assert_eq!(failure.snippet, ["  p1 漢 statsu:open x", "        ^^^^^^^^^^^"]);
    }
}
