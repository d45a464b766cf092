//! `raft-kv`: a node of the cluster.

use super::desk::{Asked, Desk, Procedure};
use super::kvs::{Members, Reply, Skeleton};
use super::{FAULTS, RAFT, inspector, parameters, why};
use crate::raft::config::Rule;
use crate::raft::configuration::Configuration;
use crate::raft::kv::Answer;
use crate::raft::store::{Applied, Command, Outcome, Request, Store};
use crate::raft::{Mode, Output, Raft, Refused, dissect, goals, invariant, switches};
use crate::rpc::server::monitor::JobId;
use crate::rpc::server::table::{Limits, Table};
use crate::rpc::value::Bytes;
use crate::rpc::{self, Client, Endpoint, Failure, client, server};
use simlab_core::wire::Encode;
use simlab_core::{
    Arguments, BuildError, Declared, Entry, Env, Event, Fields, NodeId, Process, Value,
};
use std::collections::{BTreeMap, BTreeSet};

/// A node of the cluster.
pub static SERVER: Entry =
    Entry::server("raft-kv", "keeps keys and values with others, by Raft", build)
        .parameters(&parameters::NODE)
        .dissector(dissect::dissect)
        .invariants(invariant::INVARIANTS)
        .switches(switches::SWITCHES)
        .goals(goals::GOALS)
        .faults(&FAULTS)
        .inspector(inspector::node);

/// How many calls may wait at a node.
const WAITING_MAX: usize = 4_096;

/// A node: Raft, and those who wait for what it decides.
#[derive(Clone, Debug, Hash)]
struct Node {
    raft: Raft<Store>,
    rpc: Endpoint<Skeleton<Desk>>,
    /// Each life draws how many entries a message has.
    batch_drawn: bool,
    /// Who waits for commands in the log, by their index.
    commands: BTreeMap<u64, (JobId, Procedure)>,
    /// Reads, by their number.
    reads: BTreeMap<u64, (JobId, String)>,
    read: u64,
    /// Changes of the cluster, by the index of their first configuration.
    changes: BTreeMap<u64, JobId>,
}

fn build(arguments: &Arguments<'_>) -> Result<Box<dyn Process>, BuildError> {
    let voters = arguments.group().filter(|member| {
        let argument = member.arguments.get("voter");
        argument == Some(&simlab_core::Argument::Flag(true))
    });
    let initial = Configuration::of(voters.map(|member| member.id));
    if initial.voters.is_empty() {
        let message = "somebody must be a voter from the start".to_owned();
        return Err(BuildError { parameter: Some("voter"), message });
    }
    // Stocks are for the shops.
    let begins = |object: &&Declared| object.model != "stock" && object.initial != Value::Nil;
    if let Some(Declared { name, initial, .. }) = arguments.objects.iter().find(begins) {
        let message = format!("raft-kv begins with nothing, and {name} with {initial}");
        return Err(BuildError { parameter: None, message });
    }
    let config = switches::config(parameters::config(arguments)?, arguments);
    let rules = switches::rules(arguments);
    let sessions = usize::try_from(arguments.count("sessions")).unwrap_or(usize::MAX);
    let keeps = rules.keeps(Rule::SnapshotHasSessions);
    let store = Store::new(arguments.duration("session"), sessions, keeps);
    let raft = Raft::new(arguments.me, arguments.peers(), initial, config, store).with(rules);
    Ok(Box::new(Node::new(raft, arguments.flag("batch_drawn"))))
}

impl Node {
    fn new(raft: Raft<Store>, batch_drawn: bool) -> Self {
        let limits = Limits { calls: 1_024, callers: 1_024 };
        let config = server::Config::taking_down(limits);
        let server = rpc::Server::new(config, Skeleton(Desk::default()), Table::new(limits));
        Node {
            raft,
            rpc: Endpoint::new(Client::new(client::Config::default()), server),
            batch_drawn,
            commands: BTreeMap::new(),
            reads: BTreeMap::new(),
            read: 0,
            changes: BTreeMap::new(),
        }
    }
}

