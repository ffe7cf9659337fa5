//! The status page as one file of HTML, without scripts and requests.

use chrono::{DateTime, Utc};

use super::state::{ComponentState, Harm, MaintenanceState};
use super::style::STYLE_SHEET;
use super::{PublicIncident, PublicMaintenance, StatusPage};
use crate::model::html::{escape, head_title};

/// Makes a text of several lines harmless inside of HTML.
pub(super) fn escape_lines(text: &str) -> String {
    text.lines().map(escape).collect::<Vec<_>>().join("<br>")
}

fn time(at: DateTime<Utc>) -> String {
    let machine = at.format("%Y-%m-%dT%H:%M:%SZ");
    format!("<time datetime=\"{machine}\">{}</time>", at.format("%Y-%m-%d %H:%M UTC"))
}

/// Returns the class that colours a state.
fn class_of(state: ComponentState) -> &'static str {
    match state {
        ComponentState::Operational => "good",
        ComponentState::Maintenance => "work",
        ComponentState::Degraded => "minor",
        ComponentState::PartialOutage => "major",
        ComponentState::MajorOutage => "critical",
    }
}

impl StatusPage {
    /// Returns the page as HTML. Texts are escaped.
    #[must_use]
    pub fn to_html(&self) -> String {
        let title = escape(&self.title);
        let overall = match self.harm() {
            Harm::None if self.is_under_maintenance() => ComponentState::Maintenance,
            harm => harm.component(),
        };
        let mut out = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<title>{}</title>\n\
             <link rel=\"alternate\" type=\"application/rss+xml\" title=\"Incident history\" \
             href=\"history.rss\">\n<style>\n{STYLE_SHEET}</style>\n</head>\n<body>\n\
             <header>\n<h1>{title}</h1>\n<p class=\"overall {}\">{}</p>\n</header>\n<main>\n",
            head_title(&self.title),
            class_of(overall),
            escape(self.description())
        );
        self.push_open(&mut out);
        self.push_components(&mut out);
        self.push_maintenance(&mut out);
        self.push_past(&mut out);
        out.extend([format!(
            "</main>\n<footer>\n<p>Made at {}. While the service behind it runs, this page is written \
             again at least every hour: one that is older may not be up to date.</p>\n\
             <p><a href=\"history.rss\">RSS</a> · <a href=\"api/v2/summary.json\">JSON</a></p>\n\
             </footer>\n</body>\n</html>\n",
            time(self.made_at)
        )]);
        out
    }

    fn push_open(&self, out: &mut String) {
        if self.open_incidents().next().is_none() {
            return;
        }
        out.push_str("<section>\n<h2>Open incidents</h2>\n");
        for incident in self.open_incidents() {
            self.push_incident(incident, out);
        }
        out.push_str("</section>\n");
    }

    fn push_components(&self, out: &mut String) {
        if self.components.is_empty() {
            return;
        }
        out.push_str("<section>\n<h2>Services</h2>\n<ul class=\"components\">\n");
        for component in &self.components {
            out.extend([format!(
                "<li><span>{}</span> <span class=\"{}\">{}</span></li>\n",
                escape(&component.name),
                class_of(component.state),
                component.state.label()
            )]);
        }
        out.push_str("</ul>\n</section>\n");
    }

    fn push_maintenance(&self, out: &mut String) {
        let is_ahead = |one: &&PublicMaintenance| one.state != MaintenanceState::Completed;
        let mut windows = self.maintenance.iter().filter(is_ahead).peekable();
        if windows.peek().is_none() {
            return;
        }
        out.push_str("<section>\n<h2>Scheduled maintenance</h2>\n");
        for window in windows {
            out.extend([format!(
                "<article id=\"{}\">\n<h3>{}</h3>\n<p class=\"about\"><span class=\"work\">{}</span> · {} – \
                 {}</p>\n<p>{}</p>\n</article>\n",
                window.id,
                escape(&window.name),
                window.state.label(),
                time(window.from),
                time(window.until),
                escape_lines(&window.text)
            )]);
        }
        out.push_str("</section>\n");
    }

    fn push_past(&self, out: &mut String) {
        out.push_str("<section>\n<h2>Past incidents</h2>\n");
        let mut past = self.incidents.iter().filter(|incident| !incident.is_open()).peekable();
        if past.peek().is_none() {
            out.extend([format!(
                "<p>There were no incidents in the last {} days.</p>\n",
                self.days
            )]);
        }
        for incident in past {
            self.push_incident(incident, out);
        }
        out.push_str("</section>\n");
    }

    fn push_incident(&self, incident: &PublicIncident, out: &mut String) {
        let state = if incident.is_open() {
            incident.harm.component()
        } else {
            ComponentState::Operational
        };
        let names = incident.components.iter().filter_map(|at| self.components.get(*at));
        let names: Vec<String> = names.map(|component| escape(&component.name)).collect();
        let affects =
            if names.is_empty() { String::new() } else { format!(" · {}", names.join(", ")) };
        out.extend([format!(
            "<article id=\"{}\">\n<h3>{}</h3>\n<p class=\"about\"><span class=\"{}\">{}</span>{affects}</p>\n\
             <dl>\n",
            incident.id,
            escape(&incident.name),
            class_of(state),
            incident.status.label()
        )]);
        for post in incident.posts.iter().rev() {
            out.extend([format!(
                "<dt>{} · {}</dt>\n<dd>{}</dd>\n",
                post.status.label(),
                time(post.at),
                escape_lines(&post.text)
            )]);
        }
        out.push_str("</dl>\n</article>\n");
    }
}
