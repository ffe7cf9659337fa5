//! `report`: prints the measures of a window as one document.

use std::io::Write;

use chrono::Utc;
use serde::Serialize;

use super::args::{Report as Args, ReportFormat};
use super::context::Context;
use super::failure::{Failure, output_failed};
use super::json;
use super::session::{IfMissing, open};
use crate::backend::report::read_report;
use crate::model::measures::pages::Pages;
use crate::model::measures::report::{MeasuresReport, ReportRecords};

/// A report as one object: the pages of the measures, with what else it says.
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
    let connection = open(config, IfMissing::Refuse).await?;
    connection.report_warnings();
    connection.report_read_only();
    let window = args.window.window(connection.backend_now());
    let about = (args.team.as_slice(), args.by);
    let (pages, records) = read_report(&*connection.backend, window, about, Utc::now()).await?;
    let report = MeasuresReport { pages: &pages, by: args.by, records: Some(&records) };
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
    connection.close().await;
    Ok(())
}
