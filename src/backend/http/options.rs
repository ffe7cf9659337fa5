//! How a remote API is reached.

use std::path::PathBuf;
use std::time::Duration;

use super::address::Address;
use super::proxy::ProxySettings;
use super::token::TokenSource;

/// Settings for reaching a remote API.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Options {
    /// The base URL of the API.
    pub address: Address,
    /// Where the token is read from.
    pub token: TokenSource,
    /// A PEM file with certificates of authorities. If set, only these authorities are trusted and
    /// none of the system's, so that nobody else can vouch for a private host.
    pub ca_file: Option<PathBuf>,
    /// Whether the token may be sent without TLS to another machine.
    pub insecure_http: bool,
    /// Which proxy to use.
    pub proxies: ProxySettings,
    /// Time limits of the steps of a request.
    pub timeouts: Timeouts,
}

/// Time limits of the steps of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Timeouts {
    /// For making a connection, including name lookup and the TLS handshake.
    pub connect: Duration,
    /// From then until the response begins, in addition to the wait that the request contains.
    pub response: Duration,
    /// Between two chunks of a response body.
    pub chunk: Duration,
    /// For the complete response body.
    pub body: Duration,
    /// From the beginning of a request until its response begins, as long as the server has answered
    /// none: the server may accept connections and never answer.
    pub first: FirstAnswer,
}

/// Time limits as long as a server has answered no request, including making the connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FirstAnswer {
    /// For the capabilities, which every server has ready.
    pub capabilities: Duration,
    /// For the request after one that was not answered; for each further one twice as long as for the one
    /// before, so that a slow link is not taken for a silent server for ever.
    pub after_silence: Duration,
}

/// How often the limit after a request that was not answered is doubled: it is then above the usual one.
const MAX_DOUBLINGS: u32 = 3;

/// What is known of a server.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Contact {
    /// No request was answered yet.
    #[default]
    Unknown,
    /// No request was answered, and as many more than one as the number says were not in time.
    Silent(u32),
    /// A request was answered.
    Answered,
}

/// How long a request may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct RequestLimit {
    /// From its beginning until its response begins.
    pub total: Duration,
    /// The part of it that a person is told: without the connection, which has a limit of its own.
    pub reported: Duration,
}

impl Timeouts {
    /// Returns the time until a response must have begun, including making the connection.
    #[must_use]
    pub fn request(&self) -> Duration {
        self.connect + self.response
    }

    /// Returns the limit of a request that the server may hold for `wait`.
    pub(super) fn limit(
        &self,
        contact: Contact,
        is_capabilities: bool,
        wait: Duration,
    ) -> RequestLimit {
        let reported = self.response + wait;
        let usual = RequestLimit { total: self.connect + reported, reported };
        let first = match contact {
            Contact::Silent(more) => {
                self.first.after_silence * 2_u32.pow(more.min(MAX_DOUBLINGS)) + wait
            }
            Contact::Unknown if is_capabilities => self.first.capabilities,
            Contact::Unknown | Contact::Answered => return usual,
        };
        if first < usual.total { RequestLimit { total: first, reported: first } } else { usual }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            response: Duration::from_secs(20),
            chunk: Duration::from_secs(15),
            body: Duration::from_mins(1),
            first: FirstAnswer {
                capabilities: Duration::from_secs(12),
                after_silence: Duration::from_secs(5),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(Contact::Unknown, true, 0, (12, 12))]
    #[case(Contact::Unknown, false, 0, (30, 20))]
    #[case(Contact::Silent(0), true, 0, (5, 5))]
    #[case(Contact::Silent(0), false, 25, (30, 30))]
    #[case(Contact::Silent(1), false, 0, (10, 10))]
    #[case(Contact::Silent(3), false, 0, (30, 20))]
    #[case(Contact::Silent(u32::MAX), false, 0, (30, 20))]
    #[case(Contact::Answered, true, 0, (30, 20))]
    #[case(Contact::Answered, false, 25, (55, 45))]
    fn silent_server_is_awaited_for_a_shorter_time(
        #[case] contact: Contact,
        #[case] is_capabilities: bool,
        #[case] wait: u64,
        #[case] expected: (u64, u64),
    ) {
        let (total, reported) = expected;
        let seconds = Duration::from_secs;
        let limit = Timeouts::default().limit(contact, is_capabilities, seconds(wait));
        assert_eq!(limit, RequestLimit { total: seconds(total), reported: seconds(reported) });
    }

    #[test]
    fn shorter_limit_of_a_response_counts() {
        let short = Duration::from_millis(100);
        let timeouts = Timeouts { connect: short, response: short, ..Timeouts::default() };
        for contact in [Contact::Unknown, Contact::Silent(0)] {
            let limit = timeouts.limit(contact, true, Duration::ZERO);
            assert_eq!(limit, RequestLimit { total: 2 * short, reported: short });
        }
    }
}
