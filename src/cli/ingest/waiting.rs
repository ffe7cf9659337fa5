//! `ingest waiting`: alerts that wait for others before an incident is declared.

use chrono::{DateTime, TimeDelta, Utc};

use super::target::Target;
use crate::backend::WaitingList;
use crate::cli::args::ingest::WaitingArgs;
use crate::cli::columns::print_columns;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::json;
use crate::cli::out;
use crate::cli::session::IfMissing;
use crate::model::alert::{HoldRule, WaitingAlert};
use crate::model::text::{SafeText, truncate};
use crate::model::time::{format_ago, format_duration};

/// The maximum number of alerts in one answer of a backend.
const MAX_ROWS: u32 = 1000;
/// The width of titles on a terminal.
const TITLE_WIDTH: usize = 60;

/// Runs `ingest waiting`.
pub(super) async fn run(context: &mut Context, args: &WaitingArgs) -> Result<(), Failure> {
    let target = Target::open(&context.config, IfMissing::Refuse).await?;
    let list = target.backend().waiting_alerts(MAX_ROWS).await;
    target.close().await;
    print(context, &list?, args.json, Utc::now())
}

fn print(
    context: &mut Context,
    list: &WaitingList,
    as_json: bool,
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    let out = &mut context.out;
    if as_json {
        return list.alerts.iter().try_for_each(|alert| json::print(out, alert));
    }
    if list.alerts.is_empty() {
        out::print_hint("no alerts wait");
        return Ok(());
    }
    let width = out.width().map_or(usize::MAX, |_| TITLE_WIDTH);
    let head = ["SINCE", "COUNT", "WANTED", "WITHIN", "RULE", "GROUP", "TITLE"];
    let cells = |alert: &WaitingAlert| {
        [
            format_ago(alert.at, now),
            count(list, alert, now).to_string(),
            alert.at_least.to_string(),
            format_duration(TimeDelta::seconds(alert.within_s)),
            alert.rule.clone().unwrap_or_else(|| "-".to_owned()),
            alert.group.clone(),
            truncate(&alert.title, width).to_string(),
        ]
        .map(|text| SafeText::from(text).into_owned())
    };
    print_columns(out, head, list.alerts.iter().map(cells))?;
    let shown = u64::try_from(list.alerts.len()).unwrap_or(u64::MAX);
    if list.total > shown {
        out::print_hint(format!("{shown} of {} alerts are shown", list.total));
    }
    Ok(())
}

/// Returns how many alerts of the group count at a time.
fn count(list: &WaitingList, alert: &WaitingAlert, now: DateTime<Utc>) -> usize {
    let rule = HoldRule { at_least: alert.at_least, within_s: alert.within_s };
    let same = list.alerts.iter().filter(|other| other.group == alert.group);
    same.filter(|other| other.counts(rule, now)).count()
}