impl Process for Node {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        if event == Event::Start {
            if self.batch_drawn {
                self.raft.draw_batch(&mut env.at(RAFT));
            }
            let outputs = self.raft.on_event(event, &mut env.at(RAFT));
            return self.on_outputs(outputs, env);
        }
        match event.peel() {
            (Some(RAFT), event) => {
                let outputs = self.raft.on_event(event, &mut env.at(RAFT));
                self.on_outputs(outputs, env);
            }
            (Some(rpc::PORT), event) => {
                self.rpc.on_event(event, &mut env.at(rpc::PORT));
                if let Some((job, asked)) = self.rpc.server.service_mut().0.asked.take() {
                    self.on_asked(job, asked, env);
                }
            }
            (_, Event::Datagram { from, bytes }) => {
                env.note("bad datagram", from.0.into(), bytes.len() as u64);
            }
            _ => {}
        }
    }

    fn inspect(&self, view: &mut Fields) {
        self.raft.inspect(view);
        let (kv, sessions) = (self.raft.machine().kv(), self.raft.machine().sessions());
        view.int("keys", kv.len() as i64);
        view.int("sessions", sessions.len() as i64);
        let calls = self.commands.len() + self.reads.len() + self.changes.len();
        let calls = (calls > 0).then(|| format!("the answers to {calls} calls"));
        let waiting: Vec<String> = calls.into_iter().chain(self.raft.waits_for()).collect();
        if !waiting.is_empty() {
            view.text("waiting", waiting.join("; "));
        }
    }
}

impl Node {
    fn on_asked(&mut self, job: JobId, asked: Asked, env: &mut Env<'_>) {
        if self.commands.len() + self.reads.len() >= WAITING_MAX {
            return self.fail(job, why::NOT_NOW, "too many calls are waiting", env);
        }
        let refused = match asked {
            Asked::Command(request, by) => self.on_command((job, by), request, env),
            Asked::Read(key, mode) => {
                self.read += 1;
                self.reads.insert(self.read, (job, key));
                let begun = self.raft.read(self.read, mode, &mut env.at(RAFT));
                if begun.is_err() {
                    self.reads.remove(&self.read);
                }
                begun
            }
            Asked::Members => self.on_members(job, env),
            Asked::Change(voters, learners, joint) => {
                let mode = if joint { Mode::Joint } else { Mode::Single };
                let begun = self.raft.change(voters, learners, mode, &mut env.at(RAFT));
                begun.map(|at| {
                    self.changes.insert(at.index, job);
                })
            }
            Asked::Transfer(to) => {
                let begun = self.raft.transfer(to, &mut env.at(RAFT));
                begun.map(|()| self.finish(job, Ok(Reply::transfer(())), env))
            }
            Asked::Stand => {
                let begun = self.raft.stand_for_election(&mut env.at(RAFT));
                begun.map(|()| self.finish(job, Ok(Reply::stand(())), env))
            }
        };
        if let Err(refused) = refused {
            self.refuse(job, refused, env);
        }
        let outputs = self.raft.finish(&mut env.at(RAFT));
        self.on_outputs(outputs, env);
    }

    fn on_command(
        &mut self,
        call: (JobId, Procedure),
        request: Request,
        env: &mut Env<'_>,
    ) -> Result<(), Refused> {
        let command = Command { time: env.now(), request }.to_bytes();
        let at = self.raft.propose(command, &mut env.at(RAFT))?;
        self.commands.insert(at.index, call);
        Ok(())
    }

    fn on_members(&mut self, job: JobId, env: &mut Env<'_>) -> Result<(), Refused> {
        if !self.raft.leads() {
            return Err(Refused::NotLeader(self.raft.leader()));
        }
        let (configuration, settled) = self.raft.configuration();
        let numbers = |nodes: &BTreeSet<NodeId>| nodes.iter().map(|node| node.0).collect();
        let members = Members {
            voters: numbers(&configuration.voters),
            learners: numbers(&configuration.learners),
            changing: !settled || configuration.is_joint(),
        };
        self.finish(job, Ok(Reply::members(members)), env);
        Ok(())
    }

    fn on_outputs(&mut self, outputs: Vec<Output<Applied>>, env: &mut Env<'_>) {
        for output in outputs {
            match output {
                Output::Applied { at, answer } => {
                    if answer.expired > 0 {
                        env.reached(goals::SESSION_EXPIRED);
                    }
                    if answer.again {
                        env.reached(goals::SECOND_COPY);
                    }
                    if let Some((job, procedure)) = self.commands.remove(&at.index) {
                        self.finish(job, result(procedure, answer.outcome), env);
                    }
                }
                Output::Configured { at, joint } => {
                    while !joint
                        && let Some(entry) = self.changes.first_entry()
                        && *entry.key() <= at.index
                    {
                        let job = entry.remove();
                        self.finish(job, Ok(Reply::change(())), env);
                    }
                }
                Output::Readable(read) => {
                    if let Some((job, key)) = self.reads.remove(&read) {
                        let held = held(self.raft.machine().kv().get(&key));
                        self.finish(job, Ok(Reply::get(held)), env);
                    }
                }
                Output::Unreadable(read) => {
                    if let Some((job, _)) = self.reads.remove(&read) {
                        self.refuse(job, Refused::NotLeader(self.raft.leader()), env);
                    }
                }
                Output::Deposed => self.on_deposed(env),
            }
        }
    }

