//! Searches: pages of open incidents in any order, and pages of the history by time of report.

use std::collections::HashSet;

use sqlx::{Row, SqliteConnection};

use super::access_path::{AccessPath, IndexedColumn, SearchPlan, TextList, plan_search};
use super::directory_table::read_directory;
use super::error::{StoreError, StoreResult};
use super::full_text::query::{self, SearchTerm, Unindexed};
use super::names;
use super::read::summary_at;
use super::row::{OPEN_FACETS_END, incident_key};
use super::sql::Batch;
use crate::backend::{BackendError, Page, PageMark, Search};
use crate::model::check::{BadField, FieldProblem};
use crate::model::directory::Directory;
use crate::model::filter::{MatchContext, Scope};
use crate::model::queue::{OpenCounts, Sort, UrgencyKey, compare, urgency_key};
use crate::model::{IncidentNumber, PersonRef, Rules, Summary};

/// The maximum number of rows of a page.
const MAX_LIMIT: u32 = 1000;
/// The maximum number of rows that one query of a search reads.
const MAX_BATCH_SIZE: usize = 20_000;

fn invalid(search: &Search, field: &'static str, problem: FieldProblem) -> StoreError {
    BackendError::rejected(BadField::new(field, problem).into(), search.now).into()
}

/// Returns a page of the incidents that match.
pub(super) async fn search(
    conn: &mut SqliteConnection,
    search: &Search,
    rules: &Rules,
    overlay: &Directory,
) -> StoreResult<Page<Summary>> {
    if !(1..=MAX_LIMIT).contains(&search.limit) {
        return Err(invalid(search, "limit", FieldProblem::RowCount { max: MAX_LIMIT }));
    }
    let resolved;
    let search = if search.filter.names_owner() {
        resolved = resolve_owners(conn, search, overlay).await?;
        &resolved
    } else {
        search
    };
    match search.filter.scope() {
        Scope::Open if is_default_queue(search) => {
            super::queue::first_page(conn, search, rules).await
        }
        Scope::Open => search_open(conn, search, rules).await,
        Scope::All => search_history(conn, search, rules).await,
    }
}

/// Returns the search with each owner that is a person's handle resolved: a person in the
/// directory, or one who has led an incident.
async fn resolve_owners(
    conn: &mut SqliteConnection,
    search: &Search,
    overlay: &Directory,
) -> StoreResult<Search> {
    let mut people: Vec<PersonRef> = overlay.people.clone();
    people.extend(read_directory(conn).await?.unwrap_or_default().people);
    people.extend(names::read_people(conn).await?);
    let mut search = search.clone();
    search.filter.resolve_owners(&people);
    Ok(search)
}

/// Returns whether the search is for the first page of all open incidents by urgency, which the
/// panes show when they start.
fn is_default_queue(search: &Search) -> bool {
    search.filter.terms.is_empty() && search.sort == Sort::Urgent && search.after.is_none()
}

fn context<'a>(search: &'a Search, rules: &'a Rules) -> MatchContext<'a> {
    MatchContext { now: search.now, me: search.me.as_deref(), levels: &rules.levels }
}

/// Returns the key of a row, which is its position in a list by time of report.
fn summary_key(row: &Summary) -> i64 {
    incident_key(row.reported_at, row.number.unwrap_or(IncidentNumber(0)))
}

/// Returns the mark after which the page begins; `None` for the first page. Refuses a mark of
/// another list or another order.
fn start_mark(search: &Search) -> StoreResult<Option<&PageMark>> {
    let Some(mark) = &search.after else { return Ok(None) };
    let fits = match (mark, search.filter.scope(), search.sort) {
        (PageMark::Key(_), Scope::All, _)
        | (PageMark::Key(_), Scope::Open, Sort::Newest | Sort::Oldest) => true,
        (PageMark::Rank(_), Scope::Open, sort) => sort == Sort::Urgent,
        (PageMark::Row(..), Scope::Open, sort) => {
            !matches!(sort, Sort::Urgent | Sort::Newest | Sort::Oldest)
        }
        _ => false,
    };
    if fits { Ok(Some(mark)) } else { Err(invalid(search, "page", FieldProblem::ForeignPage)) }
}

