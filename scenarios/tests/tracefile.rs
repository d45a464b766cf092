//! Trace files: what is written comes back, and nothing else does.

use proptest::prelude::*;
use simlab_core::{
    Damage, DiskAct, DiskError, DropReason, FaultId, Kind, NameId, NodeId, OpId, Port, Scope, Seq,
    Session, Ticket, Time, TraceEvent, WriteKind,
};
use simlab_scenarios::report::Status;
use simlab_scenarios::tracefile::{Header, Reader, Record, Verdict, Writer};
use simlab_scenarios::{Observed, Source};
use simlab_sim::Names;
use std::num::NonZeroU64;

const ODD: [&str; 5] = ["plain", "", "a \"quote\" and a \\", "雪 🦀 \u{7f}\u{0}\n\t\u{2028}", "_"];
const FILES: u32 = 5;

/// A kind of event of this number, with fields made of these words.
fn kind(code: u8, w: [u64; 4]) -> Kind {
    let seq = Seq(NonZeroU64::new(w[0]).unwrap_or(NonZeroU64::MIN));
    let node = NodeId(w[1] as u32 % 12);
    let (number, short) = (w[2], w[3] as u32);
    let name = ODD[w[3] as usize % ODD.len()];
    let file = NameId(w[1] as u32 % FILES);
    let file_or_none = w[0].is_multiple_of(2).then_some(file);
    let ports = (0..w[0] % 5).map(|n| Port::new((w[1] >> (8 * n)) as u8 | 1));
    let scope = ports.fold(Scope::ROOT, Scope::child);
    let op = OpId::of(node, short);
    let fault = FaultId(short);
    match code {
        0 => Kind::Started,
        1 => Kind::Sent { to: node, number, len: short },
        2 => Kind::Delivered { from: node, datagram: seq },
        3 => {
            let why = DropReason::ALL[number as usize % DropReason::ALL.len()];
            Kind::Dropped { from: node, datagram: seq, why }
        }
        4 => {
            let (first, second) = (number as u32, short);
            let damage = match w[0] % 5 {
                0 => Damage::Flipped { bits: first },
                1 => Damage::Burst { first, len: second },
                2 => Damage::Swapped { first, second },
                3 => Damage::Edited { at: first },
                _ => Damage::Zeroed { start: first, len: second },
            };
            Kind::Corrupted { from: node, datagram: seq, damage }
        }
        5 => Kind::Duplicated { from: node, datagram: seq },
        6 => Kind::TimerSet { scope, key: number, due: Time(w[3]) },
        7 => Kind::TimerCancelled { scope, key: number },
        8 => Kind::TimerFired { scope, key: number },
        9 => {
            let how = [
                WriteKind::Append,
                WriteKind::WriteAt,
                WriteKind::Replace,
                WriteKind::Truncate,
                WriteKind::Remove,
                WriteKind::Rename,
            ][w[3] as usize % 6];
            Kind::Wrote { file, how, at: number, len: w[0] }
        }
        10 => Kind::SyncAsked { ticket: Ticket(number), file: file_or_none },
        11 => {
            let result =
                [Ok(()), Err(DiskError::Read), Err(DiskError::Write), Err(DiskError::Full)]
                    [w[3] as usize % 4];
            Kind::Synced { ticket: Ticket(number), result }
        }
        12 => Kind::LostOnCrash { lost: w[0] as u32, torn: w[1] as u32, kept: short },
        13 => Kind::Crashed,
        14 => Kind::Restarted,
        15 => Kind::Halted,
        16 => Kind::Cut { fault },
        17 => Kind::Healed { fault },
        18 => Kind::Commanded,
        19 => Kind::Invoked { op, session: Session(number as u32) },
        20 => Kind::Returned { op },
        21 => Kind::Noted { name, a: w[0], b: w[1] },
        22 => Kind::Found { name },
        23 => Kind::Unheard,
        24 => Kind::Paused,
        25 => Kind::Resumed { held: short },
        26 => Kind::ClockChanged { jump: w[0].cast_signed(), drift: w[1].cast_signed() },
        27 => Kind::Left,
        28 => Kind::Began { fault },
        29 => Kind::Ended { fault },
        30 => {
            let what = DiskAct::ALL[number as usize % DiskAct::ALL.len()];
            Kind::DiskActed { what, file: file_or_none, at: w[3] }
        }
        31 => Kind::Wiped,
        _ => Kind::Replayed { from: node, datagram: seq },
    }
}

