//! Calls that the parent of a server ends, as soon as it knows what came of them.
//!
//! ```text
//!  request ─▶ procedure ─▶ Step::Park ─ ─ ─ a decision of others, a disk ─ ─ ─▶ Server::finish ─▶ reply
//!                                                                           └▶ Server::forget
//! ```

use super::context::{Failure, Service};
use super::job::{Job, Stage};
use super::journal::{Entry, Record};
use super::monitor::JobId;
use super::table::Answered;
use super::{Ready, Server};
use crate::rpc::client::Client;
use crate::rpc::error::Verdict;
use crate::rpc::message::Semantics;
use simlab_core::Env;

impl<S: Service> Server<S> {
    /// Ends a call that is parked ([`Step::Park`]) with what `result` makes of what was kept of it; whether there was
    /// such a call. Effects are not written down for it: who parks calls keeps what they do.
    pub fn finish(
        &mut self,
        call: JobId,
        result: impl FnOnce(S::Job) -> Result<S::Reply, Failure>,
        client: &mut Client,
        env: &mut Env<'_>,
    ) -> bool {
        let Some(parked) = self.unpark(call) else { return false };
        let mut ready = Ready::new();
        self.end(call, result(parked), &mut ready, client, env);
        self.go_on(ready, client, env);
        true
    }

    /// Ends a call that is parked, and answers nothing; whether there was such a call. Nobody will ever know what came
    /// of it: who asks again at-most-once is told so.
    pub fn forget(&mut self, call: JobId, client: &mut Client, env: &mut Env<'_>) -> bool {
        if self.unpark(call).is_none() {
            return false;
        }
        let mut ready = Ready::new();
        if let Some(Job { caller, header, .. }) = self.dismiss(call, &mut ready, client, env)
            && header.semantics == Semantics::AtMostOnce
        {
            let (procedure, codec) = (header.procedure, header.codec);
            let answered = Answered { procedure, codec, verdict: Verdict::Forgotten };
            // What is written may be a snapshot, which has to have it.
            self.table.answer(caller, header.call, answered.clone());
            if self.written(&header) {
                let entry = Entry { caller, call: header.call, answered };
                self.write(&Record::Done { effects: Vec::new(), entry: Some(entry) }, env);
            }
        }
        self.go_on(ready, client, env);
        true
    }

