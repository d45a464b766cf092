//! What a handler is given: the time, the disk, randomness, and a list for its wishes.

use crate::wire::Encode;
use crate::{
    Choice, Decide, Disk, DiskError, Domain, Duration, Effect, Goal, NodeId, OpId, Operation,
    Outbox, Outcome, Point, Port, Scope, Session, Slice, Ticket, Time, TimerKey, Who,
};
use std::fmt;
use std::io::Write;

/// The instant of a handler, as its node sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Moment {
    /// The node itself.
    pub me: NodeId,
    /// Its monotonic clock.
    pub now: Time,
    /// Its wall clock.
    pub wall: Time,
    /// Which of its lives this is; see [`Env::life`].
    pub life: u32,
}

/// What the driver counts for a node. The counts run on across restarts, so that a restarted node
/// does not draw what it drew before and no ticket or operation has its number twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Counters {
    /// Draws by [`Env::random`].
    pub draws: u64,
    /// Tickets of [`Env::sync`].
    pub tickets: u64,
    /// Operations of [`Env::invoke`].
    pub ops: u32,
}

/// The surroundings of one handler.
pub struct Env<'a> {
    moment: Moment,
    scope: Scope,
    out: &'a mut Outbox,
    counters: &'a mut Counters,
    decide: &'a mut dyn Decide,
    disk: &'a dyn Disk,
}

impl fmt::Debug for Env<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Env").field("moment", &self.moment).finish_non_exhaustive()
    }
}

impl<'a> Env<'a> {
    /// For drivers: the surroundings of a node's process.
    pub fn new(
        moment: Moment,
        out: &'a mut Outbox,
        counters: &'a mut Counters,
        decide: &'a mut dyn Decide,
        disk: &'a dyn Disk,
    ) -> Self {
        Env { moment, scope: Scope::ROOT, out, counters, decide, disk }
    }

