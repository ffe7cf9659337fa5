//! The HTTP client for the conformance suite, with a real server over a real file.

use redphone::backend::http::{HttpBackend, Timeouts};

use crate::support::served::Served;

/// A client and its server.
pub struct HttpFixture {
    pub client: HttpBackend,
    _server: Served,
}

/// Returns a client of a new server, with a token of Ines Moreau.
pub async fn empty() -> HttpFixture {
    // The cases name people of their own.
    of(Served::start_without_people().await)
}

/// Like [`empty`], but with Ines Moreau in the directory.
pub async fn with_people() -> HttpFixture {
    of(Served::start().await)
}

fn of(server: Served) -> HttpFixture {
    let client = server.client(&server.url(), "ines", Timeouts::default());
    HttpFixture { client, _server: server }
}
