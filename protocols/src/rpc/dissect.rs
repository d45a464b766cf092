//! Datagrams of calls for people.

use super::PORT;
use super::error::Verdict;
use super::interface::{Call, Reply};
use super::json::Json;
use super::message::{CallId, Codec, Header};
use crate::dissect::Walk;
use simlab_core::wire::{Decode, Encode, Reader};
use simlab_core::{Dissection, Time};

/// Shows a datagram of a service, its port included; `None` if it is none.
#[must_use]
pub fn dissect<C: Call, R: Reply>(bytes: &[u8]) -> Option<Dissection> {
    let (&port, bytes) = bytes.split_last()?;
    if port != PORT.0.get() {
        return None;
    }
    let mut walk = Walk::new(bytes);
    let kind = |tag: &u8| {
        let kinds = ["hello", "welcome", "request", "reply", "working", "reopen", "cancel"];
        usize::from(*tag)
            .checked_sub(1)
            .and_then(|at| kinds.get(at))
            .copied()
            .unwrap_or("?")
            .to_owned()
    };
    let summary = match walk.shown("type", Reader::u8, kind)? {
        1 => {
            walk.shown("nonce", Reader::u64, hex)?;
            return walk.finish("hello", "which life is yours?", port);
        }
        2 => {
            walk.shown("nonce", Reader::u64, hex)?;
            let life = presence(&mut walk)?;
            return walk.finish("welcome", &format!("this is life {life}"), port);
        }
        3 => return request::<C>(walk, bytes, port),
        4 => return reply::<C, R>(walk, port),
        5 => {
            let call = call(&mut walk)?;
            presence(&mut walk)?;
            return walk.finish("working", &format!("at call {call}"), port);
        }
        6 => {
            let call = call(&mut walk)?;
            let life = presence(&mut walk)?;
            walk.field("durable", Reader::bool)?;
            return walk.finish("reopen", &format!("for call {call}: this is life {life}"), port);
        }
        7 => {
            let call = call(&mut walk)?;
            walk.field("life of the server", Reader::u32)?;
            format!("call {call}")
        }
        _ => return None,
    };
    walk.finish("cancel", &summary, port)
}

fn hex(number: &u64) -> String {
    format!("{number:016x}")
}

fn call(walk: &mut Walk<'_>) -> Option<CallId> {
    walk.shown("call", |reader| reader.u64().map(CallId), ToString::to_string)
}

fn presence(walk: &mut Walk<'_>) -> Option<u32> {
    let life = walk.field("life of the server", Reader::u32)?;
    walk.shown("its clock", |reader| reader.u64().map(Time), clock)?;
    Some(life)
}

fn clock(time: &Time) -> String {
    if *time == Time::NEVER { "never".to_owned() } else { time.to_string() }
}

fn request<C: Call>(mut walk: Walk<'_>, bytes: &[u8], port: u8) -> Option<Dissection> {
    // Behind the tag.
    let header = Header::decode(&mut Reader::new(bytes.get(1..)?)).ok()?;
    if header.interface != C::INTERFACE.number() {
        return None;
    }
    let procedure = C::INTERFACE.procedure(header.procedure);
    let name = procedure.map_or("?", |procedure| procedure.name);
    let id = call(&mut walk)?;
    walk.shown("settled below", |r| r.u64().map(CallId), ToString::to_string)?;
    walk.field("life of the server", Reader::u32)?;
    walk.shown("deadline", |r| r.u64().map(Time), clock)?;
    walk.shown("trace", Reader::u64, hex)?;
    walk.shown("service", Reader::u32, |_| C::INTERFACE.name.to_owned())?;
    walk.field("version", Reader::u16)?;
    walk.shown("procedure", Reader::u16, |_| name.to_owned())?;
    let Header { semantics, codec, class, .. } = header;
    let how = format!("{}, {}, {}", semantics.name(), codec.name(), class.name());
    walk.shown("semantics, encoding, class", Reader::u8, |_| how)?;
    let read = |body: &[u8]| match header.codec {
        Codec::Binary => C::take(header.procedure, body).ok().map(|call| listed(&call.to_json())),
        Codec::Json => std::str::from_utf8(body).ok().map(str::to_owned),
    };
    let mut shown = None;
    if !bytes[1 + header.to_bytes().len()..].is_empty() {
        let body = |reader: &mut Reader<'_>| Ok(reader.take(reader.rest().len())?.to_vec());
        walk.shown("parameters", body, |body: &Vec<u8>| {
            let read = read(body).unwrap_or_else(|| format!("{} bytes, not its own", body.len()));
            shown = Some(read.clone());
            read
        })?;
    }
    let arguments = match (header.codec, shown) {
        (Codec::Binary, Some(shown)) => shown,
        _ => String::new(),
    };
    walk.finish("request", &format!("{id}: {name}({arguments})"), port)
}

fn reply<C: Call, R: Reply>(mut walk: Walk<'_>, port: u8) -> Option<Dissection> {
    let id = call(&mut walk)?;
    presence(&mut walk)?;
    let service = |_: &u32| C::INTERFACE.name.to_owned();
    if walk.shown("service", Reader::u32, service)? != C::INTERFACE.number() {
        return None;
    }
    let mut number = 0;
    walk.shown("procedure", Reader::u16, |n| {
        number = *n;
        C::INTERFACE.procedure(*n).map_or("?", |procedure| procedure.name).to_owned()
    })?;
    let codec = |flags: &u8| if *flags == 0 { Codec::Binary } else { Codec::Json };
    let flags = walk.shown("encoding", Reader::u8, |flags| codec(flags).name().to_owned())?;
    let told = |verdict: &Verdict| match verdict {
        Verdict::Returned(bytes) if codec(&flags) == Codec::Json => {
            String::from_utf8_lossy(bytes).into_owned()
        }
        Verdict::Returned(bytes) => match R::take(number, bytes) {
            Ok(reply) => plain(&reply.to_json()),
            Err(_) => format!("{} bytes, not its own", bytes.len()),
        },
        other => other.clone().into_result().err().map_or(String::new(), |e| e.to_string()),
    };
    let verdict = walk.shown("result", Verdict::take, told)?;
    walk.finish("reply", &format!("{id}: {}", told(&verdict)), port)
}

/// Parameters as in a call.
fn listed(json: &Json) -> String {
    let Some(object) = json.as_object() else { return json.to_string() };
    let one = |(name, value): (&String, &Json)| format!("{name}: {}", plain(value));
    object.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// A value as people write it.
fn plain(json: &Json) -> String {
    match json {
        Json::Null => "done".to_owned(),
        Json::Object(_) => format!("{{{}}}", listed(json)),
        other => other.to_string(),
    }
}
