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
    /// Its frame.
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
    /// The line below it that names a new unassigned urgent incident; of height 0 without one.
    pub urgent_line: Rect,
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

    /// Returns the area between the first lines and the keys line.
    #[must_use]
    pub fn body(&self) -> Rect {
        Rect {
            y: self.urgent_line.bottom(),
            height: self.keys_line.y.saturating_sub(self.urgent_line.bottom()),
            ..self.state_line
        }
    }
}

/// The inputs of the layout.
#[allow(missing_docs, reason = "the names say it")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LayoutInputs {
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    pub focus: Pane,
    /// The pane that is shown where several share a slot.
    pub tab: Pane,
    /// Whether detail and timeline fill the screen.
    pub record: bool,
    pub zoomed: bool,
    pub has_urgent_line: bool,
    pub queue: QueueNeeds,
    /// The share of the width that the viewer has chosen for the queue, in per cent.
    pub queue_share: Option<u16>,
}

/// The room that the queue would use, inside its frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct QueueNeeds {
    /// The width of a row with a readable title, status, owner and clock in short forms.
    pub short_row: u16,
    /// The width of a row with a long title and everything in full.
    pub full_row: u16,
    /// The number of lines, the header included, with one line for each incident.
    pub lines: u16,
    /// The number of lines, the header included, with two lines for each incident.
    pub double_lines: u16,
}

/// The number of columns from which two columns of panes are shown.
pub const TWO_COLUMNS_FROM: u16 = 110;
/// The number of rows below which the panes beside the queue share one slot.
const SHARED_BELOW_ROWS: u16 = 30;
/// The shares of the width that the viewer can choose for the queue, in per cent.
pub const QUEUE_SHARES: (u16, u16) = (40, 80);
/// Columns and rows of a frame with its margins.
const FRAME: (u16, u16) = (4, 2);

/// Computes the layout for a size.
#[must_use]
pub fn compute(inputs: &LayoutInputs) -> Layout {
    let LayoutInputs { size: (width, height), focus, tab, record, zoomed, .. } = *inputs;
    let line = |y, height| Rect { x: 0, y, width, height };
    let state_line = line(0, 1.min(height));
    let fits = width >= MIN_SIZE.0 && height >= MIN_SIZE.1;
    let mut layout = Layout {
        state_line,
        urgent_line: line(state_line.bottom(), u16::from(inputs.has_urgent_line && fits)),
        slots: Vec::new(),
        keys_line: line(height.saturating_sub(1), 1.min(height)),
    };
    if !fits {
        return layout;
    }
    let body = layout.body();
    let slot = |pane, area| PaneSlot { pane, area, frame: Frame::Own };
    layout.slots = if width < 80 {
        vec![PaneSlot { pane: focus, area: body, frame: Frame::Bare }]
    } else if zoomed {
        vec![slot(focus, body)]
    } else if record {
        let (detail, timeline) = if width >= TWO_COLUMNS_FROM {
            split_columns(body, width / 2)
        } else {
            split_rows(body, body.height * 11 / 20)
        };
        vec![slot(Pane::Detail, detail), slot(Pane::Timeline, timeline)]
    } else if has_two_columns(inputs.size) {
        let (left, right) = split_columns(body, queue_width(inputs));
        let (queue, metrics) = split_rows(left, queue_height(inputs, left.height));
        let (detail, timeline) = split_rows(right, right.height * 11 / 20);
        vec![
            slot(Pane::Queue, queue),
            slot(Pane::Detail, detail),
            slot(Pane::Timeline, timeline),
            slot(Pane::Metrics, metrics),
        ]
    } else {
        let wanted = inputs.queue.lines.saturating_add(FRAME.1);
        let (half, most) = (body.height * 11 / 20, body.height * 13 / 20);
        let (upper, lower) = split_rows(body, wanted.clamp(half, most).max(6));
        let frame = Frame::Tabs(&[Pane::Detail, Pane::Timeline, Pane::Metrics]);
        vec![slot(Pane::Queue, upper), PaneSlot { pane: tab, area: lower, frame }]
    };
    layout
}

/// Returns whether detail and timeline are next to the queue at a size, unless a pane is zoomed.
#[must_use]
pub fn has_two_columns((width, height): (u16, u16)) -> bool {
    width >= TWO_COLUMNS_FROM && height >= SHARED_BELOW_ROWS
}

/// Returns the width of the queue beside the detail: what its row needs, from 54 to 70 % of the
/// width, unless the viewer has chosen a share. It never decreases with the width of the screen.
#[must_use]
pub fn queue_width(inputs: &LayoutInputs) -> u16 {
    let width = inputs.size.0;
    let share =
        |percent: u16| u16::try_from(u32::from(width) * u32::from(percent) / 100).unwrap_or(width);
    if let Some(percent) = inputs.queue_share {
        return share(percent.clamp(QUEUE_SHARES.0, QUEUE_SHARES.1));
    }
    let (short, full) = (inputs.queue.short_row + FRAME.0, inputs.queue.full_row + FRAME.0);
    share(54).max(short.min(share(70))).max(full.min(share(60)))
}

/// Returns the height of the queue above the metrics, which get what its rows leave. It grows by
/// steps, so that not every incident moves the metrics.
fn queue_height(inputs: &LayoutInputs, height: u16) -> u16 {
    const STEP: u16 = 4;
    let rows = inputs.size.1;
    let metrics = if rows < 36 { 7 } else { (rows / 5).clamp(9, 14) };
    let most = height.saturating_sub(metrics);
    let least = (height / 2).min(most);
    let lines = [inputs.queue.double_lines, inputs.queue.lines];
    let needed = lines.map(|lines| lines.saturating_add(FRAME.1)).into_iter();
    let fitting = needed.into_iter().find(|needed| *needed <= most).unwrap_or(most);
    fitting.div_ceil(STEP).saturating_mul(STEP).clamp(least, most)
}

fn split_rows(area: Rect, top: u16) -> (Rect, Rect) {
    let top = top.min(area.height);
    (Rect { height: top, ..area }, Rect { y: area.y + top, height: area.height - top, ..area })
}

fn split_columns(area: Rect, left: u16) -> (Rect, Rect) {
    let left = left.min(area.width);
    (Rect { width: left, ..area }, Rect { x: area.x + left, width: area.width - left, ..area })
}
