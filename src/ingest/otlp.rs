//! Logs of OpenTelemetry in protobuf, as the JSON in which they may be sent as well.
//!
//! Only the fields that a mapping can read are decoded; others are skipped, as a later version may have
//! added them.

use serde_json::{Map, Number, Value};

use super::error::IngestError;

/// How deep values may be nested in each other.
const MAX_DEPTH: usize = 16;
/// The maximum number of values that are read. More of them would take much more memory than the
/// message.
const MAX_VALUES: usize = 500_000;

/// Decodes the request by which an exporter sends logs.
///
/// # Errors
/// It is no such request.
pub(super) fn decode_logs(body: &[u8]) -> Result<Value, IngestError> {
    let mut decoder = Decoder { values: 0 };
    let mut logs = Vec::new();
    for field in Fields::new(body) {
        if let (1, Content::Bytes(bytes)) = field? {
            logs.push(decoder.resource_logs(bytes)?);
        }
    }
    Ok(object([("resourceLogs", Some(Value::Array(logs)))]))
}

/// The content of a field.
enum Content<'a> {
    Varint(u64),
    Fixed64(u64),
    Fixed32,
    Bytes(&'a [u8]),
}

/// The fields of a message, each with its number.
struct Fields<'a> {
    rest: &'a [u8],
    has_failed: bool,
}

impl<'a> Fields<'a> {
    fn new(message: &'a [u8]) -> Self {
        Self { rest: message, has_failed: false }
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..70).step_by(7) {
            let (first, rest) = self.rest.split_first()?;
            self.rest = rest;
            let bits = u64::from(first & 0x7f);
            if shift == 63 && bits > 1 {
                return None;
            }
            value |= bits << shift;
            if first & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(bytes)
    }

    fn field(&mut self) -> Option<(u64, Content<'a>)> {
        let tag = self.varint()?;
        let number = tag >> 3;
        if number == 0 {
            return None;
        }
        let content = match tag & 7 {
            0 => Content::Varint(self.varint()?),
            1 => Content::Fixed64(u64::from_le_bytes(self.bytes(8)?.try_into().ok()?)),
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                Content::Bytes(self.bytes(length)?)
            }
            5 => {
                self.bytes(4)?;
                Content::Fixed32
            }
            _ => return None,
        };
        Some((number, content))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Content<'a>), IngestError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() || self.has_failed {
            return None;
        }
        let field = self.field().ok_or(IngestError::NotProtobuf);
        self.has_failed = field.is_err();
        Some(field)
    }
}

/// Counts the values that it decodes.
struct Decoder {
    values: usize,
}

impl Decoder {
    fn resource_logs(&mut self, message: &[u8]) -> Result<Value, IngestError> {
        let (mut resource, mut scopes) = (Value::Null, Vec::new());
        for field in Fields::new(message) {
            match field? {
                (1, Content::Bytes(bytes)) => {
                    resource = object([("attributes", Some(self.key_values(bytes, 1, 0)?))]);
                }
                (2, Content::Bytes(bytes)) => scopes.push(self.scope_logs(bytes)?),
                _ => {}
            }
        }
        let resource = Some(resource).filter(|resource| !resource.is_null());
        Ok(object([("resource", resource), ("scopeLogs", Some(Value::Array(scopes)))]))
    }

    fn scope_logs(&mut self, message: &[u8]) -> Result<Value, IngestError> {
        let (mut scope, mut records) = (None, Vec::new());
        for field in Fields::new(message) {
            match field? {
                (1, Content::Bytes(bytes)) => {
                    let mut texts = [None, None];
                    for field in Fields::new(bytes) {
                        match field? {
                            (1, Content::Bytes(text)) => texts[0] = Some(self.text(text)?),
                            (2, Content::Bytes(text)) => texts[1] = Some(self.text(text)?),
                            _ => {}
                        }
                    }
                    let [name, version] = texts;
                    scope = Some(object([("name", name), ("version", version)]));
                }
                (2, Content::Bytes(bytes)) => records.push(self.record(bytes)?),
                _ => {}
            }
        }
        Ok(object([("scope", scope), ("logRecords", Some(Value::Array(records)))]))
    }

