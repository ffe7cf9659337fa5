//! The requests that each provider accepts, and its refusals of wrong ones, by its documentation.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use redphone::model::notification::ChannelKind;
use redphone::outbound::ChannelOptions;
use reqwest::{Method, Url};
use serde_json::{Value, json};
use sha2::Sha256;

use super::stand_in::{Recorded, Reply};

/// The part of every secret that must never be seen.
pub const SECRET: &str = "Hunter2SecretKey0123456789abcdef";

/// A provider: how a channel is set up for it, and how it answers.
pub struct Provider {
    pub kind: ChannelKind,
    pub address: &'static str,
    /// An address that is refused before anything is sent; `None` where every text is one.
    pub wrong_address: Option<&'static str>,
    pub secret: fn(base: &str) -> String,
    pub options: fn(base: &str) -> ChannelOptions,
    /// Answers a request as the provider does.
    pub judge: fn(&Recorded) -> Reply,
    /// The id that it gives to a message.
    pub id: Option<&'static str>,
    /// Its answer that seven seconds must pass.
    pub limited: fn() -> Reply,
    /// Whether it recognizes a repetition.
    pub is_repeatable: bool,
}

pub const PROVIDERS: &[Provider] = &[
    Provider {
        kind: ChannelKind::Ntfy,
        address: "ines-k3v8",
        wrong_address: Some("ines/k3v8"),
        secret: |_| SECRET.into(),
        options: with_url,
        judge: ntfy,
        id: Some("ntfyid"),
        limited: retry_after,
        is_repeatable: false,
    },
    Provider {
        kind: ChannelKind::Webhook,
        address: "ines",
        wrong_address: Some("ines\n"),
        secret: |_| format!("whsec_{}", STANDARD.encode(SECRET)),
        options: with_url,
        judge: webhook,
        id: None,
        limited: retry_after,
        is_repeatable: true,
    },
    Provider {
        kind: ChannelKind::Slack,
        address: "U024BE7LH",
        wrong_address: Some("ines"),
        secret: |base| format!("{base}/services/T0/B0/{SECRET}"),
        options: |_| ChannelOptions::default(),
        judge: slack_webhook,
        id: None,
        limited: retry_after,
        is_repeatable: false,
    },
    Provider {
        kind: ChannelKind::Slack,
        address: "#incidents",
        wrong_address: Some("@ines"),
        secret: |_| format!("xoxb-{SECRET}"),
        options: with_url,
        judge: slack_bot,
        id: Some("1503435956.000247"),
        limited: || {
            Reply::new(429, json!({"ok": false, "error": "ratelimited"}).to_string())
                .with("retry-after", "7")
        },
        is_repeatable: false,
    },
    Provider {
        kind: ChannelKind::Gotify,
        address: "",
        wrong_address: Some("ines"),
        secret: |_| SECRET.into(),
        options: with_url,
        judge: gotify,
        id: Some("25"),
        limited: retry_after,
        is_repeatable: false,
    },
    Provider {
        kind: ChannelKind::Pushover,
        address: "uQiRzpo4DXghDmr9QzzfQu27cmVRsG",
        wrong_address: Some("ines"),
        secret: |_| SECRET.into(),
        options: with_url,
        judge: pushover,
        id: Some("647d2300-702c-4b38-8b2f-d56326ae460b"),
        limited: retry_after,
        is_repeatable: false,
    },
    Provider {
        kind: ChannelKind::Telegram,
        address: "-1001234567890:7",
        wrong_address: Some("ines"),
        secret: |_| format!("123456:{SECRET}"),
        options: with_url,
        judge: telegram,
        id: Some("77"),
        limited: || {
            let body = json!({"ok": false, "error_code": 429, "description": "Too Many Requests",
                              "parameters": {"retry_after": 7}});
            Reply::new(429, body.to_string())
        },
        is_repeatable: false,
    },
    Provider {
        kind: ChannelKind::Matrix,
        address: "!abc:matrix.example",
        wrong_address: Some("#room:matrix.example"),
        secret: |_| SECRET.into(),
        options: with_url,
        judge: matrix,
        id: Some("$event"),
        limited: || {
            let body = json!({"errcode": "M_LIMIT_EXCEEDED", "error": "slow down",
                              "retry_after_ms": 7000});
            Reply::new(429, body.to_string())
        },
        is_repeatable: true,
    },
    Provider {
        kind: ChannelKind::Mattermost,
        address: "@ines",
        wrong_address: Some("Ines Moreau"),
        secret: |base| format!("{base}/hooks/{SECRET}"),
        options: |_| ChannelOptions::default(),
        judge: mattermost,
        id: None,
        limited: retry_after,
        is_repeatable: false,
    },
    Provider {
        kind: ChannelKind::Discord,
        address: "80351110224678912",
        wrong_address: Some("ines"),
        secret: |base| format!("{base}/api/webhooks/1234/{SECRET}"),
        options: |_| ChannelOptions::default(),
        judge: discord,
        id: Some("9001"),
        limited: || {
            let body = json!({"message": "You are being rate limited.", "retry_after": 7.0,
                              "global": false});
            Reply::new(429, body.to_string())
        },
        is_repeatable: false,
    },
    Provider {
        kind: ChannelKind::Teams,
        address: "",
        wrong_address: Some("ines"),
        secret: |base| format!("{base}/workflows/1/triggers/manual?sig={SECRET}"),
        options: |_| ChannelOptions::default(),
        judge: teams,
        id: None,
        limited: retry_after,
        is_repeatable: false,
    },
    Provider {
        kind: ChannelKind::TwilioSms,
        address: "+4915112345678",
        wrong_address: Some("015112345678"),
        secret: |_| SECRET.into(),
        options: twilio_options,
        judge: twilio_sms,
        id: Some("SM1"),
        limited: twilio_limited,
        is_repeatable: false,
    },
    Provider {
        kind: ChannelKind::TwilioCall,
        address: "+4915112345678",
        wrong_address: Some("+49 151 12345678"),
        secret: |_| SECRET.into(),
        options: twilio_options,
        judge: twilio_call,
        id: Some("CA1"),
        limited: twilio_limited,
        is_repeatable: false,
    },
];

