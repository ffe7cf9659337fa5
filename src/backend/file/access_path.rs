//! Chooses the access path of a search of the history: which index it reads, and which conditions
//! remain to be checked on the rows.
//!
//! Every index ends in the key of the incident, which is ordered by the time of the report. So for
//! any value of any field the index gives its incidents newest or oldest first, and a page is read
//! from a few such lists without sorting the history. The conditions that an index can't guarantee
//! are checked on the rows.

use std::sync::LazyLock;

use sqlx::{Row, SqliteConnection};

use super::error::StoreResult;
use super::evidence_table::has_involved;
use super::full_text::query::{NumberPart, SearchTerm};
use super::names::NameKind;
use super::row::{first_key_at, pack_facets};
use super::sql::Batch;
use crate::model::filter::{
    Filter, MatchContext, Owner, Predicate, Scope, StateFilter, Term, UtcCalendar,
};
use crate::model::status::{Category, Source, Status};
use crate::model::unknown::Word;
use crate::model::{
    Attributes, Extra, Impact, IncidentId, PersonRef, Priority, Summary, UnknownNames,
};

/// The list of incidents that a search reads, newest or oldest first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum AccessPath {
    /// All incidents of the store.
    All,
    /// Incidents with one of these values in a column.
    Column { column: IndexedColumn, values: Vec<i64> },
    /// Incidents that an FTS5 query finds.
    FullText { expression: String },
    /// Incidents of any of these lists.
    TextOrNumber { lists: Vec<TextList> },
}

/// Incidents that have some words in their texts and others in their number.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct TextList {
    /// The FTS5 expressions of the words in texts.
    pub expressions: Vec<String>,
    /// The parts of the number.
    pub numbers: Vec<NumberPart>,
}

/// The fields that have an index of their own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum IndexedColumn {
    Service,
    Team,
    Assignee,
    Facets,
}

impl IndexedColumn {
    /// Returns the names of the table, of the column with the incident's key, and of the column
    /// with the value, together with the value itself.
    pub(super) fn sql_names(self, value: i64) -> (&'static str, &'static str, &'static str, i64) {
        match self {
            // An incident without a service is not in the table of services.
            Self::Service if value == NO_NAME => ("incident", "key", "service", value),
            Self::Service => ("affected", "incident", "service", value),
            // A negative value represents a team that helps.
            Self::Team if value < NO_NAME => (INVOLVED, "incident", "team", -value),
            Self::Team => ("incident", "key", "team", value),
            Self::Assignee => ("incident", "key", "assignee", value),
            Self::Facets => ("incident", "key", "facets", value),
        }
    }
}

/// How to carry out a search of the history.
#[derive(Clone, Debug)]
pub(super) struct SearchPlan {
    pub access_path: AccessPath,
    /// The ranges of facets that may match, both ends included; `None` if all may.
    pub facet_ranges: Option<Vec<(i64, i64)>>,
    /// The first key that may match, and the key below which all matches are.
    pub key_range: (i64, i64),
    /// The filter that the rows must still match, without its words.
    pub row_filter: Filter,
    /// The words that must be somewhere in the texts of an incident.
    pub text_terms: Vec<SearchTerm>,
}

/// The number of all facets.
static FACETS_COUNT: LazyLock<usize> = LazyLock::new(|| {
    let predicate = Predicate::State(StateFilter::Any);
    matching_facets(&Filter { terms: vec![Term { negated: false, predicate }] }).len()
});

/// The value of the columns `service`, `assignee` and `team` for an incident that has none.
const NO_NAME: i64 = 0;
/// The incidents of teams that help, with their facets.
const INVOLVED: &str = "(SELECT h.team, h.incident, i.facets FROM involved h
    JOIN incident i ON i.key = h.incident)";
/// With more values than this, reading one list for each value is too slow.
const LISTS: usize = 64;

