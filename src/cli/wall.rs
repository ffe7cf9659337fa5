//! `wall`: the board for a big screen, for months.

use super::args::Wall;
use super::failure::Failure;
use super::list::wrong;
use super::session::{Missing, Session};
use super::{Context, panes, wait};
use crate::model::filter::Filter;
use crate::tui::wall::Settings;

/// Shows the wall on the store.
pub fn run(context: &mut Context, args: &Wall) -> Result<(), Failure> {
    let views = context.config.panes.views.iter();
    let named: Vec<_> = views.map(|view| (view.name.clone(), view.filter.clone())).collect();
    let settings = settings(args, &named)?;
    panes::check_terminal()?;
    let config = &context.config;
    wait(async {
        let Session { place, me } = Session::open_panes(config, Missing::Refuse).await?;
        let done = Box::pin(panes::show(config, &context.flags, me, place, Some(settings))).await;
        done.map_err(|error| panes::ended(&error))
    })
}

/// What is shown, and how. `named` are the views that have a name.
pub fn settings(args: &Wall, named: &[(String, Filter)]) -> Result<Settings, Failure> {
    let text = args.view.as_deref().unwrap_or_default().trim();
    let known = named.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
    let filter = match known {
        Some((_, filter)) => filter.clone(),
        None => text.parse().map_err(|error| wrong(text, &error))?,
    };
    Ok(Settings { view: text.to_owned(), filter, rotate: args.rotate, takeover: !args.no_takeover })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn shown(view: &str) -> Result<Settings, Failure> {
        let args =
            Wall { view: Some(view.into()), rotate: Duration::from_secs(15), no_takeover: false };
        let night = ("Night".to_owned(), "p1 team:night".parse().expect("a filter"));
        settings(&args, &[night])
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
}
