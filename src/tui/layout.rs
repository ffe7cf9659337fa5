//! Where everything is, by the size of the terminal.

use ratatui::layout::Rect;

use super::app::Pane;

/// The least columns and rows.
pub const MIN_SIZE: (u16, u16) = (40, 10);

/// How a pane is framed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Frame {
    /// Border all round, its own name on it.
    Own,
    /// Border all round, names of all that share the place on it, from the given one on.
    Tabs(&'static [Pane]),
    /// A line with the names of all panes above, no border.
    Bare,
}

/// A pane and its place, frame included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PaneSlot {
    /// Which.
    pub pane: Pane,
    /// Where.
    pub area: Rect,
    /// With what around it.
    pub frame: Frame,
}

impl PaneSlot {
    /// The part inside frame and margin.
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

/// The whole screen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Layout {
    /// The state line.
    pub state_line: Rect,
    /// The panes that are visible.
    pub slots: Vec<PaneSlot>,
    /// The keys line.
    pub keys_line: Rect,
}

impl Layout {
    /// The place of a pane, where it is visible.
    #[must_use]
    pub fn slot(&self, pane: Pane) -> Option<&PaneSlot> {
        self.slots.iter().find(|place| place.pane == pane)
    }

    /// Everything between the state line and the keys line.
    #[must_use]
    pub fn body(&self) -> Rect {
        Rect {
            y: self.state_line.bottom(),
            height: self.keys_line.y.saturating_sub(self.state_line.bottom()),
            ..self.state_line
        }
    }
}

/// The layout of a size. `tab` is what is shown where panes share a place.
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
    let place = |pane, area| PaneSlot { pane, area, frame: Frame::Own };
    layout.slots = if width < 80 {
        vec![PaneSlot { pane: focus, area: body, frame: Frame::Bare }]
    } else if zoomed {
        vec![place(focus, body)]
    } else if width < 100 || height < 30 {
        let top = (body.height * 11 / 20).clamp(6, 24);
        let (upper, lower) = split_rows(body, top);
        let frame = Frame::Tabs(&[Pane::Detail, Pane::Timeline, Pane::Metrics]);
        vec![place(Pane::Queue, upper), PaneSlot { pane: tab, area: lower, frame }]
    } else if width < 170 {
        let (left, right) = split_columns(body, width * 27 / 50);
        let measures = if body.height < 34 { 7 } else { (body.height / 4).max(10) };
        let (queue, metrics) = split_rows(left, left.height - measures);
        let (detail, timeline) = split_rows(right, right.height * 11 / 20);
        vec![
            place(Pane::Queue, queue),
            place(Pane::Detail, detail),
            place(Pane::Timeline, timeline),
            place(Pane::Metrics, metrics),
        ]
    } else {
        let measures = (width * 23 / 100).clamp(44, 60);
        let (rest, metrics) = split_columns(body, width - measures);
        let (queue, right) = split_columns(rest, rest.width * 3 / 5);
        let (detail, timeline) = split_rows(right, right.height * 11 / 20);
        vec![
            place(Pane::Queue, queue),
            place(Pane::Detail, detail),
            place(Pane::Timeline, timeline),
            place(Pane::Metrics, metrics),
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
