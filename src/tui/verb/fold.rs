//! Fold: a list of the open incidents that it may follow from; a folded one is unfolded.

use chrono::{DateTime, Utc};

use crate::model::command::CommandKind;
use crate::model::{IncidentCommand, IncidentNumber, Summary};

use crate::tui::action::Entry;
use crate::tui::core::app::App;
use crate::tui::picker::{Item, Pick};
use crate::tui::verb::argument_error::ArgumentError;
use crate::tui::verb::logic::{Opening, Typed, VerbLogic};
use crate::tui::verb::merge::other_open_incidents;
use crate::tui::verb::planning;
use crate::tui::verb::target::Target;

pub(super) const ENTRY: Entry = Entry::command(CommandKind::Fold, &["Y"]);

pub(super) struct Fold;

impl VerbLogic for Fold {
    fn kind(&self) -> CommandKind {
        CommandKind::Fold
    }

    fn explains_refusal(&self) -> bool {
        true
    }

    fn opening(&self, app: &App, targets: &[Target], at: DateTime<Utc>) -> Opening {
        let is_folded =
            |target: &Target| app.row(target.id).is_some_and(|row| row.folded_under.is_some());
        if !targets.is_empty() && targets.iter().all(is_folded) {
            let commands = [IncidentCommand::Fold { under: None }];
            let plan = planning::plan(app, targets, "unfold", "unfolded", &commands, at);
            return Opening::Send { plan, irreversible: false };
        }
        Opening::List { heading: "Fold {} under", searchable: true }
    }

    fn items(&self, app: &App, targets: &[Target], _: DateTime<Utc>) -> Vec<Item> {
        let item = |row: &Summary| {
            let label = row.label();
            let service = row.primary_service().unwrap_or("no service");
            let pick = Pick::Submit {
                verb: format!("fold {{}} under {label}"),
                done_phrase: format!("folded under {label}"),
                commands: vec![IncidentCommand::Fold { under: Some(row.id) }],
                irreversible: false,
            };
            let about = format!("{} · {} · {service}", row.priority, row.status);
            let number = row.number.map(|number| number.0.to_string()).unwrap_or_default();
            Item::new(format!("{label} {}", row.title), pick).about(about).value(number)
        };
        let rows = other_open_incidents(app, targets).into_iter();
        rows.filter(|row| row.folded_under.is_none()).map(item).collect()
    }

    fn empty_reason(&self, _: &App, _: &[Target]) -> String {
        "there is no other open incident to fold it under".into()
    }

    fn parse_argument(&self, typed: &Typed<'_>) -> Result<Pick, ArgumentError> {
        let number: IncidentNumber = typed.text.parse()?;
        let value = number.0.to_string();
        let item = typed.offers.iter().find(|item| item.value.as_deref() == Some(&value));
        item.map(|item| item.pick.clone()).ok_or(ArgumentError::NotOpen(number))
    }
}
