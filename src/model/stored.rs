//! The numbers by which values are stored: in the rows of a store, and in marks of pages.
//!
//! Numbers never change, whatever the order of the variants is: files and marks of other versions
//! have them. A new variant gets the next number.

use super::priority::{Level, Priority};
use super::status::{Category, Source, Status};

/// The number stored for a value of a later version, whose text is stored elsewhere.
pub const UNKNOWN: u8 = u8::MAX;

/// Gives an enum `to_stored` and `from_stored` by a table of all its variants.
macro_rules! stored_as {
    ($name:ident { $($variant:ident = $number:literal),+ $(,)? }) => {
        impl $name {
            /// Returns the number by which the value is stored; [`UNKNOWN`] for one of a later
            /// version.
            #[must_use]
            pub const fn to_stored(self) -> u8 {
                match self {
                    $(Self::$variant => $number,)+
                    Self::Unknown(_) => UNKNOWN,
                }
            }

            /// Returns the value for a stored number; `None` if there is none.
            #[must_use]
            pub const fn from_stored(number: u8) -> Option<Self> {
                match number {
                    $($number => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}

// The numbers of open incidents are below those of others: queries select by that.
stored_as! {
    Status {
        Triggered = 0,
        Acknowledged = 1,
        Investigating = 2,
        Identified = 3,
        Monitoring = 4,
        Resolved = 5,
        Closed = 6,
        Merged = 7,
        Reclassified = 8,
    }
}

stored_as! { Priority { P1 = 0, P2 = 1, P3 = 2, P4 = 3 } }

stored_as! { Level { High = 0, Medium = 1, Low = 2 } }

// 0 is stored for an incident without a category.
stored_as! {
    Category { Application = 1, Infrastructure = 2, Performance = 3, Security = 4, Access = 5 }
}

stored_as! {
    Source { Monitoring = 0, UserReport = 1, Support = 2, Internal = 3, Partner = 4 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_numbers_are_those_of_all_versions() {
        use Status::{
            Acknowledged, Closed, Identified, Investigating, Merged, Monitoring, Reclassified,
            Resolved, Triggered,
        };
        let stages = [Triggered, Acknowledged, Investigating, Identified, Monitoring];
        let ended = [Resolved, Closed, Merged, Reclassified];
        assert_eq!(stages.map(Status::to_stored), [0, 1, 2, 3, 4]);
        assert_eq!(ended.map(Status::to_stored), [5, 6, 7, 8]);
        assert_eq!(Priority::ALL.map(Priority::to_stored), [0, 1, 2, 3]);
        assert_eq!([Level::High, Level::Medium, Level::Low].map(Level::to_stored), [0, 1, 2]);
        let categories = [
            (Category::Application, 1),
            (Category::Infrastructure, 2),
            (Category::Performance, 3),
            (Category::Security, 4),
            (Category::Access, 5),
        ];
        assert!(categories.iter().all(|(category, number)| category.to_stored() == *number));
        let sources = [
            (Source::Monitoring, 0),
            (Source::UserReport, 1),
            (Source::Support, 2),
            (Source::Internal, 3),
            (Source::Partner, 4),
        ];
        assert!(sources.iter().all(|(source, number)| source.to_stored() == *number));
    }

    #[test]
    fn stored_numbers_are_read_back() {
        fn check<T: PartialEq>(all: &[T], to: fn(&T) -> u8, from: fn(u8) -> Option<T>) {
            assert!(all.iter().all(|value| from(to(value)).as_ref() == Some(value)));
            assert!(from(u8::MAX).is_none());
        }
        check(Status::ALL, |value| value.to_stored(), Status::from_stored);
        check(&Priority::ALL, |value| value.to_stored(), Priority::from_stored);
        check(&Level::ALL, |value| value.to_stored(), Level::from_stored);
        check(Category::ALL, |value| value.to_stored(), Category::from_stored);
        check(Source::ALL, |value| value.to_stored(), Source::from_stored);
    }

    #[test]
    fn open_incidents_have_the_lowest_stored_numbers() {
        for status in Status::ALL {
            assert_eq!(status.is_open(), status.to_stored() < 5, "{status}");
        }
    }
}
