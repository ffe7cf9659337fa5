//! What the old panes left behind: drafts are offered, and filters used before are offered again.

use super::program::{copy_folder, file};
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
    // Control and p: the filter used last.
    terminal.press("/\x10");
    terminal.wait_for("is:any nothingofthat");
    terminal.press("\x10");
    terminal.wait_for("is:any checkout");
}
