//! Arguments of `reply`.

use clap::Args;

/// Help text after the options of `reply`.
pub(super) const REPLY: &str = "\
The mail comes on standard input with all its headers, as a mail server pipes it. It must have been sent
to reply_address of the settings, whose token identifies the person and the incident. The sender does
not matter. The first line that is no quote is the action: ack, escalate or resolve; accept or decline
where somebody is asked for a role or for cover. A mail counts once,
until somebody has acknowledged the incident, and for a day. Mails of programs are ignored.

It works on the store of this machine, or sends the mail to an API (--backend), with an integration key or a
token of scope ingest. `redphone help answers` has the settings of mail servers.

Examples:
  redphone reply < answer.eml";

/// Arguments of `redphone reply`.
#[derive(Args, Clone, Copy, Debug)]
pub struct Reply {}
