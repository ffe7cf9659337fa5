//! A review as one document: its parts, and its Markdown.

use chrono::{DateTime, NaiveDate, Utc};

use super::{ActionItem, Section, parse_factors, suggested_text};
use crate::model::actor::PersonRef;
use crate::model::directory::Directory;
use crate::model::event::{Event, EventBody};
use crate::model::incident::Incident;
use crate::model::service_level::{ServiceLevels, verdicts};
use crate::model::text::{self, lines};
use crate::model::time::format_duration;

/// The formatting of times in a review.
pub struct PageTimes<'a> {
    /// Formats a time for the reader.
    pub time: &'a dyn Fn(DateTime<Utc>) -> String,
    /// The reader's day, by which action items are overdue.
    pub today: NaiveDate,
}

/// A review, and its inputs.
#[allow(missing_docs, reason = "the names say it")]
pub struct ReviewPage<'a> {
    pub incident: &'a Incident,
    /// The timeline, from which suggestions for unwritten sections are made.
    pub events: &'a [Event],
    /// Names that it does not have are marked; `None` before it has been read.
    pub directory: Option<&'a Directory>,
    pub levels: &'a ServiceLevels,
    pub times: PageTimes<'a>,
}

/// A section for reading.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Part {
    pub(super) section: Section,
    /// The text in Markdown, not sanitized.
    pub(super) text: String,
    /// Whether it is a suggestion from the record, because nobody has written it.
    pub(super) is_suggested: bool,
}

/// The remark on a section that is suggested from the record.
pub(super) const SUGGESTED: &str = "Not written yet; from the record:";
/// The text of a section without content.
pub(super) const NOT_WRITTEN: &str = "Not written yet.";

