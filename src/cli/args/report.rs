//! Arguments of `report`.

use clap::Args;

use super::super::value::{EnumParser, MeasuresWindow};
use crate::model::measures::pages::Dimension;
use crate::model::status::text_enum;
use crate::verbs::value::TextEnum;

text_enum! {
    /// The form of a report.
    ReportFormat, "format" {
        /// A document in Markdown.
        Markdown = "markdown" | "md",
        /// One file of HTML.
        Html = "html",
        /// One object.
        Json = "json",
    }
}

impl TextEnum for ReportFormat {
    fn offered_values() -> Vec<&'static str> {
        Self::ALL.iter().map(|value| value.as_str()).collect()
    }
}

pub(super) const REPORT: &str = "\
All pages of `redphone metrics` as one document: times, volume, service levels, recurring faults, error
budgets, people and practice over a window, against the time before (a month against the month before),
with what has changed, the problems and the action items that are open. HTML is one file with charts,
without scripts and requests; it follows light and dark, and prints on A4. JSON is that of
`redphone metrics --json`, with `problems` and `action_items`. Hours, days and months are those of --zone.
`redphone help reports` says how a server sends reports on a timer.

Examples:
  redphone report --window last-month --format html > month.html
  redphone report --window 2026-03 --zone utc
  redphone report --team payments | glow";

/// Arguments of `redphone report`.
#[derive(Args, Clone, Debug)]
pub struct Report {
    /// A number of days such as 30d, a month such as 2026-03, `month`, `last-month`, or FROM..TO
    #[arg(long, value_name = "30d|FROM..TO", default_value = "30d")]
    pub window: MeasuresWindow,
    /// Only incidents of this team; `none` for those without; may be repeated
    #[arg(long, value_name = "NAME")]
    pub team: Vec<String>,
    /// The field by which the figures are broken down
    #[arg(long, value_name = "FIELD", default_value = "service",
          value_parser = EnumParser::<Dimension>::new())]
    pub by: Dimension,
    /// The form
    #[arg(long, value_name = "FORMAT", default_value = "markdown",
          value_parser = EnumParser::<ReportFormat>::new())]
    pub format: ReportFormat,
}
