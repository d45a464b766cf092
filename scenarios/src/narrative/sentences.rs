//! Sentences.

use super::SENTENCES_MAX;
use super::past::{Message, clients, events, last};
use crate::Words;
use crate::report::VariantReport;
use crate::text::one_line;
use simlab_core::wire::Decode;
use simlab_core::{
    Choice, Damage, DiskAct, DropReason, FaultId, Kind, NodeId, Operation, Outcome, Point, Seq,
    TraceEvent, Who,
};
use simlab_sim::Fault as What;
use simlab_sim::trace::{Describe, Names};
use std::collections::BTreeMap;

/// How it is told what a crash costs.
const LOSES: &str = "loses ";

/// One thing that happened.
enum Line {
    /// It has to be told.
    Told(String),
    /// It happened at nodes, one and many: `comes up again`, `come up again`.
    Each(Vec<NodeId>, String, String),
    /// A message arrived.
    Heard(Message, String),
    /// A message arrived, and another that came of it came back.
    Answered(Message, String, String),
}

/// The story of a run of which only these messages are told.
pub(super) fn tell(report: &VariantReport<'_>, needed: &[Message], detail: &str) -> Vec<String> {
    let teller = Teller::new(report);
    let last = last(report);
    let mut lines = Vec::new();
    for event in events(report) {
        if last.is_some_and(|last| event.seq > last) {
            break;
        }
        match needed.iter().find(|message| message.arrived == event.seq) {
            Some(message) => lines.push(Line::Heard(*message, teller.text(&event))),
            None => lines.extend(teller.line(&event, needed)),
        }
    }
    let lines = teller.together(teller.answers(side_by_side(lines)));
    let mut told = shortened(lines);
    // Where in the trace it was seen concerns who looks there.
    let place = detail.starts_with("at ").then(|| detail.find(": ")).flatten();
    let detail = place.map_or(detail, |at| &detail[at + 2..]);
    told.push(format!("So {detail}."));
    told.iter().map(|sentence| one_line(sentence)).collect()
}

/// What a disk did to its node, and to several.
const fn disk(what: DiskAct) -> (&'static str, &'static str) {
    match what {
        DiskAct::WriteFailed => ("has a write fail", "have a write fail"),
        DiskAct::Full => ("has no room for a write", "have no room for a write"),
        DiskAct::Misdirected => ("has a write go astray", "have a write go astray"),
        DiskAct::Lied => ("has a sync that does nothing", "have a sync that does nothing"),
        DiskAct::Rotted => ("has a bit flip on its disk", "have a bit flip on their disks"),
    }
}

/// Puts what crashes and what that costs one after the other, not node by node. Nothing else changes places:
/// who crashes again after it came up crashes twice.
fn side_by_side(lines: Vec<Line>) -> Vec<Line> {
    let mut out: Vec<Line> = Vec::new();
    for line in lines {
        if let Line::Each(nodes, one, _) = &line {
            let passed = |line: &Line| match line {
                // What a crash costs stands between it and the next.
                Line::Each(others, cost, _) if cost != one => {
                    cost.starts_with(LOSES) && !others.iter().any(|other| nodes.contains(other))
                }
                _ => false,
            };
            let place = out.iter().rev().take_while(|line| passed(line)).count() + 1;
            if let Some(Line::Each(others, same, _)) = out.iter_mut().rev().nth(place - 1)
                && same == one
            {
                others.extend(nodes);
                continue;
            }
        }
        out.push(line);
    }
    out
}

struct Teller<'r> {
    report: &'r VariantReport<'r>,
    names: &'r Names,
    clients: std::collections::BTreeSet<NodeId>,
    /// The events that led to others, by number.
    causes: BTreeMap<Seq, Option<Seq>>,
    /// The sends, with the number on the link.
    sends: BTreeMap<Seq, (NodeId, NodeId, u64)>,
}

impl<'r> Teller<'r> {
    fn new(report: &'r VariantReport<'r>) -> Self {
        let world = &report.run.world;
        let (mut causes, mut sends) = (BTreeMap::new(), BTreeMap::new());
        for event in events(report) {
            causes.insert(event.seq, event.cause);
            if let (Kind::Sent { to, number, .. }, Some(from)) = (event.kind, event.node) {
                sends.insert(event.seq, (from, to, number));
            }
        }
        Teller { report, names: world.names(), clients: clients(report), causes, sends }
    }

