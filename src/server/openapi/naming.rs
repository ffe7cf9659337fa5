//! Gives each object of the document a name of its own, from which generators of clients make the
//! names of their types: without one, they make some up, or the same for several.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::requests::COPY_SUFFIX;
use super::schemas::{Members, change_references, reference, referenced, schemas_mut, tag};

/// The names of pages, which are those of their rows.
const RENAMED: [(&str, &str); 8] = [
    ("Page_AdministrationEvent", "AdministrationPage"),
    ("Page_ActionItemEntry", "ActionItemPage"),
    ("Page_Change", "ChangePage"),
    ("Page_FeedEntry", "FeedPage"),
    ("Page_NotificationEntry", "NotificationPage"),
    ("Page_ProblemEntry", "ProblemPage"),
    ("Page_ReviewEntry", "ReviewPage"),
    ("Page_Summary", "IncidentPage"),
];

/// Names all objects, adds the fields that distinguish the kinds of an object, and removes
/// unreferenced schemas.
pub(super) fn name_schemas(document: &mut Value) {
    rename(document);
    remove_equal_copies(document);
    let Some(schemas) = schemas_mut(document) else { return };
    name_objects(schemas);
    add_discriminators(schemas);
    remove_unused(document);
}

fn rename(document: &mut Value) {
    let new_name = |name: &str| {
        let renamed = RENAMED.iter().find(|(old, _)| *old == name);
        renamed.map(|(_, new)| (*new).to_owned())
    };
    change_references(document, &new_name);
    let Some(schemas) = schemas_mut(document) else { return };
    for (old, new) in RENAMED {
        if let Some(schema) = schemas.remove(old) {
            schemas.insert(new.to_owned(), schema);
        }
    }
}

/// Removes the copies of schemas for requests that are no different from the originals.
fn remove_equal_copies(document: &mut Value) {
    loop {
        let Some(schemas) = schemas_mut(document) else { return };
        let is_equal = |(name, schema): &(&String, &Value)| {
            let original = name.strip_suffix(COPY_SUFFIX).and_then(|name| schemas.get(name));
            original == Some(*schema)
        };
        let equal: BTreeSet<String> =
            schemas.iter().filter(is_equal).map(|(name, _)| name.clone()).collect();
        if equal.is_empty() {
            return;
        }
        schemas.retain(|name, _| !equal.contains(name));
        change_references(document, &|name| {
            let original = || name.strip_suffix(COPY_SUFFIX).map(ToOwned::to_owned);
            equal.contains(name).then(original).flatten()
        });
    }
}

/// Replaces each object within a schema by a reference to a schema of its own.
fn name_objects(schemas: &mut Members) {
    let used_names = schemas.keys().cloned().collect();
    let by_content = schemas.iter().map(|(name, schema)| (content(schema), name.clone())).collect();
    let mut namer = Namer { used_names, by_content, added: Members::new() };
    for (name, schema) in schemas.iter_mut() {
        namer.name_parts(schema, name);
    }
    schemas.append(&mut namer.added);
}

/// Collects the schemas that get names.
struct Namer {
    /// The names that schemas have already.
    used_names: BTreeSet<String>,
    /// The names by the content of the schemas without their descriptions.
    by_content: BTreeMap<String, String>,
    added: Members,
}

impl Namer {
    /// Names the objects within a schema that has a name.
    fn name_parts(&mut self, schema: &mut Value, name: &str) {
        let Value::Object(members) = schema else { return };
        let is_variant = members.get("properties").and_then(Value::as_object);
        let is_variant = is_variant.is_some_and(|fields| fields.len() == 1);
        for (keyword, value) in members.iter_mut() {
            match (keyword.as_str(), value) {
                ("oneOf" | "anyOf", Value::Array(kinds)) => {
                    for kind in kinds {
                        let own = format!("{name}{}", variant_name(kind));
                        self.name_object(kind, &own);
                    }
                }
                ("properties", Value::Object(fields)) => {
                    for (field, value) in fields {
                        let own = if is_variant { "Content" } else { &pascal_case(field) };
                        self.name_object(value, &format!("{name}{own}"));
                    }
                }
                ("items", item) => self.name_object(item, &format!("{name}Item")),
                ("additionalProperties", value) => {
                    self.name_object(value, &format!("{name}Value"));
                }
                _ => {}
            }
        }
    }

    /// Creates a schema that is an object, or that has a name already, a reference to the named
    /// one.
    fn name_object(&mut self, schema: &mut Value, name: &str) {
        if schema.get("$ref").is_some() {
            return;
        }
        let is_object = schema.get("properties").is_some_and(Value::is_object);
        let is_choice =
            schema.get("enum").and_then(Value::as_array).is_some_and(|values| values.len() > 1);
        let existing = (is_object || is_choice).then(|| self.by_content.get(&content(schema)));
        let name = match existing.flatten().cloned() {
            Some(name) => name,
            None if is_object => {
                let name = self.free_name(name);
                self.by_content.insert(content(schema), name.clone());
                // Reserves the name while the parts are named.
                self.added.insert(name.clone(), Value::Null);
                let mut named = schema.clone();
                self.name_parts(&mut named, &name);
                self.added.insert(name.clone(), named);
                name
            }
            None => return self.name_parts(schema, name),
        };
        let description = schema.get("description").cloned();
        *schema = reference(&name);
        if let Some(description) = description {
            schema["description"] = description;
        }
    }

