//! The HTTP client for the conformance suite, with a real server over a real file.

use redphone::backend::http::{HttpBackend, Timeouts};
use redphone::model::PersonRef;

use crate::support::served::Served;

/// A client and its server.
pub struct HttpFixture {
    pub client: HttpBackend,
    _server: Served,
}

/// Returns a client of a new server, with a token of Ines Moreau.
pub async fn empty() -> HttpFixture {
    // The cases name them.
    let people = [("bo", "Bo Lindqvist"), ("mei", "Mei Castellan"), ("viktor", "Viktor Šimůnek")]
        .map(|(handle, name)| PersonRef::new(handle, name));
    let server = Served::start_with_people(&people).await;
    let client = server.client(&server.url(), "ines", Timeouts::default());
    HttpFixture { client, _server: server }
}
