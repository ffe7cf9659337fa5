//! The screen of reviews: those that are missing or begun, then the published ones.

use std::collections::BTreeMap;

use crate::backend::lists::{ReviewEntry, ReviewSearch, ReviewState};
use crate::model::IncidentId;
use crate::model::review::Section;
use crate::model::text::truncate;

use crate::tui::core::app::App;
use crate::tui::lists::shared::{
    DAY_WIDTH, MEDIUM, NUMBER_WIDTH, OWNER_WIDTH, PRIORITY_WIDTH, WIDE, add_terms, day, one_line,
    searched,
};
use crate::tui::screens::item::{ListItem, Rank};
use crate::tui::screens::logic::CopyText;
use crate::tui::screens::table::{Column, Content, RowContext, TableScreen, items_of, styled};
use crate::tui::screens::{ListScreen, ScreenData, ScreenRequest};
use crate::tui::widgets::text::{Line, Span};

/// The definition of the screen.
#[derive(Clone, Copy, Debug)]
pub struct ReviewsScreen;

type Col = Column<ReviewEntry>;

fn rows(screen: &ListScreen) -> &[ReviewEntry] {
    match &screen.data {
        ScreenData::Reviews(rows) => rows,
        _ => &[],
    }
}

/// Returns how many action items the review has, and how many of them are open.
fn items_text(entry: &ReviewEntry) -> String {
    match (entry.actions, entry.open_actions) {
        (0, _) => String::new(),
        (all, 0) => format!("{all} done"),
        (all, open) => format!("{open}/{all} open"),
    }
}

/// Returns the contributing factors of the listed reviews with how many reviews have each, the most
/// frequent first; empty if there are none.
fn factors_text(screen: &ListScreen) -> String {
    let listed = screen.items.iter().filter_map(|item| rows(screen).get(item.index));
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for factor in listed.flat_map(|entry| &entry.factors) {
        *counts.entry(factor).or_default() += 1;
    }
    let mut counts: Vec<(&str, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let texts = counts.into_iter().map(|(factor, count)| format!("{} {count}", one_line(factor)));
    texts.collect::<Vec<_>>().join(" · ")
}

fn state_cell(of: &RowContext<'_, ReviewEntry>) -> Content {
    let theme = of.app.ui.theme;
    let style = match of.row.state {
        ReviewState::Missing => theme.past(),
        ReviewState::Draft | ReviewState::InReview => theme.near(),
        _ => theme.dim(),
    };
    styled(of.row.state.to_string(), style)
}

fn owner_cell(of: &RowContext<'_, ReviewEntry>) -> Content {
    match &of.row.incident.assignee {
        Some(owner) => of.plain(of.app.person_label(owner)),
        None => of.dim("unowned"),
    }
}

fn ended_cell(of: &RowContext<'_, ReviewEntry>) -> Content {
    of.row.ended_at.map_or_else(Content::new, |at| of.dim(day(of.app, at).to_string()))
}

fn item(entry: &ReviewEntry) -> ListItem {
    let mut terms = vec![("state", entry.state.to_string())];
    if let Some(owner) = &entry.incident.assignee {
        terms.push(("owner", owner.handle.clone()));
        terms.push(("owner", owner.name.clone()));
    }
    terms.extend(entry.factors.iter().map(|factor| ("factor", factor.clone())));
    add_terms(&mut terms, &entry.incident);
    let is_published = entry.state == ReviewState::Published;
    let owner = entry.incident.assignee.as_ref();
    let section = if is_published { "Published" } else { "To be written" };
    ListItem {
        key: entry.incident.id.to_string(),
        text: format!("{} {}", searched(&entry.incident), entry.factors.join(" ")),
        terms,
        ranks: vec![
            // They stay in the order in which they were read.
            Rank::Last,
            Rank::Number(entry.incident.reported_at.timestamp()),
            owner.map_or(Rank::Last, |owner| Rank::text(&owner.name)),
        ],
        section: Some(section.into()),
        ..ListItem::default()
    }
}

impl TableScreen for ReviewsScreen {
    type Row = ReviewEntry;

    const TERMS: &'static [&'static str] =
        &["state", "owner", "team", "service", "priority", "factor"];
    const ORDERS: &'static [&'static str] =
        &["unpublished first", "oldest incident first", "by owner"];
    const COLUMNS: &'static [Col] = &[
        Col::new("INC", NUMBER_WIDTH, |of| of.dim(of.row.incident.label())).from(MEDIUM),
        Col::new("P", PRIORITY_WIDTH, |of| of.priority(of.row.incident.priority)),
        Col::fill("TITLE", |of| of.plain(one_line(&of.row.incident.title))),
        Col::new("REVIEW", 9, state_cell),
        Col::new("PARTS", 5, |of| {
            of.dim(format!("{}/{}", of.row.sections, Section::REQUIRED.len()))
        })
        .from(WIDE),
        Col::new("ITEMS", 9, |of| of.dim(items_text(of.row))).from(WIDE),
        Col::new("OWNER", OWNER_WIDTH, owner_cell).from(MEDIUM),
        Col::new("ENDED", DAY_WIDTH, ended_cell).from(WIDE),
    ];
    const COPIED: &'static str = "this review's state";
    const BULLET: &'static str = "- ";
    const HAS_DETAILS: bool = false;
    const EMPTY: &'static str =
        "There are no reviews, and none is missing: a P1 or P2 that ends owes one.";

    fn request(_: &App, _: &ListScreen, limit: u32) -> Option<ScreenRequest> {
        Some(ScreenRequest::Reviews(ReviewSearch::first(limit)))
    }

    fn rows(screen: &ListScreen) -> &[ReviewEntry] {
        rows(screen)
    }

    fn items(_: &App, rows: &[ReviewEntry]) -> Vec<ListItem> {
        items_of(rows, item)
    }

    fn about(_: &App, screen: &ListScreen) -> Vec<String> {
        let count =
            |state: ReviewState| rows(screen).iter().filter(|entry| entry.state == state).count();
        let mut about = Vec::new();
        for (state, text) in [
            (ReviewState::Missing, "missing"),
            (ReviewState::Draft, "begun"),
            (ReviewState::InReview, "in review"),
        ] {
            if count(state) > 0 {
                about.push(format!("{} {text}", count(state)));
            }
        }
        about
    }

    fn introduction(app: &App, screen: &ListScreen, width: usize) -> Vec<Line<'static>> {
        let factors = factors_text(screen);
        if factors.is_empty() {
            return Vec::new();
        }
        let text = truncate(format!("Factors: {factors}"), width).into_owned();
        vec![Span::styled(text, app.ui.theme.dim()).into()]
    }

    fn incident(_: &App, entry: &ReviewEntry) -> Option<IncidentId> {
        Some(entry.incident.id)
    }

    fn text(app: &App, entry: &ReviewEntry) -> String {
        let owner = entry.incident.assignee.as_ref().map_or("unowned", |owner| &owner.name);
        let ended =
            entry.ended_at.map_or_else(String::new, |at| format!(", ended {}", day(app, at)));
        format!(
            "{} {} {} ({}, {} of {} parts, {}{ended})",
            entry.incident.label(),
            entry.incident.priority,
            one_line(&entry.incident.title),
            entry.state,
            entry.sections,
            Section::REQUIRED.len(),
            one_line(owner),
        )
    }

    fn parts(entry: &ReviewEntry) -> Vec<CopyText> {
        vec![CopyText { key: 'n', what: "the incident's number", text: entry.incident.label() }]
    }
}