    fn record(&mut self, message: &[u8]) -> Result<Value, IngestError> {
        self.count()?;
        let mut members = Map::new();
        let mut attributes = Vec::new();
        for field in Fields::new(message) {
            let (name, value) = match field? {
                (1, Content::Fixed64(time)) => ("timeUnixNano", Value::from(time.to_string())),
                (2, Content::Varint(number)) => ("severityNumber", Value::from(number)),
                (3, Content::Bytes(text)) => ("severityText", self.text(text)?),
                (5, Content::Bytes(value)) => ("body", self.any(value, 0)?),
                (6, Content::Bytes(pair)) => {
                    attributes.push(self.key_value(pair, 0)?);
                    continue;
                }
                (9, Content::Bytes(id)) => ("traceId", Value::from(hex::encode(id))),
                (10, Content::Bytes(id)) => ("spanId", Value::from(hex::encode(id))),
                (11, Content::Fixed64(time)) => {
                    ("observedTimeUnixNano", Value::from(time.to_string()))
                }
                (12, Content::Bytes(text)) => ("eventName", self.text(text)?),
                _ => continue,
            };
            members.insert(name.to_owned(), value);
        }
        members.insert("attributes".to_owned(), Value::Array(attributes));
        Ok(Value::Object(members))
    }

    /// Decodes the pairs in the field `number` of a message.
    fn key_values(
        &mut self,
        message: &[u8],
        number: u64,
        depth: usize,
    ) -> Result<Value, IngestError> {
        let mut pairs = Vec::new();
        for field in Fields::new(message) {
            if let (found, Content::Bytes(pair)) = field?
                && found == number
            {
                pairs.push(self.key_value(pair, depth)?);
            }
        }
        Ok(Value::Array(pairs))
    }

    fn key_value(&mut self, message: &[u8], depth: usize) -> Result<Value, IngestError> {
        let (mut key, mut value) = (None, None);
        for field in Fields::new(message) {
            match field? {
                (1, Content::Bytes(text)) => key = Some(self.text(text)?),
                (2, Content::Bytes(bytes)) => value = Some(self.any(bytes, depth + 1)?),
                _ => {}
            }
        }
        Ok(object([("key", key), ("value", value)]))
    }

    fn any(&mut self, message: &[u8], depth: usize) -> Result<Value, IngestError> {
        self.count()?;
        if depth > MAX_DEPTH {
            return Err(IngestError::NotProtobuf);
        }
        let mut members = Map::new();
        for field in Fields::new(message) {
            let (name, value) = match field? {
                (1, Content::Bytes(text)) => ("stringValue", self.text(text)?),
                (2, Content::Varint(flag)) => ("boolValue", Value::from(flag != 0)),
                // A number of 64 bits is a text in JSON.
                (3, Content::Varint(number)) => {
                    ("intValue", Value::from(number.cast_signed().to_string()))
                }
                (4, Content::Fixed64(bits)) => {
                    let number = Number::from_f64(f64::from_bits(bits));
                    ("doubleValue", number.map_or(Value::Null, Value::Number))
                }
                (5, Content::Bytes(list)) => {
                    let mut values = Vec::new();
                    for field in Fields::new(list) {
                        if let (1, Content::Bytes(value)) = field? {
                            values.push(self.any(value, depth + 1)?);
                        }
                    }
                    ("arrayValue", object([("values", Some(Value::Array(values)))]))
                }
                (6, Content::Bytes(list)) => {
                    let pairs = self.key_values(list, 1, depth + 1)?;
                    ("kvlistValue", object([("values", Some(pairs))]))
                }
                (7, Content::Bytes(bytes)) => ("bytesValue", Value::from(hex::encode(bytes))),
                _ => continue,
            };
            // The last one counts, as for any non-repeated field.
            members.clear();
            members.insert(name.to_owned(), value);
        }
        Ok(Value::Object(members))
    }

    fn text(&mut self, bytes: &[u8]) -> Result<Value, IngestError> {
        self.count()?;
        std::str::from_utf8(bytes).map(Value::from).map_err(|_| IngestError::NotProtobuf)
    }

    fn count(&mut self) -> Result<(), IngestError> {
        self.values += 1;
        if self.values > MAX_VALUES {
            return Err(IngestError::TooMany { count: self.values, max: MAX_VALUES });
        }
        Ok(())
    }
}

