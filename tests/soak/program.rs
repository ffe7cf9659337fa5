//! The wall of the real program in a terminal, on a company that lives fast: each hour is some
//! seconds, in which as much happens as else in an hour.

use std::time::Duration;

use portable_pty::CommandBuilder;

use crate::support::program;
use crate::support::sample::Sample;
use crate::support::terminal::Terminal;

/// How long an hour is.
const HOUR: Duration = Duration::from_secs(3);
/// How many times as much happens: an hour in [`HOUR`].
const SPEED: &str = "1000";
/// How much memory may grow after the first hour, in KiB.
const GROWTH_KIB: u64 = 48 * 1024;

/// Returns the resident memory of a process in KiB; `None` where the system does not report it.
fn resident_kib(process: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = text.lines().find(|line| line.starts_with("VmRSS"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
fn wall_of_the_real_program_needs_no_more_memory_with_time() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = CommandBuilder::new(program());
    command.env_clear();
    command.env("HOME", folder.path());
    command.env("TERM", "xterm-256color");
    command.env("REDPHONE_USER", "ines");
    command.args(["demo", "--wall", "--incidents", "400", "--seed", "3", "--speed", SPEED]);
    let mut terminal = Terminal::start(command, 126, 36);
    terminal.wait_for_text("P1 open");
    let (mut first, mut hours) = (None, 0);
    for hour in Sample::new("REDPHONE_WALL_HOURS", 2).rounds(2) {
        terminal.watch(HOUR);
        hours = hour + 1;
        if hours == 1 {
            first = resident_kib(terminal.process());
            terminal.written.clear();
        }
    }
    assert!(terminal.written.len() > 1000, "something happens on the wall");
    if let (Some(first), Some(last)) = (first, resident_kib(terminal.process())) {
        println!("resident after 1 h {first} KiB, after {hours} h {last} KiB");
        assert!(last < first + GROWTH_KIB, "{first} KiB have become {last}");
    }
    terminal.press("q");
    assert!(terminal.wait_for_end().success());
}
