//! A service on its layers, as one process.

use crate::{
    Digest, Effect, Env, Erased, Event, Fields, Hop, Hops, Layer, NodeId, Outbox, Port, Process,
    Scope,
};
use std::collections::VecDeque;
use std::fmt;
use std::hash::{Hash, Hasher};

/// A service on layers: what it sends goes down through them, and what arrives goes up.
///
/// It is itself a process, and what is in it knows nothing of that: the service sends as if it stood
/// on the network. With no layers a stack does what its service alone does.
#[derive(Clone, Hash)]
pub struct Stack {
    /// The uppermost, next to the service, first.
    layers: Vec<Named>,
    app: Box<dyn Process>,
    /// Whether all layers only seal what they are given.
    only_seals: bool,
    work: Work,
}

/// A layer and the group of fields in which it is shown.
#[derive(Clone, Hash)]
struct Named {
    name: &'static str,
    layer: Box<dyn Layer>,
}

/// Frames that layers made and that are still on their way, with the number of the layer that made
/// them. Between two events there are none, so that it is no part of the state.
#[derive(Debug, Default)]
struct Work {
    queue: VecDeque<(usize, Hop)>,
    hops: Hops,
    outbox: Outbox,
    frame: Vec<u8>,
}

impl Work {
    /// What layer `at` made is on its way.
    fn take_hops(&mut self, at: usize) {
        if !self.hops.is_empty() {
            self.queue.extend(self.hops.drain().map(|hop| (at, hop)));
        }
    }
}

impl Clone for Work {
    fn clone(&self) -> Self {
        Work::default()
    }
}

impl Hash for Work {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl Clone for Box<dyn Process> {
    fn clone(&self) -> Self {
        (**self).fork()
    }
}

impl Hash for dyn Process {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let mut digest = Digest::new();
        Erased::digest(self, &mut digest);
        state.write_u64(digest.value());
    }
}

impl fmt::Debug for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = Fields::new();
        self.inspect(&mut fields);
        write!(f, "{fields}")
    }
}

/// The ports from here on are those of layers, the lowest number that of the uppermost; components of
/// services that stand on layers have lower ones. A layer's port is the place of its timers, tickets and files, and is not
/// on the wire.
const FIRST_PORT: u8 = 248;

/// What one event may make layers do, so that two that pass a frame to and fro are found.
const HOPS_MAX: usize = 1_000_000;

impl Stack {
    /// How many layers a stack can have.
    pub const LAYERS_MAX: usize = (u8::MAX - FIRST_PORT + 1) as usize;

