//! `simlab rpc-serve`: a JSON-RPC 2.0 server behind a pipe.

use super::args::RpcServeArgs;
use super::output::{Exit, Output};
use simlab_protocols::arith;
use simlab_protocols::rpc::json;
use std::io::{self, BufRead};

/// The longest line that is read, in bytes and without its end. What is longer is no call that anybody makes of this
/// service, and must not fill the memory.
const LONGEST: usize = 1 << 20;

pub(super) fn rpc_serve(args: &RpcServeArgs, output: &mut Output) -> Exit {
    if !args.stdio {
        output.error(
            "error: expected `--stdio`: calls come from standard input, one JSON text a line",
        );
        output.error("help: simlab rpc-serve --stdio");
        return Exit::BadInput;
    }
    match serve(&mut io::stdin().lock(), output) {
        Ok(()) => Exit::Passed,
        Err(error) => {
            output.error(&format!("error: cannot read standard input: {error}"));
            Exit::BadInput
        }
    }
}

/// Answers every line before the next is read, until there is none or nobody reads the answers.
fn serve(input: &mut impl BufRead, output: &mut Output) -> io::Result<()> {
    let mut text = Vec::new();
    while !output.closed() {
        let answer = match next_line(input, &mut text)? {
            Line::End => break,
            Line::Whole if text.iter().all(u8::is_ascii_whitespace) => None,
            Line::Whole => json::respond(&text, arith::execute),
            Line::TooLong => Some(too_long()),
        };
        if let Some(answer) = answer {
            output.line(&answer);
            output.flush();
        }
    }
    Ok(())
}

fn too_long() -> String {
    let data = json::Json::from(format!("a line is longer than {LONGEST} bytes"));
    let fault = json::Fault { data: Some(data), ..json::Fault::parse() };
    json::Answer { id: json::Id::Null, result: Err(fault) }.to_json().to_string()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Whole,
    TooLong,
    End,
}

/// Reads a line without its end; of one that is too long, nothing is kept.
fn next_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Line> {
    line.clear();
    let (mut any, mut too_long) = (false, false);
    loop {
        let chunk = match input.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            chunk => chunk?,
        };
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let part = &chunk[..end.unwrap_or(chunk.len())];
        any |= !chunk.is_empty();
        too_long |= part.len() > LONGEST - line.len();
        if too_long {
            line.clear();
        } else {
            line.extend_from_slice(part);
        }
        let (over, read) =
            (chunk.is_empty() || end.is_some(), part.len() + usize::from(end.is_some()));
        input.consume(read);
        if over {
            return Ok(match (any, too_long) {
                (false, _) => Line::End,
                (true, true) => Line::TooLong,
                (true, false) => Line::Whole,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    /// All lines of an input that comes in chunks of this size.
    fn lines(input: &[u8], chunk: usize) -> Vec<(Line, Vec<u8>)> {
        let (mut input, mut line) = (BufReader::with_capacity(chunk, input), Vec::new());
        let next = || match next_line(&mut input, &mut line).expect("memory can be read") {
            Line::End => None,
            read => Some((read, line.clone())),
        };
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn lines_are_the_same_whatever_chunks_they_come_in() {
        let whole = |text: &str| (Line::Whole, text.as_bytes().to_vec());
        for chunk in [1, 2, 3, 5, 100] {
            assert_eq!(lines(b"", chunk), []);
            assert_eq!(lines(b"\n", chunk), [whole("")]);
            assert_eq!(
                lines(b"one\n\ntwo\r\nthree", chunk),
                ["one", "", "two\r", "three"].map(whole)
            );
        }
    }

    #[test]
    fn a_line_over_the_limit_is_skipped_without_being_kept() {
        let (longest, longer) = (vec![b'x'; LONGEST], vec![b'x'; LONGEST + 1]);
        let input = [&longest[..], b"\n", &longer, b"\nnext\n", &longer].concat();
        let expected = [
            (Line::Whole, longest),
            (Line::TooLong, Vec::new()),
            (Line::Whole, b"next".to_vec()),
            (Line::TooLong, Vec::new()),
        ];
        for chunk in [1_000, 1 << 16, LONGEST + 1, 1 << 22] {
            assert!(lines(&input, chunk) == expected, "{chunk}");
        }
    }
}
