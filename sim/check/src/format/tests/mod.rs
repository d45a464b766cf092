//! What histories of real systems look like, trap by trap, and what is refused.

mod bad;
mod hostile;
mod traps;

use super::{Mistakes, Recording, read};
use crate::{Answer, Budget, Limits, Subject, consistency, judge, model};
use simlab_core::Value;
use simlab_core::history::Record;

fn recording(model_name: &str, text: &str) -> Result<Recording, Mistakes> {
    read(text.as_bytes(), model(model_name).expect("it is in the table"))
}

fn history(model_name: &str, text: &str) -> Recording {
    recording(model_name, text).unwrap_or_else(|mistakes| panic!("{text}\n{mistakes}"))
}

/// Each operation in a line: who, what, and how it ended.
fn told(model_name: &str, text: &str) -> Vec<String> {
    let line = |record: &Record| {
        let end = record.returned.as_ref().map_or("open".to_owned(), |(_, end)| end.to_string());
        format!("{} {} -> {end}", record.op.node().0, record.operation)
    };
    history(model_name, text).history.records().iter().map(line).collect()
}

/// Whether the history is linearizable.
fn linearizable(model_name: &str, initial: Value, text: &str) -> bool {
    let recording = history(model_name, text);
    let model = model(model_name).expect("it is in the table");
    let subject = Subject::new(&recording.history, model, &initial);
    let named = consistency("linearizable").expect("it is in the table");
    match judge(subject, named, Budget::of(Limits::default())) {
        Ok(Answer::Satisfied) => true,
        Ok(Answer::Violated(_)) => false,
        other => panic!("{other:?}"),
    }
}

/// The mistakes of a file: the text that each is at, and what is said.
fn mistakes(model_name: &str, text: &str) -> Vec<(String, String)> {
    let mistakes = match recording(model_name, text) {
        Ok(recording) => panic!("{text} was read: {:?}", recording.history.records()),
        Err(mistakes) => mistakes,
    };
    let at = |span: std::ops::Range<usize>| text.get(span).unwrap_or("?").to_owned();
    mistakes.list.into_iter().map(|mistake| (at(mistake.span), mistake.message)).collect()
}

/// The only mistake of a file.
fn mistake(model_name: &str, text: &str) -> (String, String) {
    let mut all = mistakes(model_name, text);
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}
