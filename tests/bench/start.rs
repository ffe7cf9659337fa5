//! The real program on a large store: start, memory, idling, and a burst of keys.
//!
//! `REDPHONE_BENCH_INCIDENTS` sets the size (1,000,000), `REDPHONE_BENCH_IDLE_S` how long idling is
//! watched (60). Stores are made once, in `target/bench/`.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use portable_pty::CommandBuilder;

use super::report::{median, row, setting};
use crate::support::program;
use crate::support::terminal::Terminal;

fn store(incidents: u64) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench");
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join(format!("demo-{incidents}.db"));
    if !file.exists() {
        let began = Instant::now();
        let made = folder.join(format!("making-{incidents}.db"));
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{end}", made.display()));
        }
        let status = Command::new(program())
            .args(["demo", "--seed", "7", "--seed-only", "--incidents", &incidents.to_string()])
            .arg("--keep")
            .arg(&made)
            .status()
            .expect("it runs");
        assert!(status.success(), "the store of {incidents} is made");
        remove_policies(&made);
        std::fs::rename(&made, &file).expect("a store");
        println!("made a store of {incidents} in {:.1} s", began.elapsed().as_secs_f64());
    }
    file
}

/// Removes the escalation policies: the panes would call the levels of open incidents that are due, and
/// what is measured is a program that has nothing to do.
fn remove_policies(store: &Path) {
    let conn = rusqlite::Connection::open(store).expect("a store");
    let sql = "UPDATE directory SET body = json_remove(body, '$.policies')";
    assert_eq!(conn.execute(sql, []).expect("a directory"), 1);
}

fn open(store: &Path, columns: u16, rows: u16) -> Terminal {
    opened(store, &[], columns, rows)
}

fn opened(store: &Path, arguments: &[&str], columns: u16, rows: u16) -> Terminal {
    let mut command = CommandBuilder::new(program());
    command.arg("--store");
    command.arg(store);
    command.args(arguments);
    command.env("REDPHONE_USER", "bench");
    command.env("XDG_STATE_HOME", store.parent().expect("a folder"));
    command.env("TERM", "xterm-256color");
    command.env("LANG", "C.UTF-8");
    command.env("TZ", "UTC");
    Terminal::start(command, columns, rows)
}

fn has_queue(screen: &vt100::Screen) -> bool {
    let text = screen.contents();
    text.contains("P1 ")
        && text.contains("unacknowledged")
        && text.lines().filter(|l| l.contains(" P1 ") || l.contains(" P2 ")).count() > 3
}

/// Returns whether all four panes show their content.
fn is_full(screen: &vt100::Screen) -> bool {
    let text = screen.contents();
    has_queue(screen)
        && text.contains("Owner")
        && text.contains("newest")
        && text.contains("MTTR")
        && text.contains("by day")
}

fn leave(mut terminal: Terminal) {
    terminal.press("q");
    assert!(terminal.wait_for_end().success());
}

/// Milliseconds from the start of the process to the queue, and to all four panes; medians.
fn start_times(store: &Path, runs: usize) -> (f64, f64) {
    let mut queue = Vec::new();
    let mut full = Vec::new();
    for _ in 0..runs {
        let began = Instant::now();
        let mut terminal = open(store, 126, 36);
        terminal.wait_for("the queue", has_queue);
        queue.push(terminal.last_output.duration_since(began).as_secs_f64() * 1e3);
        terminal.wait_for("all panes", is_full);
        full.push(terminal.last_output.duration_since(began).as_secs_f64() * 1e3);
        terminal.settle(Duration::from_millis(200));
        leave(terminal);
    }
    (median(&mut queue), median(&mut full))
}

fn field(text: &str, name: &str) -> u64 {
    let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).unwrap_or(0)
}

/// Returns the processor time so far in milliseconds, and how often each thread has slept.
fn used(process: u32) -> (u64, HashMap<OsString, u64>) {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("it runs");
    let after = stat.rsplit(')').next().unwrap_or_default();
    let part =
        |n: usize| after.split_whitespace().nth(n).and_then(|t| t.parse().ok()).unwrap_or(0_u64);
    let mut sleeps = HashMap::new();
    for task in std::fs::read_dir(format!("/proc/{process}/task")).expect("threads").flatten() {
        let status = std::fs::read_to_string(task.path().join("status")).unwrap_or_default();
        sleeps.insert(task.file_name(), field(&status, "voluntary_ctxt_switches"));
    }
    // A tick is 10 ms wherever Linux runs today.
    ((part(11) + part(12)) * 10, sleeps)
}

