//! Which key does what: the keys of the table of actions, as a map.

use std::collections::HashMap;
use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::config::panes::{Binding, KeyText};
use crate::config::{FilePosition, Warning, suggestion};

use super::action::{Action, Entry, Layer, TABLE};

/// A key with its modifiers, in the one form it is looked up by.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Key {
    code: KeyCode,
    modifiers: KeyModifiers,
}

impl Key {
    /// Reads `a`, `G`, `^d`, `A-x`, `F5`, `Enter`, `S-Tab`, `PgDn`.
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
        match text {
            "S-Tab" => plain(KeyCode::BackTab),
            _ => plain(NAMED_KEYS.iter().find(|(name, _)| *name == text)?.1),
        }
    }

    /// The other key that a terminal tells instead, where it can't tell this one.
    #[must_use]
    pub fn terminal_alias(&self) -> Option<&'static str> {
        match self.code {
            KeyCode::Char('i') if self.modifiers == KeyModifiers::CONTROL => Some("Tab"),
            KeyCode::Char('m') if self.modifiers == KeyModifiers::CONTROL => Some("Enter"),
            KeyCode::Char('[') if self.modifiers == KeyModifiers::CONTROL => Some("Esc"),
            _ => None,
        }
    }

    /// Whether it puts a character where text is written.
    #[must_use]
    pub fn types_character(&self) -> bool {
        matches!(self.code, KeyCode::Char(_)) && self.modifiers.is_empty()
    }

    /// The key of a terminal's event: shift is in the character already.
    #[must_use]
    pub fn from_event(event: &KeyEvent) -> Self {
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
        match (NAMED_KEYS.iter().find(|(_, code)| *code == self.code), self.code) {
            (Some((name, _)), _) => f.write_str(name),
            (None, KeyCode::Char(ch)) => write!(f, "{ch}"),
            (None, other) => write!(f, "{other}"),
        }
    }
}

/// What answers a question in a way that can't be taken back: no key that was meant for something
/// else may do so.
const NOT_BY_ENTER: [Action; 4] =
    [Action::Yes, Action::Discard, Action::SwitchWithoutWaiting, Action::QuitWithoutWaiting];

/// The keys in force.
#[derive(Clone, Debug)]
pub struct Keymap {
    actions: HashMap<(Layer, Key), Action>,
    keys: HashMap<Action, Vec<Key>>,
}

impl Default for Keymap {
    fn default() -> Self {
        Self::from_rebindings(&[])
    }
}

/// Keys of an action that are not the default ones.
struct Rebinding<'a> {
    entry: &'static Entry,
    keys: Vec<(Key, &'a KeyText)>,
}

impl Keymap {
    /// The default keys with these put in their place, and what is wrong with them. An action whose
    /// keys can't be used keeps the default ones.
    #[must_use]
    pub fn with_bindings(bindings: &[Binding]) -> (Self, Vec<Warning>) {
        let mut warnings = Vec::new();
        let mut bound: Vec<Rebinding> = Vec::new();
        for binding in bindings {
            match parse_binding(binding) {
                Ok(one) => bound.push(one),
                Err(warning) => warnings.push(warning),
            }
        }
        // Two actions may swap their keys, so that only the whole tells what is shared. The last
        // one in the file gives way, which may let others clash: once more, until none do.
        bound.sort_by(|a, b| a.location().cmp(&b.location()));
        while let Some((index, warning)) = find_clash(&bound) {
            bound.remove(index);
            warnings.push(warning);
        }
        warnings.sort();
        (Self::from_rebindings(&bound), warnings)
    }

    fn from_rebindings(bound: &[Rebinding]) -> Self {
        let mut map = Self { actions: HashMap::new(), keys: HashMap::new() };
        for entry in TABLE {
            for key in effective_keys(entry, bound) {
                for layer in entry.layers {
                    map.actions.insert((*layer, key), entry.action);
                }
                map.keys.entry(entry.action).or_default().push(key);
            }
        }
        map
    }

    /// What a key does in a situation.
    #[must_use]
    pub fn action(&self, layer: Layer, event: &KeyEvent) -> Option<Action> {
        self.actions.get(&(layer, Key::from_event(event))).copied()
    }

    /// The keys of an action, the main one first.
    #[must_use]
    pub fn keys(&self, action: Action) -> &[Key] {
        self.keys.get(&action).map_or(&[], Vec::as_slice)
    }

