//! State of a picker: a list to choose from, by the items' keys or by fuzzy search.

pub mod choose;
pub mod items;
pub mod layout;
pub mod update;
pub mod view;

use std::path::PathBuf;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use unicode_segmentation::UnicodeSegmentation;
use uuid::Uuid;

use crate::model::maintenance::MaintenanceChange;
use crate::model::queue::Sort;
use crate::model::text::SafeText;
use crate::model::{IncidentCommand, IncidentId, IncidentNumber};

use crate::tui::core::zone::Zone;
use crate::tui::form::Kind;
use crate::tui::input::fuzzy::FuzzyQuery;
use crate::tui::metrics::Span;
use crate::tui::oncall::stand_in::SwapShift;
use crate::tui::run::RunId;
use crate::tui::theme::Name;
use crate::tui::verb::target::Target;
use crate::tui::views::View;
use crate::tui::workspace::WorkspaceId;

/// The effect of choosing an item.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Pick {
    /// Sends commands for the targets. The two texts are as in a
    /// [`Plan`](crate::tui::verb::plan::Plan).
    Submit {
        /// As in "assign to Ines Moreau".
        verb: String,
        /// As in "assigned to Ines Moreau".
        done_phrase: String,
        /// The commands for each target.
        commands: Vec<IncidentCommand>,
        /// Whether they can't be undone.
        irreversible: bool,
    },
    /// Opens a form on the targets.
    Form(Kind),
    /// Lists problems to link the targets to.
    LinkProblem,
    /// Lists changes to link the targets to.
    LinkChange,
    /// Asks whether a swap is offered for this shift.
    Swap(SwapShift),
    /// Opens the form for a stakeholder update, with the template at this index.
    Template(usize),
    /// Saves evidence as a file, under its name.
    SaveEvidence(Uuid, String),
    /// Copies a text to the clipboard; the second string describes it.
    Copy(String, &'static str),
    /// Opens the pane with a runbook, given by its name or URL.
    Runbook(String),
    /// Runs a custom command.
    Command(String),
    /// Shows the output of a run.
    Output(RunId),
    /// Opens the form that a stored draft was made from, filled in with it.
    Draft(Uuid),
    /// Shows the review of an incident as it will be read.
    ReadReview(IncidentId),
    /// Lists the events of an incident of which the timeline of its review is picked.
    ReviewTimeline(IncidentId),
    /// Reads a file and attaches it to the target.
    AttachFile(PathBuf),
    /// Opens the form for a new action item of the review.
    NewActionItem,
    /// Shows a saved view of the queue.
    View(Box<View>),
    /// Filters the queue by this text.
    Filter(String),
    /// Sorts the queue in this order.
    Sort(Sort),
    /// Draws the panes in another theme, for this run.
    Theme(Name),
    /// Draws times in another time zone, for this run.
    Zone(Zone),
    /// Switches to another workspace.
    Workspace(WorkspaceId),
    /// Jumps to the incident with this number.
    JumpTo(IncidentNumber),
    /// Lists the incidents of the fault of the one with this number.
    FaultGroup(IncidentNumber),
    /// Opens an incident from the screen that is open.
    FromScreen(IncidentId),
    /// Changes the window of the measures.
    Span(Span),
    /// Changes a maintenance window.
    Maintenance {
        /// The id of the window.
        id: Uuid,
        /// The revision that is shown.
        revision: u32,
        /// The change.
        change: Box<MaintenanceChange>,
        /// The operation in progress, as in "ending The pool is replaced".
        operation: String,
    },
    /// Any other item, by its index in the list's source.
    Index(usize),
}

/// The length of the query, in bytes, from which on nothing is added.
const MAX_QUERY_BYTES: usize = 200;

/// An item of a picker.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Item {
    /// The key that chooses it immediately, in a picker without a search.
    pub key: Option<char>,
    /// The item's name, which the query searches.
    pub text: SafeText<'static>,
    /// A description that helps to choose.
    pub about: SafeText<'static>,
    /// The reason why it can't be chosen; `None` if it can.
    pub disabled_reason: Option<String>,
    /// The argument for it in the command palette; `None` if it can't be typed.
    pub value: Option<SafeText<'static>>,
    /// The effect of choosing it.
    pub pick: Pick,
}

