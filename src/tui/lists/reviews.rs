//! The screen of reviews: those that are missing or begun, then the published ones.

use std::collections::BTreeMap;

use crate::backend::lists::{ReviewEntry, ReviewSearch, ReviewState};
use crate::model::review::Section;
use crate::model::text::truncate;

use crate::tui::core::app::App;
use crate::tui::lists::shared::{
    DAY_WIDTH, MEDIUM, NUMBER_WIDTH, OWNER_WIDTH, PRIORITY_WIDTH, WIDE, add_terms, day,
    number_cell, one_line, priority_cell, searched,
};
use crate::tui::screens::columns::{Cell, ColumnSpec, fit, heading, line};
use crate::tui::screens::item::{ListItem, Rank};
use crate::tui::screens::logic::{CopyText, Entered, ScreenLogic};
use crate::tui::screens::{ListScreen, ScreenData, ScreenRequest};
use crate::tui::widgets::text::{Line, Span};

/// The definition of the screen.
#[derive(Clone, Copy, Debug)]
pub struct ReviewsScreen;

const STATE: &str = "REVIEW";
const SECTIONS: &str = "PARTS";
const ITEMS: &str = "ITEMS";
const ENDED: &str = "ENDED";
const OWNER: &str = "OWNER";
const NUMBER: &str = "INC";
const PRIORITY: &str = "P";
const TITLE: &str = "TITLE";

fn columns(room: usize) -> Vec<ColumnSpec> {
    fit(
        &[
            ColumnSpec::new(NUMBER, NUMBER_WIDTH, MEDIUM),
            ColumnSpec::new(PRIORITY, PRIORITY_WIDTH, 0),
            ColumnSpec::fill(TITLE),
            ColumnSpec::new(STATE, 9, 0),
            ColumnSpec::new(SECTIONS, 5, 56),
            ColumnSpec::new(ITEMS, 9, WIDE),
            ColumnSpec::new(OWNER, OWNER_WIDTH, MEDIUM),
            ColumnSpec::new(ENDED, DAY_WIDTH, WIDE),
        ],
        room,
    )
}

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

fn text(app: &App, entry: &ReviewEntry) -> String {
    let owner = entry.incident.assignee.as_ref().map_or("unowned", |owner| &owner.name);
    let ended = entry.ended_at.map_or_else(String::new, |at| format!(", ended {}", day(app, at)));
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

impl ScreenLogic for ReviewsScreen {
    fn terms(&self) -> &'static [&'static str] {
        &["state", "owner", "team", "service", "priority", "factor"]
    }

    fn orders(&self) -> &'static [&'static str] {
        &["unpublished first", "oldest incident first", "by owner"]
    }

    fn request(&self, _: &App, _: &ListScreen, limit: u32) -> Option<ScreenRequest> {
        Some(ScreenRequest::Reviews(ReviewSearch::first(limit)))
    }

    fn items(&self, _: &App, screen: &ListScreen) -> Vec<ListItem> {
        let item = |(index, entry): (usize, &ReviewEntry)| {
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
                index,
                text: format!("{} {}", searched(&entry.incident), entry.factors.join(" ")),
                terms,
                ranks: vec![
                    // The order in which they were read.
                    Rank::Number(i64::try_from(index).unwrap_or(i64::MAX)),
                    Rank::Number(entry.incident.reported_at.timestamp()),
                    owner.map_or(Rank::Last, |owner| Rank::text(&owner.name)),
                ],
                section: Some(section.into()),
                ..ListItem::default()
            }
        };
        rows(screen).iter().enumerate().map(item).collect()
    }

    fn about(&self, _: &App, screen: &ListScreen) -> Vec<String> {
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

    fn heading(&self, app: &App, screen: &ListScreen, width: usize) -> Vec<Line<'static>> {
        let dim = app.ui.theme.dim();
        let mut lines = Vec::new();
        let factors = factors_text(screen);
        if !factors.is_empty() {
            let text = truncate(format!("Factors: {factors}"), width).into_owned();
            lines.push(Span::styled(text, dim).into());
        }
        lines.push(heading(&columns(width), dim));
        lines
    }

    fn lines(
        &self,
        app: &App,
        screen: &ListScreen,
        item: &ListItem,
        width: usize,
    ) -> Vec<Line<'static>> {
        let Some(entry) = rows(screen).get(item.index) else { return vec![Line::default()] };
        let theme = app.ui.theme;
        let state_style = match entry.state {
            ReviewState::Missing => theme.past(),
            ReviewState::Draft | ReviewState::InReview => theme.near(),
            _ => theme.dim(),
        };
        let sections = format!("{}/{}", entry.sections, Section::REQUIRED.len());
        let owner = match &entry.incident.assignee {
            Some(owner) => Cell::new(OWNER, app.person_label(owner), theme.text()),
            None => Cell::new(OWNER, "unowned", theme.dim()),
        };
        let ended = entry.ended_at.map_or_else(String::new, |at| day(app, at).to_string());
        vec![line(
            &columns(width),
            vec![
                number_cell(app, NUMBER, &entry.incident),
                priority_cell(app, PRIORITY, entry.incident.priority),
                Cell::new(TITLE, one_line(&entry.incident.title), theme.text()),
                Cell::new(STATE, entry.state.to_string(), state_style),
                Cell::new(SECTIONS, sections, theme.dim()),
                Cell::new(ITEMS, items_text(entry), theme.dim()),
                owner,
                Cell::new(ENDED, ended, theme.dim()),
            ],
        )]
    }

    fn empty_text(&self, _: &App, screen: &ListScreen) -> String {
        if screen.total > 0 {
            "No review passes the filter.".into()
        } else {
            "There are no reviews, and none is missing: a P1 or P2 that ends owes one.".into()
        }
    }

    fn enter(&self, _: &App, screen: &ListScreen, item: &ListItem) -> Entered {
        match rows(screen).get(item.index) {
            Some(entry) => Entered::Incident(entry.incident.id),
            None => Entered::Details,
        }
    }

    fn copies(&self, app: &App, screen: &ListScreen, item: Option<&ListItem>) -> Vec<CopyText> {
        let Some(entry) = item.and_then(|item| rows(screen).get(item.index)) else {
            return Vec::new();
        };
        let listed = screen.items.iter().filter_map(|item| rows(screen).get(item.index));
        let all: Vec<String> = listed.map(|entry| format!("- {}", text(app, entry))).collect();
        vec![
            CopyText { key: 't', what: "this review's state", text: text(app, entry) },
            CopyText { key: 'n', what: "the incident's number", text: entry.incident.label() },
            CopyText { key: 'a', what: "all that are listed", text: all.join("\n") },
        ]
    }
}