/// Plans a search. Returns `None` if no incident can match.
pub(super) async fn plan_search(
    conn: &mut SqliteConnection,
    filter: &Filter,
    context: MatchContext<'_>,
) -> StoreResult<Option<SearchPlan>> {
    let facets = matching_facets(filter);
    if facets.is_empty() {
        return Ok(None);
    }
    let selects_some = facets.len() < *FACETS_COUNT;
    let facet_ranges = selects_some.then(|| join_ranges(&facets));
    let mut row_filter = filter.clone();
    let mut text_terms = Vec::new();
    for word in filter.search_texts() {
        text_terms.extend(SearchTerm::prepare(conn, word).await?);
    }
    row_filter.terms.retain(|term| term.negated || !matches!(term.predicate, Predicate::Text(_)));
    let key_range = key_range(filter, context);
    let expressions: Vec<String> = text_terms
        .iter()
        .filter_map(SearchTerm::complete_expression)
        .map(|expression| format!("({expression})"))
        .collect();
    let column =
        if expressions.is_empty() { choose_column(conn, filter, context).await? } else { None };
    let lists =
        if column.is_none() { text_lists(&mut text_terms, &expressions) } else { Vec::new() };
    let access_path = if lists.len() > 1 {
        AccessPath::TextOrNumber { lists }
    } else if expressions.is_empty() {
        match column {
            Some((_, values)) if values.is_empty() => return Ok(None),
            Some((column, values)) => AccessPath::Column { column, values },
            None if facet_ranges.is_some() => {
                let existing = read_existing_facets(conn).await?;
                let values: Vec<i64> =
                    existing.into_iter().filter(|f| facets.contains(f)).collect();
                if values.is_empty() {
                    return Ok(None);
                }
                AccessPath::Column { column: IndexedColumn::Facets, values }
            }
            None => AccessPath::All,
        }
    } else {
        AccessPath::FullText { expression: expressions.join(" AND ") }
    };
    Ok(Some(SearchPlan { access_path, facet_ranges, key_range, row_filter, text_terms }))
}

/// Returns the lists of incidents that have each word in a text or in the number: one list, unless
/// words are parts of so many numbers that these cannot be listed.
fn text_lists(text_terms: &mut [SearchTerm], expressions: &[String]) -> Vec<TextList> {
    let mut lists = vec![TextList { expressions: expressions.to_vec(), numbers: Vec::new() }];
    for term in text_terms {
        // Each such word doubles the lists; words that are not searched are compared with the rows.
        if lists.len() > 2 {
            break;
        }
        let Some((number, expression)) = term.search_number() else { continue };
        let mut with_number = lists.clone();
        for list in &mut with_number {
            list.numbers.push(number.clone());
        }
        for list in &mut lists {
            list.expressions.push(format!("({expression})"));
        }
        lists.append(&mut with_number);
    }
    lists
}

/// Returns the facets with which an incident may match, in ascending order.
fn matching_facets(filter: &Filter) -> Vec<i64> {
    // All values of later versions have the same facets.
    let later = Word::UNNAMED;
    let categories = Category::ALL.iter().copied().chain([Category::Unknown(later)]);
    let categories: Vec<Option<Category>> =
        std::iter::once(None).chain(categories.map(Some)).collect();
    let mut allowed = Vec::new();
    for status in Status::ALL.iter().copied().chain([Status::Unknown(later)]) {
        for priority in Priority::ALL.into_iter().chain([Priority::Unknown(later)]) {
            for category in categories.iter().copied() {
                for paused in [false, true] {
                    if (FacetValues { status, priority, category, paused }).may_pass(filter) {
                        allowed.push(pack_facets(status, priority, category, paused));
                    }
                }
            }
        }
    }
    allowed.sort_unstable();
    allowed.dedup();
    allowed
}

/// The fields of an incident that its facets hold.
struct FacetValues {
    status: Status,
    priority: Priority,
    category: Option<Category>,
    paused: bool,
}

impl FacetValues {
    /// Returns whether an incident with these fields may match the filter.
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

    /// Returns whether an incident with these fields matches a predicate; `None` if the facets
    /// don't determine it.
    fn matches(&self, predicate: &Predicate) -> Option<bool> {
        match predicate {
            // All values of later versions have the same facets.
            Predicate::Priority(one) if one.is_unknown() && self.priority.is_unknown() => None,
            Predicate::Status(one) if one.is_unknown() && self.status.is_unknown() => None,
            Predicate::Category(Some(one))
                if one.is_unknown() && self.category.is_some_and(Category::is_unknown) =>
            {
                None
            }
            Predicate::Priority(priority) => Some(self.priority == *priority),
            Predicate::Status(status) => Some(self.status == *status),
            Predicate::Category(category) => Some(self.category == *category),
            Predicate::State(StateFilter::Open) => Some(self.status.is_open()),
            Predicate::State(StateFilter::Ended) => Some(!self.status.is_open()),
            Predicate::State(StateFilter::Any) => Some(true),
            Predicate::State(StateFilter::Unacknowledged) => Some(self.status == Status::Triggered),
            Predicate::State(StateFilter::Paused) => Some(self.paused),
            Predicate::State(StateFilter::Muted) => {
                (self.status != Status::Triggered && !self.status.is_unknown()).then_some(false)
            }
            // Only an open incident is snoozed or has a clock.
            Predicate::State(StateFilter::Snoozed) | Predicate::Sla(_) => {
                (!self.status.is_open()).then_some(false)
            }
            // An open incident is not resolved.
            Predicate::ResolvedWithin(_)
            | Predicate::ResolvedBefore(_)
            | Predicate::ResolvedOn(_)
            | Predicate::TookLonger(_)
            | Predicate::TookLess(_) => {
                (self.status.is_open() && !self.status.is_unknown()).then_some(false)
            }
            _ => None,
        }
    }
}

