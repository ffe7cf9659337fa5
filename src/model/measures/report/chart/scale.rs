//! The figures of a vertical axis.

/// Steps between the figures of an axis of durations, in seconds.
const DURATION_STEPS: [u64; 18] = [
    10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 43_200, 86_400, 172_800,
    432_000, 864_000, 2_592_000,
];
/// Steps between the figures of an axis of percent.
const PERCENT_STEPS: [u64; 6] = [25, 50, 100, 200, 500, 1000];
/// The most figures above 0.
const MAX_FIGURES: u64 = 4;

/// Returns the figures of an axis of counts up to `most`, beginning with 0.
pub(super) fn of_counts(most: u64) -> Vec<u64> {
    let powers = (0..18).map(|power| 10_u64.pow(power));
    figures(most, powers.flat_map(|power| [power, power * 2, power * 5]))
}

/// Returns the figures of an axis of seconds up to `most`, beginning with 0.
pub(super) fn of_seconds(most: u64) -> Vec<u64> {
    figures(most, DURATION_STEPS.into_iter())
}

/// Returns the figures of an axis of percent up to `most`, beginning with 0.
pub(super) fn of_percent(most: u64) -> Vec<u64> {
    figures(most, PERCENT_STEPS.into_iter())
}

/// Returns the multiples of the least step of which there are few enough.
fn figures(most: u64, mut steps: impl Iterator<Item = u64>) -> Vec<u64> {
    let step = steps.find(|step| most / step <= MAX_FIGURES).unwrap_or(most.max(1));
    (0..=most / step).map(|index| index * step).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(of_counts(1), &[0, 1])]
    #[case(of_counts(4), &[0, 1, 2, 3, 4])]
    #[case(of_counts(13), &[0, 5, 10])]
    #[case(of_counts(20_000), &[0, 5000, 10_000, 15_000, 20_000])]
    #[case(of_seconds(100), &[0, 30, 60, 90])]
    #[case(of_seconds(7300), &[0, 1800, 3600, 5400, 7200])]
    #[case(of_seconds(90_000_000), &[0, 90_000_000])]
    #[case(of_percent(100), &[0, 25, 50, 75, 100])]
    #[case(of_percent(340), &[0, 100, 200, 300])]
    fn axis_has_few_round_figures(#[case] figures: Vec<u64>, #[case] expected: &[u64]) {
        assert_eq!(figures, expected);
    }
}
