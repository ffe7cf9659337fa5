//! Merge: a list of the open incidents to continue in.

use chrono::{DateTime, Utc};

use crate::model::command::CommandKind;
use crate::model::{IncidentCommand, IncidentNumber, Summary};

use crate::tui::action::Entry;
use crate::tui::core::app::App;
use crate::tui::picker::{Item, Pick};
use crate::tui::verb::argument_error::ArgumentError;
use crate::tui::verb::logic::{Opening, Typed, VerbLogic};
use crate::tui::verb::precheck::single_row;
use crate::tui::verb::target::Target;

pub(super) const ENTRY: Entry = Entry::command(CommandKind::Merge, &["m"]);

pub(super) struct Merge;

impl VerbLogic for Merge {
    fn kind(&self) -> CommandKind {
        CommandKind::Merge
    }

    fn explains_refusal(&self) -> bool {
        true
    }

    fn opening(&self, _: &App, _: &[Target], _: DateTime<Utc>) -> Opening {
        Opening::List { heading: "Merge {} into", searchable: true }
    }

    fn items(&self, app: &App, targets: &[Target], _: DateTime<Utc>) -> Vec<Item> {
        merge_targets(app, targets)
    }

    fn empty_reason(&self, _: &App, _: &[Target]) -> String {
        "there is no other open incident to merge into".into()
    }

    fn parse_argument(&self, typed: &Typed<'_>) -> Result<Pick, ArgumentError> {
        let number: IncidentNumber = typed.text.parse()?;
        let value = number.0.to_string();
        let item = typed.offers.iter().find(|item| item.value.as_deref() == Some(&value));
        item.map(|item| item.pick.clone()).ok_or(ArgumentError::NotOpen(number))
    }
}

/// Returns the open incidents to merge into, those of the same service first.
fn merge_targets(app: &App, targets: &[Target]) -> Vec<Item> {
    let item = |row: &Summary| {
        let label = row.label();
        let service = row.primary_service().unwrap_or("no service");
        let pick = Pick::Submit {
            verb: format!("merge {{}} into {label}"),
            done_phrase: format!("merged into {label}"),
            commands: vec![IncidentCommand::Merge { into: row.id }],
            irreversible: true,
        };
        let about = format!("{} · {} · {service}", row.priority, row.status);
        let number = row.number.map(|number| number.0.to_string()).unwrap_or_default();
        Item::new(format!("{label} {}", row.title), pick).about(about).value(number)
    };
    other_open_incidents(app, targets).into_iter().map(item).collect()
}

/// Returns the open incidents that are no targets, those of the same service first, and of those the
/// newest first.
pub(in crate::tui) fn other_open_incidents<'a>(
    app: &'a App,
    targets: &[Target],
) -> Vec<&'a Summary> {
    let Some(snapshot) = &app.fetched.snapshot else { return Vec::new() };
    let service = single_row(app, targets).and_then(|row| row.primary_service());
    let is_target = |id| targets.iter().any(|target| target.id == id);
    let mut rows: Vec<&Summary> = snapshot
        .rows
        .iter()
        .map(|row| &**row)
        .filter(|row| row.status.is_open() && row.number.is_some() && !is_target(row.id))
        .collect();
    rows.sort_by_key(|row| {
        let same = service.is_some() && row.primary_service() == service;
        (!same, std::cmp::Reverse(row.number))
    });
    rows
}
