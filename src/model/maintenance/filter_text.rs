//! The text of a filter, as people type it: `service:checkout env=prod p1 "disk full"`.

use std::fmt;
use std::str::FromStr;

use super::filter::MaintenanceFilter;
use super::label_test::{InvalidLabelTest, LabelTest, LabelValue};
use crate::model::priority::Priority;
use crate::model::text::sanitize;

/// The reason why a text is no filter of a maintenance window.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum InvalidMaintenanceFilter {
    /// It has nothing in it.
    #[error(
        "it selects nothing: write service:NAME, team:NAME, source:NAME, env=prod, p1 or a text"
    )]
    Empty,
    /// A term has no value.
    #[error("{:?} has no value: write service:NAME, team:NAME, source:NAME or label:NAME", sanitize(.0))]
    NoValue(String),
    /// A priority is none.
    #[error("{:?} is no priority: write p1, p2, p3 or p4", sanitize(.0))]
    Priority(String),
    /// A quotation mark is not closed.
    #[error("a quotation mark is not closed")]
    OpenQuote,
    /// A test of a label is none.
    #[error(transparent)]
    Label(#[from] InvalidLabelTest),
}

/// A word of the text, and whether it is quoted from its beginning.
struct Word {
    text: String,
    is_quoted: bool,
}

/// Splits a text at unquoted spaces. Within quotation marks, a backslash escapes a quotation mark
/// or a backslash.
fn split_quoted(text: &str) -> Result<Vec<Word>, InvalidMaintenanceFilter> {
    let mut found = Vec::new();
    let mut current: Option<Word> = None;
    let mut is_open = false;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if !is_open && c.is_whitespace() {
            found.extend(current.take());
            continue;
        }
        let word = current.get_or_insert_with(|| Word { text: String::new(), is_quoted: c == '"' });
        match c {
            '"' => is_open = !is_open,
            '\\' if is_open => word.text.extend(chars.next()),
            c => word.text.push(c),
        }
    }
    if is_open {
        return Err(InvalidMaintenanceFilter::OpenQuote);
    }
    found.extend(current);
    Ok(found)
}

impl FromStr for MaintenanceFilter {
    type Err = InvalidMaintenanceFilter;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut filter = Self::default();
        let mut texts: Vec<String> = Vec::new();
        for Word { text, is_quoted } in split_quoted(text)? {
            if is_quoted {
                texts.push(text);
                continue;
            }
            let lower = text.to_ascii_lowercase();
            if matches!(lower.as_str(), "p1" | "p2" | "p3" | "p4") {
                filter.add_priority(&text)?;
                continue;
            }
            // A label test may have a colon in its value; a term has no operator before its colon.
            let operator = text.find(['=', '~', '!']);
            let colon = text.find(':').filter(|at| operator.is_none_or(|operator| *at < operator));
            let Some(colon) = colon else {
                if operator.is_some() {
                    filter.labels.push(text.parse()?);
                } else {
                    texts.push(text);
                }
                continue;
            };
            let (key, value) = (&text[..colon], &text[colon + 1..]);
            let no_value = || InvalidMaintenanceFilter::NoValue(text.clone());
            match key.to_ascii_lowercase().as_str() {
                "service" | "svc" | "team" | "source" | "priority" | "pri" | "label"
                    if value.trim().is_empty() =>
                {
                    return Err(no_value());
                }
                "service" | "svc" => push_new(&mut filter.services, value),
                "team" => push_new(&mut filter.teams, value),
                "source" => push_new(&mut filter.sources, value),
                "priority" | "pri" => filter.add_priority(value)?,
                "label" => filter.labels.push(value.parse()?),
                _ => texts.push(text.clone()),
            }
        }
        let text = texts.join(" ");
        filter.text = (!text.trim().is_empty()).then(|| text.trim().to_owned());
        if filter.is_empty() {
            return Err(InvalidMaintenanceFilter::Empty);
        }
        Ok(filter)
    }
}

fn push_new(list: &mut Vec<String>, value: &str) {
    if !list.iter().any(|one| one == value) {
        list.push(value.to_owned());
    }
}

