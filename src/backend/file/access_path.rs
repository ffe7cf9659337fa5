//! Which index serves a search of the history, and what it can promise about the rows it gives.
//!
//! Every index ends in the key of the incident, which is ordered by report. So any value of any
//! field gives its incidents newest or oldest first, and a page is read from a few such lists
//! without sorting a history. What an index can't promise is checked on the rows.

use sqlx::{Row, SqliteConnection};

use super::error::StoreResult;
use super::full_text;
use super::names::NameKind;
use super::row::{FACETS_END, first_key_at, pack_facets};
use super::sql::Batch;
use crate::model::filter::{Filter, MatchContext, Owner, Predicate, Scope, StateFilter, Term};
use crate::model::status::{Category, Source, Status};
use crate::model::{Impact, IncidentId, PersonRef, Priority, Summary};

/// The list that is read, newest or oldest first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum AccessPath {
    /// Every incident.
    All,
    /// Incidents with one of these values in a column.
    Column { column: IndexedColumn, values: Vec<i64> },
    /// Incidents with words that begin with each of these, and how the index is asked for them.
    FullText { expression: String, prefixes: Vec<String> },
}

/// Where a list of values is indexed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum IndexedColumn {
    Service,
    Team,
    Assignee,
    Facets,
}

impl IndexedColumn {
    /// Table, column of the key and column of the value.
    pub(super) fn sql_names(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Service => ("affected", "incident", "service"),
            Self::Team => ("incident", "key", "team"),
            Self::Assignee => ("incident", "key", "assignee"),
            Self::Facets => ("incident", "key", "facets"),
        }
    }
}

/// How a search of the history is served.
#[derive(Clone, Debug)]
pub(super) struct SearchPlan {
    pub access_path: AccessPath,
    /// Ranges of facets that may pass, both ends included; `None` where all may.
    pub facet_ranges: Option<Vec<(i64, i64)>>,
    /// Keys from here on, and below here.
    pub key_range: (i64, i64),
    /// What the rows must still pass.
    pub row_filter: Filter,
}

/// In the columns of assignee and team of those that have none.
const NO_NAME: i64 = 0;
/// More values than this are not worth a list each.
const LISTS: usize = 64;

/// Plans a search; `None` where nothing can be found.
pub(super) async fn plan_search(
    conn: &mut SqliteConnection,
    filter: &Filter,
    context: MatchContext<'_>,
) -> StoreResult<Option<SearchPlan>> {
    let facets = matching_facets(filter);
    if facets.is_empty() {
        return Ok(None);
    }
    let ranges =
        (facets.len() < usize::try_from(FACETS_END).unwrap_or(0)).then(|| join_ranges(&facets));
    let mut rest = filter.clone();
    let mut pieces = Vec::new();
    rest.terms.retain(|term| match &term.predicate {
        Predicate::Text(word) if !term.negated => {
            let found = full_text::filter_prefixes(word);
            let kept = found.is_empty();
            pieces.extend(found);
            kept
        }
        _ => true,
    });
    let keys = key_range(filter, context);
    let drive = if pieces.is_empty() {
        match choose_column(conn, filter, context).await? {
            Some((_, values)) if values.is_empty() => return Ok(None),
            Some((table, values)) => AccessPath::Column { column: table, values },
            None if ranges.is_some() => {
                let there = read_existing_facets(conn).await?;
                let values: Vec<i64> = there.into_iter().filter(|f| facets.contains(f)).collect();
                if values.is_empty() {
                    return Ok(None);
                }
                AccessPath::Column { column: IndexedColumn::Facets, values }
            }
            None => AccessPath::All,
        }
    } else {
        AccessPath::FullText {
            expression: full_text::match_expression(conn, &pieces).await?,
            prefixes: pieces,
        }
    };
    Ok(Some(SearchPlan {
        access_path: drive,
        facet_ranges: ranges,
        key_range: keys,
        row_filter: rest,
    }))
}

/// The facets an incident may have and still pass.
fn matching_facets(filter: &Filter) -> Vec<i64> {
    let categories: Vec<Option<Category>> =
        std::iter::once(None).chain(Category::ALL.iter().copied().map(Some)).collect();
    let mut allowed = Vec::new();
    for status in Status::ALL {
        for priority in Priority::ALL {
            for category in &categories {
                for paused in [false, true] {
                    let known =
                        FacetValues { status: *status, priority, category: *category, paused };
                    if known.may_pass(filter) {
                        allowed.push(pack_facets(*status, priority, *category, paused));
                    }
                }
            }
        }
    }
    allowed.sort_unstable();
    allowed
}

/// What facets tell of an incident.
struct FacetValues {
    status: Status,
    priority: Priority,
    category: Option<Category>,
    paused: bool,
}

impl FacetValues {
    fn may_pass(&self, filter: &Filter) -> bool {
        if filter.scope() == Scope::Open && !self.status.is_open() {
            return false;
        }
        filter.terms.iter().all(|term| match (term.negated, self.matches(&term.predicate)) {
            (true, hit) => hit != Some(true),
            (false, Some(false)) => {
                // Another term on the same field may match instead.
                let field = term.predicate.field();
                let other = |t: &Term| {
                    !t.negated
                        && t.predicate.field() == field
                        && self.matches(&t.predicate) != Some(false)
                };
                field.is_some() && filter.terms.iter().any(other)
            }
            (false, _) => true,
        })
    }

