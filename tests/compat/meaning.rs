//! Compares two values by their meaning: the present one has everything that was recorded. Fields
//! may be added.

use std::collections::BTreeMap;

use chrono::DateTime;
use serde_json::{Map, Value};
use uuid::Uuid;

/// The hours of the recording. A time of these hours comes from a clock, and is another one in each
/// run.
const RECORDED: [&str; 2] = ["2026-03-20T09:", "2026-03-20T10:"];
/// The prefix of the ids that the recorder chose, which are the same in every run.
pub const FIXED: &str = "019cb000-";
/// The times to acknowledge, in measures.
const ACKNOWLEDGED: &str = "mtta";

/// Numbers that are measured, or depend on how long something took.
const MEASURED: [&str; 3] = ["ms", "clock_s", "tries"];
/// Fields whose value a store chooses. Their values are matched through the bindings.
const OPAQUE: [&str; 2] = ["cursor", "next"];
/// Lists that are sets, and may gain members.
const SETS: [&str; 1] = ["verbs"];

/// The incident of the recorded store whose clock of the resolve level is paused.
///
/// Exception: a pause stops that clock. The old program counted this incident as late, so it was
/// higher in lists and counted once more as missed.
const PAUSED: &str = "019cb000-0000-7001-8000-00000000f000";
/// Its title, for lists as text.
const PAUSED_TITLE: &str = "Paused one";
/// Counts that may be one less for that reason.
const WITHOUT_PAUSED: [&str; 2] = ["past", "missed"];

/// Takes the paused incident out of a list of rows.
fn without_paused(rows: &[Value]) -> (Vec<Value>, Option<Value>) {
    let is_paused = |row: &Value| row["id"] == PAUSED && row["status"].is_string();
    let others = rows.iter().filter(|row| !is_paused(row)).cloned().collect();
    (others, rows.iter().find(|row| is_paused(row)).cloned())
}

/// Sorts changes that are suspected.
///
/// Exception: a direct change comes before one of a dependency, and the nearer one first.
fn by_change(suspects: &[Value]) -> Vec<Value> {
    let mut sorted = suspects.to_vec();
    sorted.sort_by_key(|suspect| suspect["change"]["id"].to_string());
    sorted
}

/// Takes out events that say why an incident was raised, as long as there are more than `count`.
///
/// Exception: merging into an incident of a lower priority raises that.
fn without_raised(events: &[Value], count: usize) -> Value {
    let mut more = events.len().saturating_sub(count);
    let mut is_other = |event: &&Value| {
        let is_raised = more > 0 && event["because"].is_string();
        more -= usize::from(is_raised);
        !is_raised
    };
    events.iter().filter(|event| is_other(event)).cloned().collect()
}

/// Compares recorded values with present ones.
#[derive(Default, Debug)]
pub struct Meaning {
    /// Recorded positions, page marks and tags, with those that the present program gave instead.
    pub bindings: BTreeMap<String, String>,
    /// The missing or different values, each with a JSON pointer.
    pub differences: Vec<String>,
}

impl Meaning {
    /// Returns the missing or different values in `actual`.
    pub fn differences(recorded: &Value, actual: &Value) -> Vec<String> {
        let mut meaning = Self::default();
        meaning.compare("", recorded, actual);
        meaning.differences
    }

    /// Adds the missing or different values in `actual`.
    pub fn compare(&mut self, at: &str, recorded: &Value, actual: &Value) {
        match (recorded, actual) {
            (Value::Object(recorded), Value::Object(actual)) => {
                self.objects(at, recorded, actual);
            }
            (Value::Array(recorded), Value::Array(actual)) => {
                let (recorded, paused) = without_paused(recorded);
                let (actual, paused_now) = without_paused(actual);
                if let (Some(was), Some(is)) = (&paused, &paused_now) {
                    self.compare(&format!("{at}/paused"), was, is);
                }
                if paused.is_none() && paused_now.is_some() {
                    self.differences.push(format!("{at}: has the paused incident"));
                }
                if recorded.len() != actual.len() {
                    let (was, is) = (recorded.len(), actual.len());
                    self.differences.push(format!("{at}: had {was} items, has {is}"));
                }
                for (index, (recorded, actual)) in recorded.iter().zip(&actual).enumerate() {
                    self.compare(&format!("{at}/{index}"), recorded, actual);
                }
            }
            _ if recorded == actual => {}
            (Value::String(was), Value::String(is)) if self.is_generated(was, is) => {}
            _ => self.differences.push(format!("{at}: was {recorded}, is {actual}")),
        }
    }

