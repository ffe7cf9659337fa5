//! The arrangement of the display: the state of the screen and of the keyboard.

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, FixedOffset, Offset, Utc};

use crate::config::PanesSettings;
use crate::model::IncidentId;

use crate::tui::action::Action;
use crate::tui::action::keymap::Keymap;
use crate::tui::core::mode::Mode;
use crate::tui::core::pane::Pane;
use crate::tui::core::zone::{Clock, ViewerZone, Zone};
use crate::tui::theme::Theme;

/// Records that the selection moved to another incident without anybody choosing it, because the
/// selected one left the queue.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SelectionShift {
    /// Number of the incident that had been selected.
    pub previous_label: String,
    /// When the new selection was first drawn; `None` until then.
    pub drawn_at: Option<DateTime<Utc>>,
}

/// A click of the left button of the mouse.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Click {
    /// The row of the screen.
    pub row: u16,
    /// When it was.
    pub at: DateTime<Utc>,
}

/// State of the screen and of the keyboard.
#[allow(clippy::struct_excessive_bools, reason = "each is a state of its own")]
#[derive(Debug)]
pub struct Ui {
    /// Colours and glyphs of the current theme.
    pub theme: Theme,
    /// The keys of each layer and their actions. Replaced completely when settings change.
    pub keymap: Arc<Keymap>,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// The time zone in which times are shown.
    pub zone: Zone,
    /// The viewer's offset from UTC.
    pub offset: FixedOffset,
    /// The changes of that offset (summer time), and the name of the zone.
    pub viewer_zone: ViewerZone,
    /// Whether to save bytes: no counters that run by themselves, fewer frames.
    pub low_bandwidth: bool,
    /// Whether the link to the terminal was found to be slow; bytes are saved then.
    pub slow_link: bool,
    /// Whether the mouse scrolls and selects.
    pub mouse: bool,
    /// The last click, which another one may make a double click.
    pub last_click: Option<Click>,
    /// The pane that keys go to.
    pub focus: Pane,
    /// The pane in front where panes share one area as tabs.
    pub tab: Pane,
    /// Whether the record is open: detail and timeline of one incident fill the screen.
    pub record: bool,
    /// Whether the focused pane fills the screen.
    pub zoomed: bool,
    /// The share of the width that the viewer has chosen for the queue, in per cent.
    pub queue_share: Option<u16>,
    /// The overlay on top of the panes, if any.
    pub mode: Mode,
    /// The marked incidents; if there are any, verbs act on them.
    pub marked: HashSet<IncidentId>,
    /// An action that was chosen in the command palette: the dispatcher performs it right after
    /// the message that chose it.
    pub requested_action: Option<Action>,
    /// How many keys were pressed so far. An answer that was requested at an earlier count is not
    /// brought to the front: the person does something else by now.
    pub key_count: u64,
    /// The key count at which an incident was last looked up by its number.
    pub jump_seq: u64,
    /// Lines that were run from the command palette, the latest first.
    pub palette_history: Vec<String>,
    /// Set when the selection moved without a key and the viewer has not had the time to see it.
    pub selection_shift: Option<SelectionShift>,
}

impl Ui {
    /// Creates the state at the start: the queue has the focus, nothing is open on top of it.
    #[must_use]
    pub fn new(settings: &PanesSettings, keymap: Keymap, theme: Theme) -> Self {
        let low_bandwidth = settings.appearance.low_bandwidth;
        Self {
            theme: theme.saving_bytes(low_bandwidth),
            keymap: Arc::new(keymap),
            size: (80, 24),
            zone: settings.appearance.zone,
            offset: Utc.fix(),
            viewer_zone: ViewerZone::default(),
            low_bandwidth,
            slow_link: false,
            mouse: settings.appearance.mouse,
            last_click: None,
            focus: Pane::Queue,
            tab: Pane::Detail,
            record: false,
            zoomed: false,
            queue_share: None,
            mode: Mode::Panes,
            marked: HashSet::new(),
            requested_action: None,
            key_count: 0,
            jump_seq: 0,
            palette_history: Vec::new(),
            selection_shift: None,
        }
    }

    /// Sets whether to save bytes.
    pub fn set_low_bandwidth(&mut self, low_bandwidth: bool) {
        self.low_bandwidth = low_bandwidth;
        self.theme = self.theme.saving_bytes(low_bandwidth);
    }

    /// Returns the clock that formats times in the viewer's zone.
    #[must_use]
    pub fn clock(&self) -> Clock {
        Clock::new(self.zone, self.offset).with_viewer_zone(self.viewer_zone)
    }

    /// Shows all panes again that fit: closes the record, and ends the zoom.
    pub fn show_all_panes(&mut self) {
        self.record = false;
        self.zoomed = false;
    }

    /// Records that the screen was drawn at `at`: the current selection is visible from then on.
    pub fn mark_drawn(&mut self, at: DateTime<Utc>) {
        if let Some(shift) = &mut self.selection_shift {
            shift.drawn_at.get_or_insert(at);
        }
    }
}
