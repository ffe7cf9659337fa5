//! The keys of incidents that continue an earlier one of their group.

use crate::model::{IncidentId, IncidentNumber};

/// The suffix of a group's key in the key of an incident that continues another.
pub(super) const CONTINUED: &str = " (continued ";

/// The incident that a new one continues.
#[derive(Clone, Copy)]
pub(super) struct Continues<'a> {
    /// The key by which the new one is found.
    pub key: &'a str,
    /// The earlier incident.
    pub earlier: IncidentId,
    /// Its number.
    pub number: Option<IncidentNumber>,
}

/// Returns the keys between which those of incidents are that continue one of a group.
pub(super) fn continued_range(group: &str) -> (String, String) {
    (format!("{group}{CONTINUED}0"), format!("{group}{CONTINUED}:"))
}

/// Returns which incident of a group has a key: 1 for the first, `None` for another group.
pub(super) fn generation(group: &str, key: &str) -> Option<u32> {
    let rest = key.strip_prefix(group)?;
    if rest.is_empty() {
        return Some(1);
    }
    let number = rest.strip_prefix(CONTINUED)?.strip_suffix(')')?;
    number.parse().ok().filter(|_| number.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("zabbix:1", Some(1))]
    #[case("zabbix:1 (continued 2)", Some(2))]
    #[case("zabbix:1 (continued 12)", Some(12))]
    #[case("zabbix:1 (continued 2) (continued 2)", None)]
    #[case("zabbix:1 (continued +2)", None)]
    #[case("zabbix:12", None)]
    #[case("zabbix", None)]
    fn incidents_of_a_group_are_recognized(#[case] key: &str, #[case] expected: Option<u32>) {
        assert_eq!(generation("zabbix:1", key), expected);
    }

    #[test]
    fn keys_that_continue_a_group_are_in_its_range() {
        let (from, to) = continued_range("zabbix:1");
        for number in [2, 10, 99] {
            let key = format!("zabbix:1{CONTINUED}{number})");
            assert!(from < key && key < to, "{key}");
        }
        assert!(from.as_str() > "zabbix:1");
    }
}