    /// The main key of an action and what it does, as in `R now`; nothing where it has no key.
    #[must_use]
    pub fn hint(&self, action: Action, does: &str) -> Option<String> {
        self.keys(action).first().map(|key| format!("{key} {does}"))
    }

    /// The same at the end of a sentence, after a dot.
    #[must_use]
    pub fn hint_suffix(&self, action: Action, does: &str) -> String {
        self.hint(action, does).map(|hint| format!(" · {hint}")).unwrap_or_default()
    }
}

impl Rebinding<'_> {
    fn location(&self) -> Option<&FilePosition> {
        self.keys.first().map(|(_, text)| &text.position)
    }
}

/// The keys that an action has now.
fn effective_keys(entry: &Entry, bound: &[Rebinding]) -> Vec<Key> {
    match bound.iter().find(|bound| bound.entry.name == entry.name) {
        Some(bound) => bound.keys.iter().map(|(key, _)| *key).collect(),
        None => entry.keys.iter().filter_map(|text| Key::parse(text)).collect(),
    }
}

fn parse_binding(binding: &Binding) -> Result<Rebinding<'_>, Warning> {
    let name = &binding.action;
    let Some(entry) = TABLE.iter().find(|entry| entry.name == name) else {
        let names: Vec<&str> = TABLE.iter().map(|entry| entry.name).collect();
        let text = format!("there is no action {name:?}: {}", suggestion(name, &names));
        return Err(Warning::new(binding.position.clone(), &text));
    };
    let mut keys: Vec<(Key, &KeyText)> = Vec::new();
    for text in &binding.keys {
        let wrong = |problem: &str| {
            let told = format!("keys.{name} is {:?}: {problem}", text.text);
            Err(Warning::new(text.position.clone(), &told))
        };
        let Some(key) = Key::parse(&text.text) else {
            return wrong("write one character, ^d for Control and d, or a name such as Enter");
        };
        if let Some(other) = key.terminal_alias() {
            return wrong(&format!("to a terminal that is {other}"));
        }
        if key.code == KeyCode::Enter && NOT_BY_ENTER.contains(&entry.action) {
            return wrong("Enter is pressed before a question is read: choose another key for it");
        }
        if key.types_character() && entry.layers.iter().any(|layer| layer.accepts_text()) {
            return wrong("where text is written that is a letter of it: choose one such as ^s");
        }
        if keys.iter().all(|(there, _)| *there != key) {
            keys.push((key, text));
        }
    }
    Ok(Rebinding { entry, keys })
}

