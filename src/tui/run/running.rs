//! Ends of programs that were started.

use crate::model::CommandId;

use crate::tui::core::app::App;
use crate::tui::run::Run;

/// Describes the running programs, for the warning before quitting; `None` if there are none.
pub(in crate::tui) fn running_summary(app: &App) -> Option<String> {
    let running: Vec<&Run> = app.runs.list.iter().filter(|run| run.ended.is_none()).collect();
    match &running[..] {
        [] => None,
        [one] => Some(format!("{} runs on {}", one.name, one.target.label)),
        many => Some(format!("{} commands run", many.len())),
    }
}

/// Allows the output to be put on the timeline again, because the command that was to do it was
/// refused.
pub(in crate::tui) fn note_refused(app: &mut App, id: CommandId) {
    if let Some(run) = app.runs.list.iter_mut().find(|run| run.note_command == Some(id)) {
        run.note_command = None;
    }
}
