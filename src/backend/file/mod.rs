//! The local store: one `SQLite` file that several processes may use at once.
//!
//! Events are appended to a log, and the same transaction updates the projection: the tables that
//! hold the current state of each incident. The log is the source of truth. The projection can be
//! rebuilt from it ([`doctor`]).

mod access_path;
mod administration;
mod administration_table;
mod alerts;
mod backend;
pub mod backup;
mod bulk;
mod change_table;
mod changes;
mod command_identity;
mod connect;
mod dead_letters;
mod directory_table;
pub mod doctor;
mod error;
mod event_insert;
mod event_row;
mod export;
mod foreign_table;
mod full_text;
mod generation;
mod group_commit;
mod heartbeats;
mod high_water;
mod import;
mod import_error;
mod issued;
mod json_column;
mod links;
mod lists;
mod measures;
mod meta;
mod migrate;
mod names;
mod new_store;
mod notifications;
mod open;
mod open_error;
mod options;
mod problem_table;
mod projection;
mod queue;
mod read;
mod read_only;
mod read_pool;
mod records;
mod refusal;
mod reopening;
mod restore_journal;
mod row;
pub mod schema;
mod search;
mod seen_ids;
mod service_level_table;
mod similar;
mod sql;
mod store;
mod writer;
mod writer_guard;

pub use error::{ExportFault, OutOfNumbers, Panicked, StoreFault, StoreFaultKind};
pub use import::{Imported, Importer};
pub use import_error::{ImportError, RecordProblem};
pub use migrate::{MigrationObserver, MigrationStage};
pub use new_store::NewStore;
pub use open_error::OpenError;
pub use options::{DEMO_NAME, Options};
pub use read_only::ReadOnlyReason;
pub use refusal::{BackupAction, Bytes, StoreRefusal};
pub use reopening::ReopeningStore;
pub use store::FileStore;
