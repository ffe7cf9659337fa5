//! Remakes the pictures in `screenshots/` from the real program:
//! `cargo build --release && cargo run --release --example screenshots`.

mod support;

mod screenshots {
    pub mod draw;
}

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};
use std::time::Duration;

use portable_pty::CommandBuilder;

use screenshots::draw;
use support::terminal::Terminal;

/// File name, columns, rows, and the keys that open the screen.
const PICTURES: &[(&str, u16, u16, &[&str])] = &[
    ("main", 126, 36, &[]),
    ("queue", 126, 36, &["z"]),
    ("detail", 126, 36, &["2", "z"]),
    ("timeline", 126, 36, &["3", "z"]),
    ("metrics", 126, 36, &["4", "z"]),
    (
        "note",
        126,
        36,
        &["n", "Rolled checkout back to the last good build.\rWatching the error rate."],
    ),
    ("help", 126, 36, &["?"]),
    ("palette", 126, 36, &[":", "as"]),
    ("wide", 200, 60, &[]),
    ("wall", 126, 36, &["w"]),
    ("small", 80, 24, &[]),
    ("narrow", 60, 24, &[]),
];

/// The screenshot of panes whose API is unreachable.
const OFFLINE: &str = "offline";

fn program() -> PathBuf {
    let example = std::env::current_exe().expect("this program has a path");
    let target =
        example.parent().and_then(Path::parent).expect("it stands in target/PROFILE/examples");
    target.join("redphone")
}

fn main() -> Result<(), String> {
    let fonts = draw::Fonts::load()?;
    let program = program();
    if !program.exists() {
        return Err(format!("{} is missing: build it first", program.display()));
    }
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("screenshots");
    std::fs::create_dir_all(&folder).map_err(|e| e.to_string())?;
    for (name, columns, rows, keys) in PICTURES {
        if !wanted.is_empty() && !wanted.iter().any(|w| w == name) {
            continue;
        }
        let mut command = CommandBuilder::new(&program);
        command.args(["demo", "--seed", "7"]);
        command.env("TERM", "xterm-256color");
        command.env("COLORTERM", "truecolor");
        command.env("LANG", "C.UTF-8");
        command.env("TZ", "UTC");
        command.env_remove("NO_COLOR");
        let mut terminal = Terminal::start(command, *columns, *rows);
        terminal.wait_for("the queue", |screen| screen.contents().contains("INC"));
        terminal.settle(Duration::from_millis(1200));
        for key in *keys {
            terminal.press(key);
            terminal.settle(Duration::from_millis(500));
        }
        if *name == "wall" {
            // Pages change with time: wait, so that the picture always shows the same one.
            while !terminal.text().contains("Response") {
                terminal.watch(Duration::from_secs(1));
            }
        }
        let path = folder.join(format!("{name}.png"));
        draw::save(terminal.screen(), &fonts, &path).map_err(|e| e.to_string())?;
        println!("{}", path.display());
        terminal.signal("TERM");
        terminal.wait_for_end();
    }
    if wanted.is_empty() || wanted.iter().any(|wanted| wanted == OFFLINE) {
        let path = folder.join(format!("{OFFLINE}.png"));
        offline(&program, &fonts, &path).map_err(|error| error.to_string())?;
        println!("{}", path.display());
    }
    Ok(())
}

/// Draws the outbox after an acknowledgement and a note that could not be sent.
fn offline(program: &Path, fonts: &draw::Fonts, path: &Path) -> std::io::Result<()> {
    let home = tempfile::tempdir()?;
    let mut server = Process::new(program)
        .args(["demo", "--seed", "7", "--speed", "0", "--serve"])
        .env("TZ", "UTC")
        .stdout(Stdio::piped())
        .spawn()?;
    let stdout = server.stdout.take().map(BufReader::new);
    let line = stdout.into_iter().flat_map(BufRead::lines).nth(1).transpose()?.unwrap_or_default();
    let mut command = CommandBuilder::new(program);
    command.args(line.split_whitespace().skip(1));
    for name in ["XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"] {
        command.env(name, home.path());
    }
    command.env("TERM", "xterm-256color");
    command.env("COLORTERM", "truecolor");
    command.env("LANG", "C.UTF-8");
    command.env("TZ", "UTC");
    command.env_remove("NO_COLOR");
    let mut terminal = Terminal::start(command, 126, 36);
    terminal.wait_for_text("live");
    terminal.settle(Duration::from_millis(1200));
    server.kill()?;
    server.wait()?;
    terminal.wait_for_text("offline since");
    for key in ["a", "n", "Rolled checkout back to v811.", "\x13", "O"] {
        terminal.press(key);
        terminal.settle(Duration::from_millis(500));
    }
    let drawn = draw::save(terminal.screen(), fonts, path);
    terminal.signal("TERM");
    terminal.wait_for_end();
    drawn.map_err(std::io::Error::other)
}
