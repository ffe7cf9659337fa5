//! A handoff as text: plain, or Markdown.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Handoff, HandoffEntry, HandoffPart, HandoffState, NewsItem};
use crate::model::text::{lines, sanitize};
use crate::model::time::{UNTIL_CHANGED, format_duration};

/// The form of the text.
#[allow(missing_docs, reason = "the names say it")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HandoffFormat {
    Text,
    Markdown,
}

/// Formats a time for the reader.
type FormatTime<'a> = &'a dyn Fn(DateTime<Utc>) -> String;

/// The greatest length of a last word in characters.
const MAX_WORD: usize = 200;

impl Handoff {
    /// Returns the handoff as a text to send. `time` formats a time in the zone of the reader. Text
    /// from outside is sanitized.
    #[must_use]
    pub fn to_text(&self, format: HandoffFormat, time: FormatTime<'_>) -> String {
        let mut out = String::new();
        let mut push = |line: String| {
            out.push_str(line.trim_end());
            out.push('\n');
        };
        let title = format!("Handoff, {} to {}", time(self.since), time(self.now));
        match format {
            HandoffFormat::Text => push(title),
            HandoffFormat::Markdown => push(format!("# {title}")),
        }
        push(String::new());
        push(self.counts());
        let mut part = None;
        for entry in &self.entries {
            if part != Some(entry.part) {
                part = Some(entry.part);
                push(String::new());
                let count = self.part(entry.part).count();
                let heading = format!("{} ({count})", entry.part.name());
                match format {
                    HandoffFormat::Text => push(heading.to_uppercase()),
                    HandoffFormat::Markdown => {
                        push(format!("## {heading}"));
                        push(String::new());
                    }
                }
            }
            let [first, rest @ ..] = &self.entry_lines(entry, time)[..] else { continue };
            match format {
                HandoffFormat::Text => push(format!("- {first}")),
                HandoffFormat::Markdown => push(format!("- **{}**", escape(first))),
            }
            for line in rest {
                match format {
                    HandoffFormat::Text => push(format!("  {line}")),
                    HandoffFormat::Markdown => push(format!("  {}  ", escape(line))),
                }
            }
        }
        out
    }

    /// Returns the numbers of a shift: `4 open, 1 of them unacknowledged; 3 reported and 5 ended in
    /// this shift`.
    #[must_use]
    pub fn counts(&self) -> String {
        let open = self.entries.iter().filter(|entry| is_open(entry)).count();
        let unacknowledged = self.part(HandoffPart::Unacknowledged).count();
        let of_them = match (open, unacknowledged) {
            (0, _) => "Nothing is open".to_owned(),
            (_, 0) => format!("{open} open, all acknowledged"),
            _ => format!("{open} open, {unacknowledged} unacknowledged"),
        };
        format!("{of_them}; {} reported and {} ended in this shift.", self.reported, self.ended)
    }

    /// Returns the lines of an entry: its name, its state, and the last word. Sanitized, each on
    /// one line.
    #[must_use]
    pub fn entry_lines(&self, entry: &HandoffEntry, time: FormatTime<'_>) -> Vec<String> {
        let mut head = entry.label.clone();
        if let Some(priority) = entry.priority {
            head = format!("{head} {priority}");
        }
        if let Some(status) = entry.status {
            head = format!("{head} {status}");
        }
        let mut lines = vec![format!("{} · {}", sanitize(&head), one_line(&entry.title))];
        let state = self.state_text(entry, time);
        if !state.is_empty() {
            lines.push(state);
        }
        if let Some(word) = &entry.last_word {
            lines.push(word_text(word, time));
        } else if is_open(entry) {
            lines.push("nobody has said or done anything".into());
        }
        lines
    }

    /// Returns services, impact, owner and times of an entry on one line. Sanitized.
    #[must_use]
    pub fn state_text(&self, entry: &HandoffEntry, time: FormatTime<'_>) -> String {
        let mut parts = Vec::new();
        match &entry.services[..] {
            [] => {}
            [one] => parts.push(one_line(one)),
            [first, rest @ ..] => parts.push(format!("{} +{}", one_line(first), rest.len())),
        }
        if !entry.impact.is_empty() {
            parts.push(one_line(&entry.impact));
        }
        if let HandoffState::Due { owner, due, overdue_days } = &entry.state {
            parts.push(owner.as_deref().map_or_else(|| "unowned".into(), one_line));
            parts.extend(due.map(|due| format!("due {due}")));
            match overdue_days {
                0 => {}
                1 => parts.push("1 day overdue".into()),
                days => parts.push(format!("{days} days overdue")),
            }
        }
        if let HandoffState::Open {
            owner,
            reported_at,
            remaining,
            snoozed_until,
            paused_since,
            last_event_at,
            is_new,
        } = &entry.state
        {
            parts.push(owner.as_deref().map_or_else(|| "unowned".into(), one_line));
            let age = format_duration(self.now - *reported_at);
            parts.push(format!("open {age}{}", if *is_new { ", new in this shift" } else { "" }));
            if let Some(until) = snoozed_until {
                parts.push(if *until >= UNTIL_CHANGED {
                    "snoozed until it changes".into()
                } else {
                    format!("snoozed until {}", time(*until))
                });
            }
            if let Some(since) = paused_since {
                parts.push(format!("waits since {}", time(*since)));
            } else {
                parts.extend(remaining.map(|remaining| clock_text(entry, remaining)));
            }
            if entry.part == HandoffPart::Forgotten {
                let silent = format_duration(self.now - *last_event_at);
                parts.push(format!("no word for {silent}"));
            }
        }
        parts.join(" · ")
    }
}

fn is_open(entry: &HandoffEntry) -> bool {
    matches!(entry.state, HandoffState::Open { .. })
}

fn clock_text(entry: &HandoffEntry, remaining: TimeDelta) -> String {
    let target = if entry.part == HandoffPart::Unacknowledged { "acknowledge" } else { "resolve" };
    if remaining < TimeDelta::zero() {
        format!("past SLA by {}", format_duration(-remaining))
    } else {
        format!("{target} within {}", format_duration(remaining))
    }
}

fn word_text(word: &NewsItem, time: FormatTime<'_>) -> String {
    let (who, at) = (one_line(&word.who), time(word.at));
    let label = one_line(&word.label);
    let text = one_line(&word.text);
    if label.is_empty() {
        return format!("{who} {text} · {at}");
    }
    if text.is_empty() {
        return format!("{label} · {who} {at}");
    }
    let mut short: String = text.chars().take(MAX_WORD).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("{label} “{short}” · {who} {at}")
}

/// Returns the text on one line, sanitized.
fn one_line(text: &str) -> String {
    lines(text.trim()).collect::<Vec<_>>().join(" ")
}

/// Escapes Markdown markup with backslashes.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for ch in text.chars() {
        if matches!(ch, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '~') {
            escaped.push('\\');
        }
        escaped.push(ch);
    }
    escaped
}
