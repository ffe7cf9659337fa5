//! The order of grouped rows: what is folded under another incident stands below it, in its group.

use std::collections::HashMap;

use crate::model::IncidentId;

use crate::tui::queue::{Row, group_service};

/// How many incidents one follows from in turn at most.
const MAX_STEPS: usize = 16;

/// Sorts rows so that those of a group are adjacent, and those that follow from another row come after it.
/// Returns the service of the group of each row.
///
/// The groups are in the order of their first rows. A row whose cause is not among the rows stands in the
/// group of its own service.
pub(super) fn arrange(rows: &mut Vec<Row>) -> Vec<String> {
    let positions: HashMap<IncidentId, usize> =
        rows.iter().enumerate().map(|(position, row)| (row.summary.id, position)).collect();
    let roots: Vec<usize> = (0..rows.len()).map(|row| root(rows, &positions, row)).collect();
    let mut orders: HashMap<&str, usize> = HashMap::new();
    let mut folds: HashMap<usize, usize> = HashMap::new();
    let mut keys = Vec::with_capacity(rows.len());
    for (position, root) in roots.iter().copied().enumerate() {
        let next = orders.len();
        let order = *orders.entry(group_service(&rows[root])).or_insert(next);
        let is_nested = root != position;
        *folds.entry(root).or_default() += usize::from(is_nested);
        keys.push((order, root, is_nested, position));
    }
    let services: Vec<String> =
        roots.iter().map(|root| group_service(&rows[*root]).to_owned()).collect();
    let keyed = keys.into_iter().zip(services).zip(std::mem::take(rows));
    let mut keyed: Vec<_> = keyed.map(|((key, service), row)| (key, service, row)).collect();
    keyed.sort_unstable_by_key(|(key, ..)| *key);
    let mut services = Vec::with_capacity(keyed.len());
    for ((_, _, is_nested, position), service, mut row) in keyed {
        row.is_nested = is_nested;
        row.folds = folds.get(&position).copied().unwrap_or(0);
        rows.push(row);
        services.push(service);
    }
    services
}

/// Returns the position of the row from which another one follows in the end; its own if it follows from
/// none.
fn root(rows: &[Row], positions: &HashMap<IncidentId, usize>, row: usize) -> usize {
    let mut found = row;
    for _ in 0..MAX_STEPS {
        let under = rows.get(found).and_then(|row| row.summary.folded_under);
        match under.and_then(|under| positions.get(&under)) {
            Some(next) => found = *next,
            None => return found,
        }
    }
    // They follow from each other.
    row
}
