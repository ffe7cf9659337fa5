//! Arguments of `notifications`.

use clap::Args;

use super::super::records::FormatArgs;
use super::super::value::{EnumParser, IncidentRef};
use super::selection::RowLimit;
use crate::model::notification::NotificationState;

pub(super) const NOTIFICATIONS: &str = "\
Who was notified of which incident, by which channel, and with what outcome; the notification that
was planned last first. Times are UTC. A state is waiting (an attempt is due), sending, sent (the
provider has accepted it), bundled (sent as a part of another message), failed (with the reason),
cancelled (the incident was acknowledged or had ended) or unreachable (the person has no contact).
After a failure with an uncertain outcome a message is sent again, and may arrive twice: such a line
says `perhaps twice`.

--json prints one object a line: at, number, title, priority, person, channel, contact, state, text,
due, attempt_count, attempts, incident and notification. `redphone schema notifications` describes
it.

Examples:
  redphone notifications INC-12
  redphone notifications --state failed --state unreachable
  redphone notifications --person me --all --json | jq -r .text";

/// The help of the limit, whose rows are notifications.
const MOST: &str =
    "The most notifications [default: 100 on a terminal; all in a pipe, a file or JSON]";

/// Arguments of `redphone notifications`.
#[derive(Args, Clone, Debug)]
#[command(mut_arg("limit", |limit| limit.help(MOST)), mut_arg("all", |all| all.help("All notifications")))]
pub struct Notifications {
    /// Only those of this incident [default: all]
    #[arg(value_name = "NUMBER|ID")]
    pub incident: Option<IncidentRef>,
    /// Only those to this person (a handle, or `me`)
    #[arg(long, value_name = "HANDLE")]
    pub person: Option<String>,
    /// Only those in this state; may be repeated
    #[arg(long = "state", value_name = "STATE",
          value_parser = EnumParser::<NotificationState>::new())]
    pub states: Vec<NotificationState>,
    /// How many notifications
    #[command(flatten)]
    pub limit: RowLimit,
    /// Print JSON Lines
    #[arg(long)]
    pub json: bool,
    /// Columns and format
    #[command(flatten)]
    pub output: FormatArgs,
}
