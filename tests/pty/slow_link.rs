//! The panes at the end of a slow link: 9,600 baud, and 300 ms in each direction.

use std::time::{Duration, Instant};

use super::store::Store;
use crate::support::terminal::{Link, Terminal};

const SLOW: Link = Link { bytes_a_second: 960, delay: Duration::from_millis(300) };

/// Returns the row of the screen whose incident is selected.
fn selected_row(screen: &vt100::Screen) -> Option<usize> {
    screen.contents().lines().position(|line| line.contains("▌ "))
}

#[test]
fn screen_rests_soon_after_a_key_is_let_go() {
    let store = Store::empty();
    for number in 1..=16 {
        store.declare(&format!("Fault number {number}"), "checkout", "low", "low");
    }
    let mut terminal = Terminal::start_remote(store.command(), 126, 36, SLOW);
    // The first frame alone is on its way for ten seconds.
    terminal.wait_for_text("most urgent first");
    terminal.settle(Duration::from_secs(4));
    let before = selected_row(terminal.screen());
    for key in ["j", "k"].repeat(4) {
        terminal.hold(key, 15, Duration::from_millis(33));
    }
    let (released, written) = (Instant::now(), terminal.written.len());
    let (mut row, mut bytes, mut rested) = (selected_row(terminal.screen()), 0, released);
    // The last output is the detail of the selected incident.
    while terminal.last_output.max(released).elapsed() < Duration::from_secs(3) {
        terminal.watch(Duration::from_millis(20));
        let now = selected_row(terminal.screen());
        if std::mem::replace(&mut row, now) != now {
            (bytes, rested) = (terminal.written.len() - written, Instant::now());
        }
    }
    assert_eq!(row, before, "{}", terminal.text());
    let all = terminal.written.len() - written;
    println!("the selection rests after {:?} and {bytes} bytes; {all} in all", rested - released);
    // Two seconds, without the way of the key and of the last frame.
    assert!(bytes <= 1344, "{bytes} bytes");
    terminal.press("\x03");
    terminal.wait_for_end();
}