    /// What was proposed and is not applied may be so under the next leader, or never.
    fn on_deposed(&mut self, env: &mut Env<'_>) {
        let commands = std::mem::take(&mut self.commands).into_values().map(|(job, _)| job);
        let jobs: Vec<JobId> =
            commands.chain(std::mem::take(&mut self.changes).into_values()).collect();
        for job in jobs {
            self.fail(job, why::DEPOSED, "the leader was deposed", env);
        }
    }

    fn refuse(&mut self, job: JobId, refused: Refused, env: &mut Env<'_>) {
        let (code, message) = match refused {
            Refused::NotLeader(leader) => {
                (why::NOT_LEADER, leader.map_or(String::new(), |leader| leader.0.to_string()))
            }
            Refused::GivingWay(to) => (why::NOT_LEADER, to.0.to_string()),
            Refused::TooEarly => (why::NOT_NOW, "the leader has committed nothing yet".to_owned()),
            Refused::Changing => (why::NOT_NOW, "the cluster is changing".to_owned()),
            Refused::Behind(node) => (why::NOT_NOW, format!("{node} does not have the log yet")),
            Refused::NoConfiguration => {
                (why::IMPOSSIBLE, "that is no configuration of these nodes".to_owned())
            }
            Refused::NotOneStep => {
                (why::IMPOSSIBLE, "one voter at a time comes or goes, if not jointly".to_owned())
            }
            Refused::NoVote(node) => (why::IMPOSSIBLE, format!("{node} has no vote")),
            Refused::Leads(node) => (why::IMPOSSIBLE, format!("{node} leads already")),
            Refused::LastTerm => (why::IMPOSSIBLE, "this is the last term".to_owned()),
            Refused::HearsLeader => (why::IMPOSSIBLE, "it hears a leader".to_owned()),
            Refused::WasDown => (why::IMPOSSIBLE, "it was down lately".to_owned()),
        };
        self.fail(job, code, &message, env);
    }

    fn fail(&mut self, job: JobId, code: i64, message: &str, env: &mut Env<'_>) {
        let message = message.to_owned();
        self.finish(job, Err(Failure { code, message }), env);
    }

    fn finish(&mut self, job: JobId, result: Result<Reply, Failure>, env: &mut Env<'_>) {
        let Endpoint { client, server, .. } = &mut self.rpc;
        server.finish(job, |()| result, client, &mut env.at(rpc::PORT));
    }
}

/// What a key has, or had.
fn held(answer: Answer) -> Option<Bytes> {
    match answer {
        Answer::Held(value) => value.map(Bytes),
        Answer::Done(_) | Answer::TooLong | Answer::NoText => None,
    }
}

/// What a procedure returns.
fn result(procedure: Procedure, outcome: Outcome) -> Result<Reply, Failure> {
    let fail = |code, message: &str| Err(Failure { code, message: message.to_owned() });
    match (procedure, outcome) {
        (_, Outcome::Settled) => fail(why::SETTLED, "what became of it is forgotten"),
        (_, Outcome::Expired) => fail(why::EXPIRED, "the session has ended"),
        (_, Outcome::Unreadable) => fail(why::IMPOSSIBLE, "that is no command"),
        (_, Outcome::Answer(Answer::NoText)) => {
            fail(why::NO_TEXT, "nothing is appended to what is no text")
        }
        (_, Outcome::Answer(Answer::TooLong)) => fail(why::TOO_LONG, "the value would be too long"),
        (Procedure::Open, Outcome::Opened(session)) => Ok(Reply::open(session)),
        (Procedure::Put, Outcome::Answer(_)) => Ok(Reply::put(())),
        (Procedure::Append, Outcome::Answer(_)) => Ok(Reply::append(())),
        (Procedure::CompareAndSet, Outcome::Answer(answer)) => {
            Ok(Reply::compare_and_set(answer == Answer::Done(true)))
        }
        (Procedure::Delete, Outcome::Answer(answer)) => Ok(Reply::delete(held(answer))),
        (Procedure::Open, Outcome::Answer(_)) | (_, Outcome::Opened(_)) => {
            fail(why::DEPOSED, "another entry is in its place")
        }
    }
}
