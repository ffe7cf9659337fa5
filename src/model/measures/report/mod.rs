//! The pages as one document: Markdown, or one file of HTML with charts, without scripts and requests.

mod html;
mod markdown;
mod style;
mod svg;

pub use markdown::MeasuresReport;
