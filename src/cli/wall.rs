//! `wall`: the board for a big screen, for months.

use super::args::Wall;
use super::failure::Failure;
use super::list::filter_failure;
use super::session::IfMissing;
use super::workspace::OpenWorkspace;
use super::{Context, block_on, panes};
use crate::config::nearest;
use crate::model::filter::{Filter, Predicate};
use crate::model::text::sanitize;
use crate::tui::update::{View, views_with};
use crate::tui::wall::Settings;

/// Shows the wall on the store.
pub fn run(context: &mut Context, args: &Wall) -> Result<(), Failure> {
    let settings = settings(args, &views_with(&context.config.panes.views))?;
    panes::check_terminal()?;
    let (config, flags) = (context.config.clone(), context.flags.clone());
    block_on(async {
        let desk = OpenWorkspace::open(config, flags, IfMissing::Refuse).await?;
        Box::pin(panes::show(desk, Some(settings)))
            .await
            .map_err(|error| panes::run_failure(&error))
    })
}

/// What is shown, and how, with the views that have a name.
fn settings(args: &Wall, views: &[View]) -> Result<Settings, Failure> {
    let text = args.view.as_deref().unwrap_or_default().trim();
    let name = sanitize(text).to_lowercase();
    // Of two with one name, the person's own comes last and counts.
    let known = views.iter().rev().find(|view| view.name.to_lowercase() == name);
    let filter = match known {
        Some(view) => view.filter.clone(),
        None => parse_filter(text, views)?,
    };
    Ok(Settings { view: text.to_owned(), filter, rotate: args.rotate, takeover: !args.no_takeover })
}

/// A filter that is no view. Mere words that are nearly the name of one are a slip: a wall that
/// looks for them would stay empty, and nobody would know why.
fn parse_filter(text: &str, views: &[View]) -> Result<Filter, Failure> {
    let filter: Filter = text.parse().map_err(|error| filter_failure(text, &error))?;
    let mere = |term: &crate::model::filter::Term| {
        !term.negated && matches!(term.predicate, Predicate::Text(_))
    };
    let names: Vec<&str> = views.iter().map(|view| view.name.as_str()).collect();
    let slip = filter.terms.iter().all(mere) && !text.contains('"');
    match nearest(text, &names).filter(|_| slip) {
        Some(name) => Err(Failure::usage(format!(
            "there is no view {:?}: did you mean {name}? To look for the words, put them in quotes: --view '\"{}\"'",
            sanitize(text),
            sanitize(text)
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

    fn shown(view: &str) -> Result<Settings, Failure> {
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
    fn a_view_is_a_name_or_else_a_filter() {
        let named = shown("night").expect("it has that name");
        assert_eq!(
            (named.view.as_str(), named.filter.to_string()),
            ("night", "p1 team:night".into())
        );
        let words = shown("p2 night").expect("a filter");
        assert_eq!(words.filter.to_string(), "p2 night");
        assert!(shown("").expect("all").filter.terms.is_empty());
        assert!(shown("colour:red").is_err());
    }
    #[rstest]
    #[case("mine", "owner:me")]
    #[case("Unowned", "owner:none")]
    #[case("past SLA", "sla:late")]
    #[case("past sla", "sla:late")]
    #[case("all open", "")]
    #[case("snoozed", "p4")]
    fn the_views_that_are_always_there_have_names_too(#[case] view: &str, #[case] filter: &str) {
        assert_eq!(shown(view).expect("it has that name").filter.to_string(), filter);
    }

    #[test]
    fn a_slip_in_a_name_is_told_and_its_words_can_be_looked_for_all_the_same() {
        let Err(failure) = shown("unwoned") else { panic!("a wall that is empty") };
        let told = "there is no view \"unwoned\": did you mean unowned?";
        assert!(failure.message.starts_with(told), "{failure}");
        assert_eq!(shown("\"unwoned\"").expect("a filter").filter.terms.len(), 1);
        assert!(shown("checkout").is_ok());
    }
}
