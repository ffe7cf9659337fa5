//! The texts of issues. What people wrote is escaped for the markup of the tracker and cut.

use uuid::Uuid;

use super::issue::NewIssue;
use crate::model::text::{lines, one_line};

/// The longest title that all trackers accept, in characters.
const MAX_TITLE_CHARS: usize = 250;
/// The longest text of an action item within an issue, in characters.
const MAX_TEXT_CHARS: usize = 8000;

/// The prefix of an action item's id in a marker.
const MARKER: &str = "redphone-";

/// Returns the text by which the issue of an action item is recognized.
pub(super) fn marker(item: Uuid) -> String {
    format!("{MARKER}{item}")
}

/// Returns the title of an issue: the first line of the action item, and the number of the incident.
pub(super) fn title(new: &NewIssue) -> String {
    let first = new.text.lines().map(one_line).find(|line| !line.is_empty()).unwrap_or_default();
    let incident = format!(" ({})", one_line(&new.incident));
    let room = MAX_TITLE_CHARS.saturating_sub(incident.chars().count());
    format!("{}{incident}", cut(&first, room))
}

/// Returns the lines of an issue as plain text: the action item, an empty line, and the facts.
pub(super) fn plain_lines(new: &NewIssue) -> Vec<String> {
    let text = cut(new.text.trim(), MAX_TEXT_CHARS);
    let mut all: Vec<String> =
        lines(&text).map(|line| line.as_str().trim_end().to_owned()).collect();
    all.push(String::new());
    all.extend(facts(new).into_iter().map(|(name, text)| format!("{name}: {text}")));
    all
}

/// Returns an issue in the Markdown of GitHub and GitLab, with its marker.
///
/// Mentions of accounts are broken up, so that the text notifies nobody, and no line is a quick action of
/// GitLab.
pub(super) fn markdown(new: &NewIssue) -> String {
    let mut out = String::new();
    let text = cut(new.text.trim(), MAX_TEXT_CHARS);
    for line in lines(&text) {
        out.push_str(&escape_markdown(line.as_str()));
        // Two blanks at the end of a line keep it a line of its own in Markdown.
        out.push_str("  \n");
    }
    out.push('\n');
    for (name, text) in facts(new) {
        out.push_str("- **");
        out.push_str(name);
        out.push_str(":** ");
        out.push_str(&escape_markdown(&text));
        out.push('\n');
    }
    out.push_str("\n<!-- ");
    out.push_str(&marker(new.item));
    out.push_str(" -->\n");
    out
}

/// Returns an issue in HTML.
pub(super) fn html(new: &NewIssue) -> String {
    let mut out = String::new();
    for line in plain_lines(new) {
        out.push_str("<p>");
        out.push_str(&escape_html(&line));
        out.push_str("</p>");
    }
    out
}

/// Returns an issue in the markup of Jira Data Center.
pub(super) fn wiki(new: &NewIssue) -> String {
    let mut out = String::new();
    for line in plain_lines(new) {
        for ch in line.chars() {
            if "{}[]!*_|~^+?\\".contains(ch) {
                out.push('\\');
            }
            out.push(ch);
        }
        out.push('\n');
    }
    out
}

fn facts(new: &NewIssue) -> Vec<(&'static str, String)> {
    let incident = format!("{} {}", new.incident, new.incident_title);
    let line = |text: &str| one_line(text).into_string();
    let mut facts = vec![("Follows from", line(&incident)), ("To", line(&new.purpose))];
    facts.extend(new.owner.as_deref().map(|owner| ("Owner", line(owner))));
    facts.extend(new.due.map(|due| ("Due", due.to_string())));
    facts
}

fn cut(text: &str, max_chars: usize) -> String {
    if text.chars().count() <= max_chars {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(max_chars.saturating_sub(1)).collect();
    short.push('…');
    short
}

fn escape_markdown(line: &str) -> String {
    let line = line.trim();
    let mut out = String::with_capacity(line.len());
    let mut is_url = false;
    for (index, (at, ch)) in line.char_indices().enumerate() {
        // A URL that becomes a link contains a backslash as it is typed.
        is_url = !ch.is_whitespace() && (is_url || starts_url(&line[at..]));
        let begins_block = index == 0 && matches!(ch, '#' | '+' | '-' | '=' | '~' | '/' | '>');
        let is_markup = matches!(ch, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '|' | '!');
        if begins_block || is_markup && !(is_url && ch == '_') {
            out.push('\\');
        }
        out.push(ch);
        if ch == '@' {
            out.push('\u{200b}');
        }
    }
    out
}

fn starts_url(text: &str) -> bool {
    text.starts_with("https://") || text.starts_with("http://")
}

fn escape_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for ch in text.chars() {
        match ch {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn issue(text: &str) -> NewIssue {
        NewIssue {
            item: Uuid::from_u128(7),
            text: text.into(),
            incident: "INC-12".into(),
            incident_title: "Cards fail".into(),
            owner: Some("Ines Moreau".into()),
            due: "2026-03-31".parse().ok(),
            purpose: "detect".into(),
        }
    }

    #[test]
    fn title_has_the_first_line_and_the_number() {
        assert_eq!(title(&issue("\n Alert on the\tpool\nand more")), "Alert on the pool (INC-12)");
        let long = title(&issue(&"x".repeat(1000)));
        assert_eq!(long.chars().count(), MAX_TITLE_CHARS);
        assert!(long.ends_with("… (INC-12)"), "{long}");
    }

    #[rstest]
    #[case("ask @ines", "ask @\u{200b}ines")]
    #[case("/close", "\\/close")]
    #[case("<!-- redphone-1 -->", "\\<\\!-- redphone-1 -->")]
    #[case("# big", "\\# big")]
    #[case("see (https://example.org/a_b_c) a_b", "see (https://example.org/a_b_c) a\\_b")]
    #[case("http://example.org/a_b", "http://example.org/a_b")]
    #[case("https://example.org/[a](b)", "https://example.org/\\[a\\](b)")]
    fn text_is_no_markup(#[case] line: &str, #[case] expected: &str) {
        assert_eq!(escape_markdown(line), expected);
    }

    #[test]
    fn markdown_has_facts_and_marker() {
        let text = markdown(&issue("Alert on the pool"));
        assert!(text.starts_with("Alert on the pool  \n"), "{text}");
        assert!(text.contains("- **Follows from:** INC-12 Cards fail\n"), "{text}");
        assert!(text.contains("- **Due:** 2026-03-31\n"), "{text}");
        assert!(
            text.ends_with("<!-- redphone-00000000-0000-0000-0000-000000000007 -->\n"),
            "{text}"
        );
    }

    #[test]
    fn html_is_escaped() {
        let text = html(&issue("a <b> & \"c\""));
        assert!(text.starts_with("<p>a &lt;b&gt; &amp; &quot;c&quot;</p><p></p>"), "{text}");
    }
}
