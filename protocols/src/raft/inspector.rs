//! A node as its state shows it, and what the debugger makes of that.

use super::log::{Entry, Payload, Position};
use super::machine::Machine;
use super::node::{Raft, Role};
use super::progress::State;
use simlab_core::{FieldValue, Fields, Inspection, NodeId};
use std::collections::BTreeSet;
use std::fmt::Write;

/// About so many columns of a log are shown: the last ones.
const COLUMNS: usize = 64;
/// No more entries than these are looked at, so that it takes no longer for a long log.
const WALKED: u64 = 1_000;
/// More entries that are alike than this are one cell.
const ALIKE: usize = 8;

impl<M: Machine> Raft<M> {
    /// What it shows of itself.
    pub fn inspect(&self, view: &mut Fields) {
        let takes_part = self.configuration.is_voter(self.me) || self.role != Role::Follower;
        let role = match takes_part {
            true => self.role_name(),
            false if self.configuration.is_member(self.me) => "learner",
            false => "not a member",
        };
        view.text("role", role);
        view.int("term", self.vote.term as i64);
        if let Some(candidate) = self.vote.candidate {
            view.text("voted", candidate);
        }
        if let Some(leader) = self.leader {
            view.text("leader", leader);
        }
        view.int("last", self.log.last().index as i64);
        view.int("commit", self.commit as i64);
        view.int("applied", self.applied as i64);
        if self.snapshot.last.index > 0 {
            let Position { index, term } = self.snapshot.last;
            view.text("snapshot", format_args!("{index} of term {term}"));
        }
        view.text("log", self.cells());
        view.text("members", &self.configuration);
        if self.configured_at > self.commit {
            view.int("members_at", self.configured_at as i64);
        }
        match &self.role {
            Role::PreCandidate(votes) | Role::Candidate(votes) => {
                view.text("votes", named(&votes.granted));
                if !votes.denied.is_empty() {
                    view.text("denied", named(&votes.denied));
                }
            }
            Role::Leader(leader) => {
                view.group("progress", |group| {
                    for (node, progress) in &leader.progress {
                        let how = match &progress.state {
                            State::Probe { .. } => "probe".to_owned(),
                            State::Replicate { in_flight } if in_flight.is_empty() => {
                                "replicate".to_owned()
                            }
                            State::Replicate { in_flight } => {
                                format!("replicate, {} under way", in_flight.len())
                            }
                            State::Snapshot { offset, .. } => {
                                format!("snapshot from byte {offset}")
                            }
                        };
                        let matched = progress.matched;
                        group.text(node.to_string(), format_args!("has {matched}, {how}"));
                    }
                });
                if !leader.reads.is_empty() {
                    view.int("reads", leader.reads.len() as i64);
                }
                if let Some(transfer) = &leader.transfer {
                    view.text("gives_way_to", transfer.to);
                }
            }
            Role::Follower => {}
        }
        view.int("elected", self.counts.elected as i64);
        view.int("deposed", self.counts.deposed as i64);
        view.int("snapshots", self.counts.snapshots as i64);
        view.int("installed", self.counts.installed as i64);
        view.int("conflicts", self.counts.conflicts as i64);
        view.int("malformed", self.counts.malformed as i64);
    }

    /// What it waits for, in words: a leader for members to have all of its log, and who follows one for all of its own to be
    /// committed. Who hears no leader may have been removed, and does not know it.
    pub fn waits_for(&self) -> Option<String> {
        let last = self.log.last().index;
        let Role::Leader(leader) = &self.role else {
            let open = self.leader.is_some() && self.applied < last;
            return open.then(|| format!("entry {last} to be committed"));
        };
        let behind = leader.progress.iter().filter(|(_, progress)| progress.matched < last);
        let behind: Vec<String> = behind.map(|(node, _)| node.to_string()).collect();
        (!behind.is_empty()).then(|| format!("{} to have entry {last}", behind.join(", ")))
    }

