//! What lies over the panes and is scrolled.

use super::super::app::App;
use super::super::mode::Mode;
use super::super::view;
use super::moves::{Step, tops};
use super::{run, runbook};

pub(super) fn scroll(app: &mut App, step: Step) {
    match app.mode {
        Mode::Output(_) => return run::scroll(app, step),
        Mode::Runbook(_) => return runbook::scroll(app, step),
        _ => {}
    }
    let (lines, page) = view::popup_size(app);
    let top = match &mut app.mode {
        Mode::Help(top) | Mode::Failure(top) => top,
        Mode::Results(results) => &mut results.top,
        Mode::Confirm(confirm) => &mut confirm.top,
        Mode::Asked(asked) => &mut asked.top,
        _ => return,
    };
    *top = step.from(*top, tops(lines, page), page);
}
