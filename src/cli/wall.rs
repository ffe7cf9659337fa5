//! `wall`: runs the wall display, which may stay open on a big screen for months.

use super::args::Wall;
use super::context::Context;
use super::failure::Failure;
use super::list::filter_failure;
use super::panes;
use super::runtime::block_on;
use super::session::IfMissing;
use super::workspace::OpenWorkspace;
use crate::config::nearest;
use crate::model::filter::{Filter, Predicate};
use crate::model::text::SafeText;
use crate::tui::views::View;
use crate::tui::views::update::views_with;
use crate::tui::wall::Settings;

/// Runs the wall display on the workspace of the configuration.
pub fn run(context: &mut Context, args: &Wall) -> Result<(), Failure> {
    let settings = settings(args, &views_with(&context.config.panes.views))?;
    panes::check_terminal()?;
    let (config, flags) = (context.config.clone(), context.flags.clone());
    block_on(async {
        let desk = OpenWorkspace::open(config, flags, IfMissing::Refuse).await?;
        Box::pin(panes::show(desk, Some(settings), panes::HasErrands::No))
            .await
            .map(drop)
            .map_err(|error| panes::run_failure(&error))
    })
}

/// Returns the settings of the wall display; `views` are the named views.
fn settings(args: &Wall, views: &[View]) -> Result<Settings, Failure> {
    let text = args.view.as_deref().unwrap_or_default().trim();
    let name = SafeText::from(text).to_lowercase();
    // If two views have the same name, the user's own comes last and takes precedence.
    let named = views.iter().rev().find(|view| view.name.to_lowercase() == name);
    let filter = match named {
        Some(view) => view.filter.clone(),
        None => parse_filter(text, views)?,
    };
    Ok(Settings { view: text.to_owned(), filter, rotate: args.rotate, takeover: !args.no_takeover })
}

/// Parses a filter that is not the name of a view.
///
/// Plain words that nearly match the name of a view are refused as a typing error: a wall display
/// that searches for them would stay empty without an explanation.
fn parse_filter(text: &str, views: &[View]) -> Result<Filter, Failure> {
    let filter: Filter = text.parse().map_err(|error| filter_failure(text, &error))?;
    let is_plain_text = |term: &crate::model::filter::Term| {
        !term.negated && matches!(term.predicate, Predicate::Text(_))
    };
    let names: Vec<&str> = views.iter().map(|view| view.name.as_str()).collect();
    let is_likely_typo = filter.terms.iter().all(is_plain_text) && !text.contains('"');
    match nearest(text, &names).filter(|_| is_likely_typo) {
        Some(name) => Err(Failure::usage(format!(
            "there is no view {:?}: did you mean {name}? To look for the words, put them in quotes: --view '\"{text}\"'",
            SafeText::from(text)
        ))),
        None => Ok(filter),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rstest::rstest;

    use super::*;
    use crate::config::panes::SavedView;
    use crate::model::queue::Sort;

    fn settings_for(view: &str) -> Result<Settings, Failure> {
        let args =
            Wall { view: Some(view.into()), rotate: Duration::from_secs(15), no_takeover: false };
        let view = |name: &str, filter: &str| SavedView {
            name: name.into(),
            filter: filter.parse().expect("a filter"),
            sort: Sort::Urgent,
            key: None,
        };
        settings(&args, &views_with(&[view("Night", "p1 team:night"), view("snoozed", "p4")]))
    }

    #[test]
    fn view_is_a_name_or_else_a_filter() {
        let named = settings_for("night").expect("it has that name");
        assert_eq!(
            (named.view.as_str(), named.filter.to_string()),
            ("night", "p1 team:night".into())
        );
        let filter = settings_for("p2 night").expect("a filter");
        assert_eq!(filter.filter.to_string(), "p2 night");
        assert!(settings_for("").expect("all").filter.terms.is_empty());
        assert!(settings_for("colour:red").is_err());
    }
    #[rstest]
    #[case("mine", "owner:me")]
    #[case("Unowned", "owner:none")]
    #[case("past SLA", "sla:late")]
    #[case("past sla", "sla:late")]
    #[case("all open", "")]
    #[case("snoozed", "p4")]
    fn built_in_views_are_found_by_name(#[case] view: &str, #[case] filter: &str) {
        assert_eq!(settings_for(view).expect("it has that name").filter.to_string(), filter);
    }

    #[test]
    fn misspelt_view_name_is_refused_unless_quoted() {
        let Err(failure) = settings_for("unwoned") else { panic!("a wall that is empty") };
        let expected = "there is no view \"unwoned\": did you mean unowned?";
        assert!(failure.message.starts_with(expected), "{failure}");
        assert_eq!(settings_for("\"unwoned\"").expect("a filter").filter.terms.len(), 1);
        assert!(settings_for("checkout").is_ok());
    }
}
