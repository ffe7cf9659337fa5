//! Times at which things happen: more by day than by night, fewer on weekends, never evenly spaced.

use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc, Weekday};

use super::dice::Dice;

const HOUR_MS: i64 = 3_600_000;

/// A distribution over time, by hours: how much happens in each hour of a period.
pub(super) struct Rhythm {
    from_ms: i64,
    /// The sum of the weights up to and including each hour.
    sums: Vec<f64>,
}

impl Rhythm {
    /// Returns the distribution of incidents: machines fail at night too, and some days are worse
    /// than others.
    pub fn incidents(from: DateTime<Utc>, to: DateTime<Utc>, dice: &mut Dice) -> Self {
        let mut day = 0;
        let mut mood = 1.0;
        Self::from_weights(from, to, |at| {
            if at.ordinal() != day {
                day = at.ordinal();
                mood = dice.log_normal(1.0, 0.35);
            }
            let weekend = if is_weekend(at) { 0.38 } else { 1.0 };
            let hour = match at.hour() {
                0..=5 => 0.32,
                6 | 7 => 0.75,
                8..=11 => 1.5,
                12 | 13 => 1.2,
                14..=17 => 1.6,
                18..=20 => 0.95,
                _ => 0.5,
            };
            // The week of the big sales, and the change freeze at the end of the year.
            let season = match (at.month(), at.day()) {
                (11, 23..=30) => 1.9,
                (12, 22..=31) | (1, 1..=2) => 0.5,
                (7 | 8, _) => 0.85,
                _ => 1.0,
            };
            weekend * hour * season * mood
        })
    }

    /// Returns the distribution of planned changes: in working hours, fewer on Fridays, and hardly
    /// any in the change freeze.
    pub fn changes(from: DateTime<Utc>, to: DateTime<Utc>) -> Self {
        Self::from_weights(from, to, |at| {
            let day = match at.weekday() {
                Weekday::Sat | Weekday::Sun => 0.02,
                Weekday::Fri => 0.5,
                _ => 1.0,
            };
            let hour = match at.hour() {
                7 | 17 => 0.5,
                8..=11 | 13..=16 => 1.5,
                12 => 0.7,
                _ => 0.04,
            };
            let freeze = matches!((at.month(), at.day()), (12, 18..=31) | (1, 1..=2));
            day * hour * if freeze { 0.1 } else { 1.0 }
        })
    }

    fn from_weights(
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        mut weight: impl FnMut(DateTime<Utc>) -> f64,
    ) -> Self {
        let mut sums = Vec::new();
        let mut sum = 0.0;
        let mut at = from;
        while at < to {
            let next = at + TimeDelta::hours(1);
            // The last hour counts only for its part before `to`.
            let part = (next.min(to) - at).num_seconds();
            #[allow(clippy::cast_precision_loss, reason = "at most 3600")]
            let part = part as f64 / 3600.0;
            sum += weight(at) * part;
            sums.push(sum);
            at = next;
        }
        Self { from_ms: from.timestamp_millis(), sums }
    }

    /// Returns the time by which a share (0 to 1) of everything has happened; at most `to`.
    fn time_at_share(&self, share: f64, to: DateTime<Utc>) -> DateTime<Utc> {
        let total = self.sums.last().copied().unwrap_or(0.0);
        let wanted = share * total;
        let hour = self.sums.partition_point(|sum| *sum <= wanted).min(self.sums.len().max(1) - 1);
        let before = if hour == 0 { 0.0 } else { self.sums[hour - 1] };
        let within = self.sums.get(hour).map_or(0.0, |sum| {
            if *sum > before { (wanted - before) / (sum - before) } else { 0.0 }
        });
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            reason = "below 1 h"
        )]
        let within_ms = (within * HOUR_MS as f64) as i64;
        let hours = i64::try_from(hour).unwrap_or(0);
        let ms = self.from_ms + hours * HOUR_MS + within_ms;
        DateTime::from_timestamp_millis(ms).unwrap_or(to).min(to)
    }
}

fn is_weekend(at: DateTime<Utc>) -> bool {
    matches!(at.weekday(), Weekday::Sat | Weekday::Sun)
}

/// A given number of random times in ascending order, drawn one by one. Between two times there is
/// as much chance as in a Poisson process.
pub(super) struct Arrivals {
    rhythm: Rhythm,
    to: DateTime<Utc>,
    dice: Dice,
    remaining: u64,
    /// The share (0 to 1) of everything that has happened so far.
    share: f64,
}

impl Arrivals {
    pub fn new(rhythm: Rhythm, to: DateTime<Utc>, count: u64, dice: Dice) -> Self {
        Self { rhythm, to, dice, remaining: count, share: 0.0 }
    }
}

impl Iterator for Arrivals {
    type Item = DateTime<Utc>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.remaining == 0 {
            return None;
        }
        // Draws the least of n uniform numbers above `share`. This gives uniform numbers in
        // ascending order without sorting them.
        #[allow(clippy::cast_precision_loss, reason = "a count of incidents is far below 2^52")]
        let power = 1.0 / self.remaining as f64;
        let least = 1.0 - (1.0 - self.dice.unit()).powf(power);
        self.share += (1.0 - self.share) * least;
        self.remaining -= 1;
        Some(self.rhythm.time_at_share(self.share, self.to))
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::super::dice::Stream;
    use super::*;

    #[test]
    fn arrivals_have_the_requested_count_order_and_span() {
        let to = Utc.with_ymd_and_hms(2026, 3, 14, 15, 9, 26).unwrap();
        let from = to - TimeDelta::days(90);
        for count in [0, 1, 2, 5000] {
            let mut dice = Dice::new(7, Stream::Rhythm);
            let rhythm = Rhythm::incidents(from, to, &mut dice);
            let times: Vec<_> = Arrivals::new(rhythm, to, count, dice).collect();
            assert_eq!(times.len() as u64, count);
            assert!(times.is_sorted());
            assert!(times.iter().all(|t| (from..=to).contains(t)));
        }
    }

    #[test]
    fn weekends_are_quieter_than_weekdays() {
        let to = Utc.with_ymd_and_hms(2026, 3, 16, 0, 0, 0).unwrap();
        let from = to - TimeDelta::days(70);
        let mut dice = Dice::new(7, Stream::Rhythm);
        let rhythm = Rhythm::incidents(from, to, &mut dice);
        let (weekend, weekday): (Vec<_>, Vec<_>) =
            Arrivals::new(rhythm, to, 7000, dice).partition(|t| is_weekend(*t));
        // Two days of seven, at the same rate, would be 2000.
        assert!(weekend.len() * 10 < weekday.len() * 3, "{} {}", weekend.len(), weekday.len());
    }
}
