//! Completes the operations of a document: descriptions, examples, and the headers of responses.

use serde_json::{Value, json};

use super::examples;
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
        // Without a valid token the store does not identify itself.
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
        let example = parameter_example(name, parameter);
        match parameter["in"].as_str() {
            Some("path") => url = url.replace(&format!("{{{name}}}"), &example),
            // Measures need a window, or both of its ends.
            Some("query")
                if parameter["required"] == true
                    || (name == "window" && !parameter["example"].is_null()) =>
            {
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
    if matches!(method, "put" | "delete") {
        lines.push(format!("-X {}", method.to_uppercase()));
    }
    if method != "get" {
        let body = operation.get("requestBody").and_then(|body| {
            Some(body.get("content")?.get("application/json")?.get("example")?.to_string())
        });
        match body.filter(|body| body != "{}") {
            Some(body) => {
                lines.push("-H 'Content-Type: application/json'".into());
                lines.push(format!("-d '{}'", body.replace('\'', "'\\''")));
            }
            None if method == "post" => lines.push("-X POST".into()),
            None => {}
        }
    }
    lines.push(format!("\"$REDPHONE{url}\""));
    lines.join(" \\\n  ")
}

/// Returns the example of a parameter as text, which is made from its name if it has none.
fn parameter_example(name: &str, parameter: &Value) -> String {
    let schema = &parameter["schema"];
    let example = [&parameter["example"], &schema["example"]];
    match example.into_iter().find(|one| !one.is_null()) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => examples::text(schema, name).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// Returns the command that the document has for a request, on one line.
    fn sample(method: &str, path: &str) -> String {
        let document: Value =
            serde_json::from_str(&crate::server::openapi::document_json()).unwrap();
        let sample = &document["paths"][path][method]["x-codeSamples"][0]["source"];
        sample.as_str().unwrap().replace(" \\\n  ", " ")
    }

    #[rstest]
    #[case::read("get", "/v1/ingest/dead/{number}", "\"$REDPHONE/v1/ingest/dead/1\"")]
    #[case::window("get", "/v1/measures", "\"$REDPHONE/v1/measures?window=2026-03\"")]
    #[case::removal("delete", "/v1/people/{handle}", "-X DELETE \"$REDPHONE/v1/people/ines\"")]
    #[case::query(
        "delete",
        "/v1/schedules/{team}/overrides",
        "-X DELETE \"$REDPHONE/v1/schedules/payments/overrides?person=ines\
         &from=2026-03-01T09%3A00%3A00Z&to=2026-03-02T09%3A00%3A00Z\""
    )]
    #[case::replacement(
        "put",
        "/v1/teams/{name}",
        "-X PUT -H 'Content-Type: application/json' \
         -d '{\"members\":[\"ines\"],\"name\":\"payments\"}' \"$REDPHONE/v1/teams/payments\""
    )]
    #[case::body(
        "post",
        "/v1/problems",
        "-H 'Content-Type: application/json' -d '{\"title\":\"Connections leak in the pool\"}' \
         \"$REDPHONE/v1/problems\""
    )]
    #[case::no_body(
        "post",
        "/v1/incidents/{id}/own",
        "-X POST \"$REDPHONE/v1/incidents/INC-1/own\""
    )]
    fn code_sample_sends_the_request(#[case] method: &str, #[case] path: &str, #[case] rest: &str) {
        let expected = format!("curl -H \"Authorization: Bearer $TOKEN\" {rest}");
        assert_eq!(sample(method, path), expected);
    }
}
