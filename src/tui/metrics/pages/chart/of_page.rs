//! Which chart each page has.

use super::columns::Series;
use super::lines::{Curve, MAX_CURVES, seconds};
use super::scale::Scale;
use super::{AxisMarks, ChartStyle};
use crate::model::Priority;
use crate::model::measures::Window;
use crate::model::measures::pages::{Bucket, Budget, Pages};
use crate::model::measures::sheet::Page;
use crate::tui::widgets::text::{Line, Span};

/// The greatest use of a budget that is drawn, in percent. A budget that is used up many times would
/// leave no height for the others.
const MAX_USED: u64 = 200;
/// The end of the axis of budgets.
const NOW: &str = "now";

impl ChartStyle {
    /// Returns the chart of a page with its heading and axes; nothing if there is nothing to draw.
    pub(in crate::tui) fn of_page(self, page: Page, pages: &Pages) -> Vec<Line<'static>> {
        match page {
            Page::Overview | Page::Volume => self.volume(pages),
            Page::Times => self.times(pages),
            Page::Levels => self.levels(pages),
            Page::Recurring => self.recurring(pages),
            Page::Budgets => self.budgets(pages),
            Page::People => self.people(pages),
            Page::Practice => self.practice(pages),
        }
    }

    /// Returns the number of incidents in each bucket, stacked by priority: the most urgent ones at
    /// the bottom.
    fn volume(self, pages: &Pages) -> Vec<Line<'static>> {
        let counts: Vec<[u64; 4]> = pages.buckets.iter().map(|bucket| bucket.volume).collect();
        self.by_priority(&pages.window, &counts)
    }

    /// Returns the number of incidents in each bucket of a window, by priority from P1 to P4, as columns.
    pub(in crate::tui) fn by_priority(
        self,
        window: &Window,
        counts: &[[u64; 4]],
    ) -> Vec<Line<'static>> {
        let marks = ["1", "2", "3", "4"];
        let series = Priority::ALL.into_iter().zip(marks).map(|(priority, mark)| Series {
            name: priority.as_str(),
            mark,
            style: self.theme.priority(priority),
            counts: counts.iter().map(|bucket| bucket[priority.index()]).collect(),
        });
        self.columns(window, "incidents", &series.collect::<Vec<_>>())
    }

    fn recurring(self, pages: &Pages) -> Vec<Line<'static>> {
        let all = |bucket: &Bucket| bucket.volume.iter().sum::<u64>();
        let series = [
            Series {
                name: "of a fault that came back",
                mark: "r",
                style: self.theme.warning(),
                counts: counts(pages, |bucket| bucket.recurring),
            },
            Series {
                name: "other",
                mark: "o",
                style: self.theme.accent(),
                counts: counts(pages, |bucket| all(bucket).saturating_sub(bucket.recurring)),
            },
        ];
        self.columns(&pages.window, "incidents", &series)
    }

    fn people(self, pages: &Pages) -> Vec<Line<'static>> {
        let series = [
            Series {
                name: "by night",
                mark: "n",
                style: self.theme.warning(),
                counts: counts(pages, |bucket| bucket.by_night),
            },
            Series {
                name: "by day",
                mark: "d",
                style: self.theme.accent(),
                counts: counts(pages, |bucket| bucket.pages.saturating_sub(bucket.by_night)),
            },
        ];
        self.columns(&pages.window, "pages", &series)
    }

    fn practice(self, pages: &Pages) -> Vec<Line<'static>> {
        let all = |bucket: &Bucket| bucket.volume.iter().sum::<u64>();
        let series = [
            Series {
                name: "a field is empty",
                mark: "e",
                style: self.theme.warning(),
                counts: counts(pages, |bucket| bucket.incomplete),
            },
            Series {
                name: "complete",
                mark: "c",
                style: self.theme.good(),
                counts: counts(pages, |bucket| all(bucket).saturating_sub(bucket.incomplete)),
            },
        ];
        self.columns(&pages.window, "records", &series)
    }

    /// Returns the mean times to acknowledge and to resolve in each bucket as lines.
    fn times(self, pages: &Pages) -> Vec<Line<'static>> {
        let curve = |name: &str, style, mean: fn(&Bucket) -> Option<i64>| {
            let value = |ms: i64| u64::try_from(ms / 1000).unwrap_or(0);
            let values: Vec<_> = pages.buckets.iter().map(|b| mean(b).map(value)).collect();
            let peak = values.iter().flatten().max().map(|peak| format!("peak {}", seconds(*peak)));
            Curve { name: name.to_owned(), style, values, remark: peak.unwrap_or_default() }
        };
        let curves = [
            curve("MTTR", self.theme.accent(), |bucket| bucket.mttr_ms),
            curve("MTTA", self.theme.good(), |bucket| bucket.mtta_ms),
        ];
        let most = curves.iter().flat_map(|curve| &curve.values).flatten().copied().max();
        let Some(most) = most else { return Vec::new() };
        let scale = Scale::of_durations(most, self.height, &seconds);
        let heading = format!("means by {}", Self::unit(&pages.window, 1));
        self.curves_of_window(pages, &heading, &curves, most, &scale)
    }

    /// Returns the share of each bucket that was in time.
    fn levels(self, pages: &Pages) -> Vec<Line<'static>> {
        let curve = |name: &str, style, share: fn(&Bucket) -> Option<u64>| {
            let values: Vec<_> = pages.buckets.iter().map(share).collect();
            let least = values.iter().flatten().min().map(|least| format!("least {least} %"));
            Curve { name: name.to_owned(), style, values, remark: least.unwrap_or_default() }
        };
        let curves = [
            curve("resolved", self.theme.accent(), |bucket| bucket.resolve.percent()),
            curve("acknowledged", self.theme.good(), |bucket| bucket.acknowledge.percent()),
        ];
        if curves.iter().all(|curve| curve.values.iter().all(Option::is_none)) {
            return Vec::new();
        }
        let scale = Scale::of_percent(100, self.height);
        let heading = format!("in time by {}", Self::unit(&pages.window, 1));
        self.curves_of_window(pages, &heading, &curves, 100, &scale)
    }

    fn curves_of_window(
        self,
        pages: &Pages,
        heading: &str,
        curves: &[Curve],
        most: u64,
        scale: &Scale,
    ) -> Vec<Line<'static>> {
        let mut lines = vec![self.curves_heading(heading, curves)];
        lines.extend(self.curves(curves, most, scale));
        let buckets = pages.buckets.len();
        let wide = self.width.saturating_sub(scale.width);
        let x_of =
            |bucket: usize| bucket * wide.saturating_sub(1) / buckets.saturating_sub(1).max(1);
        let axis_marks = AxisMarks { x_of: &x_of, bucket_of: &|mark| mark };
        lines.push(self.dates(&pages.window, scale.width, buckets, &axis_marks));
        lines
    }

    /// Returns how the budgets were used up, those that are used most first.
    fn budgets(self, pages: &Pages) -> Vec<Line<'static>> {
        let mut budgets: Vec<&Budget> =
            pages.budgets.iter().filter(|budget| budget.trend.len() > 1).collect();
        budgets.sort_by_key(|budget| std::cmp::Reverse(budget.used_permille));
        let styles =
            [self.theme.accent(), self.theme.near(), self.theme.good(), self.theme.warning()];
        let mut curves: Vec<Curve> = budgets
            .iter()
            .take(MAX_CURVES)
            .zip(styles)
            .map(|(budget, style)| Curve {
                name: budget.service.clone(),
                style,
                // A budget begins unused.
                values: std::iter::once(Some(0))
                    .chain(budget.trend.iter().map(|share| u64::try_from(share / 10).ok()))
                    .collect(),
                remark: format!("{} %", budget.used_permille / 10),
            })
            .collect();
        if curves.is_empty() {
            return Vec::new();
        }
        let (most, is_limited) = limit(&mut curves);
        let scale = Scale::of_percent(most, self.height);
        let heading = if is_limited {
            format!("used of the budget, up to {most} %")
        } else {
            "used of the budget".to_owned()
        };
        let mut lines = vec![self.curves_heading(&heading, &curves)];
        lines.extend(self.curves(&curves, most, &scale));
        lines.push(self.budget_axis(&budgets, &scale));
        lines
    }

    /// Returns the horizontal axis of budgets: each is over its own days up to now.
    fn budget_axis(self, budgets: &[&Budget], scale: &Scale) -> Line<'static> {
        let days = budgets.first().map_or(0, |budget| budget.window_days);
        let start = if budgets.iter().all(|budget| budget.window_days == days) {
            format!("{days} d ago")
        } else {
            "start of the days of each".to_owned()
        };
        let wide = self.width.saturating_sub(scale.width);
        let gap = wide.saturating_sub(start.len() + NOW.len()).max(2);
        let text = format!("{}{start}{}{NOW}", " ".repeat(scale.width), " ".repeat(gap));
        Line::from(Span::styled(text, self.theme.dim()))
    }
}

