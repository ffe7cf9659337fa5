//! Arguments of `noise`.

use chrono::TimeDelta;
use clap::Args;

use crate::model::time::parse_duration;

pub(super) const NOISE: &str = "\
The checks with the most alerts, the one whose alerts were reported most often first. A check is
the value of the label `alertname`, `check`, `monitor`, `rule` or `trigger` of an alert, otherwise its
title without the words that have digits. Alerts count if they were last reported in the window.

LED is the number of its incidents that led to work: somebody acknowledged them, and they are neither
marked as noise (`redphone mark-noise`) nor reclassified. TIME is how long people worked on them,
from the acknowledgement to the end.

--json prints one object a line: source, check, reports, alerts, incidents, led, noise, reclassified,
spent_s, last_at and latest (id, number and title of its incidents, the latest first).

Examples:
  redphone noise
  redphone noise --window 7d --limit 10
  redphone noise --json | jq -r 'select(.led == 0) | .check'";

/// Arguments of `redphone noise`.
#[derive(Args, Clone, Debug)]
pub struct Noise {
    /// How far back [default: 30d]
    #[arg(long, value_name = "DURATION", value_parser = window)]
    pub window: Option<TimeDelta>,
    /// How many checks, from 1 to 1000
    #[arg(long, value_name = "N", default_value_t = 20,
          value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
    /// Print JSON Lines
    #[arg(long)]
    pub json: bool,
}

/// Reads how far back alerts count.
fn window(text: &str) -> Result<TimeDelta, String> {
    let window = parse_duration(text)
        .filter(|window| *window > TimeDelta::zero() && *window <= TimeDelta::days(3660));
    window.ok_or_else(|| "write a duration of at most ten years, such as 30d".to_owned())
}
