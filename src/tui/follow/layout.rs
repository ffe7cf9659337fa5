//! Which link is selected, and the text about a change or a problem.

use std::ops::Range;

use chrono::{DateTime, Utc};
use ratatui::style::Style;
use uuid::Uuid;

use crate::model::change::{Change, Suspect};
use crate::model::problem::Problem;
use crate::model::review::{PageTimes, ReviewPage};
use crate::model::text::{lines as safe_lines, wrap};
use crate::model::time::format_duration;
use crate::model::{Extra, IncidentId, ProblemId};

use crate::tui::core::app::App;
use crate::tui::core::pane::Pane;
use crate::tui::follow::{Destination, DetailLink, LinkedPage};
use crate::tui::widgets::bounded::bounded;
use crate::tui::widgets::markdown::markdown_lines;
use crate::tui::widgets::text::{Line, Span};

/// The width of the labels including a blank, in columns.
const LABEL_WIDTH: usize = 12;

/// Returns the lines of the detail that are on the screen.
pub(in crate::tui) fn visible_lines(app: &App) -> Range<usize> {
    let height = app.layout().slot(Pane::Detail).map_or(0, |slot| slot.inner().height);
    let top = app.reading.detail_top;
    top..top + usize::from(height)
}

/// Returns the position of the selected link: of the chosen one, or else of the first one on the
/// screen. `None` if no link is on the screen.
pub(in crate::tui) fn selected_index(app: &App) -> Option<usize> {
    // In the past, links are not followed: they lead to the current state.
    if app.travel.is_some() {
        return None;
    }
    let visible = visible_lines(app);
    let is_visible = |link: &DetailLink| visible.contains(&link.lines.start);
    let links = &app.follow.links;
    let chosen = app.follow.chosen_index().filter(|index| is_visible(&links[*index]));
    chosen.or_else(|| links.iter().position(is_visible))
}

/// Returns the selected link.
pub(in crate::tui) fn selected(app: &App) -> Option<&DetailLink> {
    app.follow.links.get(selected_index(app)?)
}

/// Returns the title of the page about a link's target.
pub(in crate::tui) fn title(page: &LinkedPage) -> &'static str {
    match page.destination {
        Destination::Problem(..) => "Problem",
        Destination::Review(_) => "Review",
        Destination::Evidence(..) => "Evidence",
        _ => "Change",
    }
}

/// Returns the lines about a link's target.
pub(in crate::tui) fn lines(app: &App, page: &LinkedPage, width: usize) -> Vec<Line<'static>> {
    let mut out = Page { app, width, lines: Vec::new() };
    match &page.destination {
        Destination::Suspect(suspect) => out.suspect(suspect),
        Destination::LinkedChange(change) => out.change(change),
        Destination::Change(title) => {
            out.title(title);
            out.field("Known", "only its title: no such change is recorded");
        }
        Destination::Problem(id, title) => {
            if let Some(problem) = find_problem(app, *id) {
                out.problem(problem);
            } else {
                out.title(title);
                let is_read = app.fetched.problems.is_some();
                let state = if is_read { "no such problem is recorded" } else { "reading …" };
                out.field("Known", state);
            }
        }
        Destination::Review(id) => return review_lines(app, *id, width),
        Destination::Evidence(id, name) => out.evidence(*id, name),
        Destination::Incident(_)
        | Destination::Alerts(_)
        | Destination::Similar(_)
        | Destination::Url(_)
        | Destination::Runbook => {}
    }
    out.lines
}

/// Returns the review of an incident as it will be read.
fn review_lines(app: &App, id: IncidentId, width: usize) -> Vec<Line<'static>> {
    let mut read = app.reading.shown.iter().chain(&app.reading.cache);
    let Some(shown) = read.find(|shown| shown.id == id) else {
        let text = Span::styled("the incident is not on the screen any more", app.ui.theme.dim());
        return vec![Line::from(text)];
    };
    let clock = app.clock();
    let time = |at: DateTime<Utc>| {
        format!("{} {}", clock.local_time(at).format("%Y-%m-%d %H:%M"), clock.name_at(at))
    };
    let page = ReviewPage {
        incident: &shown.detail.incident,
        events: &shown.events,
        directory: app.fetched.directory.as_deref(),
        levels: &app.session.rules.levels,
        times: PageTimes { time: &time, today: clock.local_time(app.backend_now()).date() },
    };
    markdown_lines(app, &page.to_markdown(), width)
}

/// Returns a problem: the one that was read with the record, or one of those that were read for
/// linking.
pub(in crate::tui) fn find_problem(app: &App, id: ProblemId) -> Option<&Problem> {
    let with_record = app.reading.shown.as_ref().and_then(|shown| shown.detail.problem.as_ref());
    let listed = app.fetched.problems.iter().flatten();
    with_record.into_iter().chain(listed).find(|problem| problem.id == id)
}

