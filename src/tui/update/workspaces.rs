//! Going to another place of work: chosen, opened, and left for once nothing is on its way here.

use chrono::{DateTime, Utc};

use crate::config::panes::{Profile, UnusableProfile};
use crate::model::text::sanitize;

use super::super::action::Action;
use super::super::app::App;
use super::super::message::Effect;
use super::super::mode::{Mode, Switching};
use super::super::picker::{Item, Pick, Picker, PickerKind};
use super::super::workspaces::{Workspace, WorkspaceId};
use super::{main_key, report_failure, run, show_toast};

/// Lists the places.
pub(super) fn open_menu(app: &mut App) -> Vec<Effect> {
    if app.workspaces.iter().all(|site| site.id == app.workspace.id) {
        return show_toast(app, NO_OTHER_WORKSPACE, true);
    }
    let mut picker =
        Picker::new(PickerKind::Workspaces, Vec::new(), "Switch to".to_owned(), items(app), true);
    picker.selected_index =
        app.workspaces.iter().position(|site| site.id != app.workspace.id).unwrap_or(0);
    app.mode = Mode::Pick(Box::new(picker));
    Vec::new()
}

/// Why there is nothing to choose from.
pub(super) const NO_OTHER_WORKSPACE: &str =
    "there is no other place to go to: add [profiles.NAME] to the settings file";

/// All places, with what helps to choose.
pub(super) fn items(app: &App) -> Vec<Item> {
    let items = app.workspaces.iter().map(|site| {
        let mut about = Vec::new();
        if site.id == app.workspace.id {
            about.push("you are here".to_owned());
        }
        if site.production {
            about.push("PRODUCTION".to_owned());
        }
        if site.read_only {
            about.push("read-only".to_owned());
        }
        about.push(sanitize(&site.location).into_owned());
        let name = sanitize(site.name()).into_owned();
        let item = Item::new(name.clone(), Pick::Workspace(site.id.clone()));
        item.about(about.join(" · ")).value(name).disabled_reason(site.unusable_reason.clone())
    });
    items.collect()
}

/// A place was chosen: it is opened while this one stays as it is.
pub(super) fn switch_to(app: &mut App, id: WorkspaceId) -> Vec<Effect> {
    // Settings may have been read again since the list was made.
    let Some(to) = app.workspaces.iter().find(|site| site.id == id).cloned() else {
        return show_toast(app, "it is not in the settings any more", true);
    };
    if id == app.workspace.id {
        return show_toast(app, format!("{} is where you are", sanitize(to.name())), false);
    }
    if let Some(what) = run::running_summary(app) {
        let key = main_key(app, Action::Run).unwrap_or_default();
        return show_toast(
            app,
            format!("{what}: stop it first, or let it end ({key} shows it)"),
            true,
        );
    }
    app.mode = Mode::Switching(Box::new(Switching { to, opened: false }));
    vec![Effect::OpenWorkspace(id)]
}

/// A place is open, or it can't be opened.
pub(super) fn opened(
    app: &mut App,
    id: &WorkspaceId,
    result: Result<(), String>,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    let Mode::Switching(switching) = &mut app.mode else { return Vec::new() };
    // Somebody has stayed, and chosen another one meanwhile.
    if switching.to.id != *id {
        return Vec::new();
    }
    match result {
        Ok(()) => {
            switching.opened = true;
            switch_when_settled(app)
        }
        Err(why) => {
            let what = format!("switching to {}", sanitize(switching.to.name()));
            app.mode = Mode::Panes;
            report_failure(app, &what, &why, at)
        }
    }
}

/// Leaves for the next place, once it is open and what was asked here is on the disk, or answered
/// where there is no outbox.
pub(super) fn switch_when_settled(app: &App) -> Vec<Effect> {
    match &app.mode {
        Mode::Switching(switching)
            if switching.opened && app.pending.iter().all(|pending| pending.enqueued) =>
        {
            vec![Effect::SwitchWorkspace(switching.to.id.clone())]
        }
        _ => Vec::new(),
    }
}

/// Stays where the panes are.
pub(super) fn cancel_switch(app: &mut App) -> Vec<Effect> {
    app.mode = Mode::Panes;
    Vec::new()
}

/// Leaves without waiting for what is on its way: that is told on the other side.
pub(super) fn switch_now(app: &App) -> Vec<Effect> {
    match &app.mode {
        Mode::Switching(switching) if switching.opened => {
            vec![Effect::SwitchWorkspace(switching.to.id.clone())]
        }
        _ => Vec::new(),
    }
}

/// The settings were read again: other places can be gone to. Where the panes are stays as it was.
pub(super) fn reloaded(app: &mut App, profiles: &[Profile], unusable: &[UnusableProfile]) {
    app.workspaces.retain(|site| site.id == WorkspaceId::Initial);
    app.workspaces.extend(profiles.iter().map(Workspace::from));
    app.workspaces.extend(unusable.iter().map(Workspace::from));
}