    /// Whether it has what is asked for; `None` where facets don't tell.
    fn matches(&self, ask: &Predicate) -> Option<bool> {
        match ask {
            Predicate::Priority(priority) => Some(self.priority == *priority),
            Predicate::Status(status) => Some(self.status == *status),
            Predicate::Category(category) => Some(self.category == *category),
            Predicate::State(StateFilter::Open) => Some(self.status.is_open()),
            Predicate::State(StateFilter::Ended) => Some(!self.status.is_open()),
            Predicate::State(StateFilter::Any) => Some(true),
            Predicate::State(StateFilter::Unacknowledged) => Some(self.status == Status::Triggered),
            Predicate::State(StateFilter::Paused) => Some(self.paused),
            // Only an open incident is snoozed or has a clock.
            Predicate::State(StateFilter::Snoozed) | Predicate::Sla(_) => {
                (!self.status.is_open()).then_some(false)
            }
            _ => None,
        }
    }
}

/// Neighbours joined.
fn join_ranges(facets: &[i64]) -> Vec<(i64, i64)> {
    let mut ranges: Vec<(i64, i64)> = Vec::new();
    for facet in facets {
        match ranges.last_mut() {
            Some((_, end)) if *end + 1 == *facet => *end = *facet,
            _ => ranges.push((*facet, *facet)),
        }
    }
    ranges
}

/// The keys that ages leave.
fn key_range(filter: &Filter, context: MatchContext<'_>) -> (i64, i64) {
    let (mut from, mut below) = (0, i64::MAX);
    for term in filter.terms.iter().filter(|term| !term.negated) {
        match &term.predicate {
            Predicate::Younger(than) => {
                let earliest = context.now.timestamp() - than.num_seconds();
                from = from.max(first_key_at(earliest - 1));
            }
            Predicate::Older(than) => {
                let latest = context.now.timestamp() - than.num_seconds();
                below = below.min(first_key_at(latest + 2));
            }
            _ => {}
        }
    }
    (from, below)
}

/// The field of the filter that leaves the fewest, as far as that can be told: a person leads
/// fewer incidents than a service has, and that fewer than a team.
async fn choose_column(
    conn: &mut SqliteConnection,
    filter: &Filter,
    context: MatchContext<'_>,
) -> StoreResult<Option<(IndexedColumn, Vec<i64>)>> {
    let positive = |field: &'static str| {
        filter.terms.iter().filter(move |t| !t.negated && t.predicate.field() == Some(field))
    };
    for (table, field, kind) in [
        (IndexedColumn::Assignee, "owner", NameKind::Person),
        (IndexedColumn::Service, "service", NameKind::Service),
        (IndexedColumn::Team, "team", NameKind::Team),
    ] {
        let asks: Vec<&Predicate> = positive(field).map(|t| &t.predicate).collect();
        let nobody = |ask: &&Predicate| {
            matches!(ask, Predicate::Owner(Owner::Nobody) | Predicate::Team(None))
        };
        if asks.is_empty() {
            continue;
        }
        let mut values = matching_name_ids(conn, kind, &asks, context).await?;
        if asks.iter().any(nobody) {
            values.push(NO_NAME);
        }
        if values.len() <= LISTS {
            return Ok(Some((table, values)));
        }
    }
    Ok(None)
}

/// The ids of the names that one of the terms finds, by the filter's own rule.
async fn matching_name_ids(
    conn: &mut SqliteConnection,
    kind: NameKind,
    asks: &[&Predicate],
    context: MatchContext<'_>,
) -> StoreResult<Vec<i64>> {
    let mut batch = Batch::new("SELECT id, text FROM name WHERE kind = ?");
    batch.arg(kind as i64);
    let mut probe = blank_summary();
    let mut values = Vec::new();
    for row in batch.fetch_all(conn).await? {
        let text: String = row.try_get(1)?;
        match kind {
            NameKind::Service => probe.services = vec![text],
            NameKind::Team => probe.team = Some(text),
            NameKind::Person | NameKind::Actor => {
                probe.assignee = serde_json::from_str::<PersonRef>(&text).ok();
            }
        }
        if asks.iter().any(|ask| ask.matches(&probe, context)) {
            values.push(row.try_get(0)?);
        }
    }
    Ok(values)
}

/// An incident to try a name on, or to fill in with what an index tells.
pub(super) fn blank_summary() -> Summary {
    let at = chrono::DateTime::UNIX_EPOCH;
    Summary {
        id: IncidentId(uuid::Uuid::nil()),
        number: None,
        title: String::new(),
        status: Status::Triggered,
        impact: Impact::Low,
        urgency: Impact::Low,
        priority: Priority::P4,
        category: None,
        source: Source::Internal,
        services: Vec::new(),
        assignee: None,
        team: None,
        detected_at: at,
        reported_at: at,
        acknowledged_at: None,
        resolved_at: None,
        closed_at: None,
        snoozed_until: None,
        paused: false,
        updated_at: None,
        alerts: 1,
        escalation: 0,
        seq: 1,
        last_event_at: at,
    }
}

/// The facets that occur, found by leaping from one to the next.
async fn read_existing_facets(conn: &mut SqliteConnection) -> StoreResult<Vec<i64>> {
    let rows = Batch::new(
        "WITH RECURSIVE there (value) AS (
            SELECT min(facets) FROM incident
            UNION ALL
            SELECT (SELECT min(facets) FROM incident WHERE facets > value) FROM there
                WHERE value IS NOT NULL
         ) SELECT value FROM there WHERE value IS NOT NULL",
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
}