/// Returns a page of open incidents. Reads all of them, as they are few.
async fn search_open(
    conn: &mut SqliteConnection,
    search: &Search,
    rules: &Rules,
) -> StoreResult<Page<Summary>> {
    let mark = start_mark(search)?;
    let context = context(search, rules);
    let mut counts = OpenCounts::default();
    let mut matching = Vec::new();
    Batch::new(&format!("SELECT row FROM incident WHERE facets < {OPEN_FACETS_END}"))
        .for_each_row(conn, |row| {
            let row = summary_at(row, 0)?;
            counts.add(&row, search.now, &rules.levels);
            if search.filter.matches(&row, context) {
                matching.push(row);
            }
            Ok(true)
        })
        .await?;
    let total = matching.len() as u64;
    let limit = usize::try_from(search.limit).unwrap_or(1);
    let (rows, next) = match search.sort {
        Sort::Urgent => {
            let mut ranked: Vec<(UrgencyKey, Summary)> = matching
                .into_iter()
                .map(|row| (urgency_key(&row, search.now, &rules.levels), row))
                .filter(|(rank, _)| match mark {
                    Some(PageMark::Rank(end)) => rank > end,
                    _ => true,
                })
                .collect();
            ranked.sort_unstable_by_key(|(rank, _)| *rank);
            let next = (ranked.len() > limit).then(|| PageMark::Rank(ranked[limit - 1].0));
            ranked.truncate(limit);
            (ranked.into_iter().map(|(_, row)| row).collect(), next)
        }
        Sort::Newest | Sort::Oldest => {
            let newest = search.sort == Sort::Newest;
            matching.retain(|row| match mark {
                Some(PageMark::Key(end)) if newest => summary_key(row) < *end,
                Some(PageMark::Key(end)) => summary_key(row) > *end,
                _ => true,
            });
            matching.sort_unstable_by_key(summary_key);
            if newest {
                matching.reverse();
            }
            let next =
                (matching.len() > limit).then(|| PageMark::Key(summary_key(&matching[limit - 1])));
            matching.truncate(limit);
            (matching, next)
        }
        sort => page_in_order(matching, sort, mark, search, rules),
    };
    Ok(Page { rows, next, total: Some(total), counts: search.after.is_none().then_some(counts) })
}

/// Returns a page of open incidents in an order for which no key marks where a page ends.
fn page_in_order(
    matching: Vec<Summary>,
    sort: Sort,
    mark: Option<&PageMark>,
    search: &Search,
    rules: &Rules,
) -> (Vec<Summary>, Option<PageMark>) {
    let mut ranked: Vec<(UrgencyKey, Summary)> = matching
        .into_iter()
        .map(|row| (urgency_key(&row, search.now, &rules.levels), row))
        .collect();
    ranked.sort_unstable_by(|a, b| compare(sort, (&a.1, &a.0), (&b.1, &b.0)));
    let start = match mark {
        Some(PageMark::Row(id, count)) => {
            ranked.iter().position(|(_, row)| row.id == *id).map_or(*count, |index| index + 1)
        }
        _ => 0,
    };
    let limit = usize::try_from(search.limit).unwrap_or(1);
    let end = start.saturating_add(limit);
    let more = ranked.len() > end;
    let rows: Vec<Summary> =
        ranked.into_iter().skip(start).take(limit).map(|(_, row)| row).collect();
    let next = rows.last().filter(|_| more).map(|row| PageMark::Row(row.id, end));
    (rows, next)
}