    /// A service on layers, the uppermost first, each with the name under which it is shown.
    ///
    /// # Panics
    /// If there are more than [`Stack::LAYERS_MAX`].
    #[must_use]
    pub fn new(layers: Vec<(&'static str, Box<dyn Layer>)>, app: Box<dyn Process>) -> Self {
        assert!(layers.len() <= Self::LAYERS_MAX, "at most {} layers", Self::LAYERS_MAX);
        let layers: Vec<Named> =
            layers.into_iter().map(|(name, layer)| Named { name, layer }).collect();
        let only_seals = layers.iter().all(|named| named.layer.only_seals());
        Stack { layers, app, only_seals, work: Work::default() }
    }

    /// Of which layer a scope is, counted from the top, and the rest of its path; `None` if it is of the service.
    /// What has its place there ([`Scope`]) is named after it for people.
    #[must_use]
    pub fn layer_of(scope: Scope) -> Option<(usize, Scope)> {
        let (port, rest) = scope.split()?;
        Some((layer_at(port)?, rest))
    }

    /// Runs the service and sends what it wants sent through the layers.
    fn app(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        if self.only_seals {
            return self.app_in_place(event, env);
        }
        let mut outbox = std::mem::take(&mut self.work.outbox);
        outbox.clear();
        self.app.on_event(event, &mut env.with_outbox(&mut outbox));
        for effect in outbox.effects() {
            match *effect {
                Effect::Send { to, payload } => {
                    self.send(outbox.receivers(to), outbox.bytes(payload), env);
                }
                other => env.pass_on(&outbox, other),
            }
        }
        self.work.outbox = outbox;
    }

    /// The same where layers only change the frames: then what the service asks for can stay where it is.
    fn app_in_place(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        let mark = env.outbox().effects().len();
        self.app.on_event(event, env);
        if env.outbox().effects().len() == mark {
            return;
        }
        let Work { hops, frame, outbox, .. } = &mut self.work;
        outbox.clear();
        let mut asked = std::mem::take(env.outbox());
        asked.reframe(mark, frame, |to, frame| {
            for (at, Named { name, layer }) in self.layers.iter_mut().enumerate() {
                let mut own = env.with_outbox(outbox);
                let passes = layer.down(to[0], frame, hops, &mut own.at(port(at)));
                let quiet = hops.is_empty() && own.outbox().is_empty();
                assert!(passes && quiet, "{name} says that it only seals frames, and does more");
            }
        });
        *env.outbox() = asked;
    }

    /// Sends a message of the service.
    fn send(&mut self, to: &[NodeId], message: &[u8], env: &mut Env<'_>) {
        let mut frame = std::mem::take(&mut self.work.frame);
        for to in to {
            frame.clear();
            frame.extend_from_slice(message);
            self.sink(0, *to, &mut frame, env);
        }
        self.work.frame = frame;
    }

    /// Lets a frame go down from layer `level` on, to the network if all let it pass.
    fn sink(&mut self, level: usize, to: NodeId, frame: &mut Vec<u8>, env: &mut Env<'_>) {
        if self.pass(level, to, frame, env) {
            env.send(to, &frame[..]);
        }
    }

    /// Lets a frame go down; whether all layers let it pass.
    fn pass(&mut self, level: usize, to: NodeId, frame: &mut Vec<u8>, env: &mut Env<'_>) -> bool {
        for (at, Named { layer, .. }) in self.layers.iter_mut().enumerate().skip(level) {
            let passes = layer.down(to, frame, &mut self.work.hops, &mut env.at(port(at)));
            self.work.take_hops(at);
            if !passes {
                return false;
            }
        }
        true
    }

    /// Lets a frame go up from below layer `level - 1` to the service.
    fn rise(&mut self, level: usize, from: NodeId, mut frame: &[u8], env: &mut Env<'_>) {
        for (at, Named { layer, .. }) in self.layers.iter_mut().enumerate().take(level).rev() {
            let passed = layer.up(from, frame, &mut self.work.hops, &mut env.at(port(at)));
            self.work.take_hops(at);
            match passed {
                Some(inner) => frame = inner,
                None => return,
            }
        }
        self.app(Event::Datagram { from, bytes: frame }, env);
    }

    /// An event of a layer's own.
    fn of_layer(&mut self, at: usize, event: Event<'_>, env: &mut Env<'_>) {
        let Some(Named { layer, .. }) = self.layers.get_mut(at) else { return };
        layer.on_event(event, &mut self.work.hops, &mut env.at(port(at)));
        self.work.take_hops(at);
    }

    /// Lets everything that layers made go where it is to go.
    fn finish(&mut self, env: &mut Env<'_>) {
        let mut left = HOPS_MAX;
        while let Some((at, hop)) = self.work.queue.pop_front() {
            left = left.checked_sub(1).expect("layers pass frames to and fro without end");
            match hop {
                Hop::Down { to, mut frame } => self.sink(at + 1, to, &mut frame, env),
                Hop::Up { from, frame } => self.rise(at, from, &frame, env),
            }
        }
    }
}

fn port(layer: usize) -> Port {
    Port::new(FIRST_PORT + layer as u8)
}

/// The layer that a port is of, counted from the top.
fn layer_at(port: Port) -> Option<usize> {
    port.0.get().checked_sub(FIRST_PORT).map(usize::from)
}

impl Process for Stack {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        match event {
            Event::Start => {
                for at in (0..self.layers.len()).rev() {
                    self.of_layer(at, event, env);
                }
                self.app(event, env);
            }
            Event::Datagram { from, bytes } => self.rise(self.layers.len(), from, bytes, env),
            Event::Timer { .. } | Event::Synced { .. } => {
                let (place, own) = event.peel();
                match place.and_then(layer_at).filter(|at| *at < self.layers.len()) {
                    Some(at) => self.of_layer(at, own, env),
                    None => self.app(event, env),
                }
            }
            Event::Command { .. } => self.app(event, env),
        }
        self.finish(env);
    }

    fn inspect(&self, view: &mut Fields) {
        self.app.inspect(view);
        for Named { name, layer } in &self.layers {
            let mut fields = Fields::new();
            layer.inspect(&mut fields);
            if fields.iter().next().is_some() {
                view.group(*name, |view| *view = fields);
            }
        }
    }

