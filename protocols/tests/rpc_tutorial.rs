//! The semantics of calls, told command by command: `tutorial/*.txt`.
//!
//! Each file has blocks of commands, and behind `----` what they led to, up to an empty line; the rest, which begins with `#`, is for the
//! reader. (So are the tests of etcd's raft, which are where this comes from.) `SNAPSHOTS=overwrite cargo test -p simlab-protocols --test
//! rpc_tutorial` writes anew what is behind the lines.
//!
//! ```text
//! nodes            the lines that follow are nodes: `bank: account-server durable=false`, the first with a `phone`
//! phone add 5      gives a node an order
//! deliver 3 4      delivers datagrams by their numbers
//! double 3         the same, and they stay under way
//! drop 3           loses them
//! advance 10ms     lets time pass
//! crash bank       takes a node down; what was not synced is lost
//! restart bank     begins its next life
//! show bank total  what it shows of itself
//! ```

mod calls;

use calls::{Did, Lab, Spec, built};
use simlab_core::{Dissection, Duration, Entry, NodeId};
use std::fmt::Write as _;
use std::path::Path;

/// What nodes remark, in words; remarks that are missing are for judges.
const WORDS: [(&str, &str); 8] = [
    ("rpc.execute", "executes it"),
    ("rpc.again", "sends it again"),
    ("rpc.late", "does not wait for that any more"),
    ("rpc.strange", "does not know what that is"),
    ("rpc.deadline", "stops waiting"),
    ("rpc.table-full", "cannot remember one more, and says nothing"),
    ("told", "is told"),
    ("failed", "is told"),
];

/// `bank: account-server durable=false`
fn spec(line: &str) -> Spec<'_> {
    let (name, rest) = line.split_once(": ").expect("name: service");
    let mut words = rest.split(' ');
    let service = words.next().expect("a service");
    let given = words.map(|word| word.split_once('=').expect("parameter=value"));
    let given: Vec<(&str, &str)> = given.chain([("steps", "false")]).collect();
    Spec::new(name, service, &given)
}

struct Story {
    names: Vec<String>,
    entries: Vec<&'static Entry>,
    lab: Lab,
}

impl Story {
    fn new(lines: &[&str]) -> Story {
        let specs: Vec<Spec<'_>> = lines.iter().map(|line| spec(line)).collect();
        let mut lab = Lab::new(1, built(&specs));
        lab.did.clear();
        Story {
            names: specs.iter().map(|spec| spec.name.to_owned()).collect(),
            entries: specs.iter().map(|spec| spec.entry).collect(),
            lab,
        }
    }

    fn node(&self, name: &str) -> Option<NodeId> {
        let index = self.names.iter().position(|known| known == name)?;
        Some(NodeId(index as u32))
    }

    /// Does what a line says; what it led to.
    fn obey(&mut self, line: &str) -> String {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let numbers = || rest.split(' ').map(|n| n.parse::<u64>().expect("a number"));
        let known = |story: &Story| story.node(rest).expect("a node");
        match word {
            "deliver" | "double" => {
                let each = numbers().map(|n| {
                    let flights = &self.lab.flights;
                    assert!(flights.contains_key(&n), "{line}: under way are {flights:?}");
                    self.lab.deliver(n, word == "double");
                    self.told()
                });
                return each.collect();
            }
            "drop" => numbers().for_each(|n| {
                self.lab.flights.remove(&n).expect("it is under way");
            }),
            "crash" => self.lab.crash(known(self), || false),
            "restart" => self.lab.restart(known(self)),
            "advance" => return self.advance(rest.parse().expect("a time")),
            "show" => {
                let (node, field) = rest.split_once(' ').expect("a node and a field");
                let fields = self.lab.inspect(self.node(node).expect("a node"));
                let value = fields.get_int(&[field]).expect("a field");
                return format!("{field} {value}\n");
            }
            _ => {
                let node = self.node(word).unwrap_or_else(|| panic!("no command: {line}"));
                self.lab.command(node, rest);
            }
        }
        self.told()
    }

    fn advance(&mut self, time: Duration) -> String {
        let (until, mut out) = (self.lab.now + time, String::new());
        while let Some(at) = self.lab.next().filter(|at| *at <= until) {
            self.lab.advance(at.since(self.lab.now));
            let told = self.told();
            for line in told.lines() {
                writeln!(out, "{at} {line}").expect("a text takes all");
            }
        }
        self.lab.advance(until.since(self.lab.now));
        out
    }

    /// What was done since this was asked last.
    fn told(&mut self) -> String {
        let mut out = String::new();
        for (node, did) in std::mem::take(&mut self.lab.did) {
            let who = &self.names[node.index()];
            let line = match did {
                Did::Sent(number) => {
                    let flight = &self.lab.flights[&number];
                    let dissect = self.entries[node.index()].dissect.expect("it has one");
                    let what = dissect(&flight.bytes).expect("it is its own");
                    let to = &self.names[flight.to.index()];
                    format!("#{number} {who} -> {to}: {}", in_words(&what))
                }
                Did::Noted { name, text, .. } => {
                    match WORDS.iter().find(|(known, _)| *known == name) {
                        Some((_, words)) if text.is_empty() => format!("{who} {words}"),
                        Some((_, words)) => format!("{who} {words}: {text}"),
                        None => continue,
                    }
                }
                Did::Synced => format!("{who}: what it wrote is durable"),
                Did::Rang => continue,
                Did::Halted => format!("{who} halts"),
            };
            writeln!(out, "{line}").expect("a text takes all");
        }
        out
    }
}

/// A datagram in a line, with the life that a request is for and the one that a server says it is in.
fn in_words(what: &Dissection) -> String {
    let life = what.parts.iter().find(|part| part.name == "life of the server");
    match (&what.kind[..], life) {
        ("request", Some(life)) => format!("{} (for life {})", what.summary, life.value),
        ("reply", Some(life)) => format!("{} (from life {})", what.summary, life.value),
        _ => what.summary.clone(),
    }
}

/// A file as it is to be: what is behind the lines is what the commands before them led to.
fn told(text: &str) -> String {
    let (mut out, mut story, mut commands) = (String::new(), None, Vec::new());
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        writeln!(out, "{line}").expect("a text takes all");
        match line {
            "----" => {
                let before = out.len();
                if let Some((&"nodes", nodes)) = commands.split_first() {
                    story = Some(Story::new(nodes));
                } else {
                    let story = story.as_mut().expect("nodes come first");
                    commands.iter().for_each(|line| out += &story.obey(line));
                    if out.len() == before {
                        out += "nothing\n";
                    }
                }
                commands.clear();
                lines.by_ref().take_while(|line| !line.is_empty()).for_each(drop);
                out.push('\n');
            }
            "" => {}
            _ if line.starts_with('#') => {}
            _ => commands.push(line),
        }
    }
    assert!(commands.is_empty(), "commands without a line behind them: {commands:?}");
    format!("{}\n", out.trim_end())
}

#[test]
fn the_tutorial_is_true() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tutorial");
    let files = std::fs::read_dir(&folder).expect("the folder is there");
    let mut files: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    files.sort();
    assert!(files.len() >= 8, "{files:?}");
    let overwrite = std::env::var_os("SNAPSHOTS").is_some_and(|how| how == "overwrite");
    for file in files {
        let expected = std::fs::read_to_string(&file).expect("a text");
        let found = told(&expected);
        if overwrite {
            std::fs::write(&file, found).expect("it can be written");
        } else {
            let name = file.display();
            assert!(found == expected, "{name}; SNAPSHOTS=overwrite accepts this:\n{found}");
        }
    }
}
