//! Sizes of a list to choose from.

use ratatui::layout::Rect;

use crate::model::text::{SafeText, truncate, wrap};

use crate::tui::picker::Picker;
use crate::tui::widgets::popup;

/// Returns the area of the box, and how many items fit.
pub(in crate::tui) fn box_area(picker: &Picker, body: Rect) -> (Rect, u16) {
    let typed = u16::from(picker.searchable);
    let columns = usize::from(BOX_WIDTH.min(body.width).saturating_sub(4));
    let below = notice_lines(picker, columns).len() + remark_lines(picker, columns).len();
    let notice_rows = u16::try_from(below).unwrap_or(0);
    let count = u16::try_from(picker.items.len()).unwrap_or(u16::MAX).clamp(1, MAX_ROWS);
    let height = count.saturating_add(typed + notice_rows + 2).min(body.height);
    let area = popup::centred(body, BOX_WIDTH, height);
    (area, height.saturating_sub(typed + notice_rows + 2))
}

/// Returns the notice, wrapped and truncated to a few lines.
pub(in crate::tui) fn notice_lines(picker: &Picker, columns: usize) -> Vec<SafeText<'static>> {
    let notice = picker.notice.as_ref().map(|notice| wrap(format!("! {notice}"), columns));
    let mut lines = notice.unwrap_or_default();
    if lines.len() > MAX_NOTICE_LINES {
        lines.truncate(MAX_NOTICE_LINES);
        lines[MAX_NOTICE_LINES - 1] =
            truncate(format!("{} …", lines[MAX_NOTICE_LINES - 1]), columns);
    }
    lines
}

/// Returns the remark below the items, wrapped and truncated to two lines.
pub(in crate::tui) fn remark_lines(picker: &Picker, columns: usize) -> Vec<SafeText<'static>> {
    let remark = picker.remark.as_ref().map(|remark| wrap(remark, columns));
    let mut lines = remark.unwrap_or_default();
    lines.truncate(MAX_REMARK_LINES);
    lines
}

/// Returns the number of items that fit.
pub(in crate::tui) fn rows(picker: &Picker, body: Rect) -> usize {
    usize::from(box_area(picker, body).1)
}

/// The width of the box, in columns.
pub(in crate::tui) const BOX_WIDTH: u16 = 88;

/// The maximum number of rows for the notice below the items.
pub(in crate::tui) const MAX_NOTICE_LINES: usize = 3;

/// The maximum number of rows for the remark below the items.
pub(in crate::tui) const MAX_REMARK_LINES: usize = 2;

/// The maximum number of rows for items.
pub(in crate::tui) const MAX_ROWS: u16 = 16;
