//! Many declarations in a short time, over a server that is killed and started again in the middle.
//!
//! `REDPHONE_DECLARATIONS` is their number; 10,000 for the published figures.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use redphone::api::{Order, Orders};
use redphone::model::IncidentCommand;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::support::api::{client, declare};
use crate::support::served::Served;

const CONNECTIONS: usize = 50;

fn total() -> usize {
    let set = std::env::var("REDPHONE_DECLARATIONS").ok();
    set.and_then(|count| count.parse().ok()).unwrap_or(500)
}

/// Sends a request again and again until it is answered with a status of success.
async fn send_until_done(request: impl Fn() -> reqwest::RequestBuilder) -> Value {
    loop {
        let Ok(response) = request().send().await else {
            // The server is away: the connection was refused or cut.
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let status = response.status();
        if let Ok(body) = response.json::<Value>().await {
            if status.is_success() {
                return body;
            }
            assert!(status.is_server_error(), "{status}: {body}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_declaration_is_lost_or_doubled_by_a_restart() {
    let mut server = Served::start().await;
    let (url, token, each) = (server.url(), server.secret("tom"), total().div_ceil(CONNECTIONS));
    let done = Arc::new(watch::Sender::new(0));
    let started = Instant::now();
    let tasks: Vec<_> = (0..CONNECTIONS)
        .map(|connection| {
            let (url, token, done) = (url.clone(), token.clone(), Arc::clone(&done));
            tokio::spawn(async move {
                let client = client();
                let mut numbers = Vec::new();
                for round in 0..each {
                    let key = format!("{connection}-{round}");
                    let outcome = send_until_done(|| {
                        let request = client.post(format!("{url}/v1/incidents"));
                        let request = request.bearer_auth(&token).header("idempotency-key", &key);
                        request.json(&json!({"title": format!("Declared as {key}")}))
                    })
                    .await;
                    numbers.push(outcome["number"].as_u64().unwrap());
                    done.send_modify(|count| *count += 1);
                }
                numbers
            })
        })
        .collect();
    let half = each * CONNECTIONS / 2;
    done.subscribe().wait_for(|count| *count >= half).await.unwrap();
    server.kill();
    server.again().await;
    let mut numbers = Vec::new();
    for task in tasks {
        numbers.extend(task.await.unwrap());
    }
    report("/v1/incidents, over a restart", each * CONNECTIONS, started.elapsed());
    let count = u64::try_from(each * CONNECTIONS).unwrap();
    assert_eq!(numbers.len(), each * CONNECTIONS);
    let distinct: BTreeSet<u64> = numbers.into_iter().collect();
    assert_eq!(distinct, (1..=count).collect(), "each has a number of its own, and none is lost");
    let request = client().get(format!("{url}/v1/incidents?filter=is:any&limit=1"));
    let page: Value = request.bearer_auth(&token).send().await.unwrap().json().await.unwrap();
    assert_eq!(page["rows"][0]["number"], count, "{page}");
    compare_rates(&url, &token, each).await;
}

/// Sends declarations over both routes without a restart, and prints their rates.
async fn compare_rates(url: &str, token: &str, each: usize) {
    for (name, is_command) in [("/v1/incidents", false), ("/v1/commands", true)] {
        let started = Instant::now();
        let tasks: Vec<_> = (0..CONNECTIONS)
            .map(|_| {
                let (url, token) = (format!("{url}{name}"), token.to_owned());
                tokio::spawn(async move {
                    let client = client();
                    for _ in 0..each {
                        let body = if is_command { command() } else { json!({"title": "Down"}) };
                        send_until_done(|| client.post(&url).bearer_auth(&token).json(&body)).await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        report(name, each * CONNECTIONS, started.elapsed());
    }
}

/// Returns the body of a request that declares an incident by a command.
fn command() -> Value {
    let (_, order) = declare("Down");
    assert!(matches!(
        &order.command,
        redphone::model::Command::Incident { command: IncidentCommand::Declare(_), .. }
    ));
    let orders: Vec<Order> = vec![order];
    serde_json::to_value(Orders { commands: orders }).unwrap()
}

#[expect(clippy::print_stderr, reason = "no text comes from outside")]
fn report(what: &str, count: usize, elapsed: Duration) {
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = count as f64 / elapsed.as_secs_f64();
    eprintln!("{what}: {count} declarations from {CONNECTIONS} connections, {rate:.0} a second");
}
