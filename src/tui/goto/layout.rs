//! The items of the goto menu, and where they are drawn.

use ratatui::layout::Rect;

use crate::model::text::width;

use crate::tui::action::{Layer, TABLE};
use crate::tui::core::app::App;
use crate::tui::goto::Goto;

/// The columns of the border and of the margin, on both sides together.
const FRAME: u16 = 4;
/// The columns of the upper border beside its title.
const TITLE_FRAME: u16 = 6;
/// The blank columns between a key and its destination, and between two columns of items.
const GAP: usize = 2;
/// The width to which a column is narrowed before the first one is.
const MIN_WIDTH: u16 = 8;

/// A key of the menu, and its destination.
pub(in crate::tui) struct GotoItem {
    pub(in crate::tui) key: String,
    pub(in crate::tui) name: &'static str,
}

/// Returns the items that can be chosen now, in the order of the table of actions.
pub(in crate::tui) fn items(app: &App) -> Vec<GotoItem> {
    let number = GotoItem { key: "0-9".into(), name: "a number" };
    let entries = TABLE.iter().filter(|entry| {
        entry.layers.contains(&Layer::Goto) && entry.layers.first() == Some(&Layer::Goto)
    });
    let actions = entries.filter(|entry| entry.applies(app)).filter_map(|entry| {
        let key = app.ui.keymap.main_key(entry.action)?;
        Some(GotoItem { key, name: entry.hint? })
    });
    std::iter::once(number).chain(actions).collect()
}

/// Returns the title: the number that is typed is part of it.
pub(in crate::tui) fn title(goto: &Goto) -> String {
    if goto.number.is_empty() { "Go to".into() } else { format!("Go to INC-{}", goto.number) }
}

/// Where an item is drawn.
pub(in crate::tui) struct GotoSlot {
    pub(in crate::tui) area: Rect,
    /// The width of the keys of its column.
    pub(in crate::tui) key_width: usize,
}

/// Where the items are drawn: the box, and the position of each item within its inside.
pub(in crate::tui) struct GotoLayout {
    pub(in crate::tui) area: Rect,
    pub(in crate::tui) slots: Vec<GotoSlot>,
}

/// Lays out the menu at the lower right of `body`: in as few columns as its height allows.
pub(in crate::tui) fn layout(items: &[GotoItem], title: &str, body: Rect) -> GotoLayout {
    let count = u16::try_from(items.len()).unwrap_or(u16::MAX);
    let columns = count.div_ceil(body.height.saturating_sub(2).max(1)).max(1);
    let rows = count.div_ceil(columns).max(1);
    let columns: Vec<&[GotoItem]> = items.chunks(usize::from(rows)).collect();
    let gap = u16::try_from(GAP).unwrap_or(u16::MAX);
    let gaps = u16::try_from(columns.len().saturating_sub(1)).unwrap_or(u16::MAX) * gap;
    let widths = fitting_widths(&columns, body.width.saturating_sub(FRAME + gaps));
    let title_width = u16::try_from(width(title)).unwrap_or(u16::MAX).saturating_add(TITLE_FRAME);
    let inner = widths.iter().sum::<u16>() + gaps;
    let wide = (inner + FRAME).max(title_width).min(body.width);
    let height = (rows + 2).min(body.height);
    let area = Rect { x: body.right() - wide, y: body.bottom() - height, width: wide, height };
    let mut slots = Vec::new();
    let mut x = area.x + 2;
    for (column, width) in columns.into_iter().zip(widths) {
        let key_width = key_width(column);
        let lines = (area.y + 1..).zip(column);
        slots.extend(lines.map(|(y, _)| {
            let area = Rect { x, y, width, height: 1 };
            GotoSlot { area, key_width }
        }));
        x += width + gap;
    }
    GotoLayout { area, slots }
}

fn key_width(column: &[GotoItem]) -> usize {
    column.iter().map(|item| width(&item.key)).max().unwrap_or(0)
}

/// Returns the widths of columns. If they do not fit, those after the first one are narrowed, the
/// widest first; then the first one.
fn fitting_widths(columns: &[&[GotoItem]], room: u16) -> Vec<u16> {
    let wanted = |column: &&[GotoItem]| {
        let names = column.iter().map(|item| width(item.name)).max().unwrap_or(0);
        u16::try_from(key_width(column) + GAP + names).unwrap_or(room)
    };
    let mut widths: Vec<u16> = columns.iter().map(wanted).collect();
    while widths.iter().sum::<u16>() > room {
        let later = widths.iter_mut().skip(1).filter(|width| **width > MIN_WIDTH).max();
        match later {
            Some(widest) => *widest -= 1,
            None => match widths.iter_mut().max() {
                Some(widest) => *widest -= 1,
                None => break,
            },
        }
    }
    widths
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const NAMES: [&str; 7] =
        ["a number", "top", "on call", "action items", "notifications", "maintenance", "noise"];

    fn items() -> Vec<GotoItem> {
        let keys = std::iter::once("0-9").chain(std::iter::repeat("x"));
        NAMES.into_iter().zip(keys).map(|(name, key)| GotoItem { key: key.into(), name }).collect()
    }

    #[rstest]
    // One column: the widest key and the widest name, with the border.
    #[case((80, 24), (22, 9), &[(60, 18)])]
    // Two columns of four and three: `0-9  action items` and `x  notifications`.
    #[case((40, 6), (39, 6), &[(3, 17), (22, 16)])]
    // Three columns of three, three and one; those after the first one give way before it.
    #[case((36, 5), (36, 5), &[(2, 12), (16, 8), (26, 8)])]
    fn columns_are_as_wide_as_their_items_need(
        #[case] size: (u16, u16),
        #[case] expected: (u16, u16),
        #[case] columns: &[(u16, u16)],
    ) {
        let body = Rect { x: 0, y: 0, width: size.0, height: size.1 };
        let layout = layout(&items(), "Go to", body);
        assert_eq!((layout.area.width, layout.area.height), expected);
        assert_eq!(layout.slots.len(), NAMES.len());
        let mut found: Vec<(u16, u16)> =
            layout.slots.iter().map(|slot| (slot.area.x, slot.area.width)).collect();
        found.dedup();
        assert_eq!(found, columns);
    }
}
