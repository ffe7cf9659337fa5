//! Arguments of `metrics`.

use clap::Args;

use super::super::value::{EnumParser, MeasuresWindow};
use crate::model::Priority;
use crate::model::measures::pages::Dimension;
use crate::model::measures::sheet::Page;
use crate::model::status::{Category, Source};

pub(super) const METRICS: &str = "\
The pages of the metrics pane: overview, times, volume, levels, recurring, budgets, people and practice,
with the same figures. A window is a number of days up to now, a calendar month such as 2026-03, `month`
for the present one, `last-month`, or FROM..TO, of which the end does not count: days such as 2026-03-01,
or times such as 2026-03-01T08:00:00Z. A month is compared with the month before. Hours, nights, days
and months are those of --zone. Merged and reclassified incidents and false alarms are left out and counted apart; a line that
says `thin` rests on fewer than 5 incidents. `redphone help metrics` says what each figure means.

--json prints one object with all pages, as the API does at /v1/measures/pages; durations are
milliseconds. --csv prints page, table, row, column and value, one figure a line. --markdown prints the
tables for a document. Without a page both print all pages.

Examples:
  redphone metrics
  redphone metrics times --window 90d --by team --compare
  redphone metrics levels --window 2026-03 --compare --markdown
  redphone metrics people --csv > people.csv
  redphone metrics --json | jq .now.mttr.mean_ms";

/// Arguments of `redphone metrics`.
#[derive(Args, Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct Metrics {
    /// Which page [default: overview]
    #[arg(value_name = "PAGE", value_parser = EnumParser::<Page>::new())]
    pub page: Option<Page>,
    /// A number of days such as 30d, a month such as 2026-03, `month`, `last-month`, or FROM..TO
    #[arg(long, value_name = "30d|FROM..TO", default_value = "30d")]
    pub window: MeasuresWindow,
    /// The field by which the figures are broken down; may be repeated [default: service; JSON: all]
    #[arg(long = "by", value_name = "FIELD", value_delimiter = ',',
          value_parser = EnumParser::<Dimension>::new())]
    pub by: Vec<Dimension>,
    /// Compare with the window of the same length before, a month with the month before
    #[arg(long)]
    pub compare: bool,
    /// Only incidents of this priority; may be repeated
    #[arg(long, value_name = "P1..P4", help_heading = "Which incidents")]
    pub priority: Vec<Priority>,
    /// Only incidents of this category; may be repeated
    #[arg(long, value_name = "CATEGORY", help_heading = "Which incidents",
          value_parser = EnumParser::<Category>::new())]
    pub category: Vec<Category>,
    /// Only incidents with this primary service; `none` for those without; may be repeated
    #[arg(long, value_name = "NAME", help_heading = "Which incidents")]
    pub service: Vec<String>,
    /// Only incidents of this team; `none` for those without; may be repeated
    #[arg(long, value_name = "NAME", help_heading = "Which incidents")]
    pub team: Vec<String>,
    /// Only incidents that were detected in this way; may be repeated
    #[arg(long, value_name = "SOURCE", help_heading = "Which incidents",
          value_parser = EnumParser::<Source>::new())]
    pub source: Vec<Source>,
    /// Print JSON
    #[arg(long, conflicts_with_all = ["csv", "markdown"])]
    pub json: bool,
    /// Print comma-separated values
    #[arg(long, conflicts_with = "markdown")]
    pub csv: bool,
    /// Print Markdown
    #[arg(long)]
    pub markdown: bool,
}