    fn event(&self, seq: Seq) -> Option<TraceEvent<'r>> {
        self.report.run.world.trace()?.get(seq)
    }

    fn name(&self, node: NodeId) -> String {
        self.names.node(node)
    }

    /// A message that came, or was lost, in words.
    fn text(&self, event: &TraceEvent<'_>) -> String {
        match (event.kind, event.node) {
            (Kind::Delivered { from, .. } | Kind::Dropped { from, .. }, Some(to)) => {
                self.said(from, to, event.bytes)
            }
            _ => String::new(),
        }
    }

    /// A message in words.
    fn said(&self, from: NodeId, to: NodeId, bytes: &[u8]) -> String {
        let words = Words { names: self.names, setup: Some(self.report.run.setup) };
        let read = words.dissect(from, to, bytes).map(|read| self.named(&read.summary));
        read.unwrap_or_else(|| format!("{} bytes", bytes.len()))
    }

    /// A text in which protocols speak of nodes, who know them by number: `1.n0` with their names. A counterexample
    /// has fewer nodes than its scenario, and `n3` may well be the name of another one.
    fn named(&self, text: &str) -> String {
        let joins = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        let mut out = String::new();
        let mut rest = text;
        while let Some(end) = rest.find(|c| !joins(c)).or((!rest.is_empty()).then_some(rest.len()))
        {
            let (word, after) = rest.split_at(end);
            let number = word.strip_prefix('n').and_then(|digits| digits.parse().ok());
            let node = number.map(NodeId).filter(|node| node.to_string() == word);
            match node.filter(|node| node.index() < self.names.nodes.len()) {
                Some(node) => out.push_str(&self.name(node)),
                None => out.push_str(word),
            }
            let next = after.find(joins).unwrap_or(after.len());
            out.push_str(&after[..next]);
            rest = &after[next..];
        }
        out
    }

    /// What the counterexample says of a datagram, if it says this.
    fn answered(&self, datagram: Seq, choices: &[Choice]) -> Option<u64> {
        let (from, to, ordinal) = *self.sends.get(&datagram)?;
        let answers = &self.report.run.setup.scenario.decisions.answers;
        let point =
            |choice: &Choice| Point { who: Who::Link { from, to }, choice: *choice, ordinal };
        choices.iter().find_map(|choice| answers.get(&point(choice)).copied())
    }

    /// An event that has to be told.
    fn line(&self, event: &TraceEvent<'_>, needed: &[Message]) -> Option<Line> {
        let who = event.node.map(|node| self.name(node));
        let who = who.as_deref().unwrap_or("the world");
        let words = || String::from_utf8_lossy(event.bytes).into_owned();
        let each = |one: &str, many: &str| {
            event.node.map(|node| Line::Each(vec![node], one.to_owned(), many.to_owned()))
        };
        let told = match event.kind {
            Kind::Invoked { .. } => {
                let asked = Operation::from_bytes(event.bytes).ok()?;
                format!("{who} asks: {asked}.")
            }
            Kind::Returned { .. } => {
                let told = Outcome::from_bytes(event.bytes).ok()?;
                format!("{who} is told: {told}.")
            }
            Kind::Commanded if !self.clients.contains(&event.node?) => {
                format!("{who} is ordered: {}.", words())
            }
            // That one arrives is told when it does.
            Kind::Sent { to, .. } if !needed.iter().any(|message| message.sent == event.seq) => {
                let late = self.answered(event.seq, &[Choice::Delay { copy: 0 }])?;
                let (text, to) = (self.said(event.node?, to, event.bytes), self.name(to));
                format!("What {who} tells {to} takes {}: {text}.", in_ms(late))
            }
            Kind::Crashed => return each("crashes", "crash"),
            Kind::LostOnCrash { lost, torn, .. } if lost + torn > 0 => {
                let s = if lost + torn == 1 { "" } else { "s" };
                let writes = format!("{} write{s}", lost + torn);
                return each(
                    &format!("{LOSES}{writes} that it had not synced"),
                    &format!("each lose {writes} that they had not synced"),
                );
            }
            Kind::Restarted => return each("comes up again", "come up again"),
            Kind::Halted => return each("gives up", "give up"),
            Kind::Wiped => return each("loses its disk", "lose their disks"),
            Kind::Paused => return each("stands still", "stand still"),
            Kind::Resumed { .. } => return each("goes on", "go on"),
            Kind::Cut { .. } => format!("The links are cut: {}.", words()),
            Kind::Healed { .. } => format!("The links work again: {}.", words()),
            // What is told of each node.
            Kind::Began { fault } | Kind::Ended { fault } if self.strikes(fault) => return None,
            Kind::Began { .. } => format!("From now on: {}.", words()),
            Kind::Ended { .. } => format!("No longer: {}.", words()),
            Kind::DiskActed { what, .. } => {
                let (one, many) = disk(what);
                return each(one, many);
            }
            Kind::Dropped { from, datagram, why: DropReason::Loss } => {
                self.answered(datagram, &[Choice::Lose])?;
                format!("What {} tells {who} is lost: {}.", self.name(from), self.text(event))
            }
            Kind::Duplicated { from, .. } => {
                format!("What {} tells {who} arrives twice.", self.name(from))
            }
            Kind::Replayed { from, .. } => {
                format!("Somebody sends again what {} told {who} before.", self.name(from))
            }
            Kind::Corrupted { from, damage: Damage::Edited { .. }, .. } => {
                format!("What {} tells {who} is edited on its way.", self.name(from))
            }
            Kind::Corrupted { from, .. } => {
                format!("What {} tells {who} is damaged on its way.", self.name(from))
            }
            Kind::Found { name } if Some(name) != self.check() => {
                format!("{name} is broken: {}.", words())
            }
            _ => return None,
        };
        Some(Line::Told(told))
    }

    /// What the counterexample is about.
    fn check(&self) -> Option<&str> {
        let scenario = self.report.run.setup.scenario;
        scenario.counterexample.as_ref().map(|counterexample| counterexample.check.as_str())
    }

    /// Whether each node that a fault hits has a record of it.
    fn strikes(&self, fault: FaultId) -> bool {
        let faults = &self.report.run.setup.faults();
        faults
            .get(fault.0 as usize)
            .is_some_and(|fault| matches!(fault.what, What::Crash { .. } | What::Pause(_)))
    }

    /// How much later than it had to a message arrived, if the counterexample says so.
    fn late(&self, message: &Message) -> String {
        let held = [Choice::Delay { copy: 0 }, Choice::Delay { copy: 1 }];
        match (
            self.answered(message.sent, &held),
            self.event(message.sent),
            self.event(message.arrived),
        ) {
            (Some(_), Some(sent), Some(arrived)) => {
                let micros = arrived.at.since(sent.at).nanos() / 1_000;
                format!(" (after {}.{:03} ms)", micros / 1_000, micros % 1_000)
            }
            _ => String::new(),
        }
    }

    /// Whether `later` came of `earlier`, sent by who had got it to who had sent it.
    fn answers_to(&self, earlier: &Message, later: &Message) -> bool {
        if (earlier.from, earlier.to) != (later.to, later.from) {
            return false;
        }
        let mut at = self.causes.get(&later.sent).copied().flatten();
        while let Some(seq) = at.filter(|seq| *seq >= earlier.arrived) {
            if seq == earlier.arrived {
                return true;
            }
            at = self.causes.get(&seq).copied().flatten();
        }
        false
    }

    /// Puts questions and their answers into one sentence, where nothing but messages is told between them.
    fn answers(&self, lines: Vec<Line>) -> Vec<Line> {
        let mut out: Vec<Line> = Vec::new();
        for line in lines {
            if let Line::Heard(later, answer) = &line {
                let messages = out
                    .iter_mut()
                    .rev()
                    .take_while(|l| !matches!(l, Line::Told(_) | Line::Each(..)));
                let mut asked = messages.filter(|line| match line {
                    Line::Heard(earlier, _) => self.answers_to(earlier, later),
                    Line::Answered(..) | Line::Told(_) | Line::Each(..) => false,
                });
                if let Some(asked) = asked.next() {
                    if let Line::Heard(earlier, question) = asked {
                        let answer = format!("{answer}{}", self.late(later));
                        *asked = Line::Answered(*earlier, question.clone(), answer);
                    }
                    continue;
                }
            }
            out.push(line);
        }
        out
    }

    /// One sentence for all who hear the same of the same, or of whom the same hears the same.
    fn together(&self, lines: Vec<Line>) -> Vec<(bool, String)> {
        let mut out: Vec<(bool, String)> = Vec::new();
        let mut lines = lines.into_iter().peekable();
        while let Some(line) = lines.next() {
            let text = match line {
                Line::Told(text) => {
                    out.push((true, text));
                    continue;
                }
                Line::Each(nodes, one, many) => {
                    let verb = if nodes.len() == 1 { one } else { many };
                    out.push((true, format!("{} {verb}.", self.all(&nodes))));
                    continue;
                }
                Line::Heard(first, text) => {
                    let (mut to, mut from) = (vec![first.to], vec![first.from]);
                    let late = self.late(&first);
                    while let Some(Line::Heard(next, same)) = lines.peek() {
                        let fits = *same == text && self.late(next) == late;
                        if fits && next.from == first.from && from.len() == 1 {
                            to.push(next.to);
                        } else if fits && next.to == first.to && to.len() == 1 {
                            from.push(next.from);
                        } else {
                            break;
                        }
                        lines.next();
                    }
                    let hear = if to.len() == 1 { "hears" } else { "hear" };
                    format!("{} {hear} from {}: {text}{late}.", self.all(&to), self.all(&from))
                }
                Line::Answered(first, question, answer) => {
                    let mut to = vec![first.to];
                    while let Some(Line::Answered(next, same, back)) = lines.peek() {
                        if next.from != first.from || (same, back) != (&question, &answer) {
                            break;
                        }
                        to.push(next.to);
                        lines.next();
                    }
                    let late = self.late(&first);
                    let (from, to) = (self.name(first.from), self.all(&to));
                    format!("{from} to {to}: {question}{late}; the answer: {answer}.")
                }
            };
            out.push((false, text));
        }
        out
    }

    /// `n1, n2 and n3`
    fn all(&self, nodes: &[NodeId]) -> String {
        let mut nodes = nodes.to_vec();
        nodes.dedup();
        let names: Vec<String> = nodes.iter().map(|node| self.name(*node)).collect();
        match names.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
            _ => names.concat(),
        }
    }
}

