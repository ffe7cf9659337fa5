//! The bytes of a frame made fewer.
//!
//! The driver writes both colours where one has changed, the 16 basic ones as colours of 256 (which
//! terminals of 16 do not understand), and three sequences at the end where one does.

/// What the driver ends a frame with, and what does the same.
const END: &[u8] = b"\x1b[39m\x1b[49m\x1b[0m";
const BRIEF_END: &[u8] = b"\x1b[m";

/// The default colours, which a frame begins with.
const FORE: &[u8] = b"39";
const BACK: &[u8] = b"49";

/// The colours that hold at a place.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Pen {
    fore: Vec<u8>,
    back: Vec<u8>,
}

impl Default for Pen {
    fn default() -> Self {
        Self { fore: FORE.to_vec(), back: BACK.to_vec() }
    }
}

/// The same picture in fewer bytes. Escapes in a frame are all the driver's own: none is in a text.
pub(super) fn brief(frame: &[u8]) -> Vec<u8> {
    let mut brief = Vec::with_capacity(frame.len());
    let mut pen = Pen::default();
    let mut rest = frame;
    while let Some(start) = rest.windows(2).position(|two| two == b"\x1b[") {
        brief.extend_from_slice(&rest[..start]);
        rest = &rest[start..];
        if rest == END {
            brief.extend_from_slice(BRIEF_END);
            return brief;
        }
        let sequence = &rest[2..];
        let length = sequence.iter().position(|byte| !(byte.is_ascii_digit() || *byte == b';'));
        let (parameters, after) = sequence.split_at(length.unwrap_or(sequence.len()));
        if let Some((b'm', after)) = after.split_first() {
            pen.set(parameters, &mut brief);
            rest = after;
        } else {
            brief.extend_from_slice(&rest[..2 + parameters.len()]);
            rest = after;
        }
    }
    brief.extend_from_slice(rest);
    brief
}

impl Pen {
    /// Takes in the parameters of one SGR, and writes those that change something.
    fn set(&mut self, parameters: &[u8], brief: &mut Vec<u8>) {
        let mut changes: Vec<Vec<u8>> = Vec::new();
        let mut parts = parameters.split(|byte| *byte == b';');
        while let Some(part) = parts.next() {
            let (is_fore, is_back) = (matches!(part, b"38" | b"39"), matches!(part, b"48" | b"49"));
            if !is_fore && !is_back {
                if matches!(part, b"" | b"0") {
                    *self = Self::default();
                }
                changes.push(part.to_vec());
                continue;
            }
            let color = match part {
                b"38" | b"48" => color(part, &mut parts),
                default => default.to_vec(),
            };
            let here = if is_fore { &mut self.fore } else { &mut self.back };
            if *here != color {
                here.clone_from(&color);
                changes.push(color);
            }
        }
        if !changes.is_empty() {
            brief.extend_from_slice(b"\x1b[");
            brief.extend_from_slice(&changes.join(&b';'));
            brief.push(b'm');
        }
    }
}

/// The parameters of a colour that begins with `first`: `38;5;1` as `31`, `48;5;9` as `101`.
fn color<'a>(first: &[u8], parts: &mut impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let kind = parts.next().unwrap_or_default();
    let numbers: Vec<&[u8]> = parts.by_ref().take(if kind == b"5" { 1 } else { 3 }).collect();
    let basic = (kind == b"5")
        .then(|| std::str::from_utf8(numbers.first()?).ok()?.parse::<u8>().ok())
        .flatten()
        .filter(|number| *number < 16);
    if let Some(number) = basic {
        let base = if first == b"38" { 30 } else { 40 };
        let code = if number < 8 { base + number } else { base + 52 + number };
        return code.to_string().into_bytes();
    }
    let mut color = [first, kind].join(&b';');
    for number in numbers {
        color.push(b';');
        color.extend_from_slice(number);
    }
    color
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::brief;

    #[rstest]
    #[case::basic("\x1b[38;5;1;49mred", "\x1b[31mred")]
    #[case::bright("\x1b[38;5;15;48;5;9m", "\x1b[97;101m")]
    #[case::indexed("\x1b[38;5;80;48;5;0m", "\x1b[38;5;80;40m")]
    #[case::full("\x1b[38;2;38;5;1;49m", "\x1b[38;2;38;5;1m")]
    #[case::full("\x1b[48;2;1;2;3;38;5;4m", "\x1b[48;2;1;2;3;34m")]
    #[case::back_only("\x1b[39;48;5;236ma\x1b[38;5;80;48;5;236mb", "\x1b[48;5;236ma\x1b[38;5;80mb")]
    #[case::same("\x1b[38;5;80;49ma\x1b[38;5;80;49mb", "\x1b[38;5;80mab")]
    #[case::default_again("\x1b[38;5;80;49ma\x1b[39;49mb", "\x1b[38;5;80ma\x1b[39mb")]
    #[case::after_a_reset("\x1b[38;5;1;49ma\x1b[0m\x1b[38;5;1;49mb", "\x1b[31ma\x1b[0m\x1b[31mb")]
    #[case::attributes("\x1b[1m\x1b[22m\x1b[7m", "\x1b[1m\x1b[22m\x1b[7m")]
    #[case::no_colour("\x1b[38;5;1Hx", "\x1b[38;5;1Hx")]
    #[case::others("\x1b[1;1H\x1b[?25l", "\x1b[1;1H\x1b[?25l")]
    #[case::text("38;5;1m \x1b[", "38;5;1m \x1b[")]
    #[case::end("a\x1b[39m\x1b[49m\x1b[0m", "a\x1b[m")]
    fn what_changes_nothing_is_left_out(#[case] long: &str, #[case] short: &str) {
        assert_eq!(String::from_utf8(brief(long.as_bytes())).unwrap(), short);
    }
}
