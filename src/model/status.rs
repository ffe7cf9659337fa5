//! The lifecycle of incidents, and the fields that have a fixed set of values.

/// Defines an enum whose variants have fixed texts, with `ALL`, `as_str`, `Display` and `FromStr`.
///
/// Each variant has the text that is shown, and aliases that are accepted too. Parsing ignores case
/// and treats `_` and `-` as spaces.
macro_rules! text_enum {
    ($(#[$doc:meta])* $name:ident, $field:literal { $($(#[$vdoc:meta])* $variant:ident = $word:literal $(| $alias:literal)*),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, ::serde::Serialize, ::serde::Deserialize, ::utoipa::ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            $($(#[$vdoc])* $variant),+
        }

        impl $name {
            /// All variants, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Returns the text that is shown and accepted.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::model::priority::UnknownValue;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let folded = text.to_ascii_lowercase().replace(['_', '-'], " ");
                match folded.as_str() {
                    $($word $(| $alias)* => Ok(Self::$variant),)+
                    _ => Err($crate::model::priority::UnknownValue::new(text, $field, &[$($word),+])),
                }
            }
        }
    };
}
pub(crate) use text_enum;

text_enum! {
    /// The status of an incident. The first seven are in the order of the lifecycle.
    Status, "status" {
        /// Reported; nobody has acknowledged it.
        Triggered = "triggered",
        /// Somebody has seen it and is responsible for it.
        Acknowledged = "acknowledged" | "acked" | "ack",
        /// The cause is being investigated.
        Investigating = "investigating",
        /// The cause is known.
        Identified = "identified",
        /// A fix is in; its effect is being watched.
        Monitoring = "monitoring",
        /// Service is restored and that has been validated.
        Resolved = "resolved",
        /// The closing gate was passed.
        Closed = "closed",
        /// The incident ended because it continues in another one.
        Merged = "merged",
        /// The incident ended because it was none.
        Reclassified = "reclassified",
    }
}

impl Status {
    /// The seven stages of the lifecycle, in order.
    pub const STAGES: [Self; 7] = [
        Self::Triggered,
        Self::Acknowledged,
        Self::Investigating,
        Self::Identified,
        Self::Monitoring,
        Self::Resolved,
        Self::Closed,
    ];

    /// Returns whether somebody still has to restore service: triggered to monitoring.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(
            self,
            Self::Triggered
                | Self::Acknowledged
                | Self::Investigating
                | Self::Identified
                | Self::Monitoring
        )
    }

    /// Returns the position in the lifecycle; `None` for merged and reclassified.
    #[must_use]
    pub fn stage(self) -> Option<usize> {
        Self::STAGES.iter().position(|stage| *stage == self)
    }
}

text_enum! {
    /// The kind of fault.
    Category, "category" {
        /// The product's own code.
        Application = "application" | "app",
        /// Machines, networks or platforms that the product runs on.
        Infrastructure = "infrastructure" | "infra",
        /// The product works, but too slowly.
        Performance = "performance" | "perf",
        /// Confidentiality, integrity or abuse.
        Security = "security" | "sec",
        /// People or programs can't get in.
        Access = "access",
    }
}

text_enum! {
    /// How an incident was detected.
    Source, "source" {
        /// An alert of a monitoring system.
        Monitoring = "monitoring",
        /// A user reported it.
        UserReport = "user report" | "user",
        /// The support desk reported it.
        Support = "support",
        /// A colleague reported it.
        Internal = "internal",
        /// A partner or supplier reported it.
        Partner = "partner",
    }
}

text_enum! {
    /// Roles besides the assignee.
    Role, "role" {
        /// Leads and coordinates the response.
        IncidentManager = "incident manager" | "manager" | "im",
        /// Informs and answers the stakeholders.
        Communications = "communications" | "comms",
        /// Keeps the record of the response.
        Scribe = "scribe",
        /// Works on the fix.
        Resolver = "resolver" | "resolvers",
    }
}

text_enum! {
    /// The kind of action that restored service.
    ResolutionAction, "action" {
        /// A change was reverted.
        Rollback = "rollback",
        /// Something was started again.
        Restart = "restart",
        /// A setting was changed.
        ConfigFix = "config fix" | "config",
        /// The capacity was increased.
        Scale = "scale",
        /// The code was fixed.
        Patch = "patch",
        /// An attacker or an account was shut out.
        BlockAccess = "block access" | "block",
        /// Anything else; the detail says what.
        Other = "other",
    }
}

text_enum! {
    /// What an incident turned out to be instead.
    Classification, "classification" {
        /// A routine request to the team.
        ServiceRequest = "service request" | "request",
        /// A modification that was planned.
        Change = "change",
        /// An underlying cause, tracked as a problem.
        Problem = "problem",
        /// Nothing was wrong with the service.
        FalseAlarm = "false alarm",
    }
}
