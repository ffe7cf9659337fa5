//! The keymap: maps keys to actions, built from the entries of actions and the settings.
//!
//! The state holds a keymap and the table of actions names the verbs, which read the state. So the
//! keymap gets its entries from its caller; [`build_keymap`](crate::tui::action::build_keymap)
//! passes the table.

use std::collections::HashMap;
use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::config::panes::{Binding, KeyText};
use crate::config::{FilePosition, Warning, suggestion};
use crate::model::text::sanitize;

use crate::tui::action::{Action, Entry, Layer};

/// A key with its modifiers, normalized so that it can be looked up.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Key {
    code: KeyCode,
    modifiers: KeyModifiers,
}

impl Key {
    /// Parses a key in the notation of settings: `a`, `G`, `^d`, `A-x`, `F5`, `Enter`, `S-Tab`,
    /// `S-Down`, `^Space`, `PgDn`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain = |code| Some(Self { code, modifiers: KeyModifiers::NONE });
        let mut chars = text.chars();
        match (chars.next(), chars.next(), chars.next()) {
            (Some(one), None, None) if !one.is_control() => return plain(KeyCode::Char(one)),
            (Some('^'), Some(letter), None) => {
                return Some(Self {
                    code: KeyCode::Char(letter.to_ascii_lowercase()),
                    modifiers: KeyModifiers::CONTROL,
                });
            }
            _ => {}
        }
        if let Some(letter) = text.strip_prefix("A-") {
            let mut letters = letter.chars().filter(|letter| !letter.is_control());
            return match (letters.next(), letters.next()) {
                (Some(one), None) => {
                    Some(Self { code: KeyCode::Char(one), modifiers: KeyModifiers::ALT })
                }
                _ => None,
            };
        }
        let function = text.strip_prefix('F').and_then(|number| number.parse().ok());
        if let Some(number @ 1..=12) = function {
            return plain(KeyCode::F(number));
        }
        let modified = |code, modifiers| Some(Self { code, modifiers });
        match text {
            "S-Tab" => plain(KeyCode::BackTab),
            "S-Up" => modified(KeyCode::Up, KeyModifiers::SHIFT),
            "S-Down" => modified(KeyCode::Down, KeyModifiers::SHIFT),
            "^Space" => modified(KeyCode::Char(' '), KeyModifiers::CONTROL),
            _ => plain(NAMED_KEYS.iter().find(|(name, _)| *name == text)?.1),
        }
    }

    /// Returns the key that a terminal sends instead, if terminals can't distinguish the two.
    #[must_use]
    pub fn terminal_alias(&self) -> Option<&'static str> {
        match self.code {
            KeyCode::Char('i') if self.modifiers == KeyModifiers::CONTROL => Some("Tab"),
            KeyCode::Char('m') if self.modifiers == KeyModifiers::CONTROL => Some("Enter"),
            KeyCode::Char('[') if self.modifiers == KeyModifiers::CONTROL => Some("Esc"),
            _ => None,
        }
    }

    /// Whether it enters a character where text is typed.
    #[must_use]
    pub fn types_character(&self) -> bool {
        matches!(self.code, KeyCode::Char(_)) && self.modifiers.is_empty()
    }

    /// Normalizes a key event of the terminal. Shift is already part of the character.
    #[must_use]
    pub fn from_event(event: &KeyEvent) -> Self {
        let mut relevant = KeyModifiers::CONTROL | KeyModifiers::ALT;
        if matches!(event.code, KeyCode::Up | KeyCode::Down) {
            relevant |= KeyModifiers::SHIFT;
        }
        let code = match event.code {
            KeyCode::Char(ch) if event.modifiers.contains(KeyModifiers::CONTROL) => {
                KeyCode::Char(ch.to_ascii_lowercase())
            }
            KeyCode::Tab if event.modifiers.contains(KeyModifiers::SHIFT) => KeyCode::BackTab,
            code => code,
        };
        Self { code, modifiers: event.modifiers & relevant }
    }
}

