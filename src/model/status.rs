//! The lifecycle of incidents, and the fields whose values are fixed texts.

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
            /// Returns the text that is shown and accepted.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }
        }

        $crate::model::status::parsed_enum!($name, $field { $($variant = $word $(| $alias)*),+ });
    };
}
pub(crate) use text_enum;

/// Defines an enum as [`text_enum`] does, to which later versions may add values: those are read as
/// its variant `Unknown` and written again. Only the values of this version are parsed from user
/// input. On the wire and in stores a value has its name in snake case, unless `as` gives it
/// another one.
macro_rules! growing_enum {
    ($(#[$doc:meta])* $name:ident, $field:literal { $($(#[$vdoc:meta])* $variant:ident = $word:literal $(as $stored:tt)? $(| $alias:literal)*),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum $name {
            $($(#[$vdoc])* $variant,)+
            /// A value of a later version, by its name.
            Unknown($crate::model::unknown::Word),
        }

        impl $name {
            /// Returns the text that is shown and accepted. That of an unknown value is sanitized.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                    Self::Unknown(word) => word.label(),
                }
            }
        }

        $crate::model::status::parsed_enum!($name, $field { $($variant = $word $(| $alias)*),+ });
        $crate::model::status::growing_serde!("snake_case", $(#[$doc])* $name { $($(#[$vdoc])* $variant $(as $stored)?),+ });
    };
}
pub(crate) use growing_enum;

/// Gives an enum with fixed texts `ALL`, `is_unknown`, `Display` and `FromStr`.
macro_rules! parsed_enum {
    ($name:ident, $field:literal { $($variant:ident = $word:literal $(| $alias:literal)*),+ }) => {
        impl $name {
            /// All variants, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
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
pub(crate) use parsed_enum;

/// Implements serialization and the schema of an enum with a variant `Unknown` for the names of
/// later versions, and `is_unknown`.
macro_rules! growing_serde {
    ($case:tt, $(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident $(as $stored:tt)?),+ }) => {
        impl $name {
            /// Returns whether the value is one of a later version.
            #[must_use]
            pub const fn is_unknown(self) -> bool {
                matches!(self, Self::Unknown(_))
            }
        }

        const _: () = {
            use ::serde::de::IntoDeserializer;
            use ::serde::{Deserialize, Deserializer, Serialize, Serializer};

            $(#[$doc])*
            #[derive(Clone, Copy, Serialize, Deserialize, ::utoipa::ToSchema)]
            #[serde(rename_all = $case)]
            enum Defined {
                $($(#[$vdoc])* $(#[serde(rename = $stored)])? $variant),+
            }

            impl From<Defined> for $name {
                fn from(defined: Defined) -> Self {
                    match defined {
                        $(Defined::$variant => Self::$variant),+
                    }
                }
            }

            impl Serialize for $name {
                fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                    match self {
                        $(Self::$variant => Defined::$variant.serialize(to),)+
                        Self::Unknown(word) => word.serialize(to),
                    }
                }
            }

            impl<'de> Deserialize<'de> for $name {
                fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                    if $crate::model::unknown::is_strict() {
                        return Defined::deserialize(from).map(Self::from);
                    }
                    $crate::model::unknown::read_text(from, |text| {
                        let name: ::serde::de::value::StrDeserializer<'_, ::serde::de::value::Error> =
                            text.into_deserializer();
                        Defined::deserialize(name).map_or_else(
                            |_| Self::Unknown($crate::model::unknown::Word::new(text)),
                            Self::from,
                        )
                    })
                }
            }

            impl ::utoipa::PartialSchema for $name {
                fn schema() -> ::utoipa::openapi::RefOr<::utoipa::openapi::schema::Schema> {
                    $crate::model::unknown::extensible(
                        <Defined as ::utoipa::PartialSchema>::schema(),
                    )
                }
            }

            impl ::utoipa::ToSchema for $name {}
        };
    };
}
pub(crate) use growing_serde;

growing_enum! {
    /// The status of an incident. The first seven are in the order of the lifecycle.
    Status, "status" {
        /// Reported, not yet acknowledged.
        Triggered = "triggered",
        /// A person has seen it and is responsible for it.
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

    /// Returns whether service still has to be restored: triggered to monitoring. A status of a
    /// later version counts as open, so that nobody overlooks the incident.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(
            self,
            Self::Triggered
                | Self::Acknowledged
                | Self::Investigating
                | Self::Identified
                | Self::Monitoring
                | Self::Unknown(_)
        )
    }

    /// Returns the position in the lifecycle; `None` for merged, reclassified and unknown.
    #[must_use]
    pub fn stage(self) -> Option<usize> {
        Self::STAGES.iter().position(|stage| *stage == self)
    }
}

growing_enum! {
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

growing_enum! {
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

growing_enum! {
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

growing_enum! {
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
        /// Any other source; the detail describes it.
        Other = "other",
    }
}

growing_enum! {
    /// The kind of thing that an incident turned out to be instead.
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
