use redphone::model::text::{
    lines, one_line, pad, sanitize, truncate, truncate_at_space, width, wrap,
};
use rstest::rstest;

#[rstest]
#[case("plain", "plain")]
#[case("\u{1b}[2J\u{1b}]0;x\u{7}", "␛[2J␛]0;x␇")]
#[case("a\nb\tc\r", "a␊b␉c␍")]
#[case("\u{9b}31m", "\u{fffd}31m")]
#[case("del\u{7f}", "del␡")]
#[case("user\u{202e}gpj.exe", "user\u{fffd}gpj.exe")]
#[case("pay\u{200b}ments\u{feff}", "payments")]
#[case("👩\u{200d}🚒", "👩🚒")]
#[case("❤\u{fe0f}", "❤")]
#[case("👍\u{1f3fd}", "👍")]
#[case("🇫🇷", "FR")]
#[case("a\u{a0}b", "a b")]
#[case("\u{301}lone mark", "lone mark")]
#[case("决済 ok", "决済 ok")]
#[case("שלום", "שלום")]
fn control_characters_in_outside_text_become_visible(#[case] text: &str, #[case] safe: &str) {
    assert_eq!(sanitize(text), safe);
}

#[test]
fn combining_marks_are_limited() {
    let piled = format!("e{}", "\u{301}".repeat(50));
    assert_eq!(sanitize(&piled).chars().count(), 3);
}

#[rstest]
#[case("short", 10, "short")]
#[case("exactly ten", 11, "exactly ten")]
#[case("a longer title", 8, "a longe…")]
#[case("two words", 5, "two…")]
#[case("决済決済", 5, "决済…")]
#[case("决済決済", 4, "决…")]
#[case("x", 0, "")]
#[case("xy", 1, "…")]
#[case::lam_and_alef_are_two_cells("الإلكتروني", 5, "الإل…")]
#[case::lam_and_alef_that_fit("سلام", 4, "سلام")]
fn too_long_text_is_truncated_with_an_ellipsis(
    #[case] text: &str,
    #[case] columns: usize,
    #[case] expected: &str,
) {
    assert_eq!(truncate(text, columns), expected);
    assert_eq!(width(pad(text, columns)), columns);
}

#[test]
fn text_wraps_at_spaces_and_long_terms_wrap_anywhere() {
    assert_eq!(wrap("Wallets are unaffected by it", 12), ["Wallets are", "unaffected", "by it"]);
    assert_eq!(wrap("abcdefghij", 4), ["abcd", "efgh", "ij"]);
    assert_eq!(wrap("", 4), [""]);
    assert_eq!(wrap("决済決済", 3), ["决", "済", "決", "済"]);
}

#[test]
fn terms_stay_apart_where_their_spaces_do_not_fit() {
    assert_eq!(wrap("web-1      0/1", 10), ["web-1", "0/1"]);
    assert_eq!(wrap("a        b c", 4), ["a", "b c"]);
    assert_eq!(wrap("      a", 4), ["a"]);
    assert_eq!(wrap("a      ", 4), ["a"]);
}

#[test]
fn grapheme_wider_than_the_line_is_broken() {
    assert_eq!(wrap("\u{600}💻", 2), ["\u{600}", "💻"]);
    assert_eq!(wrap("\u{600}💻", 3), ["\u{600}💻"]);
}

#[rstest]
#[case("plain", "plain")]
#[case("two\nlines", "two lines")]
#[case(" a\t\tb \r\n c ", "a b c")]
#[case("\u{1b}[31mred", "␛[31mred")]
#[case(" \n ", "")]
fn lines_of_a_text_are_joined_by_blanks(#[case] text: &str, #[case] line: &str) {
    assert_eq!(one_line(text), line);
}

#[test]
fn a_note_is_split_into_safe_lines() {
    let split: Vec<String> = lines("a\r\n\tb\n\u{1b}c").map(String::from).collect();
    assert_eq!(split, ["a", "    b", "␛c"]);
}

#[rstest]
#[case("12 of 345 shown", 15, "12 of 345 shown")]
#[case("12 of 345 shown", 14, "12 of 345 …")]
#[case("12 of 345 shown", 11, "12 of 345 …")]
#[case("12 of 345 shown", 10, "12 of …")]
#[case("INC-2041", 5, "INC-…")]
#[case("支払いが 失敗", 12, "支払いが …")]
#[case("one two", 0, "")]
fn text_is_truncated_behind_a_word(
    #[case] text: &str,
    #[case] columns: usize,
    #[case] expected: &str,
) {
    assert_eq!(truncate_at_space(text, columns), expected);
}
