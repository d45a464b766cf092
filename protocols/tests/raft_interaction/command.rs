//! What a file can say. `testdata/README.md` lists it.

use super::cluster::{Cluster, ELECTION, Flight, HEARTBEAT, Happens};
use super::disk::Kept;
use super::lie;
use super::words;
use simlab_core::wire::Encode;
use simlab_core::{Duration, FieldValue, Fields, NodeId};
use simlab_protocols::raft::config::{Config, Rule, Rules};
use simlab_protocols::raft::configuration::Configuration;
use simlab_protocols::raft::kv::Operation;
use simlab_protocols::raft::log::{Entry, Payload};
use simlab_protocols::raft::service::SERVER;
use simlab_protocols::raft::storage::{Storage, Vote};
use simlab_protocols::raft::store::{Command, Request, Store};
use simlab_protocols::raft::{Raft, ReadMode};
use std::collections::BTreeSet;
use std::str::FromStr;

type Words<'a> = &'a [&'a str];

/// A story that is told command by command.
#[derive(Default)]
pub(super) struct Story {
    cluster: Option<Cluster>,
    reads: u64,
}

fn node(word: &str) -> Result<NodeId, String> {
    let number = word.strip_prefix('n').and_then(|number| number.parse().ok());
    number.map(NodeId).ok_or_else(|| format!("`{word}` is no node: nodes are n1, n2, …"))
}

fn nodes(words: Words<'_>) -> Result<BTreeSet<NodeId>, String> {
    words.iter().map(|word| node(word)).collect()
}

pub(super) fn number<T: FromStr>(word: &str) -> Result<T, String> {
    word.parse().map_err(|_| format!("`{word}` is no number"))
}

fn time(word: &str) -> Result<Duration, String> {
    word.parse().map_err(|_| format!("`{word}` is no time: 100ms, 2s"))
}

fn switch(word: &str) -> Result<bool, String> {
    match word {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(format!("`{word}` is neither on nor off")),
    }
}

/// From whom to whom; `None` is anybody.
type Link = (Option<NodeId>, Option<NodeId>);

/// `n1->n2`; a star is anybody.
fn link(word: &str) -> Result<Option<Link>, String> {
    let Some((from, to)) = word.split_once("->") else { return Ok(None) };
    let end = |word: &str| if word == "*" { Ok(None) } else { node(word).map(Some) };
    Ok(Some((end(from)?, end(to)?)))
}

impl Story {
    /// Does what a line says; what that led to, a line each.
    pub(super) fn obey(&mut self, line: &str) -> Result<Vec<String>, String> {
        if let Some(line) = line.strip_prefix("quietly ") {
            let told = self.obey(line)?;
            return Ok(told.into_iter().filter(|line| line.starts_with("!!")).collect());
        }
        if let Some((count, line)) =
            line.strip_prefix("repeat ").and_then(|rest| rest.split_once(' '))
        {
            let told = (0..number::<usize>(count)?).map(|_| self.obey(line));
            return Ok(told.collect::<Result<Vec<_>, _>>()?.concat());
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let (command, rest) = words.split_first().ok_or("there is no command")?;
        if *command == "cluster" {
            return self.begin(rest);
        }
        let cluster = self.cluster.as_mut().ok_or("a file begins with `cluster`")?;
        match (*command, rest) {
            ("start" | "restart", [who]) => cluster.start(node(who)?)?,
            ("start", []) => start(cluster)?,
            ("disk", [who, term, terms @ ..]) => disk(cluster, node(who)?, number(term)?, terms)?,
            ("draw", [who, more]) => {
                cluster.node(node(who)?)?;
                cluster.draws.0.entry(node(who)?).or_default().push_back(time(more)?);
            }
            ("stand", [who]) => cluster.fire(node(who)?, ELECTION)?,
            ("beat", [who]) => cluster.fire(node(who)?, HEARTBEAT)?,
            ("tick", [.., for_]) => {
                let who = some_or_all(cluster, &rest[..rest.len() - 1])?;
                cluster.pass(&who, time(for_)?, |_| Ok(()))?;
            }
            ("run", [for_]) => {
                cluster.settle()?;
                let who = some_or_all(cluster, &[])?;
                cluster.pass(&who, time(for_)?, Cluster::settle)?;
            }
            ("settle", []) => cluster.settle()?,
            ("deliver", rest) => {
                for flight in take(cluster, rest)? {
                    cluster.deliver(&flight)?;
                }
            }
            ("duplicate", rest) => {
                for flight in select(cluster, rest)? {
                    cluster.deliver(&flight)?;
                }
            }
            ("drop", rest) => {
                for Flight { number, from, to, bytes, .. } in take(cluster, rest)? {
                    let kind = words::kind(&bytes);
                    cluster.tell(format!("#{number} {from} -> {to}: {kind} is lost"));
                }
            }
            ("hold", rest) => hold(cluster, rest, true)?,
            ("release", rest) => hold(cluster, rest, false)?,
            ("flights", []) => flights(cluster),
            ("cut", rest @ [_, ..]) => cut(cluster, rest)?,
            ("heal", []) => cluster.cuts.clear(),
            ("crash", [who, kept @ ..]) => crash(cluster, node(who)?, kept)?,
            ("slow", [who]) => cluster.node(node(who)?)?.slow = true,
            ("quick", [who]) => cluster.quicken(node(who)?)?,
            ("sync", [who]) => cluster.sync(node(who)?)?,
            ("propose", [who, request @ ..]) => propose(cluster, node(who)?, request)?,
            ("read", [who, key, mode]) => {
                self.reads += 1;
                read(cluster, node(who)?, (self.reads, key), mode)?;
            }
            ("change", [who, mode, to @ ..]) => change(cluster, node(who)?, mode, to)?,
            ("transfer", [who, to]) => {
                let to = node(to)?;
                ask(cluster, node(who)?, |raft, env| match raft.transfer(to, env) {
                    Ok(()) => format!("is to give way to {to}"),
                    Err(refused) => format!("refuses: {}", words::why(refused)),
                })?;
            }
            ("campaign", [who]) => {
                ask(cluster, node(who)?, |raft, env| match raft.stand_for_election(env) {
                    Ok(()) => "does as it is told".to_owned(),
                    Err(refused) => format!("refuses: {}", words::why(refused)),
                })?;
            }
            ("batch", [who]) => ask(cluster, node(who)?, |raft, env| {
                raft.draw_batch(env);
                "draws how many entries a message has".to_owned()
            })?,
            ("lie", [ends, term, lie @ ..]) => {
                let (Some(from), Some(to)) = link(ends)?.ok_or("who lies to whom?")? else {
                    return Err("who lies to whom?".to_owned());
                };
                cluster.deliver(&lie::flight((from, to), number(term)?, lie)?)?;
            }
            ("log", []) => logs(cluster),
            ("state", [who]) => state(cluster, node(who)?)?,
            ("fields", [who]) => tell_fields(cluster, node(who)?)?,
            ("show", [who, key]) => {
                let who = node(who)?;
                let held = cluster.running(who)?.machine().kv().get(key);
                cluster.tell(format!("{who} has {key}: {}", words::held(&held)));
            }
            _ => return Err(format!("no such command: {line}")),
        }
        Ok(std::mem::take(&mut cluster.told))
    }

    /// `cluster 3 batch=1 without=OwnTermCounted`: n1 to n3; plain Raft, as far as nothing else is said.
    fn begin(&mut self, words: Words<'_>) -> Result<Vec<String>, String> {
        let (count, options) = words.split_first().ok_or("how many nodes?")?;
        let voters: u32 = number(count)?;
        let mut config =
            Config { pre_vote: false, check_quorum: false, leases: false, ..Config::default() };
        let (mut rules, mut spare, mut slow, mut later) = (Rules::ALL, 0, false, false);
        let mut lifetime = Duration::from_secs(60);
        for option in options {
            let (name, value) =
                option.split_once('=').ok_or_else(|| format!("`{option}` is no option"))?;
            match name {
                "election" => config.election = time(value)?,
                "heartbeat" => config.heartbeat = time(value)?,
                "batch" => config.batch = number(value)?,
                "window" => config.window = number(value)?,
                "chunk" => config.chunk = number(value)?,
                "compact" => config.compact = number(value)?,
                "trailing" => config.trailing = number(value)?,
                "drift" => config.drift = number(value)?,
                "pre-vote" => config.pre_vote = switch(value)?,
                "check-quorum" => config.check_quorum = switch(value)?,
                "leases" => config.leases = switch(value)?,
                "session" => lifetime = time(value)?,
                "spare" => spare = number(value)?,
                "disk" if value == "slow" => slow = true,
                "start" if value == "later" => later = true,
                "without" => {
                    let mut all = Rule::ALL.iter();
                    let rule = all.find(|rule| format!("{rule:?}") == value);
                    rules =
                        rules.without(*rule.ok_or_else(|| format!("there is no rule {value}"))?);
                }
                _ => return Err(format!("`{option}` is no option")),
            }
        }
        let ids: Vec<NodeId> = (1..=voters + spare).map(NodeId).collect();
        let initial = Configuration::of(ids.iter().copied().filter(|id| id.0 <= voters));
        let store = Store::new(lifetime, 8, rules.keeps(Rule::SnapshotHasSessions));
        let raft = |id: NodeId| {
            let peers = ids.iter().copied();
            Raft::new(id, peers, initial.clone(), config, store.clone()).with(rules)
        };
        let mut cluster = Cluster::new(ids.iter().map(|id| (*id, raft(*id))).collect());
        cluster.nodes.values_mut().for_each(|node| node.slow = slow);
        let cluster = self.cluster.insert(cluster);
        if !later {
            start(cluster)?;
        }
        // Nothing but that they have come up, all in the same way.
        cluster.told.clear();
        Ok(Vec::new())
    }
}

/// Starts all that are not up.
fn start(cluster: &mut Cluster) -> Result<(), String> {
    let down = cluster.nodes.iter().filter(|(_, node)| node.raft.is_none());
    let down: Vec<NodeId> = down.map(|(id, _)| *id).collect();
    down.into_iter().try_for_each(|id| cluster.start(id))
}

fn some_or_all(cluster: &Cluster, words: Words<'_>) -> Result<BTreeSet<NodeId>, String> {
    let said = nodes(words)?;
    if let Some(id) = said.iter().find(|id| !cluster.nodes.contains_key(id)) {
        return Err(format!("there is no {id}"));
    }
    Ok(if said.is_empty() { cluster.nodes.keys().copied().collect() } else { said })
}

/// `disk n1 6 1 1 4x3`: it was in term 6, and its log has two entries of term 1 and three of term 4.
fn disk(cluster: &mut Cluster, id: NodeId, term: u64, terms: Words<'_>) -> Result<(), String> {
    let runs = terms.iter().map(|run| {
        let (term, count) = run.split_once('x').unwrap_or((run, "1"));
        Ok((number(term)?, number(count)?))
    });
    let runs = runs.collect::<Result<Vec<_>, String>>()?;
    let terms: Vec<u64> =
        runs.into_iter().flat_map(|(term, count)| (0..count).map(move |_| term)).collect();
    if !terms.is_sorted() || terms.last().is_some_and(|last| *last > term) {
        return Err("the terms of a log do not go back, nor beyond the node's".to_owned());
    }
    let entry = |(index, term): (usize, &u64)| {
        let words = format!("put x {term}.{}", index + 1);
        let value = format!("{term}.{}", index + 1).into_bytes();
        let request = Request::Always(Operation::Put { key: "x".to_owned(), value });
        let command = Command { time: simlab_core::Time::ZERO, request }.to_bytes();
        cluster.proposed.insert(command.clone(), words);
        Entry { term: *term, payload: Payload::Command(command) }
    };
    let entries: Vec<Entry> = terms.iter().enumerate().map(entry).collect();
    cluster.prepare(id, |env| {
        let mut storage = Storage::default();
        storage.vote(Vote { term, candidate: None }, env);
        storage.entries(1, &entries, env);
    })
}

/// `all`, or `first`, `last`, a link and a kind of message, as far as they are said: what that is of all under way.
fn chosen(cluster: &Cluster, words: Words<'_>) -> Result<Vec<usize>, String> {
    let (end, mut rest) = match words {
        ["all"] => (None, &[][..]),
        [] => return Err("which? `all`, or `first` or `last`, a link and a kind".to_owned()),
        [end @ ("first" | "last"), rest @ ..] => (Some(*end), rest),
        rest => (None, rest),
    };
    let (mut from, mut to) = (None, None);
    if let Some((first, others)) = rest.split_first()
        && let Some(ends) = link(first)?
    {
        ((from, to), rest) = (ends, others);
    }
    let kind = rest.join(" ");
    let fits = |flight: &Flight| {
        let goes =
            from.is_none_or(|from| flight.from == from) && to.is_none_or(|to| flight.to == to);
        goes && (kind.is_empty() || words::kind(&flight.bytes) == kind)
    };
    let all = cluster.flights.iter().enumerate().filter(|(_, flight)| fits(flight));
    let all: Vec<usize> = all.map(|(place, _)| place).collect();
    let chosen = match end {
        Some("first") => all.first().copied().into_iter().collect(),
        Some(_) => all.last().copied().into_iter().collect(),
        None => all,
    };
    if chosen.is_empty() {
        return Err(format!("nothing of that kind is under way: {}", words.join(" ")));
    }
    Ok(chosen)
}

fn select(cluster: &Cluster, words: Words<'_>) -> Result<Vec<Flight>, String> {
    let places = chosen(cluster, words)?;
    Ok(places.into_iter().map(|place| cluster.flights[place].clone()).collect())
}

fn take(cluster: &mut Cluster, words: Words<'_>) -> Result<Vec<Flight>, String> {
    let places = chosen(cluster, words)?;
    let mut taken: Vec<Flight> =
        places.into_iter().rev().map(|place| cluster.flights.remove(place)).collect();
    taken.reverse();
    Ok(taken)
}

fn hold(cluster: &mut Cluster, words: Words<'_>, held: bool) -> Result<(), String> {
    for place in chosen(cluster, words)? {
        cluster.flights[place].held = held;
    }
    Ok(())
}

fn flights(cluster: &mut Cluster) {
    let each = cluster.flights.iter().map(|flight| {
        let Flight { number, from, to, bytes, held } = flight;
        let held = if *held { " (held)" } else { "" };
        format!("#{number} {from} -> {to}: {}{held}", words::message(bytes, &cluster.proposed))
    });
    let each: Vec<String> = each.collect();
    cluster.told.extend(each);
}

/// `cut n1->n2`: that way; `cut n1 n2`: from all others, and they from them.
fn cut(cluster: &mut Cluster, words: Words<'_>) -> Result<(), String> {
    let all: Vec<NodeId> = cluster.nodes.keys().copied().collect();
    let mut island = BTreeSet::new();
    for word in words {
        match link(word)? {
            Some((from, to)) => {
                let ends = |end: Option<NodeId>| end.map_or_else(|| all.clone(), |end| vec![end]);
                for from in ends(from) {
                    cluster.cuts.extend(ends(to).into_iter().map(|to| (from, to)));
                }
            }
            None => drop(island.insert(node(word)?)),
        }
    }
    for inside in &island {
        cluster.node(*inside)?;
        for outside in all.iter().filter(|id| !island.contains(id)) {
            cluster.cuts.extend([(*inside, *outside), (*outside, *inside)]);
        }
    }
    Ok(())
}

/// `crash n1 1 3:7`: of what was not synced the first write stays, and of the third seven bytes.
fn crash(cluster: &mut Cluster, id: NodeId, words: Words<'_>) -> Result<(), String> {
    let kept = |word: &&str| match word.split_once(':') {
        Some((write, bytes)) => Ok(Kept { write: number(write)?, bytes: Some(number(bytes)?) }),
        None => Ok::<_, String>(Kept { write: number(word)?, bytes: None }),
    };
    let kept: Vec<Kept> = words.iter().map(kept).collect::<Result<_, _>>()?;
    cluster.crash(id, &kept)
}

fn ask<F>(cluster: &mut Cluster, id: NodeId, mut ask: F) -> Result<(), String>
where
    F: FnMut(&mut Raft<Store>, &mut simlab_core::Env<'_>) -> String,
{
    cluster.running(id)?;
    cluster.happen(id, Happens::Asked(&mut ask))
}

/// `put x 1`, `append x 1`, `delete x`, `cas x 1 2` (a dash is nothing).
fn operation(words: Words<'_>) -> Result<Operation, String> {
    let text = |word: &&str| (*word).to_owned();
    let bytes = |word: &&str| word.as_bytes().to_vec();
    Ok(match words {
        ["put", key, value] => Operation::Put { key: text(key), value: bytes(value) },
        ["append", key, value] => Operation::Append { key: text(key), value: bytes(value) },
        ["delete", key] => Operation::Delete { key: text(key) },
        ["cas", key, expected, value] => {
            let expected = (*expected != "-").then(|| bytes(expected));
            Operation::CompareAndSet { key: text(key), expected, value: bytes(value) }
        }
        _ => return Err(format!("no such act: {}", words.join(" "))),
    })
}

/// `open`; `2/0 append x a`: the write 0 of session 2; or an act.
fn propose(cluster: &mut Cluster, id: NodeId, words: Words<'_>) -> Result<(), String> {
    let request = match words {
        ["open"] => Request::Open,
        [once, rest @ ..] if once.contains('/') => {
            let (session, write) = once.split_once('/').ok_or("session/number")?;
            let write = number(write)?;
            Request::Once {
                session: number(session)?,
                number: write,
                settled: write,
                operation: operation(rest)?,
            }
        }
        _ => Request::Always(operation(words)?),
    };
    let words = words.join(" ");
    let command = Command { time: cluster.node(id)?.now, request }.to_bytes();
    cluster.proposed.insert(command.clone(), words.clone());
    ask(cluster, id, |raft, env| words::asked(&words, raft.propose(command.clone(), env)))
}

fn read(
    cluster: &mut Cluster,
    id: NodeId,
    (read, key): (u64, &str),
    mode: &str,
) -> Result<(), String> {
    let mode = match mode {
        "index" => ReadMode::Index,
        "lease" => ReadMode::Lease,
        _ => return Err(format!("a read goes by `index` or by `lease`, not by `{mode}`")),
    };
    cluster.reads.insert(read, key.to_owned());
    ask(cluster, id, |raft, env| match raft.read(read, mode, env) {
        Ok(()) => format!("takes the read of {key}"),
        Err(refused) => format!("refuses: {}", words::why(refused)),
    })
}

/// `change n1 joint n1 n2 n4 learners n5`
fn change(cluster: &mut Cluster, id: NodeId, mode: &str, words: Words<'_>) -> Result<(), String> {
    let mode = words::mode(mode)?;
    let mut parts = words.splitn(2, |word| *word == "learners");
    let voters = nodes(parts.next().unwrap_or(&[]))?;
    let learners = nodes(parts.next().unwrap_or(&[]))?;
    ask(cluster, id, |raft, env| {
        let outcome = raft.change(voters.clone(), learners.clone(), mode, env);
        words::asked("a change of the cluster", outcome)
    })
}

fn fields(cluster: &mut Cluster, id: NodeId) -> Option<Fields> {
    let raft = cluster.nodes.get(&id)?.raft.as_ref()?;
    let mut fields = Fields::new();
    raft.inspect(&mut fields);
    Some(fields)
}

/// All logs as in figure 3.6 of the dissertation: a cell an entry, with its term.
fn logs(cluster: &mut Cluster) {
    let ids: Vec<NodeId> = cluster.nodes.keys().copied().collect();
    for id in ids {
        let log = fields(cluster, id).map(|fields| match fields.get(&["log"]) {
            Some(FieldValue::Text(log)) => log.clone(),
            _ => String::new(),
        });
        cluster.tell(format!("{id} {}", log.as_deref().unwrap_or("is down")).trim_end().to_owned());
    }
}

/// What it shows of itself, as it is, without what `state` and `log` tell; and what its parent can ask.
fn tell_fields(cluster: &mut Cluster, id: NodeId) -> Result<(), String> {
    let fields = fields(cluster, id).ok_or_else(|| format!("{id} is down"))?;
    let raft = cluster.running(id)?;
    let (term, applied) = (raft.term(), raft.applied());
    let leader = raft.leader().map_or_else(|| "nobody".to_owned(), |leader| leader.to_string());
    let (configuration, committed) = raft.configuration();
    let how = if committed { "committed" } else { "not committed" };
    let waits = raft.waits_for().unwrap_or_else(|| "nothing".to_owned());
    let mut told = vec![format!(
        "{id}: term {term}, {leader} leads, applied {applied}, {configuration} {how}"
    )];
    told.push(format!("  waits for {waits}"));
    let told_elsewhere = ["log", "members", "progress"];
    for field in fields.iter().filter(|field| !told_elsewhere.contains(&&*field.name)) {
        let value = match &field.value {
            FieldValue::Int(number) => number.to_string(),
            FieldValue::Text(text) => text.clone(),
            FieldValue::Group(_) => continue,
        };
        told.push(format!("  {}: {value}", field.name));
    }
    cluster.told.extend(told);
    Ok(())
}

fn state(cluster: &mut Cluster, id: NodeId) -> Result<(), String> {
    let fields = fields(cluster, id).ok_or_else(|| format!("{id} is down"))?;
    let inspect = SERVER.inspector.ok_or("it has no inspector")?;
    let inspection = inspect(&fields);
    cluster.tell(format!("{id}: {}", inspection.headline.unwrap_or_default()));
    cluster.told.extend(inspection.lines.into_iter().map(|line| format!("  {line}")));
    Ok(())
}
