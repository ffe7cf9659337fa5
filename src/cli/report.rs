//! `report`: prints the measures of a window as one document.

use std::io::Write;

use chrono::Utc;
use serde::Serialize;

use super::args::{Report as Args, ReportFormat};
use super::calendar::resolve_window;
use super::context::Context;
use super::failure::{Failure, output_failed};
use super::json;
use super::out;
use super::session::{BackendConnection, open_to_read};
use crate::backend::report::read_report;
use crate::model::measures::pages::Pages;
use crate::model::measures::report::{MeasuresReport, ReportRecords};
use crate::model::text::sanitize;

/// A report as one object: the pages of the measures, with its other parts.
#[derive(Serialize)]
struct Report<'a> {
    #[serde(flatten)]
    pages: &'a Pages,
    #[serde(flatten)]
    records: &'a ReportRecords,
}

/// Runs `report`.
pub async fn run(context: &mut Context, args: &Args) -> Result<(), Failure> {
    let Context { config, out, .. } = context;
    let connection = open_to_read(config).await?;
    let zone = config.panes.appearance.zone;
    let window = resolve_window(args.window, connection.backend_now(), zone);
    let about = (args.team.as_slice(), args.by);
    let (pages, records) = read_report(&*connection.backend, window, about, Utc::now()).await?;
    name_unknown_teams(&connection, &args.team).await;
    let report =
        MeasuresReport { pages: &pages, by: args.by, records: Some(&records), period: None };
    match args.format {
        ReportFormat::Json => json::print(out, &Report { pages: &pages, records: &records })?,
        ReportFormat::Markdown => {
            report.to_markdown().lines().try_for_each(|line| out.line(line))?;
        }
        ReportFormat::Html => {
            let html = report.to_html();
            let written = out.document_writer().write_all(html.as_bytes());
            written.map_err(|error| output_failed(&error))?;
        }
    }
    out.flush()?;
    connection.report_put_back().await;
    connection.report_unknown_team(&args.team).await;
    connection.close().await;
    Ok(())
}

/// Reports which of some teams the directory does not have: perhaps a name was mistyped.
async fn name_unknown_teams(connection: &BackendConnection, teams: &[String]) {
    if teams.is_empty() {
        return;
    }
    // It is only a hint, so the report is printed without it, too.
    let Ok(directory) = connection.reader.read_directory().await else { return };
    let has = |name: &str| {
        name == "none"
            || directory.value.teams.iter().any(|team| team.name.eq_ignore_ascii_case(name))
    };
    for name in teams.iter().filter(|name| !has(name)) {
        out::print_hint(format!("the directory has no team {}", sanitize(name)));
    }
}
