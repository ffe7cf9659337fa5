//! Switching to another workspace: it is chosen and opened, and becomes active once no command is
//! pending on this one.

use chrono::{DateTime, Utc};

use crate::config::panes::{Profile, UnusableProfile};

use crate::tui::action::Action;
use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::mode::Mode;
use crate::tui::core::notices::{report_failure, show_toast};
use crate::tui::picker::{Item, Pick, Picker, PickerKind};
use crate::tui::run;
use crate::tui::workspace::switch::switch_when_settled;
use crate::tui::workspace::{OpenWorkspaceError, Switching, Workspace, WorkspaceId};

/// Opens the list of workspaces.
pub(in crate::tui) fn open_menu(app: &mut App) -> Vec<Effect> {
    if app.session.workspaces.iter().all(|workspace| workspace.id == app.session.workspace.id) {
        return show_toast(app, NO_OTHER_WORKSPACE, true);
    }
    let mut picker =
        Picker::new(PickerKind::Workspaces, Vec::new(), "Switch to".to_owned(), items(app), true);
    picker.selected_index = app
        .session
        .workspaces
        .iter()
        .position(|workspace| workspace.id != app.session.workspace.id)
        .unwrap_or(0);
    app.ui.mode = Mode::Pick(Box::new(picker));
    Vec::new()
}

/// The reason why there is nothing to choose from.
pub(in crate::tui) const NO_OTHER_WORKSPACE: &str =
    "there is no other place to go to: add [profiles.NAME] to the settings file";

/// Returns all workspaces, with facts that help to choose.
pub(in crate::tui) fn items(app: &App) -> Vec<Item> {
    let items = app.session.workspaces.iter().map(|workspace| {
        let mut about = Vec::new();
        if workspace.id == app.session.workspace.id {
            about.push("you are here".to_owned());
        }
        if workspace.production {
            about.push("PRODUCTION".to_owned());
        }
        if workspace.read_only {
            about.push("read-only".to_owned());
        }
        about.push(workspace.location.clone());
        let name = workspace.name();
        let item = Item::new(name, Pick::Workspace(workspace.id.clone()));
        item.about(about.join(" · ")).value(name).disabled_reason(workspace.unusable_reason.clone())
    });
    items.collect()
}

/// Opens the chosen workspace without changing this one.
pub(in crate::tui) fn switch_to(app: &mut App, id: WorkspaceId) -> Vec<Effect> {
    // Settings may have been reloaded since the list was opened.
    let Some(to) = app.session.workspaces.iter().find(|workspace| workspace.id == id).cloned()
    else {
        return show_toast(app, "it is not in the settings any more", true);
    };
    if id == app.session.workspace.id {
        return show_toast(app, format!("{} is where you are", to.name()), false);
    }
    if let Some(running) = run::running::running_summary(app) {
        let key = app.ui.keymap.main_key(Action::Run).unwrap_or_default();
        return show_toast(
            app,
            format!("{running}: stop it first, or let it end ({key} shows it)"),
            true,
        );
    }
    app.ui.mode = Mode::Switching(Box::new(Switching { to, opened: false }));
    vec![Effect::OpenWorkspace(id)]
}

/// Handles the result of opening a workspace.
pub(in crate::tui) fn opened(
    app: &mut App,
    id: &WorkspaceId,
    result: Result<(), OpenWorkspaceError>,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    let Mode::Switching(switching) = &mut app.ui.mode else { return Vec::new() };
    // The person has cancelled that switch, and chosen another workspace in the meantime.
    if switching.to.id != *id {
        return Vec::new();
    }
    match result {
        Ok(()) => {
            switching.opened = true;
            switch_when_settled(app)
        }
        Err(error) => {
            let operation = format!("switching to {}", switching.to.name());
            app.ui.mode = Mode::Panes;
            report_failure(app, &operation, &error.to_string(), at)
        }
    }
}

/// Cancels the switch to another workspace.
pub(in crate::tui) fn cancel_switch(app: &mut App) -> Vec<Effect> {
    app.ui.mode = Mode::Panes;
    Vec::new()
}

/// Switches without waiting for pending commands: the next panes report them.
pub(in crate::tui) fn switch_now(app: &App) -> Vec<Effect> {
    match &app.ui.mode {
        Mode::Switching(switching) if switching.opened => {
            vec![Effect::SwitchWorkspace(switching.to.id.clone())]
        }
        _ => Vec::new(),
    }
}

/// Applies reloaded settings to the list of workspaces. The open workspace stays as it was.
pub(in crate::tui) fn reloaded(app: &mut App, profiles: &[Profile], unusable: &[UnusableProfile]) {
    app.session.workspaces.retain(|workspace| workspace.id == WorkspaceId::Initial);
    app.session.workspaces.extend(profiles.iter().map(Workspace::from));
    app.session.workspaces.extend(unusable.iter().map(Workspace::from));
}