    fn free_name(&self, name: &str) -> String {
        let is_free =
            |name: &String| !self.used_names.contains(name) && !self.added.contains_key(name);
        let longer = |name: &String| Some(format!("{name}Object"));
        let mut names = std::iter::successors(Some(name.to_owned()), longer);
        names.find(is_free).unwrap_or_default()
    }
}

/// Returns the content of a schema without its description, as text.
fn content(schema: &Value) -> String {
    let mut schema = schema.clone();
    if let Value::Object(members) = &mut schema {
        members.remove("description");
    }
    schema.to_string()
}

/// Returns the distinguishing name of a kind: the value of the field for that, or the only field.
fn variant_name(kind: &Value) -> String {
    if let Some((_, value)) = tag(kind) {
        return pascal_case(value);
    }
    let fields = kind.get("properties").and_then(Value::as_object);
    match fields.map(|fields| fields.keys().collect::<Vec<_>>()).as_deref() {
        Some([only]) => pascal_case(only),
        _ => "Value".into(),
    }
}

fn pascal_case(name: &str) -> String {
    let capitalized = |word: &str| {
        let mut letters = word.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    };
    name.split(['_', '-']).map(capitalized).collect()
}

/// Adds to each choice of objects the field that distinguishes them, if there is one.
fn add_discriminators(schemas: &mut Members) {
    let mut found = Vec::new();
    for (name, schema) in schemas.iter() {
        let Some(kinds) = schema.get("oneOf").and_then(Value::as_array) else { continue };
        let tags: Option<Vec<(&str, (&str, &str))>> = kinds
            .iter()
            .map(|kind| {
                let name = referenced(kind)?;
                Some((name, tag(schemas.get(name)?)?))
            })
            .collect();
        let Some(tags) = tags else { continue };
        let Some((_, (field, _))) = tags.first().copied() else { continue };
        if tags.iter().any(|(_, (other, _))| *other != field) {
            continue;
        }
        let mapping: Members = tags
            .iter()
            .map(|(name, (_, value))| ((*value).to_owned(), reference(name)["$ref"].clone()))
            .collect();
        found.push((name.clone(), json!({"propertyName": field, "mapping": mapping})));
    }
    for (name, discriminator) in found {
        schemas[&name]["discriminator"] = discriminator;
    }
}

/// Removes the schemas to which no operation leads.
fn remove_unused(document: &mut Value) {
    let Some(schemas) = schemas_mut(document).cloned() else { return };
    let mut used = BTreeSet::new();
    collect(&document["paths"], &schemas, &mut used);
    if let Some(schemas) = schemas_mut(document) {
        schemas.retain(|name, _| used.contains(name));
    }
}

fn collect(value: &Value, schemas: &Members, used: &mut BTreeSet<String>) {
    if let Some(name) = referenced(value)
        && used.insert(name.to_owned())
        && let Some(schema) = schemas.get(name)
    {
        collect(schema, schemas, used);
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, schemas, used)),
        Value::Object(members) => {
            members.values().for_each(|member| collect(member, schemas, used));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::schemas::REFERENCE;
    use super::*;

    fn document(schemas: &Value) -> Value {
        json!({
            "paths": {"/x": {"get": {"responses": {"200": {"$ref": format!("{REFERENCE}Answer")}}}}},
            "components": {"schemas": schemas},
        })
    }

    #[test]
    fn kinds_of_an_object_are_named_and_have_a_discriminator() {
        let kind = |value: &str| {
            json!({
                "type": "object",
                "properties": {"do": {"type": "string", "enum": [value]}},
                "required": ["do"],
            })
        };
        let mut named = document(&json!({
            "Answer": {"oneOf": [kind("take_back"), kind("close")]},
            "Unused": {"type": "string"},
        }));
        name_schemas(&mut named);
        assert_eq!(
            named["components"]["schemas"],
            json!({
                "Answer": {
                    "oneOf": [reference("AnswerTakeBack"), reference("AnswerClose")],
                    "discriminator": {"propertyName": "do", "mapping": {
                        "take_back": format!("{REFERENCE}AnswerTakeBack"),
                        "close": format!("{REFERENCE}AnswerClose"),
                    }},
                },
                "AnswerClose": kind("close"),
                "AnswerTakeBack": kind("take_back"),
            })
        );
    }

    #[test]
    fn object_that_has_a_name_is_referred_to_by_it() {
        let row = json!({"type": "object", "properties": {"title": {"type": "string"}}});
        let mut described = row.clone();
        described["description"] = "A row.".into();
        let mut named = document(&json!({
            "Answer": {"type": "array", "items": described},
            "Row": row,
        }));
        name_schemas(&mut named);
        let item = &named["components"]["schemas"]["Answer"]["items"];
        assert_eq!(item["$ref"], format!("{REFERENCE}Row"));
        assert_eq!(item["description"], "A row.");
    }

    #[test]
    fn copy_for_requests_stays_only_where_it_differs() {
        let word = json!({"type": "string", "enum": ["a", "b"]});
        let list = |name: &str| json!({"type": "array", "items": reference(name)});
        let mut named = document(&json!({
            "Answer": {"oneOf": [reference("ListInput"), reference("OtherInput")]},
            "List": list("Word"),
            "ListInput": list("WordInput"),
            "Word": word,
            "WordInput": word,
            "Other": {"type": "string"},
            "OtherInput": {"type": "integer"},
        }));
        name_schemas(&mut named);
        let remaining: Vec<&String> =
            named["components"]["schemas"].as_object().unwrap().keys().collect();
        assert_eq!(remaining, ["Answer", "List", "OtherInput", "Word"]);
    }
}
