//! Source, relay and sink by hand: what they say to whom.

use super::check::Check;
use super::message::{Attempt, Message};
use super::{RELAY, SINK, SOURCE};
use proptest::prelude::*;
use simlab_core::wire::Encode;
use simlab_core::{
    Argument, Arguments, BuildError, Counters, Duration, Effect, Entry, Env, Event, Fields, Member,
    Moment, NoDisk, NodeId, Outbox, Process, Ratio, Seeded, Time,
};
use std::collections::BTreeMap;

const FROM: NodeId = NodeId(0);
const BY: NodeId = NodeId(1);
const TO: NodeId = NodeId(2);
const ATTEMPT: Attempt = Attempt { life: 0, file: 0, number: 1 };

/// A path from a source by a relay to a sink, with these arguments beside or instead of the usual ones.
fn roster(other: &[(&'static str, Argument)]) -> [Member; 3] {
    let member = |id: NodeId, entry: &Entry, given: Vec<(&'static str, Argument)>| {
        let mut arguments: BTreeMap<_, _> = given.into_iter().collect();
        arguments.extend(
            other
                .iter()
                .filter(|(name, _)| arguments.contains_key(name))
                .cloned()
                .collect::<Vec<_>>(),
        );
        let name = id.to_string();
        Member { id, name, site: None, service: entry.name, arguments, stack: Vec::new() }
    };
    [
        member(
            FROM,
            &SOURCE,
            vec![
                ("next", Argument::Node(BY)),
                ("files", Argument::Count(2)),
                ("size", Argument::Count(25)),
                ("block", Argument::Count(10)),
                ("check", Argument::Text("crc-32c".to_owned())),
                ("timeout", Argument::Duration(Duration::from_secs(1))),
                ("attempts", Argument::Count(3)),
            ],
        ),
        member(
            BY,
            &RELAY,
            vec![("next", Argument::Node(TO)), ("interchange", Argument::Probability(Ratio::ZERO))],
        ),
        member(TO, &SINK, vec![("room", Argument::Count(25))]),
    ]
}

/// One of them, alone.
struct Alone {
    process: Box<dyn Process>,
    me: NodeId,
    counters: Counters,
}

impl Alone {
    fn new(me: NodeId, other: &[(&'static str, Argument)]) -> Result<Self, BuildError> {
        let roster = roster(other);
        let arguments = Arguments { me, roster: &roster, objects: &[], switches: &[] };
        let entry = [SOURCE, RELAY, SINK][me.index()];
        Ok(Alone { process: (entry.build)(&arguments)?, me, counters: Counters::default() })
    }

    /// Handles an event and returns what it sends.
    fn on(&mut self, event: Event<'_>) -> Vec<(NodeId, Vec<u8>)> {
        let moment = Moment { me: self.me, now: Time::ZERO, wall: Time::ZERO, life: 0 };
        let (mut out, mut seeded) = (Outbox::new(), Seeded::new(1));
        let mut env = Env::new(moment, &mut out, &mut self.counters, &mut seeded, &NoDisk);
        self.process.on_event(event, &mut env);
        let sent = out.effects().iter().flat_map(|effect| match effect {
            Effect::Send { to, payload } => {
                let to = out.receivers(*to);
                to.iter().map(|to| (*to, out.bytes(*payload).to_vec())).collect()
            }
            _ => Vec::new(),
        });
        sent.collect()
    }

    fn hears(&mut self, from: NodeId, bytes: &[u8]) -> Vec<(NodeId, Vec<u8>)> {
        self.on(Event::Datagram { from, bytes })
    }

    fn shows(&self, field: &str) -> Option<i64> {
        let mut fields = Fields::new();
        self.process.inspect(&mut fields);
        fields.get_int(&[field])
    }
}

fn alone(me: NodeId) -> Alone {
    Alone::new(me, &[]).expect("good arguments")
}

/// What a source sends first.
fn first_attempt() -> Vec<Vec<u8>> {
    alone(FROM).on(Event::Start).into_iter().map(|(_, bytes)| bytes).collect()
}

fn answer(of: Attempt, whole: bool) -> Vec<u8> {
    Message::Answer { of, whole }.to_bytes()
}

#[test]
fn a_file_goes_in_blocks_and_its_check_goes_last() {
    let sent = first_attempt();
    assert_eq!(sent.iter().map(Vec::len).collect::<Vec<_>>(), [25, 25, 20, 20]);
    let mut sink = alone(TO);
    for message in &sent[..3] {
        assert_eq!(sink.hears(BY, message), []);
    }
    assert_eq!(sink.hears(BY, &sent[3]), [(BY, answer(ATTEMPT, true))]);
    assert_eq!((sink.shows("taken"), sink.shows("damaged_files")), (Some(1), Some(0)));
}

#[test]
fn who_finds_a_file_wrong_says_so_and_begins_anew() {
    let mut sent = first_attempt();
    sent[1].swap(20, 21);
    let mut sink = alone(TO);
    let answers: Vec<_> = sent.iter().flat_map(|message| sink.hears(BY, message)).collect();
    assert_eq!(answers, [(BY, answer(ATTEMPT, false))]);
    let mut source = alone(FROM);
    source.on(Event::Start);
    assert_eq!(source.hears(BY, &answers[0].1).len(), 4, "the whole file once more");
    assert_eq!(source.hears(BY, &answers[0].1), [], "it was an answer to the first attempt");
    let second = Attempt { number: 2, ..ATTEMPT };
    assert_eq!(source.hears(BY, &answer(second, true)).len(), 4, "the next file");
    let next = Attempt { file: 1, ..ATTEMPT };
    assert_eq!(source.hears(BY, &answer(next, true)), []);
    assert_eq!((source.shows("delivered"), source.shows("told_wrong")), (Some(2), Some(1)));
}

#[test]
fn without_a_check_nobody_notices() {
    let none = [("check", Argument::Text("none".to_owned()))];
    let mut source = Alone::new(FROM, &none).expect("good arguments");
    let mut sink = alone(TO);
    let mut answers = Vec::new();
    for (_, mut message) in source.on(Event::Start) {
        if message.len() == 25 {
            message.swap(20, 21);
        }
        answers.extend(sink.hears(BY, &message));
    }
    assert_eq!(answers, [(BY, answer(ATTEMPT, true))]);
    assert_eq!((sink.shows("taken"), sink.shows("damaged_files")), (Some(1), Some(1)));
}

#[test]
fn an_answer_that_was_lost_is_given_again_and_the_file_taken_once() {
    let mut sink = alone(TO);
    let sent = first_attempt();
    sent.iter().for_each(|message| drop(sink.hears(BY, message)));
    let again: Vec<_> = sent.iter().flat_map(|message| sink.hears(BY, message)).collect();
    assert_eq!(again, [(BY, answer(ATTEMPT, true))]);
    assert_eq!(sink.shows("taken"), Some(1));
}

#[test]
fn a_source_that_nobody_answers_gives_up() {
    let mut source = alone(FROM);
    source.on(Event::Start);
    let timer = Event::Timer { scope: simlab_core::Scope::default(), key: 0 };
    let sent: usize = (0..8).map(|_| source.on(timer).len()).sum();
    assert_eq!(sent, 5 * 4, "three attempts at each of two files, and the first was there");
    assert_eq!((source.shows("given_up"), source.shows("attempts")), (Some(2), Some(6)));
}

#[test]
fn a_sink_takes_no_file_that_it_has_no_room_for() {
    let mut sink = alone(TO);
    let block = |number, data| Message::Block { of: ATTEMPT, number, data }.to_bytes();
    sink.hears(BY, &block(0, &[1; 20]));
    sink.hears(BY, &block(1, &[2; 20]));
    let (check, value) = (Check::named("none").expect("a check"), &[][..]);
    let end = Message::End { of: ATTEMPT, blocks: 2, check, value }.to_bytes();
    assert_eq!(sink.hears(BY, &end), []);
    assert_eq!((sink.shows("too_large"), sink.shows("taken")), (Some(1), Some(0)));
}

/// The parts of two sources that send at once do not make a file that neither has sent.
#[test]
fn a_sink_keeps_its_ways_apart() {
    let mut roster = roster(&[]).to_vec();
    let (other, stranger) = (NodeId(3), NodeId(4));
    let mut second = roster[FROM.index()].clone();
    (second.id, second.name) = (other, "other".to_owned());
    second.arguments.insert("next", Argument::Node(TO));
    roster.push(second);
    let arguments = Arguments { me: TO, roster: &roster, objects: &[], switches: &[] };
    let process = (SINK.build)(&arguments).expect("good arguments");
    let mut sink = Alone { process, me: TO, counters: Counters::default() };
    let sent = first_attempt();
    let is_block = |message: &&Vec<u8>| message.len() == 25;
    for message in sent.iter().filter(is_block) {
        assert_eq!(sink.hears(BY, message), []);
        assert_eq!(sink.hears(stranger, message), []);
    }
    // The other one has sent its check, and its blocks were lost.
    assert_eq!(sink.hears(other, &sent[3]), []);
    assert_eq!(sink.hears(other, &sent[2]), []);
    assert_eq!(sink.hears(BY, &sent[2]), []);
    assert_eq!(sink.hears(BY, &sent[3]), [(BY, answer(ATTEMPT, true))]);
    assert_eq!(sink.hears(other, &sent[0]), [], "the file of the other way is not this one");
    assert_eq!(sink.hears(other, &sent[1]), [(other, answer(ATTEMPT, true))]);
    assert_eq!((sink.shows("taken"), sink.shows("damaged_files")), (Some(2), Some(0)));
    assert_eq!(sink.shows("strange"), Some(2));
}

#[test]
fn a_relay_passes_on_both_ways_whatever_it_is() {
    let mut relay = alone(BY);
    assert_eq!(relay.hears(FROM, b"anything"), [(TO, b"anything".to_vec())]);
    assert_eq!(relay.hears(TO, b"at all"), [(FROM, b"at all".to_vec())]);
    assert_eq!(relay.hears(NodeId(7), b"from a stranger"), []);
    assert_eq!((relay.shows("forwarded"), relay.shows("strange")), (Some(2), Some(1)));
}

#[test]
fn a_bad_memory_interchanges_two_neighbours() {
    let always = [("interchange", Argument::Probability(Ratio::ONE))];
    let mut relay = Alone::new(BY, &always).expect("good arguments");
    let message = b"a word of some letters";
    for _ in 0..100 {
        let sent = relay.hears(FROM, message);
        let (_, copy) = &sent[0];
        let wrong: Vec<usize> = (0..message.len()).filter(|at| copy[*at] != message[*at]).collect();
        assert_eq!(wrong.len(), 2);
        let (a, b) = (wrong[0], wrong[1]);
        assert_eq!((b - a, copy[a], copy[b]), (1, message[b], message[a]));
    }
    assert_eq!(relay.hears(FROM, b"all the same")[0].1.len(), 12);
    for nothing_to_tell in [&b""[..], b"a", b"aaaa"] {
        assert_eq!(relay.hears(FROM, nothing_to_tell)[0].1, nothing_to_tell);
    }
    assert_eq!(relay.shows("interchanged"), Some(101));
}

#[test]
fn a_path_leads_somewhere() {
    let refused = |me, name, value| {
        let error = Alone::new(me, &[(name, value)]).err().expect("a bad argument");
        (error.parameter, error.message)
    };
    let (parameter, message) = refused(BY, "next", Argument::Node(BY));
    assert_eq!(parameter, Some("next"));
    assert!(message.contains("`n1`, which is itself"), "{message}");
    let (_, message) = refused(FROM, "next", Argument::Node(FROM));
    assert!(message.contains("itself"), "{message}");
    let (parameter, message) = refused(BY, "next", Argument::Node(FROM));
    assert!(parameter == Some("next") && message.contains("file-source"), "{message}");
    let (parameter, _) = refused(FROM, "timeout", Argument::Duration(Duration::ZERO));
    assert_eq!(parameter, Some("timeout"));
    let (parameter, message) = refused(FROM, "size", Argument::Count(10_250));
    assert!(parameter == Some("block") && message.contains("1024 blocks"), "{message}");
}

/// Messages of the protocol with any numbers, whole or cut off, and bytes that are none.
fn anything() -> impl Strategy<Value = Vec<u8>> {
    let numbers = (0..3_u8, 0..3_u8, 0..4_u8, 0..4_u8);
    let rest = proptest::collection::vec(0..4_u8, 0..20);
    let message = (1..4_u8, numbers, rest).prop_map(|(tag, (life, file, attempt, last), rest)| {
        let number = |n: u8| [0, 0, 0, n];
        let head = [number(life), number(file), number(attempt)].concat();
        let end =
            if tag == 3 { vec![0xff * (last & 1); 4] } else { [&[0, last][..], &rest].concat() };
        [&[tag][..], &head, &end].concat()
    });
    prop_oneof![4 => message, 1 => proptest::collection::vec(any::<u8>(), 0..40)]
}

proptest! {
    /// Neither panics; a sink says one thing at most to each, and a source no more than a file.
    #[test]
    fn no_messages_are_too_much(all in proptest::collection::vec(anything(), 1..60)) {
        let (mut source, mut relay, mut sink) = (alone(FROM), alone(BY), alone(TO));
        source.on(Event::Start);
        for bytes in &all {
            prop_assert!(sink.hears(BY, bytes).len() <= 1);
            prop_assert!(source.hears(BY, bytes).len() <= 4);
            prop_assert_eq!(relay.hears(FROM, bytes), [(TO, bytes.clone())]);
        }
        let taken = sink.shows("taken").expect("it counts them");
        prop_assert!(taken <= all.len() as i64);
        prop_assert!(source.shows("attempts").expect("it counts them") <= 6);
    }
}
