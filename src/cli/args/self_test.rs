//! Arguments of `selftest`.

use clap::Args;

use crate::model::Priority;

pub(super) const SELF_TEST: &str = "\
A marked alert is processed like any other: it declares an incident with the label `self-test`, whose
first level is called, which notifies somebody; then it is acknowledged, resolved and reclassified, so
that no measure counts it. Calls and notifications are sent by `redphone serve` or open panes on the same
store: this command only waits for it, and so finds out whether that works. It ends with 1 if a step
did not happen in time, so cron can run it.

With --person that person is called by hand; without, the policy of the service is gone through as for
any incident. Of a P3 or P4 people are not notified in their quiet hours.

--json prints one object a line: step, is_done, ms and text.

Examples:
  redphone selftest --person ines
  redphone selftest --service checkout --priority p1 --timeout 120";

/// Arguments of `redphone selftest`.
#[derive(Args, Clone, Debug)]
pub struct SelfTest {
    /// Who is called
    #[arg(long, value_name = "HANDLE", required_unless_present = "service")]
    pub person: Option<String>,
    /// The service of the incident, by whose policy somebody is called
    #[arg(long, value_name = "NAME")]
    pub service: Option<String>,
    /// The priority of the incident
    #[arg(long, value_name = "PRIORITY", default_value = "p3")]
    pub priority: Priority,
    /// How many seconds to wait for a notification at most
    #[arg(long, value_name = "N", default_value_t = 60,
          value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub timeout: u32,
    /// Print JSON Lines
    #[arg(long)]
    pub json: bool,
}