    /// What was kept of a call that is parked.
    fn unpark(&mut self, id: JobId) -> Option<S::Job> {
        let job = self.jobs.get_mut(&id)?;
        match std::mem::replace(&mut job.stage, Stage::Executing) {
            Stage::Parked(at) => Some(at),
            stage => {
                job.stage = stage;
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::arith::{self, Reply};
    use crate::rpc::error::Refusal;
    use crate::rpc::govern::shed::Class;
    use crate::rpc::interface::{Call as _, Reply as _};
    use crate::rpc::message::{CallId, Codec, Header, Message};
    use crate::rpc::server::Config;
    use crate::rpc::server::table::{Limits, Table};
    use crate::rpc::value::Number;
    use crate::rpc::{Context, Endpoint, Step, Woken, client};
    use simlab_core::wire::{Decode, Encode};
    use simlab_core::{Counters, Effect, Event, Moment, NoDisk, NodeId, Outbox, Seeded, Time};

    /// Sums that somebody else computes: the numbers of the calls, and what was to be added.
    #[derive(Clone, Debug, Default, Hash)]
    struct Office(Vec<(JobId, Number)>);

    impl Office {
        fn park<R>(&mut self, n: Number, context: &Context<'_, '_>) -> Step<R, Number> {
            self.0.push((context.job(), n));
            Step::Park(n)
        }
    }

    impl arith::Server for Office {
        type Job = Number;

        fn add(&mut self, a: Number, _: Number, to: &mut Context<'_, '_>) -> Step<Number, Number> {
            self.park(a, to)
        }

        fn subtract(
            &mut self,
            minuend: Number,
            _: Number,
            to: &mut Context<'_, '_>,
        ) -> Step<Number, Number> {
            self.park(minuend, to)
        }

        fn sum(&mut self, n: Vec<Number>, to: &mut Context<'_, '_>) -> Step<Number, Number> {
            self.park(n.first().copied().unwrap_or(Number::Whole(0)), to)
        }

        fn divide(
            &mut self,
            a: Number,
            _: Number,
            to: &mut Context<'_, '_>,
        ) -> Step<Number, Number> {
            self.park(a, to)
        }

        fn resume(&mut self, n: Number, _: Woken, _: &mut Context<'_, '_>) -> Step<Reply, Number> {
            unreachable!("nothing wakes a call that is parked, of {n:?}")
        }

        fn redo(&mut self, _: &[u8]) {}

        fn snapshot(&self) -> Vec<u8> {
            Vec::new()
        }

        fn restore(&mut self, _: &[u8]) -> bool {
            true
        }
    }

    const CALLER: NodeId = NodeId(2);

    /// An office with so many workers and places in its queue.
    struct Node {
        rpc: Endpoint<arith::Skeleton<Office>>,
        counters: Counters,
        now: Time,
    }

    impl Node {
        fn new(workers: usize, queue: usize) -> Self {
            let limits = Limits { calls: 8, callers: 8 };
            let config =
                Config { newest: 1, workers, queue, steps: false, ..Config::in_memory(limits) };
            let server =
                Server::new(config, arith::Skeleton(Office::default()), Table::new(limits));
            let rpc = Endpoint::new(Client::new(client::Config::default()), server);
            Node { rpc, counters: Counters::default(), now: Time(1_000) }
        }

        /// What it does, and what it says then of which call.
        fn does(
            &mut self,
            act: impl FnOnce(&mut Endpoint<arith::Skeleton<Office>>, &mut Env<'_>),
        ) -> Vec<(CallId, Verdict)> {
            let moment = Moment { me: NodeId(1), now: self.now, wall: self.now, life: 0 };
            let (mut outbox, mut seeded) = (Outbox::new(), Seeded::new(7));
            let mut env = Env::new(moment, &mut outbox, &mut self.counters, &mut seeded, &NoDisk);
            act(&mut self.rpc, &mut env);
            let said = outbox.effects().iter().filter_map(|effect| {
                let Effect::Send { payload, .. } = effect else { return None };
                match Message::from_bytes(outbox.bytes(*payload)) {
                    Ok(Message::Reply { call, verdict, .. }) => Some((call, verdict)),
                    _ => None,
                }
            });
            said.collect()
        }

        /// A request of this number, to add 1 to `a`.
        fn asked(&mut self, n: u32, a: i64, semantics: Semantics) -> Vec<(CallId, Verdict)> {
            let mut body = Vec::new();
            arith::Call::add { a: Number::Whole(a), b: Number::Whole(1) }.put(&mut body);
            let header = Header {
                call: CallId::of(0, n),
                settled: CallId::of(0, 0),
                life: 0,
                deadline: Time(2_000),
                trace: 0,
                interface: arith::INTERFACE.number(),
                version: 1,
                procedure: 1,
                semantics,
                codec: Codec::Binary,
                class: Class::Critical,
            };
            let bytes = Message::Request { header, body: &body }.to_bytes();
            self.does(|rpc, env| {
                rpc.on_event(Event::Datagram { from: CALLER, bytes: &bytes }, env);
            })
        }

        fn finish(&mut self, call: JobId) -> Vec<(CallId, Verdict)> {
            self.does(|rpc, env| {
                let more = |n| crate::arith::add(n, Number::Whole(1)).map(Reply::add);
                rpc.server.finish(call, more, &mut rpc.client, env);
            })
        }

        fn forget(&mut self, call: JobId) -> Vec<(CallId, Verdict)> {
            self.does(|rpc, env| {
                rpc.server.forget(call, &mut rpc.client, env);
            })
        }

        fn parked(&self) -> Vec<(JobId, i64)> {
            let whole = |(job, n): &(JobId, Number)| match n {
                Number::Whole(n) => (*job, *n),
                Number::Fraction(_) => panic!("all are whole"),
            };
            self.rpc.server.service().0.0.iter().map(whole).collect()
        }
    }

    const ONCE: Semantics = Semantics::AtMostOnce;

    fn answer(n: u32, sum: i64) -> (CallId, Verdict) {
        let mut bytes = Vec::new();
        Reply::add(Number::Whole(sum)).put(&mut bytes);
        (CallId::of(0, n), Verdict::Returned(bytes))
    }

    /// The parent answers in an order of its own, each call once.
    #[test]
    fn a_parked_call_waits_until_it_is_finished() {
        let mut node = Node::new(2, 0);
        assert_eq!(node.asked(0, 3, ONCE), []);
        assert_eq!(node.asked(1, 30, ONCE), []);
        assert_eq!(node.parked(), [(0, 3), (1, 30)]);
        assert_eq!(node.finish(1), [answer(1, 31)]);
        assert_eq!(node.finish(0), [answer(0, 4)]);
        assert_eq!(node.finish(0), [], "it is over");
        assert_eq!(node.finish(9), [], "nor was there one of this number");
        assert_eq!(node.asked(0, 3, ONCE), [answer(0, 4)], "the duplicate table has it");
    }

    /// It holds its worker; who waits for one goes on then.
    #[test]
    fn a_parked_call_holds_its_worker() {
        let mut node = Node::new(1, 1);
        node.asked(0, 1, ONCE);
        node.asked(1, 2, ONCE);
        assert_eq!(node.parked(), [(0, 1)]);
        let busy = (CallId::of(0, 2), Verdict::Refused(Refusal::Busy));
        assert_eq!(node.asked(2, 3, ONCE), [busy]);
        node.finish(0);
        assert_eq!(node.parked(), [(0, 1), (1, 2)]);
        node.asked(3, 4, ONCE);
        node.forget(1);
        assert_eq!(node.parked(), [(0, 1), (1, 2), (2, 4)]);
    }

    /// Neither that its caller takes it back nor that its time is over: who parks calls ends them.
    #[test]
    fn nothing_else_ends_it() {
        let mut node = Node::new(1, 0);
        node.asked(0, 3, ONCE);
        let cancel = Message::Cancel { call: CallId::of(0, 0), life: 0 }.to_bytes();
        let cancelled = node.does(|rpc, env| {
            rpc.on_event(Event::Datagram { from: CALLER, bytes: &cancel }, env);
        });
        assert_eq!(cancelled, []);
        node.now = Time(3_000);
        for key in 0..3 {
            let timer = Event::Timer { scope: simlab_core::Scope::ROOT, key };
            assert_eq!(node.does(|rpc, env| drop(rpc.on_event(timer, env))), []);
        }
        assert_eq!(node.finish(0), [answer(0, 4)]);
    }

    /// At-most-once, a call that was forgotten is not executed again, and who asks is told that nobody knows.
    #[test]
    fn a_forgotten_call_is_not_answered() {
        let mut node = Node::new(1, 0);
        node.asked(0, 3, ONCE);
        assert_eq!(node.forget(0), []);
        assert_eq!(node.finish(0), []);
        assert_eq!(node.asked(0, 3, ONCE), [(CallId::of(0, 0), Verdict::Forgotten)]);
        node.asked(1, 4, Semantics::AtLeastOnce);
        node.forget(1);
        node.asked(1, 4, Semantics::AtLeastOnce);
        assert_eq!(node.parked(), [(0, 3), (1, 4), (2, 4)]);
        assert_eq!(node.finish(2), [answer(1, 5)], "its worker is free");
    }
}