    /// Returns whether both are times of a clock, or both are ids that the program created. The
    /// same recorded value must always have the same present value.
    fn is_generated(&mut self, was: &str, is: &str) -> bool {
        if RECORDED.iter().any(|hour| was.starts_with(hour)) {
            return DateTime::parse_from_rfc3339(is).is_ok();
        }
        let is_id = |text: &str| text.parse::<Uuid>().is_ok() && !text.starts_with(FIXED);
        is_id(was) && is_id(is) && {
            let bound = self.bindings.entry(was.to_owned()).or_insert_with(|| is.to_owned());
            bound == is
        }
    }

    /// Compares times to acknowledge: those of incidents that were resolved without anybody acknowledging
    /// counted once, and count no more (`model::pages` has the right values). None was added.
    fn acknowledged(
        &mut self,
        at: &str,
        recorded: &Map<String, Value>,
        actual: &Map<String, Value>,
    ) {
        for name in recorded.keys().filter(|name| !actual.contains_key(*name)) {
            self.differences.push(format!("{at}/{name}: is missing"));
        }
        let count = |of: &Map<String, Value>| of.get("count").and_then(Value::as_u64);
        if count(actual) > count(recorded) {
            self.differences.push(format!("{at}: had fewer incidents"));
        }
    }

    fn objects(&mut self, at: &str, recorded: &Map<String, Value>, actual: &Map<String, Value>) {
        let is_problem =
            ["type", "code", "status", "detail"].iter().all(|k| recorded.contains_key(*k));
        let has_paused = |of: &Map<String, Value>| {
            of.get("rows").and_then(Value::as_array).is_some_and(|r| without_paused(r).1.is_some())
        };
        let is_late_list = has_paused(recorded) && !has_paused(actual);
        let is_one_less = |was: &serde_json::Number, is: &serde_json::Number| {
            was.as_u64().is_some_and(|was| was.checked_sub(1) == is.as_u64())
        };
        for (name, value) in recorded {
            let at = format!("{at}/{name}");
            let Some(now) = actual.get(name) else {
                self.differences.push(format!("{at}: is missing"));
                continue;
            };
            match (value, now) {
                (Value::Object(was), Value::Object(is)) if name == ACKNOWLEDGED => {
                    self.acknowledged(&at, was, is);
                }
                (Value::Number(_), Value::Number(_)) if MEASURED.contains(&name.as_str()) => {}
                (Value::String(was), Value::String(now)) if OPAQUE.contains(&name.as_str()) => {
                    self.bindings.insert(was.clone(), now.clone());
                }
                (Value::Number(was), Value::Number(is))
                    if is_one_less(was, is) && {
                        WITHOUT_PAUSED.contains(&name.as_str()) || (name == "total" && is_late_list)
                    } => {}
                (Value::Array(was), Value::Array(is)) if name == "suspects" => {
                    let (was, is) = (by_change(was), by_change(is));
                    self.compare(&at, &Value::Array(was), &Value::Array(is));
                }
                (Value::Array(was), Value::Array(is)) if at.ends_with("/outcome/events") => {
                    self.compare(&at, &Value::Array(was.clone()), &without_raised(is, was.len()));
                }
                // A sentence for people.
                (Value::String(_), Value::String(now)) if is_problem && name == "detail" => {
                    if now.is_empty() {
                        self.differences.push(format!("{at}: is empty"));
                    }
                }
                (Value::Array(was), Value::Array(now)) if SETS.contains(&name.as_str()) => {
                    for missing in was.iter().filter(|member| !now.contains(member)) {
                        self.differences.push(format!("{at}: lacks {missing}"));
                    }
                }
                _ => self.compare(&at, value, now),
            }
        }
    }
}

/// Returns the first line of `old` that `new` does not have, in the same order.
pub fn missing_line<'a>(old: &'a str, new: &str) -> Option<&'a str> {
    let mut rest = new.lines();
    old.lines().find(|line| !rest.any(|one| one == *line))
}

