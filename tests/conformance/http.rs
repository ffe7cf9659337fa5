//! The API's client as the suite needs it: a real server over a real file behind it.

use redphone::backend::http::{HttpBackend, Timeouts};

use crate::support::served::Served;

/// A client and its server.
pub struct Place {
    pub client: HttpBackend,
    _server: Served,
}

/// A client of a new server, as Ines Moreau.
pub async fn empty() -> Place {
    let server = Served::start().await;
    let client = server.client(&server.url(), "ines", Timeouts::default());
    Place { client, _server: server }
}
