//! Values of a later version, which are added to JSON that this version wrote: one of each kind,
//! with a second, different example.

use serde_json::{Map, Value, json};

/// A value that a later version adds somewhere.
#[derive(Clone, Copy, Debug)]
pub struct Addition {
    /// Its name.
    pub name: &'static str,
    /// Changes an object if it is one that can have the value. Returns whether it was changed.
    add: fn(&mut Map<String, Value>, Value) -> bool,
    /// The values, each with a text in it that shows it.
    pub examples: fn() -> [(Value, &'static str); 2],
}

impl Addition {
    /// Adds one of the two examples wherever it can be. Returns how often it was added.
    pub fn apply(&self, to: &mut Value, example: usize) -> usize {
        let (value, _) = (self.examples)()[example].clone();
        self.walk(to, &value)
    }

    /// Returns the text by which an example is recognized.
    pub fn text(&self, example: usize) -> &'static str {
        (self.examples)()[example].1
    }

    fn walk(&self, to: &mut Value, value: &Value) -> usize {
        match to {
            Value::Object(fields) => {
                let added = usize::from((self.add)(fields, value.clone()));
                added + fields.values_mut().map(|inner| self.walk(inner, value)).sum::<usize>()
            }
            Value::Array(entries) => entries.iter_mut().map(|entry| self.walk(entry, value)).sum(),
            _ => 0,
        }
    }
}

fn is_row(fields: &Map<String, Value>) -> bool {
    fields.contains_key("alerts") && fields.contains_key("urgency")
}

fn is_event(fields: &Map<String, Value>) -> bool {
    fields.contains_key("recorded_at") && fields.contains_key("seq")
}

fn is_event_of(fields: &Map<String, Value>, kind: &str) -> bool {
    is_event(fields) && fields["kind"] == kind
}

/// Replaces a field that an object has.
fn replace(fields: &mut Map<String, Value>, name: &str, value: Value) -> bool {
    let has = fields.contains_key(name);
    if has {
        fields.insert(name.into(), value);
    }
    has
}

macro_rules! row_value {
    ($name:literal, $field:literal, $first:literal, $second:literal) => {
        Addition {
            name: $name,
            add: |fields, value| is_row(fields) && replace(fields, $field, value),
            examples: || [(json!($first), $first), (json!($second), $second)],
        }
    };
}

macro_rules! event_value {
    ($name:literal, $kind:literal, $field:literal, $first:tt => $first_text:literal, $second:tt => $second_text:literal) => {
        Addition {
            name: $name,
            add: |fields, value| is_event_of(fields, $kind) && replace(fields, $field, value),
            examples: || [(json!($first), $first_text), (json!($second), $second_text)],
        }
    };
}

/// Possible additions of a later version to rows and records.
pub const OF_RECORDS: &[Addition] = &[
    row_value!("status", "status", "mitigating", "on hold for legal"),
    row_value!("category", "category", "network", "supply_chain"),
    row_value!("source", "source", "chatbot", "satellite"),
    row_value!("impact", "impact", "extreme", "regional"),
    row_value!("urgency", "urgency", "immediate", "seasonal"),
    row_value!("priority", "priority", "P0", "P5"),
    Addition {
        name: "field of the owner of a row",
        add: |fields, value| {
            let owner = fields.get_mut("assignee").and_then(Value::as_object_mut);
            owner.is_some_and(|owner| owner.insert("shift".into(), value).is_none())
        },
        examples: || [(json!("night"), "night"), (json!({"until": "dawn"}), "dawn")],
    },
    Addition {
        name: "field of a row",
        add: |fields, value| is_row(fields) && fields.insert("customers".into(), value).is_none(),
        examples: || {
            [
                (json!(["acme", "globex"]), "globex"),
                (json!({"count": 3, "name": "initech"}), "initech"),
            ]
        },
    },
];

/// Possible additions of a later version to events.
pub const OF_EVENTS: &[Addition] = &[
    Addition {
        name: "kind of event",
        add: |fields, value| {
            if !is_event_of(fields, "note_added") {
                return false;
            }
            fields.insert("kind".into(), value);
            fields.insert("minutes".into(), json!(5));
            true
        },
        examples: || {
            [(json!("page_sent"), "Page sent"), (json!("rollout-halted"), "Rollout halted")]
        },
    },
    Addition {
        name: "actor",
        add: |fields, value| is_event(fields) && replace(fields, "actor", value),
        examples: || {
            [
                (json!({"agent": {"name": "Autopilot"}}), "Autopilot"),
                (json!({"bot": "Robbie"}), "Robbie"),
            ]
        },
    },
    Addition {
        name: "field of an event",
        add: |fields, value| is_event(fields) && fields.insert("channel".into(), value).is_none(),
        examples: || {
            [(json!("telegraph"), "telegraph"), (json!({"name": "semaphore"}), "semaphore")]
        },
    },
    Addition {
        name: "field of a person",
        add: |fields, value| {
            let is_person = fields.len() == 2 && fields.contains_key("handle");
            is_person && fields.insert("pronouns".into(), value).is_none()
        },
        examples: || [(json!("they"), "they"), (json!(["ze", "hir"]), "hir")],
    },
    event_value!("declared status", "status_moved", "to", "mitigating" => "mitigating", "on_hold" => "on_hold"),
    event_value!("declared category", "declared", "category", "network" => "network", "supply_chain" => "supply_chain"),
    event_value!("declared source", "declared", "source", "chatbot" => "chatbot", "satellite" => "satellite"),
    event_value!("declared impact", "declared", "impact", "extreme" => "extreme", "regional" => "regional"),
    event_value!("declared priority", "declared", "priority", "P0" => "P0", "P5" => "P5"),
    event_value!("role", "role_given", "role", "liaison" => "liaison", "night_watch" => "night_watch"),
    event_value!("action", "resolved", "action", "failover" => "failover", "feature_flag" => "feature_flag"),
    event_value!("classification", "reclassified", "to", "drill" => "drill", "game_day" => "game_day"),
    event_value!("item", "item_answered", "item", {"rollout": "canary"} => "canary", {"closing": "insurer_told"} => "insurer_told"),
    event_value!("answer", "item_answered", "answer", {"delegated": "to the vendor"} => "to the vendor", "partly" => "partly"),
    event_value!("link", "linked", "link", {"ticket": "OPS-7"} => "OPS-7", {"dashboard": {"id": 4, "title": "Latency"}} => "Latency"),
    event_value!("section", "review_written", "section", "detection" => "detection", "what_went_well" => "what_went_well"),
];

/// All of them.
pub fn all() -> impl Iterator<Item = &'static Addition> {
    OF_RECORDS.iter().chain(OF_EVENTS)
}

