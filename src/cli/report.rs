//! `report`: prints the measures of a window as one document.

use std::io::Write;

use chrono::Utc;

use super::args::{Report, ReportFormat};
use super::context::Context;
use super::failure::{Failure, output_failed};
use super::json;
use super::session::{IfMissing, open};
use crate::model::measures::pages::{Offsets, PagesQuery, Selection};
use crate::model::measures::report::MeasuresReport;

/// Runs `report`.
pub async fn run(context: &mut Context, args: &Report) -> Result<(), Failure> {
    let Context { config, out, .. } = context;
    let connection = open(config, IfMissing::Refuse).await?;
    connection.report_warnings();
    connection.report_read_only();
    let query = PagesQuery {
        window: args.window.window(connection.backend_now()),
        selection: Selection { teams: args.team.clone(), ..Selection::default() },
        by: vec![args.by],
        offsets: Offsets::default(),
    };
    let pages = connection.backend.pages(&query, Utc::now()).await?;
    let report = MeasuresReport { pages: &pages, by: args.by };
    match args.format {
        ReportFormat::Json => json::print(out, &pages)?,
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
