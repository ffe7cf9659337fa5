//! The screens of the incidents that resemble one, and of those of a fault that recurs: how each was
//! resolved, what its review says, and which runbook was followed.

use crate::backend::{MAX_SIMILAR, Similar, SimilarIncidents};
use crate::model::Summary;
use crate::model::text::{truncate, wrap};

use crate::tui::core::app::App;
use crate::tui::lists::shared::{DAY_WIDTH, MEDIUM, NUMBER_WIDTH, WIDE, day, one_line};
use crate::tui::screens::columns::{Cell, ColumnSpec, fit, heading, line};
use crate::tui::screens::item::{ListItem, Rank};
use crate::tui::screens::logic::{CopyText, Entered, ScreenLogic};
use crate::tui::screens::{ListScreen, ScreenData, ScreenKind, ScreenRequest};
use crate::tui::widgets::text::{Line, Span};

/// The definition of both screens.
#[derive(Clone, Copy, Debug)]
pub struct SimilarScreen;

/// How many incidents that resemble one are read.
const MAX_LISTED: u32 = 50;

const NUMBER: &str = "INC";
const DAY: &str = "REPORTED";
const TITLE: &str = "TITLE";
const WHY: &str = "WHY";
const SERVICE: &str = "SERVICE";

const WHY_WIDTH: usize = 24;
const SERVICE_WIDTH: usize = 18;

fn columns(room: usize) -> Vec<ColumnSpec> {
    fit(
        &[
            ColumnSpec::new(NUMBER, NUMBER_WIDTH, 0),
            ColumnSpec::new(DAY, DAY_WIDTH, 56),
            ColumnSpec::fill(TITLE),
            ColumnSpec::new(WHY, WHY_WIDTH, MEDIUM),
            ColumnSpec::new(SERVICE, SERVICE_WIDTH, WIDE),
        ],
        room,
    )
}

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

/// Returns what is known of how an incident ended, each with its name.
fn lessons(similar: &Similar) -> Vec<(&'static str, String)> {
    let resolution = one_line(&similar.resolution);
    let resolved = if resolution.is_empty() { "not resolved".to_owned() } else { resolution };
    let mut lessons = vec![("Resolved", resolved)];
    lessons.extend(similar.review.as_deref().map(|review| ("Review", one_line(review))));
    let runbook = similar.runbook.as_ref().map(|runbook| one_line(&runbook.text()));
    lessons.extend(runbook.map(|runbook| ("Runbook", runbook)));
    lessons
}

/// Returns everything about an incident in a line.
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

impl ScreenLogic for SimilarScreen {
    fn terms(&self) -> &'static [&'static str] {
        &["why", "service", "category"]
    }

    fn orders(&self) -> &'static [&'static str] {
        &["closest first", "latest first", "by service"]
    }

    fn request(&self, _: &App, screen: &ListScreen, _: u32) -> Option<ScreenRequest> {
        match screen.number {
            Some(number) => Some(ScreenRequest::FaultGroup(number, MAX_SIMILAR)),
            None => screen.incident.map(|id| ScreenRequest::Similar(id, MAX_LISTED)),
        }
    }

    fn items(&self, _: &App, screen: &ListScreen) -> Vec<ListItem> {
        let rows = rows(screen);
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

    fn about(&self, app: &App, screen: &ListScreen) -> Vec<String> {
        if let Some(number) = screen.number {
            let count = rows(screen).len();
            return vec![format!("that of {number}"), format!("{count} incidents")];
        }
        let id = screen.incident;
        let shown = app.reading.shown.as_ref().filter(|shown| Some(shown.id) == id);
        let row = shown.map(|shown| &shown.detail.incident.summary);
        let row = row.or_else(|| id.and_then(|id| app.row(id)));
        let mut about: Vec<String> = row.map(Summary::label).into_iter().collect();
        about.extend(row.map(|row| one_line(&row.title)));
        about
    }

    fn heading(&self, app: &App, screen: &ListScreen, width: usize) -> Vec<Line<'static>> {
        let theme = app.ui.theme;
        let hints = found(screen).into_iter().flat_map(|found| &found.hints);
        let hints = hints.flat_map(|hint| wrap(format!("Hint: {}", hint.text()), width));
        let mut lines: Vec<Line<'static>> =
            hints.map(|line| Span::styled(line, theme.near()).into()).collect();
        lines.push(heading(&columns(width), theme.dim()));
        lines
    }

    fn lines(
        &self,
        app: &App,
        screen: &ListScreen,
        item: &ListItem,
        width: usize,
    ) -> Vec<Line<'static>> {
        let Some(similar) = rows(screen).get(item.index) else { return vec![Line::default()] };
        let theme = app.ui.theme;
        let service = similar.services.first().map(|service| app.service_label(service));
        let mut lines = vec![line(
            &columns(width),
            vec![
                Cell::new(NUMBER, label(similar), theme.dim()),
                Cell::new(DAY, day(app, similar.reported_at).to_string(), theme.dim()),
                Cell::new(TITLE, one_line(&similar.title), theme.text()),
                Cell::new(WHY, one_line(&similar.likeness()), theme.dim()),
                Cell::new(SERVICE, one_line(&service.unwrap_or_default()), theme.dim()),
            ],
        )];
        let room = width.saturating_sub(4);
        lines.extend(lessons(similar).into_iter().map(|(name, text)| {
            let text = truncate(format!("{name}: {text}"), room).into_owned();
            Line::from(vec![Span::raw("    "), Span::styled(text, theme.dim())])
        }));
        lines
    }

    fn empty_text(&self, _: &App, screen: &ListScreen) -> String {
        match (screen.total > 0, screen.kind) {
            (true, _) => "No incident passes the filter.".into(),
            (false, ScreenKind::FaultGroup) => "There is no such incident any more.".into(),
            (false, _) => "There is no incident like it.".into(),
        }
    }

    fn enter(&self, _: &App, screen: &ListScreen, item: &ListItem) -> Entered {
        match rows(screen).get(item.index) {
            Some(similar) => Entered::Incident(similar.id),
            None => Entered::Details,
        }
    }

    fn copies(&self, app: &App, screen: &ListScreen, item: Option<&ListItem>) -> Vec<CopyText> {
        let Some(similar) = item.and_then(|item| rows(screen).get(item.index)) else {
            return Vec::new();
        };
        let listed = screen.items.iter().filter_map(|item| rows(screen).get(item.index));
        let all: Vec<String> = listed.map(|similar| format!("- {}", text(app, similar))).collect();
        vec![
            CopyText { key: 't', what: "this incident", text: text(app, similar) },
            CopyText { key: 'n', what: "the incident's number", text: label(similar) },
            CopyText { key: 'a', what: "all that are listed", text: all.join("\n") },
        ]
    }
}
