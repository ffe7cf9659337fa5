//! Arguments of `heartbeat`.

use clap::Args;

pub(super) const HEARTBEAT: &str = "\
Heartbeats are set under [heartbeats.NAME] in the settings file, with interval and grace; where an API
has the incidents, in that of the server. Once both have passed without a heartbeat, an incident is
declared: by `serve` and by open panes. The next heartbeat resolves it, or moves it to monitoring if
somebody has acknowledged it. `redphone help heartbeats` describes it.

--json prints the heartbeat, and the effect on its incident; for the list one object a line: name,
interval_s, grace_s, since, last_at and silent_since.

Examples:
  backup.sh && redphone heartbeat backup
  redphone heartbeat list";

/// Arguments of `redphone heartbeat`.
#[derive(Args, Clone, Debug)]
pub struct Heartbeat {
    /// The name of the heartbeat; `list` lists all, and when each was last received
    #[arg(value_name = "HEARTBEAT")]
    pub name: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

impl Heartbeat {
    /// Returns whether it changes something.
    #[must_use]
    pub fn writes(&self) -> bool {
        self.name != "list"
    }
}
