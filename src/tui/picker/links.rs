//! Lists of what an incident can be linked to: other incidents, problems, changes, pages.

use crate::model::IncidentCommand;
use crate::model::command::Link;
use crate::model::problem::Problem;
use crate::model::text::sanitize;
use crate::model::time::format_ago;

use crate::tui::core::app::App;
use crate::tui::picker::{Item, Pick};
use crate::tui::verb::precheck;
use crate::tui::verb::precheck::single_row;
use crate::tui::verb::target::Target;

/// Returns the open incidents to merge into, those of the same service first.
pub(in crate::tui) fn merge_targets(app: &App, targets: &[Target]) -> Vec<Item> {
    let Some(snapshot) = &app.fetched.snapshot else { return Vec::new() };
    let service = single_row(app, targets).and_then(|row| row.primary_service());
    let is_target = |id| targets.iter().any(|target| target.id == id);
    let mut rows: Vec<_> = snapshot
        .rows
        .iter()
        .filter(|row| row.status.is_open() && row.number.is_some() && !is_target(row.id))
        .collect();
    rows.sort_by_key(|row| {
        let same = service.is_some() && row.primary_service() == service;
        (!same, std::cmp::Reverse(row.number))
    });
    rows.into_iter()
        .map(|row| {
            let label = row.label();
            let service = sanitize(row.primary_service().unwrap_or("no service")).into_owned();
            let pick = Pick::Submit {
                verb: format!("merge {{}} into {label}"),
                done_phrase: format!("merged into {label}"),
                commands: vec![IncidentCommand::Merge { into: row.id }],
                irreversible: true,
            };
            let about = format!("{} · {} · {service}", row.priority, row.status);
            let number = row.number.map(|number| number.0.to_string()).unwrap_or_default();
            Item::new(format!("{label} {}", sanitize(&row.title)), pick).about(about).value(number)
        })
        .collect()
}

pub(in crate::tui) fn link_menu(app: &App, targets: &[Target]) -> Vec<Item> {
    let mut items = vec![
        Item::new("a known problem …", Pick::LinkProblem).key('p').about("the cause behind it"),
        Item::new("a new problem …", Pick::NewProblem)
            .key('n')
            .about("recorded and linked at once"),
        Item::new("a suspected change …", Pick::LinkChange)
            .key('c')
            .about("what may have caused it"),
        Item::new("a URL …", Pick::LinkUrl).key('u').about("a page elsewhere"),
    ];
    let record = match targets {
        [one] => precheck::current_record(app, one.id),
        _ => None,
    };
    for (link, key) in record.into_iter().flat_map(|r| &r.links).zip('1'..='9') {
        let text = sanitize(&link.to_string()).into_owned();
        let pick = Pick::Submit {
            verb: format!("take the link to {text} from"),
            done_phrase: "link taken away".into(),
            commands: vec![IncidentCommand::Unlink { link: link.clone() }],
            irreversible: false,
        };
        items.push(Item::new(format!("take away: {text}"), pick).key(key));
    }
    items
}

pub(in crate::tui) fn link_item(link: Link, text: String, about: String) -> Item {
    let pick = Pick::Submit {
        verb: format!("link {{}} to {text}"),
        done_phrase: format!("linked to {text}"),
        commands: vec![IncidentCommand::Link { link }],
        irreversible: false,
    };
    Item::new(text, pick).about(about)
}

pub(in crate::tui) fn problems(list: &[Problem]) -> Vec<Item> {
    let items = list.iter().map(|problem| {
        let link = Link::Problem { id: problem.id, title: problem.title.clone() };
        let about = format!("{} · {}", problem.state, sanitize(&problem.services.join(", ")));
        link_item(link, sanitize(&problem.title).into_string(), about)
    });
    items.collect()
}

pub(in crate::tui) fn changes(app: &App, targets: &[Target]) -> Vec<Item> {
    let Some(first) = targets.first() else { return Vec::new() };
    let loaded = app.reading.shown.iter().chain(&app.reading.cache).find(|s| s.id == first.id);
    let suspects = loaded.map(|s| s.detail.suspects.as_slice()).unwrap_or_default();
    let items = suspects.iter().map(|suspect| {
        let change = &suspect.change;
        let link = Link::Change { id: change.id, title: change.title.clone() };
        let at = change.ends_at.unwrap_or(change.starts_at);
        let about = format!("{} · {} · {}", change.kind, change.state, format_ago(at, app.now));
        link_item(link, sanitize(&change.title).into_string(), about)
    });
    items.collect()
}
