//! Without a command: runs the panes, on one workspace after another.

use std::convert::Infallible;
use std::future::pending;
use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::config::warnings;
use super::engine::{ReceivesAlerts, RunningEngine};
use super::failure::{Exit, Failure};
use super::migration;
use super::out::{self, pluralize};
use super::workspace::{OpenWorkspace, WorkspacePool};
use crate::config::watch::SettingsWatcher;
use crate::config::{Config, Reload};
use crate::model::text::SafeText;
use crate::sync::remote::{describe_waiting, survey};
use crate::tui::{self, Errand, ExitReason, RunError, TerminalSession};

/// How long the panes are open before the engine begins, so that it does not delay their first frame.
const BEFORE_ENGINE: Duration = Duration::from_secs(1);

/// Whether the panes can be left for the demo and for the settings file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HasErrands {
    Yes,
    No,
}

/// Runs the panes until the user quits, on the first workspace and on those they switch to. Returns
/// the reason for leaving them.
pub async fn show(
    first: OpenWorkspace,
    wall: Option<tui::wall::Settings>,
    errands: HasErrands,
) -> Result<Option<Errand>, RunError> {
    let pool = Arc::new(WorkspacePool::from(&first));
    migration::silence();
    let mut terminal = TerminalSession::open(&options(&first, &pool, errands))?;
    let mut workspace = first;
    loop {
        let engine = workspace
            .own_store()
            // The wall only reads.
            .filter(|_| wall.is_none())
            .and_then(|store| {
                let config = &workspace.config;
                RunningEngine::start(store, config, BEFORE_ENGINE, &ReceivesAlerts::No)
            });
        let panes = show_workspace(
            &mut terminal,
            &workspace,
            &pool,
            engine.as_ref(),
            wall.clone(),
            errands,
        );
        let reason = Box::pin(panes).await;
        let next = match &reason {
            Ok(ExitReason::Switch(id)) => pool.remove(id),
            _ => None,
        };
        if next.is_none() {
            // The user gets the terminal back before anything is awaited.
            drop(terminal);
            hint_at_pending(&workspace);
            stop(engine).await;
            workspace.close().await;
            pool.close().await;
            return reason.map(|reason| match reason {
                ExitReason::Errand(errand) => Some(errand),
                ExitReason::Quit | ExitReason::Switch(_) => None,
            });
        }
        stop(engine).await;
        workspace.close_unless_shared().await;
        workspace = next.unwrap_or(workspace);
    }
}

/// Describes the pending commands in outboxes, for panes on a store, which have none.
async fn waiting_elsewhere(config: &Config) -> Option<SafeText<'static>> {
    let folders = survey(config.remotes.as_deref()?).await;
    let waiting: Vec<_> = folders.iter().filter(|folder| folder.needs_attention()).collect();
    describe_waiting(&waiting)
}

/// Prints how many commands are still to be sent.
fn hint_at_pending(workspace: &OpenWorkspace) {
    let count =
        workspace.remote().map_or(0, |remote| remote.watch_outbox().borrow().counts().pending);
    if count > 0 {
        let commands = pluralize(count as u64, "command");
        out::print_hint(format!(
            "{commands} kept, and sent by the next redphone that runs or by `redphone outbox send`"
        ));
    }
}

/// Runs the panes on one workspace, and reloads settings that change meanwhile.
async fn show_workspace(
    terminal: &mut TerminalSession,
    workspace: &OpenWorkspace,
    pool: &Arc<WorkspacePool>,
    engine: Option<&RunningEngine>,
    wall: Option<tui::wall::Settings>,
    errands: HasErrands,
) -> Result<ExitReason, RunError> {
    let (sender, reloads) = watch::channel(None);
    let mut options = options(workspace, pool, errands);
    options.reloads = Some(reloads);
    if let Some(remote) = workspace.remote() {
        options.remote = Some(Arc::clone(remote));
    } else if let Some(waiting) = waiting_elsewhere(&workspace.config).await {
        options.warnings.push(waiting.into_string());
    }
    options.warnings.extend(workspace.warnings().iter().map(ToString::to_string));
    if wall.is_some() {
        options.opener = None;
    }
    let following = follow_settings(workspace.clone(), engine, sender);
    let panes = Box::pin(terminal.show(workspace.backend(), options, wall));
    tokio::select! {
        biased;
        done = panes => done,
        never = following => match never {},
    }
}

async fn stop(engine: Option<RunningEngine>) {
    if let Some(engine) = engine {
        engine.stop().await;
    }
}

/// Reloads the settings whenever their file changes, and sends the result to the panes.
async fn follow_settings(
    workspace: OpenWorkspace,
    engine: Option<&RunningEngine>,
    reloads: watch::Sender<Option<Reload>>,
) -> Infallible {
    let mut config = workspace.config.clone();
    let Some(mut watcher) = config.file.as_deref().and_then(SettingsWatcher::start) else {
        return pending().await;
    };
    loop {
        let reload = if watcher.changed().await {
            let (reload, applied) =
                Reload::compare(&config, Config::from_process(workspace.flags.clone()));
            if let Some(applied) = applied {
                workspace.set_rules(applied.rules.clone()).await;
                workspace.set_reach(&applied).await;
                if let Some(engine) = engine {
                    engine.apply(&applied);
                }
                config = applied;
            }
            reload
        } else {
            Reload::Failed("the settings file is gone".into())
        };
        // The send fails only when the panes have ended, which ends this task too.
        let _ = reloads.send(Some(reload));
    }
}

/// Refuses terminals on which the panes can't be drawn, before anything is opened or created.
pub fn check_terminal() -> Result<(), Failure> {
    if !io::stdin().is_terminal() || !out::is_terminal() {
        return Err(run_failure(&RunError::NoTerminal));
    }
    match std::env::var("TERM") {
        Ok(term) if term == "dumb" => Err(run_failure(&RunError::DumbTerminal(term))),
        _ => Ok(()),
    }
}

/// Returns the options of the panes for a workspace.
fn options(
    workspace: &OpenWorkspace,
    pool: &Arc<WorkspacePool>,
    errands: HasErrands,
) -> tui::Options {
    let config = &workspace.config;
    let opener: Arc<dyn tui::workspace::Opener> = pool.clone();
    tui::Options {
        me: workspace.me.clone(),
        rules: config.rules.clone(),
        ascii: config.ascii,
        workspace: workspace.workspace.clone(),
        workspaces: pool.workspaces(config),
        opener: Some(opener),
        variables: workspace.environment(),
        read_only: config.read_only,
        has_errands: errands == HasErrands::Yes,
        drafts_dir: config.drafts.clone(),
        settings: config.panes.clone(),
        warnings: warnings(config).iter().map(|warning| warning.brief().into_string()).collect(),
        remote: None,
        reloads: None,
    }
}

/// Converts an error of the panes to a failure.
pub fn run_failure(error: &RunError) -> Failure {
    let exit = match error {
        RunError::NoTerminal | RunError::DumbTerminal(_) => Exit::Usage,
        RunError::Terminal(_) | RunError::Unconfirmed(_) => Exit::Failed,
    };
    Failure::new(exit, error.to_string())
}
