//! Alerts: reports of monitoring, grouped into incidents. A repeated report updates the row of its
//! alert and adds nothing to a timeline.
//!
//! Everything here is pure: the effect of a message on the stored alerts ([`update_group`]), and
//! the incident that is declared for it ([`declaration`]).

mod declare;
mod frequency;
mod moved;
mod outcome;
mod owner;
mod record;
mod remark;
mod report;
mod severity;
mod text;
mod update;
mod waiting;

pub use declare::declaration;
pub use frequency::{FlapRule, HoldRule, MAX_WAITING_OF_GROUP, RecentStarts};
pub use moved::{AlertSelection, declaration_of_moved};
pub use outcome::{IngestEffect, IngestOutcome};
pub use owner::find_owner;
pub use record::{Alert, AlertState};
pub use remark::{count_text, short_names};
pub use report::{AlertGroup, AlertReport, MAIL_SOURCE, MAX_KEY_CHARS, Overrides, TEST_SOURCE};
pub use text::{
    MAX_ANNOTATION_CHARS, MAX_ENTRIES, MAX_LABEL_CHARS, MAX_NAME_CHARS, MAX_URL_CHARS, cut,
    one_line,
};
pub use update::{AlertCounts, GroupUpdate, MAX_ALERTS, StoredAlert, update_group};
pub use waiting::{WaitingAlert, are_enough};
