//! The kind of a notification.

use crate::model::status::growing_enum;

growing_enum! {
    /// The kind of a notification.
    MessageKind, "kind of message" {
        /// Somebody is called because an incident needs an acknowledgement.
        Page = "page",
        /// Something about an incident has changed.
        Update = "update",
        /// Something must not be forgotten.
        Reminder = "reminder",
        /// An incident has ended.
        Resolved = "resolved",
        /// A person is asked to join the response in a role.
        RoleRequest = "role_request",
        /// Somebody tries out whether a contact works.
        Test = "test",
    }
}