/// Builds the labelled lines of a page.
struct Page<'a> {
    app: &'a App,
    width: usize,
    lines: Vec<Line<'static>>,
}

impl Page<'_> {
    fn title(&mut self, title: &str) {
        for line in wrap(title, self.width) {
            self.lines.push(Line::from(Span::styled(line, self.app.ui.theme.strong())));
        }
        self.lines.push(Line::default());
    }

    /// Appends a field, wrapped below its first line; nothing for an empty text.
    fn field(&mut self, label: &str, text: &str) {
        if text.trim().is_empty() {
            return;
        }
        let room = self.width.saturating_sub(LABEL_WIDTH).max(8);
        let mut label = label;
        for line in safe_lines(text.trim_end()).flat_map(|line| wrap(line, room)) {
            self.lines.push(Line::from(vec![
                Span::styled(format!("{label:<LABEL_WIDTH$}"), self.app.ui.theme.dim()),
                Span::raw(line),
            ]));
            label = "";
        }
    }

    /// Appends the text of evidence, or the reason why there is none.
    fn evidence(&mut self, id: Uuid, name: &str) {
        self.title(name);
        let read = self.app.fetched.evidence.as_ref().filter(|(read, _)| *read == id);
        let (text, style) = match read {
            None => ("reading …", self.app.ui.theme.dim()),
            Some((_, Err(why))) => (why.as_str(), self.app.ui.theme.dim()),
            Some((_, Ok(text))) => (text.as_str(), Style::new()),
        };
        let width = self.width;
        for line in safe_lines(&bounded(text)).flat_map(|line| wrap(line, width)) {
            self.lines.push(Line::from(Span::styled(line, style)));
        }
    }

    fn services(&mut self, services: &[String]) {
        let labels: Vec<_> = services.iter().map(|name| self.app.service_label(name)).collect();
        self.field("Services", &labels.join(" · "));
    }

    fn extra(&mut self, extra: &Extra) {
        let fields: Vec<(String, String)> = extra.labelled().collect();
        for (label, text) in fields {
            self.field("", &format!("{label}: {text}"));
        }
    }

    fn change(&mut self, change: &Change) {
        let Change { kind, title, services, by, starts_at, ends_at, state, extra, .. } = change;
        self.title(title);
        self.field("Kind", &kind.to_string());
        self.field("State", &state.to_string());
        self.services(services);
        self.field("By", &self.app.actor_label(by));
        self.field("Begins", &self.time(*starts_at));
        let ends = ends_at.map_or_else(|| "no end is recorded".to_owned(), |end| self.time(end));
        self.field("Ends", &ends);
        self.field("Suspected", "no: it is linked to the incident");
        self.extra(extra);
    }

    fn suspect(&mut self, suspect: &Suspect) {
        let Change { kind, title, services, by, starts_at, ends_at, state, url, extra, .. } =
            &suspect.change;
        self.title(title);
        self.field("Kind", &kind.to_string());
        self.field("State", &state.to_string());
        self.services(services);
        self.field("By", &self.app.actor_label(by));
        let detected =
            self.app.reading.shown.as_ref().map(|s| s.detail.incident.summary.detected_at);
        let before = detected.map(|at| format_duration(suspect.began_before(at)));
        let before = before.map(|span| format!(" · {span} before the incident was detected"));
        self.field("Began", &format!("{}{}", self.time(*starts_at), before.unwrap_or_default()));
        let ended = match (ends_at, suspect.assumed_end) {
            (Some(end), _) => self.time(*end),
            (None, Some(_)) => "no end was reported; taken to have ended after a day".to_owned(),
            (None, None) => "not yet, as far as is known".to_owned(),
        };
        self.field("Ended", &ended);
        let distance = if suspect.direct {
            "it touched an affected service".to_owned()
        } else {
            let steps = suspect.steps.filter(|steps| *steps > 1);
            let steps = steps.map(|steps| format!(", {steps} steps away")).unwrap_or_default();
            format!("it touched a service that an affected one depends on{steps}")
        };
        self.field("Suspected", &distance);
        self.field("Page", url.as_deref().unwrap_or_default());
        self.extra(extra);
    }

    fn problem(&mut self, problem: &Problem) {
        self.title(&problem.title);
        self.field("State", &problem.state.to_string());
        self.services(&problem.services);
        self.field(
            "Cause",
            if problem.cause.trim().is_empty() { "not known yet" } else { &problem.cause },
        );
        self.field("Workaround", &problem.workaround);
        self.field("Opened", &self.time(problem.opened_at));
        self.extra(&problem.extra);
    }

    fn time(&self, at: DateTime<Utc>) -> String {
        let clock = self.app.clock();
        format!("{} {}", clock.local_time(at).format("%Y-%m-%d %H:%M"), clock.name_at(at))
    }
}