/// Returns an object of the present members.
fn object<const N: usize>(members: [(&str, Option<Value>); N]) -> Value {
    let members = members.into_iter();
    Value::Object(members.filter_map(|(name, value)| Some((name.to_owned(), value?))).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn varint(mut number: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        while number >= 0x80 {
            bytes.push(u8::try_from(number & 0x7f).unwrap() | 0x80);
            number >>= 7;
        }
        bytes.push(u8::try_from(number).unwrap());
        bytes
    }

    /// Encodes a field with bytes.
    fn bytes(number: u64, content: &[u8]) -> Vec<u8> {
        [varint(number << 3 | 2), varint(content.len() as u64), content.to_vec()].concat()
    }

    fn number(field: u64, number: u64) -> Vec<u8> {
        [varint(field << 3), varint(number)].concat()
    }

    fn fixed(field: u64, number: u64) -> Vec<u8> {
        [varint(field << 3 | 1), number.to_le_bytes().to_vec()].concat()
    }

    fn pair(key: &str, value: &[u8]) -> Vec<u8> {
        [bytes(1, key.as_bytes()), bytes(2, value)].concat()
    }

    fn logs(record: &[u8]) -> Vec<u8> {
        let resource = bytes(1, &pair("service.name", &bytes(1, b"checkout")));
        let scope = [bytes(1, &bytes(1, b"app")), bytes(2, record)].concat();
        bytes(1, &[bytes(1, &resource), bytes(2, &scope)].concat())
    }

    #[test]
    fn request_becomes_the_json_of_the_same_logs() {
        let list = bytes(5, &bytes(1, &number(3, u64::MAX)));
        let record = [
            fixed(1, 1_772_000_000_000_000_000),
            number(2, 17),
            bytes(3, b"ERROR"),
            bytes(5, &bytes(1, b"payment failed")),
            bytes(6, &pair("attempt", &number(3, 7))),
            bytes(6, &pair("ok", &number(2, 0))),
            bytes(6, &pair("ratio", &fixed(4, 0.5_f64.to_bits()))),
            bytes(6, &pair("list", &list)),
            bytes(9, &[0xab; 16]),
            bytes(12, b"payment.failed"),
            // Fields of a later version.
            bytes(99, b"new"),
            [varint(98 << 3 | 5), vec![1, 2, 3, 4]].concat(),
        ]
        .concat();
        assert_eq!(
            decode_logs(&logs(&record)),
            Ok(json!({"resourceLogs": [{
                "resource": {
                    "attributes": [{"key": "service.name", "value": {"stringValue": "checkout"}}],
                },
                "scopeLogs": [{"scope": {"name": "app"}, "logRecords": [{
                    "timeUnixNano": "1772000000000000000", "severityNumber": 17,
                    "severityText": "ERROR", "body": {"stringValue": "payment failed"},
                    "attributes": [
                        {"key": "attempt", "value": {"intValue": "7"}},
                        {"key": "ok", "value": {"boolValue": false}},
                        {"key": "ratio", "value": {"doubleValue": 0.5}},
                        {"key": "list", "value": {"arrayValue": {"values": [{"intValue": "-1"}]}}},
                    ],
                    "traceId": "abababababababababababababababab", "eventName": "payment.failed",
                }]}],
            }]}))
        );
        assert_eq!(decode_logs(&[]), Ok(json!({"resourceLogs": []})));
    }

    #[rstest]
    #[case::cut(&[0x0a, 0x05, 0x01])]
    #[case::group(&[0x0b])]
    #[case::zero(&[0x02, 0x00])]
    #[case::long(&[0xff; 12])]
    #[case::json(b"{\"resourceLogs\":[]}")]
    fn other_bytes_are_refused(#[case] body: &[u8]) {
        assert_eq!(decode_logs(body), Err(IngestError::NotProtobuf));
    }

    #[test]
    fn deep_values_are_refused() {
        let mut value = number(2, 1);
        for _ in 0..40 {
            value = bytes(5, &bytes(1, &value));
        }
        assert_eq!(decode_logs(&logs(&bytes(5, &value))), Err(IngestError::NotProtobuf));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(body in any::<Vec<u8>>()) {
            decode_logs(&body).ok();
            decode_logs(&logs(&body)).ok();
        }
    }
}