impl Item {
    /// Creates an item without a key.
    #[must_use]
    pub fn new<'a>(text: impl Into<SafeText<'a>>, pick: Pick) -> Self {
        Self {
            key: None,
            text: text.into().into_owned(),
            about: SafeText::default(),
            disabled_reason: None,
            value: None,
            pick,
        }
    }

    /// Returns the item with a key that chooses it immediately.
    #[must_use]
    pub fn key(mut self, key: char) -> Self {
        self.key = Some(key);
        self
    }

    /// Returns the item with a description.
    #[must_use]
    pub fn about<'a>(mut self, about: impl Into<SafeText<'a>>) -> Self {
        self.about = about.into().into_owned();
        self
    }

    /// Sets its argument in the command palette.
    #[must_use]
    pub fn value<'a>(mut self, value: impl Into<SafeText<'a>>) -> Self {
        self.value = Some(value.into().into_owned());
        self
    }

    /// Sets the reason why it can't be chosen.
    #[must_use]
    pub fn disabled_reason(mut self, why: Option<String>) -> Self {
        self.disabled_reason = why;
        self
    }
}

/// The purpose of a picker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PickerKind {
    /// The argument of a verb for the targets.
    Verb,
    /// Problems to link to.
    Problems,
    /// Drafts of forms that were stored and not sent.
    Drafts,
    /// Saved views of the queue.
    Views,
    /// Sort orders of the queue.
    Sorts,
    /// Other workspaces to switch to.
    Workspaces,
    /// Runbooks and custom commands.
    Runs,
    /// Shifts of other people for which the viewer's own is offered.
    Swaps,
    /// Events of which the timeline of a review is picked.
    ReviewTimeline,
}

/// An item that matches the query, and where it matches.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hit {
    /// Index of the item.
    pub item_index: usize,
    /// Indices of the matched graphemes in the item's text.
    pub marks: Vec<usize>,
    /// Indices of the matched graphemes in the item's description.
    pub about_marks: Vec<usize>,
}

/// A picker that is open over the panes.
#[derive(Clone, Debug)]
pub struct Picker {
    /// The purpose of the picker.
    pub kind: PickerKind,
    /// The incidents that the choice applies to.
    pub targets: Vec<Target>,
    /// The title on the border.
    pub heading: String,
    /// All items, also those that the query does not match.
    pub items: Vec<Item>,
    /// Whether typed letters search the items; else they are the items' keys.
    pub searchable: bool,
    /// The query typed so far; at most 200 bytes.
    pub query: String,
    /// The items that match, in order.
    pub hits: Vec<Hit>,
    /// Index of the selected hit.
    pub selected_index: usize,
    /// Index of the first hit on the screen.
    pub top: usize,
    /// The remark below the items.
    pub remark: Option<String>,
    /// The reason why the last choice was not possible, or a change by other people meanwhile.
    pub notice: Option<String>,
}

impl Picker {
    /// Creates a short picker whose items have keys.
    #[must_use]
    pub fn menu(targets: Vec<Target>, heading: impl Into<String>, items: Vec<Item>) -> Self {
        Self::new(PickerKind::Verb, targets, heading.into(), items, false)
    }

    /// Creates a long picker that is searched.
    #[must_use]
    pub fn search(targets: Vec<Target>, heading: impl Into<String>, items: Vec<Item>) -> Self {
        Self::new(PickerKind::Verb, targets, heading.into(), items, true)
    }

    /// Creates a picker of any kind.
    #[must_use]
    pub fn new(
        kind: PickerKind,
        targets: Vec<Target>,
        heading: String,
        items: Vec<Item>,
        searchable: bool,
    ) -> Self {
        let mut picker = Self {
            kind,
            targets,
            heading,
            items,
            searchable,
            query: String::new(),
            hits: Vec::new(),
            selected_index: 0,
            top: 0,
            remark: None,
            notice: None,
        };
        picker.refresh_hits();
        // Select the first item that can be chosen.
        let free = picker
            .hits
            .iter()
            .position(|hit| picker.items[hit.item_index].disabled_reason.is_none());
        picker.selected_index = free.unwrap_or(0);
        picker
    }

    /// Returns the selected item.
    #[must_use]
    pub fn selected(&self) -> Option<&Item> {
        self.hits.get(self.selected_index).and_then(|hit| self.items.get(hit.item_index))
    }

