//! `noise`: prints the checks with the most alerts, and the results of these alerts.

use chrono::{TimeDelta, Utc};

use super::args::Noise;
use super::columns::print_columns;
use super::context::Context;
use super::failure::Failure;
use super::json;
use super::out;
use super::session::{OldestRead, open_to_read};
use crate::backend::NoiseSearch;
use crate::model::noise::NoiseRow;
use crate::model::text::{SafeText, truncate};
use crate::model::time::{format_ago, format_duration};

/// The default window.
const DEFAULT_WINDOW: TimeDelta = TimeDelta::days(30);
/// The width of the name of a check on a terminal.
const CHECK_WIDTH: usize = 40;

/// Runs `noise`.
pub async fn run(context: &mut Context, args: Noise) -> Result<(), Failure> {
    let Context { config, out, .. } = context;
    let connection = open_to_read(config).await?;
    let now = Utc::now();
    // Reports of this moment are included.
    let to = now + TimeDelta::milliseconds(1);
    let from = to - args.window.unwrap_or(DEFAULT_WINDOW);
    let mut oldest = OldestRead::default();
    let search = NoiseSearch { from, to, limit: args.limit };
    let report = oldest.record(connection.reader.read_noise(&search).await?);
    if args.json {
        report.rows.iter().try_for_each(|row| json::print(out, row))?;
    } else if report.rows.is_empty() {
        out::print_hint("no alert was reported in that time");
    } else {
        let width = out.width().map_or(usize::MAX, |_| CHECK_WIDTH);
        let head = ["REPORTS", "INCIDENTS", "LED", "NOISE", "TIME", "LAST", "SENDER", "CHECK"];
        let cells = |row: &NoiseRow| {
            [
                row.reports.to_string(),
                row.incidents.to_string(),
                format!("{} ({}%)", row.led, row.led_percent()),
                row.noise.to_string(),
                format_duration(TimeDelta::seconds(row.spent_s)),
                format_ago(row.last_at, now),
                row.source.clone(),
                truncate(&row.check, width).to_string(),
            ]
            .map(|text| SafeText::from(text).into_owned())
        };
        print_columns(out, head, report.rows.iter().map(cells))?;
        let shown = u64::try_from(report.rows.len()).unwrap_or(u64::MAX);
        if report.total > shown {
            out::print_hint(format!("{shown} of {} checks; more with --limit N", report.total));
        }
    }
    if report.is_partial {
        out::print_hint("there are too many alerts: only the latest ones were counted");
    }
    out.flush()?;
    connection.report_staleness(oldest);
    connection.close().await;
    Ok(())
}
