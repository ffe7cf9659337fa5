use super::*;

fn read_all(input: &[u8]) -> Vec<(u64, Result<Record, LineError>)> {
    let mut lines = Lines::new(input);
    std::iter::from_fn(|| lines.next_item())
        .map(|item| (item.line, item.record))
        .filter(|(_, record)| !matches!(record, Ok(Record::Header { .. })))
        .collect()
}

/// Reads to the end of the input, as [`read_batches`] does.
fn reasons_of_bad(input: &str) -> Vec<(u64, String)> {
    let mut bad = Vec::new();
    for (line, record) in read_all(input.as_bytes()) {
        match record {
            Ok(_) => {}
            Err(LineError::Skippable(problem)) => bad.push((line, problem.to_string())),
            Err(LineError::Fatal(problem)) => {
                bad.push((line, format!("ALL {problem}")));
                break;
            }
        }
    }
    bad
}

const COUNTED: &str = r#"{"header":{"format":"redphone","version":2}}"#;
const EMPTY: &str = r#"{"directory":{}}"#;

#[test]
fn blank_lines_crlf_and_a_byte_order_mark_are_skipped() {
    let input = format!("\u{feff}{HEADER}\r\n\r\n   \n{EMPTY}\r\n{EMPTY}");
    let lines: Vec<u64> = read_all(input.as_bytes())
        .into_iter()
        .map(|(line, record)| record.map(|_| line).unwrap())
        .collect();
    assert_eq!(lines, [4, 5]);
}

#[test]
fn compressed_or_differently_encoded_export_is_recognized() {
    let problem = |input: &[u8]| match Lines::new(input).next_item().unwrap().record {
        Err(LineError::Fatal(problem)) => problem,
        other => panic!("{other:?}"),
    };
    let gzip = problem(b"\x1f\x8b\x08\0\n{");
    assert!(matches!(gzip, InputProblem::Compressed { unpack: "gunzip -c" }), "{gzip:?}");
    let zstd = problem(b"\x28\xb5\x2f\xfd\x04");
    assert!(matches!(zstd, InputProblem::Compressed { unpack: "zstd -dc" }), "{zstd:?}");
    let utf_16: Vec<u8> =
        format!("\u{feff}{HEADER}\n").encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(matches!(problem(&utf_16), InputProblem::Utf16));
    assert!(matches!(problem(b"{}\n"), InputProblem::NoHeader));
}

#[test]
fn truncated_last_line_is_reported_as_cut_off() {
    for header in [HEADER, COUNTED] {
        let input = format!("{header}\n{EMPTY}\n{}", &EMPTY[..9]);
        let read = read_all(input.as_bytes());
        assert!(
            matches!(read[1], (3, Err(LineError::Skippable(LineProblem::InputCutOff)))),
            "{read:?}"
        );
        assert_eq!(read.len(), 2, "{read:?}");
    }
    let input = format!("{HEADER}\n{}\n{EMPTY}", &EMPTY[..9]);
    let first = read_all(input.as_bytes()).swap_remove(0);
    assert!(matches!(first, (2, Err(LineError::Skippable(LineProblem::CutOff)))), "{first:?}");
}

#[test]
fn export_without_its_end_is_cut_off() {
    let cut = reasons_of_bad(&format!("{COUNTED}\n{EMPTY}\n"));
    assert_eq!(cut.len(), 1);
    assert_eq!(cut[0].0, 3);
    assert!(cut[0].1.contains("cut off after 1 record"), "{cut:?}");
    let two = reasons_of_bad(&format!("{COUNTED}\n{COUNTED}\n{{\"end\":{{\"records\":0}}}}"));
    assert_eq!(two.len(), 1);
    assert!(two[0].1.contains("cut off after 0 records"), "{two:?}");
    assert_eq!(reasons_of_bad(&format!("{HEADER}\n{EMPTY}\n")), []);
}

#[test]
fn end_counts_the_records_before_it() {
    let end = |records: u64| format!("{{\"end\":{{\"records\":{records}}}}}");
    let right = format!("{COUNTED}\n{EMPTY}\n\n{EMPTY}\n{}\n", end(2));
    assert_eq!(reasons_of_bad(&right), []);
    assert_eq!(reasons_of_bad(&right.repeat(2)), []);
    for wrong in [1, 3] {
        let bad = reasons_of_bad(&format!("{COUNTED}\n{EMPTY}\n{EMPTY}\n{}\n", end(wrong)));
        assert_eq!((bad.len(), bad[0].0), (1, 4), "{bad:?}");
        assert!(bad[0].1.contains("and 2 came before it"), "{bad:?}");
    }
    let after = reasons_of_bad(&format!("{right}{EMPTY}\n"));
    assert_eq!((after.len(), after[0].0), (1, 6), "{after:?}");
    assert!(after[0].1.starts_with("is after the end"), "{after:?}");
}

#[test]
fn input_without_a_header_is_refused() {
    for (input, line) in [("", 0), ("\n \n", 0), (EMPTY, 1), ("{\"what\":1}", 1)] {
        let bad = reasons_of_bad(input);
        assert_eq!(bad.len(), 1, "{bad:?}");
        assert_eq!(bad[0].0, line);
        assert!(bad[0].1.starts_with("ALL "), "{bad:?}");
    }
}

#[test]
fn newer_or_foreign_header_refuses_the_entire_input() {
    let newer = reasons_of_bad(r#"{"header":{"format":"redphone","version":3}}"#);
    let expected = "ALL version: is 3, and 2 is the newest known here: update redphone";
    assert_eq!(newer[0], (1, expected.into()));
    let foreign = reasons_of_bad(r#"{"header":{"format":"pager","version":1}}"#);
    assert!(foreign[0].1.starts_with("ALL format: is \"pager\""), "{foreign:?}");
}

#[test]
fn line_beyond_the_limit_is_skipped_without_buffering_it() {
    let mut input = format!("{HEADER}\n").into_bytes();
    input.resize(input.len() + LINE_BYTES + 1, b'x');
    input.extend_from_slice(b"\n");
    input.extend_from_slice(EMPTY.as_bytes());
    let read = read_all(&input);
    assert!(matches!(&read[0], (2, Err(LineError::Skippable(LineProblem::TooLong)))));
    assert!(matches!(&read[1], (3, Ok(Record::Directory(_)))));
}
