//! Reports on a timer: of which time, when they are due, and who gets them.

use std::fmt;
use std::path::PathBuf;

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime, TimeDelta, Utc};

use super::measures::Window;
use super::measures::pages::Offsets;
use super::oncall::{Day, Zone};

/// How late a report may be before its text states the delay.
pub const LATE_AFTER: TimeDelta = TimeDelta::minutes(15);
/// How many days are searched for the one on which a report is due: a month and some.
const SEARCHED_DAYS: u64 = 40;
/// The name in [`ReportRule::to`] that represents everybody in `[[stakeholders]]`.
pub const STAKEHOLDERS: &str = "stakeholders";

/// A report that is sent on a timer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReportRule {
    /// The name, which no other report has.
    pub name: String,
    /// The period that it covers.
    pub window: ReportWindow,
    /// The teams whose incidents it covers; all teams if it is empty.
    pub teams: Vec<String>,
    /// On which days it is due.
    pub day: ReportDay,
    /// At which time of these days.
    pub time: NaiveTime,
    /// The zone by whose clock that is.
    pub zone: String,
    /// The handles of the people who get it, or [`STAKEHOLDERS`].
    pub to: Vec<String>,
    /// The folder into which it is written; `None` to write no file.
    pub directory: Option<PathBuf>,
    /// In which form.
    pub form: ReportForm,
}

/// The period of a report.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReportWindow {
    /// The days before it is due.
    Days(u32),
    /// The calendar month before the one in which it is due.
    Month,
}

impl fmt::Display for ReportWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Days(days) => write!(f, "{days}d"),
            Self::Month => f.write_str("month"),
        }
    }
}

/// On which days a report is due.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReportDay {
    /// On each day.
    Every,
    /// Once a week.
    Weekly(Day),
    /// Once a month, on the day with this number, from 1 to 28.
    Monthly(u32),
}

impl ReportDay {
    fn is_on(self, date: NaiveDate) -> bool {
        match self {
            Self::Every => true,
            Self::Weekly(day) => date.weekday().num_days_from_monday() == u32::from(day.index()),
            Self::Monthly(day) => date.day() == day,
        }
    }
}

impl fmt::Display for ReportDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Every => f.write_str("every"),
            Self::Weekly(day) => f.write_str(day.name()),
            Self::Monthly(day) => write!(f, "{day}"),
        }
    }
}

/// The form of a report.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReportForm {
    /// One file of HTML; people who are not reached by mail get the text.
    Html,
    /// A text in Markdown.
    Markdown,
}

impl ReportForm {
    /// All forms.
    pub const ALL: &'static [Self] = &[Self::Html, Self::Markdown];

    /// Returns the text of the settings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Markdown => "markdown",
        }
    }

    /// Returns the ending of the names of files.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Markdown => "md",
        }
    }
}

impl ReportRule {
    /// Returns the default time of the day at which a report is due: nine o'clock.
    #[must_use]
    pub fn default_time() -> NaiveTime {
        NaiveTime::from_hms_opt(9, 0, 0).unwrap_or_default()
    }

    fn clock(&self) -> Zone {
        // The settings were checked; a zone file that was removed since must not stop the report.
        Zone::find(&self.zone).unwrap_or_else(|_| Zone::utc())
    }

    /// Returns when it was due last, up to a time; `None` if that is too long ago.
    #[must_use]
    pub fn last_due(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let clock = self.clock();
        // The zone may be a day ahead of its local time before the clock was set back.
        let today = clock.shown_at(now).date().checked_add_days(Days::new(1))?;
        (0..SEARCHED_DAYS)
            .filter_map(|back| today.checked_sub_days(Days::new(back)))
            .filter(|date| self.day.is_on(*date))
            .map(|date| clock.first_time(date.and_time(self.time)))
            .find(|due| *due <= now)
    }

    /// Returns when it is due next, after a time.
    #[must_use]
    pub fn next_due(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let clock = self.clock();
        let today = clock.shown_at(now).date().checked_sub_days(Days::new(1))?;
        (0..SEARCHED_DAYS)
            .filter_map(|ahead| today.checked_add_days(Days::new(ahead)))
            .filter(|date| self.day.is_on(*date))
            .map(|date| clock.first_time(date.and_time(self.time)))
            .find(|due| *due > now)
    }

    /// Returns the offsets of its zone, over the window of the report that is due at a time and the one before.
    #[must_use]
    pub fn offsets_at(&self, due: DateTime<Utc>) -> Offsets {
        // Months are compared with months, which may be longer.
        let length = match self.window {
            ReportWindow::Days(days) => TimeDelta::days(i64::from(days).saturating_mul(2)),
            ReportWindow::Month => TimeDelta::days(100),
        };
        let from = due.checked_sub_signed(length).unwrap_or(due);
        let clock = self.clock();
        Offsets::find(from, due, &|at| {
            let seconds = clock.shown_at(at).and_utc().timestamp() - at.timestamp();
            i32::try_from(seconds).unwrap_or(0)
        })
    }

