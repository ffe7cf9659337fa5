//! The screen layout, by the size of the terminal.

use ratatui::layout::Rect;

use crate::tui::core::pane::Pane;

/// The minimum number of columns and rows.
pub const MIN_SIZE: (u16, u16) = (40, 10);

/// How a pane is framed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Frame {
    /// A border on all sides, with the pane's name on it.
    Own,
    /// A border on all sides, with the names of all panes that share the slot as tabs.
    Tabs(&'static [Pane]),
    /// No border; a line with the names of all panes above.
    Bare,
}

/// A visible pane and its area on the screen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PaneSlot {
    /// The pane that is shown in the area.
    pub pane: Pane,
    /// Its area, frame included.
    pub area: Rect,
    /// How it is framed.
    pub frame: Frame,
}

impl PaneSlot {
    /// Returns the area inside frame and margin.
    #[must_use]
    pub fn inner(&self) -> Rect {
        let Rect { x, y, width, height } = self.area;
        match self.frame {
            Frame::Own | Frame::Tabs(_) => Rect {
                x: x + 2,
                y: y + 1,
                width: width.saturating_sub(4),
                height: height.saturating_sub(2),
            },
            Frame::Bare => Rect {
                x: x + 1,
                y: y + 1,
                width: width.saturating_sub(2),
                height: height.saturating_sub(1),
            },
        }
    }
}

/// The layout of the entire screen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Layout {
    /// The first line: the state line.
    pub state_line: Rect,
    /// The panes that are visible at this size.
    pub slots: Vec<PaneSlot>,
    /// The last line: the keys line.
    pub keys_line: Rect,
}

impl Layout {
    /// Returns the slot of a pane, if it is visible.
    #[must_use]
    pub fn slot(&self, pane: Pane) -> Option<&PaneSlot> {
        self.slots.iter().find(|slot| slot.pane == pane)
    }

    /// Returns the area between the state line and the keys line.
    #[must_use]
    pub fn body(&self) -> Rect {
        Rect {
            y: self.state_line.bottom(),
            height: self.keys_line.y.saturating_sub(self.state_line.bottom()),
            ..self.state_line
        }
    }
}

/// Computes the layout for a size. `tab` is the pane that is shown where several share a slot.
#[must_use]
pub fn compute(size: (u16, u16), focus: Pane, tab: Pane, zoomed: bool) -> Layout {
    let (width, height) = size;
    let line = |y| Rect { x: 0, y, width, height: 1.min(height) };
    let mut layout = Layout {
        state_line: line(0),
        slots: Vec::new(),
        keys_line: line(height.saturating_sub(1)),
    };
    if width < MIN_SIZE.0 || height < MIN_SIZE.1 {
        return layout;
    }
    let body = layout.body();
    let slot = |pane, area| PaneSlot { pane, area, frame: Frame::Own };
    layout.slots = if width < 80 {
        vec![PaneSlot { pane: focus, area: body, frame: Frame::Bare }]
    } else if zoomed {
        vec![slot(focus, body)]
    } else if width < 100 || height < 30 {
        let top = (body.height * 11 / 20).clamp(6, 24);
        let (upper, lower) = split_rows(body, top);
        let frame = Frame::Tabs(&[Pane::Detail, Pane::Timeline, Pane::Metrics]);
        vec![slot(Pane::Queue, upper), PaneSlot { pane: tab, area: lower, frame }]
    } else if width < 170 {
        let (left, right) = split_columns(body, width * 27 / 50);
        let measures = if body.height < 34 { 7 } else { (body.height / 4).max(10) };
        let (queue, metrics) = split_rows(left, left.height - measures);
        let (detail, timeline) = split_rows(right, right.height * 11 / 20);
        vec![
            slot(Pane::Queue, queue),
            slot(Pane::Detail, detail),
            slot(Pane::Timeline, timeline),
            slot(Pane::Metrics, metrics),
        ]
    } else {
        let measures = (width * 23 / 100).clamp(44, 60);
        let (rest, metrics) = split_columns(body, width - measures);
        let (queue, right) = split_columns(rest, rest.width * 3 / 5);
        let (detail, timeline) = split_rows(right, right.height * 11 / 20);
        vec![
            slot(Pane::Queue, queue),
            slot(Pane::Detail, detail),
            slot(Pane::Timeline, timeline),
            slot(Pane::Metrics, metrics),
        ]
    };
    layout
}

fn split_rows(area: Rect, top: u16) -> (Rect, Rect) {
    let top = top.min(area.height);
    (Rect { height: top, ..area }, Rect { y: area.y + top, height: area.height - top, ..area })
}

fn split_columns(area: Rect, left: u16) -> (Rect, Rect) {
    let left = left.min(area.width);
    (Rect { width: left, ..area }, Rect { x: area.x + left, width: area.width - left, ..area })
}
