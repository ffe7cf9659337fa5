//! Windows of time that the metrics pane can show.

use chrono::{NaiveDate, NaiveTime};

use crate::model::measures::{month_days, parse_month};
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
    /// From the start of the first day up to the start of the second, by the viewer's days: also calendar
    /// months.
    Between(NaiveDate, NaiveDate),
}

/// The longest window between two days, in days.
const MAX_DAYS: i64 = 400;

impl Span {
    /// The windows up to now, from the shortest to the longest.
    pub const ALL: [Self; 4] = [Self::Day, Self::Week, Self::Month, Self::Quarter];

    /// Returns the text for the window on the screen.
    #[must_use]
    pub fn label(self) -> String {
        match self {
            Self::Day => "24 h".to_owned(),
            Self::Week => "7 d".to_owned(),
            Self::Month => "30 d".to_owned(),
            Self::Quarter => "90 d".to_owned(),
            Self::Between(from, to) => match self.month() {
                Some(_) => from.format("%Y-%m").to_string(),
                None => format!("{from}..{to}"),
            },
        }
    }

    /// Returns the text that stands for the window with which it is compared.
    #[must_use]
    pub fn label_before(self) -> String {
        match self.month().and_then(|first| month_days(first, 1)) {
            Some([before, _]) => before.format("%Y-%m").to_string(),
            None => format!("{} before", self.label()),
        }
    }

    /// Returns what the window is compared with, in a sentence: `the 7 d before`, or `2026-02`.
    #[must_use]
    pub fn against(self) -> String {
        let before = self.label_before();
        if self.month().is_some() { before } else { format!("the {before}") }
    }

    /// Returns the calendar month of a day, or one that was a number of months before; `None` beyond the years
    /// of the calendar.
    #[must_use]
    pub fn month_of(day: NaiveDate, months_before: u32) -> Option<Self> {
        let [first, next] = month_days(day, months_before)?;
        Some(Self::Between(first, next))
    }

    /// Returns the first day of the calendar month that the window is; `None` if it is none.
    fn month(self) -> Option<NaiveDate> {
        match self {
            Self::Between(from, to) => (month_days(from, 0) == Some([from, to])).then_some(from),
            _ => None,
        }
    }

    /// Returns the calendar month after the one that the window is, or the one before; `None` if it is none, or
    /// after the month of the present day.
    #[must_use]
    pub fn neighbouring_month(self, forwards: bool, today: NaiveDate) -> Option<Self> {
        match (self, self.month()?) {
            (Self::Between(_, next), _) if forwards => {
                Self::month_of(next, 0).filter(|_| next <= today)
            }
            (_, first) => Self::month_of(first, 1),
        }
    }

    /// Parses a window as it is typed: a calendar month such as `2026-03`, `month` for that of the present day,
    /// `last-month`, or a window between two days; `None` if it is none of them.
    #[must_use]
    pub fn parse(text: &str, today: NaiveDate) -> Option<Self> {
        match text.trim() {
            "month" | "this-month" => Self::month_of(today, 0),
            "last-month" => Self::month_of(today, 1),
            text => match parse_month(text) {
                Some(first) => Self::month_of(first, 0),
                None => Self::parse_between(text),
            },
        }
    }

    /// Parses a window between two days, such as `2026-03-01..2026-04-01`; `None` if it is none, or longer
    /// than 400 days.
    #[must_use]
    fn parse_between(text: &str) -> Option<Self> {
        let (from, to) = text.trim().split_once("..")?;
        let day = |text: &str| NaiveDate::parse_from_str(text.trim(), "%Y-%m-%d").ok();
        let (from, to) = (day(from)?, day(to)?);
        let in_range =
            [from, to].iter().all(|day| is_in_range(day.and_time(NaiveTime::MIN).and_utc()));
        let days = (to - from).num_days();
        (in_range && (1..=MAX_DAYS).contains(&days)).then_some(Self::Between(from, to))
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
        let window = Span::parse_between("2026-03-01..2026-03-31").unwrap();
        assert_eq!(window.days(), 30);
        assert_eq!(Span::parse_between(&window.label()), Some(window));
        assert_eq!(window.label_before(), "2026-03-01..2026-03-31 before");
        for text in ["2026-03-01", "2026-03-02..2026-03-01", "2020-01-01..2026-01-01", "a..b"] {
            assert_eq!(Span::parse_between(text), None, "{text}");
        }
    }

    #[test]
    fn calendar_month_is_parsed_and_named() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let today = day("2026-01-31");
        for (text, label, before) in [
            ("2026-03", "2026-03", "2026-02"),
            ("2026-03-01..2026-04-01", "2026-03", "2026-02"),
            ("month", "2026-01", "2025-12"),
            ("last-month", "2025-12", "2025-11"),
            ("2026-01-01..2026-03-01", "2026-01-01..2026-03-01", "2026-01-01..2026-03-01 before"),
        ] {
            let window = Span::parse(text, today).unwrap();
            assert_eq!((window.label(), window.label_before()), (label.into(), before.into()));
            assert_eq!(Span::parse(&window.label(), today), Some(window), "{text}");
        }
        let december = Span::parse("2025-12", today).unwrap();
        let january = december.neighbouring_month(true, today).unwrap();
        assert_eq!(january.label(), "2026-01");
        assert_eq!(january.neighbouring_month(true, today), None, "it is the present one");
        assert_eq!(january.neighbouring_month(false, today), Some(december));
        assert_eq!(Span::Week.neighbouring_month(false, today), None);
        let march = Span::Between(day("2026-03-01"), day("2026-04-01"));
        assert_eq!(Span::parse("2026-03", today), Some(march));
        for text in ["2026-3", "2026-13", "months", ""] {
            assert_eq!(Span::parse(text, today), None, "{text}");
        }
    }
}
