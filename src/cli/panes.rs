//! Without a command: the panes.

use std::convert::Infallible;
use std::future::pending;
use std::io::{self, IsTerminal};
use std::sync::Arc;

use tokio::sync::watch;

use super::config::warnings;
use super::failure::{Exit, Failure};
use super::session::{Missing, Opened, Session};
use super::{Context, wait};
use crate::backend::Backend;
use crate::backend::file::Lasting;
use crate::config::watch::Watch;
use crate::config::{Config, Flags, Reload, Warning};
use crate::model::PersonRef;
use crate::model::text::shown;
use crate::tui::{self, RunError};

/// Opens the panes on the place of the configuration.
pub fn run(context: &mut Context) -> Result<(), Failure> {
    check_terminal()?;
    let config = &context.config;
    wait(async {
        let Session { place, me } = Session::open_panes(config, Missing::Make).await?;
        let done = Box::pin(show(config, &context.flags, me, place, None)).await;
        done.map_err(|error| ended(&error))
    })
}

/// Shows the panes until they are left; settings that change meanwhile are taken in.
pub async fn show(
    config: &Config,
    flags: &Flags,
    me: PersonRef,
    place: Opened,
    wall: Option<tui::wall::Settings>,
) -> Result<(), RunError> {
    let (sender, reloads) = watch::channel(None);
    let Opened { backend, file, told } = place;
    let mut shown_in = options(config, me, told);
    shown_in.reloads = Some(reloads);
    // Panes may stay open for weeks: the file may be moved or replaced under them.
    let store = file.map(|store| Arc::new(Lasting::new(store)));
    let backend = match &store {
        Some(store) => {
            // The file is closed by the last one who has it.
            drop(backend);
            Arc::clone(store) as Arc<dyn Backend>
        }
        None => backend,
    };
    let following = follow(config.clone(), flags.clone(), sender, store.clone());
    let shown = async {
        match wall {
            None => Box::pin(tui::run(backend, shown_in)).await,
            Some(wall) => Box::pin(tui::run_wall(backend, shown_in, wall)).await,
        }
    };
    let done = tokio::select! {
        biased;
        done = shown => done,
        never = following => match never {},
    };
    // What the panes have sent is durable; this only folds the write-ahead log in.
    if let Some(store) = store {
        store.close().await;
    }
    done
}

/// Reads the settings again whenever their file was changed.
async fn follow(
    mut config: Config,
    flags: Flags,
    panes: watch::Sender<Option<Reload>>,
    store: Option<Arc<Lasting>>,
) -> Infallible {
    let Some(mut watched) = config.file.as_deref().and_then(Watch::start) else {
        return pending().await;
    };
    loop {
        let reload = if watched.changed().await {
            let (reload, holds) = Reload::of(&config, Config::from_process(flags.clone()));
            if let Some(holds) = holds {
                if let Some(store) = &store {
                    store.set_rules(holds.rules.clone()).await;
                }
                config = holds;
            }
            reload
        } else {
            Reload::Kept("the settings file is gone".into())
        };
        // Without panes, the end is near.
        let _ = panes.send(Some(reload));
    }
}

/// Refuses before anything is opened or made where the panes can't be drawn.
pub fn check_terminal() -> Result<(), Failure> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Err(ended(&RunError::NoTerminal));
    }
    match std::env::var("TERM") {
        Ok(term) if term == "dumb" => Err(ended(&RunError::DumbTerminal(term))),
        _ => Ok(()),
    }
}

/// How the panes look and whose they are.
pub fn options(config: &Config, me: PersonRef, place: String) -> tui::Options {
    tui::Options {
        me,
        rules: config.rules.clone(),
        ascii: config.ascii,
        place,
        read_only: config.read_only,
        drafts: config.drafts.clone(),
        settings: config.panes.clone(),
        warnings: warnings(config).iter().map(Warning::brief).collect(),
        reloads: None,
    }
}

/// Why the panes ended.
pub fn ended(error: &RunError) -> Failure {
    let exit = match error {
        RunError::NoTerminal | RunError::DumbTerminal(_) => Exit::Usage,
        RunError::Terminal(_) | RunError::Unconfirmed(_) => Exit::Failed,
    };
    Failure::new(exit, shown(&error.to_string()))
}