/// Joins consecutive facets into ranges.
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

/// Returns the range of keys that the ages in the filter allow.
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
            // Reports are recorded to the second.
            Predicate::Since(date) => {
                let earliest = date.resolve(context.now, &UtcCalendar).0.timestamp();
                from = from.max(first_key_at(earliest));
            }
            Predicate::Before(date) => {
                let end = date.resolve(context.now, &UtcCalendar).0.timestamp();
                below = below.min(first_key_at(end + 1));
            }
            _ => {}
        }
    }
    // Several days are alternatives.
    let days = filter.terms.iter().filter_map(|term| match &term.predicate {
        Predicate::On(date) if !term.negated => Some(date.resolve(context.now, &UtcCalendar)),
        _ => None,
    });
    if let Some((earliest, end)) = days.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))) {
        from = from.max(first_key_at(earliest.timestamp()));
        below = below.min(first_key_at(end.timestamp() + 1));
    }
    (from, below)
}

/// Chooses the field of the filter that matches the fewest incidents, with the values that match.
///
/// The order is an estimate: a person leads fewer incidents than a service has, and a service has
/// fewer than a team.
async fn choose_column(
    conn: &mut SqliteConnection,
    filter: &Filter,
    context: MatchContext<'_>,
) -> StoreResult<Option<(IndexedColumn, Vec<i64>)>> {
    let positive = |field: &'static str| {
        filter.terms.iter().filter(move |t| !t.negated && t.predicate.field() == Some(field))
    };
    for (column, field, kind) in [
        (IndexedColumn::Assignee, "owner", NameKind::Person),
        (IndexedColumn::Service, "service", NameKind::Service),
        (IndexedColumn::Team, "team", NameKind::Team),
    ] {
        let predicates: Vec<&Predicate> = positive(field).map(|t| &t.predicate).collect();
        let nobody = |predicate: &&Predicate| {
            matches!(
                predicate,
                Predicate::Owner(Owner::Nobody) | Predicate::Team(None) | Predicate::Service(None)
            )
        };
        if predicates.is_empty() {
            continue;
        }
        let mut values = matching_name_ids(conn, kind, &predicates, context).await?;
        if kind == NameKind::Team {
            let helping = read_helping_teams(conn).await?;
            values.extend(
                helping.iter().filter(|id| values.contains(id)).map(|id| -id).collect::<Vec<_>>(),
            );
        }
        if predicates.iter().any(nobody) {
            values.push(NO_NAME);
        }
        if values.len() <= LISTS {
            return Ok(Some((column, values)));
        }
    }
    Ok(None)
}

/// Returns the ids of the teams that help with some incident.
async fn read_helping_teams(conn: &mut SqliteConnection) -> StoreResult<Vec<i64>> {
    if !has_involved(conn).await? {
        return Ok(Vec::new());
    }
    let rows = Batch::new("SELECT DISTINCT team FROM involved").fetch_all(conn).await?;
    Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
}

/// Returns the ids of the names that one of the predicates matches, by the rule of the filter.
async fn matching_name_ids(
    conn: &mut SqliteConnection,
    kind: NameKind,
    predicates: &[&Predicate],
    context: MatchContext<'_>,
) -> StoreResult<Vec<i64>> {
    let mut batch = Batch::new("SELECT id, text FROM name WHERE kind = ?");
    batch.arg(kind.to_stored());
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
        if predicates.iter().any(|predicate| predicate.matches(&probe, context)) {
            values.push(row.try_get(0)?);
        }
    }
    Ok(values)
}

/// Returns an empty summary: to match a single name against a filter, or to fill in with the fields
/// that an index holds.
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
        paused_since: None,
        paused_ms: 0,
        acknowledge_verdict: None,
        resolve_verdict: None,
        updated_at: None,
        alerts: 1,
        escalation: 0,
        escalation_round: 0,
        escalation_from: None,
        required: None,
        muted: None,
        muted_ms: 0,
        never_acknowledged: false,
        folded_under: None,
        is_noise: false,
        seq: 1,
        last_event_at: at,
        last_word: None,
        attributes: Attributes::default(),
        unknown: UnknownNames::default(),
        extra: Extra::default(),
    }
}

/// Reads the facets that occur. The query jumps from each value to the next one in the index, so it
/// does not read all incidents.
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