/// Limits the curves of budgets to [`MAX_USED`]. Returns the end of their scale, which covers at least the
/// complete budget, and whether a curve was limited.
fn limit(curves: &mut [Curve]) -> (u64, bool) {
    let used = curves.iter().flat_map(|curve| &curve.values).flatten().copied().max().unwrap_or(0);
    for value in curves.iter_mut().flat_map(|curve| &mut curve.values).flatten() {
        *value = (*value).min(MAX_USED);
    }
    (used.clamp(100, MAX_USED), used > MAX_USED)
}

fn counts(pages: &Pages, count: impl Fn(&Bucket) -> u64) -> Vec<u64> {
    pages.buckets.iter().map(count).collect()
}

#[cfg(test)]
mod tests {
    use ratatui::style::Style;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(&[0, 40], (100, false), &[0, 40])]
    #[case(&[0, 150], (150, false), &[0, 150])]
    #[case(&[0, 90, 6_883], (200, true), &[0, 90, 200])]
    fn budget_that_is_used_up_often_leaves_room_for_others(
        #[case] used: &[u64],
        #[case] scale: (u64, bool),
        #[case] drawn: &[u64],
    ) {
        let mut curves = [Curve {
            name: "auth".into(),
            style: Style::new(),
            values: used.iter().copied().map(Some).collect(),
            remark: String::new(),
        }];
        assert_eq!(limit(&mut curves), scale);
        assert_eq!(curves[0].values, drawn.iter().copied().map(Some).collect::<Vec<_>>());
    }
}
