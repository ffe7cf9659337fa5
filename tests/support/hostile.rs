//! Records in which every text means harm.

use redphone::model::unknown::strictly;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Control sequences, line ends, text that runs backwards, and text without a width.
pub const TEXT: &str = "\u{1b}]0;x\u{7}\u{9b}2J\r\n\t\u{202e}l\u{200b}\u{feff}\u{2067}e\u{301}\u{301}\u{301}\u{301}🇫🇷👩\u{200d}🚒❤\u{fe0f}決\u{e000}";

/// Puts [`TEXT`] before every string of a record that may be any text: others, such as times, ids and
/// the values that this version defines, stay as they are.
pub fn harmful<T: Serialize + DeserializeOwned>(record: &T) -> T {
    strictly(|| changed(record))
}

/// Like [`harmful`], but changes also values such as a status: those of a later version may be any
/// text.
pub fn harmful_values<T: Serialize + DeserializeOwned>(record: &T) -> T {
    changed(record)
}

fn changed<T: Serialize + DeserializeOwned>(record: &T) -> T {
    let mut value = serde_json::to_value(record).expect("a record can be written");
    for path in string_paths(&value, "") {
        let Some(place) = value.pointer_mut(&path) else { continue };
        let before = place.take();
        *place = format!("{TEXT}{}", before.as_str().unwrap_or_default()).into();
        if serde_json::from_value::<T>(value.clone()).is_err()
            && let Some(place) = value.pointer_mut(&path)
        {
            *place = before;
        }
    }
    serde_json::from_value(value).expect("what could not be read was left out")
}

/// The paths of all strings in a value, as JSON pointers.
fn string_paths(value: &Value, path: &str) -> Vec<String> {
    match value {
        Value::String(_) => vec![path.to_owned()],
        Value::Array(items) => items
            .iter()
            .enumerate()
            .flat_map(|(index, item)| string_paths(item, &format!("{path}/{index}")))
            .collect(),
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, field)| {
                let name = name.replace('~', "~0").replace('/', "~1");
                string_paths(field, &format!("{path}/{name}"))
            })
            .collect(),
        _ => Vec::new(),
    }
}