const NAMED_KEYS: [(&str, KeyCode); 13] = [
    ("Enter", KeyCode::Enter),
    ("Esc", KeyCode::Esc),
    ("Tab", KeyCode::Tab),
    ("S-Tab", KeyCode::BackTab),
    ("Up", KeyCode::Up),
    ("Down", KeyCode::Down),
    ("Left", KeyCode::Left),
    ("Right", KeyCode::Right),
    ("PgUp", KeyCode::PageUp),
    ("PgDn", KeyCode::PageDown),
    ("Home", KeyCode::Home),
    ("End", KeyCode::End),
    ("Space", KeyCode::Char(' ')),
];

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.modifiers.contains(KeyModifiers::CONTROL) {
            f.write_str("^")?;
        }
        if self.modifiers.contains(KeyModifiers::ALT) {
            f.write_str("A-")?;
        }
        if self.modifiers.contains(KeyModifiers::SHIFT) {
            f.write_str("S-")?;
        }
        match (NAMED_KEYS.iter().find(|(_, code)| *code == self.code), self.code) {
            (Some((name, _)), _) => f.write_str(name),
            (None, KeyCode::Char(ch)) => write!(f, "{ch}"),
            (None, other) => write!(f, "{other}"),
        }
    }
}

/// Actions that answer a question irreversibly. `Enter` can't be bound to them, because people
/// press it before they have read a question.
const NOT_BY_ENTER: [Action; 4] =
    [Action::Yes, Action::Discard, Action::SwitchWithoutWaiting, Action::QuitWithoutWaiting];

/// The ways out of each layer: of one of them, all actions need a key.
const WAYS_OUT: [(Layer, &[&[Action]]); 19] = [
    (Layer::Panes, &[&[Action::Quit], &[Action::QuitNow], &[Action::Palette, Action::Choose]]),
    (Layer::Popup, &[&[Action::Dismiss]]),
    (Layer::Help, &[&[Action::Leave]]),
    (Layer::Palette, &[&[Action::Leave]]),
    (Layer::Form, &[&[Action::Cancel]]),
    (Layer::ConfirmDiscard, &[&[Action::ContinueEditing], &[Action::SaveDraft]]),
    (Layer::Pick, &[&[Action::Leave]]),
    (Layer::Confirm, &[&[Action::No]]),
    (Layer::Matrix, &[&[Action::Leave]]),
    (Layer::Filter, &[&[Action::CancelFilter], &[Action::ApplyFilter]]),
    (Layer::Goto, &[&[Action::Leave], &[Action::Choose]]),
    (Layer::Screen, &[&[Action::CloseScreen], &[Action::QuitNow]]),
    (Layer::ScreenFilter, &[&[Action::CancelFilter], &[Action::ApplyFilter]]),
    (Layer::Runbook, &[&[Action::CloseRun]]),
    (Layer::Output, &[&[Action::CloseRun], &[Action::StopRun]]),
    (Layer::Outbox, &[&[Action::CloseRun]]),
    (Layer::Quitting, &[&[Action::QuitWithoutWaiting]]),
    (Layer::Switching, &[&[Action::CancelSwitch], &[Action::SwitchWithoutWaiting]]),
    (Layer::Wall, &[&[Action::LeaveWall], &[Action::QuitNow]]),
];

/// Default keys that are newer than the settings of the first version. If settings bind one of them
/// to another action, it is not bound to this one, so that old settings retain their meaning.
const NEWER_KEYS: [(&str, &str); 46] = [
    ("accept-cover", "v"),
    ("acknowledge-put-back", "K"),
    ("add-contact", "A"),
    ("adopt-service", "a"),
    ("apply-hint", "I"),
    ("approve-command", "a"),
    ("breakdown", "&"),
    ("change-maintenance", "e"),
    ("comparison", "%"),
    ("contacts", "m"),
    ("decline-cover", "d"),
    ("demo", "M"),
    ("edit-contact", "E"),
    ("edit-problem", "i"),
    ("fold-under", "Y"),
    ("follow-up-item", "f"),
    ("goto", "g"),
    ("history", "H"),
    ("maintenance", "s"),
    ("mark-down", "S-Down"),
    ("mark-range", "^Space"),
    ("mark-up", "S-Up"),
    ("most-urgent", "'"),
    ("narrow-queue", "<"),
    ("new-maintenance", "n"),
    ("new-problem", "+"),
    ("next-page", "}"),
    ("noise", "N"),
    ("noisy-checks", "N"),
    ("notes-only", "W"),
    ("offer-swap", "s"),
    ("page-down", "^f"),
    ("page-up", "^b"),
    ("previous-page", "{"),
    ("quiet-hours", "Q"),
    ("redraw", "^l"),
    ("remove-contact", "X"),
    ("resend", "A"),
    ("same-service", "="),
    ("settings", ","),
    ("similar", "P"),
    ("test-contact", "P"),
    ("unknown-services", "v"),
    ("want-cover", "c"),
    ("widen-queue", ">"),
    ("withdraw-cover", "x"),
];

