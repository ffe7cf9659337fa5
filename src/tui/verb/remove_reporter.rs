//! Remove a reporter: a list of those who have reported the incident.

use chrono::{DateTime, Utc};

use crate::model::command::CommandKind;
use crate::model::impact::Reporter;
use crate::model::{IncidentCommand, Summary};

use crate::tui::action::Entry;
use crate::tui::core::app::App;
use crate::tui::picker::Item;
use crate::tui::verb::logic::{Opening, VerbLogic, single_command};
use crate::tui::verb::precheck;
use crate::tui::verb::target::Target;

pub(super) const ENTRY: Entry = Entry::command(CommandKind::RemoveReporter, &[]);

pub(super) struct RemoveReporter;

impl VerbLogic for RemoveReporter {
    fn kind(&self) -> CommandKind {
        CommandKind::RemoveReporter
    }

    fn needs_record(&self) -> bool {
        true
    }

    fn opening(&self, _: &App, _: &[Target], _: DateTime<Utc>) -> Opening {
        Opening::List { heading: "Remove a reporter from {}", searchable: true }
    }

    fn items(&self, app: &App, targets: &[Target], _: DateTime<Utc>) -> Vec<Item> {
        let [target] = targets else { return Vec::new() };
        let record = precheck::current_record(app, target.id);
        record.into_iter().flat_map(|record| &record.reporters).map(item).collect()
    }

    fn empty_reason(&self, app: &App, targets: &[Target]) -> String {
        let [target] = targets else {
            return "the reporters of one incident at a time can be removed".into();
        };
        match precheck::current_record(app, target.id) {
            Some(_) => "nobody was added as its reporter".into(),
            None => "its record is not read yet: remove-reporter alone reads it".into(),
        }
    }

    /// The list shows who can be removed.
    fn probe(
        &self,
        _: &App,
        _: Option<&Summary>,
        _: DateTime<Utc>,
    ) -> Option<Vec<IncidentCommand>> {
        None
    }
}

fn item(reporter: &Reporter) -> Item {
    let name = if reporter.name.is_empty() { "redacted" } else { reporter.name.as_str() };
    let command = IncidentCommand::RemoveReporter { reporter: reporter.id };
    let verb = format!("remove the reporter {name} from {{}}");
    let pick = single_command(verb, format!("reporter {name} removed"), command);
    Item::new(reporter.line(), pick).value(name)
}
