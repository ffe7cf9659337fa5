//! `metrics`: prints the pages of the measures.

mod csv;
mod table;

use chrono::{DateTime, Utc};

use super::args::Metrics;
use super::calendar::resolve_window;
use super::context::Context;
use super::failure::Failure;
use super::json;
use super::out::{Out, Style, StyledLine};
use super::session::open_to_read;
use crate::config::appearance::Zone;
use crate::model::measures::pages::{Dimension, Pages, PagesQuery, Selection};
use crate::model::measures::sheet::{Page, Sheet};

/// Runs `metrics`.
pub async fn run(context: &mut Context, args: &Metrics) -> Result<(), Failure> {
    let Context { config, out, .. } = context;
    let connection = open_to_read(config).await?;
    let query = query(args, connection.backend_now(), config.panes.appearance.zone);
    let pages = connection.backend.pages(&query, Utc::now()).await?;
    print(out, args, &query, &pages)?;
    out.flush()?;
    connection.report_put_back().await;
    connection.report_unknown_team(&args.team).await;
    connection.close().await;
    Ok(())
}

fn query(args: &Metrics, now: DateTime<Utc>, zone: Zone) -> PagesQuery {
    let (window, offsets) = resolve_window(args.window, now, zone);
    let by = match &args.by[..] {
        [] if args.json => Dimension::ALL.to_vec(),
        [] => vec![Dimension::Service],
        by => {
            // As the API does: a field that is named twice is one.
            let mut distinct: Vec<Dimension> = Vec::with_capacity(by.len());
            for one in by {
                if !distinct.contains(one) {
                    distinct.push(*one);
                }
            }
            distinct
        }
    };
    let selection = Selection {
        priorities: args.priority.clone(),
        categories: args.category.clone(),
        services: args.service.clone(),
        teams: args.team.clone(),
        sources: args.source.clone(),
    };
    PagesQuery { window, selection, by, offsets }
}

fn print(out: &mut Out, args: &Metrics, query: &PagesQuery, pages: &Pages) -> Result<(), Failure> {
    if args.json {
        return json::print(out, pages);
    }
    let of_all: &[Page] = if args.csv || args.markdown { Page::ALL } else { &[Page::Overview] };
    let shown = args.page.as_ref().map_or(of_all, std::slice::from_ref);
    let about = about(args, query);
    if args.csv {
        csv::print_head(out)?;
    }
    for (index, page) in shown.iter().enumerate() {
        let mut sheets: Vec<Sheet> =
            query.by.iter().map(|by| Sheet::new(*page, pages, Some(*by))).collect();
        // The common parts of several breakdowns are printed once.
        let mut sheet = sheets.remove(0);
        for other in sheets {
            let more = other.tables.into_iter().filter(|table| !sheet.tables.contains(table));
            let more: Vec<_> = more.collect();
            sheet.tables.extend(more);
        }
        if !args.compare {
            sheet.hide_comparison();
        }
        if args.csv {
            csv::print(out, &sheet)?;
        } else if args.markdown {
            let separator = if index > 0 { "\n" } else { "" };
            print_document(out, &format!("{separator}{}", sheet.markdown(&about)))?;
        } else {
            out.styled_line(&StyledLine::new(about.as_str(), Style::Dim))?;
            table::print(out, &sheet)?;
        }
    }
    Ok(())
}

/// Returns the selection that the figures cover, on one line.
fn about(args: &Metrics, query: &PagesQuery) -> String {
    let offsets = &query.offsets;
    let mut about = offsets.describe_span(query.window.from, query.window.to);
    if args.compare {
        let before = offsets.minute_of(query.previous().0);
        about.extend([format!(", against the time from {before}")]);
    }
    let selection = query.selection.describe();
    if !selection.is_empty() {
        about.extend([format!(" · {selection}")]);
    }
    about
}

fn print_document(out: &mut Out, text: &str) -> Result<(), Failure> {
    text.lines().try_for_each(|line| out.line(line))
}
