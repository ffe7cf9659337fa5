//! Windows of time that the metrics pane can show.

use chrono::{NaiveDate, NaiveTime};

use crate::model::time::is_in_range;

/// A window of time that the metrics pane can show.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub enum Span {
    /// The last 24 hours.
    Day,
    /// The last 7 days.
    #[default]
    Week,
    /// The last 30 days.
    Month,
    /// The last 90 days.
    Quarter,
    /// From the start of the first day up to the start of the second, by the viewer's days.
    Between(NaiveDate, NaiveDate),
}

/// The longest window between two days, in days.
const MAX_DAYS: i64 = 400;

impl Span {
    /// The windows up to now, from the shortest to the longest.
    pub const ALL: [Self; 4] = [Self::Day, Self::Week, Self::Month, Self::Quarter];

    /// Returns the text that stands for the window on the screen.
    #[must_use]
    pub fn label(self) -> String {
        match self {
            Self::Day => "24 h".to_owned(),
            Self::Week => "7 d".to_owned(),
            Self::Month => "30 d".to_owned(),
            Self::Quarter => "90 d".to_owned(),
            Self::Between(from, to) => format!("{from}..{to}"),
        }
    }

    /// Parses a window between two days, such as `2026-03-01..2026-04-01`; `None` if it is none, or longer
    /// than 400 days.
    #[must_use]
    pub fn parse_between(text: &str) -> Option<Self> {
        let (from, to) = text.trim().split_once("..")?;
        let day = |text: &str| NaiveDate::parse_from_str(text.trim(), "%Y-%m-%d").ok();
        let (from, to) = (day(from)?, day(to)?);
        let in_range =
            [from, to].iter().all(|day| is_in_range(day.and_time(NaiveTime::MIN).and_utc()));
        let days = (to - from).num_days();
        (in_range && (1..=MAX_DAYS).contains(&days)).then_some(Self::Between(from, to))
    }

    /// Returns whether its buckets are hours, and not days.
    #[must_use]
    pub fn is_hourly(self) -> bool {
        match self {
            Self::Day => true,
            Self::Between(..) => self.days() <= 2,
            Self::Week | Self::Month | Self::Quarter => false,
        }
    }

    /// Returns the window's length in days.
    #[must_use]
    pub fn days(self) -> u32 {
        match self {
            Self::Day => 1,
            Self::Week => 7,
            Self::Month => 30,
            Self::Quarter => 90,
            Self::Between(from, to) => u32::try_from((to - from).num_days()).unwrap_or(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn window_between_two_days_is_parsed() {
        let window = Span::parse_between("2026-03-01..2026-04-01").unwrap();
        assert_eq!((window.days(), window.is_hourly()), (31, false));
        assert_eq!(Span::parse_between(&window.label()), Some(window));
        for text in ["2026-03-01", "2026-03-02..2026-03-01", "2020-01-01..2026-01-01", "a..b"] {
            assert_eq!(Span::parse_between(text), None, "{text}");
        }
    }
}
