//! The form by which a problem is recorded or changed, apart from any incident.

use crate::model::ProblemId;
use crate::model::problem::{Problem, ProblemState};
use crate::model::problem_patch::check_state;

use crate::tui::core::app::App;
use crate::tui::form::{Field, Form};
use crate::tui::problems::find;
use crate::tui::verb::logic::{FieldError, Filled, Filling, FormCommands, FormLogic, field_error};
use crate::tui::verb::names;

/// The labels of the fields.
const TITLE: &str = "Title";
const STATE: &str = "State";
const OWNER: &str = "Owner";
const TEAM: &str = "Team";
const SERVICES: &str = "Services";
const CATEGORY: &str = "Category";
const CAUSE: &str = "Cause";
const WORKAROUND: &str = "Workaround";

/// The form of a problem; of a new one, or of one that is changed.
pub(in crate::tui) struct ProblemEditForm {
    pub id: Option<ProblemId>,
}

impl FormLogic for ProblemEditForm {
    fn name(&self) -> &'static str {
        "problem"
    }

    fn heading(&self) -> &'static str {
        match self.id {
            Some(_) => "Problem",
            None => "New problem",
        }
    }

    fn phrases(&self) -> (&'static str, &'static str) {
        ("record", "recorded")
    }

    fn fields(&self, filling: &Filling<'_>) -> Vec<Field> {
        let app = filling.app;
        let before = self.id.and_then(|id| find(&app.screens, id));
        let text = |read: fn(&Problem) -> String| before.map(read).unwrap_or_default();
        let states = names::choice_labels(ProblemState::ALL, ProblemState::as_str);
        let state = before.map_or(ProblemState::Open, |problem| problem.state);
        let state = ProblemState::ALL.iter().position(|one| *one == state).unwrap_or(0);
        let category = before.and_then(|problem| problem.category);
        let category = category.map_or(names::UNKNOWN, |category| category.as_str());
        let categories = names::categories();
        let category = categories.iter().position(|one| *one == category).unwrap_or(0);
        let owner = before.and_then(|problem| problem.owner.as_ref());
        let owner = owner.map(|owner| owner.name.clone()).unwrap_or_default();
        vec![
            Field::line(TITLE, &text(|problem| problem.title.clone()))
                .hint("the cause behind the incidents")
                .required(),
            Field::choice(STATE, states, state),
            Field::name(OWNER, &owner, names::people_names(app)),
            Field::name(
                TEAM,
                &text(|problem| problem.team.clone().unwrap_or_default()),
                names::team_names(app),
            ),
            Field::names(
                SERVICES,
                &text(|problem| problem.services.join(", ")),
                names::service_names(app),
            ),
            Field::choice(CATEGORY, categories, category),
            Field::text(CAUSE, &text(|problem| problem.cause.clone()))
                .hint("as far as it is known"),
            Field::text(WORKAROUND, &text(|problem| problem.workaround.clone()))
                .hint("how to live with it; a known error needs one"),
        ]
    }

    fn commands(&self, _: &Filled<'_>) -> FormCommands {
        // It is no command about an incident: `send` makes it.
        Ok((Vec::new(), Vec::new()))
    }
}

/// Reads the form into the problem as it was before.
pub(in crate::tui) fn read(app: &App, form: &Form, before: Problem) -> Result<Problem, FieldError> {
    let team = form.value(TEAM);
    let problem = Problem {
        title: form.value(TITLE),
        state: names::parse_choice(form, STATE)?,
        owner: names::person(app, form, OWNER)?,
        team: (!team.is_empty()).then_some(team),
        services: form.field(SERVICES).map(Field::entered_names).unwrap_or_default(),
        category: names::category(form)?,
        cause: form.value(CAUSE),
        workaround: form.value(WORKAROUND),
        ..before.as_requested()
    };
    check_state(&problem).map_err(|error| {
        let field = if error.field == "workaround" { WORKAROUND } else { TITLE };
        field_error(field, error.problem.to_string())
    })?;
    Ok(problem)
}
