//! The difference between the clock of a backend and that of this machine.

use chrono::TimeDelta;

use crate::model::time::format_precise_duration;

/// The measured difference between the clock of a backend and that of this machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ClockOffset {
    /// The backend's time minus this machine's time.
    pub offset: TimeDelta,
    /// How much the true difference may differ from `offset`, in either direction.
    pub uncertainty: TimeDelta,
}

impl ClockOffset {
    /// The smallest difference that is shown to people.
    pub const NOTABLE: TimeDelta = TimeDelta::seconds(30);
    /// Smaller differences are not corrected: clocks differ a little.
    pub const LEAST_CORRECTED: TimeDelta = TimeDelta::seconds(1);

    /// Returns the correction for times of this machine's clock; zero if the clocks agree as far as
    /// known.
    #[must_use]
    pub fn correction(&self) -> TimeDelta {
        if self.offset.abs() < self.uncertainty.max(Self::LEAST_CORRECTED) {
            TimeDelta::zero()
        } else {
            self.offset
        }
    }

    /// Returns the difference if it should be shown to people.
    #[must_use]
    pub fn notable(&self) -> Option<TimeDelta> {
        (self.offset.abs() - self.uncertainty >= Self::NOTABLE).then_some(self.offset)
    }
}

/// Returns a sentence about a clock that is wrong, without a full stop. `offset` is the time of
/// `backend` minus that of this machine.
#[must_use]
pub fn clock_sentence(offset: TimeDelta, backend: &str) -> String {
    let which = if offset > TimeDelta::zero() { "behind" } else { "ahead of" };
    format!(
        "this machine's clock is {} {which} that of {backend}: the times of what is sent are \
         corrected by it, set the clock",
        format_precise_duration(TimeDelta::seconds(offset.abs().num_seconds()))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(offset_ms: i64, uncertainty_ms: i64) -> ClockOffset {
        let ms = TimeDelta::milliseconds;
        ClockOffset { offset: ms(offset_ms), uncertainty: ms(uncertainty_ms) }
    }

    #[test]
    fn difference_within_the_uncertainty_is_not_corrected() {
        for (offset, uncertainty, corrected) in [
            (999, 10, 0),
            (1_000, 10, 1_000),
            (-360_000, 500, -360_000),
            (1_500, 2_000, 0),
            (-1_500, 2_000, 0),
            (15_000, 15_001, 0),
        ] {
            let correction = measured(offset, uncertainty).correction().num_milliseconds();
            assert_eq!(correction, corrected, "{offset} ± {uncertainty}");
        }
    }

    #[test]
    fn notable_difference_is_certain_and_in_a_sentence() {
        assert_eq!(measured(29_999, 0).notable(), None);
        assert_eq!(measured(30_500, 600).notable(), None);
        assert!(measured(-30_600, 600).notable().is_some());
        for (seconds, text) in [
            (45, "45s behind that of example.net"),
            (-362, "6m02 ahead of that of example.net"),
            (660, "11m00 behind"),
            (7_500, "2h05 behind"),
            (-90_000, "1d ahead of"),
        ] {
            let sentence = clock_sentence(TimeDelta::seconds(seconds), "example.net");
            assert!(sentence.contains(text), "{sentence}");
        }
    }
}
