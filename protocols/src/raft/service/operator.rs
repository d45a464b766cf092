//! `raft-operator`: who runs a cluster. Now and then it gives the leadership to another voter, or changes who is in the cluster;
//! what, it draws.

use super::finder::{self, Finder, Found, read};
use super::kvs::{Call as Ask, Members};
use super::script::{self, Line};
use super::server::SERVER;
use crate::rpc;
use simlab_core::{
    Argument, Arguments, BuildError, Duration, Entry, Env, Event, FaultModel, Fields, NodeId,
    Parameter, ParameterKind, Process, Time, TimerKey,
};
use std::collections::BTreeSet;

/// The operator.
pub static OPERATOR: Entry =
    Entry::server("raft-operator", "changes who is in a cluster of raft-kv, and who leads it", build)
        .parameters(&[
            Parameter::with_default("after", ParameterKind::Duration, "5s", "when it begins"),
            Parameter::with_default(
                "until",
                ParameterKind::Timeout,
                "never",
                "when it does nothing new any more",
            ),
            Parameter::with_default(
                "every",
                ParameterKind::Duration,
                "5s",
                "the time from one thing to the next: from half of this to one and a half",
            ),
            Parameter::with_default(
                "changes",
                ParameterKind::Choice(&["joint", "single", "either", "none"]),
                "either",
                "whether the cluster changes by a joint configuration, one voter at a time, as is drawn each time, or never",
            ),
            Parameter::with_default(
                "transfers",
                ParameterKind::Flag,
                "true",
                "whether it gives leadership away: every third time",
            ),
            Parameter::with_default(
                "least",
                ParameterKind::Count { min: 1, max: 1_000 },
                "3",
                "how many voters there are at least",
            ),
            Parameter::with_default(
                "most",
                ParameterKind::Count { min: 1, max: 1_000 },
                "5",
                "how many voters there are at most",
            ),
            Parameter::with_default(
                "script",
                ParameterKind::Text,
                "",
                "what it does instead of drawing, and when: `2s stand n0; 5s joint n0 n1 n5; 7s single n0 n1 + n6; 9s transfer n1`; names behind a `+` have no vote, and `single` changes one voter at most",
            ),
            Parameter::with_default(
                "attempt",
                ParameterKind::Duration,
                "500ms",
                "after this time without an answer another node is asked",
            ),
        ])
        .dissector(finder::dissect)
        .faults(&FAULTS);

const FAULTS: FaultModel = FaultModel {
    summary: "asks for one thing at a time, whatever links, clocks and crashes do",
    tolerates: crate::rpc::faults::TOLERATES,
    drift_max: crate::rpc::faults::DRIFT_MAX,
};

/// The only key of its searches; and its own timers.
const ASKING: u64 = 0;
const NEXT: TimerKey = 1;
const GIVE_UP: TimerKey = 2;

/// What it has asked for is refused. `a`: the code of the failure.
const REFUSED: &str = "raft.order-refused";

/// Parameters that count where there is a script.
const OF_SCRIPTS: [&str; 2] = ["script", "attempt"];

/// How long it waits for anything.
const PATIENCE: Duration = Duration::from_secs(5);

/// How the cluster is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Changes {
    Joint,
    Single,
    Either,
    Never,
}

/// What it waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Doing {
    Nothing,
    Looking,
    Changing,
    Transferring,
    Standing,
}

#[derive(Clone, Debug, Hash)]
struct Operator {
    finder: Finder,
    nodes: BTreeSet<NodeId>,
    after: Duration,
    until: Duration,
    every: Duration,
    changes: Changes,
    transfers: bool,
    least: usize,
    most: usize,
    /// What is left of its script, the next line last.
    script: Vec<Line>,
    scripted: bool,
    doing: Doing,
    changed: u64,
    transferred: u64,
    refused: u64,
    gave_up: u64,
}