/// The keys that are in force.
#[derive(Clone, Debug)]
pub struct Keymap {
    actions: HashMap<(Layer, Key), Action>,
    keys: HashMap<Action, Vec<Key>>,
}

/// Keys from the settings that replace the default keys of an action.
struct Rebinding<'a> {
    entry: &'a Entry,
    position: &'a FilePosition,
    keys: Vec<(Key, &'a KeyText)>,
}

impl Keymap {
    /// Creates a keymap from the default keys of `table` and from `bindings`, and returns warnings
    /// about bindings that can't be used. The actions of those keep their default keys.
    #[must_use]
    pub fn with_bindings(table: &[Entry], bindings: &[Binding]) -> (Self, Vec<Warning>) {
        let mut warnings = Vec::new();
        let mut rebindings: Vec<Rebinding> = Vec::new();
        for binding in bindings {
            match parse_binding(table, binding) {
                Ok(rebinding) => rebindings.push(rebinding),
                Err(warning) => warnings.push(warning),
            }
        }
        // Two actions may swap their keys, so conflicts can only be judged with all bindings
        // applied. The last conflicting binding in the file is removed. Its action returns to the
        // default keys, which may conflict with other bindings, so the check repeats until none is
        // left.
        rebindings.sort_by(|a, b| a.location().cmp(b.location()));
        while let Some((index, warning)) =
            find_clash(table, &rebindings).or_else(|| find_dead_end(table, &rebindings))
        {
            rebindings.remove(index);
            warnings.push(warning);
        }
        warnings.sort();
        (Self::from_rebindings(table, &rebindings), warnings)
    }

    fn from_rebindings(table: &[Entry], rebindings: &[Rebinding]) -> Self {
        let mut map = Self { actions: HashMap::new(), keys: HashMap::new() };
        for entry in table {
            for key in effective_keys(entry, rebindings) {
                for layer in entry.layers {
                    map.actions.insert((*layer, key), entry.action);
                }
                map.keys.entry(entry.action).or_default().push(key);
            }
        }
        map
    }

    /// Returns the action that a key triggers in a layer.
    #[must_use]
    pub fn action(&self, layer: Layer, event: &KeyEvent) -> Option<Action> {
        let key = Key::from_event(event);
        let plain = Key { modifiers: key.modifiers - KeyModifiers::SHIFT, ..key };
        // If nothing is bound to an arrow with Shift, it acts like the arrow.
        [key, plain].iter().find_map(|key| self.actions.get(&(layer, *key))).copied()
    }

    /// Returns the keys of an action, the main one first.
    #[must_use]
    pub fn keys(&self, action: Action) -> &[Key] {
        self.keys.get(&action).map_or(&[], Vec::as_slice)
    }

    /// Returns the main key of an action for display.
    #[must_use]
    pub fn main_key(&self, action: Action) -> Option<String> {
        self.keys(action).first().map(ToString::to_string)
    }

    /// Returns the keys to press for an action: its main key, after the one of the goto menu if it
    /// is only in that menu.
    #[must_use]
    pub fn sequence(&self, entry: &Entry) -> Option<String> {
        let key = self.main_key(entry.action)?;
        if entry.layers != [Layer::Goto] {
            return Some(key);
        }
        Some(format!("{} {key}", self.main_key(Action::Goto)?))
    }

    /// Returns the main key of an action and its effect, as in `R now`; `None` if it has no key.
    /// Screens are opened from the goto menu: its key precedes theirs.
    #[must_use]
    pub fn hint(&self, action: Action, description: &str) -> Option<String> {
        let key = self.main_key(action)?;
        if matches!(action, Action::Screen(_)) {
            return Some(format!("{} {key} {description}", self.main_key(Action::Goto)?));
        }
        Some(format!("{key} {description}"))
    }

    /// Returns [`Keymap::hint`] with ` · ` before it, to append to a sentence; empty without a key.
    #[must_use]
    pub fn hint_suffix(&self, action: Action, description: &str) -> String {
        self.hint(action, description).map(|hint| format!(" · {hint}")).unwrap_or_default()
    }
}

impl Rebinding<'_> {
    fn location(&self) -> &FilePosition {
        self.keys.first().map_or(self.position, |(_, text)| &text.position)
    }
}