const ACCOUNT: &str = "AC00000000000000000000000000000001";

fn with_url(base: &str) -> ChannelOptions {
    ChannelOptions { url: Some(Url::parse(base).unwrap()), ..ChannelOptions::default() }
}

fn twilio_options(base: &str) -> ChannelOptions {
    ChannelOptions {
        account: Some(ACCOUNT.into()),
        from: Some("+4930123456".into()),
        ..with_url(base)
    }
}

fn retry_after() -> Reply {
    Reply::new(429, "slow down").with("retry-after", "7")
}

fn twilio_limited() -> Reply {
    let body = json!({"code": 20429, "message": "Too Many Requests", "status": 429});
    Reply::new(429, body.to_string()).with("retry-after", "7")
}

fn is_post_of_json(request: &Recorded) -> bool {
    request.method == Method::POST && request.header("content-type") == "application/json"
}

fn is_text(value: &Value, max: usize) -> bool {
    value.as_str().is_some_and(|text| !text.is_empty() && text.chars().count() <= max)
}

fn ntfy(request: &Recorded) -> Reply {
    let refuse = |status, code: u32, error: &str| {
        Reply::new(status, json!({"code": code, "http": status, "error": error}).to_string())
    };
    if request.header("authorization") != format!("Bearer {SECRET}") {
        return refuse(401, 40101, "unauthorized");
    }
    let body = request.json();
    if !is_post_of_json(request) || request.uri != "/" || !body["topic"].is_string() {
        return refuse(400, 40009, "invalid request: topic invalid");
    }
    let length = body["message"].as_str().unwrap_or_default().len();
    if length == 0 || length > 4096 {
        return refuse(413, 41301, "attachment too large, or bandwidth limit reached");
    }
    let is_priority = body["priority"].as_u64().is_some_and(|p| (1..=5).contains(&p));
    let actions = body["actions"].as_array().map_or(0, Vec::len);
    if !is_priority || actions > 3 || !body["tags"].is_array() {
        return refuse(400, 40018, "invalid request: actions invalid");
    }
    let mut answer = body.clone();
    answer["id"] = json!("ntfyid");
    Reply::new(200, answer.to_string())
}

fn webhook(request: &Recorded) -> Reply {
    let (id, at) = (request.header("webhook-id"), request.header("webhook-timestamp"));
    let signed = [format!("{id}.{at}.").as_bytes(), &request.body].concat();
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(&signed);
    let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    let is_signed =
        request.header("webhook-signature").split(' ').any(|signature| signature == expected);
    if id.is_empty() || at.parse::<i64>().is_err() || !is_signed {
        return Reply::new(401, "no valid signature");
    }
    let body = request.json();
    if !is_post_of_json(request) || !body["data"].is_object() || !body["type"].is_string() {
        return Reply::new(400, "no event");
    }
    Reply::new(204, "")
}