/// Possible additions of a later version to other answers.
pub const OF_ANSWERS: &[Addition] = &[
    Addition {
        name: "verb",
        add: |fields, value| match fields.get_mut("verbs") {
            Some(Value::Array(verbs)) => {
                verbs.push(value);
                true
            }
            _ => false,
        },
        examples: || [(json!("page_team"), ""), (json!({"freeze": {"minutes": 5}}), "")],
    },
    Addition {
        name: "state of a problem",
        add: |fields, value| fields.contains_key("workaround") && replace(fields, "state", value),
        examples: || [(json!("half_fixed"), "half_fixed"), (json!("accepted"), "accepted")],
    },
    Addition {
        name: "target of a policy",
        add: |fields, value| match fields.get_mut("call") {
            Some(Value::Array(targets)) => {
                targets.push(value);
                true
            }
            _ => false,
        },
        examples: || {
            [
                (json!({"webhook": "https://a.example"}), "a.example"),
                (json!("everybody"), "everybody"),
            ]
        },
    },
    Addition {
        name: "target of a service level",
        add: |fields, value| fields.contains_key("elapsed_ms") && replace(fields, "target", value),
        examples: || [(json!("first_reply"), "first_reply"), (json!("handed_over"), "handed_over")],
    },
    Addition {
        name: "reason for a refusal",
        add: |fields, value| fields.contains_key("code") && replace(fields, "rejection", value),
        examples: || [(json!("frozen"), ""), (json!({"quota": 5}), "")],
    },
    Addition {
        name: "field of an answer",
        add: |fields, value| {
            let is_answer = ["cursor", "rows", "incident", "answers", "left_out", "people", "me"];
            is_answer.iter().any(|name| fields.contains_key(*name))
                && fields.insert("hint".into(), value).is_none()
        },
        examples: || [(json!("new"), ""), (json!({"deep": [1]}), "")],
    },
    Addition {
        name: "row that makes no sense",
        add: |fields, value| match fields.get_mut("rows") {
            Some(Value::Array(rows)) => {
                rows.push(value);
                true
            }
            _ => false,
        },
        examples: || [(json!({"id": 5}), ""), (json!("torn"), "")],
    },
];

/// Adds the example with a number to an answer; numbers count through all additions, two each.
pub fn edit(answer: &mut Value, number: usize) {
    let addition = all().chain(OF_ANSWERS).nth(number / 2).expect("a number of an example");
    addition.apply(answer, number % 2);
}

/// Returns the number of examples for [`edit`].
pub fn count() -> usize {
    2 * all().chain(OF_ANSWERS).count()
}

/// Returns the name of the addition of an example, and the text that shows it.
pub fn describe(number: usize) -> (&'static str, &'static str) {
    let addition = all().chain(OF_ANSWERS).nth(number / 2).expect("a number of an example");
    (addition.name, addition.text(number % 2))
}
