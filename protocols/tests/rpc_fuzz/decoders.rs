//! Whatever reads bytes of a call: it refuses them, or what it reads is written as the same bytes again.

use super::marshalled::{
    RECEIPT, all_calls, all_results, answer, answered, answers, call, json_call, json_value,
    json_values, pair, put, result, text, texts, value, values,
};
use super::{Dice, Report, dice, mangle, step};
use simlab_core::NodeId;
use simlab_core::wire::{Decode, Encode, Reader};
use simlab_protocols::account::account;
use simlab_protocols::account::desk::desk;
use simlab_protocols::arith::arith;
use simlab_protocols::rpc::error::{Refusal, Verdict};
use simlab_protocols::rpc::govern::shed::Class;
use simlab_protocols::rpc::message::{CallId, Codec, Header, Message, Presence, Semantics};
use simlab_protocols::rpc::server::journal::{Entry, Record, framed, records};
use simlab_protocols::rpc::server::table::{Answered, Limits, Table};

/// What reads bytes, with examples of what it is to read.
pub(crate) struct Decoder {
    pub(crate) name: &'static str,
    examples: fn() -> Vec<Vec<u8>>,
    /// What it reads, written again; `None` if it refuses.
    again: fn(&[u8]) -> Option<Vec<u8>>,
    /// Whether there is but one way to write a thing. If not, what is written again is read as the same thing.
    canonical: bool,
}

/// All of them.
pub(crate) const DECODERS: [Decoder; 16] = [
    Decoder { name: "message", examples: messages, again: message, canonical: true },
    Decoder { name: "header", examples: headers, again: header, canonical: true },
    Decoder { name: "presence", examples: presences, again: presence, canonical: true },
    Decoder { name: "values", examples: values, again: value, canonical: true },
    Decoder { name: "values as JSON", examples: json_values, again: json_value, canonical: false },
    Decoder { name: "calls", examples: all_calls, again: call, canonical: true },
    Decoder { name: "calls as JSON", examples: texts, again: json_call, canonical: false },
    Decoder { name: "results", examples: all_results, again: result, canonical: true },
    Decoder { name: "JSON-RPC", examples: texts, again: text, canonical: false },
    Decoder { name: "JSON-RPC answers", examples: answers, again: answer, canonical: false },
    Decoder { name: "JSON-RPC server", examples: texts, again: answered, canonical: false },
    Decoder { name: "dissectors", examples: messages, again: dissected, canonical: true },
    Decoder { name: "table entries", examples: entries, again: entry, canonical: true },
    Decoder { name: "tables", examples: tables, again: table, canonical: false },
    Decoder { name: "records", examples: bodies, again: body, canonical: true },
    Decoder { name: "journals", examples: journals, again: journal, canonical: true },
];

impl Decoder {
    /// How much may be allocated for an input of so many bytes, here and to write it again. An absent text is 24 bytes in a list
    /// that grows. `[[[[…` and `[1,1,1,…` are a value of JSON for every second byte; and a server of JSON-RPC answers each mistake of
    /// a batch with a sentence, which is read here.
    fn peak_max(&self, len: usize) -> usize {
        let of_byte = match self.name {
            "JSON-RPC server" => 1_024,
            name if name.contains("JSON") => 256,
            _ => 128,
        };
        (4 << 10) + len * of_byte
    }
}

/// Gives a decoder so many inputs.
///
/// # Panics
/// If it does, or allocates more than it may, or writes something else than it has read.
pub(crate) fn fuzz(decoder: &Decoder, inputs: u64, seed: u64) -> Report {
    let examples = (decoder.examples)();
    let mut report = Report::default();
    assert!(examples.iter().all(|bytes| (decoder.again)(bytes).is_some()), "{}", decoder.name);
    for n in 0..inputs {
        step(n, seed, decoder.name, || {
            let input = input(&examples, &mut dice(n, seed));
            let most = decoder.peak_max(input.len());
            let again = report.measure(most, || (decoder.again)(&input));
            report.taken += u64::from(again.is_some());
            match again {
                Some(again) if decoder.canonical => assert_eq!(again, input),
                Some(again) => assert_eq!((decoder.again)(&again), Some(again)),
                None => {}
            }
        });
    }
    report
}

/// Anything, or an example that is damaged.
fn input(examples: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let any = |dice: &mut Dice| dice.below(examples.len());
    if dice.one_in(10) {
        let len = dice.below(100);
        return dice.bytes(len);
    }
    if dice.one_in(500) {
        // Much of the same: what grows faster than its text shows here.
        let word = [&b"["[..], b"{\"a\":", b"1,", b"[1,", b"{},", b"\"\",", &[0; 4], &[255; 3]];
        let word = word[dice.below(word.len())];
        let begin = examples[any(dice)].first().copied().unwrap_or(0);
        let repeated = word.repeat(dice.below(4_000));
        return [&[[begin, b'['][dice.below(2)]], &repeated[..], b"1]"].concat();
    }
    let mut bytes = examples[any(dice)].clone();
    let other = any(dice);
    mangle(&mut bytes, &examples[other], dice);
    bytes
}

const CALL: CallId = CallId::of(1, 7);

fn headers() -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for semantics in [Semantics::Maybe, Semantics::AtLeastOnce, Semantics::AtMostOnce] {
        for codec in [Codec::Binary, Codec::Json] {
            for class in Class::ALL {
                all.push(Header { class, ..example(semantics, codec) }.to_bytes());
            }
        }
    }
    all
}

fn example(semantics: Semantics, codec: Codec) -> Header {
    Header {
        call: CALL,
        settled: CallId::of(1, 5),
        life: 2,
        deadline: simlab_core::Time(1_000_000),
        trace: 0x0001_0000_0001_0007,
        interface: account::INTERFACE.number(),
        version: 2,
        procedure: 1,
        semantics,
        codec,
        class: Class::Critical,
    }
}