/// Returns the keys of an action: those of its rebinding, else the default ones.
fn effective_keys(entry: &Entry, rebindings: &[Rebinding]) -> Vec<Key> {
    let is_of_entry = |rebinding: &&Rebinding| rebinding.entry.name == entry.name;
    if let Some(rebinding) = rebindings.iter().find(is_of_entry) {
        return rebinding.keys.iter().map(|(key, _)| *key).collect();
    }
    let keys = entry.keys.iter().filter(|text| !gives_way(entry, text, rebindings));
    keys.filter_map(|text| Key::parse(text)).collect()
}

/// Returns whether a default key of an action is no key of it, because settings give it to another
/// one; see [`NEWER_KEYS`].
fn gives_way(entry: &Entry, text: &str, rebindings: &[Rebinding]) -> bool {
    NEWER_KEYS.contains(&(entry.name, text))
        && rebindings.iter().any(|rebinding| {
            rebinding.entry.layers.iter().any(|layer| entry.layers.contains(layer))
                && rebinding.keys.iter().any(|(_, set)| set.text == text)
        })
}

fn parse_binding<'a>(table: &'a [Entry], binding: &'a Binding) -> Result<Rebinding<'a>, Warning> {
    let name = &binding.action;
    let Some(entry) = table.iter().find(|entry| entry.name == name) else {
        let names: Vec<&str> = table.iter().map(|entry| entry.name).collect();
        let hint = suggestion(name, &names);
        let text = format!("there is no action {:?}: {hint}", sanitize(name));
        return Err(Warning::new(binding.position.clone(), &text));
    };
    let mut keys: Vec<(Key, &KeyText)> = Vec::new();
    for text in &binding.keys {
        let invalid = |problem: &str| {
            let message = format!("keys.{name} is {:?}: {problem}", sanitize(&text.text));
            Err(Warning::new(text.position.clone(), &message))
        };
        let Some(key) = Key::parse(&text.text) else {
            return invalid("write one character, ^d for Control and d, or a name such as Enter");
        };
        if let Some(other) = key.terminal_alias() {
            return invalid(&format!("to a terminal that is {other}"));
        }
        if key.code == KeyCode::Enter && NOT_BY_ENTER.contains(&entry.action) {
            return invalid(
                "Enter is pressed before a question is read: choose another key for it",
            );
        }
        if key.types_character() && entry.layers.iter().any(|layer| layer.accepts_text()) {
            return invalid("where text is written that is a letter of it: choose one such as ^s");
        }
        if keys.iter().all(|(other, _)| *other != key) {
            keys.push((key, text));
        }
    }
    Ok(Rebinding { entry, position: &binding.position, keys })
}

/// Finds the last rebinding in the file that leaves a layer without any way out.
fn find_dead_end(table: &[Entry], rebindings: &[Rebinding]) -> Option<(usize, Warning)> {
    let has_key = |action: &Action| {
        let entry = table.iter().find(|entry| entry.action == *action);
        entry.is_none_or(|entry| !effective_keys(entry, rebindings).is_empty())
    };
    WAYS_OUT.iter().find_map(|(layer, ways)| {
        if ways.iter().any(|actions| actions.iter().all(has_key)) {
            return None;
        }
        let (index, rebinding) = rebindings.iter().enumerate().rev().find(|(_, rebinding)| {
            let action = rebinding.entry.action;
            rebinding.keys.is_empty() && ways.iter().any(|actions| actions.contains(&action))
        })?;
        let message = format!(
            "keys.{} has no key, and then no key leaves this ({}): give it one",
            rebinding.entry.name,
            layer.name()
        );
        Some((index, Warning::new(rebinding.position.clone(), &message)))
    })
}

/// Finds the last rebinding in the file that shares a key with another action in some layer.
fn find_clash(table: &[Entry], rebindings: &[Rebinding]) -> Option<(usize, Warning)> {
    rebindings.iter().enumerate().rev().find_map(|(index, rebinding)| {
        rebinding.keys.iter().find_map(|(key, text)| {
            let other = table.iter().find(|other| {
                other.name != rebinding.entry.name
                    && other.layers.iter().any(|layer| rebinding.entry.layers.contains(layer))
                    && effective_keys(other, rebindings).contains(key)
            })?;
            let (name, other) = (rebinding.entry.name, other.name);
            let message = format!(
                "keys.{name} is {key}, and that is a key of {other} too: give one of them another"
            );
            Some((index, Warning::new(text.position.clone(), &message)))
        })
    })
}

#[cfg(test)]
mod tests;
