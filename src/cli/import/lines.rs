//! Reads and parses the lines of an export in bounded memory.

use std::io::{self, BufRead, BufReader, Read};

use tokio::sync::mpsc::Sender;

use super::diagnose::{Diagnosis, diagnose};
use crate::backend::file::RecordProblem;
use crate::backend::record::{FORMAT, Record, VERSION};
use crate::cli::failure::io_error_text;
use crate::cli::out::pluralize;

/// The maximum length of a line, in bytes. The limits of records are far below.
pub const LINE_BYTES: usize = 8 * 1024 * 1024;
/// The header of an export without a last line that counts the others.
const HEADER: &str = r#"{"header":{"format":"redphone","version":1}}"#;
/// A batch is sent once it has this many lines.
const BATCH_ITEMS: usize = 256;
/// A batch is sent once its lines have this many bytes.
const BATCH_BYTES: u64 = 1024 * 1024;

/// The reason why a line can't be imported. Displayed as half a sentence that follows the line's
/// number.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// The line is wrong and can be skipped.
    #[error(transparent)]
    Skippable(#[from] LineProblem),
    /// The input as a whole can't be trusted, or not be read further.
    #[error(transparent)]
    Fatal(#[from] InputProblem),
}

/// The error of a line.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LineProblem {
    /// The line has more than [`LINE_BYTES`].
    #[error("is longer than 8 MiB: no record is, so the file may be damaged")]
    TooLong,
    /// The line ends in the middle of a record, and another follows.
    #[error("is cut off: it ends in the middle of a record")]
    CutOff,
    /// The input ends in the middle of a record.
    #[error("is cut off: the input ends in the middle of it")]
    InputCutOff,
    /// The last line of the export is missing, and with it perhaps others.
    #[error(
        "is missing: the line that counts the records, so that the export is cut off after {}",
        pluralize(*.records, "record")
    )]
    NoEnd {
        /// The number of records that came.
        records: u64,
    },
    /// The last line counts other records than those that came.
    #[error(
        "end: counts {}, and {records} came before it: some are missing or doubled",
        pluralize(*.counted, "record")
    )]
    WrongCount {
        /// The number of records according to the line.
        counted: u64,
        /// The number of records that came.
        records: u64,
    },
    /// A record follows the last line.
    #[error("is after the end of the export: it does not belong to it")]
    AfterEnd,
    /// The line is no record.
    #[error(transparent)]
    Unparsable(#[from] Diagnosis),
    /// The line is a record, and the store refuses it.
    #[error("{field}: {problem}")]
    Refused {
        /// The name of the refused field.
        field: &'static str,
        /// The error of its value.
        #[source]
        problem: RecordProblem,
    },
}

/// The error of the complete input.
#[derive(Debug, thiserror::Error)]
pub enum InputProblem {
    /// The system can't read on.
    #[error("can't be read: {}", io_error_text(.0))]
    Unreadable(#[source] io::Error),
    /// There is no line in it that is not blank.
    #[error("there is no record in it: export a store first")]
    Empty,
    /// It is compressed.
    #[error("is compressed: `{unpack} FILE | redphone import -` unpacks it first")]
    Compressed {
        /// The command that unpacks it to its standard output.
        unpack: &'static str,
    },
    /// It is text in an encoding of two bytes.
    #[error(
        "is in UTF-16, in which no export is: `iconv -f UTF-16 -t UTF-8 FILE | redphone import -` \
         converts it first"
    )]
    Utf16,
    /// It does not begin with a header.
    #[error(
        "is not the header with which an export begins, so the beginning may be missing: if it is \
         not, put {HEADER} before it"
    )]
    NoHeader,
    /// The header names another format.
    #[error("format: is {format:?}, not {FORMAT:?}: this is an export of another program")]
    ForeignFormat {
        /// The format that the header names.
        format: String,
    },
    /// The header has a version that does not exist yet.
    #[error("version: is {version}, and {VERSION} is the newest known here: update redphone")]
    NewerVersion {
        /// The version that the header names.
        version: u32,
    },
}

/// A line that is not blank.
#[derive(Debug)]
pub struct ParsedLine {
    /// Number of the line from 1; blank lines count.
    pub line: u64,
    /// The record, or why the line can't be imported.
    pub record: Result<Record, LineError>,
}

