//! Answers of the terminal that nobody waits for are never keys, in whatever pieces they come.

use std::time::Duration;

use rstest::rstest;

use super::store::Store;
use crate::support::terminal::Terminal;

/// One of each kind: DCS, OSC ended by BEL and by ST, CSI, APC.
const ANSWERS: [&str; 8] = [
    "\x1bP>|foot(1.16.2)\x1b\\",
    "\x1b]11;rgb:1010/1212/1818\x07",
    "\x1b]4;1;rgb:cdcd/0000/0000\x1b\\",
    "\x1b]52;c;YWNrbm93bGVkZ2U=\x07",
    "\x1b[>41;354;0c",
    "\x1b[?62;22;52c",
    "\x1b[12;40R",
    "\x1b_Gi=31;OK\x1b\\",
];

/// The time between two pieces.
const APART: Duration = Duration::from_millis(15);

/// Sends all answers, each whole and in three pieces.
///
/// No piece is `ESC` alone: without its rest it is the key, and a busy machine may delay the rest
/// for longer than the panes wait. The tests of the splitter cut there, with a clock of their own.
fn answer(terminal: &mut Terminal) {
    for answer in ANSWERS {
        terminal.press(answer);
        let third = answer.len() / 3;
        for cuts in [(third, 2 * third), (2, 3), (2, answer.len() - 1)] {
            assert!(cuts.0 > 1, "{answer:?}");
            for piece in [&answer[..cuts.0], &answer[cuts.0..cuts.1], &answer[cuts.1..]] {
                terminal.press(piece);
                terminal.watch(APART);
            }
        }
    }
}

fn count_events(store: &Store) -> usize {
    let count = |number: &str| store.shown(number)["timeline"].as_array().map_or(0, Vec::len);
    ["INC-1", "INC-2", "INC-3"].map(count).iter().sum()
}

#[rstest]
#[case::queue("", "Cards fail")]
#[case::picker("t", "investigating")]
#[case::help("?", "acknowledge")]
#[case::filter("/", "Cards fail")]
#[case::palette(":", "own it: assign it to me")]
#[case::goto("g", "Cards fail")]
fn answers_do_nothing(#[case] keys: &str, #[case] shown: &str) {
    let store = Store::filled();
    let before = count_events(&store);
    let mut terminal = store.open(126, 36);
    terminal.wait_for_text("Reported");
    terminal.press(keys);
    terminal.wait_for_text(shown);
    terminal.settle(Duration::from_millis(200));
    answer(&mut terminal);
    // The text typed afterwards is the only effect: a note on the selected incident.
    terminal.press("\x1b");
    terminal.watch(Duration::from_millis(100));
    terminal.press("n");
    terminal.wait_for_text("Note on INC-1");
    terminal.press("after all answers");
    answer(&mut terminal);
    terminal.press(" and more\x13");
    terminal.wait_for_text("INC-1 noted");
    let record = store.shown("INC-1");
    assert!(record.to_string().contains("\"after all answers and more\""), "{record}");
    assert_eq!(count_events(&store), before + 1);
    terminal.press("\x03");
    terminal.wait_for_end();
}

#[test]
fn answers_do_not_end_the_wall() {
    let store = Store::filled();
    let mut command = store.command();
    command.arg("wall");
    let mut terminal = Terminal::start(command, 126, 36);
    terminal.wait_for_text("Cards fail");
    answer(&mut terminal);
    store.declare("No logins", "auth", "high", "high");
    terminal.wait_for_text("N E W   P 1");
    terminal.press("q");
    assert!(terminal.wait_for_end().success());
}

#[test]
fn escape_and_the_next_key_in_one_write_are_both_pressed() {
    let store = Store::filled();
    let mut terminal = store.open(126, 36);
    terminal.wait_for_text("Reported");
    terminal.press("/zzz");
    terminal.wait_for("an empty queue", |screen| !screen.contents().contains("Slow find"));
    terminal.press("\x1bn");
    terminal.wait_for_text("Note on INC-1");
}