/// Lines of `config show` about actions that have one key more by default.
const MORE_KEYS: [&str; 2] = ["page-down = \"PgDn\" # default", "page-up = \"PgUp\" # default"];

/// Removes lines of lists that have moved since the paused incident is no longer late and direct
/// suspects come first, and lines about actions that have more keys.
pub fn without_moved(text: &str) -> String {
    let is_moved = |line: &&str| {
        line.ends_with(PAUSED_TITLE) || line.starts_with("Suspect ") || MORE_KEYS.contains(line)
    };
    text.lines().filter(|line| !is_moved(line)).collect::<Vec<_>>().join("\n")
}

/// Removes messages on standard error that the old program did not have: that a store is migrated,
/// and that commands wait in outboxes of other names.
pub fn without_notices(text: &str) -> String {
    let is_notice = |line: &&str| {
        line.contains(" is of an older version and is brought up to date")
            || line.contains(" is up to date; once all is well, remove the copy")
            || line.contains("commands wait in other outboxes")
    };
    text.split_inclusive('\n').filter(|line| !is_notice(line)).collect()
}

/// Replaces what differs from run to run in text for people: dates, times of day, ages, and the
/// blanks that align columns around them.
pub fn plain(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let words = line.split_whitespace().map(|word| match word {
            word if is_age(word) => "<age>",
            word if is_time(word) => "<time>",
            word if is_new_id(word) => "<id>",
            word => word,
        });
        let line = words.collect::<Vec<_>>().join(" ");
        let line = line.replace("just now", "<ago>");
        without_ago(&line)
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Whether a word is an id that the program created.
fn is_new_id(word: &str) -> bool {
    word.parse::<Uuid>().is_ok() && !word.starts_with(FIXED)
}

/// Whether a word is an age such as `3d`, `2h05` or `+17w`.
fn is_age(word: &str) -> bool {
    let word = word.trim_start_matches(['-', '+', '~']).trim_end_matches([',', '.', ';']);
    word.len() <= 6
        && word.starts_with(|c: char| c.is_ascii_digit())
        && word.ends_with(|c: char| c.is_ascii_digit() || "smhdw".contains(c))
        && word.chars().all(|c| c.is_ascii_digit() || "smhdw".contains(c))
        && word.contains(|c: char| c.is_ascii_alphabetic())
}

/// Whether a word is a date or a time of day: digits in pairs, with `-` or `:` between them.
fn is_time(word: &str) -> bool {
    let is_number =
        |part: &str| matches!(part.len(), 2 | 4) && part.bytes().all(|byte| byte.is_ascii_digit());
    word.contains([':', '-']) && word.split([':', '-']).all(is_number)
}

/// Replaces `3 d ago` and similar texts.
fn without_ago(line: &str) -> String {
    let mut words: Vec<&str> = line.split(' ').collect();
    while let Some(ago) = words.windows(3).position(|three| {
        three[0].bytes().all(|byte| byte.is_ascii_digit())
            && matches!(three[1], "min" | "h" | "d")
            && three[2].trim_end_matches([',', ')']) == "ago"
    }) {
        words.splice(ago..ago + 3, ["<ago>"]);
    }
    words.join(" ")
}

#[test]
fn comparison_names_what_was_changed_or_removed() {
    let recorded = serde_json::json!({"a": {"b": 1, "c": [1, 2]}, "verbs": ["x"], "cursor": "1"});
    let mut actual = serde_json::json!(
        {"a": {"b": 1, "c": [1, 2], "new": 0}, "verbs": ["w", "x"], "cursor": "7"}
    );
    assert_eq!(Meaning::differences(&recorded, &actual), Vec::<String>::new());
    actual["a"]["b"] = 2.into();
    actual["a"]["c"] = serde_json::json!([1]);
    actual["verbs"] = serde_json::json!(["w"]);
    let found = Meaning::differences(&recorded, &actual);
    assert_eq!(found, ["/a/b: was 1, is 2", "/a/c: had 2 items, has 1", "/verbs: lacks \"x\""]);
}

#[test]
fn missing_line_allows_additions_alone() {
    assert_eq!(missing_line("a\nb\n", "a\nnew\nb\n"), None);
    assert_eq!(missing_line("a\nb\n", "a\nB\n"), Some("b"));
    assert_eq!(missing_line("a\nb\n", "b\na\n"), Some("b"));
}