fn header(bytes: &[u8]) -> Option<Vec<u8>> {
    Some(Header::from_bytes(bytes).ok()?.to_bytes())
}

const PRESENCE: Presence = Presence { life: 2, clock: simlab_core::Time(99) };

fn presences() -> Vec<Vec<u8>> {
    vec![PRESENCE.to_bytes()]
}

fn presence(bytes: &[u8]) -> Option<Vec<u8>> {
    Some(Presence::from_bytes(bytes).ok()?.to_bytes())
}

fn verdicts() -> Vec<Verdict> {
    let (code, message) = (-3, "not enough".to_owned());
    let refusals = [
        Refusal::Service,
        Refusal::Version(1, 2),
        Refusal::Procedure,
        Refusal::Parameters,
        Refusal::Busy,
        Refusal::Denied,
        Refusal::Shed,
        Refusal::Rate,
        Refusal::Cancelled,
    ];
    let others = [
        Verdict::Returned(put(&RECEIPT)),
        Verdict::Failed { code, message },
        Verdict::TooLate,
        Verdict::Forgotten,
    ];
    refusals.map(Verdict::Refused).into_iter().chain(others).collect()
}

fn messages() -> Vec<Vec<u8>> {
    let (call, presence, interface) = (CALL, PRESENCE, account::INTERFACE.number());
    let (procedure, codec) = (1, Codec::Binary);
    let reply = |verdict| Message::Reply { call, presence, interface, procedure, codec, verdict };
    let mut all: Vec<Message<'_>> = verdicts().into_iter().map(reply).collect();
    let parameters = pair(&7_u64, &5_i64);
    let header = example(Semantics::AtMostOnce, codec);
    all.push(Message::Request { header, body: &parameters });
    let header = example(Semantics::AtLeastOnce, Codec::Json);
    all.push(Message::Request { header, body: br#"{"jsonrpc":"2.0"}"# });
    all.extend([
        Message::Hello { nonce: 5 },
        Message::Welcome { nonce: 5, presence },
        Message::Working { call, presence },
        Message::Reopen { call, presence, durable: true },
        Message::Cancel { call, life: 2 },
    ]);
    all.iter().map(Encode::to_bytes).collect()
}

fn message(bytes: &[u8]) -> Option<Vec<u8>> {
    Some(Message::from_bytes(bytes).ok()?.to_bytes())
}

/// What people are shown of a datagram covers it, field by field.
fn dissected(bytes: &[u8]) -> Option<Vec<u8>> {
    let datagram = [bytes, &[simlab_protocols::rpc::PORT.0.get()]].concat();
    let shown = account::dissect(&datagram);
    let other = desk::dissect(&datagram);
    assert!(arith::dissect(&datagram).is_none() || shown.is_none() || other.is_some());
    let mut end = 0;
    for part in shown?.parts {
        assert_eq!(part.bytes.start, end, "{} begins where the one before ends", part.name);
        end = part.bytes.end;
    }
    assert_eq!(end, datagram.len());
    Some(bytes.to_vec())
}

fn all_answered() -> impl Iterator<Item = Answered> {
    let one = |verdict| Answered { procedure: 1, codec: Codec::Json, verdict };
    verdicts().into_iter().map(one)
}

fn entries() -> Vec<Vec<u8>> {
    all_answered().map(|answered| answered.to_bytes()).collect()
}

fn entry(bytes: &[u8]) -> Option<Vec<u8>> {
    Some(Answered::from_bytes(bytes).ok()?.to_bytes())
}

const LIMITS: Limits = Limits { calls: 8, callers: 4 };

fn tables() -> Vec<Vec<u8>> {
    let mut table = Table::new(LIMITS);
    for (n, answered) in all_answered().enumerate() {
        table.answer(NodeId(n as u32 % 3), CallId::of(n as u32 % 2, n as u32), answered);
    }
    table.begin(NodeId(1), CALL);
    [true, false].map(|running| written(&table, running)).to_vec()
}

fn written(table: &Table, running: bool) -> Vec<u8> {
    let mut out = Vec::new();
    table.put(running, &mut out);
    out
}

fn table(bytes: &[u8]) -> Option<Vec<u8>> {
    let (mut table, mut reader) = (Table::new(LIMITS), Reader::new(bytes));
    table.take(&mut reader).ok()?;
    Some(written(&table, true))
}

fn all_records(with: impl Fn(&Record<'_>) -> Vec<u8>) -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = all_answered()
        .map(|answered| {
            let entry = Some(Entry { caller: NodeId(4), call: CALL, answered });
            with(&Record::Done { effects: vec![b"one", b"", b"three"], entry })
        })
        .collect();
    all.push(with(&Record::Done { effects: vec![b"alone"], entry: None }));
    all.push(with(&Record::Snapshot { service: b"state", table: &tables()[0] }));
    all
}

fn bodies() -> Vec<Vec<u8>> {
    all_records(|record| record.to_bytes())
}

fn body(bytes: &[u8]) -> Option<Vec<u8>> {
    Some(Record::from_bytes(bytes).ok()?.to_bytes())
}

fn journals() -> Vec<Vec<u8>> {
    let all = all_records(framed);
    vec![all.concat(), all[0].clone(), Vec::new()]
}

/// What is behind the last record counts for nothing.
fn journal(bytes: &[u8]) -> Option<Vec<u8>> {
    let (all, end) = records(bytes);
    let again: Vec<u8> = all.iter().flat_map(framed).collect();
    assert_eq!(again, bytes[..end], "the records");
    (end > 0 || bytes.is_empty()).then(|| [&again, &bytes[end..]].concat())
}
