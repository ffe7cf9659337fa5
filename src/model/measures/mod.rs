//! Measures over a time window, compared with the window of the same length before it.
//!
//! Terms follow DORA and ITIL practice: MTTA is reported → first acknowledged, MTTR is detected →
//! resolved (the last time, if reopened). Merged incidents, reclassified incidents and false alarms
//! are excluded and counted separately.

mod compute;
mod fact;
mod named_window;
pub mod pages;
mod recurring;
pub mod report;
pub mod sheet;
mod sla;
mod times;
mod volume;
mod window;

pub use compute::{Cut, ExcludedCounts, Figures, Measures, compute};
pub use fact::{Counted, Fact, FactMute, FactVerdict, acknowledged_by_somebody};
pub use named_window::{BadWindow, MeasuresWindow, WindowEnd, month_days, parse_month};
pub use recurring::{Recurring, fingerprint, title_pattern};
pub use sla::Compliance;
pub use times::{MIN_SAMPLE, Times};
pub use window::{Window, start_of_day};
