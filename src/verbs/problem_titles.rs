//! The titles of the recorded problems, by which a link names one.

use std::collections::BTreeMap;

use crate::model::ProblemId;
use crate::model::command::Link;
use crate::model::problem::Problem;

/// The most problems that a backend returns.
const MAX_PROBLEMS: usize = 1000;

/// The titles of the recorded problems, as far as they were read.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ProblemTitles {
    titles: BTreeMap<ProblemId, String>,
    /// Whether these are all.
    is_complete: bool,
}

impl ProblemTitles {
    /// Returns the titles of the problems that a backend has returned.
    #[must_use]
    pub fn of_all(problems: Vec<Problem>) -> Self {
        let is_complete = problems.len() < MAX_PROBLEMS;
        let titles = problems.into_iter().map(|problem| (problem.id, problem.title)).collect();
        Self { titles, is_complete }
    }

    /// Returns the titles of problems besides which there may be others.
    #[must_use]
    pub fn of_some(problems: Vec<Problem>) -> Self {
        Self { is_complete: false, ..Self::of_all(problems) }
    }

    /// Returns the titles that links have. There may be other problems.
    pub fn of_links<'a>(links: impl IntoIterator<Item = &'a Link>) -> Self {
        let titles = links.into_iter().filter_map(|link| match link {
            Link::Problem { id, title } => Some((*id, title.clone())),
            _ => None,
        });
        Self { titles: titles.collect(), is_complete: false }
    }

    /// Returns the title of a problem; its id where it is unknown. `None` if no problem has the id.
    #[must_use]
    pub fn title(&self, id: ProblemId) -> Option<String> {
        let title = self.titles.get(&id).cloned();
        title.or_else(|| (!self.is_complete).then(|| id.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Extra;
    use crate::model::problem::ProblemState;

    fn problem(id: ProblemId, title: &str) -> Problem {
        Problem {
            id,
            title: title.into(),
            state: ProblemState::Open,
            services: Vec::new(),
            cause: String::new(),
            workaround: String::new(),
            opened_at: chrono::DateTime::UNIX_EPOCH,
            owner: None,
            team: None,
            category: None,
            removed_at: None,
            revision: 0,
            edits: Vec::new(),
            extra: Extra::default(),
        }
    }

    #[test]
    fn complete_list_alone_shows_that_a_problem_is_missing() {
        let (id, other) = (ProblemId::new(), ProblemId::new());
        let all = ProblemTitles::of_all(vec![problem(id, "Pool too small")]);
        assert_eq!(all.title(id).as_deref(), Some("Pool too small"));
        assert_eq!(all.title(other), None);
        let some = ProblemTitles::of_all(vec![problem(id, "x"); MAX_PROBLEMS]);
        assert_eq!(some.title(other), Some(other.to_string()));
        let link = Link::Problem { id, title: "As it was then".into() };
        let linked = ProblemTitles::of_links([&link, &Link::Url("https://x.example".into())]);
        assert_eq!(linked.title(id).as_deref(), Some("As it was then"));
        assert_eq!(linked.title(other), Some(other.to_string()));
        assert_eq!(ProblemTitles::default().title(id), Some(id.to_string()));
    }
}
