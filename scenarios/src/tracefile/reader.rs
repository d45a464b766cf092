//! Reading a trace file, event by event.

use super::footer::Footer;
use super::header::Header;
use super::known::Known;
use super::line::{Lines, Mistake, Rolling, unreadable};
use super::record::{self, Record};
use crate::Diagnostics;
use crate::decisions::answer;
use crate::diagnostic::Diagnostic;
use simlab_core::{Seq, TraceEvent};
use simlab_sim::{Names, Script};
use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::path::Path;

/// Reads a trace file from the first line to the last and holds none but the one it is at. Whatever
/// is wrong ends it.
#[derive(Debug)]
pub struct Reader<R> {
    file: String,
    lines: Lines<R>,
    rolling: Rolling,
    header: Header,
    script: Option<Script>,
    known: Known,
    current: Option<Record>,
    /// The line as it is written once more.
    again: String,
    /// Where the current line begins in the file.
    start: u64,
    end: u64,
    footer: Option<Footer>,
}

/// A place in a trace file that reading can go back to.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    start: u64,
    seq: Seq,
}

impl Reader<BufReader<File>> {
    /// Opens a file and reads its header.
    ///
    /// # Errors
    /// If it is no trace file, is newer, or is damaged.
    pub fn open(path: &Path) -> Result<Self, Diagnostics> {
        let name = path.display().to_string();
        let open = || {
            let file = File::open(path)?;
            Ok((file.metadata()?.is_file(), file))
        };
        let (regular, file) = open().map_err(|error: std::io::Error| unreadable(&name, &error))?;
        if !regular {
            let message = "a trace must be a regular file: it is read more than once";
            return Err(Diagnostics::of_file(&name, Diagnostic::nowhere(message)));
        }
        Reader::new(name, BufReader::new(file))
    }
}

impl<R: BufRead> Reader<R> {
    /// Reads the header of a file that is called `name`.
    ///
    /// # Errors
    /// If it is no trace file, is newer, or is damaged.
    pub fn new(name: impl Into<String>, from: R) -> Result<Self, Diagnostics> {
        let mut reader = Reader {
            file: name.into(),
            lines: Lines::new(from),
            rolling: Rolling::default(),
            header: Header::default(),
            script: None,
            known: Known::default(),
            current: None,
            again: String::new(),
            start: 0,
            end: 0,
            footer: None,
        };
        reader.begin()?;
        Ok(reader)
    }

    fn begin(&mut self) -> Result<(), Diagnostics> {
        let started = self.lines.advance();
        let first = started.map_err(|error| unreadable(&self.file, &error))?;
        // First what kind of file it is, then whether it is whole.
        Header::vet(&self.lines.bytes)
            .and(first)
            .map_err(|mistake| mistake.in_line(&self.file, 1, &self.lines.bytes))?;
        self.header = self.checked(|reader, text| {
            let header = Header::read(text)?;
            header.write(&mut reader.again);
            Ok(header)
        })?;
        self.known = Known::new(self.header.nodes.clone(), self.header.faults.clone());
        let Some((complete, answers)) = self.header.script else { return Ok(()) };
        let mut script = Script { complete, ..Script::default() };
        for _ in 0..answers {
            self.take()?;
            let (point, answer) = self.checked(|reader, text| {
                let (point, answer) = answer::read(text, &reader.known)?;
                answer::write(point, answer, &reader.known.names, &mut reader.again);
                Ok((point, answer))
            })?;
            if script.answers.insert(point, answer).is_some() {
                return Err(self.refuse(Mistake::new("this choice was answered before")));
            }
        }
        self.script = Some(script);
        Ok(())
    }

    /// Reads the next line, which must be there.
    fn take(&mut self) -> Result<(), Diagnostics> {
        match self.lines.advance() {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => {
                let mistake = Mistake::new("the file is cut: here a line is missing");
                Err(self
                    .refuse(mistake.help("the last line of a trace file begins with {\"end\":")))
            }
            Ok(Err(mistake)) => Err(self.refuse(mistake)),
            Err(error) => Err(unreadable(&self.file, &error)),
        }
    }

    /// Checks the hash of the line, reads it with `read`, which writes it to `again` too, and
    /// compares the two.
    fn checked<T>(
        &mut self,
        read: impl FnOnce(&mut Self, &str) -> Result<T, Mistake>,
    ) -> Result<T, Diagnostics> {
        let line = std::mem::take(&mut self.lines.bytes);
        self.start = self.end;
        self.end += line.len() as u64 + 1;
        let done = self.rolling.check(&line).and_then(|len| {
            let mut text = match std::str::from_utf8(&line[..len]) {
                Ok(text) => text.to_owned(),
                Err(error) => {
                    return Err(Mistake::new("the line is not UTF-8").at(error.valid_up_to()));
                }
            };
            text.push('}');
            self.again.clear();
            let value = read(self, &text)?;
            if self.again == text {
                return Ok(value);
            }
            let pairs = self.again.bytes().zip(text.bytes());
            let at = pairs.take_while(|(a, b)| a == b).count();
            let mistake = Mistake::new("this is not how simlab writes the line").at(at);
            let expected: String = self.again.get(at..).unwrap_or("").chars().take(24).collect();
            Err(mistake.label(format!("expected {expected}")))
        });
        self.lines.bytes = line;
        done.map_err(|mistake| self.refuse(mistake))
    }

