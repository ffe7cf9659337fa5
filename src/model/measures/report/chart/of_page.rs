//! Which charts each page has.

use chrono::TimeDelta;

use super::columns::{Series, columns};
use super::frame::push_dates;
use super::heat::heat;
use super::lines::{Curve, greatest, lines, x_of};
use super::{AXIS, DATES, HEIGHT, LEGEND, WIDTH, scale, unit};
use crate::model::measures::pages::{Bucket, Budget, Pages};
use crate::model::measures::sheet::Page;
use crate::model::time::format_duration;

/// The most budgets whose use is drawn.
const MAX_BUDGETS: usize = 4;

/// Returns the charts of a page; empty if there is nothing to draw.
pub(in crate::model::measures::report) fn charts(page: Page, pages: &Pages) -> String {
    match page {
        Page::Overview => volume(pages),
        Page::Volume => volume(pages) + &heat(pages),
        Page::Times => times(pages),
        Page::Levels => levels(pages),
        Page::Recurring => recurring(pages),
        Page::Budgets => budgets(pages),
        Page::People => people(pages),
        Page::Practice => practice(pages),
    }
}

fn counts(pages: &Pages, count: impl Fn(&Bucket) -> u64) -> Vec<u64> {
    pages.buckets.iter().map(count).collect()
}

fn reported(bucket: &Bucket) -> u64 {
    bucket.volume.iter().sum()
}

fn volume(pages: &Pages) -> String {
    let parts = ["p1", "p2", "p3", "p4"].into_iter().zip(["P1", "P2", "P3", "P4"]).enumerate();
    let series: Vec<Series> = parts
        .map(|(index, (class, name))| Series {
            class,
            name,
            counts: counts(pages, |bucket| bucket.volume[index]),
        })
        .collect();
    columns(pages, "Incidents reported", &series)
}

/// Returns a count of a bucket.
type Count = fn(&Bucket) -> u64;

/// Returns counts of which some are worth a look, below the others.
fn two_parts(
    pages: &Pages,
    what: &str,
    (marked, others): (&'static str, &'static str),
    (some, all): (Count, Count),
) -> String {
    let series = [
        Series { class: "marked", name: marked, counts: counts(pages, some) },
        Series {
            class: "bar",
            name: others,
            counts: counts(pages, |bucket| all(bucket).saturating_sub(some(bucket))),
        },
    ];
    columns(pages, what, &series)
}

fn recurring(pages: &Pages) -> String {
    let names = ("of a fault that came back", "other");
    two_parts(pages, "Incidents reported", names, (|bucket| bucket.recurring, reported))
}

fn people(pages: &Pages) -> String {
    let names = ("by night", "by day");
    two_parts(pages, "Pages", names, (|bucket| bucket.by_night, |bucket| bucket.pages))
}

fn practice(pages: &Pages) -> String {
    let names = ("a field is empty", "complete");
    two_parts(pages, "Records", names, (|bucket| bucket.incomplete, reported))
}

/// Returns the mean times to restore service and to acknowledge of each bucket.
fn times(pages: &Pages) -> String {
    let curve = |name: &str, mean: fn(&Bucket) -> Option<i64>| Curve {
        name: name.to_owned(),
        figures: pages
            .buckets
            .iter()
            .map(|bucket| mean(bucket).map(|ms| u64::try_from(ms / 1000).unwrap_or(0)))
            .collect(),
    };
    let curves = [curve("MTTR", |bucket| bucket.mttr_ms), curve("MTTA", |bucket| bucket.mtta_ms)];
    let Some(most) = greatest(&curves) else { return String::new() };
    let show = |seconds: u64| {
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
        format_duration(TimeDelta::try_seconds(seconds).unwrap_or(TimeDelta::MAX))
    };
    let figures = scale::of_seconds(most);
    of_window(pages, "Mean times", &curves, (most, &figures), &show)
}

/// Returns the share of each bucket that was in time.
fn levels(pages: &Pages) -> String {
    let curve = |name: &str, share: fn(&Bucket) -> Option<u64>| Curve {
        name: name.to_owned(),
        figures: pages.buckets.iter().map(share).collect(),
    };
    let curves = [
        curve("resolved in time", |bucket| bucket.resolve.percent()),
        curve("acknowledged in time", |bucket| bucket.acknowledge.percent()),
    ];
    if greatest(&curves).is_none() {
        return String::new();
    }
    let figures = scale::of_percent(100);
    of_window(pages, "Share in time", &curves, (100, &figures), &percent)
}

fn percent(share: u64) -> String {
    format!("{share} %")
}

fn of_window(
    pages: &Pages,
    what: &str,
    curves: &[Curve],
    scale: (u64, &[u64]),
    show: &dyn Fn(u64) -> String,
) -> String {
    let points = pages.buckets.len();
    let below = |out: &mut String| push_dates(pages, &|bucket| x_of(bucket, points), out);
    lines(&format!("{what} by {}", unit(pages)), curves, scale, show, &below)
}

/// Returns how the budgets were used up, those that are used most.
fn budgets(pages: &Pages) -> String {
    let mut budgets: Vec<&Budget> =
        pages.budgets.iter().filter(|budget| budget.trend.len() > 1).collect();
    budgets.sort_by_key(|budget| std::cmp::Reverse(budget.used_permille));
    budgets.truncate(MAX_BUDGETS);
    let percent_of = |permille: &i64| u64::try_from(permille / 10).ok();
    let curves: Vec<Curve> = budgets
        .iter()
        .map(|budget| Curve {
            name: budget.service.clone(),
            // A budget begins unused.
            figures: std::iter::once(Some(0)).chain(budget.trend.iter().map(percent_of)).collect(),
        })
        .collect();
    let Some(most) = greatest(&curves) else { return String::new() };
    // The scale covers the complete budget, and any excess.
    let most = most.max(100);
    let days = budgets.first().map_or(0, |budget| budget.window_days);
    let start = if budgets.iter().all(|budget| budget.window_days == days) {
        format!("{days} d ago")
    } else {
        "start of the days of each".to_owned()
    };
    let below = |out: &mut String| {
        let y = LEGEND + HEIGHT + DATES - 4;
        out.extend([format!(
            "<text x=\"{AXIS}\" y=\"{y}\">{start}</text>\
             <text x=\"{WIDTH}\" y=\"{y}\" text-anchor=\"end\">now</text>\n"
        )]);
    };
    let figures = scale::of_percent(most);
    lines("Used of the error budgets", &curves, (most, &figures), &percent, &below)
}
