//! Terminal control sequences: clipboard, notifications, synchronized frames, repeated keys.

use std::time::Duration;

use redphone::backend::Backend;
use redphone::backend::file::FileStore;
use redphone::model::Impact;
use redphone::model::command::Declaration;

use super::store::Store;
use crate::support::commands::declaration;
use crate::support::requests::declare_as;
use crate::support::store::options;
use crate::support::terminal::Terminal;

const BEGIN: &str = "\u{1b}[?2026h";

/// Opens the panes with additional environment variables.
fn opened(store: &Store, variables: &[(&str, &str)]) -> Terminal {
    let mut command = store.command();
    for name in ["TMUX", "STY", "TERM_PROGRAM", "LC_TERMINAL", "KITTY_WINDOW_ID", "WT_SESSION"] {
        command.env_remove(name);
    }
    for (name, value) in variables {
        command.env(name, value);
    }
    let mut terminal = Terminal::start(command, 126, 36);
    terminal.wait_for_text("Cards fail");
    terminal.wait_for_text("Timeline");
    terminal
}

fn written(terminal: &Terminal) -> String {
    String::from_utf8_lossy(&terminal.written).into_owned()
}

/// `Cards fail` in base64.
const COPIED: &str = "]52;c;Q2FyZHMgZmFpbA==\u{7}";

#[test]
fn clipboard_sequence_is_written_between_two_frames() {
    let store = Store::filled();
    let mut terminal = opened(&store, &[]);
    terminal.press("y");
    terminal.wait_for_text("Copy of INC-1");
    terminal.press("t");
    terminal.wait_for_written(&format!("\u{1b}{COPIED}"));
    terminal.wait_for_text("copied the title");
    for frame in written(&terminal).split(BEGIN).skip(1) {
        let inside = frame.split("\u{1b}[?2026l").next().expect("a frame");
        assert!(!inside.contains("]52;"), "{inside:?}");
    }
}

#[test]
fn tmux_passes_the_clipboard_sequence_through() {
    let store = Store::filled();
    let mut terminal = opened(&store, &[("TMUX", "/tmp/tmux-0/default,1,0")]);
    terminal.press("y");
    terminal.wait_for_text("Copy of INC-1");
    terminal.press("t");
    terminal.wait_for_written(&format!("\u{1b}Ptmux;\u{1b}\u{1b}{COPIED}\u{1b}\\"));
    assert!(written(&terminal).contains(&format!("\u{1b}{COPIED}")));
}

#[test]
fn new_p1_rings_and_notifies_and_an_old_one_does_not() {
    let store = Store::filled();
    let mut terminal = opened(&store, &[("TERM_PROGRAM", "iTerm.app")]);
    store.declare("No logins", "auth", "high", "high");
    terminal.wait_for_written("\u{7}\u{1b}]9;P1 INC-4 unowned: No logins\u{7}");
    let text = written(&terminal);
    assert_eq!(text.matches("]9;").count(), 1);
    assert_eq!(text.matches('\u{7}').count(), 2);
}

#[test]
fn unrecognized_terminal_only_rings() {
    let store = Store::filled();
    let mut terminal = opened(&store, &[]);
    store.declare("A lamp is out", "lights", "low", "low");
    terminal.wait_for_text("A lamp is");
    assert!(!written(&terminal).contains('\u{7}'));
    store.declare("No logins", "auth", "high", "high");
    terminal.wait_for_written("\u{7}");
    assert!(!written(&terminal).contains("\u{1b}]9;"));
}

#[test]
fn frames_are_synchronized_unless_terminal_or_setting_forbids() {
    let store = Store::filled();
    for (variables, marks) in [
        (vec![], true),
        (vec![("TERM", "linux")], false),
        (vec![("REDPHONE_SYNC", "0")], false),
        (vec![("REDPHONE_LOW_BANDWIDTH", "1")], false),
    ] {
        let mut terminal = opened(&store, &variables);
        terminal.press("j");
        terminal.wait_for_text("2/3");
        let text = written(&terminal);
        assert_eq!(text.contains(BEGIN), marks, "{variables:?}");
        terminal.press("q");
        assert!(terminal.wait_for_end().success());
        assert!(terminal.is_given_back(), "{variables:?}");
    }
}