impl ReviewPage<'_> {
    /// Returns the title: `Review of INC-2041: Card payments fail`. Sanitized, on one line.
    #[must_use]
    pub fn title(&self) -> String {
        let row = &self.incident.summary;
        format!("Review of {}: {}", row.label(), one_line(&row.title))
    }

    /// Returns the progress of the review.
    #[must_use]
    pub fn state(&self) -> String {
        let review = &self.incident.review;
        let published = review.published_at.map(|at| (self.times.time)(at));
        one_line(&review.state_text(published.as_deref()))
    }

    /// Returns the facts of the incident, each with its name. Sanitized, each on one line.
    pub(super) fn facts(&self) -> Vec<(&'static str, String)> {
        let row = &self.incident.summary;
        let time = |at: DateTime<Utc>| (self.times.time)(at);
        let services: Vec<String> =
            row.services.iter().map(|name| self.service_label(name)).collect();
        let mut facts = vec![
            ("Priority", row.priority.to_string()),
            ("Status", row.status.to_string()),
            ("Category", row.category.map(|one| one.to_string()).unwrap_or_default()),
            ("Services", services.join(", ")),
            ("Team", row.team.as_deref().map(|team| self.team_label(team)).unwrap_or_default()),
            ("Led by", row.assignee.as_ref().map(|who| self.person_label(who)).unwrap_or_default()),
            ("Detected", time(row.detected_at)),
            ("Reported", time(row.reported_at)),
            ("Acknowledged", row.acknowledged_by_somebody_at().map(time).unwrap_or_default()),
            ("Resolved", row.resolved_at.map(time).unwrap_or_default()),
        ];
        if let Some(end) = row.ended_at() {
            facts.push(("Lasted", format_duration(end - row.detected_at)));
        }
        let levels = verdicts(row, self.levels).filter_map(|verdict| verdict.phrase());
        facts.push(("Service levels", levels.collect::<Vec<_>>().join("; ")));
        let by = |event: &Event| format!("{} by {}", time(event.at), event.actor.name());
        let mut events = self.events.iter();
        let begun = events.find(|event| matches!(event.body, EventBody::ReviewWritten { .. }));
        facts.push(("Review begun", begun.map(by).unwrap_or_default()));
        let mut events = self.events.iter().rev();
        let submitted = events
            .find(|event| matches!(event.body, EventBody::ReviewSubmitted { returned: None }))
            .filter(|_| self.incident.review.submitted_at.is_some());
        facts.push(("Submitted", submitted.map(by).unwrap_or_default()));
        let mut events = self.events.iter().rev();
        let published = events.find(|event| event.body == EventBody::ReviewPublished);
        let published = published.filter(|_| self.incident.review.published_at.is_some());
        facts.push(("Published", published.map(by).unwrap_or_default()));
        let facts = facts.into_iter().map(|(name, text)| (name, one_line(&text)));
        facts.filter(|(_, text)| !text.is_empty()).collect()
    }

    /// Returns the sections in reading order. An unwritten one has a suggestion from the record,
    /// unless the review is published; unwritten optional ones are omitted then.
    pub(super) fn parts(&self) -> Vec<Part> {
        let review = &self.incident.review;
        let mut parts = Vec::new();
        for section in Section::READING_ORDER {
            let written = review.sections.get(&section).map(|text| text.trim_end());
            let has_content = |text: &&str| match section {
                Section::Factors => !parse_factors(text).is_empty(),
                _ => !text.trim().is_empty(),
            };
            if let Some(text) = written.filter(has_content) {
                parts.push(Part { section, text: text.to_owned(), is_suggested: false });
            } else if review.published_at.is_none() && Section::REQUIRED.contains(&section) {
                let text = suggested_text(
                    section,
                    self.incident,
                    self.events,
                    self.directory,
                    self.times.time,
                );
                parts.push(Part { section, text, is_suggested: true });
            }
        }
        // Those of a later version come last.
        for (section, text) in review.written() {
            if !Section::READING_ORDER.contains(&section) {
                parts.push(Part { section, text: text.to_owned(), is_suggested: false });
            }
        }
        parts
    }

    /// Returns the action items, the open ones first and of those the one that is due first.
    pub(super) fn actions(&self) -> Vec<&ActionItem> {
        let mut items: Vec<&ActionItem> = self.incident.review.actions.iter().collect();
        items.sort_by_key(|item| (item.done, item.due.unwrap_or(NaiveDate::MAX)));
        items
    }

    /// Returns the name of an action item's owner.
    pub(super) fn owner(&self, item: &ActionItem) -> String {
        item.owner.as_ref().map_or_else(|| "nobody".into(), |owner| self.person_label(owner))
    }

    /// Returns the review as a complete Markdown document. Text from outside is sanitized, and its
    /// headings are lowered below those of the review.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let mut out = format!("# {}\n\n{}\n\n", escape(&self.title()), escape(&self.state()));
        for (name, text) in self.facts() {
            out.extend([format!("- **{name}:** {}\n", escape(&text))]);
        }
        for part in self.parts() {
            out.extend([format!("\n## {}\n\n", escape(&one_line(&part.section.heading())))]);
            if part.section == Section::Factors {
                let factors = parse_factors(&part.text);
                let tags = factors.iter().map(|factor| format!("`{}`", factor.replace('`', "'")));
                out.extend([format!("{}\n", tags.collect::<Vec<_>>().join(" "))]);
                continue;
            }
            match (part.is_suggested, part.text.trim().is_empty()) {
                (true, true) => out.extend([format!("*{NOT_WRITTEN}*\n")]),
                (true, false) => {
                    out.extend([format!("*{SUGGESTED}*\n\n")]);
                    // Lines of the record, not Markdown of an author.
                    for line in lines(part.text.trim()) {
                        out.extend([format!("- {}\n", escape(&list_text(line.as_str())))]);
                    }
                }
                (false, _) => push_demoted(&part.text, &mut out),
            }
        }
        let actions = self.actions();
        if !actions.is_empty() {
            out.push_str("\n## Action items\n\n");
        }
        for item in actions {
            let line = item.line(Some(&self.owner(item)), self.times.today);
            let (mark, text) = line.split_at(line.find(']').map_or(0, |end| end + 1));
            out.extend([format!("- {mark} {}", escape(&one_line(text)))]);
            if let Some(follow_up) = self.incident.follow_up(item.id) {
                out.extend([format!(" · {}", escape(&one_line(&follow_up.phrase())))]);
                let url = follow_up.issue.as_ref().map(|issue| one_line(&issue.url));
                out.extend(url.map(|url| format!(" <{}>", url.replace(['<', '>'], ""))));
            }
            out.push('\n');
        }
        out
    }

    fn service_label(&self, name: &str) -> String {
        let label = self.directory.map(|directory| directory.service_label(name).into_owned());
        label.unwrap_or_else(|| name.to_owned())
    }

    fn team_label(&self, name: &str) -> String {
        let label = self.directory.map(|directory| directory.team_label(name).into_owned());
        label.unwrap_or_else(|| name.to_owned())
    }

    fn person_label(&self, person: &PersonRef) -> String {
        let label = self.directory.map(|directory| directory.person_label(person).into_owned());
        label.unwrap_or_else(|| person.name.clone())
    }
}

