//! Asks for the reason of a correction, when a verb is about to change an incident that is resolved
//! or closed.

use chrono::{DateTime, Utc};

use crate::model::command::CommandKind;
use crate::model::{IncidentCommand, Status};

use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::mode::Mode;
use crate::tui::core::notices::show_toast;
use crate::tui::form::{self, Kind};
use crate::tui::verb::plan::{Plan, Step};
use crate::tui::verb::precheck;

/// Returns whether a plan corrects an incident that is resolved or closed, without giving a reason.
pub(super) fn needs_reason(app: &App, plan: &Plan) -> bool {
    plan.possible().any(|step| needs_own_reason(app, step))
}

fn needs_own_reason(app: &App, step: &Step) -> bool {
    let row = app.row(step.target.id);
    let record = precheck::current_record(app, step.target.id);
    let row = row.or(record.map(|record| &record.summary));
    let has_ended = row.is_some_and(|row| matches!(row.status, Status::Resolved | Status::Closed));
    let corrects = |command: &IncidentCommand| {
        let kind = command.kind();
        matches!(kind, CommandKind::Assign | CommandKind::SetTeam | CommandKind::Prioritize)
    };
    has_ended && step.because.is_none() && step.commands.iter().any(corrects)
}

/// Asks why an incident is corrected.
pub(super) fn ask(app: &mut App, plan: Plan, at: DateTime<Utc>) -> Vec<Effect> {
    let mut steps = plan.steps.into_iter().filter(|step| step.refused.is_none());
    let Some(first) = steps.next() else { return Vec::new() };
    let mut targets = vec![first.target];
    for step in steps {
        if step.commands != first.commands || !step.prerequisites.is_empty() {
            app.ui.mode = Mode::Panes;
            let text = "some of them are resolved, and are corrected one by one, with a reason";
            return show_toast(app, text, true);
        }
        targets.push(step.target);
    }
    form::open::open(app, Kind::Correction { commands: first.commands }, targets, at)
}
