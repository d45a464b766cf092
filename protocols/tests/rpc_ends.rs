//! Callers and servers, with no simulator: what they make of messages that are lost, doubled and late.

mod calls;

use calls::{Did, Flight, Lab, Spec, built};
use simlab_core::wire::Decode;
use simlab_core::{Duration, NodeId};
use simlab_protocols::account::account;
use simlab_protocols::account::desk::desk;
use simlab_protocols::rpc::error::{Refusal, Verdict};
use simlab_protocols::rpc::message::Message;

const PHONE: NodeId = NodeId(0);
const BANK: NodeId = NodeId(1);

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn lab(phone: Spec<'_>, bank: Spec<'_>) -> Lab {
    Lab::new(1, built(&[phone, bank]))
}

/// The message of a flight.
fn message(flight: &Flight) -> Message<'_> {
    let (_, bytes) = flight.bytes.split_last().expect("it has a port");
    Message::from_bytes(bytes).expect("a message")
}

/// The numbers of the flights that are under way and of this kind.
fn under_way(lab: &Lab, is: impl Fn(&Message<'_>) -> bool) -> Vec<u64> {
    lab.flights.iter().filter(|(_, flight)| is(&message(flight))).map(|(n, _)| *n).collect()
}

/// Delivers all that is under way, and what comes of that.
fn deliver_all(lab: &mut Lab) {
    while let Some((&number, _)) = lab.flights.first_key_value() {
        lab.deliver(number, false);
    }
}

/// What the caller was told.
fn told(lab: &Lab) -> Vec<&str> {
    fn words((_, did): &(NodeId, Did)) -> Option<&str> {
        match did {
            Did::Noted { name: "told" | "failed", text, .. } => Some(text),
            _ => None,
        }
    }
    lab.did.iter().filter_map(words).collect()
}

const fn is_request(message: &Message<'_>) -> bool {
    matches!(message, Message::Request { .. })
}

const fn is_reply(message: &Message<'_>) -> bool {
    matches!(message, Message::Reply { .. })
}

/// Where duplicates are not known, each copy of a request is a job of its own. Who takes the call back means all of them.
#[test]
fn a_cancel_stops_all_copies_of_a_call() {
    let phone = Spec::new("phone", "phone", &[("server", "bank"), ("semantics", "at-least-once")]);
    let bank = Spec::new("bank", "account-server", &[("workers", "1"), ("work", "10ms")]);
    let mut lab = lab(phone, bank);
    lab.command(PHONE, "add 100");
    deliver_all(&mut lab); // hello, welcome, request: the worker is busy with it
    lab.command(PHONE, "add 5");
    let copies = under_way(&lab, is_request);
    let [copy] = copies[..] else { panic!("one request") };
    lab.deliver(copy, true);
    lab.deliver(copy, true);
    lab.deliver(copy, false);
    lab.command(PHONE, "cancel 1");
    deliver_all(&mut lab);
    assert_eq!(
        told(&lab),
        ["call 1: indeterminate: the caller stopped waiting; executed: Unknown"]
    );
    lab.advance(ms(100));
    assert_eq!(lab.inspect(BANK).get_int(&["total"]), Some(100), "no copy was executed");
}

/// With [the switch](simlab_protocols::rpc::client::NEW_ID), a call that is sent again has another number, in the text too if
/// it is one. What comes of it is read as what the first one was asked for.
#[test]
fn a_call_that_is_sent_again_under_another_number_can_be_read() {
    for codec in ["binary", "json"] {
        let phone = Spec::new("phone", "phone", &[("server", "bank"), ("codec", codec)]);
        let bank = Spec::new("bank", "account-server", &[]);
        let mut lab = lab(phone.switch("rpc-retry-with-new-id"), bank);
        lab.command(PHONE, "add 5");
        deliver_all(&mut lab);
        lab.advance(ms(10));
        let replies = under_way(&lab, is_reply);
        assert_eq!(replies.len(), 1);
        lab.flights.clear(); // it is lost
        lab.advance(ms(250));
        deliver_all(&mut lab);
        lab.advance(ms(10));
        deliver_all(&mut lab);
        assert_eq!(told(&lab), ["call 0: there are 10"], "{codec}: it was executed twice");
    }
}

/// A reply names the service of its call, and one of another service is none.
#[test]
fn a_reply_of_another_service_is_strange() {
    let phone = Spec::new("phone", "phone", &[("server", "bank")]);
    let mut lab = lab(phone, Spec::new("bank", "account-server", &[]));
    lab.command(PHONE, "add 5");
    deliver_all(&mut lab);
    lab.advance(ms(10));
    let (_, flight) = lab.flights.pop_first().expect("the reply");
    let mut other = flight.clone();
    other.bytes[21] ^= 1; // behind the tag, the call and the server's life and clock
    lab.hear(PHONE, BANK, &other.bytes);
    assert_eq!(told(&lab), [""; 0]);
    assert_eq!(lab.inspect(PHONE).get_int(&["strange"]), Some(1));
    lab.hear(PHONE, BANK, &flight.bytes);
    assert_eq!(told(&lab), ["call 0: there are 5"]);
}

/// Also a service that it does not have: the caller must know what was refused.
#[test]
fn a_refusal_names_the_service_that_there_is_not() {
    let phone = Spec::new("phone", "phone", &[("server", "bank")]);
    let mut lab = lab(phone, Spec::new("bank", "account-server", &[]));
    lab.command(PHONE, "order 5");
    while let Some((&number, flight)) = lab.flights.first_key_value() {
        if let Message::Reply { verdict, .. } = message(flight) {
            assert_eq!(verdict, Verdict::Refused(Refusal::Service));
        }
        lab.deliver(number, false);
    }
    assert_eq!(told(&lab), ["call 0: refused: there is no such service; executed: No"]);
}

/// A caller that speaks to several services shows each reply as that of its own.
#[test]
fn a_reply_is_shown_by_its_own_service() {
    let specs = [
        Spec::new("phone", "phone", &[("server", "desk")]),
        Spec::new("bank", "account-server", &[]),
        Spec::new("desk", "account-desk", &[("account", "bank")]),
    ];
    let mut lab = Lab::new(1, built(&specs));
    lab.command(PHONE, "order 5");
    let mut shown = Vec::new();
    for _ in 0..10 {
        while let Some((&number, flight)) = lab.flights.first_key_value() {
            if is_reply(&message(flight)) {
                let [account, desk] = [account::dissect, desk::dissect].map(|d| d(&flight.bytes));
                shown.push((account.is_some(), desk.is_some()));
            }
            lab.deliver(number, false);
        }
        lab.advance(ms(1));
    }
    assert_eq!(shown, [(true, false), (false, true)], "the account's, and then the desk's");
    assert_eq!(told(&lab), ["call 0: there are 5"]);
}
