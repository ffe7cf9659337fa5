//! The pages as one document: Markdown, or one file of HTML with charts, without scripts and requests.

mod html;
mod markdown;
mod records;
mod style;
mod svg;

pub(in crate::model) use html::escape;
pub use markdown::MeasuresReport;
pub use records::{ReportAction, ReportProblem, ReportRecords};