impl MaintenanceFilter {
    fn add_priority(&mut self, text: &str) -> Result<(), InvalidMaintenanceFilter> {
        let priority: Priority =
            text.parse().map_err(|_| InvalidMaintenanceFilter::Priority(text.to_owned()))?;
        if !self.priorities.contains(&priority) {
            self.priorities.push(priority);
        }
        Ok(())
    }
}

impl fmt::Display for MaintenanceFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut terms: Vec<String> = Vec::new();
        let lists = [("service", &self.services), ("team", &self.teams), ("source", &self.sources)];
        for (key, list) in lists {
            terms.extend(list.iter().map(|value| format!("{key}:{}", quoted(value, false))));
        }
        terms.extend(self.priorities.iter().map(|priority| match priority {
            Priority::Unknown(_) => format!("priority:{}", quoted(priority.as_str(), false)),
            priority => priority.as_str().to_ascii_lowercase(),
        }));
        terms.extend(self.labels.iter().map(label_term));
        terms.extend(self.text.iter().map(|text| quoted(text, true)));
        f.write_str(&terms.join(" "))
    }
}

/// Returns the term of a test. One without a value needs its key.
fn label_term(label: &LabelTest) -> String {
    let text = label.to_string();
    match label.value {
        LabelValue::Any => format!("label:{}", quoted(&text, false)),
        _ => quoted_inside(&text),
    }
}

/// Returns a test with its value in quotation marks, if it needs them.
fn quoted_inside(text: &str) -> String {
    let needs_quotes = text.chars().any(|c| c.is_whitespace() || c == '"');
    let Some(at) = text.find(['=', '~']).filter(|_| needs_quotes) else { return text.to_owned() };
    // The operators have `=`, `~` or both in this order.
    let end = text[at..].char_indices().find(|(_, c)| !matches!(c, '=' | '~'));
    let end = end.map_or(text.len(), |(offset, _)| at + offset).min(at + 2);
    format!("{}{}", &text[..end], quoted(&text[end..], true))
}

/// Returns a value in quotation marks where its characters demand it, or always.
fn quoted(text: &str, always: bool) -> String {
    if !always && !text.chars().any(|c| c.is_whitespace() || c == '"') {
        return text.to_owned();
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("service:checkout env=prod p1", "service:checkout p1 env=prod")]
    #[case("disk full", "\"disk full\"")]
    #[case("svc:\"card payments\" team:payments", "service:\"card payments\" team:payments")]
    #[case("label:env label:!canary", "label:env label:!canary")]
    #[case("host=~db-[0-9]+ zone!~eu", "host=~db-[0-9]+ zone!~eu")]
    #[case("url=http://a:1/b", "url=http://a:1/b")]
    #[case("name=\"two words\"", "name=\"two words\"")]
    #[case("name=~\"two .*\"", "name=~\"two .*\"")]
    #[case("P1 priority:p2 p1 source:zabbix", "source:zabbix p1 p2")]
    #[case("\"p1\"", "\"p1\"")]
    #[case("\"a \\\"b\\\" \\\\\"", "\"a \\\"b\\\" \\\\\"")]
    fn text_is_written_as_it_is_read(#[case] typed: &str, #[case] expected: &str) {
        let filter: MaintenanceFilter = typed.parse().unwrap();
        assert_eq!(filter.to_string(), expected);
        assert_eq!(expected.parse(), Ok(filter));
    }

    #[rstest]
    #[case("", InvalidMaintenanceFilter::Empty)]
    #[case("  ", InvalidMaintenanceFilter::Empty)]
    #[case("service:", InvalidMaintenanceFilter::NoValue("service:".into()))]
    #[case("priority:p9", InvalidMaintenanceFilter::Priority("p9".into()))]
    #[case("\"a", InvalidMaintenanceFilter::OpenQuote)]
    #[case("=prod", InvalidMaintenanceFilter::Label(InvalidLabelTest("=prod".into())))]
    fn wrong_text_says_why(#[case] typed: &str, #[case] expected: InvalidMaintenanceFilter) {
        assert_eq!(typed.parse::<MaintenanceFilter>(), Err(expected));
    }
}
