//! The duplicate table: which calls were executed, and what came of them.
//!
//! It is bounded. A caller says below which call it waits for no answer any more; what is below is forgotten. If it
//! does not, the oldest answers are evicted, and then *every* call below them is one of which nothing is known: it is
//! never executed, whether or not it was.
//!
//! C. Lee et al., "Implementing Linearizability at Large Scale and Low Latency" (RIFL), SOSP 2015, has the same with
//! completion records.

use crate::rpc::error::Verdict;
use crate::rpc::message::{CallId, Codec};
use simlab_core::wire::{Decode, Encode, Reader, WireError, put_bytes};
use simlab_core::{NodeId, Switch};
use std::collections::BTreeMap;

/// What is below an evicted answer is executed again.
pub const EVICT_AND_EXECUTE: Switch = Switch {
    name: "rpc-evict-and-execute",
    breaks: "a call of which nothing is known any more is never executed again (Lee et al. 2015, §3)",
    caught_by: "effects_once",
};

/// Answers are found by the number of the call alone.
pub const WRONG_CALLER: Switch = Switch {
    name: "rpc-reply-for-any-caller",
    breaks: "calls are numbered by each caller, and answers kept for each (Birrell and Nelson 1984, §3.2)",
    caught_by: "replies_match",
};

/// How much is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limits {
    /// Calls of each caller.
    pub calls: usize,
    /// Callers.
    pub callers: usize,
}

/// An answer as it was sent, but for who says so.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Answered {
    /// The procedure.
    pub procedure: u16,
    /// How the result is written.
    pub codec: Codec,
    /// What came of it.
    pub verdict: Verdict,
}

/// What is known of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// It was never executed, and may be.
    New,
    /// It is being executed.
    Running,
    /// This came of it.
    Answered(Answered),
    /// It is one of those of which nothing is known any more.
    Forgotten,
    /// There is no room to remember one more.
    Full,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Caller {
    /// Of the calls below it nothing is known but what is in `calls`.
    floor: u64,
    /// Calls that are executed (`None`), and what came of others.
    calls: BTreeMap<CallId, Option<Answered>>,
}

/// The duplicate table of a server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Table {
    callers: BTreeMap<NodeId, Caller>,
    limits: Limits,
    /// The switch [`EVICT_AND_EXECUTE`].
    evict_and_execute: bool,
    /// The switch [`WRONG_CALLER`].
    wrong_caller: bool,
    evicted: u64,
}