    fn refuse(&self, mistake: Mistake) -> Diagnostics {
        mistake.in_line(&self.file, self.lines.number, &self.lines.bytes)
    }

    /// The first line.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The answers that a script gave in this run, if it had one.
    pub const fn script(&self) -> Option<&Script> {
        self.script.as_ref()
    }

    /// The names of the run that were met so far.
    pub const fn names(&self) -> &Names {
        &self.known.names
    }

    /// The last line, once it was read.
    pub const fn footer(&self) -> Option<&Footer> {
        self.footer.as_ref()
    }

    /// The number of the line that was read last.
    pub const fn line(&self) -> u64 {
        self.lines.number
    }

    /// Goes to the next event. Returns whether there is one; if not, the file ended as it should, and
    /// its footer is there.
    ///
    /// # Errors
    /// If the line is not what was written there.
    pub fn advance(&mut self) -> Result<bool, Diagnostics> {
        let last = self.current.take();
        let due = last.as_ref().map_or(1, |record| record.event().seq.get() + 1);
        if self.footer.is_some() {
            return Ok(false);
        }
        self.take()?;
        let bytes = last.map(Record::into_bytes).unwrap_or_default();
        let (record, footer) = self.checked(|reader, text| {
            if Footer::begins(text) {
                let footer = Footer::read(text)?;
                footer.write(&mut reader.again);
                if footer.records != due - 1 {
                    let message = format!("there are {} events, and this says other", due - 1);
                    return Err(Mistake::new(message));
                }
                return Ok((None, Some(footer)));
            }
            let record = Record::read(text, &mut reader.known, bytes)?;
            let event = record.event();
            record::write(&event, &reader.known.names, &mut reader.again);
            if event.seq.get() != due {
                return Err(Mistake::new(format!("expected the event {due}")));
            }
            if event.cause.is_some_and(|cause| cause >= event.seq) {
                return Err(Mistake::new("the cause of an event comes before it"));
            }
            Ok((Some(record), None))
        })?;
        if footer.is_some() {
            self.end_here()?;
        }
        (self.current, self.footer) = (record, footer);
        Ok(self.current.is_some())
    }

    /// Nothing may come after the footer.
    fn end_here(&mut self) -> Result<(), Diagnostics> {
        match self.lines.advance() {
            Ok(Ok(false)) => Ok(()),
            Ok(_) => Err(self.refuse(Mistake::new("the trace ended in the line before this one"))),
            Err(error) => Err(unreadable(&self.file, &error)),
        }
    }

    /// The event that [`Reader::advance`] went to; none before the first and after the last.
    pub fn event(&self) -> Option<TraceEvent<'_>> {
        self.current.as_ref().map(Record::event)
    }

    /// The current event as it is written, without its hash: equal texts are equal events.
    pub fn text(&self) -> &str {
        if self.current.is_some() { &self.again } else { "" }
    }

    /// Reads all that is left, and so checks the whole file.
    ///
    /// # Errors
    /// If a line is not what was written there.
    pub fn finish(&mut self) -> Result<&Footer, Diagnostics> {
        while self.advance()? {}
        match &self.footer {
            Some(footer) => Ok(footer),
            None => Err(self.refuse(Mistake::new("the file has no last line"))),
        }
    }
}

impl<R: BufRead + Seek> Reader<R> {
    /// Where the current event is.
    pub fn place(&self) -> Option<Place> {
        self.current.as_ref().map(|record| Place { start: self.start, seq: record.event().seq })
    }

    /// The event with this number at `place` or after it, in a file that was checked before.
    ///
    /// # Errors
    /// If the file cannot be read, or has changed since.
    pub fn find(&mut self, place: Place, seq: Seq) -> Result<Record, Diagnostics> {
        let seek = self.lines.from.seek(SeekFrom::Start(place.start));
        seek.map_err(|error| unreadable(&self.file, &error))?;
        for _ in place.seq.get()..seq.get() {
            self.take()?;
        }
        self.take()?;
        let line = std::mem::take(&mut self.lines.bytes);
        let len = line.len().saturating_sub(super::line::TAIL_LEN);
        let text = std::str::from_utf8(&line[..len]).map(|text| format!("{text}}}"));
        let changed = || Mistake::new("the file has changed while it was read");
        let record = text
            .map_err(|_| changed())
            .and_then(|text| Record::read(&text, &mut self.known, Vec::new()))
            .and_then(|record| if record.event().seq == seq { Ok(record) } else { Err(changed()) });
        self.lines.bytes = line;
        record.map_err(|mistake| self.refuse(mistake))
    }
}
