//! Small pieces of the sentences in which checkers speak to students.

use simlab_core::history::Record;
use simlab_core::{Call, Duration, Value};
use std::collections::BTreeSet;

/// More values than these are not spelled out.
const SPELLED_OUT: usize = 4;

/// "59", "1 or 2", "1, 2 or 3"; of many numbers the least and the greatest.
pub(super) fn choice(values: &BTreeSet<Value>) -> String {
    let mut words: Vec<String> = values.iter().take(SPELLED_OUT).map(Value::to_string).collect();
    if values.len() > SPELLED_OUT {
        if let (Some(Value::Int(least)), Some(Value::Int(most))) = (values.first(), values.last()) {
            return format!("one of {} values between {least} and {most}", values.len());
        }
        words.push(format!("one of {} others", values.len() - SPELLED_OUT));
    }
    match words.split_last() {
        None => "nothing".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}

/// A length of time as one says it: "3.0 s", "250 ms", "12 µs".
pub fn span(length: Duration) -> String {
    let rounded = |unit: u64| length.nanos().saturating_add(unit / 2) / unit;
    match length.nanos() {
        n if n >= 1_000_000_000 => {
            let tenths = rounded(100_000_000);
            format!("{}.{} s", tenths / 10, tenths % 10)
        }
        n if n >= 1_000_000 => format!("{} ms", rounded(1_000_000)),
        n if n >= 1_000 => format!("{} µs", rounded(1_000)),
        n => format!("{n} ns"),
    }
}

/// How long before something was, to be set before "before" or "earlier": "3.0 s ", and nothing where no time had
/// gone by, as in a history without times, whose order alone is known.
pub(super) fn ago(length: Duration) -> String {
    if length == Duration(0) { String::new() } else { span(length) + " " }
}

/// An operation with what it returned: "write 5", "read 5".
pub(super) fn named(record: &Record) -> String {
    match (&record.operation.call, record.result()) {
        (Call::Read, Some(value)) => format!("a read of {value}"),
        (call, _) => call.to_string(),
    }
}

/// What one calls an operation after it has been named once.
pub(super) fn noun(call: &Call) -> &'static str {
    match call {
        Call::Read => "read",
        Call::Write(_) => "write",
        Call::Cas { .. } => "compare-and-set",
        Call::Append(_) => "append",
        Call::Sell(_) => "sale",
        Call::TakeBack(_) => "taking back",
        Call::Add(_) => "addition",
        Call::Insert(_) => "insertion",
        Call::Remove(_) => "removal",
        Call::Contains(_) => "question",
        Call::Enqueue(_) => "enqueue",
        Call::Dequeue => "dequeue",
        Call::Acquire => "acquire",
        Call::Release => "release",
        Call::Transaction(_) => "transaction",
    }
}

/// "1 unit", "2 units".
pub(super) fn count(n: impl Into<i128>, what: &str) -> String {
    let n = n.into();
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_values_are_spelled_out_and_many_are_not() {
        let of = |n: i64| choice(&(1..=n).map(Value::Int).collect());
        assert_eq!(of(1), "1");
        assert_eq!(of(2), "1 or 2");
        assert_eq!(of(4), "1, 2, 3 or 4");
        assert_eq!(of(30), "one of 30 values between 1 and 30");
        let letters = ["a", "b", "c", "d", "e", "f"].map(|text| Value::Text(text.into()));
        let said = "\"a\", \"b\", \"c\", \"d\" or one of 2 others";
        assert_eq!(choice(&letters.into_iter().collect()), said);
    }

    #[test]
    fn spans_are_said_in_the_unit_that_fits() {
        assert_eq!(span(Duration::from_millis(2_960)), "3.0 s");
        assert_eq!(span(Duration::from_millis(999)), "999 ms");
        assert_eq!(span(Duration::from_micros(12)), "12 µs");
        assert_eq!(span(Duration(7)), "7 ns");
    }

    #[test]
    fn where_no_time_had_gone_by_none_is_told() {
        let said = |length| format!("it had returned {}before", ago(length));
        assert_eq!(said(Duration::from_millis(12)), "it had returned 12 ms before");
        assert_eq!(said(Duration(0)), "it had returned before");
    }
}
