//! What lies over the panes and is scrolled.

use super::super::app::{App, Mode};
use super::super::view;
use super::moves::{Step, tops};

pub(super) fn scroll(app: &mut App, step: Step) {
    let (lines, page) = view::popup_size(app);
    if let Mode::Help(top) | Mode::Failure(top) = &mut app.mode {
        *top = step.from(*top, tops(lines, page), page);
    }
}
