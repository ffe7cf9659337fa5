//! Which key does what: the keys of the table of actions, as a map.

use std::collections::HashMap;
use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::action::{Action, Layer, TABLE};

/// A key with its modifiers, in the one form it is looked up by.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Key {
    code: KeyCode,
    modifiers: KeyModifiers,
}

impl Key {
    /// Reads `a`, `G`, `^d`, `Enter`, `S-Tab`, `PgDn`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain = |code| Some(Self { code, modifiers: KeyModifiers::NONE });
        let mut chars = text.chars();
        match (chars.next(), chars.next(), chars.next()) {
            (Some(one), None, None) => return plain(KeyCode::Char(one)),
            (Some('^'), Some(letter), None) => {
                return Some(Self {
                    code: KeyCode::Char(letter.to_ascii_lowercase()),
                    modifiers: KeyModifiers::CONTROL,
                });
            }
            _ => {}
        }
        match text {
            "S-Tab" => plain(KeyCode::BackTab),
            _ => plain(NAMED.iter().find(|(name, _)| *name == text)?.1),
        }
    }

    /// The key of a terminal's event: shift is in the character already.
    #[must_use]
    pub fn of(event: &KeyEvent) -> Self {
        let keep = KeyModifiers::CONTROL | KeyModifiers::ALT;
        let code = match event.code {
            KeyCode::Char(ch) if event.modifiers.contains(KeyModifiers::CONTROL) => {
                KeyCode::Char(ch.to_ascii_lowercase())
            }
            KeyCode::Tab if event.modifiers.contains(KeyModifiers::SHIFT) => KeyCode::BackTab,
            code => code,
        };
        Self { code, modifiers: event.modifiers & keep }
    }
}

const NAMED: [(&str, KeyCode); 13] = [
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
        match (NAMED.iter().find(|(_, code)| *code == self.code), self.code) {
            (Some((name, _)), _) => f.write_str(name),
            (None, KeyCode::Char(ch)) => write!(f, "{ch}"),
            (None, other) => write!(f, "{other}"),
        }
    }
}

/// The keys in force.
#[derive(Clone, Debug)]
pub struct Keymap {
    actions: HashMap<(Layer, Key), Action>,
    keys: HashMap<Action, Vec<Key>>,
}

impl Default for Keymap {
    fn default() -> Self {
        let mut map = Self { actions: HashMap::new(), keys: HashMap::new() };
        for entry in TABLE {
            for key in entry.keys.iter().filter_map(|text| Key::parse(text)) {
                for layer in entry.layers {
                    map.actions.insert((*layer, key), entry.action);
                }
                map.keys.entry(entry.action).or_default().push(key);
            }
        }
        map
    }
}

impl Keymap {
    /// What a key does in a situation.
    #[must_use]
    pub fn action(&self, layer: Layer, event: &KeyEvent) -> Option<Action> {
        self.actions.get(&(layer, Key::of(event))).copied()
    }

    /// The keys of an action, the main one first.
    #[must_use]
    pub fn keys(&self, action: Action) -> &[Key] {
        self.keys.get(&action).map_or(&[], Vec::as_slice)
    }
}
