//! Commands in words, for people who look at what is on its way.

use crate::model::command::Link;
use crate::model::{Ask, Command};

/// What is asked, as in "acknowledge"; the incident is named behind it.
#[must_use]
pub fn verb(command: &Command) -> &'static str {
    let ask = match command {
        Command::Incident { ask, .. } => ask,
        Command::RecordChange(_) => return "record a change",
        Command::RecordProblem(_) => return "record a problem",
    };
    match ask {
        Ask::Declare(_) => "declare",
        Ask::RepeatAlert { .. } => "count an alert on",
        Ask::Acknowledge => "acknowledge",
        Ask::MoveStatus { .. } => "move",
        Ask::Assign { to: Some(_) } => "assign",
        Ask::Assign { to: None } => "make unowned",
        Ask::SetTeam { .. } => "set the team of",
        Ask::GiveRole { given: true, .. } => "give a role on",
        Ask::GiveRole { given: false, .. } => "take a role on",
        Ask::Escalate { .. } => "escalate",
        Ask::Prioritize { .. } | Ask::OverridePriority { .. } => "prioritize",
        Ask::TakeBack => "take back on",
        Ask::Categorize { .. } => "categorize",
        Ask::SetServices { .. } => "set the services of",
        Ask::Describe { .. } => "rewrite",
        Ask::AddNote { .. } => "note on",
        Ask::CorrectNote { .. } => "correct a note on",
        Ask::UpdateStakeholders { .. } => "tell stakeholders of",
        Ask::AnswerItem { .. } => "answer an item of",
        Ask::Resolve { .. } => "resolve",
        Ask::Reopen { .. } => "reopen",
        Ask::Close => "close",
        Ask::Snooze { .. } => "snooze",
        Ask::Wake => "wake",
        Ask::Pause { .. } => "pause",
        Ask::Unpause => "go on with",
        Ask::Merge { .. } => "merge",
        Ask::Link { .. } => "link",
        Ask::Unlink { .. } => "unlink",
        Ask::Reclassify { .. } => "reclassify",
        Ask::WriteReview { .. } => "write the review of",
        Ask::SetActionItem { .. } => "write an action item of",
        Ask::PublishReview => "publish the review of",
    }
}

/// What was written or chosen; empty where the verb says it all.
#[must_use]
pub fn text(command: &Command) -> String {
    let ask = match command {
        Command::Incident { ask, .. } => ask,
        Command::RecordChange(change) => return change.title.clone(),
        Command::RecordProblem(problem) => return problem.title.clone(),
    };
    match ask {
        Ask::Declare(declaration) => declaration.title.clone(),
        Ask::RepeatAlert { text } | Ask::AddNote { text } | Ask::CorrectNote { text, .. } => {
            text.clone()
        }
        Ask::MoveStatus { to } => format!("to {to}"),
        Ask::Assign { to: Some(person) } => format!("to {}", person.name),
        Ask::SetTeam { team: Some(team) } => team.clone(),
        Ask::SetTeam { team: None } => "none".into(),
        Ask::GiveRole { role, person, .. } => format!("{role}: {}", person.name),
        Ask::Escalate { level, .. } => format!("level {level}"),
        Ask::Prioritize { impact, urgency } => format!("{impact} × {urgency}"),
        Ask::OverridePriority { priority, reason } => format!("{priority}: {reason}"),
        Ask::Categorize { category } => {
            category.map_or_else(|| "unknown".into(), |category| category.to_string())
        }
        Ask::SetServices { services } => services.join(", "),
        Ask::Describe { title, symptoms, labels, runbook } => {
            let labels = labels.as_ref().map(|labels| labels.join(", "));
            let parts = [title.clone(), symptoms.clone(), labels, runbook.clone()];
            parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
        }
        Ask::UpdateStakeholders { message, .. } => message.clone(),
        Ask::AnswerItem { item, .. } => item.to_string(),
        Ask::Resolve { action, detail, validation } => format!("{action}: {detail} · {validation}"),
        Ask::Reopen { reason } | Ask::Pause { reason } => reason.clone(),
        Ask::Snooze { until } => format!("until {}", until.format("%Y-%m-%d %H:%M UTC")),
        Ask::Link { link } | Ask::Unlink { link } => match link {
            Link::Url(url) => url.clone(),
            other => other.to_string(),
        },
        Ask::Reclassify { to, reason } => format!("{to}: {reason}"),
        Ask::WriteReview { section, text } => format!("{section}: {text}"),
        Ask::SetActionItem { item } => item.text.clone(),
        Ask::Assign { to: None }
        | Ask::Acknowledge
        | Ask::TakeBack
        | Ask::Close
        | Ask::Wake
        | Ask::Unpause
        | Ask::Merge { .. }
        | Ask::PublishReview => String::new(),
    }
}