    fn without_layers(&self) -> Option<&dyn Process> {
        Some(&*self.app)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Counters, Duration, Effect, Moment, NoDisk, Seeded, Time};

    /// Puts a letter behind each frame; refuses frames without it.
    #[derive(Clone, Hash)]
    struct Mark(u8);

    impl Layer for Mark {
        fn down(&mut self, _: NodeId, frame: &mut Vec<u8>, _: &mut Hops, _: &mut Env<'_>) -> bool {
            frame.push(self.0);
            true
        }

        fn up<'b>(
            &mut self,
            _: NodeId,
            frame: &'b [u8],
            _: &mut Hops,
            _: &mut Env<'_>,
        ) -> Option<&'b [u8]> {
            frame.strip_suffix(&[self.0])
        }

        fn on_event(&mut self, event: Event<'_>, hops: &mut Hops, env: &mut Env<'_>) {
            if let Event::Timer { key: 7, .. } = event {
                hops.down(NodeId(5), b"late".to_vec());
                hops.up(NodeId(5), b"heard".to_vec());
            } else {
                env.set_timer(7, Duration::from_secs(1));
            }
        }

        fn only_seals(&self) -> bool {
            true
        }

        fn inspect(&self, view: &mut Fields) {
            view.int("letter", self.0.into());
        }
    }

    /// Answers every datagram with what was in it, to two nodes.
    #[derive(Clone, Hash)]
    struct Echo;

    impl Process for Echo {
        fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
            match event {
                Event::Datagram { bytes, .. } => env.broadcast([NodeId(1), NodeId(2)], bytes),
                Event::Timer { .. } => env.note("rang", 0, 0),
                _ => env.set_timer(7, Duration::from_secs(2)),
            }
        }
    }

    /// Asks for a bit of everything, with datagrams before, between and after.
    #[derive(Clone, Hash)]
    struct Busy;

    impl Process for Busy {
        fn on_event(&mut self, _: Event<'_>, env: &mut Env<'_>) {
            env.send(NodeId(1), &b"first"[..]);
            env.append("log", &b"an entry"[..]);
            env.broadcast([NodeId(1), NodeId(2)], &b"to all"[..]);
            env.sync();
            env.set_timer(7, Duration::from_secs(2));
            env.cancel_timer(8);
            env.send(NodeId(2), &b"last"[..]);
        }
    }

    fn stack() -> Stack {
        let layer = |letter| Box::new(Mark(letter)) as Box<dyn Layer>;
        Stack::new(vec![("upper", layer(b'u')), ("lower", layer(b'l'))], Box::new(Echo))
    }

    fn told(stack: &mut Stack, event: Event<'_>) -> Outbox {
        let moment = Moment { me: NodeId(3), now: Time(5), wall: Time(6), life: 0 };
        let (mut counters, mut decide) = (Counters::default(), Seeded::new(1));
        let mut outbox = Outbox::new();
        let mut env = Env::new(moment, &mut outbox, &mut counters, &mut decide, &NoDisk);
        stack.on_event(event, &mut env);
        outbox
    }

    /// The datagrams that are sent, each with its receivers.
    fn sent(outbox: &Outbox) -> Vec<(Vec<NodeId>, &[u8])> {
        let send = |effect: &Effect| match *effect {
            Effect::Send { to, payload } => {
                Some((outbox.receivers(to).to_vec(), outbox.bytes(payload)))
            }
            _ => None,
        };
        outbox.effects().iter().filter_map(send).collect()
    }

    #[test]
    fn a_broadcast_passes_once_and_stays_one() {
        let datagram = Event::Datagram { from: NodeId(1), bytes: b"hiul" };
        let outbox = told(&mut stack(), datagram);
        assert_eq!(sent(&outbox), [(vec![NodeId(1), NodeId(2)], &b"hiul"[..])]);
    }

    /// What is asked for, in its order, whatever it refers to; a broadcast one receiver at a time.
    fn asked(outbox: &Outbox) -> Vec<String> {
        let mut all = Vec::new();
        for effect in outbox.effects() {
            match *effect {
                Effect::Send { to, payload } => {
                    let bytes = outbox.bytes(payload);
                    all.extend(outbox.receivers(to).iter().map(|to| format!("{to} {bytes:?}")));
                }
                Effect::Append { file, data } => {
                    all.push(format!("{} {:?}", outbox.text(file), outbox.bytes(data)));
                }
                Effect::Sync { scope, ticket, file } => {
                    all.push(format!("{scope:?} {ticket:?} {:?}", file.map(|f| outbox.text(f))));
                }
                other => all.push(format!("{other:?}")),
            }
        }
        all
    }

    /// Layers that may do more than seal are given a frame at a time, and all else is passed on: it comes
    /// to the same, in the same order.
    #[test]
    fn layers_that_do_more_than_seal_do_the_same() {
        let busy = |only_seals| {
            let layer = |letter| Box::new(Mark(letter)) as Box<dyn Layer>;
            let layers = vec![("upper", layer(b'u')), ("lower", layer(b'l'))];
            let mut stack = Stack::new(layers, Box::new(Busy));
            stack.only_seals &= only_seals;
            stack
        };
        for event in [
            Event::Start,
            Event::Datagram { from: NodeId(1), bytes: b"hiul" },
            Event::Timer { scope: Scope::ROOT, key: 7 },
        ] {
            let quick = asked(&told(&mut busy(true), event));
            assert_eq!(quick, asked(&told(&mut busy(false), event)));
            assert_eq!(quick.len() - usize::from(event == Event::Start) * 2, 8);
        }
    }

    #[test]
    fn what_a_layer_refuses_goes_no_further() {
        for bytes in [&b"hi"[..], b"hilu", b"hil", b""] {
            let outbox = told(&mut stack(), Event::Datagram { from: NodeId(1), bytes });
            assert!(outbox.effects().is_empty(), "{bytes:?}");
        }
    }

    /// The timers of the layers and of the service have the same key, and none rings for another.
    #[test]
    fn timers_and_frames_of_a_layer_are_its_own() {
        let mut stack = stack();
        let outbox = told(&mut stack, Event::Start);
        let scope = |effect: &Effect| match effect {
            Effect::SetTimer { scope, key: 7, .. } => Some(*scope),
            _ => None,
        };
        let scopes: Vec<_> = outbox.effects().iter().filter_map(scope).collect();
        let [lower, upper, Scope::ROOT] = scopes[..] else { panic!("three timers") };
        assert_eq!(Stack::layer_of(upper), Some((0, Scope::ROOT)));
        assert_eq!(Stack::layer_of(lower), Some((1, Scope::ROOT)));
        assert_eq!(Stack::layer_of(Scope::ROOT.child(Port::new(1))), None);
        let upper = told(&mut stack, Event::Timer { scope: upper, key: 7 });
        // "late" passes the lower layer, "heard" comes to the service, whose answer passes both.
        let [late, heard] = &sent(&upper)[..] else { panic!("two datagrams") };
        assert_eq!(*late, (vec![NodeId(5)], &b"latel"[..]));
        assert_eq!(*heard, (vec![NodeId(1), NodeId(2)], &b"heardul"[..]));
        let lower = told(&mut stack, Event::Timer { scope: lower, key: 7 });
        // "heard" is not a frame of the upper layer.
        assert_eq!(sent(&lower), [(vec![NodeId(5)], &b"late"[..])]);
        let own = told(&mut stack, Event::Timer { scope: crate::Scope::ROOT, key: 7 });
        assert!(matches!(own.effects(), [Effect::Note { name: "rang", .. }]));
    }

    #[test]
    fn a_stack_forks_and_shows_its_layers() {
        let stack = stack();
        let mut fork = Erased::fork(&stack);
        let digest = |process: &dyn Process| {
            let mut digest = Digest::new();
            process.digest(&mut digest);
            digest.value()
        };
        assert_eq!(digest(&stack), digest(&*fork));
        let mut fields = Fields::new();
        fork.inspect(&mut fields);
        assert_eq!(fields.to_string(), "upper{letter=117} lower{letter=108}");
        let service = stack.without_layers().expect("it stands on layers");
        assert_eq!(digest(service), digest(&Echo), "the service alone");
        let moment = Moment { me: NodeId(3), now: Time(5), wall: Time(6), life: 0 };
        let (mut counters, mut decide) = (Counters::default(), Seeded::new(1));
        let mut outbox = Outbox::new();
        let mut env = Env::new(moment, &mut outbox, &mut counters, &mut decide, &NoDisk);
        fork.on_event(Event::Start, &mut env);
        assert_eq!(digest(&stack), digest(&*fork), "what is under way is no state");
    }
}
