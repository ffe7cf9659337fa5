//! Movements through rows and lines.

/// A movement through rows or lines.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::tui) enum Motion {
    /// This many lines; negative is up.
    Lines(isize),
    /// This many half pages; negative is up.
    HalfPages(isize),
    /// To the first row or line.
    First,
    /// To the last row or line.
    Last,
}

impl Motion {
    /// Returns the new index, starting at `index` of `count` with pages of `page` lines. An index
    /// past the end, of a text that has become shorter, counts as the last one.
    pub(in crate::tui) fn apply(self, index: usize, count: usize, page: usize) -> usize {
        let last = count.saturating_sub(1);
        let index = index.min(last);
        match self {
            Self::Lines(lines) => index.saturating_add_signed(lines).min(last),
            Self::HalfPages(halves) => {
                let half = isize::try_from((page / 2).max(1)).unwrap_or(1);
                index.saturating_add_signed(half.saturating_mul(halves)).min(last)
            }
            Self::First => 0,
            Self::Last => last,
        }
    }
}

/// Returns how many lines can be the first on the screen, for a text of `lines` lines in a page.
pub(in crate::tui) fn top_count(lines: usize, page: usize) -> usize {
    lines.saturating_sub(page) + 1
}
