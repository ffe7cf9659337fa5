//! The query parameters of Opsgenie's lists of alerts, notes and logs.

use serde_json::{Map, Value};

use crate::api::foreign;
use crate::ingest::opsgenie::IdentifierType;
use crate::ingest::opsgenie::listing;
use crate::ingest::opsgenie::search::AlertSearch;
use crate::server::error::{ApiError, ApiResult};

/// How many alerts a list has if nothing is said.
const DEFAULT_LIMIT: usize = 20;
/// The most alerts of a list.
const MAX_LIMIT: usize = 100;
/// The largest offset in a list.
const MAX_OFFSET: usize = 20_000;

/// How a path names an alert.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Naming {
    Id,
    Alias,
    /// By the number of its incident.
    Number,
}

impl Naming {
    /// Returns how a path identifies an alert, according to the query.
    pub(super) fn of_query(query: Option<&str>) -> Self {
        let mut pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        let kind = pairs.find(|(name, _)| name == "identifierType").map(|(_, text)| text);
        match kind {
            Some(text) if text.eq_ignore_ascii_case("alias") => Self::Alias,
            Some(text) if text.eq_ignore_ascii_case("tiny") => Self::Number,
            _ => Self::Id,
        }
    }

    pub(super) fn kind(self) -> IdentifierType {
        if self == Self::Alias { IdentifierType::Alias } else { IdentifierType::Id }
    }
}

/// Which alerts are listed, and in which order.
pub(super) struct ListQuery {
    text: String,
    pub(super) search: AlertSearch,
    pub(super) offset: usize,
    pub(super) limit: usize,
    pub(super) sort: String,
    pub(super) is_ascending: bool,
}

impl ListQuery {
    /// Reads a query. Parameters that mean nothing here are ignored.
    pub(super) fn parse(query: Option<&str>) -> ApiResult<Self> {
        let mut parsed = Self {
            text: String::new(),
            search: empty_search()?,
            offset: 0,
            limit: DEFAULT_LIMIT,
            sort: "createdAt".to_owned(),
            is_ascending: false,
        };
        for (name, text) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            match &*name {
                "query" => {
                    parsed.search = text.parse::<AlertSearch>().map_err(|error| {
                        ApiError::rejected(format!("the query can't be understood: {error}"))
                    })?;
                    parsed.text = text.into_owned();
                }
                "searchIdentifier" if !text.is_empty() => {
                    return Err(ApiError::rejected("there are no saved searches: send a query"));
                }
                "offset" => parsed.offset = number("offset", &text, 0..=MAX_OFFSET)?,
                "limit" => parsed.limit = number("limit", &text, 1..=MAX_LIMIT)?,
                "sort" if listing::order_by(&text).is_some() => parsed.sort = text.into_owned(),
                "sort" => {
                    return Err(ApiError::rejected("sort is no field by which alerts are sorted"));
                }
                "order" => parsed.is_ascending = is_ascending(&text)?,
                _ => {}
            }
        }
        if parsed.offset + parsed.limit > MAX_OFFSET {
            let message = format!("offset and limit are more than {MAX_OFFSET} together");
            return Err(ApiError::rejected(message));
        }
        Ok(parsed)
    }

    /// Returns the addresses of other pages of a list.
    pub(super) fn paging(&self, base: &str, total: usize) -> Value {
        let link = |offset: usize| {
            let mut pairs = form_urlencoded::Serializer::new(String::new());
            if !self.text.is_empty() {
                pairs.append_pair("query", &self.text);
            }
            let order = if self.is_ascending { "asc" } else { "desc" };
            pairs.append_pair("sort", &self.sort).append_pair("order", order);
            pairs.append_pair("limit", &self.limit.to_string());
            pairs.append_pair("offset", &offset.to_string());
            Value::from(format!("{base}{}?{}", foreign::OPSGENIE_ALERTS, pairs.finish()))
        };
        let last = total.saturating_sub(1) / self.limit * self.limit;
        let mut paging = Map::new();
        paging.insert("first".into(), link(0));
        if self.offset > 0 {
            paging.insert("prev".into(), link(self.offset.saturating_sub(self.limit)));
        }
        if self.offset + self.limit < total {
            paging.insert("next".into(), link(self.offset + self.limit));
        }
        paging.insert("last".into(), link(last));
        Value::Object(paging)
    }
}

/// Which notes or logs are listed.
pub(super) struct PageQuery {
    offset: Option<String>,
    limit: usize,
    is_ascending: bool,
    is_backward: bool,
}

