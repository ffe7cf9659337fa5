//! Reads properties of an X.509 certificate (RFC 5280) that rustls does not expose: its validity,
//! its common name, and its permitted uses.

use chrono::{DateTime, NaiveDateTime, Utc};

/// Tags of DER (ITU-T X.690).
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OBJECT_ID: u8 = 0x06;
const OCTET_STRING: u8 = 0x04;
const BOOLEAN: u8 = 0x01;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// The tag of the version, which may be missing.
const VERSION: u8 = 0xa0;
/// The tag of the extensions.
const EXTENSIONS: u8 = 0xa3;

/// Object ids, as they are encoded.
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
const ANY_USAGE: &[u8] = &[0x55, 0x1d, 0x25, 0x00];
const SERVER_AUTHENTICATION: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];

/// Properties of a certificate. None of them is verified.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct CertificateFacts {
    /// When it begins to be valid.
    pub not_before: DateTime<Utc>,
    /// When it ceases to be valid.
    pub not_after: DateTime<Utc>,
    /// The last common name of its subject, if it is a text.
    pub common_name: Option<String>,
    /// Whether it has alternative names. Then its common name does not count (RFC 9525, 2).
    pub has_alternative_names: bool,
    /// Whether a server may identify itself with it.
    pub is_for_servers: bool,
}

impl CertificateFacts {
    /// Reads a certificate; `None` if its bytes are no certificate.
    pub(crate) fn read(der: &[u8]) -> Option<Self> {
        let certificate = Der(der).next(SEQUENCE)?;
        let mut fields = Der(Der(certificate).next(SEQUENCE)?);
        if fields.peek() == Some(VERSION) {
            fields.next(VERSION)?;
        }
        // Serial number, algorithm of the signature, issuer.
        for _ in 0..3 {
            fields.any()?;
        }
        let mut validity = Der(fields.next(SEQUENCE)?);
        let (not_before, not_after) = (validity.time()?, validity.time()?);
        let common_name = read_common_name(fields.next(SEQUENCE)?);
        let mut facts = Self {
            not_before,
            not_after,
            common_name,
            has_alternative_names: false,
            is_for_servers: true,
        };
        while let Some((tag, content)) = fields.any() {
            if tag == EXTENSIONS {
                facts.read_extensions(Der(content).next(SEQUENCE)?)?;
            }
        }
        Some(facts)
    }

    fn read_extensions(&mut self, extensions: &[u8]) -> Option<()> {
        let mut extensions = Der(extensions);
        while !extensions.0.is_empty() {
            let mut extension = Der(extensions.next(SEQUENCE)?);
            let id = extension.next(OBJECT_ID)?;
            if extension.peek() == Some(BOOLEAN) {
                extension.next(BOOLEAN)?;
            }
            let value = extension.next(OCTET_STRING)?;
            if id == SUBJECT_ALT_NAME {
                self.has_alternative_names = true;
            } else if id == EXTENDED_KEY_USAGE {
                let mut usages = Der(Der(value).next(SEQUENCE)?);
                self.is_for_servers = false;
                while let Some((_, usage)) = usages.any() {
                    self.is_for_servers |= usage == ANY_USAGE || usage == SERVER_AUTHENTICATION;
                }
            }
        }
        Some(())
    }
}

/// Returns the last common name of a subject.
fn read_common_name(subject: &[u8]) -> Option<String> {
    let (mut sets, mut name) = (Der(subject), None);
    while !sets.0.is_empty() {
        let mut attributes = Der(sets.next(SET)?);
        while !attributes.0.is_empty() {
            let mut attribute = Der(attributes.next(SEQUENCE)?);
            let id = attribute.next(OBJECT_ID)?;
            let (_, value) = attribute.any()?;
            if id == COMMON_NAME {
                name = std::str::from_utf8(value).ok().map(str::to_owned);
            }
        }
    }
    name
}

/// The unread rest of some DER.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    /// Returns tag and content of the next value.
    fn any(&mut self) -> Option<(u8, &'a [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, mut rest) = rest.split_first()?;
        let mut length = usize::from(first);
        // The long form: the low bits count the bytes of the length.
        if first & 0x80 != 0 {
            let count = usize::from(first & 0x7f);
            if !(1..=4).contains(&count) {
                return None;
            }
            let (bytes, after) = rest.split_at_checked(count)?;
            length = bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
            rest = after;
        }
        let (content, after) = rest.split_at_checked(length)?;
        self.0 = after;
        Some((tag, content))
    }

    /// Returns the content of the next value if it has the tag.
    fn next(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.any().filter(|(found, _)| *found == tag).map(|(_, content)| content)
    }

    fn time(&mut self) -> Option<DateTime<Utc>> {
        let (tag, text) = self.any()?;
        let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
        let text = match tag {
            GENERALIZED_TIME => text.to_owned(),
            // Two digits of the year, of 1950 to 2049 (RFC 5280, 4.1.2.5.1).
            UTC_TIME if text.get(..2)?.parse::<u8>().ok()? < 50 => format!("20{text}"),
            UTC_TIME => format!("19{text}"),
            _ => return None,
        };
        NaiveDateTime::parse_from_str(&text, "%Y%m%d%H%M%S").ok().map(|time| time.and_utc())
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{
        CertificateParams, DnType, ExtendedKeyUsagePurpose as Usage, KeyPair, date_time_ymd,
    };

    use super::*;

    fn read(change: impl FnOnce(&mut CertificateParams)) -> CertificateFacts {
        let mut params = CertificateParams::new([]).unwrap();
        params.distinguished_name.push(DnType::OrganizationName, "Ours");
        params.distinguished_name.push(DnType::CommonName, "localhost");
        change(&mut params);
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        CertificateFacts::read(certificate.der()).unwrap()
    }

    #[test]
    fn times_of_both_forms_are_read() {
        for (from, to) in [((2020, 1, 2), (2030, 12, 31)), ((2049, 6, 1), (3000, 1, 1))] {
            let facts = read(|params| {
                params.not_before = date_time_ymd(from.0, from.1, from.2);
                params.not_after = date_time_ymd(to.0, to.1, to.2);
            });
            let text = |(year, month, day)| format!("{year:04}-{month:02}-{day:02}");
            assert_eq!(facts.not_before.format("%Y-%m-%d").to_string(), text(from));
            assert_eq!(facts.not_after.format("%Y-%m-%d").to_string(), text(to));
        }
    }

    #[test]
    fn names_and_usages_are_read() {
        let plain = read(|_| {});
        assert_eq!(plain.common_name.as_deref(), Some("localhost"));
        assert!(!plain.has_alternative_names && plain.is_for_servers);
        let named = read(|params| {
            params.subject_alt_names =
                CertificateParams::new(["a.example".to_owned()]).unwrap().subject_alt_names;
            params.extended_key_usages = vec![Usage::ClientAuth];
        });
        assert!(named.has_alternative_names && !named.is_for_servers);
        let both =
            read(|params| params.extended_key_usages = vec![Usage::ClientAuth, Usage::ServerAuth]);
        assert!(both.is_for_servers);
    }

    #[test]
    fn bytes_that_are_no_certificate_are_refused() {
        let params = CertificateParams::new(["a.example".to_owned()]).unwrap();
        let der = params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec();
        // The signature at the end is not read.
        for length in 0..der.len() - 200 {
            assert_eq!(CertificateFacts::read(&der[..length]), None, "{length}");
        }
        for byte in 0..60 {
            let mut wrong = der.clone();
            wrong[byte] ^= 0xff;
            CertificateFacts::read(&wrong);
        }
    }
}
