//! `review-page`: prints the review of an incident as one document.

use std::io::Write;

use chrono::{DateTime, Utc};

use super::args::ReviewPage as Args;
use super::context::Context;
use super::failure::{Failure, output_failed};
use super::session::{OldestRead, open_to_read};
use super::show::timeline;
use crate::model::review::{PageTimes, ReviewPage};
use crate::model::text::SafeText;

/// Prints the review of an incident as Markdown or HTML.
pub async fn run(context: &mut Context, args: Args) -> Result<(), Failure> {
    let Context { config, out, .. } = context;
    let connection = open_to_read(config).await?;
    let reader = &*connection.reader;
    let mut oldest = OldestRead::default();
    let id = connection.find_incident(args.incident, &mut oldest).await?;
    let detail = oldest.record(reader.read_detail(id).await?);
    let events = timeline(reader, id, &mut oldest).await?;
    // It only marks unknown names, so the review is printed without it, too.
    let directory = reader.read_directory().await.ok().map(|read| read.value);
    connection.report_staleness(oldest);
    connection.report_put_back().await;
    let now = connection.backend_now();
    connection.close().await;
    let time = |at: DateTime<Utc>| at.format("%Y-%m-%d %H:%M UTC").to_string();
    let page = ReviewPage {
        incident: &detail.incident,
        events: &events,
        directory: directory.as_ref(),
        levels: &config.rules.levels,
        times: PageTimes { time: &time, today: now.date_naive() },
    };
    let text = if args.html { page.to_html() } else { page.to_markdown() };
    // A document for programs is in Unicode, whatever the terminal shows.
    let to = out.document_writer();
    for line in text.lines() {
        writeln!(to, "{}", SafeText::from(line)).map_err(|error| output_failed(&error))?;
    }
    out.flush()
}
