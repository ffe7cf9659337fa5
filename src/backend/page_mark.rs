//! Marks at which the pages of a search end.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate};
use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{Object, Schema, Type};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use crate::model::queue::UrgencyKey;
use crate::model::{IncidentId, Priority, ProblemId};

/// Where a page of a search ended. A backend accepts the marks that it has issued, and refuses
/// others.
///
/// On the wire and in stored pages it is a text. Texts of other versions and of other programs are
/// carried unchanged, so that they can be returned to their issuer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum PageMark {
    /// The key of the last row, in an order by time of report.
    Key(i64),
    /// The rank of the last row, in the order of urgency.
    Rank(UrgencyKey),
    /// The id of the last row, and the number of rows up to it, which is used if that row is no
    /// longer in the list.
    Row(IncidentId, usize),
    /// When the last event of a feed was recorded, in milliseconds since 1970, and its position in
    /// the log.
    Event {
        /// Whether the feed has the latest event first.
        newest_first: bool,
        /// The time.
        recorded: i64,
        /// The position.
        log: i64,
    },
    /// The position of the last event in the log.
    Log(i64),
    /// The second in which the last change of a list starts, and its key.
    Change(i64, i64),
    /// Whether the last review of a list is published, and the key of its incident.
    Review(bool, i64),
    /// The last action item of a list.
    ActionItem {
        /// Whether it is done.
        done: bool,
        /// The day on which it is due.
        due: Option<NaiveDate>,
        /// The key of its incident.
        incident: i64,
        /// Its id.
        id: Uuid,
    },
    /// The id of the last problem of a list that has the newest first, as earlier versions have it.
    Problem(ProblemId),
    /// The rank of the state of the last problem of a list, and its id.
    RankedProblem(u8, ProblemId),
    /// When the last notification of a list was planned, in milliseconds since 1970, and its id.
    Notification(i64, Uuid),
    /// The position of the last change of administration.
    Administration(i64),
    /// The number of cached rows up to the end of the page.
    Cached(usize),
    /// A text that this version does not issue.
    Unknown(String),
}

/// A text is not exactly a mark that this version issues.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("that is no mark of a page: begin with the first page")]
pub struct InvalidPageMark;

/// The prefixes of the texts. They are unambiguous, as all but the last are followed by a number, by
/// `true` or `false`, or by an id.
const KEY: &str = "k";
const RANK: &str = "r";
const ROW: &str = "o";
const EVENT: &str = "e";
const LOG: &str = "l";
const CHANGE: &str = "c";
const REVIEW: &str = "v";
const ACTION_ITEM: &str = "a";
const PROBLEM: &str = "p";
const RANKED_PROBLEM: &str = "b";
const NOTIFICATION: &str = "n";
const ADMINISTRATION: &str = "d";
const CACHED: &str = "kept:";

impl fmt::Display for PageMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => write!(f, "{KEY}{key}"),
            Self::Rank(UrgencyKey { is_calm, priority, is_acknowledged, reported_at, id }) => {
                let (priority, reported) = (priority.to_stored(), reported_at.timestamp_millis());
                write!(f, "{RANK}{is_calm}.{priority}.{is_acknowledged}.{reported}.{id}")
            }
            Self::Row(id, count) => write!(f, "{ROW}{count}.{id}"),
            Self::Event { newest_first, recorded, log } => {
                write!(f, "{EVENT}{newest_first}.{recorded}.{log}")
            }
            Self::Log(log) => write!(f, "{LOG}{log}"),
            Self::Change(start, key) => write!(f, "{CHANGE}{start}.{key}"),
            Self::Review(is_published, key) => write!(f, "{REVIEW}{is_published}.{key}"),
            Self::ActionItem { done, due, incident, id } => {
                write!(f, "{ACTION_ITEM}{done}.{incident}.{id}.")?;
                due.map_or(Ok(()), |due| write!(f, "{due}"))
            }
            Self::Problem(id) => write!(f, "{PROBLEM}{id}"),
            Self::RankedProblem(rank, id) => write!(f, "{RANKED_PROBLEM}{rank}.{id}"),
            Self::Notification(planned, id) => write!(f, "{NOTIFICATION}{planned}.{id}"),
            Self::Administration(position) => write!(f, "{ADMINISTRATION}{position}"),
            Self::Cached(count) => write!(f, "{CACHED}{count}"),
            Self::Unknown(text) => f.write_str(text),
        }
    }
}

impl FromStr for PageMark {
    type Err = InvalidPageMark;

    /// Parses a text that this version issues. Other spellings of the same mark are refused.
    fn from_str(text: &str) -> Result<Self, InvalidPageMark> {
        let mark = parse(text).ok_or(InvalidPageMark)?;
        if mark.to_string() == text { Ok(mark) } else { Err(InvalidPageMark) }
    }
}

fn parse(text: &str) -> Option<PageMark> {
    if let Some(count) = text.strip_prefix(CACHED) {
        return Some(PageMark::Cached(count.parse().ok()?));
    }
    if let Some(key) = text.strip_prefix(KEY) {
        return Some(PageMark::Key(key.parse().ok()?));
    }
    if let Some(row) = text.strip_prefix(ROW) {
        let (count, id) = row.split_once('.')?;
        return Some(PageMark::Row(id.parse().ok()?, count.parse().ok()?));
    }
    if let Some(mark) = parse_list_mark(text) {
        return Some(mark);
    }
    let parts: Vec<&str> = text.strip_prefix(RANK)?.split('.').collect();
    let [calm, priority, acknowledged, reported, id] = parts[..] else { return None };
    Some(PageMark::Rank(UrgencyKey {
        is_calm: calm.parse().ok()?,
        priority: Priority::from_stored(priority.parse().ok()?)?,
        is_acknowledged: acknowledged.parse().ok()?,
        reported_at: DateTime::from_timestamp_millis(reported.parse().ok()?)?,
        id: id.parse().ok()?,
    }))
}

