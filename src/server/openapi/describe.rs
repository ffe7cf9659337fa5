//! Completes the operations of a document: descriptions, examples, and the headers of responses.

use serde_json::{Value, json};

use super::schemas::Members;

/// The headers about the rate limit of a token, with their names in the components.
const RATE_HEADERS: [(&str, &str); 4] = [
    ("RateLimit-Limit", "RateLimit"),
    ("RateLimit-Remaining", "RateRemaining"),
    ("RateLimit-Reset", "RateReset"),
    ("RateLimit-Policy", "RatePolicy"),
];

/// The headers of responses, by their names in the components.
fn headers() -> Value {
    let text =
        |description: &str| json!({"description": description, "schema": {"type": "string"}});
    let number = |description: &str| json!({"description": description, "schema": {"type": "integer", "minimum": 0}});
    json!({
        "RequestId": text("The id of the request, which is the one that it came with, or a new one. \
            It stands in the access log."),
        "ServerTime": text("The time of the server (RFC 3339), by which a client finds how far its \
            clock is off."),
        "Store": text("The position of the store. Who returns it as `Redphone-Seen` is protected \
            against a store that was put back from a copy."),
        "ETag": text("Identifies the content. With `If-None-Match` and this value a request that \
            reads is answered with 304 while nothing has changed; with `If-Match` a request that \
            changes the incident is refused once it has changed."),
        "RetryAfter": number("The number of seconds after which the request may be sent again."),
        "RateLimit": number("How many requests the token may send within the window of \
            `RateLimit-Policy`."),
        "RateRemaining": number("How many of them the token may still send now."),
        "RateReset": number("The number of seconds after which it may send all of them again, if it \
            sends none until then."),
        "RatePolicy": text("The limit and its window in seconds, such as `1200;w=60`."),
        "Challenge": text("How to authenticate: with a token, as `Authorization: Bearer rp_…`."),
        "Allow": text("The methods that the path has."),
    })
}

/// Completes all operations.
pub(super) fn complete_operations(document: &mut Value) {
    document["components"]["headers"] = headers();
    let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) else { return };
    for (path, item) in paths {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            let Some(operation) = operation.as_object_mut() else { continue };
            describe(operation);
            add_headers(operation, method);
            let sample = code_sample(path, method, operation);
            let sample = json!([{"lang": "Shell", "label": "curl", "source": sample}]);
            operation.insert("x-codeSamples".into(), sample);
        }
    }
}

/// Describes an operation by its summary if it has no other description.
fn describe(operation: &mut Members) {
    let has_description =
        operation.get("description").and_then(Value::as_str).is_some_and(|text| !text.is_empty());
    if !has_description && let Some(summary) = operation.get("summary").and_then(Value::as_str) {
        let description = format!("{summary}.");
        operation.insert("description".into(), description.into());
    }
}

fn add_headers(operation: &mut Members, method: &str) {
    let needs_token = operation.get("security").and_then(Value::as_array).is_some_and(|all| {
        all.iter().all(|one| one.as_object().is_some_and(|one| !one.is_empty()))
    });
    let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
    for (status, response) in responses.into_iter().flatten() {
        let mut names = vec![("X-Request-Id", "RequestId"), ("Redphone-Time", "ServerTime")];
        // Without a valid token the store says nothing of itself.
        if needs_token && status != "401" {
            names.push(("Redphone-Store", "Store"));
            names.extend(RATE_HEADERS);
        }
        match status.as_str() {
            "200" | "304" if method == "get" => names.push(("ETag", "ETag")),
            "401" => names.push(("WWW-Authenticate", "Challenge")),
            "405" => names.push(("Allow", "Allow")),
            "429" | "503" => names.push(("Retry-After", "RetryAfter")),
            _ => {}
        }
        let Some(response) = response.as_object_mut() else { continue };
        let described = response.entry("headers").or_insert_with(|| json!({}));
        for (header, name) in names {
            described[header] = json!({"$ref": format!("#/components/headers/{name}")});
        }
    }
}

/// Returns a command that sends the request of an operation, with the examples of its parameters and
/// its body.
fn code_sample(path: &str, method: &str, operation: &Members) -> String {
    let mut url = path.to_owned();
    let mut query: Vec<String> = Vec::new();
    let parameters = operation.get("parameters").and_then(Value::as_array);
    for parameter in parameters.into_iter().flatten() {
        let name = parameter["name"].as_str().unwrap_or_default();
        let example = [&parameter["example"], &parameter["schema"]["example"]];
        let example = example.into_iter().find_map(Value::as_str).unwrap_or_default();
        match parameter["in"].as_str() {
            Some("path") => url = url.replace(&format!("{{{name}}}"), example),
            Some("query") if parameter["required"] == true => {
                let example = form_urlencoded::byte_serialize(example.as_bytes());
                query.push(format!("{name}={}", example.collect::<String>()));
            }
            _ => {}
        }
    }
    if !query.is_empty() {
        url = format!("{url}?{}", query.join("&"));
    }
    let mut lines = vec!["curl -H \"Authorization: Bearer $TOKEN\"".to_owned()];
    if method != "get" {
        let body = operation.get("requestBody").and_then(|body| {
            Some(body.get("content")?.get("application/json")?.get("example")?.to_string())
        });
        match body.filter(|body| body != "{}") {
            Some(body) => {
                lines.push("-H 'Content-Type: application/json'".into());
                lines.push(format!("-d '{}'", body.replace('\'', "'\\''")));
            }
            None => lines.push("-X POST".into()),
        }
    }
    lines.push(format!("\"$REDPHONE{url}\""));
    lines.join(" \\\n  ")
}