/// Consecutive lines that are sent together.
#[derive(Debug, Default)]
pub struct Batch {
    /// The lines, in order.
    pub items: Vec<ParsedLine>,
    /// Bytes of the input that were read up to the end of this batch.
    pub bytes: u64,
    /// Whether this is the last batch. If none is the last, the reader has panicked.
    pub last: bool,
}

/// Reads the input to its end and sends its lines in batches.
///
/// Stops early at a fatal error, or when the receiver is dropped.
pub fn read_batches(input: impl Read, sender: &Sender<Batch>) {
    let mut lines = Lines::new(input);
    let mut batch = Batch::default();
    let mut sent_bytes = 0;
    while let Some(item) = lines.next_item() {
        let stop = matches!(item.record, Err(LineError::Fatal(_)));
        batch.items.push(item);
        batch.bytes = lines.bytes;
        let full = batch.items.len() >= BATCH_ITEMS || lines.bytes - sent_bytes >= BATCH_BYTES;
        if stop || full {
            sent_bytes = lines.bytes;
            if sender.blocking_send(std::mem::take(&mut batch)).is_err() || stop {
                return;
            }
        }
    }
    batch.bytes = lines.bytes;
    batch.last = true;
    // The receiver is dropped once the import has failed.
    let _ = sender.blocking_send(batch);
}

struct Lines<R> {
    input: BufReader<R>,
    buffer: Vec<u8>,
    line: u64,
    bytes: u64,
    progress: Progress,
}

/// The progress of reading an export. Several may follow each other in one input.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// No header was read yet.
    Nothing,
    /// The header was read and no end.
    Within {
        /// The version of the format.
        version: u32,
        /// The number of records that were read, right or wrong.
        records: u64,
        /// Whether the last of them is cut off, which was reported.
        is_cut: bool,
    },
    /// The end was read.
    Ended,
    /// The end of the input was reported.
    Reported,
}

/// How a line ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// The line ends with a line feed.
    Feed,
    /// The input ends without a line feed.
    Input,
    /// The line is too long; it was read to its end but not stored.
    TooLong,
}

impl<R: Read> Lines<R> {
    fn new(input: R) -> Self {
        let input = BufReader::with_capacity(256 * 1024, input);
        let progress = Progress::Nothing;
        Self { input, buffer: Vec::new(), line: 0, bytes: 0, progress }
    }

    /// Returns the next line that is not blank. Valid headers and ends are skipped.
    fn next_item(&mut self) -> Option<ParsedLine> {
        loop {
            let end = match self.next_line() {
                Ok(Some(end)) => end,
                Ok(None) => return self.end_of_input(),
                Err(error) => return Some(self.item(Err(InputProblem::Unreadable(error).into()))),
            };
            let record = if end == End::TooLong {
                Err(LineProblem::TooLong.into())
            } else {
                let mut text = self.buffer.as_slice();
                if self.line == 1 {
                    if let Some(problem) = foreign_encoding(text) {
                        return Some(self.item(Err(problem.into())));
                    }
                    text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
                }
                let text = text.trim_ascii();
                if text.is_empty() {
                    continue;
                }
                parse(text, end == End::Input)
            };
            if let Some(record) = self.follow(record, end).transpose() {
                return Some(self.item(record));
            }
        }
    }

    /// Updates the progress with a line. Returns `None` for an end.
    fn follow(
        &mut self,
        record: Result<Record, LineError>,
        line_end: End,
    ) -> Result<Option<Record>, LineError> {
        match (&record, &mut self.progress) {
            (Ok(Record::Header { format, version, needed_to_read, .. }), progress) => {
                check_header(format, needed_to_read.unwrap_or(*version))?;
                let before = *progress;
                *progress = Progress::Within { version: *version, records: 0, is_cut: false };
                // An export of a version without a last line may be followed by another one.
                match missing_end(before) {
                    Some(problem) => Err(problem.into()),
                    None => record.map(Some),
                }
            }
            (_, Progress::Nothing) => Err(InputProblem::NoHeader.into()),
            // Only later versions have added kinds of records.
            (Ok(Record::Unknown(foreign)), Progress::Within { version: 1, records, .. }) => {
                *records += 1;
                let kind = foreign.name().to_owned();
                Err(LineProblem::Unparsable(Diagnosis::UnknownKind(kind)).into())
            }
            (Ok(Record::End { records: counted }), progress @ Progress::Within { .. }) => {
                let Progress::Within { records, .. } = *progress else { return Ok(None) };
                *progress = Progress::Ended;
                if *counted == records {
                    return Ok(None);
                }
                Err(LineProblem::WrongCount { counted: *counted, records }.into())
            }
            (_, Progress::Within { records, is_cut, .. }) => {
                *records += 1;
                *is_cut = line_end == End::Input && record.is_err();
                record.map(Some)
            }
            (_, Progress::Ended | Progress::Reported) => Err(LineProblem::AfterEnd.into()),
        }
    }

