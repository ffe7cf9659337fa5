//! Without a command: the panes.

use std::io::{self, IsTerminal};
use std::sync::Arc;

use super::failure::{Exit, Failure};
use super::session::{Missing, Session};
use super::{Context, wait};
use crate::backend::file::{FileStore, Lasting};
use crate::config::Config;
use crate::model::PersonRef;
use crate::model::text::shown;
use crate::tui::{self, RunError};

/// Opens the panes on the store.
pub fn run(context: &mut Context) -> Result<(), Failure> {
    check_terminal()?;
    let config = &context.config;
    wait(async {
        let Session { store, me, .. } = Session::open(config, Missing::Make).await?;
        let shown_in = options(config, me, &store);
        // Panes may stay open for weeks: the file may be moved or replaced under them.
        let store = Arc::new(Lasting::new(store));
        let done = tui::run(store.clone(), shown_in).await;
        // What the panes have sent is durable; this only folds the write-ahead log in.
        store.close().await;
        done.map_err(|error| ended(&error))
    })
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
pub fn options(config: &Config, me: PersonRef, store: &FileStore) -> tui::Options {
    let place = store.path().to_string_lossy();
    tui::Options {
        me,
        rules: config.rules.clone(),
        ascii: config.ascii,
        color: config.color,
        place: shown(&place).into_owned(),
        read_only: false,
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
