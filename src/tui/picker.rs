//! A list to choose from: by a key of its own where it has one, by fuzzy words where it is long.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use unicode_segmentation::UnicodeSegmentation;
use uuid::Uuid;

use crate::model::queue::Sort;
use crate::model::{IncidentCommand, IncidentNumber, Priority};

use super::app::Span;
use super::fuzzy::Words;
use super::plan::Target;
use super::run::RunId;
use super::theme::Name;
use super::update::View;
use super::workspaces::SiteId;
use super::zone::Zone;

/// What choosing an item leads to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Pick {
    /// Ask this of the targets. The two texts are as in a plan.
    Do {
        /// As in "assign to Ines Moreau".
        verb: String,
        /// As in "assigned to Ines Moreau".
        done: String,
        /// What.
        asks: Vec<IncidentCommand>,
        /// It can't be taken back.
        for_good: bool,
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
    Site(SiteId),
    /// Go to a number.
    Go(IncidentNumber),
    /// Compute the measures over a window.
    Span(Span),
    /// Anything else, by its place in what the list was made from.
    Place(usize),
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
    pub barred: Option<String>,
    /// What is typed for it in the command palette; none where it can't be.
    pub value: Option<String>,
    /// What choosing it leads to.
    pub pick: Pick,
}

impl Item {
    /// An item without a key.
    #[must_use]
    pub fn new(text: impl Into<String>, pick: Pick) -> Self {
        Self { key: None, text: text.into(), about: String::new(), barred: None, value: None, pick }
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
    pub fn barred(mut self, why: Option<String>) -> Self {
        self.barred = why;
        self
    }
}

/// What a list is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum List {
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
    Profiles,
    /// Runbooks and custom commands.
    Runs,
}

/// An item that passes the words, and where they match.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hit {
    /// Its place among the items.
    pub item: usize,
    /// Matched graphemes of its text.
    pub marks: Vec<usize>,
    /// Matched graphemes of what helps to choose.
    pub about_marks: Vec<usize>,
}

/// The list and what was typed.
#[derive(Clone, Debug)]
pub struct Picker {
    /// What it is for.
    pub list: List,
    /// The incidents it is about.
    pub targets: Vec<Target>,
    /// What stands on its border.
    pub heading: String,
    /// Everything that can be chosen.
    pub items: Vec<Item>,
    /// Letters are words to look for; else they are the items' keys.
    pub searched: bool,
    /// What was typed.
    pub typed: String,
    /// Items that pass, in order.
    pub hits: Vec<Hit>,
    /// The selected one among them.
    pub at: usize,
    /// The first one on the screen.
    pub top: usize,
    /// Why the last choice was not taken.
    pub told: Option<String>,
}

impl Picker {
    /// A short list whose items have keys.
    #[must_use]
    pub fn menu(targets: Vec<Target>, heading: impl Into<String>, items: Vec<Item>) -> Self {
        Self::of(List::Verb, targets, heading.into(), items, false)
    }

    /// A long list that is searched.
    #[must_use]
    pub fn search(targets: Vec<Target>, heading: impl Into<String>, items: Vec<Item>) -> Self {
        Self::of(List::Verb, targets, heading.into(), items, true)
    }

    /// For something else than a verb.
    #[must_use]
    pub fn of(
        list: List,
        targets: Vec<Target>,
        heading: String,
        items: Vec<Item>,
        searched: bool,
    ) -> Self {
        let mut picker = Self {
            list,
            targets,
            heading,
            items,
            searched,
            typed: String::new(),
            hits: Vec::new(),
            at: 0,
            top: 0,
            told: None,
        };
        picker.search_again();
        // The first that can be chosen.
        let free = picker.hits.iter().position(|hit| picker.items[hit.item].barred.is_none());
        picker.at = free.unwrap_or(0);
        picker
    }

    /// The selected item.
    #[must_use]
    pub fn selected(&self) -> Option<&Item> {
        self.hits.get(self.at).and_then(|hit| self.items.get(hit.item))
    }

    /// Puts other items in their place, keeping what was typed and what is selected.
    pub fn replace(&mut self, items: Vec<Item>) {
        let selected = self.selected().map(|item| item.text.clone());
        self.items = items;
        self.search_again();
        let place =
            self.hits.iter().position(|hit| Some(&self.items[hit.item].text) == selected.as_ref());
        self.at = place.unwrap_or(0);
    }

    fn search_again(&mut self) {
        let words = Words::new(&self.typed);
        let mut hits: Vec<(u32, Hit)> = Vec::new();
        for (place, item) in self.items.iter().enumerate() {
            // Typed words may be spread over both texts.
            let whole = format!("{} {}", item.text, item.about);
            let Some(hit) = words.hit(&whole) else { continue };
            let first = item.text.graphemes(true).count();
            let (marks, rest): (Vec<usize>, Vec<usize>) =
                hit.at.iter().partition(|at| **at < first);
            let about_marks = rest.iter().filter_map(|at| at.checked_sub(first + 1)).collect();
            hits.push((hit.score, Hit { item: place, marks, about_marks }));
        }
        if !words.is_empty() {
            hits.sort_by_key(|(score, hit)| (std::cmp::Reverse(*score), hit.item));
        }
        self.hits = hits.into_iter().map(|(_, hit)| hit).collect();
        self.at = 0;
        self.top = 0;
    }

    /// One down or up, or further; the ends do not wrap.
    pub fn go(&mut self, by: isize) {
        self.told = None;
        let last = self.hits.len().saturating_sub(1);
        self.at = self.at.saturating_add_signed(by).min(last);
    }

    /// A key that is no action: a letter of what is looked for, or the key of an item, which is
    /// chosen then.
    pub fn typed(&mut self, key: KeyEvent) -> Option<Item> {
        let plain = !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        self.told = None;
        match key.code {
            KeyCode::Char(ch) if plain && self.searched => {
                if self.typed.len() < 200 {
                    self.typed.push(ch);
                    self.search_again();
                }
                None
            }
            KeyCode::Char(ch) if plain => {
                let place =
                    self.hits.iter().position(|hit| self.items[hit.item].key == Some(ch))?;
                self.at = place;
                self.selected().cloned()
            }
            KeyCode::Backspace if self.searched => {
                self.typed.pop();
                self.search_again();
                None
            }
            KeyCode::Char('u' | 'w') if !plain && self.searched => {
                self.typed.clear();
                self.search_again();
                None
            }
            _ => None,
        }
    }

    /// Pasted text is looked for.
    pub fn paste(&mut self, pasted: &str) {
        if self.searched {
            let line = pasted.lines().next().unwrap_or_default();
            self.typed.extend(line.chars().filter(|ch| !ch.is_control()).take(200));
            self.search_again();
        }
    }

    /// Keeps the selected item on a page of so many rows.
    pub fn keep_in_sight(&mut self, rows: usize) {
        let rows = rows.max(1);
        self.at = self.at.min(self.hits.len().saturating_sub(1));
        self.top = self.top.min(self.at).max((self.at + 1).saturating_sub(rows));
    }
}