/// Returns a page of the history, newest or oldest first.
async fn search_history(
    conn: &mut SqliteConnection,
    search: &Search,
    rules: &Rules,
) -> StoreResult<Page<Summary>> {
    let empty = Page { rows: Vec::new(), next: None, total: None, counts: None };
    let mark = start_mark(search)?;
    let context = context(search, rules);
    let Some(mut plan) = plan_search(conn, &search.filter, context).await? else {
        return Ok(empty);
    };
    let oldest = search.sort == Sort::Oldest;
    match mark {
        Some(PageMark::Key(end)) if oldest => {
            plan.key_range.0 = plan.key_range.0.max(end.saturating_add(1));
        }
        Some(PageMark::Key(end)) => plan.key_range.1 = plan.key_range.1.min(*end),
        // `start_mark` accepts no other marks for the history.
        _ => {}
    }
    let unindexed = if plan.text_terms.is_empty() {
        Unindexed::default()
    } else {
        query::find_unindexed(conn, &plan.text_terms).await?
    };
    let checks_texts = plan.text_terms.iter().any(SearchTerm::needs_check);
    let limit = usize::try_from(search.limit).unwrap_or(1);
    // One row more than requested shows whether there is another page.
    let mut rows: Vec<(i64, Summary)> = Vec::with_capacity(limit + 1);
    let mut batch_size = limit + 1;
    let mut max_batch_size = batch_size;
    loop {
        let wanted = limit + 1 - rows.len();
        let mut last = None;
        let mut seen = 0;
        let mut found: Vec<(i64, Summary)> = Vec::with_capacity(wanted);
        let streamed = !checks_texts
            && matches!(plan.access_path, AccessPath::All | AccessPath::FullText { .. });
        build_statement(&plan, &unindexed, oldest, (!streamed).then_some(batch_size))
            .for_each_row(conn, |row| {
                let key: i64 = row.try_get(0)?;
                seen += 1;
                last = Some(key);
                let row = summary_at(row, 1)?;
                if plan.row_filter.matches(&row, context) {
                    found.push((key, row));
                }
                Ok(checks_texts || found.len() < wanted)
            })
            .await?;
        if checks_texts {
            let matches =
                query::check_terms(conn, &plan.text_terms, &unindexed, &found, wanted).await?;
            let found = found.into_iter().zip(matches).filter(|(_, matches)| *matches);
            rows.extend(found.map(|(row, _)| row));
        } else {
            rows.extend(found);
        }
        let is_done = rows.len() > limit || streamed || seen < batch_size;
        let (false, Some(last)) = (is_done, last) else { break };
        if oldest {
            plan.key_range.0 = last.saturating_add(1);
        } else {
            plan.key_range.1 = last;
        }
        let missing = limit + 1 - rows.len();
        max_batch_size = (max_batch_size * 4).min(MAX_BATCH_SIZE).max(limit + 1);
        batch_size =
            next_batch_size(missing, (wanted - missing, seen), (limit + 1, max_batch_size));
    }
    let next = (rows.len() > limit).then(|| PageMark::Key(rows[limit - 1].0));
    rows.truncate(limit);
    Ok(Page { rows: rows.into_iter().map(|(_, row)| row).collect(), next, ..empty })
}

/// Returns how many rows to read in order to find those that are `missing`, where of the `seen` rows
/// read last so many matched. It is within the bounds `min` and `max`.
fn next_batch_size(
    missing: usize,
    (matched, seen): (usize, usize),
    (min, max): (usize, usize),
) -> usize {
    // Some more than expected, as another query costs more than some rows.
    let expected = missing.saturating_mul(seen).saturating_mul(5) / 4;
    expected.checked_div(matched).map_or(max, |rows| rows.clamp(min, max))
}

/// Returns the SQL condition on a column of facets; empty if all facets may match.
fn facets_condition(plan: &SearchPlan, column: &str) -> String {
    let Some(ranges) = &plan.facet_ranges else { return String::new() };
    let each: Vec<String> = ranges
        .iter()
        .map(|(from, to)| {
            if from == to {
                format!("{column} = {from}")
            } else {
                format!("{column} BETWEEN {from} AND {to}")
            }
        })
        .collect();
    format!(" AND ({})", each.join(" OR "))
}

/// Formats keys as a JSON array, for `json_each`.
fn json_array(keys: &HashSet<i64>) -> String {
    let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
    format!("[{}]", keys.join(","))
}

