//! The columns of the queue: which are shown in which form, and their widths.

use crate::config::panes::Column;

/// The width of the SLA bar, in cells.
pub(in crate::tui) const BAR_WIDTH: usize = 4;
/// The width from which the flag of a row has a cell of its own. Below, it shares the cell of the
/// mark of the selected row.
const FLAG_FROM: usize = 44;
/// The width of a status in full.
const FULL_STATUS: usize = 13;
/// The width of an owner's name.
const FULL_OWNER: usize = 16;
/// The readable columns of a title in a row in short form, and the `…` after them.
const SHORT_TITLE: usize = 35;
/// The readable columns of a title in a row in full form, and the `…` after them.
const FULL_TITLE: usize = 56;

/// Columns and their widths, from the left; a blank follows each but the last.
#[allow(clippy::struct_excessive_bools, reason = "each is a state of its own")]
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Columns {
    /// The columns that fit.
    pub list: Vec<(Column, usize)>,
    /// Whether the clock has a bar.
    pub has_bar: bool,
    /// Whether the flag of a row has a cell of its own in front of the columns.
    pub has_flag: bool,
    /// Whether the status is written in full.
    pub has_full_status: bool,
    /// Whether owners are shown by name, not by handle.
    pub has_full_owner: bool,
    /// Blanks after the title that are saved for the next column that a wider queue shows.
    pub gap: usize,
}

/// A step by which a wider queue shows more.
enum Step {
    /// A column of this width: grown cell by cell, as far as there is room.
    Grow(Column, usize),
    /// A column as wide as that: shown, or made wider, only in full.
    Widen(Column, usize),
    /// The bar of the clock.
    Bar,
}

/// Returns the columns of a queue, the most important first. A later step never reduces an earlier
/// one, and each uses the room that remains after those before it: so more room never shows less of
/// a title, nor drops a column.
fn steps(digits: usize) -> [Step; 18] {
    use Step::{Bar, Grow, Widen};
    [
        Grow(Column::Priority, 2),
        Grow(Column::Number, digits),
        Grow(Column::Title, 23),
        Widen(Column::Sla, 4),
        Grow(Column::Title, 31),
        Grow(Column::Sla, 9),
        Grow(Column::Title, SHORT_TITLE),
        Widen(Column::Owner, 9),
        Widen(Column::Status, 6),
        // From this step on, everything that interface and settings require is visible in short
        // form.
        Grow(Column::Title, FULL_TITLE),
        Widen(Column::Status, FULL_STATUS),
        Widen(Column::Owner, FULL_OWNER),
        Widen(Column::Age, 5),
        Grow(Column::Title, 64),
        Widen(Column::Service, 18),
        Widen(Column::Team, 12),
        Bar,
        Grow(Column::Title, usize::MAX),
    ]
}

/// The number of steps to a row in short form, and to one in full form.
const SHORT_STEPS: usize = 9;
const FULL_STEPS: usize = 13;

impl Columns {
    /// Fits the chosen columns into a width of `room`. They are reduced in this order: SLA bar,
    /// team, service, age, the owner's full name, the status in full; then status, owner and clock.
    /// The title is cut only below what is readable.
    #[must_use]
    pub fn for_width(chosen: &[Column], room: usize, digits: usize) -> Self {
        let has_flag = room >= FLAG_FROM;
        // Each column counts with a blank, which the last one does not need.
        let mut spare = (room + 1).saturating_sub(usize::from(has_flag));
        let mut widths = [0; Column::ALL.len()];
        let mut has_bar = false;
        for step in steps(digits) {
            match step {
                Step::Bar if !chosen.contains(&Column::Sla) => {}
                Step::Bar if spare > BAR_WIDTH => {
                    spare -= BAR_WIDTH + 1;
                    has_bar = true;
                }
                Step::Bar => break,
                Step::Grow(column, _) | Step::Widen(column, _) if !chosen.contains(&column) => {}
                Step::Grow(column, wide) => {
                    let now = &mut widths[column as usize];
                    // The blank after the column comes with its first cell.
                    let blank = usize::from(*now == 0);
                    let more = wide.saturating_sub(*now).min(spare.saturating_sub(blank));
                    if more > 0 {
                        *now += more;
                        spare -= more + blank;
                    }
                    if *now < wide {
                        break;
                    }
                }
                Step::Widen(column, wide) => {
                    let now = &mut widths[column as usize];
                    let more = wide.saturating_sub(*now) + usize::from(*now == 0);
                    if more > spare {
                        break;
                    }
                    *now = wide;
                    spare -= more;
                }
            }
        }
        if has_bar {
            widths[Column::Sla as usize] += BAR_WIDTH + 1;
        }
        let shown = chosen.iter().map(|column| (*column, widths[*column as usize]));
        Self {
            list: shown.filter(|(_, wide)| *wide > 0).collect(),
            has_bar,
            has_flag,
            has_full_status: widths[Column::Status as usize] >= FULL_STATUS,
            has_full_owner: widths[Column::Owner as usize] >= FULL_OWNER,
            gap: spare,
        }
    }

    /// Returns the width of a column; `None` if it is not shown.
    #[must_use]
    pub fn width(&self, column: Column) -> Option<usize> {
        self.list.iter().find(|(other, _)| *other == column).map(|(_, wide)| *wide)
    }

    /// Returns the position of the title, in cells from the left.
    #[must_use]
    pub fn title_offset(&self) -> usize {
        let before = self.list.iter().take_while(|(column, _)| *column != Column::Title);
        let has_title = self.width(Column::Title).is_some();
        let offset: usize = before.map(|(_, wide)| wide + 1).sum();
        usize::from(self.has_flag) + if has_title { offset } else { 0 }
    }
}

/// Returns the widths of a row in short and in full form.
#[must_use]
pub fn row_widths(chosen: &[Column], digits: usize) -> (usize, usize) {
    let width = |count: usize| {
        let mut widths = [0; Column::ALL.len()];
        for step in steps(digits).into_iter().take(count) {
            if let Step::Grow(column, wide) | Step::Widen(column, wide) = step {
                widths[column as usize] = wide;
            }
        }
        // The flag takes the blank that does not follow the last column.
        chosen.iter().map(|c| widths[*c as usize]).filter(|wide| *wide > 0).map(|w| w + 1).sum()
    };
    (width(SHORT_STEPS), width(FULL_STEPS))
}

/// Returns the heading of a column, in its width.
pub(in crate::tui) fn heading(column: Column, wide: usize) -> &'static str {
    match column {
        Column::Number => "INC",
        Column::Priority => "P",
        Column::Status => "STATUS",
        Column::Age => "AGE",
        Column::Sla if wide < 5 => "CLK",
        Column::Sla => "CLOCK",
        Column::Service => "SERVICE",
        Column::Owner => "OWNER",
        Column::Team => "TEAM",
        Column::Title => "TITLE",
    }
}

/// Returns whether a column is aligned at the right.
pub(in crate::tui) const fn is_right_aligned(column: Column) -> bool {
    matches!(column, Column::Number | Column::Age | Column::Sla)
}
