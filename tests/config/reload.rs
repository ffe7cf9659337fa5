//! The settings file changes while the panes run.

use std::fs;
use std::path::{Path, PathBuf};

use portable_pty::CommandBuilder;
use redphone::config::Reload;

use super::file::read;
use crate::support::cli::{CliFixture, json_lines};
use crate::support::program;
use crate::support::terminal::Terminal;

struct Running {
    cli: CliFixture,
    terminal: Terminal,
}

impl Running {
    /// The panes on a store with one incident and these settings.
    fn with(settings: &str) -> Self {
        let cli = CliFixture::new();
        cli.declare("Cards fail", "checkout");
        let config = cli.path("config/redphone/config.toml");
        fs::create_dir_all(config.parent().unwrap()).unwrap();
        fs::write(&config, settings).unwrap();
        let mut command = CommandBuilder::new(program());
        command.env("REDPHONE_STORE", cli.store());
        command.env("REDPHONE_USER", "ines");
        command.env("XDG_CONFIG_HOME", cli.path("config"));
        command.env("XDG_STATE_HOME", cli.path("state"));
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env_remove("NO_COLOR");
        command.env_remove("REDPHONE_CONFIG");
        let mut terminal = Terminal::start(command, 126, 36);
        terminal.wait_for_text("Cards fail");
        Self { cli, terminal }
    }

    fn config(&self) -> PathBuf {
        self.cli.path("config/redphone/config.toml")
    }

    fn write(&self, text: &str) {
        fs::write(self.config(), text).unwrap();
    }

    fn status(&self) -> String {
        let rows = json_lines(&self.cli.ok(["list", "--json"]));
        rows[0]["status"].as_str().unwrap().to_owned()
    }
}

/// Saves as an editor does: writes a new file and renames it over the old one.
fn replace(path: &Path, text: &str) {
    let temporary = path.with_extension("tmp");
    fs::write(&temporary, text).unwrap();
    fs::rename(temporary, path).unwrap();
}

#[test]
fn remapped_key_works_at_once_and_an_invalid_file_is_ignored() {
    let mut running = Running::with("");
    replace(&running.config(), "[keys]\nacknowledge = \"H\"\n");
    running.terminal.wait_for_text("settings read again");
    // The notice covers the keys line until a key is pressed.
    running.terminal.press("1");
    running.terminal.wait_for_text("H ack");
    running.write("[keys\nacknowledge = \"a\"\n");
    running.terminal.wait_for_text("this is not TOML");
    running.terminal.wait_for_text("config.toml:1");
    running.terminal.press("a");
    running.terminal.wait_for_text("H ack");
    assert_eq!(running.status(), "triggered", "the old key does nothing");
    running.terminal.press("H");
    running.terminal.wait_for_text("0 unacknowledged");
    assert_eq!(running.status(), "acknowledged");
    running.terminal.press("q");
    assert!(running.terminal.wait_for_end().success());
}

#[test]
fn wrong_setting_is_shown_at_start_until_a_key_is_pressed() {
    let mut running = Running::with("\n[keys]\nown = \"Y\"\nacknowlegde = \"H\"\n");
    running.terminal.wait_for_text("config.toml:4: there is no action \"acknowlegde\"");
    running.terminal.wait_for_text("redphone config check");
    running.terminal.press("1");
    running.terminal.wait_for_text("Y own");
    running
        .terminal
        .wait_for("the warning goes", |screen| !screen.contents().contains("acknowlegde"));
}

#[test]
fn service_levels_apply_at_once() {
    let level = |days: u32| format!("[levels.p1]\nacknowledge = \"{days}d\"\nresolve = \"9d\"\n");
    let mut running = Running::with(&level(3));
    running.terminal.wait_for_text("acknowledge within 2d");
    running.write(&level(8));
    running.terminal.wait_for_text("settings read again");
    running.terminal.wait_for_text("acknowledge within 7d");
}

#[test]
fn restart_settings_are_named_and_a_deleted_file_is_ignored() {
    let mut running = Running::with("[keys]\nacknowledge = \"H\"\n");
    running.write("ascii = true\n[keys]\nacknowledge = \"H\"\n");
    running.terminal.wait_for_text("settings read again · from the next start on: ascii");
    fs::remove_file(running.config()).unwrap();
    running.terminal.wait_for_text("the settings file is gone · settings stay as they were");
    running.terminal.press("1");
    running.terminal.wait_for_text("H ack");
}

#[test]
fn restart_is_named_at_each_reload_while_it_is_needed() {
    let started = read("");
    let saved = "user = \"tom\"\nascii = true\ncolor = false\nlog = \"trace\"\n[[people]]\nhandle = \"tom\"\n";
    let mut in_force = started.clone();
    for _ in 0..2 {
        let (reload, applied) = Reload::compare(&in_force, Ok(read(saved)));
        let Reload::Changed(changed) = reload else { panic!("{reload:?}") };
        assert_eq!(changed.warnings, Vec::<String>::new());
        assert_eq!(changed.needs_restart, ["user", "ascii", "color", "log", "people and services"]);
        in_force = applied.unwrap();
    }
    let (reload, _) = Reload::compare(&in_force, Ok(read("")));
    let Reload::Changed(changed) = reload else { panic!("{reload:?}") };
    assert_eq!(changed.needs_restart, Vec::<&str>::new());
}