impl Table {
    /// Nothing was executed.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Table {
            callers: BTreeMap::new(),
            limits,
            evict_and_execute: false,
            wrong_caller: false,
            evicted: 0,
        }
    }

    /// With rules left out.
    #[must_use]
    pub const fn without(mut self, evict_and_execute: bool, wrong_caller: bool) -> Self {
        (self.evict_and_execute, self.wrong_caller) = (evict_and_execute, wrong_caller);
        self
    }

    /// Whose calls one of this caller is sought among.
    const fn own(&self, caller: NodeId) -> NodeId {
        if self.wrong_caller { NodeId(0) } else { caller }
    }

    /// What is known of a call; its caller waits for nothing below `settled`.
    pub fn look(&mut self, caller: NodeId, call: CallId, settled: CallId) -> Known {
        let own = self.own(caller);
        if !self.callers.contains_key(&own) && self.callers.len() >= self.limits.callers {
            return Known::Full;
        }
        let caller = self.callers.entry(own).or_default();
        if !self.wrong_caller {
            caller.settle(settled);
        }
        match caller.calls.get(&call) {
            Some(None) => Known::Running,
            // It had begun before a crash.
            Some(Some(Answered { verdict: Verdict::Forgotten, .. })) => Known::Forgotten,
            Some(Some(answered)) => Known::Answered(answered.clone()),
            // Nothing is above the last number: of that one itself nothing may be known either.
            None if call.0 < caller.floor || caller.floor == u64::MAX => Known::Forgotten,
            None if caller.calls.len() < self.limits.calls => Known::New,
            None if caller.calls.values().any(Option::is_some) => Known::New,
            // All of them are being executed.
            None => Known::Full,
        }
    }

    /// A call that is [`Known::New`] is executed.
    pub fn begin(&mut self, caller: NodeId, call: CallId) {
        self.insert(caller, call, None);
    }

    /// This came of a call.
    pub fn answer(&mut self, caller: NodeId, call: CallId, answered: Answered) {
        self.insert(caller, call, Some(answered));
    }

    fn insert(&mut self, caller: NodeId, call: CallId, state: Option<Answered>) {
        let own = self.own(caller);
        let caller = self.callers.entry(own).or_default();
        if call.0 < caller.floor && !caller.calls.contains_key(&call) {
            // Its caller has stopped waiting in the meantime.
            return;
        }
        if caller.calls.len() >= self.limits.calls && !caller.calls.contains_key(&call) {
            let oldest = caller.calls.iter().find(|(_, state)| state.is_some());
            if let Some((oldest, _)) = oldest.map(|(id, state)| (*id, state)) {
                caller.calls.remove(&oldest);
                self.evicted += 1;
                if !self.evict_and_execute {
                    caller.floor = caller.floor.max(oldest.0.saturating_add(1));
                }
            }
        }
        caller.calls.insert(call, state);
    }

    /// How many calls are remembered, and how many were evicted.
    #[must_use]
    pub fn counts(&self) -> (usize, u64) {
        (self.callers.values().map(|caller| caller.calls.len()).sum(), self.evicted)
    }

    /// What is remembered of calls that have ended, for a snapshot; with `running` also that others have begun, of
    /// which nobody knows anything after a crash.
    pub fn put(&self, running: bool, out: &mut Vec<u8>) {
        let verdict = Verdict::Forgotten;
        let unknown = Answered { procedure: 0, codec: Codec::Binary, verdict };
        out.extend((self.callers.len() as u32).to_be_bytes());
        for (id, caller) in &self.callers {
            out.extend(id.0.to_be_bytes());
            out.extend(caller.floor.to_be_bytes());
            let begun = running.then_some(&unknown);
            let answered =
                || caller.calls.iter().filter_map(|(id, s)| Some((id, s.as_ref().or(begun)?)));
            out.extend((answered().count() as u32).to_be_bytes());
            for (call, answered) in answered() {
                out.extend(call.0.to_be_bytes());
                put_bytes(out, &answered.to_bytes());
            }
        }
    }

    /// Reads what [`Table::put`] has written into this empty table.
    ///
    /// # Errors
    /// If it has not written that.
    pub fn take(&mut self, reader: &mut Reader<'_>) -> Result<(), WireError> {
        for _ in 0..reader.u32()? {
            let id = NodeId(reader.u32()?);
            let mut caller = Caller { floor: reader.u64()?, ..Caller::default() };
            for _ in 0..reader.u32()? {
                let call = CallId(reader.u64()?);
                caller.calls.insert(call, Some(Answered::from_bytes(reader.bytes()?)?));
            }
            self.callers.insert(id, caller);
        }
        Ok(())
    }
}

impl Caller {
    fn settle(&mut self, settled: CallId) {
        if settled.0 > self.floor {
            self.floor = settled.0;
            self.calls.retain(|call, state| *call >= settled || state.is_none());
        }
    }
}

impl Encode for Answered {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend(self.procedure.to_be_bytes());
        out.push(self.codec as u8);
        self.verdict.encode(out);
    }
}

