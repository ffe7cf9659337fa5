//! Without a command: the panes, on one place of work after another.

use std::convert::Infallible;
use std::future::pending;
use std::io::{self, IsTerminal};
use std::sync::Arc;

use tokio::sync::watch;

use super::config::warnings;
use super::failure::{Exit, Failure};
use super::out::{self, pluralize};
use super::session::IfMissing;
use super::workspace::{OpenWorkspace, WorkspacePool};
use super::{Context, block_on};
use crate::config::watch::SettingsWatcher;
use crate::config::{Config, Reload, Warning};
use crate::model::text::sanitize;
use crate::tui::{self, ExitReason, RunError, TerminalSession};

/// Opens the panes on the store.
pub fn run(context: &mut Context) -> Result<(), Failure> {
    check_terminal()?;
    let (config, flags) = (context.config.clone(), context.flags.clone());
    block_on(async {
        let desk = OpenWorkspace::open(config, flags, IfMissing::Create).await?;
        Box::pin(show(desk, None)).await.map_err(|error| run_failure(&error))
    })
}

/// Shows the panes until they are left, on the first place of work and on those that are gone to
/// from there.
pub async fn show(first: OpenWorkspace, wall: Option<tui::wall::Settings>) -> Result<(), RunError> {
    let doors = Arc::new(WorkspacePool::from(&first));
    let mut held = TerminalSession::open(&options(&first, &doors))?;
    let mut desk = first;
    loop {
        let then = Box::pin(show_workspace(&mut held, &desk, &doors, wall.clone())).await;
        let next = match &then {
            Ok(ExitReason::Switch(site)) => doors.remove(site),
            _ => None,
        };
        if next.is_none() {
            // Whoever looks gets the terminal back before anything is waited for.
            drop(held);
            hint_at_pending(&desk);
            desk.close().await;
            doors.close().await;
            return then.map(drop);
        }
        desk.close_unless_shared().await;
        desk = next.unwrap_or(desk);
    }
}

/// Says how much is left to be sent.
fn hint_at_pending(desk: &OpenWorkspace) {
    let waits = desk.remote().map_or(0, |kept| kept.watch_outbox().borrow().counts().pending);
    if waits > 0 {
        let what = pluralize(waits as u64, "command");
        out::print_hint(&format!(
            "{what} kept, and sent by the next redphone that runs or by `redphone outbox send`"
        ));
    }
}

/// Shows the panes on one place of work; settings that change meanwhile are taken in.
async fn show_workspace(
    held: &mut TerminalSession,
    desk: &OpenWorkspace,
    doors: &Arc<WorkspacePool>,
    wall: Option<tui::wall::Settings>,
) -> Result<ExitReason, RunError> {
    let (sender, reloads) = watch::channel(None);
    let mut options = options(desk, doors);
    options.reloads = Some(reloads);
    if let Some(remote) = desk.remote() {
        options.warnings.extend(remote.warnings().iter().cloned());
        options.remote = Some(Arc::clone(remote));
    }
    if wall.is_some() {
        options.opener = None;
    }
    let following = follow_settings(desk.clone(), sender);
    let shown = Box::pin(held.show(desk.backend(), options, wall));
    tokio::select! {
        biased;
        done = shown => done,
        never = following => match never {},
    }
}

/// Reads the settings again whenever their file was changed.
async fn follow_settings(desk: OpenWorkspace, panes: watch::Sender<Option<Reload>>) -> Infallible {
    let mut config = desk.config.clone();
    let Some(mut watched) = config.file.as_deref().and_then(SettingsWatcher::start) else {
        return pending().await;
    };
    loop {
        let reload = if watched.changed().await {
            let (reload, holds) =
                Reload::compare(&config, Config::from_process(desk.flags.clone()));
            if let Some(holds) = holds {
                desk.set_rules(holds.rules.clone()).await;
                config = holds;
            }
            reload
        } else {
            Reload::Failed("the settings file is gone".into())
        };
        // Without panes, the end is near.
        let _ = panes.send(Some(reload));
    }
}

/// Refuses before anything is opened or made where the panes can't be drawn.
pub fn check_terminal() -> Result<(), Failure> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Err(run_failure(&RunError::NoTerminal));
    }
    match std::env::var("TERM") {
        Ok(term) if term == "dumb" => Err(run_failure(&RunError::DumbTerminal(term))),
        _ => Ok(()),
    }
}

/// How the panes look and whose they are.
fn options(desk: &OpenWorkspace, doors: &Arc<WorkspacePool>) -> tui::Options {
    let config = &desk.config;
    let opener: Arc<dyn tui::workspaces::Opener> = doors.clone();
    tui::Options {
        me: desk.me.clone(),
        rules: config.rules.clone(),
        ascii: config.ascii,
        workspace: desk.workspace.clone(),
        workspaces: doors.workspaces(config),
        opener: Some(opener),
        variables: desk.environment(),
        read_only: config.read_only,
        drafts_dir: config.drafts.clone(),
        settings: config.panes.clone(),
        warnings: warnings(config).iter().map(Warning::brief).collect(),
        remote: None,
        reloads: None,
    }
}

/// Why the panes ended.
pub fn run_failure(error: &RunError) -> Failure {
    let exit = match error {
        RunError::NoTerminal | RunError::DumbTerminal(_) => Exit::Usage,
        RunError::Terminal(_) | RunError::Unconfirmed(_) => Exit::Failed,
    };
    Failure::new(exit, sanitize(&error.to_string()))
}
