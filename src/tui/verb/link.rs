//! Link: a menu of the possible targets of a link; the forms of a URL and of a new problem.

use chrono::{DateTime, Utc};

use crate::model::check::FieldProblem;
use crate::model::command::{CommandKind, Link as Linked};
use crate::model::id::ProblemId;
use crate::model::problem::{Problem, ProblemState};
use crate::model::time::format_ago;
use crate::model::{Command, Extra, IncidentCommand, Summary, check};

use crate::tui::action::Entry;
use crate::tui::core::app::App;
use crate::tui::form::{Field, Form, Kind};
use crate::tui::picker::{Item, Pick};
use crate::tui::verb::argument_error::ArgumentError;
use crate::tui::verb::logic::{
    Contents, FieldError, Filled, Filling, FormCommands, FormLogic, Opening, Typed, VerbLogic,
    field_error, one_command,
};
use crate::tui::verb::target::Target;
use crate::tui::verb::{names, precheck};

pub(super) const ENTRY: Entry = Entry::command(CommandKind::Link, &["l"]);

pub(super) struct Link;

impl VerbLogic for Link {
    fn kind(&self) -> CommandKind {
        CommandKind::Link
    }

    fn needs_record(&self) -> bool {
        true
    }

    fn explains_refusal(&self) -> bool {
        true
    }

    fn opening(&self, _: &App, _: &[Target], _: DateTime<Utc>) -> Opening {
        Opening::List { heading: "Link {}", searchable: false }
    }

    fn items(&self, app: &App, targets: &[Target], _: DateTime<Utc>) -> Vec<Item> {
        link_menu(app, targets)
    }

    /// Links may be added at any time.
    fn probe(
        &self,
        _: &App,
        _: Option<&Summary>,
        _: DateTime<Utc>,
    ) -> Option<Vec<IncidentCommand>> {
        None
    }

    /// A URL is typed, not chosen.
    fn offers(&self, _: &App, _: &str, _: &[Target], _: DateTime<Utc>) -> Vec<Item> {
        Vec::new()
    }

    fn parse_argument(&self, typed: &Typed<'_>) -> Result<Pick, ArgumentError> {
        let link = Linked::Url(typed.text.to_owned());
        check::new_link(&link).map_err(|error| match error.problem {
            FieldProblem::NotAUrl => ArgumentError::NotAUrl(typed.text.to_owned()),
            problem => ArgumentError::Url(problem),
        })?;
        Ok(link_item(link, typed.text, "").pick)
    }

    fn edit(&self, _: &App, command: &IncidentCommand) -> Option<(Kind, Contents)> {
        match command {
            IncidentCommand::Link { link: Linked::Url(url) } => {
                Some((Kind::LinkUrl, vec![("URL", url.clone())]))
            }
            _ => None,
        }
    }
}