/// Returns the statement that gives keys and rows in order, at most `max_rows`.
fn build_statement(
    plan: &SearchPlan,
    unindexed: &Unindexed,
    oldest: bool,
    max_rows: Option<usize>,
) -> Batch {
    let (from, below) = plan.key_range;
    let order = if oldest { "ASC" } else { "DESC" };
    let span = |key: &str| format!("{key} >= {from} AND {key} < {below}");
    let limit = max_rows.map_or(String::new(), |max_rows| format!(" LIMIT {max_rows}"));
    match &plan.access_path {
        AccessPath::All => Batch::one_off(&format!(
            "SELECT key, row FROM incident WHERE {}{} ORDER BY key {order}{limit}",
            span("key"),
            facets_condition(plan, "+facets")
        )),
        AccessPath::FullText { expression } if !unindexed.all.is_empty() => {
            let mut batch = Batch::one_off(&format!(
                "SELECT key, row FROM incident WHERE (key IN (SELECT value FROM json_each(?))
                    OR key IN (SELECT rowid FROM words WHERE words MATCH ?
                        AND rowid NOT IN (SELECT value FROM json_each(?))))
                 AND {}{} ORDER BY key {order}{limit}",
                span("key"),
                facets_condition(plan, "+facets")
            ));
            batch
                .arg(json_array(&unindexed.matching))
                .arg(expression.clone())
                .arg(json_array(&unindexed.all));
            batch
        }
        AccessPath::FullText { expression } => {
            let mut batch = Batch::one_off(&format!(
                "SELECT i.key, i.row FROM words w JOIN incident i ON i.key = w.rowid
                 WHERE w.words MATCH ? AND {}{} ORDER BY w.rowid {order}{limit}",
                span("w.rowid"),
                facets_condition(plan, "i.facets")
            ));
            batch.arg(expression.clone());
            batch
        }
        AccessPath::TextOrNumber { lists } => {
            let mut batch = Batch::one_off(&format!(
                "SELECT i.key, i.row FROM (SELECT DISTINCT key FROM (
                    SELECT value AS key FROM json_each(?) WHERE {}",
                span("value")
            ));
            batch.arg(json_array(&unindexed.matching));
            for list in lists {
                push_list(
                    &mut batch,
                    list,
                    plan,
                    unindexed,
                    &format!("ORDER BY key {order}{limit}"),
                );
            }
            batch.sql(&format!(
                ") ORDER BY key {order}{limit}) k
                 JOIN incident i ON i.key = k.key ORDER BY k.key {order}"
            ));
            batch
        }
        AccessPath::Column { column: table, values } => {
            let facets = match table {
                IndexedColumn::Facets => String::new(),
                _ => facets_condition(plan, "facets"),
            };
            let lists: Vec<String> = values
                .iter()
                .map(|value| {
                    let (name, key, column, value) = table.sql_names(*value);
                    let span = span(key);
                    format!(
                        "SELECT * FROM (SELECT {key} AS key FROM {name} WHERE {column} = {value}
                         AND {span}{facets} ORDER BY {key} {order}{limit})"
                    )
                })
                .collect();
            Batch::one_off(&format!(
                "SELECT i.key, i.row FROM (SELECT DISTINCT key FROM ({}) ORDER BY key {order}{limit}) k
                 JOIN incident i ON i.key = k.key ORDER BY k.key {order}",
                lists.join(" UNION ALL ")
            ))
        }
    }
}

/// Adds to a union the keys of the indexed incidents of a list. `order` is the end of the statement.
fn push_list(
    batch: &mut Batch,
    list: &TextList,
    plan: &SearchPlan,
    unindexed: &Unindexed,
    order: &str,
) {
    let (from, below) = plan.key_range;
    let facets = facets_condition(plan, "i.facets");
    let (key, source) = match (list.expressions.is_empty(), facets.is_empty()) {
        (true, _) => ("i.key", "incident i"),
        (false, true) => ("w.rowid", "words w"),
        (false, false) => ("w.rowid", "words w JOIN incident i ON i.key = w.rowid"),
    };
    batch.sql(&format!(
        " UNION ALL SELECT * FROM (SELECT {key} AS key FROM {source}
           WHERE {key} >= {from} AND {key} < {below}{facets}"
    ));
    if !list.expressions.is_empty() {
        batch.sql(" AND w.words MATCH ?").arg(list.expressions.join(" AND "));
    }
    for number in &list.numbers {
        batch.sql(&format!(" AND {}", number.condition(key)));
    }
    if !unindexed.all.is_empty() {
        batch.sql(&format!(" AND {key} NOT IN (SELECT value FROM json_each(?))"));
        batch.arg(json_array(&unindexed.all));
    }
    batch.sql(&format!(" {order})"));
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::one_in_five(81, (20, 101), 404)]
    #[case::as_many_as_expected(10, (20, 101), 101)]
    #[case::between_the_bounds(80, (40, 101), 252)]
    #[case::no_match(80, (0, 101), 404)]
    #[case::no_row(80, (0, 0), 404)]
    fn rows_to_read_follow_from_those_that_matched(
        #[case] missing: usize,
        #[case] last: (usize, usize),
        #[case] expected: usize,
    ) {
        assert_eq!(next_batch_size(missing, last, (101, 404)), expected);
    }
}
