//! The first questions, and the suggestions of an empty store, on a terminal.

use std::fs;

use super::store::Store;

#[test]
fn answers_to_the_questions_become_settings() {
    let store = Store::empty();
    let mut terminal = store.terminal(&["config", "init"], 100, 30);
    terminal.wait_for_text("Your name [ines]");
    terminal.press("Ines\x1b[D\r");
    terminal.wait_for_text("arrow has no meaning");
    terminal.press("Zoë Märtens\r");
    terminal.wait_for_text("Your team");
    terminal.press("pay\"ments\r");
    terminal.wait_for_text("Your services");
    terminal.press("checkout, ledger, checkout\r");
    terminal.wait_for_text("is there twice");
    terminal.press("checkout, ledger\r");
    terminal.wait_for_text("Colours");
    terminal.press("drak\r");
    terminal.wait_for_text("did you mean dark?");
    terminal.press("light\r");
    assert!(terminal.wait_for_end().success());
    let file = store.folder.path().join("redphone/config.toml");
    let text = fs::read_to_string(file).unwrap();
    for line in ["user = \"zoe\"", "theme = \"light\"", "name = \"Zoë Märtens\"", "#store = "] {
        assert!(text.contains(line), "{line}: {text}");
    }
    let checked = store.run(&["config", "check"]);
    assert!(checked.status.success(), "{checked:?}");
    let shown = String::from_utf8(store.run(&["config", "show"]).stdout).unwrap();
    for value in ["ledger", "checkout", "pay\\\"ments", "light"] {
        assert!(shown.contains(value), "{value}: {shown}");
    }
}

#[test]
fn questions_that_end_early_write_nothing() {
    let store = Store::empty();
    let mut terminal = store.terminal(&["config", "init"], 80, 24);
    terminal.wait_for_text("Your name");
    terminal.press("\x04");
    assert!(!terminal.wait_for_end().success());
    assert!(terminal.text().contains("nothing was written"), "{}", terminal.text());
    assert!(!store.folder.path().join("redphone/config.toml").exists());
}

#[test]
fn empty_store_leads_to_the_settings_and_back() {
    let store = Store::empty();
    let mut terminal = store.open(100, 30);
    terminal.wait_for_text("nothing has happened here yet");
    terminal.press(",");
    terminal.wait_for_text("Your name");
    terminal.press("Ines Moreau\r");
    terminal.wait_for_text("Your team");
    terminal.press("\r");
    terminal.wait_for_text("Your services");
    terminal.press("search\r");
    terminal.wait_for_text("Colours");
    terminal.press("\r");
    terminal.wait_for_text("nothing has happened here yet");
    assert!(store.folder.path().join("redphone/config.toml").exists());
    terminal.press("q");
    assert!(terminal.wait_for_end().success());
}