fn link_menu(app: &App, targets: &[Target]) -> Vec<Item> {
    let mut items = known_errors(app, targets);
    items.extend([
        Item::new("a known problem …", Pick::LinkProblem).key('p').about("the cause behind it"),
        Item::new("a new problem …", Pick::Form(Kind::NewProblem))
            .key('n')
            .about("recorded and linked at once"),
        Item::new("a suspected change …", Pick::LinkChange)
            .key('c')
            .about("what may have caused it"),
        Item::new("a URL …", Pick::Form(Kind::LinkUrl)).key('u').about("a page elsewhere"),
    ]);
    let record = match targets {
        [one] => precheck::current_record(app, one.id),
        _ => None,
    };
    for (link, key) in record.into_iter().flat_map(|r| &r.links).zip('1'..='9') {
        let text = link.to_string();
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

/// Returns the items of the known errors that may be behind the only target; the first one has a key.
fn known_errors(app: &App, targets: &[Target]) -> Vec<Item> {
    let [one] = targets else { return Vec::new() };
    let shown = app.reading.shown.as_ref().filter(|shown| shown.id == one.id);
    let errors = shown.map(|shown| shown.detail.known_errors.as_slice()).unwrap_or_default();
    let items = errors.iter().enumerate().map(|(index, error)| {
        let link = Linked::Problem { id: error.problem, title: error.title.clone() };
        let item = link_item(link, &error.title, &format!("known error · {}", error.likeness()));
        if index == 0 { item.key('k') } else { item }
    });
    items.collect()
}

fn link_item(link: Linked, text: &str, about: &str) -> Item {
    let pick = Pick::Submit {
        verb: format!("link {{}} to {text}"),
        done_phrase: format!("linked to {text}"),
        commands: vec![IncidentCommand::Link { link }],
        irreversible: false,
    };
    Item::new(text, pick).about(about)
}

/// Returns the items of recorded problems to link to.
pub(in crate::tui) fn problems(list: &[Problem]) -> Vec<Item> {
    let items = list.iter().map(|problem| {
        let link = Linked::Problem { id: problem.id, title: problem.title.clone() };
        let about = format!("{} · {}", problem.state, problem.services.join(", "));
        link_item(link, &problem.title, &about)
    });
    items.collect()
}

/// Returns the items of the changes that are suspected of causing the first target.
pub(in crate::tui) fn changes(app: &App, targets: &[Target]) -> Vec<Item> {
    let Some(first) = targets.first() else { return Vec::new() };
    let loaded = app.reading.shown.iter().chain(&app.reading.cache).find(|s| s.id == first.id);
    let suspects = loaded.map(|s| s.detail.suspects.as_slice()).unwrap_or_default();
    let items = suspects.iter().map(|suspect| {
        let change = &suspect.change;
        let link = Linked::Change { id: change.id, title: change.title.clone() };
        let at = suspect.ended_at().unwrap_or(change.starts_at);
        let how = suspect.distance().map_or_else(String::new, |how| format!(" · {how}"));
        let ago = format_ago(at, app.backend_now());
        let about = format!("{} · {} · {ago}{how}", change.kind, change.state);
        link_item(link, &change.title, &about)
    });
    items.collect()
}

pub(super) struct UrlForm;

impl FormLogic for UrlForm {
    fn name(&self) -> &'static str {
        "link"
    }

    fn heading(&self) -> &'static str {
        "Link"
    }

    fn phrases(&self) -> (&'static str, &'static str) {
        ("link", "linked")
    }

    fn fields(&self, _: &Filling<'_>) -> Vec<Field> {
        vec![Field::line("URL", "").example("https://status.example.com/123").required()]
    }

    fn commands(&self, filled: &Filled<'_>) -> FormCommands {
        one_command(IncidentCommand::Link { link: parse_url(filled.form)? })
    }
}

/// Parses the field of a URL.
pub(in crate::tui) fn parse_url(form: &Form) -> Result<Linked, FieldError> {
    let link = Linked::Url(form.value("URL"));
    check::new_link(&link).map_err(|error| {
        let problem = match error.problem {
            FieldProblem::Empty => FieldProblem::NotAUrl,
            problem => problem,
        };
        field_error("URL", problem.to_string())
    })?;
    Ok(link)
}

pub(super) struct ProblemForm;

impl FormLogic for ProblemForm {
    fn name(&self) -> &'static str {
        "problem"
    }

    fn heading(&self) -> &'static str {
        "New problem behind"
    }

    fn phrases(&self) -> (&'static str, &'static str) {
        ("record a problem behind", "linked to a new problem")
    }

    fn fields(&self, filling: &Filling<'_>) -> Vec<Field> {
        let services = filling.row.map(|row| row.services.join(", ")).unwrap_or_default();
        vec![
            Field::line("Title", "").hint("the cause behind the incidents").required(),
            Field::names("Services", &services, names::service_names(filling.app)),
            Field::text("Cause", "").hint("as far as it is known"),
            Field::text("Workaround", "").hint("how to live with it"),
        ]
    }

    fn commands(&self, filled: &Filled<'_>) -> FormCommands {
        let form = filled.form;
        let title = form.value("Title");
        check::title(&title).map_err(|error| field_error("Title", error.problem.to_string()))?;
        let id = ProblemId(form.draft_id);
        let workaround = form.value("Workaround");
        let state =
            if workaround.is_empty() { ProblemState::Open } else { ProblemState::KnownError };
        let record = Command::RecordProblem(Problem {
            id,
            title: title.clone(),
            state,
            services: form.field("Services").map(Field::entered_names).unwrap_or_default(),
            cause: form.value("Cause"),
            workaround,
            opened_at: filled.at,
            owner: None,
            team: None,
            category: None,
            removed_at: None,
            revision: 0,
            edits: Vec::new(),
            extra: Extra::default(),
        });
        // The problem is recorded once, before the first link to it.
        let first = form.targets.first().is_some_and(|first| first.id == filled.target.id);
        let prerequisites = if first { vec![record] } else { Vec::new() };
        let link = Linked::Problem { id, title };
        Ok((prerequisites, vec![IncidentCommand::Link { link }]))
    }
}