fn build(arguments: &Arguments<'_>) -> Result<Box<dyn Process>, BuildError> {
    let nodes = arguments.roster.iter().filter(|member| member.service == SERVER.name);
    let size = |name| usize::try_from(arguments.count(name)).unwrap_or(usize::MAX);
    let (least, most) = (size("least"), size("most"));
    if least > most {
        let message = "there are more at least than at most".to_owned();
        return Err(BuildError { parameter: Some("least"), message });
    }
    let mut script = script::read(arguments.text("script"), SERVER.name, arguments)?;
    script.reverse();
    if !script.is_empty() {
        refuse_idle(arguments)?;
    }
    let (after, until) = (arguments.duration("after"), arguments.duration("until"));
    if until <= after {
        let message = format!("it begins at {after}, and would do nothing any more by then");
        return Err(BuildError { parameter: Some("until"), message });
    }
    let every = arguments.duration("every");
    if every.nanos() == 0 {
        let message = "it takes some time from one thing to the next".to_owned();
        return Err(BuildError { parameter: Some("every"), message });
    }
    Ok(Box::new(Operator {
        finder: Finder::new(arguments, SERVER.name)?,
        nodes: nodes.map(|member| member.id).collect(),
        after,
        until,
        every,
        changes: match arguments.text("changes") {
            "joint" => Changes::Joint,
            "single" => Changes::Single,
            "either" => Changes::Either,
            _ => Changes::Never,
        },
        transfers: arguments.flag("transfers"),
        least,
        most,
        scripted: !script.is_empty(),
        script,
        doing: Doing::Nothing,
        changed: 0,
        transferred: 0,
        refused: 0,
        gave_up: 0,
    }))
}

/// A script says all that is done, so that what it would draw by is a mistake beside it.
fn refuse_idle(arguments: &Arguments<'_>) -> Result<(), BuildError> {
    for Parameter { name, default, .. } in OPERATOR.parameters {
        let is_given =
            arguments.member().arguments.get(name).map(Argument::to_string).as_deref() != *default;
        if is_given && !OF_SCRIPTS.contains(name) {
            let message = format!(
                "`{name}` is of an operator that draws what it does, and this one has a `script`"
            );
            return Err(BuildError { parameter: Some(name), message });
        }
    }
    Ok(())
}

impl Process for Operator {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        if event == Event::Start {
            return match self.scripted {
                true => {
                    // What it did in an earlier life is done, or else too late.
                    let now = env.now().since(Time::ZERO);
                    self.script.retain(|line| env.life() == 0 || line.at > now);
                    self.wait_for_line(env);
                }
                false => env.set_timer(NEXT, self.after),
            };
        }
        match event.peel() {
            (Some(rpc::PORT), event) => {
                for found in self.finder.on_event(event, env) {
                    self.on_found(found, env);
                }
            }
            (None, Event::Timer { key: NEXT, .. }) => self.next(env),
            (None, Event::Timer { key: GIVE_UP, .. }) => {
                self.finder.give_up(ASKING, env);
                self.gave_up += 1;
                self.rest(env);
            }
            (None, Event::Timer { key, .. }) => {
                self.finder.on_timer(key, env);
            }
            (_, Event::Datagram { from, bytes }) => {
                env.note("bad datagram", from.0.into(), bytes.len() as u64);
            }
            _ => {}
        }
    }

    fn inspect(&self, view: &mut Fields) {
        view.text("doing", format_args!("{:?}", self.doing));
        view.int("changed", self.changed as i64);
        view.int("transferred", self.transferred as i64);
        view.int("refused", self.refused as i64);
        view.int("gave_up", self.gave_up as i64);
        self.finder.inspect(view);
    }
}

impl Operator {
    /// Looks who is in the cluster, or does what its script says.
    fn next(&mut self, env: &mut Env<'_>) {
        if self.scripted {
            if let Some(Line { whom, ask, .. }) = self.script.pop() {
                // What has not come to an end by now does not hold up the rest.
                self.finder.give_up(ASKING, env);
                self.doing = doing(&ask);
                env.set_timer(GIVE_UP, PATIENCE);
                self.finder.ask_of(whom, ASKING, ask, env);
            }
            return self.wait_for_line(env);
        }
        if self.until != Duration::FOREVER && env.now() >= Time::ZERO + self.until {
            return;
        }
        self.ask(Doing::Looking, Ask::members {}, env);
    }

    /// Waits for the time of the next line.
    fn wait_for_line(&self, env: &mut Env<'_>) {
        if let Some(line) = self.script.last() {
            let now = env.now().since(Time::ZERO).nanos();
            let left = line.at.nanos().saturating_sub(now);
            env.set_timer(NEXT, Duration::from_nanos(left));
        }
    }

