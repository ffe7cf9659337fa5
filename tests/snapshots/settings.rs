//! Settings that are wrong, and settings that change while the panes run.

use redphone::config::panes::{Binding, KeyText};
use redphone::config::reload::Changed;
use redphone::config::{PanesSettings, Place, Reload};
use redphone::model::Rules;
use redphone::tui::Options;
use redphone::tui::message::Message;
use redphone::tui::theme::Depth;

use crate::support::company;
use crate::support::stage::{Stage, options};

fn warned(size: (u16, u16)) -> Stage {
    let warnings = vec!["config.toml:1: one".into(), "config.toml:2: \u{1b}two".into()];
    let options = Options { warnings, ..options() };
    let mut stage = Stage::with(company::busy(company::now()), size, Depth::Indexed, options);
    stage.send(Message::Started);
    stage.connect();
    stage
}

fn bound(action: &str, key: &str) -> PanesSettings {
    let place = Place::whole(&std::path::Path::new("config.toml").into());
    let key = KeyText { text: key.into(), place: place.clone() };
    let binding = Binding { action: action.into(), place, keys: vec![key] };
    PanesSettings { keys: vec![binding], ..PanesSettings::default() }
}

fn changed(panes: PanesSettings) -> Message {
    let changed = Changed {
        panes,
        profiles: Vec::new(),
        rules: Rules::default(),
        warnings: Vec::new(),
        later: Vec::new(),
    };
    Message::Config(Box::new(Reload::Changed(Box::new(changed))))
}

#[test]
fn a_warning_stays_until_a_key_is_pressed() {
    let mut stage = warned((126, 36));
    stage.pass(30);
    assert!(stage.screen().contains("config.toml:1: one · 1 more · redphone config check"));
    stage.keys("j");
    assert!(!stage.screen().contains("config.toml"));
}

#[test]
fn all_warnings_can_be_read_on_a_small_screen_too() {
    let mut stage = warned((40, 12));
    assert!(stage.screen().contains("config.toml:1: one"));
    stage.keys("!");
    let screen = stage.screen();
    assert!(
        screen.contains("config.toml:1: one") && screen.contains("config.toml:2: ␛two"),
        "{screen}"
    );
}

#[test]
fn changed_keys_hold_at_once_and_what_is_wrong_with_them_is_told() {
    let mut stage = Stage::open(company::busy(company::now()), (126, 36));
    stage.send(changed(bound("acknowledge", "H")));
    assert!(stage.screen().contains("settings read again"));
    stage.keys("1");
    assert!(stage.screen().contains("H ack"));
    stage.keys("H");
    assert_eq!(stage.submitted.len(), 1);
    stage.send(changed(bound("acknowledge", "o")));
    assert!(stage.screen().contains("that is a key of own too"));
    stage.keys("1");
    assert!(stage.screen().contains("a ack"));
}

#[test]
fn settings_that_can_not_be_read_change_nothing() {
    let mut stage = Stage::open(company::busy(company::now()), (126, 36));
    stage.send(changed(bound("own", "Y")));
    stage.send(Message::Config(Box::new(Reload::Kept("config.toml:3: broken".into()))));
    assert!(stage.screen().contains("config.toml:3: broken · settings stay as they were"));
    stage.keys("1");
    assert!(stage.screen().contains("Y own"));
}
