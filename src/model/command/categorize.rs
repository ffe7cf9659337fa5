//! Categorize: set the kind of fault.

use super::logic::{Before, Case, CommandLogic, Decided, EventLogic};
use super::table::{Argument, CommandRow};
use super::{CommandKind, IncidentCommand};
use crate::model::rejection::Rejection;
use crate::model::status::Category;
use crate::model::{CommandId, Event, EventBody, Incident, PersonRef, Summary};

pub(super) const ROW: CommandRow = CommandRow::new(
    CommandKind::Categorize,
    "categorize",
    "category",
    "the category alone",
    |row, _| {
        let category = row?.category;
        let other = Category::ALL.iter().find(|other| Some(**other) != category);
        Some(IncidentCommand::Categorize { category: other.copied() })
    },
)
.argument(Argument::Category)
.inverse(&[CommandKind::Categorize]);

pub(in crate::model) struct Categorize {
    pub category: Option<Category>,
}

impl CommandLogic for Categorize {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    fn decide(&self, case: &Case<'_>) -> Decided {
        if case.incident.summary.category == self.category {
            return Err(match self.category {
                Some(category) => Rejection::AlreadyCategorized { category },
                None => Rejection::AlreadyUncategorized,
            });
        }
        Ok(vec![EventBody::Categorized { category: self.category }])
    }

    fn inverse(&self, _: CommandId, before: Option<&Before<'_>>) -> Option<IncidentCommand> {
        Some(IncidentCommand::Categorize { category: before?.row.category })
    }

    fn still_holds(&self, row: &Summary, _: Option<&Incident>) -> bool {
        row.category == self.category
    }

    fn phrase(&self) -> &'static str {
        "categorize"
    }

    fn content(&self) -> String {
        self.category.map_or_else(|| "unknown".into(), |category| category.to_string())
    }
}

pub(in crate::model) struct Categorized {
    pub category: Option<Category>,
}

impl EventLogic for Categorized {
    fn apply(&self, incident: &mut Incident, _: &Event) {
        incident.summary.category = self.category;
    }

    fn label(&self) -> &'static str {
        "Category"
    }

    fn detail(&self) -> String {
        self.category.map_or_else(|| "no category".to_owned(), |category| category.to_string())
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        match self.category {
            Some(category) => format!("says it is {category}"),
            None => "took its category away".into(),
        }
    }
}
