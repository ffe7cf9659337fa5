//! The requests that the client sends, and those that it avoids.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use redphone::api::{Details, ErrorCode};
use redphone::backend::http::{HttpBackend, TokenSource};
use redphone::backend::{Backend, BackendError, Page, PageMark, Search, TimelineRange};
use redphone::model::directory::Directory;
use redphone::model::measures::{Cut, Window};
use redphone::model::queue::Sort;
use redphone::model::{IncidentId, IncidentNumber, Summary};

use super::fixtures::{ClientFixture, TOKEN, capabilities, json, refusal};
use crate::support::proxy::{Fault, Proxy, Request};

/// Answers every request with JSON, and records the requests.
async fn listening(
    answer: impl Fn(&Request) -> Fault + Send + Sync + 'static,
) -> (Proxy, Arc<Mutex<Vec<Request>>>) {
    let requests = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&requests);
    let proxy = Proxy::start(None, move |request| {
        heard.lock().unwrap().push(request.clone());
        answer(request)
    })
    .await;
    (proxy, requests)
}

fn last(requests: &Mutex<Vec<Request>>) -> Request {
    requests.lock().unwrap().last().unwrap().clone()
}

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[tokio::test]
async fn every_request_has_its_path_and_query() {
    let (proxy, requests) = listening(|_| json("", &serde_json::json!(null))).await;
    let fixture = ClientFixture::new();
    let client = fixture.client(&format!("{}/base", proxy.url()));
    let target = || last(&requests).target().to_owned();
    let id: IncidentId = "01a2b3c4-0000-7000-8000-000000000001".parse().unwrap();
    // The responses are invalid; only the requests are checked.
    let _ = client.incident(id).await;
    assert_eq!(target(), format!("/base/v1/incidents/{id}"));
    let _ = client.find_by_number(IncidentNumber(2041)).await;
    assert_eq!(target(), "/base/v1/numbers/2041");
    for (part, query) in [
        (TimelineRange::Last(20), "limit=20"),
        (TimelineRange::After(7), "after=7"),
        (TimelineRange::Before(9, 3), "before=9&limit=3"),
    ] {
        let _ = client.timeline(id, part).await;
        assert_eq!(target(), format!("/base/v1/incidents/{id}/timeline?{query}"));
    }
    let search = Search {
        filter: "p1 service:\"a&b #1\" 漢".parse().unwrap(),
        me: Some("ines".into()),
        sort: Sort::Newest,
        limit: 50,
        after: Some(PageMark::from("k1 +%".to_owned())),
        now: time("2026-01-05T09:00:00Z"),
    };
    let _ = client.search(&search).await;
    assert_eq!(
        target(),
        "/base/v1/incidents?filter=p1+service%3A%22a%26b+%231%22+%E6%BC%A2&sort=newest&limit=50&\
         after=k1+%2B%25&now=2026-01-05T09%3A00%3A00Z"
    );
    let window = Window {
        from: time("2026-01-05T00:00:00.5Z"),
        to: time("2026-01-07T00:00:00Z"),
        edges: vec![time("2026-01-05T00:00:00.5Z"), time("2026-01-06T00:00:00Z")],
    };
    let _ = client.measures(&window, Cut::Team, time("2026-01-07T00:00:00Z")).await;
    assert_eq!(
        target(),
        "/base/v1/measures?from=2026-01-05T00%3A00%3A00.500Z&to=2026-01-07T00%3A00%3A00Z&\
         edges=2026-01-06T00%3A00%3A00Z&cut=team&now=2026-01-07T00%3A00%3A00Z"
    );
    assert_eq!(last(&requests).header("authorization"), format!("Bearer {TOKEN}"));
    assert!(last(&requests).header("user-agent").starts_with("redphone/"));
    assert!(last(&requests).header("accept-encoding").contains("gzip"));
}