    const fn role_name(&self) -> &'static str {
        match self.role {
            Role::Follower => "follower",
            Role::PreCandidate(_) => "pre-candidate",
            Role::Candidate(_) => "candidate",
            Role::Leader(_) => "leader",
        }
    }

    /// The log, a cell an entry, or `x9` for so many that are alike: its term; `c` behind it if it is a configuration;
    /// `|` after what is committed, `:` after what is applied, if that is something else (a rule is left out). `<7>` is how far
    /// a snapshot stands in its place, `..12` how far it is not shown: of a long log the end is.
    fn cells(&self) -> String {
        let (base, last) = (self.log.base().index, self.log.last().index);
        let mut runs = Vec::new();
        let (mut end, mut columns) = (last, 0);
        while end > base && columns < COLUMNS && last - end < WALKED {
            let run = self.run_to(end);
            columns += run.cells().len();
            end -= run.count;
            runs.push((end, run));
        }
        let mut cells = String::new();
        // Writing to a string cannot fail.
        match base {
            0 => cells.push_str(self.mark(0)),
            _ => _ = write!(cells, "<{base}>{} ", self.mark(base)),
        }
        // Of what is not shown still the marks are.
        let mut hidden = vec![self.applied.min(self.commit), self.applied.max(self.commit), end];
        hidden.retain(|at| (base + 1..=end).contains(at));
        hidden.dedup();
        for at in hidden {
            let _ = write!(cells, "..{at}{} ", self.mark(at));
        }
        for (before, run) in runs.into_iter().rev() {
            let _ = write!(cells, "{}{}", run.cells(), self.mark(before + run.count));
        }
        cells.truncate(cells.trim_end().len());
        cells
    }

    /// How many of the entries up to this one are alike, up to where a mark stands.
    fn run_to(&self, end: u64) -> Run {
        let is_configuration = |entry: &Entry| matches!(entry.payload, Payload::Configuration(_));
        let kind = |at: u64| self.log.entry(at).map(|entry| (entry.term, is_configuration(entry)));
        let of = kind(end);
        let (base, walked) = (self.log.base().index, end.saturating_sub(WALKED));
        let goes_on = |at: &u64| kind(*at) == of && self.mark(*at).is_empty();
        let more = (base.max(walked) + 1..end).rev().take_while(goes_on).count() as u64;
        let (term, is_configuration) = of.unwrap_or_default();
        Run { term, is_configuration, count: 1 + more }
    }

    /// What stands behind an entry.
    fn mark(&self, index: u64) -> &'static str {
        match (index == self.applied && self.applied != self.commit, index == self.commit) {
            (true, _) => ":",
            (false, true) => "|",
            (false, false) => "",
        }
    }
}

/// Entries that are alike.
struct Run {
    term: u64,
    is_configuration: bool,
    count: u64,
}

impl Run {
    fn cells(&self) -> String {
        let Run { term, is_configuration, count } = *self;
        let cell = format!("[{term}{}]", if is_configuration { "c" } else { "" });
        match usize::try_from(count) {
            Ok(few) if few <= ALIKE => cell.repeat(few),
            _ => format!("{cell}x{count}"),
        }
    }
}

fn named(nodes: &BTreeSet<NodeId>) -> String {
    nodes.iter().map(NodeId::to_string).collect::<Vec<_>>().join(" ")
}

/// What stands in the row of a log, if it stands there.
const LEGEND: [(&str, &str); 7] = [
    ("[", "[2] of term 2"),
    ("|", "| committed"),
    (":", ": applied"),
    ("x", "[2]x20 twenty"),
    ("c]", "[2c] members"),
    ("<", "<7> dropped up to 7"),
    ("..", "..9 not shown up to 9"),
];

/// A node in words.
pub(crate) fn node(state: &Fields) -> Inspection {
    let text = |name| match state.get(&[name]) {
        Some(FieldValue::Text(text)) => Some(text.as_str()),
        _ => None,
    };
    let int = |name| state.get_int(&[name]);
    let Some((role, term)) = text("role").zip(int("term")) else { return Inspection::default() };
    let mut lines = Vec::new();
    lines.push(match (role, text("leader")) {
        ("leader", _) => format!("it leads term {term}"),
        ("candidate", _) => {
            format!("it stands for election in term {term}; votes: {}", text("votes").unwrap_or(""))
        }
        ("pre-candidate", _) => {
            format!("it asks whether it would be elected; yes from {}", text("votes").unwrap_or(""))
        }
        ("learner", Some(leader)) => {
            format!("it learns from {leader} in term {term}, and has no vote")
        }
        (_, Some(leader)) => format!("it follows {leader} in term {term}"),
        ("not a member", None) => {
            format!("it is not in the cluster, as far as it knows; term {term}")
        }
        _ => format!("it waits for a leader of term {term}"),
    });
    if let Some(log) = text("log") {
        lines.push(format!("log: {log}"));
    }
    if let Some(members) = text("members") {
        let when = if int("members_at").is_some() { "members, not committed" } else { "members" };
        lines.push(format!("{when}: {members}"));
    }
    if let Some(FieldValue::Group(progress)) = state.get(&["progress"]) {
        let each = progress.iter().map(|field| {
            format!(
                "{} {}",
                field.name,
                match &field.value {
                    FieldValue::Text(text) => text.as_str(),
                    _ => "",
                }
            )
        });
        lines.extend(each);
    }
    if let Some(log) = text("log") {
        let used = LEGEND.iter().filter(|(mark, _)| log.contains(mark)).map(|(_, words)| *words);
        lines.push(format!("in the log: {}", used.collect::<Vec<_>>().join("; ")));
    }
    Inspection { headline: Some(format!("{role}, term {term}")), lines }
}