impl Decode<'_> for Answered {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        let procedure = reader.u16()?;
        let codec = if reader.bool()? { Codec::Json } else { Codec::Binary };
        Ok(Answered { procedure, codec, verdict: Verdict::take(reader)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: NodeId = NodeId(1);
    const B: NodeId = NodeId(2);
    const NONE: CallId = CallId(0);

    fn table() -> Table {
        Table::new(Limits { calls: 3, callers: 2 })
    }

    fn answered(n: u8) -> Answered {
        let verdict = Verdict::Returned(vec![n]);
        Answered { procedure: 1, codec: Codec::Binary, verdict }
    }

    #[test]
    fn a_call_is_new_once() {
        let mut table = table();
        assert_eq!(table.look(A, CallId(0), NONE), Known::New);
        table.begin(A, CallId(0));
        assert_eq!(table.look(A, CallId(0), NONE), Known::Running);
        table.answer(A, CallId(0), answered(7));
        assert_eq!(table.look(A, CallId(0), NONE), Known::Answered(answered(7)));
        assert_eq!(table.look(B, CallId(0), NONE), Known::New, "the number is its caller's");
    }

    #[test]
    fn what_is_settled_is_forgotten() {
        let mut table = table();
        for n in 0..2 {
            table.answer(A, CallId(n), answered(n as u8));
        }
        assert_eq!(table.look(A, CallId(2), CallId(1)), Known::New);
        assert_eq!(table.look(A, CallId(0), CallId(1)), Known::Forgotten);
        assert_eq!(table.look(A, CallId(0), NONE), Known::Forgotten, "what was said is not unsaid");
        assert_eq!(table.look(A, CallId(1), NONE), Known::Answered(answered(1)));
    }

    #[test]
    fn what_is_below_an_evicted_answer_is_never_executed() {
        for (broken, late) in [(false, Known::Forgotten), (true, Known::New)] {
            let mut table = table().without(broken, false);
            for n in [1, 2, 3, 4] {
                assert_eq!(table.look(A, CallId(n), NONE), Known::New);
                table.begin(A, CallId(n));
                table.answer(A, CallId(n), answered(n as u8));
            }
            assert_eq!(table.counts(), (3, 1));
            assert_eq!(table.look(A, CallId(1), NONE), late);
            assert_eq!(table.look(A, CallId(0), NONE), late, "it comes late, or was evicted");
            assert_eq!(table.look(A, CallId(2), NONE), Known::Answered(answered(2)));
        }
    }

    /// No caller counts so far, but whoever wants to can send such a number.
    #[test]
    fn the_last_number_is_never_executed_again() {
        let (mut table, last) = (table(), CallId(u64::MAX));
        (0..2).for_each(|n| table.begin(A, CallId(n)));
        table.answer(A, last, answered(1));
        assert_eq!(table.look(A, CallId(2), NONE), Known::New);
        table.begin(A, CallId(2));
        assert_eq!(table.look(A, last, NONE), Known::Forgotten, "it was evicted");
    }

    #[test]
    fn what_is_executed_is_not_evicted() {
        let mut table = table();
        (0..3).for_each(|n| table.begin(A, CallId(n)));
        assert_eq!(table.look(A, CallId(3), NONE), Known::Full);
        table.answer(A, CallId(1), answered(1));
        assert_eq!(table.look(A, CallId(3), NONE), Known::New);
        table.begin(A, CallId(3));
        assert_eq!(table.look(A, CallId(0), NONE), Known::Running);
        assert_eq!(table.look(A, CallId(1), NONE), Known::Forgotten);
    }

    #[test]
    fn there_is_room_for_so_many_callers() {
        let mut table = table();
        table.begin(A, CallId(0));
        table.begin(B, CallId(0));
        assert_eq!(table.look(NodeId(3), CallId(0), NONE), Known::Full);
    }

    #[test]
    fn a_snapshot_has_what_has_ended() {
        let mut table = table();
        (0..5).for_each(|n| table.answer(A, CallId(n), answered(n as u8)));
        table.begin(B, CallId(9));
        let mut bytes = Vec::new();
        table.put(false, &mut bytes);
        let mut read = Table::new(table.limits);
        assert_eq!(read.take(&mut Reader::new(&bytes)), Ok(()));
        assert_eq!(read.look(A, CallId(1), NONE), Known::Forgotten);
        assert_eq!(read.look(A, CallId(4), NONE), Known::Answered(answered(4)));
        assert_eq!(
            read.look(B, CallId(9), NONE),
            Known::New,
            "it was lost with the life it was in"
        );
    }

    /// Its procedure may have called others before the crash, and done something there.
    #[test]
    fn a_snapshot_can_have_what_has_begun() {
        let mut table = table();
        table.begin(A, CallId(1));
        let mut bytes = Vec::new();
        table.put(true, &mut bytes);
        let mut read = Table::new(table.limits);
        assert_eq!(read.take(&mut Reader::new(&bytes)), Ok(()));
        assert_eq!(read.look(A, CallId(1), NONE), Known::Forgotten);
        assert_eq!(read.look(A, CallId(2), NONE), Known::New);
        read.answer(A, CallId(1), answered(1));
        assert_eq!(read.look(A, CallId(1), NONE), Known::Answered(answered(1)), "it has ended");
    }
}