#[tokio::test]
async fn unchanged_response_is_not_sent_again() {
    let (proxy, requests) = listening(|request| {
        if request.header("if-none-match") == "\"one\"" {
            return Fault::Say(Duration::ZERO, "HTTP/1.1 304 Not Modified\r\n\r\n".into());
        }
        match request.target() {
            "/v1/directory" => json("etag: \"one\"\r\n", &Directory::default()),
            "/v1/capabilities" => json("etag: \"one\"\r\n", &capabilities()),
            "/v1/problems" => json("etag: \"one\"\r\n", &Vec::<u8>::new()),
            _ => {
                let page =
                    Page::<Summary> { rows: vec![], next: None, total: Some(7), counts: None };
                json("etag: \"one\"\r\n", &page)
            }
        }
    })
    .await;
    let fixture = ClientFixture::new();
    let client = fixture.client(&proxy.url());
    let tag = || last(&requests).header("if-none-match").to_owned();
    let search = |filter: &str, seconds: i64| Search {
        filter: filter.parse().unwrap(),
        me: None,
        sort: Sort::Urgent,
        limit: 80,
        after: None,
        now: time("2026-01-05T09:00:00Z") + TimeDelta::seconds(seconds),
    };
    for round in 0..2 {
        let expected = if round == 0 { "" } else { "\"one\"" };
        assert_eq!(client.directory().await.unwrap(), Directory::default());
        assert_eq!(tag(), expected);
        assert_eq!(client.capabilities().await.unwrap(), capabilities());
        assert_eq!(tag(), expected);
        assert_eq!(client.problems().await.unwrap(), []);
        assert_eq!(tag(), expected);
        // The same page is requested with another `now`.
        assert_eq!(client.search(&search("p1", round)).await.unwrap().total, Some(7));
        assert_eq!(tag(), expected);
    }
    client.search(&search("p2", 0)).await.unwrap();
    assert_eq!(tag(), "", "another question has another answer");
}

#[tokio::test]
async fn renewed_token_is_used_at_once() {
    let (proxy, requests) = listening(|request| match request.header("authorization") {
        "Bearer second" => json("", &capabilities()),
        _ => refusal(&Details::new(ErrorCode::Unauthorized, "it expired")),
    })
    .await;
    let fixture = ClientFixture::new();
    fixture.write("token", "first");
    let client = fixture.client(&proxy.url());
    let refused = client.capabilities().await.unwrap_err();
    assert!(matches!(refused, BackendError::Unreachable(_)), "{refused}");
    assert_eq!(requests.lock().unwrap().len(), 1, "the same token is not sent twice");
    fixture.write("token", "second");
    assert_eq!(client.capabilities().await.unwrap(), capabilities());
    assert_eq!(requests.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn nothing_is_sent_without_a_token() {
    let (proxy, _) = listening(|_| json("", &capabilities())).await;
    let fixture = ClientFixture::new();
    let mut options = fixture.options(&proxy.url());
    options.token = TokenSource::File(fixture.path("nowhere"));
    let refused = HttpBackend::new(options.clone()).unwrap().capabilities().await.unwrap_err();
    let text = refused.to_string();
    assert!(text.starts_with("the token file ") && refused.is_temporary(), "{text}");
    options.token = TokenSource::Variable("REDPHONE_NO_SUCH_TOKEN".into());
    let refused = HttpBackend::new(options).unwrap().capabilities().await.unwrap_err();
    let expected = "the variable REDPHONE_NO_SUCH_TOKEN holds no token: set it";
    assert_eq!(refused.to_string(), expected);
    assert_eq!(proxy.count(), 0);
}

#[tokio::test]
async fn redirect_is_not_followed_with_the_token() {
    let (elsewhere, _) = listening(|_| json("", &capabilities())).await;
    let to = format!("location: {}/v1/capabilities\r\n", elsewhere.url());
    let (proxy, _) =
        listening(move |_| Fault::says("307 Temporary Redirect", &to, "text/html", "")).await;
    let fixture = ClientFixture::new();
    let message = fixture.client(&proxy.url()).capabilities().await.unwrap_err().to_string();
    assert!(message.contains(&elsewhere.url()), "{message}");
    assert_eq!(elsewhere.count(), 0);
}

#[tokio::test]
async fn long_timeline_is_read_from_its_end_in_pages() {
    let (proxy, requests) = listening(|_| json("", &serde_json::json!([]))).await;
    let fixture = ClientFixture::new();
    let client = fixture.client(&proxy.url());
    assert_eq!(client.timeline(IncidentId::new(), TimelineRange::Last(5000)).await.unwrap(), []);
    assert!(last(&requests).target().ends_with("/timeline?limit=1000"));
    assert_eq!(client.timeline(IncidentId::new(), TimelineRange::Last(0)).await.unwrap(), []);
    assert_eq!(requests.lock().unwrap().len(), 1);
}
