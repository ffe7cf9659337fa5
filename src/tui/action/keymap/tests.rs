use std::path::Path;
use std::sync::Arc;

use rstest::rstest;

use super::*;
use crate::model::command::CommandKind;
use crate::tui::action::TABLE;

fn position(line: u32) -> FilePosition {
    FilePosition { file: Arc::from(Path::new("config.toml")), line, column: 1 }
}

fn binding(line: u32, action: &str, keys: &[&str]) -> Binding {
    let key = |text: &&str| KeyText { text: (*text).into(), position: position(line) };
    Binding {
        action: action.into(),
        position: position(line),
        keys: keys.iter().map(key).collect(),
    }
}

fn keymap_with(lines: &[(&str, &[&str])]) -> (Keymap, Vec<String>) {
    let bindings: Vec<Binding> =
        (1..).zip(lines).map(|(line, (action, keys))| binding(line, action, keys)).collect();
    let (keymap, warnings) = Keymap::with_bindings(TABLE, &bindings);
    (keymap, warnings.iter().map(|warning| warning.brief().into_string()).collect())
}

fn keys_text(keymap: &Keymap, action: Action) -> String {
    keymap.keys(action).iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

#[test]
fn newer_default_keys_give_way_to_those_of_settings() {
    for (name, key) in NEWER_KEYS {
        let entry = TABLE.iter().find(|entry| entry.name == name);
        assert!(entry.is_none_or(|entry| entry.keys.contains(&key)), "{name}: {key}");
    }
    let (keymap, warnings) = keymap_with(&[("note", &["W", "^f"])]);
    assert_eq!(warnings, [] as [&str; 0]);
    assert_eq!(keys_text(&keymap, Action::NotesOnly), "");
    assert_eq!(keys_text(&keymap, Action::PageDown), "PgDn");
    let (keymap, warnings) = keymap_with(&[("note", &["W"]), ("notes-only", &["W"])]);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert_eq!(keys_text(&keymap, Action::NotesOnly), "");
}

#[test]
fn default_keys_parse_and_are_unique_in_each_layer() {
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
fn action_names_are_distinct() {
    let mut names: Vec<&str> = TABLE.iter().map(|entry| entry.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), TABLE.len());
}

#[test]
fn bound_keys_replace_all_default_keys() {
    let (keymap, warnings) = keymap_with(&[("down", &["H", "^n", "H"]), ("zoom", &[])]);
    assert_eq!(warnings, [""; 0]);
    assert_eq!(keys_text(&keymap, Action::Down), "H ^n");
    assert_eq!(keys_text(&keymap, Action::Zoom), "");
    let j = KeyEvent::new(KeyCode::Char('j'), KeyModifiers::NONE);
    assert_eq!(keymap.action(Layer::Panes, &j), None);
    let n = KeyEvent::new(KeyCode::Char('n'), KeyModifiers::CONTROL);
    assert_eq!(keymap.action(Layer::Panes, &n), Some(Action::Down));
    assert_eq!(keymap.action(Layer::Popup, &n), Some(Action::Down));
}

#[test]
fn two_actions_can_swap_their_keys() {
    let (keymap, warnings) = keymap_with(&[("acknowledge", &["o"]), ("own", &["a"])]);
    assert_eq!(warnings, [""; 0]);
    assert_eq!(keys_text(&keymap, Action::Command(CommandKind::Acknowledge)), "o");
    assert_eq!(keys_text(&keymap, Action::Own), "a");
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
fn wrong_binding_is_reported_and_default_keys_remain(
    #[case] action: &str,
    #[case] keys: &[&str],
    #[case] message: &str,
) {
    let (keymap, warnings) = keymap_with(&[(action, keys), ("zoom", &["Q"])]);
    assert_eq!(warnings, [format!("config.toml:{message}")]);
    assert_eq!(keys_text(&keymap, Action::Command(CommandKind::Acknowledge)), "a");
    assert_eq!(keys_text(&keymap, Action::Send), "^s");
    assert_eq!(keys_text(&keymap, Action::Zoom), "Q", "all else holds");
}

#[test]
fn dropped_binding_drops_others_that_conflict_then() {
    // `z` belongs to `zoom`, so `note` returns to `n`, which `own` then shares. When `own`
    // returns to `o`, `acknowledge` shares that.
    let lines: &[(&str, &[&str])] = &[("acknowledge", &["o"]), ("own", &["n"]), ("note", &["z"])];
    let (keymap, warnings) = keymap_with(lines);
    assert_eq!(warnings.len(), 3, "{warnings:?}");
    assert_eq!(keys_text(&keymap, Action::Command(CommandKind::Acknowledge)), "a");
    assert_eq!(keys_text(&keymap, Action::Own), "o");
    assert_eq!(keys_text(&keymap, Action::Command(CommandKind::AddNote)), "n");
}

#[rstest]
#[case("A-x", "A-x")]
#[case("F5", "F5")]
#[case("^D", "^d")]
#[case("Space", "Space")]
#[case(" ", "Space")]
#[case("ü", "ü")]
#[case("^", "^")]
fn keys_parse_as_they_are_displayed(#[case] text: &str, #[case] shown: &str) {
    assert_eq!(Key::parse(text).map(|key| key.to_string()).as_deref(), Some(shown));
}

#[rstest]
fn text_that_names_no_key_does_not_parse(
    #[values("", "F0", "F13", "A-", "enter", "^^^", "ab", "\u{1b}")] text: &str,
) {
    assert_eq!(Key::parse(text), None);
}

#[test]
fn a_way_out_of_each_layer_stays() {
    let all = [("quit", NONE), ("back-or-quit", NONE), ("commands", NONE)];
    let (keymap, warnings) = keymap_with(&all);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("keys.commands has no key"), "{warnings:?}");
    assert!(!keymap.keys(Action::Palette).is_empty());
    assert_eq!(keymap_with(&all[..2]).1, Vec::<String>::new());
    for (action, layer) in [("leave", "A list"), ("no", "A question"), ("cancel", "A form")] {
        let (_, warnings) = keymap_with(&[(action, NONE)]);
        assert!(warnings.len() == 1, "{layer}: {warnings:?}");
        assert!(warnings[0].contains("has no key"), "{warnings:?}");
    }
    // Another key is as good.
    assert_eq!(keymap_with(&[("leave", &["F9"])]).1, Vec::<String>::new());
}

const NONE: &[&str] = &[];
