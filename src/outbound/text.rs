//! The texts of a message: its title, its lines, and how they are cut to the limit of a channel.

use unicode_segmentation::UnicodeSegmentation;

use super::message::OutboundMessage;
use crate::model::notification::MessageKind;
use crate::model::text::{self, sanitize};

/// The mark at the end of a truncated text.
const ELLIPSIS: &str = "…";

/// How a channel counts the length of a text.
pub(super) type Measure = fn(&str) -> usize;

/// Counts characters.
pub(super) fn chars(text: &str) -> usize {
    text.chars().count()
}

/// Returns the number of UTF-16 units, which Telegram counts.
pub(super) fn utf16(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Returns the title on one line. The number of the incident comes first, because lock screens
/// truncate.
pub(super) fn title(message: &OutboundMessage) -> String {
    if let Some(document) = &message.document {
        return single_line(&document.title);
    }
    let Some(incident) = &message.incident else {
        let what = match message.kind {
            MessageKind::Test => "test of this contact",
            MessageKind::Reminder => "reminder",
            MessageKind::RoleRequest => "a role in the response",
            _ => "message",
        };
        return format!("redphone: {what}");
    };
    let what = match message.kind {
        MessageKind::Page | MessageKind::Unknown(_) => "",
        MessageKind::Update => "update: ",
        MessageKind::Reminder => "reminder: ",
        MessageKind::RoleRequest => "you are asked to join: ",
        MessageKind::Resolved => "resolved: ",
        MessageKind::Test => "test: ",
    };
    let title = single_line(&incident.title);
    format!("{} {} {what}{title}", incident.number, incident.priority)
}

/// Returns the text of the message below its title.
pub(super) fn body(message: &OutboundMessage) -> String {
    let mut lines: Vec<String> = text::lines(&message.text)
        .map(|line| line.trim_end().to_owned())
        .skip_while(String::is_empty)
        .collect();
    if let Some(incident) = &message.incident {
        let service = incident.service.iter().map(|service| single_line(service));
        let team = incident.team.iter().map(|team| format!("team {}", single_line(team)));
        let since = format!("since {}", incident.reported_at.format("%Y-%m-%d %H:%M UTC"));
        lines.push(service.chain(team).chain([since]).collect::<Vec<_>>().join(" · "));
    }
    lines.join("\n")
}

/// Returns one line for each action and one for the incident, with their URLs.
pub(super) fn links(message: &OutboundMessage) -> Vec<String> {
    let actions = message.actions.iter().map(|action| format!("{}: {}", action.label, action.url));
    actions.chain(message.url.clone()).collect()
}

/// Returns title and body, and below them the links, within a limit. Links are never cut: where they
/// alone are too long, they are left out from the last one.
pub(super) fn plain(message: &OutboundMessage, limit: usize, measure: Measure) -> String {
    marked_up(message, limit, measure, str::to_owned, str::to_owned)
}

/// As [`plain`], for a channel with markup: `escape` is for the text, and `escape_link` for the
/// lines of the links.
pub(super) fn marked_up(
    message: &OutboundMessage,
    limit: usize,
    measure: Measure,
    escape: impl Fn(&str) -> String,
    escape_link: impl Fn(&str) -> String,
) -> String {
    let links: Vec<String> = links(message).iter().map(|link| escape_link(link)).collect();
    let mut count = links.len();
    // At least half of the message is its text.
    while count > 0 && measure(&links[..count].join("\n")) > limit / 2 {
        count -= 1;
    }
    let tail = if count == 0 { String::new() } else { format!("\n{}", links[..count].join("\n")) };
    let head = format!("{}\n{}", title(message), body(message));
    let head = cut_escaped(head.trim_end(), limit.saturating_sub(measure(&tail)), measure, escape);
    format!("{head}{tail}")
}

/// Truncates a text to a limit, between user-perceived characters.
pub(super) fn cut(text: &str, limit: usize, measure: Measure) -> String {
    cut_escaped(text, limit, measure, str::to_owned)
}

/// Escapes a text for a channel and cuts it to a limit; no escape sequence is cut in two.
pub(super) fn cut_escaped(
    text: &str,
    limit: usize,
    measure: Measure,
    escape: impl Fn(&str) -> String,
) -> String {
    let escaped = escape(text);
    if measure(&escaped) <= limit {
        return escaped;
    }
    let mut room = limit.saturating_sub(measure(ELLIPSIS));
    let mut cut = String::new();
    for grapheme in text.graphemes(true) {
        let escaped = escape(grapheme);
        let Some(rest) = room.checked_sub(measure(&escaped)) else { break };
        room = rest;
        cut.push_str(&escaped);
    }
    if measure(ELLIPSIS) <= limit {
        cut.push_str(ELLIPSIS);
    }
    cut
}

/// Escapes the characters that have a meaning in HTML and XML.
pub(super) fn escape_xml(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Escapes the characters that have a meaning in Markdown, and breaks mentions of people.
pub(super) fn escape_markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if "\\`*_{}[]()<>#~|".contains(character) {
            escaped.push('\\');
        }
        escaped.push(character);
        if character == '@' {
            escaped.push('\u{200b}');
        }
    }
    escaped
}

/// Returns a text on one line, without control characters.
fn single_line(text: &str) -> String {
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    sanitize(joined.as_str()).into_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("short", 10, "short")]
    #[case("exactly ten", 11, "exactly ten")]
    #[case("too long for it", 8, "too lon…")]
    #[case("e\u{301}e\u{301}e\u{301}", 4, "e\u{301}…")]
    fn texts_are_cut_between_what_is_seen(
        #[case] text: &str,
        #[case] limit: usize,
        #[case] expected: &str,
    ) {
        assert_eq!(cut(text, limit, chars), expected);
    }

    #[test]
    fn escape_sequences_are_never_cut_in_two() {
        assert_eq!(cut_escaped("a&&&&", 12, chars, escape_xml), "a&amp;&amp;…");
    }

    proptest! {
        #[test]
        fn texts_never_exceed_their_limit(text in ".{0,80}", limit in 0_usize..60) {
            for measure in [chars as Measure, utf16, str::len] {
                prop_assert!(measure(&cut_escaped(&text, limit, measure, escape_xml)) <= limit);
                prop_assert!(measure(&cut_escaped(&text, limit, measure, escape_markdown)) <= limit);
            }
        }
    }
}
