//! Values of the placeholders in templates for stakeholders.

use chrono::{DateTime, Utc};

use super::pattern::Placeholder;
use crate::model::Summary;

/// Returns the text that replaces a placeholder of a template for stakeholders; `due` is when the
/// next update is due. Times are formatted with their zone, as readers may be in any.
#[must_use]
pub fn placeholder_text(
    placeholder: Placeholder,
    row: &Summary,
    due: Option<DateTime<Utc>>,
    format_time: impl Fn(DateTime<Utc>) -> String,
) -> String {
    match placeholder {
        Placeholder::Id => row.id.to_string(),
        Placeholder::Number => row.label(),
        Placeholder::Title => row.title.clone(),
        Placeholder::Status => row.status.to_string(),
        Placeholder::Priority => row.priority.to_string(),
        Placeholder::Impact => row.impact.to_string(),
        Placeholder::Urgency => row.urgency.to_string(),
        Placeholder::Service => row.primary_service().unwrap_or("no service").to_owned(),
        Placeholder::Team => row.team.clone().unwrap_or_else(|| "no team".into()),
        Placeholder::Owner => {
            // A text for readers outside: it does not mention that the incident is unassigned.
            let team = || match &row.team {
                Some(team) => format!("the team {team}"),
                None => "our response team".into(),
            };
            row.assignee.as_ref().map_or_else(team, |owner| owner.name.clone())
        }
        Placeholder::Since => format_time(row.detected_at),
        Placeholder::Next => due_text(due, format_time),
    }
}

/// Returns when the next update is due, in words for its readers.
#[must_use]
pub fn due_text(
    due: Option<DateTime<Utc>>,
    format_time: impl Fn(DateTime<Utc>) -> String,
) -> String {
    due.map_or_else(|| "when it changes".into(), |due| format!("at {}", format_time(due)))
}
