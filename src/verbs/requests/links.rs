//! Verbs of links: link, unlink.

use clap::Args;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::command::CommandKind;
use crate::model::id::IncidentRef;
use crate::model::link::Link;
use crate::model::{ChangeId, IncidentCommand, ProblemId, check};
use crate::verbs::error::{FieldError, Problem};
use crate::verbs::request::Request;
use crate::verbs::row::{Numbers, VerbRow};
use crate::verbs::situation::{Needs, Plan, Situation};

/// The prefix of the name of a problem.
const PROBLEM: &str = "problem:";
/// The prefix of the name of a change.
const CHANGE: &str = "change:";

/// Link a page, another incident, a problem or a change.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct AddLink {
    /// A URL, an incident such as INC-14, `problem:ID` or `change:ID`
    #[arg(value_name = "TARGET")]
    #[schema(min_length = 1, max_length = 2000, example = "https://status.example.com/123")]
    pub to: String,
    /// The title of the problem or change, for readers [default: that of the problem; a change's id]
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 200, example = "Connections leak in the pool")]
    pub title: Option<String>,
}

impl Request for AddLink {
    const ROW: VerbRow = VerbRow::new(
        "link",
        "Link a page, another incident, a problem or a change",
        &[CommandKind::Link],
        "INC-12 https://status.example.com/123",
        r#"{"to": "https://status.example.com/123"}"#,
    )
    .done_with_content("linked:")
    .numbers(Numbers::AllButLast);

    fn other_incident(&self) -> Option<IncidentRef> {
        self.to.parse().ok()
    }

    fn needs_problem_titles(&self) -> bool {
        self.title.is_none() && self.to.trim().starts_with(PROBLEM)
    }

    fn plan(&self, situation: &Situation<'_>) -> Result<Plan, FieldError> {
        let link = self.link(situation)?;
        let checked = check::new_link(&link);
        checked.map_err(|error| FieldError::new("to", error.problem))?;
        Ok(Plan::one(IncidentCommand::Link { link }))
    }
}

impl AddLink {
    fn link(&self, situation: &Situation<'_>) -> Result<Link, FieldError> {
        let to = self.to.trim();
        let unreadable = || {
            let why = "is no id: write problem: or change: and a UUID".to_owned();
            FieldError::new("to", Problem::Unreadable(why))
        };
        if let Some(id) = to.strip_prefix(PROBLEM) {
            let id: ProblemId = id.trim().parse().map_err(|_| unreadable())?;
            let title = self.title.clone().or_else(|| situation.problem_titles.title(id));
            let title = title.ok_or_else(|| {
                let suggestion = "give the id of a recorded problem, or its title too".to_owned();
                let (problem, text) = ("there is no problem", id.to_string());
                FieldError::new("to", Problem::UnknownName { problem, text, suggestion })
            })?;
            return Ok(Link::Problem { id, title });
        }
        if let Some(id) = to.strip_prefix(CHANGE) {
            let id: ChangeId = id.trim().parse().map_err(|_| unreadable())?;
            let title = self.title.clone().unwrap_or_else(|| id.to_string());
            return Ok(Link::Change { id, title });
        }
        let Some(other) = self.other_incident() else { return Ok(Link::Url(to.to_owned())) };
        let read = situation.other.ok_or(Problem::NotRead("the other incident"));
        let id = read.map_err(|problem| FieldError::new("to", problem))?;
        let number = match other {
            IncidentRef::Number(number) => Some(number),
            IncidentRef::Id(_) => None,
        };
        Ok(Link::Incident { id, number })
    }
}

/// Remove a link.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct RemoveLink {
    /// The URL, number, id or title that it leads to, or `#1` for the first link of the incident
    #[arg(value_name = "LINK")]
    #[schema(min_length = 1, max_length = 2000, example = "https://status.example.com/123")]
    pub link: String,
}

impl Request for RemoveLink {
    const ROW: VerbRow = VerbRow::new(
        "unlink",
        "Remove a link",
        &[CommandKind::Unlink],
        "INC-12 https://status.example.com/123",
        r#"{"link": "https://status.example.com/123"}"#,
    )
    .done_with_content("unlinked:")
    .numbers(Numbers::AllButLast);

    fn needs(&self) -> Needs {
        Needs::Record
    }

    fn plan(&self, situation: &Situation<'_>) -> Result<Plan, FieldError> {
        let record = situation.record()?;
        let text = self.link.trim();
        let position = text.strip_prefix('#').and_then(|number| number.parse::<usize>().ok());
        let by_position = position.and_then(|position| record.links.get(position.checked_sub(1)?));
        let link = by_position.or_else(|| record.links.iter().find(|link| leads_to(link, text)));
        let Some(link) = link.cloned() else {
            return Err(FieldError::new(
                "link",
                Problem::NoSuchPart {
                    incident: record.summary.label(),
                    what: "link",
                    text: text.to_owned(),
                    advice: "give one of its links, or #1 for the first",
                },
            ));
        };
        Ok(Plan::one(IncidentCommand::Unlink { link }))
    }
}

/// Returns whether a text names what a link leads to.
fn leads_to(link: &Link, text: &str) -> bool {
    let is = |id: String| text.rsplit(':').next().is_some_and(|last| last.trim() == id);
    match link {
        Link::Url(url) => url == text,
        Link::Problem { id, title } => is(id.to_string()) || title == text,
        Link::Change { id, title } => is(id.to_string()) || title == text,
        Link::Incident { id, number } => match text.parse() {
            Ok(IncidentRef::Id(named)) => named == *id,
            Ok(IncidentRef::Number(named)) => Some(named) == *number,
            Err(_) => false,
        },
        Link::Unknown(_) => link.to_string() == text,
    }
}
