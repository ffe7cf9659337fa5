//! A review as a page: one file of HTML, without scripts and without requests.

use super::blocks::{escape, to_html};
use super::page::{NOT_WRITTEN, Part, ReviewPage, SUGGESTED, list_text, one_line};
use super::style::style_sheet;
use super::{ActionItem, Section, parse_factors};
use crate::model::html::head_title;
use crate::model::text::lines;

impl ReviewPage<'_> {
    /// Returns the review as one file of HTML. Text from outside is escaped.
    #[must_use]
    pub fn to_html(&self) -> String {
        let title = self.title();
        let mut out = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<title>{}</title>\n\
             <style>\n{}</style>\n</head>\n<body>\n<main>\n<h1>{}</h1>\n<p class=\"state\">{}</p>\n",
            head_title(&title),
            style_sheet(),
            escape(&title),
            escape(&self.state())
        );
        out.push_str("<dl>\n");
        for (name, text) in self.facts() {
            out.extend([format!("<dt>{name}</dt>\n<dd>{}</dd>\n", escape(&text))]);
        }
        out.push_str("</dl>\n");
        for part in self.parts() {
            push_part(&part, &mut out);
        }
        self.push_actions(&mut out);
        out.push_str("</main>\n</body>\n</html>\n");
        out
    }

    /// Adds the table of the action items.
    fn push_actions(&self, out: &mut String) {
        let actions = self.actions();
        if actions.is_empty() {
            return;
        }
        out.push_str("<section>\n<h2>Action items</h2>\n<table>\n<thead>\n<tr>");
        let has_issues = actions.iter().any(|item| self.incident.follow_up(item.id).is_some());
        let issue = has_issues.then_some("Issue");
        for name in ["What", "Owner", "Due", "Kind", "State"].into_iter().chain(issue) {
            out.extend([format!("<th scope=\"col\">{name}</th>")]);
        }
        out.push_str("</tr>\n</thead>\n<tbody>\n");
        for item in actions {
            self.push_action(item, has_issues, out);
        }
        out.push_str("</tbody>\n</table>\n</section>\n");
    }

    fn push_action(&self, item: &ActionItem, has_issues: bool, out: &mut String) {
        let is_overdue = item.is_overdue(self.times.today);
        let due = item.due.map(|due| due.to_string()).unwrap_or_default();
        let state = match (item.done, is_overdue) {
            (true, _) => "done",
            (false, true) => "overdue",
            (false, false) => "open",
        };
        let class = if is_overdue { " class=\"late\"" } else { "" };
        out.extend([format!(
            "<tr><td>{}</td><td>{}</td><td>{due}</td><td>{}</td><td{class}>{state}</td>",
            escape(&one_line(&item.text)),
            escape(&one_line(&self.owner(item))),
            escape(&one_line(&item.kind.to_string())),
        )]);
        if has_issues {
            out.extend([format!("<td>{}</td>", self.issue(item))]);
        }
        out.push_str("</tr>\n");
    }

    /// Returns the issue of an action item with its state, and a link to it where it is a web page.
    fn issue(&self, item: &ActionItem) -> String {
        let Some(follow_up) = self.incident.follow_up(item.id) else { return String::new() };
        let text = escape(&one_line(&follow_up.phrase()));
        let url = follow_up.issue.as_ref().map(|issue| one_line(&issue.url));
        let is_page = |url: &String| url.starts_with("https://") || url.starts_with("http://");
        match url.filter(is_page) {
            Some(url) => format!("<a href=\"{}\" rel=\"noreferrer\">{text}</a>", escape(&url)),
            None => text,
        }
    }
}

/// Adds a section.
fn push_part(part: &Part, out: &mut String) {
    let heading = escape(&one_line(&part.section.heading()));
    out.extend([format!("<section>\n<h2>{heading}</h2>\n")]);
    if part.section == Section::Factors {
        let tags = parse_factors(&part.text);
        let tags = tags.iter().map(|tag| format!("<li>{}</li>\n", escape(&one_line(tag))));
        out.extend([format!("<ul class=\"tags\">\n{}</ul>\n", tags.collect::<String>())]);
    } else if !part.is_suggested {
        out.push_str(&to_html(&part.text));
    } else if part.text.trim().is_empty() {
        out.extend([format!("<p class=\"note\">{NOT_WRITTEN}</p>\n")]);
    } else {
        out.extend([format!("<p class=\"note\">{SUGGESTED}</p>\n<ul>\n")]);
        for line in lines(part.text.trim()) {
            out.extend([format!("<li>{}</li>\n", escape(&list_text(line.as_str())))]);
        }
        out.push_str("</ul>\n");
    }
    out.push_str("</section>\n");
}
