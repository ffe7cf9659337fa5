//! The pages as one document: Markdown, or one file of HTML with charts, without scripts and requests.

mod chart;
mod html;
mod markdown;
mod records;
mod style;

pub use markdown::MeasuresReport;
pub use records::{ReportAction, ReportProblem, ReportRecords};