fn header() -> Header {
    Header {
        simlab: "0.1.0".to_owned(),
        scenario: "odd".to_owned(),
        source: Source::new("odd.toml", "# \"odd\" 雪\n\0"),
        seed: u64::MAX,
        variant: "default".to_owned(),
        set: vec![("a.b".to_owned(), "\"c\"".to_owned())],
        switches: vec!["ack-before-sync".to_owned()],
        script: None,
        nodes: ODD.iter().map(|name| (*name).to_owned()).collect(),
        faults: vec!["the cut".to_owned()],
    }
}

fn names() -> Names {
    let mut names = Names::default();
    names.nodes = header().nodes;
    for n in 0..FILES {
        names.intern_file(&format!("{}{n}", ODD[n as usize]));
    }
    names
}

fn verdict() -> Verdict {
    let checks = [Observed::Truth(false), Observed::Figure(-7), Observed::Unknown];
    Verdict {
        status: Status::Failed,
        checks: checks.into_iter().map(|o| ("check".to_owned(), o)).collect(),
        findings: vec!["panic".to_owned()],
    }
}

/// The words of an event to be: number of the kind, fields, time, node, cause, bytes.
type Raw = (u8, [u64; 4], u64, Option<u32>, Option<u64>, Vec<u8>);

fn raw() -> impl Strategy<Value = Raw> {
    let word = prop_oneof![Just(0), Just(u64::MAX), 0..40_u64, any::<u64>()];
    let words = [word.clone(), word.clone(), word.clone(), word];
    let bytes = proptest::collection::vec(any::<u8>(), 0..40);
    let node = proptest::option::of(0..12_u32);
    (0..Kind::NAMES.len() as u8, words, any::<u64>(), node, any::<Option<u64>>(), bytes)
}

/// The records of these words. The first ones name all files, so that their numbers are the same for
/// whoever meets them in this order.
fn records(raws: Vec<Raw>) -> Vec<Record> {
    let first = (0..FILES).map(|n| (9, [0, n.into(), 0, 0], 0, None, None, Vec::new()));
    let all = first.chain(raws).zip(1_u64..);
    all.map(|((code, words, at, node, cause, bytes), seq)| {
        let cause = cause.and_then(|cause| NonZeroU64::new(cause % seq)).map(Seq);
        let seq = Seq(NonZeroU64::new(seq).expect("from 1"));
        let kind = kind(code, words);
        assert_eq!(kind.code(), code);
        let node = node.map(NodeId);
        Record::new(&TraceEvent { seq, at: Time(at), node, cause, kind, bytes: &bytes })
    })
    .collect()
}

fn file(records: &[Record]) -> Vec<u8> {
    let names = names();
    let mut writer = Writer::new(Vec::new(), &header(), None, &names).expect("in memory");
    for record in records {
        writer.record(&record.event(), &names, 0xfeed).expect("in memory");
    }
    writer.finish(verdict()).expect("in memory")
}

fn advance(reader: &mut Reader<&[u8]>) -> bool {
    reader.advance().unwrap_or_else(|wrong| panic!("{wrong}"))
}

proptest! {
    #[test]
    fn what_is_written_comes_back(raws in proptest::collection::vec(raw(), 0..40)) {
        let records = records(raws);
        let bytes = file(&records);
        prop_assert_eq!(bytes.last(), Some(&b'\n'));
        let mut reader = Reader::new("odd.jsonl", &bytes[..]).expect("a header");
        prop_assert_eq!(reader.header(), &header());
        for record in &records {
            prop_assert!(advance(&mut reader));
            prop_assert_eq!(reader.event(), Some(record.event()));
        }
        prop_assert!(!advance(&mut reader));
        let footer = reader.footer().expect("the last line");
        prop_assert_eq!(footer.records, records.len() as u64);
        prop_assert_eq!(footer.trace_hash, if records.is_empty() { 0 } else { 0xfeed });
        prop_assert_eq!(&footer.verdict, &verdict());
    }
}

