//! Headers of the API.

/// Sent with each response to a caller with a token: the present position of the store, as a mark
/// that the store has signed ([`crate::backend::StoreMark`]).
pub const STORE: &str = "redphone-store";
/// Sent with each request by a program that keeps and shows values that it does not know, such as the
/// kind of an event. Programs of version 0.1.0 do not; they are answered with values that they know.
pub const TOLERATES_UNKNOWN: &str = "redphone-tolerates-unknown";
/// Sent with each request: the highest mark that the client has received. By it a store detects
/// that it was restored from a copy, and a server refuses commands that were meant for another
/// store.
pub const SEEN: &str = "redphone-seen";
