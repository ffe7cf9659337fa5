//! Stored data of the old panes: drafts and used filters are offered again.

use super::program::{Home, copy_folder, file};
use super::remote::Remote;
use super::terminal::Terminal;

/// Opens the panes where the drafts were written: over the same remote.
fn panes(remote: &Remote) -> Terminal {
    copy_folder(&file("drafts"), &remote.client.path("state/redphone/drafts"));
    std::fs::copy(file("filters"), remote.client.path("state/redphone/filters")).unwrap();
    let environment = remote.environment(remote.relay.port);
    let mut terminal = Terminal::start(&remote.client, &["--profile", "prod"], &environment);
    terminal.wait_for("Reported");
    terminal
}

#[test]
fn old_drafts_are_offered_and_opened() {
    let remote = Remote::new();
    let mut terminal = panes(&remote);
    terminal.press("d");
    terminal.wait_for("Half a decl");
    terminal.wait_for("Put away on purpose");
    terminal.press("Put away\r");
    terminal.wait_for("Note on INC-4");
}

#[test]
fn old_filters_are_offered_again() {
    let remote = Remote::new();
    let mut terminal = panes(&remote);
    // Control and p: the filter used last, then the one before it.
    terminal.press("/\x10");
    terminal.wait_for("ledger p2 is:any checkout is:any nothingofthat");
    terminal.press("\x10");
    terminal.wait_until("the filter before", |screen| {
        screen.contains("ledger p2 is:any checkout") && !screen.contains("nothingofthat")
    });
}

#[test]
fn old_runbooks_open_from_an_incident() {
    let home = Home::new();
    copy_folder(&file("data"), &home.path("data/redphone"));
    copy_folder(&file("runbooks"), &home.path("config/redphone/runbooks"));
    let mut terminal = Terminal::start(&home, &[], &[]);
    terminal.wait_for("Reported");
    terminal.press(":go 4\r");
    terminal.wait_for("Picked up");
    terminal.press("x");
    terminal.wait_for("5xx at checkout");
    terminal.press("\r");
    terminal.wait_for("payments validated");
}
