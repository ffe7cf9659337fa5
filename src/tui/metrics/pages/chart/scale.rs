//! The vertical axis of a chart: the figures at its lines.

/// Steps between the figures of an axis of durations, in seconds.
const DURATION_STEPS: [u64; 18] = [
    10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 43_200, 86_400, 172_800,
    432_000, 864_000, 2_592_000,
];

/// The seconds of a day.
const DAY_S: u64 = 86_400;

/// The figures of an axis, by line from the bottom.
pub(super) struct Scale {
    labels: Vec<Option<String>>,
    /// The width of the axis, with the blanks behind it.
    pub(super) width: usize,
}

impl Scale {
    /// Creates the axis of counts up to `most`.
    pub(super) fn of_counts(most: u64, lines: usize) -> Self {
        let powers = (0..18).map(|power| 10_u64.pow(power));
        let mut steps = powers.flat_map(|power| [power, power * 2, power * 5]);
        let step = steps.find(|step| most / step <= most_labels(lines)).unwrap_or(most);
        Self::new(most, step, lines, &|value| value.to_string())
    }

    /// Creates the axis of durations up to `most` seconds.
    pub(super) fn of_durations(most: u64, lines: usize, show: &dyn Fn(u64) -> String) -> Self {
        let mut steps = DURATION_STEPS.iter().copied();
        let step = steps.find(|step| most / step <= most_labels(lines)).unwrap_or(most);
        // Parts of days would be shown as the days before them.
        let in_hours = step % DAY_S != 0;
        Self::new(most, step, lines, &|value| match value {
            DAY_S.. if in_hours => format!("{}h{:02}", value / 3600, value % 3600 / 60),
            _ => show(value),
        })
    }

    /// Creates the axis of shares up to `most` percent.
    pub(super) fn of_percent(most: u64, lines: usize) -> Self {
        let mut steps = [10, 20, 25, 50, 100, 200, 500].into_iter();
        let step = steps.find(|step| most / step <= most_labels(lines)).unwrap_or(most);
        Self::new(most, step, lines, &|value| format!("{value} %"))
    }

    fn new(most: u64, step: u64, lines: usize, show: &dyn Fn(u64) -> String) -> Self {
        let (most, step) = (most.max(1), step.max(1));
        let mut labels: Vec<Option<String>> = vec![None; lines];
        if let Some(lowest) = labels.first_mut() {
            *lowest = Some(show(0));
        }
        let mut value = step;
        while value <= most {
            // The line whose upper edge is nearest to the figure.
            let line =
                (u128::from(value) * lines as u128 * 2 + u128::from(most)) / (u128::from(most) * 2);
            let line = usize::try_from(line).unwrap_or(lines).saturating_sub(1);
            if let Some(label) = labels.get_mut(line).filter(|label| label.is_none()) {
                *label = Some(show(value));
            }
            value = value.saturating_add(step);
        }
        let widest = labels.iter().flatten().map(|label| label.chars().count()).max().unwrap_or(0);
        Self { labels, width: widest.max(4) + 2 }
    }

    /// Returns the figure of a line, aligned to the right, with the blanks behind it.
    pub(super) fn label(&self, line: usize) -> String {
        let text = self.labels.get(line).and_then(Option::as_deref).unwrap_or_default();
        let blank = self.width.saturating_sub(2 + text.chars().count());
        format!("{}{text}  ", " ".repeat(blank))
    }

    /// Returns whether a line above the lowest one has a figure.
    pub(super) fn has_mark(&self, line: usize) -> bool {
        line > 0 && self.labels.get(line).is_some_and(Option::is_some)
    }
}

/// Returns how many figures an axis has at most, without the 0.
fn most_labels(lines: usize) -> u64 {
    (lines as u64 / 3).max(1)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// With 6 lines and 20 incidents each line is 3.3: the upper edge of the third is 10.
    #[rstest]
    #[case(20, 6, &["0", "", "10", "", "", "20"])]
    #[case(11, 6, &["0", "", "5", "", "10", ""])]
    #[case(1, 3, &["0", "", "1"])]
    fn counts_stand_where_columns_reach_them(
        #[case] most: u64,
        #[case] lines: usize,
        #[case] expected: &[&str],
    ) {
        let scale = Scale::of_counts(most, lines);
        let labels: Vec<String> =
            (0..lines).map(|line| scale.label(line).trim().to_owned()).collect();
        assert_eq!(labels, expected);
        assert_eq!(scale.width, 6);
    }

    #[test]
    fn parts_of_days_are_hours() {
        let show = |value: u64| if value < DAY_S { "less" } else { "1d" }.to_owned();
        let label = |most, line| Scale::of_durations(most, 9, &show).label(line).trim().to_owned();
        // Steps of 12 hours up to 36, each 3 lines above the previous one.
        assert_eq!([2, 5, 8].map(|line| label(129_600, line)), ["less", "24h00", "36h00"]);
        // Steps of days.
        assert_eq!([2, 5, 8].map(|line| label(259_200, line)), ["1d", "1d", "1d"]);
    }
}
