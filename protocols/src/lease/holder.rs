//! `lease-holder`: asks for the lease, renews it, and acts while it holds it.

use super::message::{self, Message};
use super::{FAULTS, invariant};
use simlab_core::wire::Decode;
use simlab_core::{
    Arguments, BuildError, Duration, Entry, Env, Event, Fields, Inspection, NodeId, Parameter,
    ParameterKind, Process, Ratio, Switch, Time, TimerKey,
};
use std::collections::BTreeMap;

/// The holder.
pub const HOLDER: Entry = Entry::server(
    "lease-holder",
    "acts, again and again, while it holds the lease",
    build,
)
.parameters(&[
    Parameter {
        name: "granter",
        kind: ParameterKind::Node,
        default: None,
        help: "who grants the lease",
    },
    Parameter {
        name: "every",
        kind: ParameterKind::Duration,
        default: Some("20ms"),
        help: "how often it acts while it holds the lease, and asks while it does not",
    },
    Parameter {
        name: "margin",
        kind: ParameterKind::Probability,
        default: Some("10%"),
        help: "the part of the term by which it stops early, since clocks drift",
    },
])
.dissector(message::dissect)
.inspector(inspect)
.invariants(invariant::INVARIANTS)
.faults(&FAULTS)
.switches(&[
    Switch {
        name: NO_MARGIN,
        breaks: "a holder stops early by the bound on clock drift (Gray and Cheriton 1989, §5)",
        caught_by: invariant::SINGLE_HOLDER,
    },
    Switch {
        name: WALL_CLOCK,
        breaks: "a term is measured on a clock that never jumps (Gray and Cheriton 1989, §5)",
        caught_by: invariant::SINGLE_HOLDER,
    },
]);

const NO_MARGIN: &str = "lease-without-margin";
const WALL_CLOCK: &str = "lease-by-wall-clock";

/// Whether it holds the lease, as it believes.
fn inspect(state: &Fields) -> Inspection {
    let holds = state.get(&["lease"]).is_some();
    let until = state.get(&["until"]);
    let line = until.map(|until| format!("believes that it holds the lease until {until}"));
    let headline = if holds { "holds the lease" } else { "no lease" };
    Inspection { headline: Some(headline.to_owned()), lines: line.into_iter().collect() }
}

/// An answer to an older request is not waited for.
const ASKED_MAX: usize = 32;

/// The only timer: the next turn.
const TURN: TimerKey = 0;

/// A lease as its holder knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Lease {
    number: u64,
    /// When to ask for more.
    renew: Time,
    /// When it is over, by the holder's clock.
    over: Time,
}

#[derive(Clone, Debug, Hash)]
struct Holder {
    granter: NodeId,
    every: Duration,
    margin: Ratio,
    by_wall_clock: bool,
    /// The requests without an answer and when they were sent, by number; the newest few.
    asked: BTreeMap<u64, Time>,
    requests: u64,
    lease: Option<Lease>,
    acted: u64,
}

fn build(arguments: &Arguments<'_>) -> Result<Box<dyn Process>, BuildError> {
    let refuse = |parameter, message: &str| {
        Err(BuildError { parameter: Some(parameter), message: message.to_owned() })
    };
    let (granter, every) = (arguments.node("granter"), arguments.duration("every"));
    let service = arguments.roster[granter.index()].service;
    if service != super::GRANTER.name {
        return refuse("granter", &format!("it runs {service}, and no {}", super::GRANTER.name));
    }
    if every == Duration::ZERO {
        return refuse("every", "between two turns there must be some time");
    }
    let margin = arguments.probability("margin");
    Ok(Box::new(Holder {
        granter,
        every,
        margin: if arguments.switched(NO_MARGIN) { Ratio::ZERO } else { margin },
        by_wall_clock: arguments.switched(WALL_CLOCK),
        asked: BTreeMap::new(),
        requests: 0,
        lease: None,
        acted: 0,
    }))
}

impl Process for Holder {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        match event {
            Event::Start => {
                // Answers to requests of an earlier life are none of this one's business.
                self.requests = u64::from(env.life()) << 32;
                self.turn(env);
            }
            Event::Timer { .. } => self.turn(env),
            Event::Datagram { from, bytes } => match Message::from_bytes(bytes) {
                Ok(Message::Granted { id, lease, term }) if from == self.granter => {
                    self.on_granted(id, lease, term, env);
                }
                Ok(Message::Refused { id }) if from == self.granter => {
                    self.asked.remove(&id);
                }
                Ok(_) | Err(_) => env.note("bad datagram", from.0.into(), bytes.len() as u64),
            },
            Event::Command { bytes } => env.note("bad command", 0, bytes.len() as u64),
            Event::Synced { .. } => {}
        }
    }

    fn inspect(&self, view: &mut Fields) {
        view.int("acted", i64::try_from(self.acted).unwrap_or(i64::MAX));
        if let Some(lease) = &self.lease {
            view.int("lease", i64::try_from(lease.number).unwrap_or(i64::MAX));
            view.text("until", lease.over);
        }
    }
}

impl Holder {
    /// What its leases are measured by.
    fn clock(&self, env: &Env<'_>) -> Time {
        if self.by_wall_clock { env.wall() } else { env.now() }
    }

    /// Acts if it still holds the lease, and asks for it, or for more of it.
    fn turn(&mut self, env: &mut Env<'_>) {
        env.set_timer(TURN, self.every);
        let now = self.clock(env);
        match self.lease {
            Some(lease) if now >= lease.over => {
                self.lease = None;
                env.note_with("lease over", lease.number, 0, format_args!("{}", lease.number));
                self.ask(env);
            }
            Some(lease) => {
                self.acted += 1;
                invariant::note_act(lease.number, env);
                if now >= lease.renew {
                    self.ask(env);
                }
            }
            None => self.ask(env),
        }
    }

    fn ask(&mut self, env: &mut Env<'_>) {
        self.requests += 1;
        self.asked.insert(self.requests, self.clock(env));
        if self.asked.len() > ASKED_MAX {
            self.asked.pop_first();
        }
        env.send(self.granter, &Message::Request { id: self.requests });
    }

    /// The term counts from the request: the granter's counts from later.
    fn on_granted(&mut self, id: u64, number: u64, term: Duration, env: &mut Env<'_>) {
        let Some(sent) = self.asked.remove(&id) else { return };
        let margin = u128::from(term.nanos()) * u128::from(self.margin.numerator())
            / u128::from(self.margin.denominator());
        let lasts = term.nanos() - margin as u64;
        let granted =
            Lease { number, renew: sent + Duration(lasts / 2), over: sent + Duration(lasts) };
        match self.lease {
            // Answers may overtake each other.
            Some(lease) if (lease.number, lease.over) >= (granted.number, granted.over) => {}
            Some(lease) if lease.number == granted.number => self.lease = Some(granted),
            _ => {
                self.lease = Some(granted);
                self.turn(env);
            }
        }
    }
}