    fn ask(&mut self, doing: Doing, what: Ask, env: &mut Env<'_>) {
        self.doing = doing;
        env.set_timer(GIVE_UP, PATIENCE);
        self.finder.ask(ASKING, what, env);
    }

    /// Waits until it does the next thing.
    fn rest(&mut self, env: &mut Env<'_>) {
        self.doing = Doing::Nothing;
        env.cancel_timer(GIVE_UP);
        if self.scripted {
            return;
        }
        let half = Duration::from_nanos(self.every.nanos() / 2);
        let more = env.below(self.every.nanos().saturating_add(1));
        env.set_timer(NEXT, half + Duration::from_nanos(more));
    }

    fn on_found(&mut self, found: Found, env: &mut Env<'_>) {
        let done = found.result.is_ok();
        if let Err((code, words)) = &found.result {
            self.refused += 1;
            env.note_with(REFUSED, code.unsigned_abs(), 0, words);
        }
        match self.doing {
            Doing::Looking => {
                let members = found.result.ok().and_then(|bytes| read(&bytes));
                if let Some(ask) = members.and_then(|members| self.choose(&members, env)) {
                    return self.ask(doing(&ask), ask, env);
                }
            }
            Doing::Changing => self.changed += u64::from(done),
            Doing::Transferring => self.transferred += u64::from(done),
            Doing::Nothing | Doing::Standing => {}
        }
        self.rest(env);
    }

    /// What it does next, if anything.
    fn choose(&self, members: &Members, env: &mut Env<'_>) -> Option<Ask> {
        let voters: BTreeSet<NodeId> = members.voters.iter().copied().map(NodeId).collect();
        let learners: BTreeSet<NodeId> = members.learners.iter().copied().map(NodeId).collect();
        if self.transfers && (env.below(3) == 0 || self.changes == Changes::Never) {
            return one_of(&voters, env).map(|to| Ask::transfer { to: to.0 });
        }
        if members.changing || self.changes == Changes::Never {
            return None;
        }
        let joint = match self.changes {
            Changes::Joint => true,
            Changes::Either => env.below(2) == 0,
            Changes::Single | Changes::Never => false,
        };
        let steps = if joint { 1 + env.below(2) } else { 1 };
        let (mut to, mut taught) = (voters.clone(), learners.clone());
        for _ in 0..steps {
            self.step(&mut to, &mut taught, env);
        }
        if (&to, &taught) == (&voters, &learners) {
            return None;
        }
        let numbers = |nodes: BTreeSet<NodeId>| nodes.into_iter().map(|node| node.0).collect();
        Some(Ask::change { voters: numbers(to), learners: numbers(taught), joint })
    }

    /// One node more or less: a learner comes, gets a vote, or a voter goes.
    fn step(
        &self,
        voters: &mut BTreeSet<NodeId>,
        learners: &mut BTreeSet<NodeId>,
        env: &mut Env<'_>,
    ) {
        let apart =
            self.nodes.iter().filter(|node| !voters.contains(node) && !learners.contains(node));
        let apart: BTreeSet<NodeId> = apart.copied().collect();
        match env.below(4) {
            0 => {
                if let Some(node) = one_of(&apart, env) {
                    learners.insert(node);
                }
            }
            1 if voters.len() > self.least => {
                if let Some(node) = one_of(voters, env) {
                    voters.remove(&node);
                }
            }
            // Of those who have no vote, learners first.
            _ if voters.len() < self.most => {
                let from = if learners.is_empty() { &apart } else { &*learners };
                if let Some(node) = one_of(from, env) {
                    learners.remove(&node);
                    voters.insert(node);
                }
            }
            _ => {
                if voters.len() > self.least
                    && let Some(node) = one_of(voters, env)
                {
                    voters.remove(&node);
                }
            }
        }
    }
}

/// What it waits for when it has asked the cluster to do this.
const fn doing(ask: &Ask) -> Doing {
    match ask {
        Ask::transfer { .. } => Doing::Transferring,
        Ask::stand {} => Doing::Standing,
        _ => Doing::Changing,
    }
}

fn one_of(nodes: &BTreeSet<NodeId>, env: &mut Env<'_>) -> Option<NodeId> {
    let count = u64::try_from(nodes.len()).ok().filter(|count| *count > 0)?;
    let place = usize::try_from(env.below(count)).ok()?;
    nodes.iter().nth(place).copied()
}