    /// The surroundings of the component at `port`: timers, tickets and files of its own, and one
    /// byte more on its datagrams, by which the parent at the other end passes them on
    /// ([`Event::peel`](crate::Event::peel)).
    pub fn at(&mut self, port: Port) -> Env<'_> {
        Env {
            moment: self.moment,
            scope: self.scope.child(port),
            out: self.out,
            counters: self.counters,
            decide: self.decide,
            disk: self.disk,
        }
    }

    /// The node itself.
    #[must_use]
    pub const fn me(&self) -> NodeId {
        self.moment.me
    }

    /// The node's monotonic clock: for timers, time-outs and leases. It may run fast or slow.
    #[must_use]
    pub const fn now(&self) -> Time {
        self.moment.now
    }

    /// The node's wall clock: it may be off, and may jump.
    #[must_use]
    pub const fn wall(&self) -> Time {
        self.moment.wall
    }

    /// Which life of the node this is: 0 at first, and more after every restart. The driver keeps the
    /// count (on a real machine in a file), so that what is numbered from it (requests, sessions)
    /// never has a number of an earlier life.
    #[must_use]
    pub const fn life(&self) -> u32 {
        self.moment.life
    }

    /// 64 random bits.
    pub fn random(&mut self) -> u64 {
        self.draw(Domain::Bits)
    }

    /// A random whole number below `bound`, which must not be zero.
    ///
    /// # Panics
    /// If `bound` is zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        assert_ne!(bound, 0, "there is no number below zero");
        self.draw(Domain::Below(bound))
    }

    fn draw(&mut self, domain: Domain<'_>) -> u64 {
        let ordinal = self.counters.draws;
        self.counters.draws += 1;
        let point = Point { who: Who::Node(self.moment.me), choice: Choice::Random, ordinal };
        self.decide.decide(point, domain)
    }

    /// Sends a message.
    pub fn send(&mut self, to: NodeId, message: &(impl Encode + ?Sized)) {
        self.broadcast([to], message);
    }

    /// Sends a message to each of `to`. It is encoded once.
    pub fn broadcast(
        &mut self,
        to: impl IntoIterator<Item = NodeId>,
        message: &(impl Encode + ?Sized),
    ) {
        let ports = self.scope.ports_inside_out();
        let payload = self.out.write(|bytes| {
            message.encode(bytes);
            bytes.extend(ports);
        });
        self.out.send(to, payload);
    }

    /// Sets the timer `key`, or moves it if it is set.
    pub fn set_timer(&mut self, key: TimerKey, after: Duration) {
        self.out.push(Effect::SetTimer { scope: self.scope, key, after });
    }

    /// Forgets the timer `key`, if it is set.
    pub fn cancel_timer(&mut self, key: TimerKey) {
        self.out.push(Effect::CancelTimer { scope: self.scope, key });
    }

    /// The name of a file of this scope on the node's disk.
    fn file(&self, name: &str) -> String {
        let mut path = Vec::with_capacity(name.len() + 8);
        path_of(self.scope, name, &mut path);
        String::from_utf8(path).expect("it was put together from strings")
    }

    fn file_slice(&mut self, name: &str) -> Slice {
        let scope = self.scope;
        self.out.write(|bytes| path_of(scope, name, bytes))
    }

    /// Appends to a file, which comes to be if need be.
    pub fn append(&mut self, file: &str, data: &(impl Encode + ?Sized)) {
        let file = self.file_slice(file);
        let data = self.out.write(|bytes| data.encode(bytes));
        self.out.push(Effect::Append { file, data });
    }

    /// Overwrites part of a file from byte `offset` on. The file comes to be if need be; what lies
    /// between its end and `offset` becomes zeros.
    pub fn write_at(&mut self, file: &str, offset: u64, data: &(impl Encode + ?Sized)) {
        let file = self.file_slice(file);
        let data = self.out.write(|bytes| data.encode(bytes));
        self.out.push(Effect::WriteAt { file, offset, data });
    }

    /// Replaces a file's content atomically.
    pub fn replace(&mut self, file: &str, data: &(impl Encode + ?Sized)) {
        let file = self.file_slice(file);
        let data = self.out.write(|bytes| data.encode(bytes));
        self.out.push(Effect::Replace { file, data });
    }

    /// Cuts a file to its first `len` bytes.
    pub fn truncate(&mut self, file: &str, len: u64) {
        let file = self.file_slice(file);
        self.out.push(Effect::Truncate { file, len });
    }

    /// Removes a file.
    pub fn remove(&mut self, file: &str) {
        let file = self.file_slice(file);
        self.out.push(Effect::Remove { file });
    }

    /// Gives a file another name, atomically: after a crash it has the one or the other. A file that
    /// has that name already is replaced. Like every write it is durable only after a sync, and
    /// may be so without the content of the file if that was never synced.
    pub fn rename(&mut self, from: &str, to: &str) {
        let (from, to) = (self.file_slice(from), self.file_slice(to));
        self.out.push(Effect::Rename { from, to });
    }

    /// The content of a file as of the start of this handler, `None` if there is none.
    ///
    /// # Errors
    /// If the disk fails to read it.
    pub fn read(&self, file: &str) -> Result<Option<&'a [u8]>, DiskError> {
        match self.scope {
            Scope::ROOT => self.disk.read(file),
            _ => self.disk.read(&self.file(file)),
        }
    }

    /// The names of this scope's files that begin with `prefix`, sorted.
    #[must_use]
    pub fn list(&self, prefix: &str) -> Vec<String> {
        let own = self.file("").len();
        self.disk.list(&self.file(prefix)).iter().map(|name| name[own..].to_owned()).collect()
    }

    /// Asks that all writes so far become durable. [`Event::Synced`](crate::Event::Synced) brings
    /// the ticket back; what must not leave before it waits in a [`Gate`](crate::Gate).
    ///
    /// After a failed sync nothing is known about what it covered, and a later sync that succeeds
    /// says nothing about it either: write it again, or [halt](Env::halt).
    pub fn sync(&mut self) -> Ticket {
        self.sync_what(None)
    }

    /// The same for one file alone, under the name that it has by then. Other files may stay behind.
    pub fn sync_file(&mut self, file: &str) -> Ticket {
        let file = self.file_slice(file);
        self.sync_what(Some(file))
    }

    fn sync_what(&mut self, file: Option<Slice>) -> Ticket {
        self.counters.tickets += 1;
        let ticket = Ticket(self.counters.tickets);
        self.out.push(Effect::Sync { scope: self.scope, ticket, file });
        ticket
    }

    /// Records that a client operation begins.
    pub fn invoke(&mut self, session: Session, operation: &Operation) -> OpId {
        let op = OpId::of(self.moment.me, self.counters.ops);
        self.counters.ops += 1;
        let operation = self.out.write(|bytes| operation.encode(bytes));
        self.out.push(Effect::Invoke { op, session, operation });
        op
    }

    /// Records how a client operation ended. It is completed once; what comes later is too late.
    pub fn complete(&mut self, op: OpId, outcome: &Outcome) {
        let outcome = self.out.write(|bytes| outcome.encode(bytes));
        self.out.push(Effect::Complete { op, outcome });
    }

    /// Leaves a remark in the trace.
    pub fn note(&mut self, name: &'static str, a: u64, b: u64) {
        self.note_with(name, a, b, "");
    }

    /// Leaves a remark in the trace: numbers for checkers, and the same in words for people.
    pub fn note_with(&mut self, name: &'static str, a: u64, b: u64, text: impl fmt::Display) {
        let text = self.out.write(|bytes| {
            // Writing to a vector cannot fail.
            let _ = write!(bytes, "{text}");
        });
        self.out.push(Effect::Note { name, a, b, text });
    }

    /// Says that a goal is reached: a state that a sweep must have visited to be worth something. A sweep
    /// counts in how many seeds some node said so. It costs next to nothing and leaves no record, so it
    /// moves no trace.
    pub fn reached(&mut self, goal: Goal) {
        self.out.push(Effect::Reached { name: goal.name });
    }

    /// The same surroundings, but for another list of wishes: how a process runs another one inside
    /// it and looks at what that one asks for ([`Env::pass_on`] then does it after all).
    pub fn with_outbox<'b>(&'b mut self, out: &'b mut Outbox) -> Env<'b> {
        Env {
            moment: self.moment,
            scope: self.scope,
            out,
            counters: self.counters,
            decide: self.decide,
            disk: self.disk,
        }
    }

    /// The list of wishes, for who changes those of a process that it runs inside it.
    pub(crate) const fn outbox(&mut self) -> &mut Outbox {
        self.out
    }

    /// Asks for what is in another outbox. Broadcasts stay broadcasts.
    pub fn pass_on(&mut self, from: &Outbox, effect: Effect) {
        self.out.adopt(from, effect);
    }

    /// Stops this node for good.
    pub fn halt(&mut self) {
        self.out.push(Effect::Halt);
    }
}

