//! Services that are named and not in the directory, which a backend may list.

/// A backend does not list unknown services.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("this lists no unknown services: it is older than this redphone, or has no store")]
pub struct NoUnknownServices;
