//! Describes commands in words, for people who look at the outbox.

use crate::model::command::Link;
use crate::model::{Command, IncidentCommand};

/// Returns the verb of a command, such as "acknowledge"; the incident's number follows it.
#[must_use]
pub fn verb(command: &Command) -> &'static str {
    let command = match command {
        Command::Incident { command, .. } => command,
        Command::RecordChange(_) => return "record a change",
        Command::RecordProblem(_) => return "record a problem",
    };
    match command {
        IncidentCommand::Declare(_) => "declare",
        IncidentCommand::RepeatAlert { .. } => "count an alert on",
        IncidentCommand::Acknowledge => "acknowledge",
        IncidentCommand::MoveStatus { .. } => "move",
        IncidentCommand::Assign { to: Some(_) } => "assign",
        IncidentCommand::Assign { to: None } => "make unowned",
        IncidentCommand::SetTeam { .. } => "set the team of",
        IncidentCommand::GiveRole { given: true, .. } => "give a role on",
        IncidentCommand::GiveRole { given: false, .. } => "take a role on",
        IncidentCommand::Escalate { .. } => "escalate",
        IncidentCommand::Prioritize { .. } | IncidentCommand::OverridePriority { .. } => {
            "prioritize"
        }
        IncidentCommand::UndoMove => "take back on",
        IncidentCommand::Categorize { .. } => "categorize",
        IncidentCommand::SetServices { .. } => "set the services of",
        IncidentCommand::Describe { .. } => "rewrite",
        IncidentCommand::AddNote { .. } => "note on",
        IncidentCommand::CorrectNote { .. } => "correct a note on",
        IncidentCommand::UpdateStakeholders { .. } => "tell stakeholders of",
        IncidentCommand::AnswerItem { .. } => "answer an item of",
        IncidentCommand::Resolve { .. } => "resolve",
        IncidentCommand::Reopen { .. } => "reopen",
        IncidentCommand::Close => "close",
        IncidentCommand::Snooze { .. } => "snooze",
        IncidentCommand::Wake => "wake",
        IncidentCommand::Pause { .. } => "pause",
        IncidentCommand::Unpause => "go on with",
        IncidentCommand::Merge { .. } => "merge",
        IncidentCommand::Link { .. } => "link",
        IncidentCommand::Unlink { .. } => "unlink",
        IncidentCommand::Reclassify { .. } => "reclassify",
        IncidentCommand::WriteReview { .. } => "write the review of",
        IncidentCommand::SetActionItem { .. } => "write an action item of",
        IncidentCommand::PublishReview => "publish the review of",
    }
}

/// Returns what was typed or chosen; empty if the verb says everything.
#[must_use]
pub fn text(command: &Command) -> String {
    let command = match command {
        Command::Incident { command, .. } => command,
        Command::RecordChange(change) => return change.title.clone(),
        Command::RecordProblem(problem) => return problem.title.clone(),
    };
    match command {
        IncidentCommand::Declare(declaration) => declaration.title.clone(),
        IncidentCommand::RepeatAlert { text }
        | IncidentCommand::AddNote { text }
        | IncidentCommand::CorrectNote { text, .. } => text.clone(),
        IncidentCommand::MoveStatus { to } => format!("to {to}"),
        IncidentCommand::Assign { to: Some(person) } => format!("to {}", person.name),
        IncidentCommand::SetTeam { team: Some(team) } => team.clone(),
        IncidentCommand::SetTeam { team: None } => "none".into(),
        IncidentCommand::GiveRole { role, person, .. } => format!("{role}: {}", person.name),
        IncidentCommand::Escalate { level, .. } => format!("level {level}"),
        IncidentCommand::Prioritize { impact, urgency } => format!("{impact} × {urgency}"),
        IncidentCommand::OverridePriority { priority, reason } => format!("{priority}: {reason}"),
        IncidentCommand::Categorize { category } => {
            category.map_or_else(|| "unknown".into(), |category| category.to_string())
        }
        IncidentCommand::SetServices { services } => services.join(", "),
        IncidentCommand::Describe { title, symptoms, labels, runbook } => {
            let labels = labels.as_ref().map(|labels| labels.join(", "));
            let parts = [title.clone(), symptoms.clone(), labels, runbook.clone()];
            parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
        }
        IncidentCommand::UpdateStakeholders { message, .. } => message.clone(),
        IncidentCommand::AnswerItem { item, .. } => item.to_string(),
        IncidentCommand::Resolve { action, detail, validation } => {
            format!("{action}: {detail} · {validation}")
        }
        IncidentCommand::Reopen { reason } | IncidentCommand::Pause { reason } => reason.clone(),
        IncidentCommand::Snooze { until } => {
            format!("until {}", until.format("%Y-%m-%d %H:%M UTC"))
        }
        IncidentCommand::Link { link } | IncidentCommand::Unlink { link } => match link {
            Link::Url(url) => url.clone(),
            other => other.to_string(),
        },
        IncidentCommand::Reclassify { to, reason } => format!("{to}: {reason}"),
        IncidentCommand::WriteReview { section, text } => format!("{section}: {text}"),
        IncidentCommand::SetActionItem { item } => item.text.clone(),
        IncidentCommand::Assign { to: None }
        | IncidentCommand::Acknowledge
        | IncidentCommand::UndoMove
        | IncidentCommand::Close
        | IncidentCommand::Wake
        | IncidentCommand::Unpause
        | IncidentCommand::Merge { .. }
        | IncidentCommand::PublishReview => String::new(),
    }
}
