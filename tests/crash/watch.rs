//! Two real servers, each with a store of its own, that watch each other.

use std::net::SocketAddr;

use serde_json::Value;

use crate::support::cli::{CliFixture, json_lines};
use crate::support::port::ReservedPort;
use crate::support::serving::{Server, write_settings};
use crate::support::wait::until_blocking;

fn watching(name: &str, address: SocketAddr) -> String {
    format!(
        "[outbound]\nprivate_hosts = [\"127.0.0.1\"]\n\
         [[watch]]\nname = \"{name}\"\nurl = \"http://{address}\"\nevery = \"5s\"\ngrace = \"1s\"\n\
         service = \"checkout\"\n"
    )
}

fn incidents(cli: &CliFixture) -> Vec<Value> {
    json_lines(&cli.ok(["list", "is:any", "--json"]))
}

/// Waits until an incident has a status, and returns its title and team.
fn wait_for(cli: &CliFixture, status: &str) -> (Value, Value) {
    until_blocking(status, || incidents(cli).iter().any(|row| row["status"] == status));
    let rows = incidents(cli);
    assert_eq!(rows.len(), 1, "{rows:?}");
    (rows[0]["title"].clone(), rows[0]["team"].clone())
}

#[test]
fn servers_notice_each_others_silence() {
    let (a, b) = (CliFixture::with_company(), CliFixture::with_company());
    let (port_a, port_b) = (ReservedPort::new(), ReservedPort::new());
    let (address_a, address_b) = (port_a.address.to_string(), port_b.address.to_string());
    write_settings(&a, "");
    let mut server_a = Server::start_at(&a, 0, &address_a);
    write_settings(&b, &watching("a", server_a.address));
    let mut server_b = Server::start_at(&b, 0, &address_b);
    // The settings are read again while it runs.
    write_settings(&a, &watching("b", server_b.address));

    // Both answer: each has asked the other one.
    for cli in [&a, &b] {
        let was_tried = || {
            let store = rusqlite::Connection::open(cli.store()).unwrap();
            let sql = "SELECT count(*) FROM self_test WHERE body ->> '$.ended_at' IS NOT NULL";
            store.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap() == 1
        };
        until_blocking("the other server was asked", was_tried);
        assert_eq!(incidents(cli), Vec::<Value>::new());
    }

    server_b.kill();
    let expected = |name: &str| (format!("{name} does not answer").into(), "payments".into());
    assert_eq!(wait_for(&a, "triggered"), expected("b"));
    let _server_b = Server::start_at(&b, 1, &address_b);
    assert_eq!(wait_for(&a, "resolved"), expected("b"));

    server_a.kill();
    assert_eq!(wait_for(&b, "triggered"), expected("a"));
    let _server_a = Server::start_at(&a, 1, &address_a);
    assert_eq!(wait_for(&b, "resolved"), expected("a"));
    assert_eq!(incidents(&a).len(), 1, "what was ended is not declared again");
}
