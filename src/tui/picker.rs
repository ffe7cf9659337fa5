//! A list to choose from: by a key of its own where it has one, by fuzzy words where it is long.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use unicode_segmentation::UnicodeSegmentation;
use uuid::Uuid;

use crate::model::queue::Sort;
use crate::model::{IncidentCommand, IncidentNumber, Priority};

use super::app::Span;
use super::fuzzy::FuzzyQuery;
use super::plan::Target;
use super::run::RunId;
use super::theme::Name;
use super::update::View;
use super::workspaces::WorkspaceId;
use super::zone::Zone;

/// What choosing an item leads to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Pick {
    /// Ask this of the targets. The two texts are as in a plan.
    Submit {
        /// As in "assign to Ines Moreau".
        verb: String,
        /// As in "assigned to Ines Moreau".
        done_phrase: String,
        /// What.
        commands: Vec<IncidentCommand>,
        /// It can't be taken back.
        irreversible: bool,
    },
    /// Open the form for a time of one's own.
    SnoozeUntil,
    /// Wait on somebody else.
    Pause,
    /// Link the targets to what is chosen next.
    LinkProblem,
    /// Link the targets to what is chosen next.
    LinkChange,
    /// Write a URL.
    LinkUrl,
    /// Describe a new problem and link to it.
    NewProblem,
    /// Override the priority.
    Override(Priority),
    /// Tell stakeholders, with the template of that place.
    Template(usize),
    /// Put a text on the clipboard; the second says what it is.
    Copy(String, &'static str),
    /// Read a runbook.
    Runbook(String),
    /// Run a custom command.
    Command(String),
    /// Look at what a program has written.
    Output(RunId),
    /// Open a draft.
    Draft(Uuid),
    /// Write a part of the review.
    ReviewText,
    /// Add or change an action item; `None` for a new one.
    ReviewAction(Option<Uuid>),
    /// Publish the review.
    ReviewPublish,
    /// Show a view.
    View(Box<View>),
    /// Filter by this.
    Filter(String),
    /// Put the queue in an order.
    Sort(Sort),
    /// Take a theme.
    Theme(Name),
    /// Show times in a zone.
    Zone(Zone),
    /// Go to another place of work.
    Workspace(WorkspaceId),
    /// Go to a number.
    JumpTo(IncidentNumber),
    /// Compute the measures over a window.
    Span(Span),
    /// Anything else, by its place in what the list was made from.
    Index(usize),
}

/// One item.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Item {
    /// The key that chooses it at once.
    pub key: Option<char>,
    /// What it is.
    pub text: String,
    /// What helps to choose.
    pub about: String,
    /// Why it can't be chosen.
    pub disabled_reason: Option<String>,
    /// What is typed for it in the command palette; none where it can't be.
    pub value: Option<String>,
    /// What choosing it leads to.
    pub pick: Pick,
}

impl Item {
    /// An item without a key.
    #[must_use]
    pub fn new(text: impl Into<String>, pick: Pick) -> Self {
        Self {
            key: None,
            text: text.into(),
            about: String::new(),
            disabled_reason: None,
            value: None,
            pick,
        }
    }

    /// With a key of its own.
    #[must_use]
    pub fn key(mut self, key: char) -> Self {
        self.key = Some(key);
        self
    }

    /// With what helps to choose.
    #[must_use]
    pub fn about(mut self, about: impl Into<String>) -> Self {
        self.about = about.into();
        self
    }

    /// With what is typed for it in the command palette.
    #[must_use]
    pub fn value(mut self, value: impl Into<String>) -> Self {
        self.value = Some(value.into());
        self
    }

    /// It can't be chosen.
    #[must_use]
    pub fn disabled_reason(mut self, why: Option<String>) -> Self {
        self.disabled_reason = why;
        self
    }
}

/// What a list is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PickerKind {
    /// A verb about the targets.
    Verb,
    /// Problems to link to.
    Problems,
    /// The drafts that were kept.
    Drafts,
    /// Saved views.
    Views,
    /// The order of the queue.
    Sorts,
    /// Other places of work.
    Workspaces,
    /// Runbooks and custom commands.
    Runs,
}

/// An item that passes the words, and where they match.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hit {
    /// Its place among the items.
    pub item_index: usize,
    /// Matched graphemes of its text.
    pub marks: Vec<usize>,
    /// Matched graphemes of what helps to choose.
    pub about_marks: Vec<usize>,
}

