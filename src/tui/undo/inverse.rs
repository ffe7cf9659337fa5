//! The inverse of commands, by which they are undone.

use crate::model::command::Before;
use crate::model::{CommandId, Envelope, IncidentCommand};

use crate::tui::core::app::App;
use crate::tui::verb::plan::Step;
use crate::tui::verb::precheck;

/// Returns the commands that undo a step, in order, each with the one that it undoes; `None` if that
/// is not possible.
///
/// Call it before the step is sent: the commands lead back to the state that is known now.
pub(in crate::tui) fn inverse(
    app: &App,
    step: &Step,
    sent: &[Envelope],
) -> Option<Vec<(IncidentCommand, CommandId)>> {
    if !step.prerequisites.is_empty() {
        return None;
    }
    let row = app.row(step.target.id);
    let record = precheck::current_record(app, step.target.id);
    let row = row.or(record.map(|record| &record.summary));
    let (rules, now) = (&app.session.rules, app.backend_now());
    let before = row.map(|row| Before { row, record, rules, now });
    if let (Some(declare @ IncidentCommand::Declare(_)), Some(envelope)) =
        (step.commands.first(), sent.first())
    {
        return declare.inverse(envelope.id, None).map(|command| vec![(command, envelope.id)]);
    }
    let before = before?;
    let commands = step.commands.iter().zip(sent).rev();
    commands
        .map(|(command, envelope)| {
            let inverse = command.inverse(envelope.id, Some(&before))?;
            Some((inverse, envelope.id))
        })
        .collect()
}