/// The last action in the file that shares a key with another one somewhere.
fn find_clash(bound: &[Rebinding]) -> Option<(usize, Warning)> {
    bound.iter().enumerate().rev().find_map(|(index, one)| {
        one.keys.iter().find_map(|(key, text)| {
            let other = TABLE.iter().find(|other| {
                other.name != one.entry.name
                    && other.layers.iter().any(|layer| one.entry.layers.contains(layer))
                    && effective_keys(other, bound).contains(key)
            })?;
            let (name, other) = (one.entry.name, other.name);
            let told = format!(
                "keys.{name} is {key}, and that is a key of {other} too: give one of them another"
            );
            Some((index, Warning::new(text.position.clone(), &told)))
        })
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use rstest::rstest;

    use super::*;

    fn place(line: u32) -> FilePosition {
        FilePosition { file: Arc::from(Path::new("config.toml")), line, column: 1 }
    }

    fn binding(line: u32, action: &str, keys: &[&str]) -> Binding {
        let key = |text: &&str| KeyText { text: (*text).into(), position: place(line) };
        Binding {
            action: action.into(),
            position: place(line),
            keys: keys.iter().map(key).collect(),
        }
    }

    fn with(lines: &[(&str, &[&str])]) -> (Keymap, Vec<String>) {
        let bindings: Vec<Binding> =
            (1..).zip(lines).map(|(line, (action, keys))| binding(line, action, keys)).collect();
        let (keymap, warnings) = Keymap::with_bindings(&bindings);
        (keymap, warnings.iter().map(Warning::brief).collect())
    }

    fn shown(keymap: &Keymap, action: Action) -> String {
        keymap.keys(action).iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn default_keys_can_be_read_and_no_two_actions_of_a_layer_share_one() {
        let mut seen = HashMap::new();
        for entry in TABLE {
            for text in entry.keys {
                let key = Key::parse(text).unwrap_or_else(|| panic!("{text}"));
                assert_eq!(key.to_string(), *text);
                assert_eq!(key.terminal_alias(), None, "{text}");
                for layer in entry.layers {
                    let before = seen.insert((*layer, key), entry.name);
                    assert_eq!(before, None, "{text} of {}", entry.name);
                }
            }
        }
    }

    #[test]
    fn names_of_actions_are_distinct() {
        let mut names: Vec<&str> = TABLE.iter().map(|entry| entry.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), TABLE.len());
    }

    #[test]
    fn new_keys_take_the_place_of_all_old_ones() {
        let (keymap, warnings) = with(&[("down", &["H", "^n", "H"]), ("zoom", &[])]);
        assert_eq!(warnings, [""; 0]);
        assert_eq!(shown(&keymap, Action::Down), "H ^n");
        assert_eq!(shown(&keymap, Action::Zoom), "");
        let j = KeyEvent::new(KeyCode::Char('j'), KeyModifiers::NONE);
        assert_eq!(keymap.action(Layer::Panes, &j), None);
        let n = KeyEvent::new(KeyCode::Char('n'), KeyModifiers::CONTROL);
        assert_eq!(keymap.action(Layer::Panes, &n), Some(Action::Down));
        assert_eq!(keymap.action(Layer::Popup, &n), Some(Action::Down));
    }

    #[test]
    fn two_actions_can_swap_their_keys() {
        let (keymap, warnings) = with(&[("acknowledge", &["o"]), ("own", &["a"])]);
        assert_eq!(warnings, [""; 0]);
        assert_eq!(shown(&keymap, Action::Acknowledge), "o");
        assert_eq!(shown(&keymap, Action::Own), "a");
    }

    #[rstest]
    #[case("acknowlegde", &["x"], "1: there is no action \"acknowlegde\": did you mean acknowledge?")]
    #[case("acknowledge", &["Entre"], "1: keys.acknowledge is \"Entre\": write one character, ^d for Control and d, or a name such as Enter")]
    #[case("acknowledge", &["^m"], "1: keys.acknowledge is \"^m\": to a terminal that is Enter")]
    #[case("acknowledge", &["o"], "1: keys.acknowledge is o, and that is a key of own too: give one of them another")]
    #[case("yes", &["Enter"], "1: keys.yes is \"Enter\": Enter is pressed before a question is read: choose another key for it")]
    #[case("discard", &["Enter"], "1: keys.discard is \"Enter\": Enter is pressed before a question is read: choose another key for it")]
    #[case("go-now", &["x", "Enter"], "1: keys.go-now is \"Enter\": Enter is pressed before a question is read: choose another key for it")]
    #[case("send", &["s"], "1: keys.send is \"s\": where text is written that is a letter of it: choose one such as ^s")]
    fn a_wrong_one_is_told_and_the_default_keys_stay(
        #[case] action: &str,
        #[case] keys: &[&str],
        #[case] told: &str,
    ) {
        let (keymap, warnings) = with(&[(action, keys), ("zoom", &["N"])]);
        assert_eq!(warnings, [format!("config.toml:{told}")]);
        assert_eq!(shown(&keymap, Action::Acknowledge), "a");
        assert_eq!(shown(&keymap, Action::Send), "^s");
        assert_eq!(shown(&keymap, Action::Zoom), "N", "all else holds");
    }

    #[test]
    fn when_one_gives_way_those_that_clash_then_do_too() {
        // Without the third, the second has the key that the first has taken.
        let lines: &[(&str, &[&str])] =
            &[("acknowledge", &["o"]), ("own", &["n"]), ("note", &["z"])];
        let (keymap, warnings) = with(lines);
        assert_eq!(warnings.len(), 3, "{warnings:?}");
        assert_eq!(shown(&keymap, Action::Acknowledge), "a");
        assert_eq!(shown(&keymap, Action::Own), "o");
        assert_eq!(shown(&keymap, Action::Note), "n");
    }

    #[rstest]
    #[case("A-x", "A-x")]
    #[case("F5", "F5")]
    #[case("^D", "^d")]
    #[case("Space", "Space")]
    #[case(" ", "Space")]
    #[case("ü", "ü")]
    #[case("^", "^")]
    fn keys_are_read_as_they_are_shown(#[case] text: &str, #[case] shown: &str) {
        assert_eq!(Key::parse(text).map(|key| key.to_string()).as_deref(), Some(shown));
    }

    #[rstest]
    fn what_is_no_key_is_not_read(
        #[values("", "F0", "F13", "A-", "enter", "^^^", "ab", "\u{1b}")] text: &str,
    ) {
        assert_eq!(Key::parse(text), None);
    }
}