/// The list and what was typed.
#[derive(Clone, Debug)]
pub struct Picker {
    /// What it is for.
    pub kind: PickerKind,
    /// The incidents it is about.
    pub targets: Vec<Target>,
    /// What stands on its border.
    pub heading: String,
    /// Everything that can be chosen.
    pub items: Vec<Item>,
    /// Letters are words to look for; else they are the items' keys.
    pub searchable: bool,
    /// What was typed.
    pub query: String,
    /// Items that pass, in order.
    pub hits: Vec<Hit>,
    /// The selected one among them.
    pub selected_index: usize,
    /// The first one on the screen.
    pub top: usize,
    /// Why the last choice was not taken.
    pub notice: Option<String>,
}

impl Picker {
    /// A short list whose items have keys.
    #[must_use]
    pub fn menu(targets: Vec<Target>, heading: impl Into<String>, items: Vec<Item>) -> Self {
        Self::new(PickerKind::Verb, targets, heading.into(), items, false)
    }

    /// A long list that is searched.
    #[must_use]
    pub fn search(targets: Vec<Target>, heading: impl Into<String>, items: Vec<Item>) -> Self {
        Self::new(PickerKind::Verb, targets, heading.into(), items, true)
    }

    /// For something else than a verb.
    #[must_use]
    pub fn new(
        list: PickerKind,
        targets: Vec<Target>,
        heading: String,
        items: Vec<Item>,
        searched: bool,
    ) -> Self {
        let mut picker = Self {
            kind: list,
            targets,
            heading,
            items,
            searchable: searched,
            query: String::new(),
            hits: Vec::new(),
            selected_index: 0,
            top: 0,
            notice: None,
        };
        picker.refresh_hits();
        // The first that can be chosen.
        let free = picker
            .hits
            .iter()
            .position(|hit| picker.items[hit.item_index].disabled_reason.is_none());
        picker.selected_index = free.unwrap_or(0);
        picker
    }

    /// The selected item.
    #[must_use]
    pub fn selected(&self) -> Option<&Item> {
        self.hits.get(self.selected_index).and_then(|hit| self.items.get(hit.item_index))
    }

    /// Puts other items in their place, keeping what was typed and what is selected.
    pub fn replace(&mut self, items: Vec<Item>) {
        let selected = self.selected().map(|item| item.text.clone());
        self.items = items;
        self.refresh_hits();
        let place = self
            .hits
            .iter()
            .position(|hit| Some(&self.items[hit.item_index].text) == selected.as_ref());
        self.selected_index = place.unwrap_or(0);
    }

    fn refresh_hits(&mut self) {
        let words = FuzzyQuery::new(&self.query);
        let mut hits: Vec<(u32, Hit)> = Vec::new();
        for (place, item) in self.items.iter().enumerate() {
            // Typed words may be spread over both texts.
            let whole = format!("{} {}", item.text, item.about);
            let Some(hit) = words.match_text(&whole) else { continue };
            let first = item.text.graphemes(true).count();
            let (marks, rest): (Vec<usize>, Vec<usize>) =
                hit.positions.iter().partition(|at| **at < first);
            let about_marks = rest.iter().filter_map(|at| at.checked_sub(first + 1)).collect();
            hits.push((hit.score, Hit { item_index: place, marks, about_marks }));
        }
        if !words.is_empty() {
            hits.sort_by_key(|(score, hit)| (std::cmp::Reverse(*score), hit.item_index));
        }
        self.hits = hits.into_iter().map(|(_, hit)| hit).collect();
        self.selected_index = 0;
        self.top = 0;
    }

    /// One down or up, or further; the ends do not wrap.
    pub fn move_selection(&mut self, by: isize) {
        self.notice = None;
        let last = self.hits.len().saturating_sub(1);
        self.selected_index = self.selected_index.saturating_add_signed(by).min(last);
    }

    /// A key that is no action: a letter of what is looked for, or the key of an item, which is
    /// chosen then.
    pub fn handle_key(&mut self, key: KeyEvent) -> Option<Item> {
        let plain = !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        self.notice = None;
        match key.code {
            KeyCode::Char(ch) if plain && self.searchable => {
                if self.query.len() < 200 {
                    self.query.push(ch);
                    self.refresh_hits();
                }
                None
            }
            KeyCode::Char(ch) if plain => {
                let place =
                    self.hits.iter().position(|hit| self.items[hit.item_index].key == Some(ch))?;
                self.selected_index = place;
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

    /// Pasted text is looked for.
    pub fn paste(&mut self, pasted: &str) {
        if self.searchable {
            let line = pasted.lines().next().unwrap_or_default();
            self.query.extend(line.chars().filter(|ch| !ch.is_control()).take(200));
            self.refresh_hits();
        }
    }

    /// Keeps the selected item on a page of so many rows.
    pub fn scroll_to_selected(&mut self, rows: usize) {
        let rows = rows.max(1);
        self.selected_index = self.selected_index.min(self.hits.len().saturating_sub(1));
        self.top =
            self.top.min(self.selected_index).max((self.selected_index + 1).saturating_sub(rows));
    }
}
