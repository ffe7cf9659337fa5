//! Marks at which the pages of a search end.

use std::fmt;
use std::str::FromStr;

use chrono::DateTime;
use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{Object, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::model::queue::UrgencyKey;
use crate::model::{IncidentId, Priority};

/// Where a page of a search ended. A backend accepts the marks that it has issued, and refuses
/// others.
///
/// On the wire and in stored pages it is a text. Texts of other versions and of other programs are
/// carried unchanged, so that they can be returned to whoever issued them.
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
    /// The number of cached rows up to the end of the page.
    Cached(usize),
    /// A text that this version does not issue.
    Unknown(String),
}

/// A text is not exactly a mark that this version issues.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("that is no mark of a page: begin with the first page")]
pub struct InvalidPageMark;

/// The prefixes of the texts. They are unambiguous, as `k`, `r` and `o` are followed by a number or
/// by `true` or `false`.
const KEY: &str = "k";
const RANK: &str = "r";
const ROW: &str = "o";
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
    #[case("next=2".into())]
    fn other_text_is_refused_and_carried_unchanged(#[case] text: String) {
        assert_eq!(text.parse::<PageMark>(), Err(InvalidPageMark));
        let mark = PageMark::from(text.clone());
        assert_eq!(mark, PageMark::Unknown(text.clone()));
        assert_eq!(String::from(mark), text);
    }
}