/// Appends the name that a file of a scope has on the node's disk.
fn path_of(mut scope: Scope, name: &str, path: &mut Vec<u8>) {
    while let Some((port, rest)) = scope.split() {
        // Writing to a vector cannot fail.
        let _ = write!(path, "{}/", port.0);
        scope = rest;
    }
    path.extend_from_slice(name.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Event, NoDisk, Seeded};

    fn with_env<T>(outbox: &mut Outbox, body: impl FnOnce(&mut Env<'_>) -> T) -> T {
        let moment = Moment { me: NodeId(3), now: Time(5), wall: Time(6), life: 0 };
        let (mut counters, mut decide) = (Counters::default(), Seeded::new(1));
        body(&mut Env::new(moment, outbox, &mut counters, &mut decide, &NoDisk))
    }

    #[test]
    fn a_broadcast_is_encoded_once() {
        let mut outbox = Outbox::new();
        with_env(&mut outbox, |env| env.broadcast([NodeId(0), NodeId(1)], &b"hi"[..]));
        let [Effect::Send { to, payload }] = outbox.effects() else {
            panic!("one send, not {:?}", outbox.effects())
        };
        assert_eq!(outbox.receivers(*to), [NodeId(0), NodeId(1)]);
        assert_eq!(outbox.bytes(*payload), b"hi");
    }

    #[test]
    fn a_datagram_finds_its_component_by_its_ports() {
        let (outer, inner) = (Port::new(1), Port::new(2));
        let mut outbox = Outbox::new();
        with_env(&mut outbox, |env| env.at(outer).at(inner).send(NodeId(0), &b"hi"[..]));
        let [Effect::Send { payload, .. }] = outbox.effects() else { panic!("one send") };
        let event = Event::Datagram { from: NodeId(3), bytes: outbox.bytes(*payload) };
        let (port, event) = event.peel();
        assert_eq!(port, Some(outer));
        let (port, event) = event.peel();
        assert_eq!(port, Some(inner));
        assert_eq!(event, Event::Datagram { from: NodeId(3), bytes: b"hi" });
    }

    #[test]
    fn timers_and_files_of_a_component_are_its_own() {
        let port = Port::new(9);
        let mut outbox = Outbox::new();
        with_env(&mut outbox, |env| {
            env.set_timer(1, Duration::from_secs(1));
            env.at(port).set_timer(1, Duration::from_secs(2));
            env.at(port).append("log", &b"x"[..]);
        });
        let [Effect::SetTimer { scope: a, .. }, Effect::SetTimer { scope: b, .. }, append] =
            outbox.effects()
        else {
            panic!("three effects")
        };
        assert_ne!(a, b);
        assert_eq!(Event::Timer { scope: *b, key: 1 }.peel().0, Some(port));
        let Effect::Append { file, .. } = append else { panic!("an append") };
        assert_eq!(outbox.text(*file), "9/log");
    }

    #[test]
    fn draws_differ_and_are_counted() {
        let mut outbox = Outbox::new();
        let (a, b) = with_env(&mut outbox, |env| (env.random(), env.random()));
        assert_ne!(a, b);
    }

    /// A process inside another: what it sends gets a trailer, everything else goes on as it is.
    #[test]
    fn a_process_can_be_run_inside_another() {
        let mut outbox = Outbox::new();
        with_env(&mut outbox, |env| {
            let mut inner = Outbox::new();
            {
                let mut env = env.with_outbox(&mut inner);
                env.broadcast([NodeId(0), NodeId(1)], &b"hi"[..]);
                env.note_with("sent", 2, 0, "to two");
                env.append("log", &b"hi"[..]);
            }
            env.send(NodeId(9), &b"first"[..]);
            for effect in inner.effects() {
                env.pass_on(&inner, *effect);
            }
        });
        let [_, Effect::Send { to, payload }, note, append] = outbox.effects() else {
            panic!("four effects, not {:?}", outbox.effects())
        };
        assert_eq!(outbox.receivers(*to), [NodeId(0), NodeId(1)]);
        assert_eq!(outbox.bytes(*payload), b"hi");
        let Effect::Note { text, .. } = note else { panic!("a note") };
        assert_eq!(outbox.text(*text), "to two");
        let Effect::Append { file, data } = append else { panic!("an append") };
        assert_eq!((outbox.text(*file), outbox.bytes(*data)), ("log", &b"hi"[..]));
    }
}