/// Every kind is in the table of the reader and the writer, under its name.
#[test]
fn every_kind_is_known() {
    for code in 0..Kind::NAMES.len() as u8 {
        let records = records(vec![(code, [1, 2, 3, 4], 5, Some(0), Some(1), b"\xff\0".to_vec())]);
        let bytes = file(&records);
        let text = String::from_utf8(bytes.clone()).expect("a trace file is UTF-8");
        let name = Kind::NAMES[usize::from(code)];
        assert!(text.contains(&format!("\"kind\":\"{name}\"")), "{text}");
        let mut reader = Reader::new("kinds", &bytes[..]).expect("a header");
        reader.finish().unwrap_or_else(|wrong| panic!("{name}: {wrong}"));
    }
}

/// A line whose hash is right and that is nonsense all the same: the hash is no secret.
fn sealed(lines: &[&str]) -> Vec<u8> {
    use simlab_core::Digest;
    let (mut out, mut last) = (Vec::new(), 0);
    for line in lines {
        let text = line.strip_suffix('}').unwrap_or(line);
        let mut digest = Digest::new();
        digest.word(last);
        digest.bytes(text.as_bytes());
        last = digest.value();
        out.extend(format!("{text},\"hash\":\"{last:016x}\"}}\n").into_bytes());
    }
    out
}

#[test]
fn a_right_hash_makes_no_sense_of_nonsense() {
    let good = String::from_utf8(file(&[])).expect("UTF-8");
    let header = good.lines().next().expect("a header");
    let header = format!("{}}}", &header[..header.rfind(",\"hash\"").expect("its hash")]);
    let end = r#"{"end":true,"records":0,"trace_hash":"0000000000000000","verdict":{"ok":true,"status":"passed","checks":[],"findings":[]}}"#;
    let whole = sealed(&[&header, end]);
    Reader::new("good", &whole[..]).expect("a header").finish().expect("a trace of nothing");
    let cases = [
        (r#"{"seq":2,"at":0,"kind":"start"}"#, "expected the event 1"),
        (r#"{"seq":1,"at":0,"cause":1,"kind":"start"}"#, "comes before it"),
        (r#"{"seq":1,"at":0,"kind":"begin"}"#, "`kind` must be a kind of event"),
        (r#"{"seq":1,"at":-1,"kind":"start"}"#, "`at` must be a whole number"),
        (r#"{"seq":1,"at":0,"kind":"start","at":0}"#, "not how simlab writes the line"),
        (r#"{"seq":1,"at":0,"kind":"start","more":0}"#, "not how simlab writes the line"),
        (r#"{"seq":1, "at":0,"kind":"start"}"#, "not how simlab writes the line"),
        (r#"{"seq":1,"at":0,"node":"x","kind":"start"}"#, "the name of a node of this run"),
        (r#"{"seq":1,"at":0,"kind":"command","bytes":"0"}"#, "hexadecimal"),
        (r#"{"seq":1,"at":0,"kind":"timer","scope":256,"key":0}"#, "`scope` must be"),
        (
            r#"{"end":true,"records":1,"trace_hash":"0000000000000000","verdict":{"ok":true,"status":"passed","checks":[],"findings":[]}}"#,
            "there are 0 events",
        ),
        ("{]}", "this is no JSON"),
        ("", "this is no JSON"),
    ];
    for (line, says) in cases {
        let bytes = sealed(&[&header, line, end]);
        let mut reader = Reader::new("bad", &bytes[..]).expect("a header");
        let refused = reader.finish().expect_err(line);
        assert_eq!(refused.list()[0].line(), 2, "{line}");
        assert!(refused.to_string().contains(says), "{line}: {refused}");
    }
}

/// What the file is made of never decides how much memory reading it takes.
#[test]
fn names_of_notes_and_lines_have_limits() {
    let good = String::from_utf8(file(&[])).expect("UTF-8");
    let header = good.lines().next().expect("a header");
    let header = format!("{}}}", &header[..header.rfind(",\"hash\"").expect("its hash")]);
    let long = "x".repeat(300);
    let note = format!(r#"{{"seq":1,"at":0,"kind":"note","name":"{long}","a":0,"b":0}}"#);
    let bytes = sealed(&[&header, &note]);
    let refused = Reader::new("long", &bytes[..]).expect("a header").finish().expect_err("long");
    assert!(refused.to_string().contains("at most 256 bytes"), "{refused}");

    let endless = std::io::BufReader::new(std::io::repeat(b'{'));
    let refused = Reader::new("endless", endless).expect_err("no end");
    assert_eq!(refused.list()[0].line(), 1);
}
