//! Arguments of `similar`.

use clap::Args;

use super::super::value::IncidentRef;

pub(super) const SIMILAR: &str = "\
The closest first: those with the same fault (the same key of alerts, or the same service, category and
title but for numbers and ids), then those whose title, symptoms, notes, resolution or review have the
same words (the rarest count most) or whose service and category are the same. Below each: how it was
resolved, the findings of its review, and the runbook that was followed.

A hint names the category or the service that most of them had and this one has not.

--json prints one object: similar and hints. `redphone schema similar` describes it.

Examples:
  redphone similar INC-12
  redphone similar 12 --limit 3
  redphone similar 12 --json | jq -r '.similar[].resolution'";

/// Arguments of `redphone similar`.
#[derive(Args, Clone, Debug)]
pub struct Similar {
    /// Its number or id
    #[arg(value_name = "NUMBER|ID")]
    pub incident: IncidentRef,
    /// The most incidents, up to 100
    #[arg(long, value_name = "N", default_value_t = 10,
          value_parser = clap::value_parser!(u32).range(1..=100))]
    pub limit: u32,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
