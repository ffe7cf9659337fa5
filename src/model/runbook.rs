//! Runbooks: Markdown files that are found for an incident, and whose steps are ticked on its
//! timeline.
//!
//! A file begins with what it is for, between lines of `---` or without them:
//!
//! ```text
//! services: checkout, payments-gateway
//! labels: pci
//! category: performance
//! ```

mod page;
mod ticks;

pub use page::{Block, BlockKind, RunbookPage, Step, TextSpan, TextStyle};
pub use ticks::{Tick, find_ticks, tick_note};

use super::incident::Incident;
use super::status::Category;
use super::text::sanitize;

/// What a runbook is for, from its name and its first lines.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RunbookHeader {
    /// Its path in the folder without `.md`, such as `payments/5xx`.
    pub name: String,
    /// What it calls itself, safe to show; empty where it does not.
    pub title: String,
    /// Services it is for.
    pub services: Vec<String>,
    /// Labels it is for.
    pub labels: Vec<String>,
    /// Kinds of fault it is for.
    pub categories: Vec<Category>,
    /// What can't be understood in its first lines, in sentences.
    pub problems: Vec<String>,
}

/// Why a runbook is offered for an incident; the closest comes first.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum MatchReason {
    /// The incident or its service names it.
    Named,
    /// It is for this service.
    Service(String),
    /// It is for this label.
    Label(String),
    /// It is for this kind of fault.
    Category(Category),
}

impl RunbookHeader {
    /// Reads the first lines of a runbook.
    #[must_use]
    pub fn parse(name: &str, text: &str) -> Self {
        let (fields, body) = split_header(text);
        let mut head = Self { name: name.to_owned(), ..Self::default() };
        for (key, values) in fields {
            match key.as_str() {
                "title" => head.title = sanitize(&values.join(", ")).into_owned(),
                "service" | "services" => head.services.extend(values),
                "label" | "labels" => head.labels.extend(values),
                "category" | "categories" => {
                    for value in values {
                        match value.to_lowercase().parse() {
                            Ok(category) => head.categories.push(category),
                            Err(unknown) => {
                                head.problems.push(sanitize(&format!("{unknown}")).into())
                            }
                        }
                    }
                }
                _ => {}
            }
        }
        if head.title.is_empty() {
            let heading = body.lines().find_map(|line| line.strip_prefix("# "));
            head.title = sanitize(heading.unwrap_or_default().trim()).into_owned();
        }
        head
    }

    /// Why it is offered for an incident; `None` where it is not. `named` are the runbooks that the
    /// incident and its services name.
    #[must_use]
    pub fn match_reason(&self, incident: &Incident, named: &[&str]) -> Option<MatchReason> {
        let same = |a: &str, b: &str| a.to_lowercase() == b.to_lowercase();
        if named.iter().any(|name| same(name.strip_suffix(".md").unwrap_or(name), &self.name)) {
            return Some(MatchReason::Named);
        }
        let last = self.name.rsplit('/').next().unwrap_or(&self.name);
        let service = incident.summary.services.iter().find(|service| {
            same(service, last) || self.services.iter().any(|known| same(known, service))
        });
        if let Some(service) = service {
            return Some(MatchReason::Service(service.clone()));
        }
        let label = incident
            .labels
            .iter()
            .find(|label| same(label, last) || self.labels.iter().any(|known| same(known, label)));
        if let Some(label) = label {
            return Some(MatchReason::Label(label.clone()));
        }
        let category = incident.summary.category.filter(|c| self.categories.contains(c));
        category.map(MatchReason::Category)
    }
}

/// Whether a runbook's name is a page elsewhere.
#[must_use]
pub fn is_url(name: &str) -> bool {
    let (scheme, rest) = name.split_once("://").unwrap_or_default();
    !rest.is_empty() && !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric())
}

/// A key of the first lines, in small letters, and its values.
type Field = (String, Vec<String>);

/// The fields at the beginning of a runbook, and what follows them.
fn split_header(text: &str) -> (Vec<Field>, &str) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = text.split_inclusive('\n');
    let fenced = lines.clone().next().is_some_and(|line| line.trim_end() == "---");
    let mut at = 0;
    if fenced {
        at += lines.next().map_or(0, str::len);
    }
    let mut fields: Vec<Field> = Vec::new();
    for line in lines {
        let bare = line.trim();
        if fenced && (bare == "---" || bare == "...") {
            return (fields, &text[at + line.len()..]);
        }
        if let Some(value) = bare.strip_prefix("- ").filter(|_| fenced) {
            if let Some((_, values)) = fields.last_mut() {
                values.extend(unquote(value));
            }
        } else if let Some((key, value)) = bare.split_once(':')
            && (fenced || is_header_key(key))
        {
            let value = value.trim().trim_start_matches('[').trim_end_matches(']');
            let values = value.split(',').filter_map(unquote).collect();
            fields.push((key.trim().to_lowercase(), values));
        } else if !fenced {
            break;
        }
        at += line.len();
    }
    // Without its end, what looked like a header is a line across the page.
    if fenced { (Vec::new(), text) } else { (fields, &text[at..]) }
}

fn is_header_key(key: &str) -> bool {
    let known = ["title", "service", "services", "label", "labels", "category", "categories"];
    known.contains(&key.trim().to_lowercase().as_str())
}

fn unquote(value: &str) -> Option<String> {
    let value = value.trim().trim_matches(['"', '\'']).trim();
    (!value.is_empty()).then(|| value.to_owned())
}
