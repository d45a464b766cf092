//! Files that nobody wrote: whatever they hold, reading ends, without a panic.

use super::super::read;
use crate::MODELS;
use crate::testing::config;
use proptest::prelude::*;

/// Pieces that histories are made of, so that many of what is put together from them are nearly histories.
fn piece() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        "#{",
        "#_",
        "#tag ",
        "\"",
        "\\",
        ";",
        "\n",
        "\t",
        " ",
        ",",
        ":process ",
        ":process 0 ",
        ":process 1 ",
        ":type :invoke ",
        ":type :ok ",
        ":type :fail ",
        ":type :info ",
        ":f :read ",
        ":f :write ",
        ":f :cas ",
        ":f :txn ",
        ":f :add ",
        ":f :get ",
        ":key \"a\" ",
        ":key 1 ",
        ":value ",
        "nil ",
        "1 ",
        "-1 ",
        "99999999999999999999 ",
        "1.5 ",
        "[1 2] ",
        "[[:read :x nil]] ",
        ":timed-out ",
        ":nemesis ",
        "INFO  jepsen.util - ",
        "0 :invoke :read nil\n",
        "0 :ok :read 1\n",
        "1 :invoke :cas [1 2]\n",
        "1 :fail :cas [1 2]\n",
        "1 :info :cas :timed-out\n",
        ":time 5 ",
        "ä",
        "\u{feff}",
        "\u{1b}[31m",
        "{:process 0 :type :invoke :f :write :value 1}",
        "{:process 0 :type :ok :f :write :value 1}",
    ])
}

fn pieces() -> impl Strategy<Value = String> {
    prop::collection::vec(piece(), 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(config(2_000))]

    /// What is read has a place for each operation; what is refused has places in the file.
    #[test]
    fn nothing_makes_reading_panic(text in pieces(), model in 0..MODELS.len()) {
        match read(text.as_bytes(), &MODELS[model]) {
            Ok(recording) => {
                let records = recording.history.records();
                prop_assert!(!records.is_empty());
                prop_assert_eq!(records.len(), recording.places.len());
                let lines = text.lines().count() as u64;
                for (record, place) in records.iter().zip(&recording.places) {
                    prop_assert_eq!(recording.place(record.op), Some(*place));
                    prop_assert!(place.invoked <= place.returned.unwrap_or(lines));
                    prop_assert!(place.returned.unwrap_or(1) <= lines);
                }
            }
            Err(mistakes) => {
                prop_assert!(!mistakes.list.is_empty());
                for mistake in &mistakes.list {
                    prop_assert!(text.get(mistake.span.clone()).is_some(), "{:?}", mistake);
                    if let Some(elsewhere) = &mistake.elsewhere {
                        prop_assert!(elsewhere.1 <= text.len());
                    }
                }
            }
        }
    }

    #[test]
    fn no_bytes_make_reading_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = read(&bytes, &MODELS[0]);
    }
}

/// A file of one long line, or of many brackets, is read in one pass.
#[test]
fn long_files_take_no_longer_than_they_are() {
    for (piece, model) in [
        ("[", 0),
        ("0 ", 0),
        ("a", 0),
        ("\"", 0),
        ("#_ ", 0),
        (";", 0),
        ("[1 ", 0),
        ("jepsen.util ", 0),
    ] {
        let text = piece.repeat(2_000_000 / piece.len());
        assert!(read(text.as_bytes(), &MODELS[model]).is_err(), "{piece}");
        let map = format!("{{:process 0 :type :invoke :f :write :value {text}");
        assert!(read(map.as_bytes(), &MODELS[model]).is_err(), "{piece}");
        let line = format!("0 :invoke :write {text}");
        assert!(
            read(line.as_bytes(), &MODELS[model]).is_err() || piece == ";" || piece == "a",
            "{piece}"
        );
    }
}