impl PageQuery {
    pub(super) fn parse(query: Option<&str>) -> ApiResult<Self> {
        let mut parsed =
            Self { offset: None, limit: DEFAULT_LIMIT, is_ascending: false, is_backward: false };
        for (name, text) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            match &*name {
                "offset" if !text.is_empty() => parsed.offset = Some(text.into_owned()),
                "limit" => parsed.limit = number("limit", &text, 1..=MAX_LIMIT)?,
                "order" => parsed.is_ascending = is_ascending(&text)?,
                "direction" => parsed.is_backward = text.eq_ignore_ascii_case("prev"),
                _ => {}
            }
        }
        Ok(parsed)
    }

    /// Returns the entries of the page, and the position after which the next one begins.
    pub(super) fn of(&self, mut entries: Vec<(String, Value)>) -> (Vec<Value>, Option<String>) {
        if self.is_ascending == self.is_backward {
            entries.reverse();
        }
        let position = self
            .offset
            .as_ref()
            .and_then(|offset| entries.iter().position(|(position, _)| position == offset));
        // After one that there is not, there is nothing.
        let start = match (&self.offset, position) {
            (None, _) => 0,
            (Some(_), Some(position)) => position + 1,
            (Some(_), None) => entries.len(),
        };
        let has_more = entries.len() > start.saturating_add(self.limit);
        let page: Vec<(String, Value)> = entries.into_iter().skip(start).take(self.limit).collect();
        let next = page.last().filter(|_| has_more).map(|(position, _)| position.clone());
        (page.into_iter().map(|(_, value)| value).collect(), next)
    }

    pub(super) fn link(&self, base: &str, path: &str, offset: Option<&str>) -> String {
        let mut pairs = form_urlencoded::Serializer::new(String::new());
        let order = if self.is_ascending { "asc" } else { "desc" };
        let direction = if self.is_backward { "prev" } else { "next" };
        pairs.append_pair("order", order).append_pair("direction", direction);
        pairs.append_pair("limit", &self.limit.to_string());
        if let Some(offset) = offset {
            pairs.append_pair("offset", offset);
        }
        format!("{base}{path}?{}", pairs.finish())
    }
}

/// Returns the search that selects every alert.
fn empty_search() -> ApiResult<AlertSearch> {
    "".parse::<AlertSearch>().map_err(|_| ApiError::rejected("the query can't be understood"))
}

fn number(name: &str, text: &str, range: std::ops::RangeInclusive<usize>) -> ApiResult<usize> {
    let number = text.trim().parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| {
        let (least, most) = range.into_inner();
        ApiError::rejected(format!("{name} must be a whole number from {least} to {most}"))
    })
}

fn is_ascending(text: &str) -> ApiResult<bool> {
    match text.to_ascii_lowercase().as_str() {
        "asc" => Ok(true),
        "desc" => Ok(false),
        _ => Err(ApiError::rejected("order must be asc or desc")),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[test]
    fn query_says_how_the_path_names_an_alert() {
        assert_eq!(Naming::of_query(None), Naming::Id);
        assert_eq!(Naming::of_query(Some("identifierType=id")), Naming::Id);
        assert_eq!(Naming::of_query(Some("x=1&identifierType=alias")), Naming::Alias);
        assert_eq!(Naming::of_query(Some("identifierType=TINY")), Naming::Number);
    }

    #[rstest]
    #[case("", &["c", "b", "a"], None)]
    #[case("limit=2", &["c", "b"], Some("b"))]
    #[case("limit=2&offset=b", &["a"], None)]
    #[case("order=asc&limit=1", &["a"], Some("a"))]
    #[case("order=asc&limit=1&offset=a", &["b"], Some("b"))]
    #[case("order=asc&direction=prev&offset=b", &["a"], None)]
    #[case("direction=prev&offset=b", &["c"], None)]
    #[case("offset=gone", &[], None)]
    fn notes_are_paged(#[case] query: &str, #[case] expected: &[&str], #[case] next: Option<&str>) {
        let entries = ["a", "b", "c"].map(|one| (one.to_owned(), Value::from(one)));
        let page = PageQuery::parse(Some(query)).ok().unwrap();
        let (data, found) = page.of(entries.to_vec());
        assert_eq!(
            (data, found.as_deref()),
            (expected.iter().map(|one| json!(one)).collect(), next)
        );
    }
}
