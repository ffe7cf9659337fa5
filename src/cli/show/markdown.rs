//! An incident and its timeline as Markdown, for tickets and chats.

use std::borrow::Cow;

use crate::cli::failure::Failure;
use crate::cli::out::Out;
use crate::model::directory::Directory;
use crate::model::{Event, Incident};

/// Characters with a meaning in Markdown, anywhere in a text.
const SPECIAL: [char; 9] = ['\\', '`', '*', '_', '[', ']', '<', '>', '|'];

/// Prints the record and the timeline.
pub(super) fn print(
    out: &mut Out,
    incident: &Incident,
    timeline: &[Event],
    directory: &Directory,
) -> Result<(), Failure> {
    let row = &incident.summary;
    out.line(format!("# {}: {}", row.label(), escape(&row.title)))?;
    out.line("")?;
    let owner = row.assignee.as_ref().map(|person| directory.person_label(person));
    let team = row.team.as_deref().map(|team| directory.team_label(team));
    let services: Vec<_> = row.services.iter().map(|name| directory.service_label(name)).collect();
    let fields = [
        ("Priority", format!("{} (impact {}, urgency {})", row.priority, row.impact, row.urgency)),
        ("Status", row.status.to_string()),
        ("Owner", owner.map(Cow::into_owned).unwrap_or_default()),
        ("Team", team.map(Cow::into_owned).unwrap_or_default()),
        ("Services", services.join(", ")),
        ("Reported", row.reported_at.format("%Y-%m-%d %H:%M UTC").to_string()),
        ("Symptoms", incident.symptoms.clone()),
        ("Labels", incident.labels.join(", ")),
    ];
    for (name, text) in fields {
        if !text.trim().is_empty() {
            out.line(format!("- **{name}**: {}", escape(&text)))?;
        }
    }
    out.line("")?;
    out.line("## Timeline (UTC)")?;
    out.line("")?;
    for event in timeline {
        let who = directory.actor_label(&event.actor);
        let at = event.at.format("%Y-%m-%d %H:%M:%S");
        let detail = event.marked_detail(Some(directory));
        let colon = if detail.trim().is_empty() { "" } else { ": " };
        let what = event.body.label();
        out.line(format!(
            "- {at} **{}**, {}{colon}{}",
            escape(&what),
            escape(&who),
            escape(&detail)
        ))?;
    }
    Ok(())
}

/// Returns a text on one line, with Markdown markup escaped.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for ch in text.split_whitespace().collect::<Vec<_>>().join(" ").chars() {
        if SPECIAL.contains(&ch) {
            escaped.push('\\');
        }
        escaped.push(ch);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_is_no_markup() {
        assert_eq!(escape("a *b*\n[c](d) <e> | `f`"), "a \\*b\\* \\[c\\](d) \\<e\\> \\| \\`f\\`");
    }
}