    /// Replaces the items and retains query and selection.
    pub fn replace(&mut self, items: Vec<Item>) {
        let selected = self.selected().map(|item| item.text.clone());
        self.items = items;
        self.refresh_hits();
        let index = self
            .hits
            .iter()
            .position(|hit| Some(&self.items[hit.item_index].text) == selected.as_ref());
        self.selected_index = index.unwrap_or(0);
    }

    fn refresh_hits(&mut self) {
        let query = FuzzyQuery::new(&self.query);
        let mut hits: Vec<(bool, u32, Hit)> = Vec::new();
        for (item_index, item) in self.items.iter().enumerate() {
            // A hit in the name comes before any in the description.
            if let Some(hit) = query.match_text(&item.text) {
                let (marks, about_marks) = (hit.positions, Vec::new());
                hits.push((false, hit.score, Hit { item_index, marks, about_marks }));
                continue;
            }
            // The words of a query may match in both texts.
            let full_text = format!("{} {}", item.text, item.about);
            let Some(hit) = query.match_text(&full_text) else { continue };
            let first = item.text.graphemes(true).count();
            let (marks, rest): (Vec<usize>, Vec<usize>) =
                hit.positions.iter().partition(|at| **at < first);
            let about_marks = rest.iter().filter_map(|at| at.checked_sub(first + 1)).collect();
            hits.push((true, hit.score, Hit { item_index, marks, about_marks }));
        }
        if !query.is_empty() {
            hits.sort_by_key(|(in_about, score, hit)| {
                (*in_about, std::cmp::Reverse(*score), hit.item_index)
            });
        }
        self.hits = hits.into_iter().map(|(.., hit)| hit).collect();
        self.selected_index = 0;
        self.top = 0;
    }

    /// Moves the selection by `by` items; it stops at the ends.
    pub fn move_selection(&mut self, by: isize) {
        self.notice = None;
        let last = self.hits.len().saturating_sub(1);
        self.selected_index = self.selected_index.saturating_add_signed(by).min(last);
    }

    /// Handles a key that triggers no action: a letter of the query, or the key of an item, which
    /// is returned as chosen.
    pub fn handle_key(&mut self, key: KeyEvent) -> Option<Item> {
        let plain = !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        self.notice = None;
        match key.code {
            KeyCode::Char(ch) if plain && self.searchable => {
                self.append(std::iter::once(ch));
                None
            }
            KeyCode::Char(ch) if plain => {
                let index =
                    self.hits.iter().position(|hit| self.items[hit.item_index].key == Some(ch))?;
                self.selected_index = index;
                self.selected().cloned()
            }
            KeyCode::Backspace if self.searchable => {
                self.query.pop();
                self.refresh_hits();
                None
            }
            KeyCode::Char('u' | 'w') if !plain && self.searchable => {
                self.query.clear();
                self.refresh_hits();
                None
            }
            _ => None,
        }
    }

    /// Appends pasted text to the query.
    pub fn paste(&mut self, pasted: &str) {
        if self.searchable {
            let line = pasted.lines().next().unwrap_or_default();
            self.append(line.chars().filter(|ch| !ch.is_control()));
        }
    }

    /// Appends characters to the query, up to its maximum length.
    fn append(&mut self, chars: impl Iterator<Item = char>) {
        let before = self.query.len();
        for ch in chars {
            if self.query.len() >= MAX_QUERY_BYTES {
                break;
            }
            self.query.push(ch);
        }
        if self.query.len() != before {
            self.refresh_hits();
        }
    }

    /// Scrolls so that the selected item is visible among `rows` rows.
    pub fn scroll_to_selected(&mut self, rows: usize) {
        let rows = rows.max(1);
        self.selected_index = self.selected_index.min(self.hits.len().saturating_sub(1));
        self.top =
            self.top.min(self.selected_index).max((self.selected_index + 1).saturating_sub(rows));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_stops_growing_at_its_limit_when_pasted_too() {
        let mut picker = Picker::search(Vec::new(), "people", Vec::new());
        for _ in 0..5 {
            picker.paste(&"a".repeat(150));
        }
        assert_eq!(picker.query.len(), MAX_QUERY_BYTES);
        picker.handle_key(KeyEvent::new(KeyCode::Char('b'), KeyModifiers::NONE));
        assert_eq!(picker.query, "a".repeat(MAX_QUERY_BYTES));
    }
}
