//! Where the customers of a shop call: the lab's remote procedure calls ([`crate::rpc`]), of which every one is parked
//! until the shop knows what came of it.
//!
//! **No duplicate table, no journal.** Calls are made at-least-once, and a shop keeps on its own disk, in one write with
//! what a request changed, that it has come. A table of calls would have to be durable too, and would still not know
//! of a request that comes again in another call. What only the end of a system can do right, it has to do itself,
//! and then nothing below it needs to (Saltzer, Reed and Clark, "End-to-End Arguments in System Design", ACM TOCS 2(4),
//! 1984). The number of a request is therefore among its parameters, apart from that of the call.
//!
//! **No bounds of its own.** How many requests may wait the shop says, since it has to say what that is: a refusal.

use super::ledger::{Amount, Change};
use super::shop::{self, Call, Reply, Server, Skeleton};
use crate::rpc::error::Verdict;
use crate::rpc::interface::Call as _;
use crate::rpc::message::{CallId, Codec, Message};
use crate::rpc::server::monitor::JobId;
use crate::rpc::server::table::{Limits, Table};
use crate::rpc::{self, Client, Context, Endpoint, Failure, Step, Woken, client, server};
use simlab_core::wire::Decode;
use simlab_core::{Dissection, Env, Event, NodeId, Outcome, Value};

/// What a shop says by a failure of this code: certainly not done.
pub(super) const NOT_DONE: i64 = 1;
/// What a shop says by a failure of this code: it does not know whether it is done.
pub(super) const UNKNOWN: i64 = 2;

/// A request that waits for its answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Request {
    /// By what it is answered; another copy of the request has another.
    pub(super) job: JobId,
    pub(super) client: NodeId,
    /// The call; another copy that the network has made has the same.
    pub(super) call: CallId,
    pub(super) product: String,
    /// What is to be changed, or nothing if that is to be told which is left.
    pub(super) change: Option<Change>,
}

/// A procedure that waits for its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Parked {
    Sell,
    TakeBack,
    Read,
}

/// Who takes requests down.
#[derive(Clone, Debug, Default, Hash)]
struct Desk {
    request: Option<Request>,
}

impl Desk {
    fn take_down(&mut self, product: String, change: Option<Change>, context: &Context<'_, '_>) {
        let (job, client, call) = (context.job(), context.caller(), context.call_id());
        self.request = Some(Request { job, client, call, product, change });
    }
}

impl Server for Desk {
    type Job = Parked;

    fn sell(
        &mut self,
        number: u64,
        settled: u64,
        product: String,
        units: u32,
        context: &mut Context<'_, '_>,
    ) -> Step<bool, Parked> {
        let (client, amount) = (context.caller(), Amount::Sell(units));
        self.take_down(product, Some(Change { client, id: number, settled, amount }), context);
        Step::Park(Parked::Sell)
    }

    fn take_back(
        &mut self,
        number: u64,
        settled: u64,
        product: String,
        units: u32,
        context: &mut Context<'_, '_>,
    ) -> Step<bool, Parked> {
        let (client, amount) = (context.caller(), Amount::TakeBack(units));
        self.take_down(product, Some(Change { client, id: number, settled, amount }), context);
        Step::Park(Parked::TakeBack)
    }

    fn read(&mut self, product: String, context: &mut Context<'_, '_>) -> Step<i64, Parked> {
        self.take_down(product, None, context);
        Step::Park(Parked::Read)
    }

    fn resume(&mut self, job: Parked, _: Woken, _: &mut Context<'_, '_>) -> Step<Reply, Parked> {
        Step::Park(job)
    }

    fn redo(&mut self, _: &[u8]) {}

    fn snapshot(&self) -> Vec<u8> {
        Vec::new()
    }

    fn restore(&mut self, _: &[u8]) -> bool {
        true
    }
}

/// The calls of a shop's customers.
#[derive(Clone, Debug, Hash)]
pub(super) struct Front {
    rpc: Endpoint<Skeleton<Desk>>,
}

impl Front {
    /// A front of which nothing was asked.
    pub(super) fn new() -> Self {
        let limits = Limits { calls: 1_024, callers: 1_024 };
        let config = server::Config::taking_down(limits);
        let server = rpc::Server::new(config, Skeleton(Desk::default()), Table::new(limits));
        // It calls nobody.
        Front { rpc: Endpoint::new(Client::new(client::Config::default()), server) }
    }

    /// Handles an event of its port; `env` is that of the port. What comes back is a request that came with it. There
    /// is nothing to do at the start.
    pub(super) fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) -> Option<Request> {
        self.rpc.on_event(event, env);
        self.rpc.server.service_mut().0.request.take()
    }

    /// Answers a request, once: what came of it.
    pub(super) fn reply(&mut self, job: JobId, outcome: Outcome, env: &mut Env<'_>) {
        let env = &mut env.at(rpc::PORT);
        let Endpoint { client, server, .. } = &mut self.rpc;
        server.finish(job, |parked| result(parked, outcome), client, env);
    }

    /// Does not answer a request: it is a second copy of one.
    pub(super) fn ignore(&mut self, job: JobId, env: &mut Env<'_>) {
        let Endpoint { client, server, .. } = &mut self.rpc;
        server.forget(job, client, &mut env.at(rpc::PORT));
    }
}