fn slack_webhook(request: &Recorded) -> Reply {
    if request.uri != format!("/services/T0/B0/{SECRET}") {
        return Reply::new(404, "no_service");
    }
    let body = request.json();
    let text = body["text"].as_str().unwrap_or_default();
    if !is_post_of_json(request) || text.is_empty() {
        return Reply::new(400, "invalid_payload");
    }
    if !text.starts_with("<@U024BE7LH> INC-") || text.chars().count() > 4000 {
        return Reply::new(400, "no_text");
    }
    if text.contains("<script>") || text.contains("<!channel>") {
        return Reply::new(400, "not escaped");
    }
    Reply::new(200, "ok")
}

fn slack_bot(request: &Recorded) -> Reply {
    let refuse = |error: &str| Reply::new(200, json!({"ok": false, "error": error}).to_string());
    if request.header("authorization") != format!("Bearer xoxb-{SECRET}") {
        return refuse("invalid_auth");
    }
    let body = request.json();
    if request.uri != "/api/chat.postMessage" || !is_post_of_json(request) {
        return refuse("unknown_method");
    }
    if body["channel"] != "#incidents" {
        return refuse("channel_not_found");
    }
    if !is_text(&body["text"], 4000) {
        return refuse("msg_too_long");
    }
    Reply::new(200, json!({"ok": true, "ts": "1503435956.000247"}).to_string())
}

fn gotify(request: &Recorded) -> Reply {
    let refuse = |status, error: &str| {
        let body = json!({"error": error, "errorCode": status, "errorDescription": error});
        Reply::new(status, body.to_string())
    };
    if request.header("x-gotify-key") != SECRET {
        return refuse(401, "Unauthorized");
    }
    let body = request.json();
    let is_priority = body["priority"].as_u64().is_some_and(|p| p <= 10);
    if !is_post_of_json(request) || request.uri != "/message" || !is_priority {
        return refuse(400, "Bad Request");
    }
    if !is_text(&body["message"], 4000) || !is_text(&body["title"], 250) {
        return refuse(400, "Field 'message' is required");
    }
    Reply::new(200, json!({"id": 25, "appid": 5, "date": "2026-02-27T19:36:10Z"}).to_string())
}

fn pushover(request: &Recorded) -> Reply {
    let refuse = |error: &str| {
        Reply::new(400, json!({"status": 0, "errors": [error], "request": "r"}).to_string())
    };
    let form = request.form();
    let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    if request.method != Method::POST || request.uri != "/1/messages.json" {
        return Reply::new(404, "");
    }
    if field("token") != SECRET {
        return refuse("application token is invalid");
    }
    if field("user") != "uQiRzpo4DXghDmr9QzzfQu27cmVRsG" {
        return refuse("user key is invalid");
    }
    let lengths = [("message", 1024), ("title", 250), ("url", 512), ("url_title", 100)];
    if field("message").is_empty()
        || lengths.iter().any(|(name, max)| field(name).chars().count() > *max)
    {
        return refuse("message cannot be blank or too long");
    }
    if !["-2", "-1", "0", "1"].contains(&field("priority")) {
        return refuse("priority 2 needs retry and expire");
    }
    let request = "647d2300-702c-4b38-8b2f-d56326ae460b";
    Reply::new(200, json!({"status": 1, "request": request}).to_string())
}

fn telegram(request: &Recorded) -> Reply {
    let refuse = |status, description: &str| {
        let body = json!({"ok": false, "error_code": status, "description": description});
        Reply::new(status, body.to_string())
    };
    let path = request.uri.replace("%3A", ":");
    if path != format!("/bot123456:{SECRET}/sendMessage") {
        return refuse(404, "Not Found");
    }
    let body = request.json();
    if !is_post_of_json(request) || body["chat_id"] != "-1001234567890" {
        return refuse(400, "Bad Request: chat not found");
    }
    if body["message_thread_id"] != 7 {
        return refuse(400, "Bad Request: message thread not found");
    }
    let text = body["text"].as_str().unwrap_or_default();
    if text.is_empty() || text.encode_utf16().count() > 4096 {
        return refuse(400, "Bad Request: message is too long");
    }
    if !body["parse_mode"].is_null() {
        return refuse(400, "Bad Request: can't parse entities");
    }
    Reply::new(200, json!({"ok": true, "result": {"message_id": 77}}).to_string())
}

