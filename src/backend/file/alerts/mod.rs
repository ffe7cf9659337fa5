//! The alerts of incidents, by the table of `0010_alerts.sql`.
//!
//! A message of alerts is one transaction ([`ingest`]): it reads the stored state of its
//! alerts, carries out the resulting commands, and writes the rows. So two members of a cluster that send
//! the same message declare one incident, and a message that is sent again changes only rows.
//! Alerts whose sender never reports an end are ended by time ([`expire`]), as if a message
//! had resolved them.

mod admission;
mod ending;
mod ends;
mod expire;
mod flapping;
mod folding;
mod generation;
mod ingest;
mod late;
mod moving;
mod parts;
mod regrouped;
mod soak;
mod succession;
mod table;
mod totals;
pub(super) mod transfer;
mod waiting;
mod with_heartbeat;

pub(super) use moving::{MovedAlerts, read_selected};
pub(super) use table::{
    count, find_group, has_alerts, parse_alert, read_alerts, read_alerts_of, read_firing,
    read_firing_of, read_of_groups,
};
pub(super) use totals::read_soak;
