//! The screens of the incidents that resemble one, and of those of a recurring fault: how each was
//! resolved, the findings of its review, and the runbook that was followed.

use crate::backend::{MAX_SIMILAR, Similar, SimilarIncidents};
use crate::model::text::{truncate, wrap};
use crate::model::{IncidentId, Summary};

use crate::tui::core::app::App;
use crate::tui::lists::shared::{DAY_WIDTH, MEDIUM, NUMBER_WIDTH, WIDE, day, one_line};
use crate::tui::screens::item::{ListItem, Rank};
use crate::tui::screens::logic::CopyText;
use crate::tui::screens::table::{Column, Content, RowContext, TableScreen};
use crate::tui::screens::{ListScreen, ScreenData, ScreenKind, ScreenRequest};
use crate::tui::widgets::text::{Line, Span};

/// The definition of both screens.
#[derive(Clone, Copy, Debug)]
pub struct SimilarScreen;

/// How many incidents that resemble one are read.
const MAX_LISTED: u32 = 50;

type Col = Column<Similar>;

const WHY_WIDTH: usize = 24;
const SERVICE_WIDTH: usize = 18;

fn found(screen: &ListScreen) -> Option<&SimilarIncidents> {
    match &screen.data {
        ScreenData::Similar(found) => Some(found),
        _ => None,
    }
}

fn rows(screen: &ListScreen) -> &[Similar] {
    found(screen).map_or(&[], |found| &found.similar)
}

fn label(similar: &Similar) -> String {
    similar.number.map_or_else(|| "new".to_owned(), |number| number.to_string())
}

/// Returns the known facts about the end of an incident, each with its name.
fn lessons(similar: &Similar) -> Vec<(&'static str, String)> {
    let resolution = one_line(&similar.resolution);
    let resolved = if resolution.is_empty() { "not resolved".to_owned() } else { resolution };
    let mut lessons = vec![("Resolved", resolved)];
    lessons.extend(similar.review.as_deref().map(|review| ("Review", one_line(review))));
    let runbook = similar.runbook.as_ref().map(|runbook| one_line(&runbook.text()));
    lessons.extend(runbook.map(|runbook| ("Runbook", runbook)));
    lessons
}

fn service_cell(of: &RowContext<'_, Similar>) -> Content {
    let service = of.row.services.first().map(|service| of.app.service_label(service));
    of.dim(one_line(&service.unwrap_or_default()))
}

impl TableScreen for SimilarScreen {
    type Row = Similar;

    const TERMS: &'static [&'static str] = &["why", "service", "category"];
    const ORDERS: &'static [&'static str] = &["closest first", "latest first", "by service"];
    const COLUMNS: &'static [Col] = &[
        Col::new("INC", NUMBER_WIDTH, |of| of.dim(label(of.row))),
        Col::new("REPORTED", DAY_WIDTH, |of| of.dim(day(of.app, of.row.reported_at).to_string()))
            .from(56),
        Col::fill("TITLE", |of| of.plain(one_line(&of.row.title))),
        Col::new("WHY", WHY_WIDTH, |of| of.dim(one_line(&of.row.likeness()))).from(MEDIUM),
        Col::new("SERVICE", SERVICE_WIDTH, service_cell).from(WIDE),
    ];
    const COPIED: &'static str = "this incident";
    const BULLET: &'static str = "- ";
    const HAS_DETAILS: bool = false;
    const EMPTY: &'static str = "There is no incident like it.";

    fn empty(screen: &ListScreen) -> &'static str {
        match screen.kind {
            ScreenKind::FaultGroup => "There is no such incident any more.",
            _ => Self::EMPTY,
        }
    }

    fn request(_: &App, screen: &ListScreen, _: u32) -> Option<ScreenRequest> {
        match screen.number {
            Some(number) => Some(ScreenRequest::FaultGroup(number, MAX_SIMILAR)),
            None => screen.incident.map(|id| ScreenRequest::Similar(id, MAX_LISTED)),
        }
    }

    fn rows(screen: &ListScreen) -> &[Similar] {
        rows(screen)
    }

    fn items(_: &App, rows: &[Similar]) -> Vec<ListItem> {
        let same = rows.iter().filter(|similar| similar.same_fault).count();
        let item = |(index, similar): (usize, &Similar)| {
            let mut terms = vec![("why", similar.likeness())];
            terms.extend(similar.services.iter().map(|service| ("service", service.clone())));
            terms.extend(similar.category.map(|category| ("category", category.to_string())));
            let lessons = lessons(similar).into_iter().map(|(_, text)| text);
            let section = if similar.same_fault {
                format!("The same fault · {same}")
            } else {
                format!("Alike · {}", rows.len() - same)
            };
            ListItem {
                key: similar.id.to_string(),
                index,
                text: format!(
                    "{} {} {} {}",
                    label(similar),
                    similar.title,
                    similar.services.join(" "),
                    lessons.collect::<Vec<_>>().join(" ")
                ),
                terms,
                ranks: vec![
                    // The order in which they were read.
                    Rank::Number(i64::try_from(index).unwrap_or(i64::MAX)),
                    Rank::latest_first(Some(similar.reported_at)),
                    similar.services.first().map_or(Rank::Last, |service| Rank::text(service)),
                ],
                section: Some(section),
                ..ListItem::default()
            }
        };
        rows.iter().enumerate().map(item).collect()
    }

    fn about(app: &App, screen: &ListScreen) -> Vec<String> {
        if let Some(number) = screen.number {
            let count = rows(screen).len();
            return vec![format!("that of {number}"), format!("{count} incidents")];
        }
        let row = screen.incident.and_then(|id| app.summary(id));
        let mut about: Vec<String> = row.map(Summary::label).into_iter().collect();
        about.extend(row.map(|row| one_line(&row.title)));
        about
    }

    fn introduction(app: &App, screen: &ListScreen, width: usize) -> Vec<Line<'static>> {
        let hints = found(screen).into_iter().flat_map(|found| &found.hints);
        let hints = hints.flat_map(|hint| wrap(format!("Hint: {}", hint.text()), width));
        hints.map(|line| Span::styled(line, app.ui.theme.near()).into()).collect()
    }

    fn sublines(of: &RowContext<'_, Similar>) -> Vec<Line<'static>> {
        let room = of.width.saturating_sub(4);
        let lessons = lessons(of.row).into_iter();
        lessons
            .map(|(name, text)| {
                let text = truncate(format!("{name}: {text}"), room).into_owned();
                Line::from(vec![Span::raw("    "), Span::styled(text, of.app.ui.theme.dim())])
            })
            .collect()
    }

    fn incident(_: &App, similar: &Similar) -> Option<IncidentId> {
        Some(similar.id)
    }

    fn text(app: &App, similar: &Similar) -> String {
        let mut facts = vec![
            format!("{} {}", label(similar), one_line(&similar.title)),
            day(app, similar.reported_at).to_string(),
            one_line(&similar.likeness()),
        ];
        facts.extend(similar.category.map(|category| category.to_string()));
        facts.extend(similar.services.first().map(|service| one_line(service)));
        facts.extend(lessons(similar).into_iter().map(|(name, text)| format!("{name}: {text}")));
        facts.join(" · ")
    }

    fn parts(similar: &Similar) -> Vec<CopyText> {
        vec![CopyText { key: 'n', what: "the incident's number", text: label(similar) }]
    }
}
