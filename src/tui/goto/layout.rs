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

/// A key of the menu, and where it goes.
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

/// Where the items are drawn: the box, and the position of each item within its inside.
pub(in crate::tui) struct GotoLayout {
    pub(in crate::tui) area: Rect,
    /// The width of the keys.
    pub(in crate::tui) key_width: usize,
    /// The area of each item.
    pub(in crate::tui) slots: Vec<Rect>,
}

/// Lays out the menu at the lower right of `body`: in as few columns as its height allows.
pub(in crate::tui) fn layout(items: &[GotoItem], title: &str, body: Rect) -> GotoLayout {
    let key_width = items.iter().map(|item| width(&item.key)).max().unwrap_or(0);
    let name_width = items.iter().map(|item| width(item.name)).max().unwrap_or(0);
    let item_width = u16::try_from(key_width + GAP + name_width).unwrap_or(u16::MAX);
    let count = u16::try_from(items.len()).unwrap_or(u16::MAX);
    let columns = count.div_ceil(body.height.saturating_sub(2).max(1)).max(1);
    let rows = count.div_ceil(columns);
    let gap = u16::try_from(GAP).unwrap_or(u16::MAX);
    let inner = columns * item_width + (columns - 1) * gap;
    let title_width = u16::try_from(width(title)).unwrap_or(u16::MAX).saturating_add(TITLE_FRAME);
    let wide = (inner + FRAME).max(title_width).min(body.width);
    let height = (rows + 2).min(body.height);
    let area = Rect { x: body.right() - wide, y: body.bottom() - height, width: wide, height };
    let slots = (0..count)
        .map(|index| {
            let (column, row) = (index / rows, index % rows);
            let x = area.x + 2 + column * (item_width + gap);
            let right = area.right().saturating_sub(2);
            Rect {
                x,
                y: area.y + 1 + row,
                width: item_width.min(right.saturating_sub(x)),
                height: 1,
            }
        })
        .collect();
    GotoLayout { area, key_width, slots }
}
