//! Administration: changes of the directory and of tokens, and the record of each.
//!
//! A change ([`AdministrationChange`]) is applied to the directory that the store has. What the
//! settings file names is merged over that directory and wins, so it can't be changed here. Each
//! change that changed something is recorded as an [`AdministrationEvent`], with who made it.

mod apply;
mod apply_error;
mod calendar_links;
mod change;
mod cover_decline;
mod covers;
mod entry;
mod entry_ref;
mod overrides;
mod references;
mod refusal;

pub use apply::{Applied, MAX_ENTRIES};
pub use apply_error::{ApplyError, SettingsDirectory};
pub use calendar_links::MAX_CALENDAR_LINKS;
pub use change::{
    AdministrationChange, AdministrationEvent, ContactRecord, QuietRecord, TokenRecord,
};
pub use covers::MAX_COVERS;
pub use entry::Entry;
pub use entry_ref::{EntryKind, EntryRef};
pub use overrides::MAX_OVERRIDES;
pub use refusal::AdministrationRefusal;