/// A time in milliseconds, as people compare them: `7.545 ms`.
fn in_ms(nanos: u64) -> String {
    let micros = nanos / 1_000;
    format!("{}.{:03} ms", micros / 1_000, micros % 1_000)
}

/// What there is room for: all that has to be told, and the latest messages. The last sentence is not among
/// them.
fn shortened(lines: Vec<(bool, String)>) -> Vec<String> {
    let room = SENTENCES_MAX - 1;
    if lines.len() <= room {
        return lines.into_iter().map(|(_, text)| text).collect();
    }
    let must = lines.iter().filter(|(must, _)| *must).count();
    let messages = lines.len() - must;
    // One is for how many are left out.
    let mut left_out = messages.saturating_sub(room.saturating_sub(must + 1));
    let count = left_out;
    let mut out = Vec::new();
    for (must, text) in lines {
        if must || left_out == 0 {
            out.push(text);
            continue;
        }
        if left_out == count {
            let s = if count == 1 { "" } else { "s" };
            // If none is told, they are not only those before the next line.
            out.push(match count == messages {
                true => format!("({count} message{s} between servers, from here on.)"),
                false => format!("({count} earlier message{s} between servers.)"),
            });
        }
        left_out -= 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_crashes_again_after_it_came_up_crashes_twice() {
        let line =
            |node, what: &str| Line::Each(vec![NodeId(node)], what.to_owned(), String::new());
        let (crash, cost, up) = ("crashes", "loses 1 write", "comes up again");
        let happened = [
            (0, crash),
            (0, cost),
            (1, crash),
            (1, cost),
            (0, up),
            (0, crash),
            (2, crash),
            (1, up),
            (2, up),
            (2, crash),
        ];
        let told = side_by_side(happened.map(|(node, what)| line(node, what)).into());
        let told = told.into_iter().map(|line| match line {
            Line::Each(nodes, what, _) => {
                let nodes = nodes.iter().map(NodeId::to_string).collect::<Vec<_>>();
                format!("{} {what}", nodes.join(" "))
            }
            _ => String::new(),
        });
        let expected = [
            "n0 n1 crashes",
            "n0 n1 loses 1 write",
            "n0 comes up again",
            "n0 n2 crashes",
            "n1 n2 comes up again",
            "n2 crashes",
        ];
        assert_eq!(told.collect::<Vec<_>>(), expected);
    }
}
