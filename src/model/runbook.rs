//! Runbooks: Markdown files that are offered for an incident, and whose steps are ticked on its
//! timeline.
//!
//! A file begins with a header, between lines of `---` or without them:
//!
//! ```text
//! services: checkout, payments-gateway
//! labels: pci
//! category: performance
//! ```

mod page;
mod ticks;

pub use page::{Block, BlockKind, RunbookPage, Step, TextSpan, TextStyle};
pub use ticks::{Tick, find_ticks, is_tick_note, tick_note, ticked_runbook};

use super::incident::Incident;
use super::status::Category;
use super::text::sanitize;

/// The header of a runbook: its purpose, from its name and its first lines.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RunbookHeader {
    /// Path in the folder of runbooks without `.md`, such as `payments/5xx`.
    pub name: String,
    /// Title from the header or the first heading, sanitized; empty without one.
    pub title: String,
    /// Services that the runbook is for.
    pub services: Vec<String>,
    /// Labels that the runbook is for.
    pub labels: Vec<String>,
    /// Kinds of fault that the runbook is for.
    pub categories: Vec<Category>,
    /// The problems found in the header, as sentences.
    pub problems: Vec<String>,
}

/// The reason why a runbook is offered for an incident. The closest reason sorts first.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum MatchReason {
    /// The incident or its service names the runbook.
    Named,
    /// The runbook is for this service.
    Service(String),
    /// The runbook is for this label.
    Label(String),
    /// The runbook is for this kind of fault.
    Category(Category),
}

impl RunbookHeader {
    /// Parses the header of a runbook from its name and its text.
    #[must_use]
    pub fn parse(name: &str, text: &str) -> Self {
        let (fields, body) = split_header(text);
        let mut head = Self { name: name.to_owned(), ..Self::default() };
        for (key, values) in fields {
            match key.as_str() {
                "title" => head.title = sanitize(values.join(", ")).into_string(),
                "service" | "services" => head.services.extend(values),
                "label" | "labels" => head.labels.extend(values),
                "category" | "categories" => {
                    for value in values {
                        match value.to_lowercase().parse() {
                            Ok(category) => head.categories.push(category),
                            Err(unknown) => {
                                head.problems.push(sanitize(format!("{unknown}")).into());
                            }
                        }
                    }
                }
                _ => {}
            }
        }
        if head.title.is_empty() {
            let heading = body.lines().find_map(|line| line.strip_prefix("# "));
            head.title = sanitize(heading.unwrap_or_default().trim()).into_string();
        }
        head
    }

    /// Returns the reason for which the runbook is offered for an incident; `None` if it is not
    /// offered.
    ///
    /// `named` are the runbooks that the incident and its services name.
    #[must_use]
    pub fn match_reason(&self, incident: &Incident, named: &[&str]) -> Option<MatchReason> {
        let same = |a: &str, b: &str| a.to_lowercase() == b.to_lowercase();
        if named.iter().any(|name| same(name.strip_suffix(".md").unwrap_or(name), &self.name)) {
            return Some(MatchReason::Named);
        }
        let file_stem = self.name.rsplit('/').next().unwrap_or(&self.name);
        let service = incident.summary.services.iter().find(|service| {
            same(service, file_stem) || self.services.iter().any(|listed| same(listed, service))
        });
        if let Some(service) = service {
            return Some(MatchReason::Service(service.clone()));
        }
        let label = incident.labels.iter().find(|label| {
            same(label, file_stem) || self.labels.iter().any(|listed| same(listed, label))
        });
        if let Some(label) = label {
            return Some(MatchReason::Label(label.clone()));
        }
        let category = incident.summary.category.filter(|c| self.categories.contains(c));
        category.map(MatchReason::Category)
    }
}

/// Returns whether a runbook's name is a URL instead of a file.
#[must_use]
pub fn is_url(name: &str) -> bool {
    let (scheme, rest) = name.split_once("://").unwrap_or_default();
    !rest.is_empty() && !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric())
}

/// A key of the header, in lower case, and its values.
type Field = (String, Vec<String>);

/// Splits a runbook into the fields of its header and the text after them.
fn split_header(text: &str) -> (Vec<Field>, &str) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = text.split_inclusive('\n');
    let fenced = lines.clone().next().is_some_and(|line| line.trim_end() == "---");
    let mut offset = 0;
    if fenced {
        offset += lines.next().map_or(0, str::len);
    }
    let mut fields: Vec<Field> = Vec::new();
    for line in lines {
        let trimmed = line.trim();
        if fenced && (trimmed == "---" || trimmed == "...") {
            return (fields, &text[offset + line.len()..]);
        }
        if let Some(value) = trimmed.strip_prefix("- ").filter(|_| fenced) {
            if let Some((_, values)) = fields.last_mut() {
                values.extend(unquote(value));
            }
        } else if let Some((key, value)) = trimmed.split_once(':')
            && (fenced || is_header_key(key))
        {
            let value = value.trim().trim_start_matches('[').trim_end_matches(']');
            let values = value.split(',').filter_map(unquote).collect();
            fields.push((key.trim().to_lowercase(), values));
        } else if !fenced {
            break;
        }
        offset += line.len();
    }
    // Without the closing line, the first `---` is a horizontal rule and no header.
    if fenced { (Vec::new(), text) } else { (fields, &text[offset..]) }
}

fn is_header_key(key: &str) -> bool {
    let keys = ["title", "service", "services", "label", "labels", "category", "categories"];
    keys.contains(&key.trim().to_lowercase().as_str())
}

fn unquote(value: &str) -> Option<String> {
    let value = value.trim().trim_matches(['"', '\'']).trim();
    (!value.is_empty()).then(|| value.to_owned())
}
