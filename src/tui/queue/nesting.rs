//! The order of grouped rows: an incident that is folded under another one is below it, in its
//! group.

use std::collections::HashMap;

use crate::model::IncidentId;

/// How many incidents one follows from in turn at most.
const MAX_STEPS: usize = 16;

/// The inputs of the order of a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Nestable<'a> {
    /// The incident.
    pub(super) id: IncidentId,
    /// The incident under which it is folded.
    pub(super) under: Option<IncidentId>,
    /// The service by which it is grouped.
    pub(super) service: &'a str,
}

/// The position of a row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Nested {
    /// The position that the row had.
    pub(super) position: usize,
    /// The service of its group.
    pub(super) service: String,
    /// Whether it is below a row from which it follows.
    pub(super) is_below: bool,
    /// The number of rows below it that follow from it.
    pub(super) folds: usize,
}

/// Returns rows in the order in which those of a group are adjacent, and consequences follow their
/// cause.
///
/// The groups are in the order of their first rows. A row whose cause is not among the rows is in
/// the group of its own service.
pub(super) fn arrange(rows: &[Nestable<'_>]) -> Vec<Nested> {
    let positions: HashMap<IncidentId, usize> =
        rows.iter().enumerate().map(|(position, row)| (row.id, position)).collect();
    let roots: Vec<usize> = (0..rows.len()).map(|row| root(rows, &positions, row)).collect();
    let mut orders: HashMap<&str, usize> = HashMap::new();
    let mut folds: HashMap<usize, usize> = HashMap::new();
    let mut keyed = Vec::with_capacity(rows.len());
    for (position, root) in roots.into_iter().enumerate() {
        let service = rows.get(root).map(|row| row.service).unwrap_or_default();
        let next = orders.len();
        let order = *orders.entry(service).or_insert(next);
        let is_below = root != position;
        *folds.entry(root).or_default() += usize::from(is_below);
        keyed.push(((order, root, is_below, position), service));
    }
    keyed.sort_unstable_by_key(|(key, _)| *key);
    let nested = keyed.into_iter().map(|((_, _, is_below, position), service)| Nested {
        position,
        service: service.to_owned(),
        is_below,
        folds: folds.get(&position).copied().unwrap_or(0),
    });
    nested.collect()
}

/// Returns the position of the row from which another one follows in the end; its own if it follows from
/// none.
fn root(rows: &[Nestable<'_>], positions: &HashMap<IncidentId, usize>, row: usize) -> usize {
    let mut found = row;
    for _ in 0..MAX_STEPS {
        let under = rows.get(found).and_then(|row| row.under);
        match under.and_then(|under| positions.get(&under)) {
            Some(next) => found = *next,
            None => return found,
        }
    }
    // They follow from each other.
    row
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use uuid::Uuid;

    use super::*;

    /// Rows as `id under service`, and the order as `position service folds`, nested ones with a `+`.
    #[rstest]
    #[case::apart(&["1 - a", "2 - b", "3 - a"], &["0 a 0", "2 a 0", "1 b 0"])]
    #[case::below_its_cause(&["1 - a", "2 3 b", "3 - c"], &["0 a 0", "2 c 1", "+1 c 0"])]
    #[case::in_turn(&["1 2 a", "2 3 b", "3 - c"], &["2 c 2", "+0 c 0", "+1 c 0"])]
    #[case::cause_is_hidden(&["1 9 a", "2 - b"], &["0 a 0", "1 b 0"])]
    #[case::circle(&["1 2 a", "2 1 b"], &["0 a 0", "1 b 0"])]
    #[case::nothing(&[], &[])]
    fn rows_stand_below_what_they_follow_from(#[case] rows: &[&str], #[case] expected: &[&str]) {
        let id = |text: &str| text.parse().ok().map(|number| IncidentId(Uuid::from_u128(number)));
        let rows: Vec<Nestable<'_>> = rows
            .iter()
            .map(|text| {
                let mut parts = text.split(' ');
                let mut next = || parts.next().expect("a part");
                Nestable { id: id(next()).expect("an id"), under: id(next()), service: next() }
            })
            .collect();
        let order: Vec<String> = arrange(&rows)
            .iter()
            .map(|row| {
                let mark = if row.is_below { "+" } else { "" };
                format!("{mark}{} {} {}", row.position, row.service, row.folds)
            })
            .collect();
        assert_eq!(order, expected);
    }
}
