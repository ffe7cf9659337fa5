//! A review as one document: what it has, and as Markdown.

use chrono::{DateTime, NaiveDate, Utc};

use super::{ActionItem, Section, suggested_text};
use crate::model::actor::PersonRef;
use crate::model::directory::Directory;
use crate::model::event::{Event, EventBody};
use crate::model::incident::Incident;
use crate::model::service_level::{ServiceLevels, verdicts};
use crate::model::text::{lines, sanitize};
use crate::model::time::format_duration;

/// What the times of a review are shown with.
pub struct PageTimes<'a> {
    /// Formats a time for the reader.
    pub time: &'a dyn Fn(DateTime<Utc>) -> String,
    /// The reader's day, by which action items are overdue.
    pub today: NaiveDate,
}

/// A review, and what it is made of.
#[allow(missing_docs, reason = "the names say it")]
pub struct ReviewPage<'a> {
    pub incident: &'a Incident,
    /// The timeline, from which sections are suggested that nobody has written.
    pub events: &'a [Event],
    /// Names that it does not have are marked; `None` before it was read.
    pub directory: Option<&'a Directory>,
    pub levels: &'a ServiceLevels,
    pub times: PageTimes<'a>,
}

/// A section as it is read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Part {
    pub(super) section: Section,
    /// The text in Markdown, not sanitized.
    pub(super) text: String,
    /// Whether nobody has written it: it is what the record says.
    pub(super) is_suggested: bool,
}

/// What is said of a section that is made of the record.
pub(super) const SUGGESTED: &str = "Not written yet; from the record:";
/// What is said of a section of which nothing is known.
pub(super) const NOT_WRITTEN: &str = "Not written yet.";

impl ReviewPage<'_> {
    /// Returns the title: `Review of INC-2041: Card payments fail`. Sanitized, on one line.
    #[must_use]
    pub fn title(&self) -> String {
        let row = &self.incident.summary;
        format!("Review of {}: {}", row.label(), one_line(&row.title))
    }

    /// Returns how far the review is.
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
            ("Acknowledged", row.acknowledged_at.map(time).unwrap_or_default()),
            ("Resolved", row.resolved_at.map(time).unwrap_or_default()),
        ];
        if let Some(end) = row.ended_at() {
            facts.push(("Lasted", format_duration(end - row.reported_at)));
        }
        let levels = verdicts(row, self.levels).filter_map(|verdict| verdict.phrase());
        facts.push(("Service levels", levels.collect::<Vec<_>>().join("; ")));
        let by = |event: &Event| format!("{} by {}", time(event.at), event.actor.name());
        let mut events = self.events.iter();
        let begun = events.find(|event| matches!(event.body, EventBody::ReviewWritten { .. }));
        facts.push(("Review begun", begun.map(by).unwrap_or_default()));
        let mut events = self.events.iter().rev();
        let published = events.find(|event| event.body == EventBody::ReviewPublished);
        let published = published.filter(|_| self.incident.review.published_at.is_some());
        facts.push(("Published", published.map(by).unwrap_or_default()));
        let facts = facts.into_iter().map(|(name, text)| (name, one_line(&text)));
        facts.filter(|(_, text)| !text.is_empty()).collect()
    }

    /// Returns the sections in the order in which they are read. One that nobody has written has what
    /// the record says, unless the review is published; optional ones are left out then.
    pub(super) fn parts(&self) -> Vec<Part> {
        let review = &self.incident.review;
        let mut parts = Vec::new();
        for section in Section::READING_ORDER {
            let written = review.sections.get(&section).map(|text| text.trim_end());
            if let Some(text) = written.filter(|text| !text.trim().is_empty()) {
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

    /// Returns the name of who does an action item.
    pub(super) fn owner(&self, item: &ActionItem) -> String {
        item.owner.as_ref().map_or_else(|| "nobody".into(), |owner| self.person_label(owner))
    }

    /// Returns the review as Markdown that is complete in itself. Text from outside is sanitized, and
    /// its headings stand below those of the review.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let mut out = format!("# {}\n\n{}\n\n", escape(&self.title()), escape(&self.state()));
        for (name, text) in self.facts() {
            out.extend([format!("- **{name}:** {}\n", escape(&text))]);
        }
        for part in self.parts() {
            out.extend([format!("\n## {}\n\n", escape(&one_line(&part.section.heading())))]);
            if part.section == Section::Factors {
                let factors = super::parse_factors(&part.text);
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
    sanitize(text).as_str().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The characters that Markdown would interpret inside of a line.
const SPECIAL: [char; 9] = ['\\', '`', '*', '_', '[', ']', '<', '>', '|'];

/// Escapes what Markdown would interpret in a line.
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
    let mut fence: Option<char> = None;
    for line in lines(text.trim_end()) {
        let line = line.as_str();
        let start = line.trim_start();
        let mark = start.chars().next().filter(|mark| matches!(mark, '`' | '~'));
        let is_fence =
            mark.is_some_and(|mark| start.chars().take_while(|c| *c == mark).count() >= 3);
        match (is_fence, fence) {
            (true, None) => fence = mark,
            (true, Some(open)) if mark == Some(open) => fence = None,
            _ => {}
        }
        if fence.is_none() && start.starts_with('#') {
            let level = start.chars().take_while(|c| *c == '#').count();
            out.push_str(&"#".repeat((level + 2).min(6)));
            out.push_str(&start[level..]);
        } else {
            out.push_str(line.trim_end());
        }
        out.push('\n');
    }
    if let Some(open) = fence {
        // An unfinished block of code ends with its section.
        out.push_str(&open.to_string().repeat(3));
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
