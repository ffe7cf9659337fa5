//! Administration: changes of the directory and of tokens, and the record of each.
//!
//! A change ([`AdministrationChange`]) is applied to the directory that the store has. What the
//! settings file names is merged over that directory and wins, so it can't be changed here. Each
//! change that changed something is recorded as an [`AdministrationEvent`], with who made it.

mod apply;
mod change;
mod entry;
mod entry_ref;
mod references;
mod refusal;

pub use apply::{Applied, ApplyError, MAX_ENTRIES, MAX_OVERRIDES, SettingsDirectory};
pub use change::{
    AdministrationChange, AdministrationEvent, ContactRecord, QuietRecord, TokenRecord,
};
pub use entry::Entry;
pub use entry_ref::{EntryKind, EntryRef};
pub use refusal::AdministrationRefusal;
