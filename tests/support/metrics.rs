//! The rules by which `promtool check metrics` judges metrics
//! (<https://github.com/prometheus/client_golang/tree/main/prometheus/testutil/promlint>).

use std::collections::{BTreeMap, BTreeSet};

/// Units that are not base units.
const OTHER_UNITS: [&str; 20] = [
    "milliseconds",
    "microseconds",
    "nanoseconds",
    "minutes",
    "hours",
    "days",
    "weeks",
    "kilobytes",
    "megabytes",
    "gigabytes",
    "kibibytes",
    "mebibytes",
    "gibibytes",
    "bits",
    "percent",
    "millis",
    "celsiuses",
    "kelvins",
    "milliamperes",
    "grams_per_second",
];
/// Abbreviated units.
const ABBREVIATIONS: [&str; 15] =
    ["s", "ms", "us", "ns", "sec", "b", "kb", "mb", "gb", "tb", "pb", "m", "h", "d", "min"];
/// Words for the type of a metric, which its name must not have.
const TYPES: [&str; 4] = ["counter", "gauge", "histogram", "summary"];

/// A family of samples, as it is described.
#[derive(Default)]
struct Family {
    help: Option<String>,
    kind: Option<String>,
}

/// Returns the errors of metrics in the text format of Prometheus.
pub fn lint(text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let mut families: BTreeMap<&str, Family> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for line in text.lines() {
        let mut say = |problem: &str| problems.push(format!("{problem}: {line}"));
        if let Some(comment) = line.strip_prefix("# ") {
            let mut parts = comment.splitn(3, ' ');
            let (what, name) = (parts.next().unwrap(), parts.next().unwrap_or_default());
            let rest = parts.next().unwrap_or_default().to_owned();
            let family = families.entry(name).or_default();
            match what {
                "HELP" if family.help.is_none() => family.help = Some(rest),
                "TYPE" if family.kind.is_none() => family.kind = Some(rest),
                _ => say("a comment that is no description, or a second one"),
            }
            continue;
        }
        let Some((sample, value)) = line.rsplit_once(' ') else {
            say("no sample");
            continue;
        };
        if value.parse::<f64>().is_err() {
            say("no value");
        }
        if !seen.insert(sample) {
            say("a sample twice");
        }
        let (name, labels) = sample.split_once('{').unwrap_or((sample, ""));
        let base = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| {
            let base = name.strip_suffix(suffix)?;
            let kind = families.get(base)?.kind.as_deref();
            (kind == Some("histogram")).then_some(base)
        });
        if !families.contains_key(base.unwrap_or(name)) {
            say("a sample without a description");
        }
        for label in labels.trim_end_matches('}').split("\",").filter(|label| !label.is_empty()) {
            let label = label.split('=').next().unwrap_or_default();
            if label != label.to_lowercase() || (label == "le" && base.is_none()) {
                say("a label that is not in snake case, or reserved");
            }
        }
    }
    for (name, Family { help, kind }) in &families {
        let mut say = |problem: &str| problems.push(format!("{problem}: {name}"));
        let kind = kind.as_deref().unwrap_or_default();
        if help.as_deref().unwrap_or_default().trim().is_empty() {
            say("no help");
        }
        if !["counter", "gauge", "histogram"].contains(&kind) {
            say("no type");
        }
        if (kind == "counter") != name.ends_with("_total") {
            say("a counter ends in _total, and nothing else does");
        }
        let reserved = ["_count", "_sum", "_bucket"];
        if kind != "histogram" && reserved.iter().any(|suffix| name.ends_with(suffix)) {
            say("a reserved end");
        }
        if name.ends_with("_info") && kind != "gauge" {
            say("an info that is no gauge");
        }
        if *name != name.to_lowercase() || name.contains(':') {
            say("not in snake case");
        }
        for part in name.split('_') {
            if OTHER_UNITS.contains(&part) || ABBREVIATIONS.contains(&part) || TYPES.contains(&part)
            {
                say("a unit that is no base unit, an abbreviation or a type");
            }
        }
    }
    problems
}
