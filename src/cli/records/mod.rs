//! Records for scripts: lines of JSON with stable names, and the formats in which they are printed.

mod columns;
mod format;
mod line;
mod notification;
mod schema;
mod template;

pub use format::{Format, FormatArgs, Printer, csv_line};
pub use line::{EventLine, IncidentChange, IncidentLine};
pub use notification::NotificationLine;
pub use schema::json_schema;