    /// Returns the time of which the report is that is due at a time; its days are those of its zone.
    #[must_use]
    pub fn window_at(&self, due: DateTime<Utc>) -> Window {
        let zone = self.offsets_at(due);
        let days = match self.window {
            ReportWindow::Days(days) => days,
            ReportWindow::Month => {
                let clock = self.clock();
                let this = clock.shown_at(due).date().with_day(1);
                let before = this.and_then(|first| first.checked_sub_months(Months::new(1)));
                if let (Some(before), Some(this)) = (before, this) {
                    let begin = |date: NaiveDate| clock.first_time(date.and_time(NaiveTime::MIN));
                    return Window::between(begin(before), begin(this), &zone);
                }
                30
            }
        };
        Window::last_days(days, due, &zone)
    }

    /// Returns the name of the window of the report that is due at a time: the month in its zone,
    /// such as `October 2026`; `None` for a number of days.
    #[must_use]
    pub fn period_at(&self, due: DateTime<Utc>) -> Option<String> {
        if self.window != ReportWindow::Month {
            return None;
        }
        let clock = self.clock();
        let this = clock.shown_at(due).date().with_day(1)?;
        let month = this.checked_sub_months(Months::new(1))?.format("%B %Y").to_string();
        Some(if self.zone == "UTC" { month } else { format!("{month} ({})", self.zone) })
    }

    /// Returns the name of the file of the report that is due at a time.
    #[must_use]
    pub fn file_name(&self, due: DateTime<Utc>) -> String {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let name: String = self.name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
        let date = self.clock().shown_at(due).format("%Y-%m-%d");
        format!("{name}-{date}.{}", self.form.extension())
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        format!("{text}:00Z").parse().unwrap()
    }

    fn rule(day: ReportDay, window: ReportWindow, zone: &str) -> ReportRule {
        ReportRule {
            name: "to the board".into(),
            window,
            teams: Vec::new(),
            day,
            time: ReportRule::default_time(),
            zone: zone.into(),
            to: Vec::new(),
            directory: None,
            form: ReportForm::Html,
        }
    }

    /// 2026-03-02 is a Monday. Berlin is an hour ahead of UTC until 2026-03-29, then two.
    #[rstest]
    #[case(ReportDay::Every, "UTC", "2026-03-04T08:59", "2026-03-03T09:00", "2026-03-04T09:00")]
    #[case(ReportDay::Every, "UTC", "2026-03-04T09:00", "2026-03-04T09:00", "2026-03-05T09:00")]
    #[case(
        ReportDay::Weekly(Day::Mon),
        "UTC",
        "2026-03-04T12:00",
        "2026-03-02T09:00",
        "2026-03-09T09:00"
    )]
    #[case(
        ReportDay::Monthly(1),
        "UTC",
        "2026-03-04T12:00",
        "2026-03-01T09:00",
        "2026-04-01T09:00"
    )]
    #[case(
        ReportDay::Every,
        "Europe/Berlin",
        "2026-03-28T12:00",
        "2026-03-28T08:00",
        "2026-03-29T07:00"
    )]
    #[case(
        ReportDay::Every,
        "Pacific/Auckland",
        "2026-03-03T21:00",
        "2026-03-03T20:00",
        "2026-03-04T20:00"
    )]
    fn report_is_due_by_the_clock_of_its_zone(
        #[case] day: ReportDay,
        #[case] zone: &str,
        #[case] now: &str,
        #[case] last: &str,
        #[case] next: &str,
    ) {
        let rule = rule(day, ReportWindow::Days(7), zone);
        assert_eq!(rule.last_due(at(now)), Some(at(last)));
        assert_eq!(rule.next_due(at(now)), Some(at(next)));
    }

    #[rstest]
    #[case(
        ReportWindow::Days(7),
        "UTC",
        "2026-03-02T09:00",
        "2026-02-23T09:00",
        "2026-03-02T09:00"
    )]
    #[case(ReportWindow::Month, "UTC", "2026-03-01T09:00", "2026-02-01T00:00", "2026-03-01T00:00")]
    #[case(
        ReportWindow::Month,
        "Europe/Berlin",
        "2026-04-01T07:00",
        "2026-02-28T23:00",
        "2026-03-31T22:00"
    )]
    fn window_ends_with_the_period(
        #[case] window: ReportWindow,
        #[case] zone: &str,
        #[case] due: &str,
        #[case] from: &str,
        #[case] to: &str,
    ) {
        let window = rule(ReportDay::Every, window, zone).window_at(at(due));
        assert_eq!((window.from, window.to), (at(from), at(to)));
    }

    #[test]
    fn name_of_a_file_has_no_folder() {
        let mut rule = rule(ReportDay::Every, ReportWindow::Month, "UTC");
        rule.name = "../to the board".into();
        assert_eq!(rule.file_name(at("2026-03-01T09:00")), "___to_the_board-2026-03-01.html");
    }

    #[rstest]
    #[case(ReportWindow::Days(7), "UTC", "2026-03-02T09:00", None)]
    #[case(ReportWindow::Month, "UTC", "2026-03-01T09:00", Some("February 2026"))]
    #[case(ReportWindow::Month, "UTC", "2026-01-31T09:00", Some("December 2025"))]
    #[case(
        ReportWindow::Month,
        "Pacific/Auckland",
        "2026-03-31T20:00",
        Some("March 2026 (Pacific/Auckland)")
    )]
    fn month_is_that_of_the_zone(
        #[case] window: ReportWindow,
        #[case] zone: &str,
        #[case] due: &str,
        #[case] expected: Option<&str>,
    ) {
        let rule = rule(ReportDay::Monthly(1), window, zone);
        assert_eq!(rule.period_at(at(due)).as_deref(), expected);
    }
}
