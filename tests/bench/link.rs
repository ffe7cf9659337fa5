//! The load of a link: how far a held key lags, and the bytes of an active company without keys.
//!
//! `REDPHONE_BENCH_LINK_S` sets how long the company is watched (60).

use std::time::{Duration, Instant};

use portable_pty::CommandBuilder;

use super::report::{row, setting};
use crate::support::program;
use crate::support::terminal::Terminal;

/// Starts a demo with these arguments, and waits until it has been drawn.
fn demo(arguments: &[&str]) -> Terminal {
    let mut command = CommandBuilder::new(program());
    command.args(["demo", "--seed", "7"]);
    command.args(arguments);
    command.env("TERM", "xterm-256color");
    command.env("LANG", "C.UTF-8");
    command.env("TZ", "UTC");
    for name in ["COLORTERM", "NO_COLOR", "TMUX", "STY"] {
        command.env_remove(name);
    }
    let mut terminal = Terminal::start(command, 126, 36);
    terminal.wait_for_text("by day");
    terminal.settle(Duration::from_millis(500));
    terminal
}

/// Thirty keys a second for five seconds, down and up in turn: how long after each key the screen
/// shows its row.
fn repeated_key() {
    let mut terminal = demo(&["--speed", "0"]);
    let apart = Duration::from_micros(33_333);
    let began = Instant::now();
    let written = terminal.written.len();
    let mut lags = Vec::new();
    for key in 0..150_usize {
        let down = key / 15 % 2 == 0;
        let position = if down { 1 + key % 15 + 1 } else { 1 + 15 - key % 15 - 1 };
        let due = began + apart * u32::try_from(key).unwrap_or(0);
        terminal.watch(due.saturating_duration_since(Instant::now()));
        let pressed = Instant::now();
        terminal.press(if down { "j" } else { "k" });
        terminal.wait_for_text(&format!(" {position}/"));
        lags.push(terminal.last_output.duration_since(pressed));
    }
    let elapsed = began.elapsed();
    lags.sort();
    let show = |lag: Duration| format!("{:.1} ms", lag.as_secs_f64() * 1e3);
    let (median, longest) = (lags[lags.len() / 2], lags[lags.len() - 1]);
    println!("{:<58} {:>16}", "a key held at 30/s for 5 s: lag, median", show(median));
    // A frame takes 16 ms; the rest is for the machine.
    let holds = longest <= Duration::from_millis(33);
    row("  lag, longest", &show(longest), "<= 33 ms", holds);
    row("  the last key was shown after", &show(elapsed), "<= 5.05 s", elapsed.as_millis() <= 5050);
    terminal.settle(Duration::from_millis(300));
    println!("{:<58} {:>16}", "  bytes", terminal.written.len() - written);
}

fn by_itself(seconds: u64) {
    let mut bytes = [0, 0];
    let arguments: [&[&str]; 2] = [&["--speed", "5"], &["--speed", "5", "--low-bandwidth"]];
    let mut terminals = arguments.map(demo);
    let before = [terminals[0].written.len(), terminals[1].written.len()];
    let ends = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < ends {
        for terminal in &mut terminals {
            terminal.watch(Duration::from_millis(100));
        }
    }
    for (index, terminal) in terminals.iter().enumerate() {
        bytes[index] = terminal.written.len() - before[index];
    }
    let [normal, low] = bytes;
    println!("{:<58} {normal:>16}", format!("a busy company for {seconds} s: bytes"));
    row("  with --low-bandwidth", &low.to_string(), "fewer", low < normal);
}

pub fn run() {
    repeated_key();
    by_itself(setting("REDPHONE_BENCH_LINK_S", 60));
}
