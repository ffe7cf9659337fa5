//! Headers of the API.

/// Sent with each response to a caller with a token: the present position of the store, as a mark
/// that the store has signed ([`crate::backend::StoreMark`]).
pub const STORE: &str = "redphone-store";
/// Sent with each request: the highest mark that the client has received. By it a store detects
/// that it was restored from a copy, and a server refuses commands that were meant for another
/// store.
pub const SEEN: &str = "redphone-seen";