fn result(parked: Parked, outcome: Outcome) -> Result<Reply, Failure> {
    match (parked, outcome) {
        (Parked::Sell, Outcome::Done(Value::Bool(done))) => Ok(Reply::sell(done)),
        (Parked::TakeBack, Outcome::Done(Value::Bool(done))) => Ok(Reply::take_back(done)),
        (Parked::Read, Outcome::Done(Value::Int(left))) => Ok(Reply::read(left)),
        (_, Outcome::NotDone(message)) => Err(Failure { code: NOT_DONE, message }),
        (_, Outcome::Unknown(message)) => Err(Failure { code: UNKNOWN, message }),
        (parked, Outcome::Done(value)) => unreachable!("{parked:?} does not return {value}"),
    }
}

/// What a failure of a procedure says of its operation.
pub(super) fn failed(code: i64, message: String) -> Outcome {
    match code {
        NOT_DONE => Outcome::NotDone(message),
        _ => Outcome::Unknown(message),
    }
}

/// Dissects a datagram of calls of a shop, its port included; requests and replies in the words of the history.
pub(super) fn dissect(bytes: &[u8]) -> Option<Dissection> {
    let mut dissection = shop::dissect(bytes)?;
    let (_, message) = bytes.split_last()?;
    match Message::from_bytes(message).ok()? {
        Message::Request { header, body } if header.codec == Codec::Binary => {
            if let Ok(call) = Call::take(header.procedure, body) {
                dissection.summary = format!("request {}: {}", header.call, asked(&call));
            }
        }
        Message::Reply { call, verdict: Verdict::Failed { code, message }, .. } => {
            dissection.summary = format!("reply {call}: {}", failed(code, message));
        }
        _ => {}
    }
    Some(dissection)
}

fn asked(call: &Call) -> String {
    let (product, call) = match call {
        Call::sell { product, units, .. } => (product, simlab_core::Call::Sell(*units)),
        Call::take_back { product, units, .. } => (product, simlab_core::Call::TakeBack(*units)),
        Call::read { product } => (product, simlab_core::Call::Read),
    };
    format!("{product} {call}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::govern::shed::Class;
    use crate::rpc::message::{Header, Presence, Semantics};
    use proptest::prelude::*;
    use simlab_core::Time;
    use simlab_core::wire::Encode;

    fn with_port(message: &Message<'_>) -> Vec<u8> {
        let mut bytes = message.to_bytes();
        bytes.push(rpc::PORT.0.get());
        bytes
    }

    fn request(number: u32, call: &Call) -> Vec<u8> {
        let mut body = Vec::new();
        call.put(&mut body);
        let header = Header {
            call: CallId::of(0, number),
            settled: CallId::of(0, 0),
            life: 1,
            deadline: Time::NEVER,
            trace: 9,
            interface: shop::INTERFACE.number(),
            version: 1,
            procedure: call.procedure(),
            semantics: Semantics::AtLeastOnce,
            codec: Codec::Binary,
            class: Class::Critical,
        };
        with_port(&Message::Request { header, body: &body })
    }

    fn reply(procedure: u16, verdict: Verdict) -> Vec<u8> {
        let presence = Presence { life: 1, clock: Time(5) };
        let call = CallId::of(0, 3);
        let (interface, codec) = (shop::INTERFACE.number(), Codec::Binary);
        with_port(&Message::Reply { call, presence, interface, procedure, codec, verdict })
    }

    /// As the history has them, but for the number, which is that of the call.
    #[test]
    fn requests_and_replies_in_words() {
        let summary = |bytes: Vec<u8>| dissect(&bytes).expect("ours").summary;
        let product = || "phone".to_owned();
        let sell = Call::sell { number: 4, settled: 2, product: product(), units: 1 };
        assert_eq!(summary(request(3, &sell)), "request 3: phone sell 1");
        let back = Call::take_back { number: 4, settled: 2, product: product(), units: 2 };
        assert_eq!(summary(request(3, &back)), "request 3: phone take back 2");
        let read = Call::read { product: product() };
        assert_eq!(summary(request(3, &read)), "request 3: phone read");
        assert_eq!(summary(reply(1, Verdict::Returned(vec![1]))), "reply 3: true");
        let left = 59_i64.to_be_bytes().to_vec();
        assert_eq!(summary(reply(3, Verdict::Returned(left))), "reply 3: 59");
        let failed = |code| Verdict::Failed { code, message: "no majority".to_owned() };
        assert_eq!(summary(reply(1, failed(NOT_DONE))), "reply 3: not done: no majority");
        assert_eq!(summary(reply(1, failed(UNKNOWN))), "reply 3: unknown: no majority");
        assert_eq!(summary(reply(1, failed(77))), "reply 3: unknown: no majority");
    }

    proptest! {
        #[test]
        fn every_byte_is_shown(product in ".{0,9}", units: u32, number: u64, settled: u64) {
            let bytes = request(7, &Call::sell { number, settled, product, units });
            let dissection = dissect(&bytes).expect("ours");
            let ends = dissection.parts.iter().fold(0, |end, part| {
                assert_eq!(part.bytes.start, end);
                part.bytes.end
            });
            prop_assert_eq!(ends, bytes.len());
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>, kind in 0_u8..9) {
            let port = rpc::PORT.0.get();
            let _ = dissect(&bytes);
            let _ = dissect(&[&[kind][..], &bytes, &[port]].concat());
        }
    }
}
