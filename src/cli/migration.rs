//! Reports the progress of a store's migration on standard error: a bar on a terminal, otherwise a
//! line at the beginning and one at the end.

use std::path::Path;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};

use super::out::print_hint;
use super::progress::{Progress, Unit};
use crate::backend::file::{MigrationObserver, MigrationStage};

/// Set while the panes have the terminal: nothing else may write to it.
static SILENT: AtomicBool = AtomicBool::new(false);

/// Prints nothing from now on, because the panes have the terminal.
pub fn silence() {
    SILENT.store(true, Ordering::Relaxed);
}

/// Returns the observer that prints the stages while a store is opened.
pub fn observer() -> MigrationObserver {
    let state = Mutex::new(State::default());
    MigrationObserver::new(move |path, stage| {
        if !SILENT.load(Ordering::Relaxed) {
            state.lock().unwrap_or_else(PoisonError::into_inner).print(path, stage);
        }
    })
}

#[derive(Default)]
struct State {
    progress: Option<Progress>,
    has_begun: bool,
    is_waiting: bool,
    is_indexing: bool,
}

impl State {
    fn print(&mut self, path: &Path, stage: &MigrationStage) {
        let file = path.display();
        match stage {
            MigrationStage::Waiting => {
                if !std::mem::replace(&mut self.is_waiting, true) {
                    print_hint(format!("{file} is brought up to date by another process: waiting"));
                }
            }
            MigrationStage::Copying { copy } => {
                self.has_begun = true;
                print_hint(format!(
                    "{file} is of an older version and is brought up to date; a copy of it as it \
                     was is made first: {}",
                    copy.display()
                ));
            }
            MigrationStage::Working { done, total } => {
                if !std::mem::replace(&mut self.has_begun, true) {
                    let percent = done * 100 / (*total).max(1);
                    print_hint(format!("{file} is brought up to date: going on at {percent} %"));
                }
                let progress = self
                    .progress
                    .get_or_insert_with(|| Progress::new(Unit::Items("incidents up to date")));
                progress.set_position(*done, Some(*total));
            }
            MigrationStage::Indexing { done, total } => {
                if !std::mem::replace(&mut self.is_indexing, true) {
                    self.progress = Some(Progress::new(Unit::Items("incidents indexed")));
                }
                if let Some(progress) = &mut self.progress {
                    progress.set_position(*done, Some(*total));
                }
            }
            MigrationStage::Done { copy } => {
                self.progress = None;
                let text = match copy {
                    Some(copy) => format!(
                        "{file} is up to date; once all is well, remove the copy: {}",
                        copy.display()
                    ),
                    None => format!("{file} is up to date"),
                };
                if self.has_begun {
                    print_hint(text);
                }
            }
        }
    }
}
