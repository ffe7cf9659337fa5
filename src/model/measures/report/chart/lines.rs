//! Figures as lines.

use super::frame::{Mark, full_height, push_figures, push_legend, push_start, y_of};
use super::{AXIS, PLOT};

/// The classes of lines, which differ by their dashes as well.
const CLASSES: [&str; 4] = ["line", "line second", "line third", "line fourth"];
/// The most points that are marked one by one.
const MAX_MARKS: usize = 130;

/// A line.
pub(super) struct Curve {
    /// The name of the line.
    pub(super) name: String,
    /// The figure at each point; `None` where there is none.
    pub(super) figures: Vec<Option<u64>>,
}

/// Returns the greatest figure of some lines; `None` if they have none.
pub(super) fn greatest(curves: &[Curve]) -> Option<u64> {
    curves.iter().flat_map(|curve| &curve.figures).flatten().copied().max()
}

/// Returns where the point with an index stands of a number of points.
pub(super) fn x_of(point: usize, points: usize) -> u64 {
    AXIS + PLOT * (2 * point as u64 + 1) / (2 * points.max(1) as u64)
}

/// Returns lines over an axis up to `most`. `push_below` adds what stands below them.
pub(super) fn lines(
    what: &str,
    curves: &[Curve],
    (most, figures): (u64, &[u64]),
    show: &dyn Fn(u64) -> String,
    push_below: &dyn Fn(&mut String),
) -> String {
    let mut out = String::new();
    let described = curves.iter().map(|curve| {
        let shown = || curve.figures.iter().flatten().copied();
        match (shown().min(), shown().max(), shown().next_back()) {
            (Some(lowest), Some(highest), Some(last)) => format!(
                "{} from {} to {}, at last {}",
                curve.name,
                show(lowest),
                show(highest),
                show(last)
            ),
            _ => format!("{} has no figures", curve.name),
        }
    });
    let described = described.collect::<Vec<_>>().join("; ");
    push_start(&format!("{what}: {described}"), full_height(), &mut out);
    let legend: Vec<(&str, &str)> =
        CLASSES.iter().zip(curves).map(|(class, curve)| (*class, curve.name.as_str())).collect();
    push_legend(&legend, Mark::Line, &mut out);
    push_figures(figures, most, show, &mut out);
    for (class, curve) in CLASSES.iter().zip(curves) {
        push_curve(class, curve, most, &mut out);
    }
    push_below(&mut out);
    out.extend([format!("</svg>\n<p class=\"note\">{what}.</p>\n")]);
    out
}

/// Adds a line, which is broken where there are no figures.
fn push_curve(class: &str, curve: &Curve, most: u64, out: &mut String) {
    let points = curve.figures.len();
    let marks_all = points <= MAX_MARKS;
    for part in curve.figures.iter().enumerate().collect::<Vec<_>>().split(|(_, f)| f.is_none()) {
        let positions: Vec<(u64, u64)> = part
            .iter()
            .filter_map(|(point, figure)| Some((x_of(*point, points), y_of((**figure)?, most))))
            .collect();
        if positions.len() > 1 {
            let path: Vec<String> = positions.iter().map(|(x, y)| format!("{x},{y}")).collect();
            out.extend([format!(
                "<polyline class=\"{class}\" points=\"{}\"></polyline>\n",
                path.join(" ")
            )]);
        }
        if marks_all || positions.len() == 1 {
            for (x, y) in positions {
                out.extend([format!(
                    "<circle class=\"{class}\" cx=\"{x}\" cy=\"{y}\" r=\"2\"></circle>\n"
                )]);
            }
        }
    }
}