    /// Returns the error of an input that ends.
    fn end_of_input(&mut self) -> Option<ParsedLine> {
        let before = std::mem::replace(&mut self.progress, Progress::Reported);
        if before == Progress::Nothing {
            return Some(ParsedLine { line: 0, record: Err(InputProblem::Empty.into()) });
        }
        let problem = missing_end(before)?;
        Some(ParsedLine { line: self.line + 1, record: Err(problem.into()) })
    }

    fn item(&self, record: Result<Record, LineError>) -> ParsedLine {
        ParsedLine { line: self.line, record }
    }

    /// Reads one line into the buffer, without its line feed.
    fn next_line(&mut self) -> io::Result<Option<End>> {
        self.buffer.clear();
        let mut too_long = false;
        let mut has_bytes = false;
        loop {
            let part = match self.input.fill_buf() {
                Ok(part) => part,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    self.line += 1;
                    return Err(error);
                }
            };
            if part.is_empty() {
                if !has_bytes {
                    return Ok(None);
                }
                self.line += 1;
                return Ok(Some(if too_long { End::TooLong } else { End::Input }));
            }
            has_bytes = true;
            let feed = part.iter().position(|b| *b == b'\n');
            let (content, used) = match feed {
                Some(at) => (&part[..at], at + 1),
                None => (part, part.len()),
            };
            if self.buffer.len() + content.len() > LINE_BYTES {
                too_long = true;
                self.buffer = Vec::new();
            } else if !too_long {
                self.buffer.extend_from_slice(content);
            }
            self.input.consume(used);
            self.bytes += u64::try_from(used).unwrap_or(0);
            if feed.is_some() {
                self.line += 1;
                return Ok(Some(if too_long { End::TooLong } else { End::Feed }));
            }
        }
    }
}

/// Recognizes by its first bytes an input that is an export in another form.
fn foreign_encoding(first: &[u8]) -> Option<InputProblem> {
    let compressed = [
        (&b"\x1f\x8b"[..], "gunzip -c"),
        (b"\x28\xb5\x2f\xfd", "zstd -dc"),
        (b"\xfd7zXZ\0", "xz -dc"),
        (b"BZh", "bzip2 -dc"),
    ];
    let found = compressed.iter().find(|(start, _)| first.starts_with(start));
    let is_utf_16 = first.starts_with(b"\xff\xfe") || first.starts_with(b"\xfe\xff");
    match found {
        Some((_, unpack)) => Some(InputProblem::Compressed { unpack }),
        None => is_utf_16.then_some(InputProblem::Utf16),
    }
}

fn parse(text: &[u8], last: bool) -> Result<Record, LineError> {
    Record::from_json(text).map_err(|error| {
        LineError::Skippable(match (error.is_eof(), last) {
            (true, true) => LineProblem::InputCutOff,
            (true, false) => LineProblem::CutOff,
            (false, _) => diagnose(text, &error).into(),
        })
    })
}

/// Returns the error of an incomplete export.
fn missing_end(progress: Progress) -> Option<LineProblem> {
    match progress {
        Progress::Within { version: 2.., records, is_cut: false } => {
            Some(LineProblem::NoEnd { records })
        }
        _ => None,
    }
}

fn check_header(format: &str, version: u32) -> Result<(), InputProblem> {
    if format != FORMAT {
        return Err(InputProblem::ForeignFormat { format: format.to_owned() });
    }
    if version > VERSION {
        return Err(InputProblem::NewerVersion { version });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