fn matrix(request: &Recorded) -> Reply {
    let refuse = |status, code: &str| {
        Reply::new(status, json!({"errcode": code, "error": code}).to_string())
    };
    if request.header("authorization") != format!("Bearer {SECRET}") {
        return refuse(401, "M_UNKNOWN_TOKEN");
    }
    let path = request.uri.replace("%21", "!").replace("%3A", ":");
    let rest =
        path.strip_prefix("/_matrix/client/v3/rooms/!abc:matrix.example/send/m.room.message/");
    let Some(transaction) = rest.filter(|_| request.method == Method::PUT) else {
        return refuse(404, "M_UNRECOGNIZED");
    };
    if transaction.len() != 36 || request.body.len() > 65_000 {
        return refuse(413, "M_TOO_LARGE");
    }
    let body = request.json();
    if body["msgtype"] != "m.text" || !is_text(&body["body"], 65_000) {
        return refuse(400, "M_BAD_JSON");
    }
    if body["formatted_body"].as_str().is_none_or(|html| html.contains("<script>")) {
        return refuse(400, "M_BAD_JSON");
    }
    Reply::new(200, json!({"event_id": "$event"}).to_string())
}

fn mattermost(request: &Recorded) -> Reply {
    let refuse = |status, message: &str| {
        let body = json!({"id": "web.incoming_webhook", "message": message, "status_code": status});
        Reply::new(status, body.to_string())
    };
    if request.uri != format!("/hooks/{SECRET}") {
        return refuse(404, "Invalid webhook.");
    }
    let body = request.json();
    if !is_post_of_json(request) || !is_text(&body["text"], 16_383) {
        return refuse(400, "Unable to parse incoming data.");
    }
    if body["channel"] != "@ines" {
        return refuse(404, "Couldn't find the channel.");
    }
    if body["text"].as_str().is_some_and(|text| text.contains("@all")) {
        return refuse(400, "everybody was mentioned");
    }
    Reply::new(200, "ok")
}

fn discord(request: &Recorded) -> Reply {
    let refuse = |status, message: &str| {
        Reply::new(status, json!({"message": message, "code": 50035}).to_string())
    };
    if request.uri != format!("/api/webhooks/1234/{SECRET}?wait=true") {
        return refuse(404, "Unknown Webhook");
    }
    let body = request.json();
    if !is_post_of_json(request) || !is_text(&body["content"], 2000) {
        return refuse(400, "Invalid Form Body");
    }
    let mentions = json!({"parse": [], "users": ["80351110224678912"]});
    if body["allowed_mentions"] != mentions {
        return refuse(400, "everybody was mentioned");
    }
    Reply::new(200, json!({"id": "9001"}).to_string())
}

fn teams(request: &Recorded) -> Reply {
    if request.uri != format!("/workflows/1/triggers/manual?sig={SECRET}") {
        return Reply::new(401, json!({"error": {"code": "AuthorizationFailed"}}).to_string());
    }
    if request.body.len() > 28 * 1024 {
        return Reply::new(413, "RequestEntityTooLarge");
    }
    let body = request.json();
    let attachment = &body["attachments"][0];
    let is_card = body["type"] == "message"
        && attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
        && attachment["content"]["type"] == "AdaptiveCard"
        && attachment["content"]["body"][0]["type"] == "TextBlock";
    if !is_post_of_json(request) || !is_card {
        return Reply::new(400, "TriggerInputSchemaMismatch");
    }
    Reply::new(202, "")
}

fn twilio(request: &Recorded, resource: &str, id: &str) -> Reply {
    let refuse = |status, code: u32, message: &str| {
        let body = json!({"code": code, "message": message, "status": status});
        Reply::new(status, body.to_string())
    };
    let expected = format!("Basic {}", STANDARD.encode(format!("{ACCOUNT}:{SECRET}")));
    if request.header("authorization") != expected {
        return refuse(401, 20003, "Authenticate");
    }
    let path = format!("/2010-04-01/Accounts/{ACCOUNT}/{resource}.json");
    if request.method != Method::POST || request.uri != path {
        return refuse(404, 20404, "The requested resource was not found");
    }
    let form = request.form();
    let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    if field("To") != "+4915112345678" {
        return refuse(400, 21211, "The 'To' number is not a valid phone number.");
    }
    if field("From") != "+4930123456" {
        return refuse(400, 21603, "A 'From' phone number is required.");
    }
    let length = field("Body").chars().count();
    if resource == "Messages" && (length == 0 || length > 1600) {
        return refuse(400, 21617, "The message body exceeds the 1600 character limit");
    }
    let twiml = field("Twiml");
    let is_twiml = twiml.starts_with("<Response><Say>")
        && twiml.ends_with("</Say></Response>")
        && twiml.len() <= 4000
        && !twiml.contains("<script>");
    if resource == "Calls" && !is_twiml {
        return refuse(400, 21205, "Twiml is not valid");
    }
    Reply::new(201, json!({"sid": id, "status": "queued"}).to_string())
}

fn twilio_sms(request: &Recorded) -> Reply {
    twilio(request, "Messages", "SM1")
}

fn twilio_call(request: &Recorded) -> Reply {
    twilio(request, "Calls", "CA1")
}
