//! Invalid settings, and settings that change while the panes run.

use crossterm::event::{KeyCode, KeyModifiers};
use redphone::backend::BackendError;
use redphone::config::panes::{Binding, Column, KeyText, Notify, Template};
use redphone::config::pattern::Pattern;
use redphone::config::reload::Changed;
use redphone::config::{FilePosition, PanesSettings, Reload};
use redphone::model::Rules;
use redphone::sync::{BackendUpdate, ConnectionState};
use redphone::tui::Options;
use redphone::tui::core::message::Message;
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

pub fn bound(action: &str, key: &str) -> PanesSettings {
    let position = FilePosition::entire_file(&std::path::Path::new("config.toml").into());
    let key = KeyText { text: key.into(), position: position.clone() };
    let binding = Binding { action: action.into(), position, keys: vec![key] };
    PanesSettings { keys: vec![binding], ..PanesSettings::default() }
}

fn changed(panes: PanesSettings) -> Message {
    let changed = Changed {
        panes,
        profiles: Vec::new(),
        unusable_profiles: Vec::new(),
        rules: Rules::default(),
        warnings: Vec::new(),
        needs_restart: Vec::new(),
    };
    Message::Config(Box::new(Reload::Changed(Box::new(changed))))
}

#[test]
fn warning_stays_until_a_key_is_pressed() {
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
fn changed_keys_apply_at_once_and_errors_are_shown() {
    let mut stage = Stage::busy();
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
fn unreadable_settings_change_nothing() {
    let mut stage = Stage::busy();
    stage.send(changed(bound("own", "Y")));
    stage.send(Message::Config(Box::new(Reload::Failed("config.toml:3: broken".into()))));
    assert!(stage.screen().contains("config.toml:3: broken · settings stay as they were"));
    stage.keys("1");
    assert!(stage.screen().contains("Y own"));
}

#[test]
fn templates_columns_and_attention_follow_the_current_file() {
    let mut stage = Stage::busy();
    let mut template = PanesSettings::default().templates[0].clone();
    template.name = "short".into();
    template.text = Pattern::parse("{number} is being worked on.").0;
    let mut panes = PanesSettings {
        columns: vec![Column::Number, Column::Title],
        templates: vec![template.clone(), Template { name: "long".into(), ..template }],
        notify: Notify::off(),
        ..PanesSettings::default()
    };
    stage.send(changed(panes.clone()));
    stage.keys("j k");
    let screen = stage.screen();
    let head = screen.lines().nth(2).expect("the head of the queue");
    assert!(head.contains("INC TITLE") && !head.contains("STATUS"), "{head}");
    stage.keys("U");
    let screen = stage.screen();
    assert!(screen.contains("1  short") && screen.contains("2  long"), "{screen}");
    stage.keys("2");
    assert!(stage.screen().contains("INC-2051 is being worked on."), "{}", stage.screen());
    // The chosen template is removed from the settings: the open form is unchanged.
    panes.templates.truncate(1);
    stage.send(changed(panes));
    assert!(stage.screen().contains("INC-2051 is being worked on."), "{}", stage.screen());
    stage.keys("Esc");
    stage.keys("U");
    assert!(stage.screen().contains("INC-2051 is being worked on."), "{}", stage.screen());
    stage.keys("Esc");
    let (now, high) = (stage.now, redphone::model::Impact::High);
    company::declare(&stage.memory, now, 1, "No logins", "auth", high, high, |_| {});
    stage.refresh();
    assert_eq!(stage.calls, Vec::<String>::new());
}

#[test]
fn messages_name_the_current_keys() {
    let bound = |keys: &[(&str, &str)]| {
        let keys = keys.iter().flat_map(|(action, key)| bound(action, key).keys);
        PanesSettings { keys: keys.collect(), ..PanesSettings::default() }
    };
    let mut stage = Stage::busy();
    stage.send(changed(bound(&[
        ("yes", "F2"),
        ("no", "F3"),
        ("keep", "F4"),
        ("refresh", "F5"),
        ("failure", "F6"),
        ("unfold", "F7"),
        ("resolve", "F8"),
        ("leave", "F9"),
        ("cancel", "F10"),
    ])));
    // In a question.
    stage.keys("* a");
    assert!(stage.screen().contains("F2 yes · F3 no"), "{}", stage.screen());
    stage.key(KeyCode::F(3), KeyModifiers::NONE);
    stage.keys("*");
    // In a form with typed text.
    stage.keys("n x");
    stage.key(KeyCode::F(10), KeyModifiers::NONE);
    let expected = "y drop it · F4 go on writing · k keep it as a draft";
    assert!(stage.screen().contains(expected), "{}", stage.screen());
    stage.keys("y");
    stage.keys("f");
    assert!(stage.screen().contains("F7 unfolds one"), "{}", stage.screen());
    stage.keys("f ?");
    stage.write("qqqqqq");
    assert!(stage.screen().contains("F9 shows all keys"), "{}", stage.screen());
    stage.key(KeyCode::F(9), KeyModifiers::NONE);
    stage.key(KeyCode::F(9), KeyModifiers::NONE);
    // While the backend fails.
    stage.learn(BackendUpdate::Connection(ConnectionState::Failing {
        since: stage.now,
        error: BackendError::Unreachable("it is gone".into()),
        retry_at: stage.now + chrono::TimeDelta::seconds(8),
    }));
    stage.keys("1");
    let screen = stage.screen();
    assert!(screen.contains("F5 now · F6 details"), "{screen}");
    stage.key(KeyCode::F(6), KeyModifiers::NONE);
    assert!(stage.screen().contains("F5 asks now"), "{}", stage.screen());
}

#[test]
fn enter_never_confirms_a_question_whatever_the_settings() {
    let mut stage = Stage::busy();
    for action in ["yes", "discard", "go-now", "leave-now"] {
        stage.send(changed(bound(action, "Enter")));
        let expected =
            format!("keys.{action} is \"Enter\": Enter is pressed before a question is read");
        assert!(stage.screen().contains(&expected), "{}", stage.screen());
    }
    stage.keys("* a Enter");
    assert!(stage.submitted.is_empty());
}