/// Watches a program without input. `share` is how much of a core it may use, in percent.
#[allow(clippy::cast_precision_loss)]
fn idle(name: &str, share: f64, terminal: &mut Terminal) {
    let watched = setting("REDPHONE_BENCH_IDLE_S", 60);
    let written = terminal.written.len();
    let before = used(terminal.process());
    terminal.watch(Duration::from_secs(watched));
    let after = used(terminal.process());
    let used = (after.0 - before.0) as f64 / (watched as f64 * 10.0);
    // A thread that has ended meanwhile counts for nothing.
    let slept = |(thread, sleeps): (&OsString, &u64)| {
        sleeps.saturating_sub(before.1.get(thread).copied().unwrap_or(0))
    };
    let wakes = after.1.iter().map(slept).sum::<u64>() as f64 / watched as f64;
    row(
        &format!("{name} {watched} s: share of one core"),
        &format!("{used:.3} %"),
        &format!("<= {share} %"),
        used <= share,
    );
    row("  wake-ups a second", &format!("{wakes:.2}"), "<= 2", wakes <= 2.0);
    println!("{:<58} {:>16}", "  bytes written", terminal.written.len() - written);
}

#[allow(clippy::cast_precision_loss)]
pub fn run() {
    let incidents = setting("REDPHONE_BENCH_INCIDENTS", 1_000_000);
    let (large, small) = (store(incidents), store(1000));
    let _ = start_times(&large, 2);
    let (small_queue, small_full) = start_times(&small, 15);
    let (large_queue, large_full) = start_times(&large, 15);
    println!("\n{incidents} incidents; medians of 15 starts, 126×36\n");
    // The queue can be read before the frame is full.
    println!("{:<58} {:>16}", "process start to the queue", format!("{large_queue:.1} ms"));
    let ratio = large_queue / small_queue;
    let figure = format!("{ratio:.2}x of {small_queue:.1} ms");
    println!("{:<58} {figure:>16}", "  against a store of 1,000");
    let figure = format!("{large_full:.1} ms");
    row("process start to the first full frame", &figure, "<= 60 ms", large_full <= 60.0);
    let ratio = large_full / small_full;
    let figure = format!("{ratio:.2}x of {small_full:.1} ms");
    row("  against a store of 1,000", &figure, "<= 1.5x", ratio <= 1.5);

    let mut terminal = open(&large, 126, 36);
    terminal.wait_for("all panes", is_full);
    terminal.settle(Duration::from_secs(3));
    let status =
        std::fs::read_to_string(format!("/proc/{}/status", terminal.process())).expect("it runs");
    let resident = field(&status, "VmRSS") as f64 / 1024.0;
    let peak = field(&status, "VmHWM") as f64 / 1024.0;
    row("resident memory, open", &format!("{resident:.1} MiB"), "<= 48 MiB", resident <= 48.0);
    row("  at its peak", &format!("{peak:.1} MiB"), "<= 48 MiB", peak <= 48.0);

    idle("idle", 0.2, &mut terminal);
    leave(terminal);

    let mut terminal = opened(&large, &["wall"], 200, 60);
    terminal.wait_for("the wall", |screen| {
        let text = screen.contents();
        text.contains("P1 and P2") && text.contains("INC-") && !text.contains("computing")
    });
    terminal.settle(Duration::from_secs(3));
    idle("the wall, 200×60, for", 0.2, &mut terminal);
    leave(terminal);

    let mut terminal = open(&large, 120, 40);
    terminal.wait_for("all panes", is_full);
    terminal.settle(Duration::from_secs(1));
    let written = terminal.written.len();
    let began = Instant::now();
    terminal.press(&"j".repeat(300));
    let elapsed_ms =
        terminal.settle(Duration::from_millis(700)).duration_since(began).as_secs_f64() * 1e3;
    let kilobytes = (terminal.written.len() - written) as f64 / 1024.0;
    row(
        "300 keys at once, 120×40: until the screen rests",
        &format!("{elapsed_ms:.0} ms"),
        "<= 500 ms",
        elapsed_ms <= 500.0,
    );
    row("  bytes", &format!("{kilobytes:.1} KB"), "<= 120 KB", kilobytes <= 120.0);
    leave(terminal);
}