#[test]
fn colours_match_the_terminal_depth() {
    let store = Store::filled();
    let full = "\u{1b}[38;2;";
    for (variables, expected) in [
        (
            vec![("COLORTERM", "truecolor"), ("REDPHONE_THEME", "colorblind")],
            "\u{1b}[38;2;86;180;233",
        ),
        (vec![], "\u{1b}[38;5;80"),
        (vec![("REDPHONE_THEME", "light")], "\u{1b}[38;5;24"),
        (vec![("TERM", "linux")], "\u{1b}[36"),
        (vec![("NO_COLOR", "1")], "\u{1b}[7m"),
        (vec![("NO_COLOR", "1"), ("REDPHONE_DEPTH", "256")], "\u{1b}[38;5;80"),
    ] {
        let terminal = opened(&store, &variables);
        let text = written(&terminal);
        assert!(text.contains(expected), "{variables:?}");
        assert_eq!(text.contains(full), expected.starts_with(full), "{variables:?}");
        if variables == [("NO_COLOR", "1")] {
            assert!(!text.contains("38;5;") && !text.contains(";49m"), "{text:?}");
        }
    }
}

/// Returns a store with this number of open incidents.
fn with_open(count: usize) -> Store {
    let store = Store::empty();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let opened = FileStore::open(&store.file(), options()).await.expect("a store");
        for index in 0..count {
            let declaration = Declaration {
                impact: Impact::Medium,
                urgency: Impact::Low,
                ..declaration(format!("Cards fail {index}"))
            };
            let (_, envelope) = declare_as(declaration);
            opened.execute(&envelope).await.expect("it is declared");
        }
        opened.close().await;
    });
    store
}

#[test]
fn repeated_key_ends_on_the_right_row() {
    let store = with_open(160);
    let mut terminal = opened(&store, &[]);
    terminal.wait_for_text("1/160");
    // A key that is held for five seconds, at 30 repetitions a second.
    terminal.hold("j", 150, Duration::from_micros(33_333));
    terminal.wait_for_text("151/160");
    terminal.press("G");
    terminal.wait_for_text("160/160");
}

/// What a terminal reads may be cut in the middle of a frame.
#[test]
fn screen_is_read_at_the_end_of_a_frame() {
    let mut command = portable_pty::CommandBuilder::new("sh");
    let half = "printf '\\033[?2026hfirst'; read key; printf ' second\\033[?2026l'; read key";
    command.args(["-c", half]);
    let mut terminal = Terminal::start(command, 80, 24);
    terminal.wait_for_written("first");
    terminal.press("\r");
    terminal.wait_for_text("first");
    assert!(terminal.text().contains("second"), "{}", terminal.text());
    terminal.press("\r");
    terminal.wait_for_end();
}

/// Keys that arrive while the program is blocked share one frame, on any machine.
#[test]
fn keys_typed_while_blocked_lag_one_frame_at_most() {
    let store = with_open(160);
    let mut terminal = opened(&store, &[]);
    terminal.wait_for_text("1/160");
    terminal.settle(Duration::from_millis(300));
    terminal.signal("STOP");
    terminal.press(&"j".repeat(120));
    let before = terminal.written.len();
    terminal.signal("CONT");
    terminal.wait_for_text("121/160");
    let text = String::from_utf8_lossy(&terminal.written[before..]).into_owned();
    let positions: std::collections::BTreeSet<&str> =
        text.match_indices("/160").filter_map(|(at, _)| text[..at].rsplit(' ').next()).collect();
    let frames = text.matches(BEGIN).count();
    // After SIGCONT everything is drawn again, then once with the keys. There are some more frames on
    // a machine on which reading the keys takes long; a frame for each key would be 120.
    assert!(frames <= 8, "{frames} frames, at {positions:?}");
}