/// Returns a line of a suggested text without the mark of a list.
pub(super) fn list_text(line: &str) -> String {
    let line = one_line(line);
    match line.strip_prefix("- ") {
        Some(text) => text.to_owned(),
        None => line,
    }
}

/// Returns a text from outside on one line, harmless.
pub(super) fn one_line(text: &str) -> String {
    text::one_line(text).into_string()
}

/// The characters that Markdown would interpret inside of a line.
const SPECIAL: [char; 9] = ['\\', '`', '*', '_', '[', ']', '<', '>', '|'];

/// Escapes Markdown markup in a line.
fn escape(line: &str) -> String {
    let mut escaped = String::with_capacity(line.len());
    for (index, ch) in line.trim().chars().enumerate() {
        let begins_block = index == 0 && matches!(ch, '#' | '+' | '-' | '=' | '~');
        if begins_block || SPECIAL.contains(&ch) {
            escaped.push('\\');
        }
        escaped.push(ch);
    }
    escaped
}

/// Adds the Markdown of an author, with its headings below those of the review.
fn push_demoted(text: &str, out: &mut String) {
    let mut fence: Option<(char, usize)> = None;
    for line in lines(text.trim_end()) {
        let line = line.as_str();
        let start = line.trim_start();
        let first = start.chars().next().unwrap_or_default();
        let count = start.chars().take_while(|c| *c == first).count();
        let rest = start.trim_start_matches(first);
        // Backticks on both sides are code within a line.
        let is_fence = count >= 3 && (first == '~' || first == '`' && !rest.contains('`'));
        match fence {
            None if is_fence => fence = Some((first, count)),
            Some((mark, length)) if mark == first && count >= length && rest.trim().is_empty() => {
                fence = None;
            }
            _ => {}
        }
        let is_heading = first == '#'
            && count <= 6
            && (rest.is_empty() || rest.starts_with([' ', '\t']))
            && line.len() - start.len() < 4;
        if fence.is_none() && is_heading {
            out.push_str(&"#".repeat((count + 2).min(6)));
            out.push_str(rest);
        } else {
            out.push_str(line.trim_end());
        }
        out.push('\n');
    }
    if let Some((mark, length)) = fence {
        // An unfinished block of code ends with its section.
        out.push_str(&mark.to_string().repeat(length));
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("# Cause\ntext", "### Cause\ntext\n")]
    #[case("##### Deep", "###### Deep\n")]
    #[case("```\n# code\n```\n# Cause", "```\n# code\n```\n### Cause\n")]
    #[case("~~~\n# code", "~~~\n# code\n~~~\n")]
    #[case("````\n```\n# code", "````\n```\n# code\n````\n")]
    #[case("```sh\n```sh\n# code\n```\n# Cause", "```sh\n```sh\n# code\n```\n### Cause\n")]
    #[case("```kubectl get pods```\n# Cause", "```kubectl get pods```\n### Cause\n")]
    #[case("#4711 was the ticket", "#4711 was the ticket\n")]
    #[case("####### seven", "####### seven\n")]
    #[case("\n    # code", "\n    # code\n")]
    #[case("#", "###\n")]
    fn headings_of_authors_are_demoted(#[case] text: &str, #[case] expected: &str) {
        let mut out = String::new();
        push_demoted(text, &mut out);
        assert_eq!(out, expected);
    }

    #[rstest]
    #[case("a *b* [c](d)", "a \\*b\\* \\[c\\](d)")]
    #[case("# no heading", "\\# no heading")]
    #[case("<script>", "\\<script\\>")]
    fn facts_are_no_markup(#[case] line: &str, #[case] expected: &str) {
        assert_eq!(escape(line), expected);
    }
}
