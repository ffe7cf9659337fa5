//! How figures have changed.

use super::super::times::MIN_SAMPLE;
use super::table::{Cell, Tone, Value};

/// Returns the change of a figure against an earlier one in whole percent, halves away from zero; `None`
/// if the earlier one is 0.
#[must_use]
pub fn relative_change(now: i64, before: i64) -> Option<i64> {
    if before == 0 {
        return None;
    }
    let (change, base) = (i128::from(now) - i128::from(before), i128::from(before).abs());
    i64::try_from((change.abs() * 200 + base) / (base * 2) * change.signum()).ok()
}

/// Returns the change of a share in points of percent; `None` if either is missing.
#[must_use]
pub fn point_change(now: Option<u64>, before: Option<u64>) -> Option<i64> {
    let signed = |share: Option<u64>| share.and_then(|share| i64::try_from(share).ok());
    Some(signed(now)? - signed(before)?)
}

/// Returns whether a comparison rests on too few incidents.
pub(super) fn is_thin(now: u64, before: u64) -> bool {
    now < MIN_SAMPLE || before < MIN_SAMPLE
}

/// Returns the cell of a change. `more_is_worse` is whether an increase is bad; a change with too
/// few incidents is neutral.
pub(super) fn change_cell(change: Option<i64>, more_is_worse: bool, is_thin: bool) -> Cell {
    let Some(change) = change.filter(|_| !is_thin) else { return Cell::new(Value::Missing) };
    let tone = match (change.signum(), more_is_worse) {
        (0, _) => Tone::Plain,
        (1, true) | (-1, false) => Tone::Worse,
        _ => Tone::Better,
    };
    Cell::number(change).toned(tone)
}

/// Returns the tone of a count of something bad.
pub(super) fn bad_if_any(count: u64) -> Tone {
    if count > 0 { Tone::Worse } else { Tone::Plain }
}