/// Parses a mark of a list over all incidents.
fn parse_list_mark(text: &str) -> Option<PageMark> {
    if let Some(event) = text.strip_prefix(EVENT) {
        let [newest, recorded, log] = split(event)?;
        return Some(PageMark::Event {
            newest_first: newest.parse().ok()?,
            recorded: recorded.parse().ok()?,
            log: log.parse().ok()?,
        });
    }
    if let Some(log) = text.strip_prefix(LOG) {
        return Some(PageMark::Log(log.parse().ok()?));
    }
    if let Some(change) = text.strip_prefix(CHANGE) {
        let [start, key] = split(change)?;
        return Some(PageMark::Change(start.parse().ok()?, key.parse().ok()?));
    }
    if let Some(review) = text.strip_prefix(REVIEW) {
        let [is_published, key] = split(review)?;
        return Some(PageMark::Review(is_published.parse().ok()?, key.parse().ok()?));
    }
    if let Some(item) = text.strip_prefix(ACTION_ITEM) {
        let [done, incident, id, due] = split(item)?;
        return Some(PageMark::ActionItem {
            done: done.parse().ok()?,
            due: if due.is_empty() { None } else { Some(due.parse().ok()?) },
            incident: incident.parse().ok()?,
            id: id.parse().ok()?,
        });
    }
    if let Some(notification) = text.strip_prefix(NOTIFICATION) {
        let [planned, id] = split(notification)?;
        return Some(PageMark::Notification(planned.parse().ok()?, id.parse().ok()?));
    }
    if let Some(problem) = text.strip_prefix(RANKED_PROBLEM) {
        let [rank, id] = split(problem)?;
        return Some(PageMark::RankedProblem(rank.parse().ok()?, id.parse().ok()?));
    }
    if let Some(position) = text.strip_prefix(ADMINISTRATION) {
        return Some(PageMark::Administration(position.parse().ok()?));
    }
    Some(PageMark::Problem(text.strip_prefix(PROBLEM)?.parse().ok()?))
}

/// Splits a text at its dots; `None` if it has another number of parts.
fn split<const N: usize>(text: &str) -> Option<[&str; N]> {
    text.split('.').collect::<Vec<_>>().try_into().ok()
}

impl From<String> for PageMark {
    fn from(text: String) -> Self {
        text.parse().unwrap_or(Self::Unknown(text))
    }
}

impl From<PageMark> for String {
    fn from(mark: PageMark) -> Self {
        match mark {
            PageMark::Unknown(text) => text,
            other => other.to_string(),
        }
    }
}

impl PartialSchema for PageMark {
    fn schema() -> RefOr<Schema> {
        Object::builder()
            .schema_type(Type::String)
            .description(Some(
                "Where a page ended. Only the backend that gave it knows its meaning.",
            ))
            .into()
    }
}

impl ToSchema for PageMark {}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const ID: &str = "0198c0de-0000-7000-8000-000000000001";

    #[rstest]
    #[case("k0".into())]
    #[case("k-42".into())]
    #[case("k9223372036854775807".into())]
    #[case("kept:50".into())]
    #[case(format!("o7.{ID}"))]
    #[case(format!("rfalse.0.true.1767600000123.{ID}"))]
    #[case("etrue.1767600000123.7".into())]
    #[case("efalse.0.7".into())]
    #[case("l0".into())]
    #[case("l42".into())]
    #[case("c1767600000.3".into())]
    #[case("vtrue.42".into())]
    #[case(format!("afalse.42.{ID}.2026-11-30"))]
    #[case(format!("atrue.42.{ID}."))]
    #[case(format!("p{ID}"))]
    #[case(format!("b3.{ID}"))]
    #[case(format!("n1767600000123.{ID}"))]
    #[case("d42".into())]
    fn mark_is_parsed_and_printed_unchanged(#[case] text: String) {
        let mark: PageMark = text.parse().unwrap();
        assert_eq!(mark.to_string(), text);
        let json = serde_json::to_string(&mark).unwrap();
        assert_eq!(json, format!("{text:?}"));
        assert_eq!(serde_json::from_str::<PageMark>(&json).unwrap(), mark);
    }

    #[rstest]
    #[case(String::new())]
    #[case("k".into())]
    #[case("k+5".into())]
    #[case("k05".into())]
    #[case("k5 ".into())]
    #[case("kept:-1".into())]
    #[case("kept:".into())]
    #[case("o7".into())]
    #[case(format!("o07.{ID}"))]
    #[case(format!("o7.{}", ID.to_uppercase()))]
    #[case(format!("rfalse.0.true.1767600000123.{ID}.more"))]
    #[case(format!("rfalse.9.true.1767600000123.{ID}"))]
    #[case("etrue.1".into())]
    #[case("emaybe.1.2".into())]
    #[case("c1.2.3".into())]
    #[case("l07".into())]
    #[case("v42".into())]
    #[case(format!("afalse.42.{ID}.2026-13-30"))]
    #[case("p7".into())]
    #[case(format!("b03.{ID}"))]
    #[case("b3".into())]
    #[case("next=2".into())]
    fn other_text_is_refused_and_carried_unchanged(#[case] text: String) {
        assert_eq!(text.parse::<PageMark>(), Err(InvalidPageMark));
        let mark = PageMark::from(text.clone());
        assert_eq!(mark, PageMark::Unknown(text.clone()));
        assert_eq!(String::from(mark), text);
    }
}
