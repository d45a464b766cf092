//! A protocol of one's own with a mistake in it: whoever is asked answers a read, primary or backup.
//!
//! `cargo run --example register -- sweep examples/register.toml --seeds 0..100 --shrink`

use simlab::core::wire::{Decode, Reader};
use simlab::core::{
    Call, Dissection, Entry, Env, Event, NodeId, OpId, Operation, Outcome, Process, Session, Value,
};

pub(crate) const SERVER: Entry =
    Entry::server("register", "a register with a primary and backups", |args| {
        let all = args.roster.iter().filter(|member| member.service == "register");
        let others = all.map(|member| member.id).filter(|id| *id != args.me).collect();
        Ok(Box::new(Server { others, value: 0 }))
    })
    .dissector(dissect);

pub(crate) const CLIENT: Entry = Entry::client("register-client", "reads and writes", |args| {
    let here =
        args.roster.iter().find(|member| member.id == args.me).and_then(|me| me.site.clone());
    let servers = || args.roster.iter().filter(|member| member.service == "register");
    let primary = servers().next().map_or(args.me, |member| member.id);
    let server = servers().find(|member| member.site == here).map_or(primary, |member| member.id);
    Ok(Box::new(Client { primary, server, asked: Vec::new() }))
})
.dissector(dissect);

/// Sends a write, a copy of one, a read or an answer, by its first letter, with its number and a value.
fn say(env: &mut Env<'_>, to: NodeId, kind: u8, number: u32, value: u64) {
    env.send(to, &[&[kind][..], &number.to_be_bytes(), &value.to_be_bytes()].concat()[..]);
}

fn parse(bytes: &[u8]) -> Option<(u8, u32, u64)> {
    let mut reader = Reader::new(bytes);
    Some((reader.u8().ok()?, reader.u32().ok()?, reader.u64().ok()?))
}

fn dissect(bytes: &[u8]) -> Option<Dissection> {
    let (kind, _, value) = parse(bytes)?;
    let word =
        ["write", "copy", "read", "answer"].into_iter().find(|w| w.starts_with(kind as char));
    Some(Dissection::new(word?, format!("{} {value}", word?)))
}

#[derive(Clone, Hash)]
struct Server {
    others: Vec<NodeId>,
    value: u64,
}

impl Process for Server {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        let Event::Datagram { from, bytes } = event else { return };
        let Some((kind, number, value)) = parse(bytes) else { return };
        if kind != b'r' {
            self.value = value;
        }
        if kind == b'w' {
            self.others.iter().for_each(|to| say(env, *to, b'c', number, value));
        }
        if kind != b'c' {
            say(env, from, b'a', number, self.value);
        }
    }
}

#[derive(Clone, Hash)]
struct Client {
    primary: NodeId,
    server: NodeId,
    asked: Vec<(OpId, u8)>,
}

impl Process for Client {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        if let Event::Command { bytes } = event
            && let Ok(operation) = Operation::from_bytes(bytes)
        {
            let number = self.asked.len() as u32;
            let op = env.invoke(Session(number), &operation);
            let (to, kind, value) = match operation.call {
                Call::Write(Value::Int(value)) => (self.primary, b'w', value as u64),
                _ => (self.server, b'r', 0),
            };
            self.asked.push((op, kind));
            say(env, to, kind, number, value);
        } else if let Event::Datagram { bytes, .. } = event
            && let Some((b'a', number, value)) = parse(bytes)
            && let Some((op, kind)) = self.asked.get(number as usize)
        {
            let result = if *kind == b'r' { Value::Int(value as i64) } else { Value::Nil };
            env.complete(*op, &Outcome::Done(result));
        }
    }
}

fn main() -> std::process::ExitCode {
    simlab::main_with(&[&SERVER, &CLIENT])
}
