//! Rows of the tables that the benchmarks print.

fn verdict(is_reached: bool) -> &'static str {
    if is_reached { "ok" } else { "MISS" }
}

/// Prints a figure with its target.
pub fn row(name: &str, figure: &str, target: &str, is_reached: bool) {
    println!("{name:<58} {figure:>16}   {target:<12} {}", verdict(is_reached));
}

/// Prints a figure with its target and with the best that the machine can do.
pub fn row_with_floor(
    name: &str,
    figure: &str,
    floor: &str,
    ratio: &str,
    target: &str,
    is_reached: bool,
) {
    let verdict = verdict(is_reached);
    println!("{name:<44} {figure:>14} {floor:>14} {ratio:>6}  {target:<12} {verdict}");
}

/// Returns the median.
pub fn median(figures: &mut [f64]) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Returns the number that an environment variable holds, `default` where it is not set.
pub fn setting(name: &str, default: u64) -> u64 {
    crate::support::sample::number(name).unwrap_or(default)
}
