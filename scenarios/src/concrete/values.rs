//! Values as scenarios write them, exactly: what is read back is the same.

use simlab_core::{Argument, Call, Distribution, Duration, NodeId, Ratio, Time, Value};
use simlab_sim::{Adversary, Corruption, LinkSpec, Patch};
use toml::{Table, Value as Toml};

/// The tables of a file, in the order in which they are written.
pub(super) fn table(entries: impl IntoIterator<Item = (&'static str, Toml)>) -> Toml {
    Toml::Table(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

pub(super) fn text(text: impl Into<String>) -> Toml {
    Toml::String(text.into())
}

pub(super) fn list(items: impl IntoIterator<Item = Toml>) -> Toml {
    Toml::Array(items.into_iter().collect())
}

/// A whole number; one that TOML cannot hold is a string, which is read where such numbers can be.
pub(super) fn number(number: u64) -> Toml {
    i64::try_from(number).map_or_else(|_| text(number.to_string()), Toml::Integer)
}

pub(super) fn duration(duration: Duration) -> Toml {
    text(duration.to_string())
}

pub(super) fn time(time: Time) -> Toml {
    duration(time.since(Time::ZERO))
}

/// A time forwards or backwards.
pub(super) fn offset(nanos: i64) -> Toml {
    let sign = if nanos < 0 { "-" } else { "" };
    text(format!("{sign}{}", Duration(nanos.unsigned_abs())))
}

/// Nanoseconds a second, in parts per million.
pub(super) fn drift(nanos: i64) -> Toml {
    let (sign, size) = (if nanos < 0 { "-" } else { "" }, nanos.unsigned_abs());
    text(format!("{sign}{}.{:03}ppm", size / 1_000, size % 1_000))
}

pub(super) fn ratio(ratio: Ratio) -> Toml {
    text(format!("{}/{}", ratio.numerator(), ratio.denominator()))
}

/// A number with at most three digits after the point.
fn thousandths(milli: u32) -> Toml {
    // Both are exact to far more digits than are written.
    Toml::Float(f64::from(milli) / 1_000.0)
}

pub(super) fn distribution(distribution: &Distribution) -> Toml {
    match *distribution {
        Distribution::Fixed(fixed) => duration(fixed),
        Distribution::Uniform { min, max } => {
            table([("uniform", list([duration(min), duration(max)]))])
        }
        Distribution::Exponential { min, mean } => {
            let parts = table([("min", duration(min)), ("mean", duration(mean))]);
            table([("exponential", parts)])
        }
        Distribution::LogNormal { median, sigma_milli } => {
            let parts = table([("median", duration(median)), ("sigma", thousandths(sigma_milli))]);
            table([("log_normal", parts)])
        }
        Distribution::LongTail { min, shape_milli, max } => {
            let parts = [
                ("min", duration(min)),
                ("shape", thousandths(shape_milli)),
                ("max", duration(max)),
            ];
            table([("long_tail", table(parts))])
        }
    }
}

pub(super) fn corruption(corruption: Corruption) -> Toml {
    match corruption {
        Corruption::Bits(bits) => table([("bits", number(bits.into()))]),
        Corruption::Burst(bits) => table([("burst", number(bits.into()))]),
        Corruption::SwapWords => text("swap-words"),
        Corruption::ZeroRun(bytes) => table([("zero_run", number(bytes.into()))]),
    }
}

fn adversary(adversary: &Adversary) -> Toml {
    let Adversary { edit, replay, replay_after } = adversary;
    let parts =
        [("edit", ratio(*edit)), ("replay", ratio(*replay)), ("after", distribution(replay_after))];
    table(parts)
}

/// The fields of links that something sets.
pub(super) fn patch(patch: &Patch, out: &mut Table) {
    let Patch { delay, loss, duplicate, reorder, corrupt, corruption: how, .. } = patch;
    let Patch { bandwidth, queue, mtu, adversary: who, .. } = patch;
    let held = |(probability, by): (Ratio, Duration)| {
        table([("probability", ratio(probability)), ("by", duration(by))])
    };
    let fields = [
        ("delay", delay.as_ref().map(distribution)),
        ("loss", loss.map(ratio)),
        ("duplicate", duplicate.map(ratio)),
        ("reorder", reorder.map(held)),
        ("corrupt", corrupt.map(ratio)),
        ("corruption", how.map(corruption)),
        ("bandwidth", bandwidth.map(number)),
        ("queue", queue.map(number)),
        ("mtu", mtu.map(|mtu| number(mtu.into()))),
        ("adversary", who.as_ref().map(adversary)),
    ];
    for (key, value) in fields {
        if let Some(value) = value {
            out.insert(key.to_owned(), value);
        }
    }
}

/// What makes one kind of link of another.
pub(super) fn difference(link: &LinkSpec, usual: &LinkSpec) -> Patch {
    let reorder = (link.reorder, link.reorder_by);
    Patch {
        delay: (link.delay != usual.delay).then_some(link.delay),
        loss: (link.loss != usual.loss).then_some(link.loss),
        duplicate: (link.duplicate != usual.duplicate).then_some(link.duplicate),
        reorder: (reorder != (usual.reorder, usual.reorder_by)).then_some(reorder),
        corrupt: (link.corrupt != usual.corrupt).then_some(link.corrupt),
        corruption: (link.corruption != usual.corruption).then_some(link.corruption),
        bandwidth: link.bandwidth.filter(|_| link.bandwidth != usual.bandwidth),
        queue: (link.queue != usual.queue).then_some(link.queue),
        mtu: (link.mtu != usual.mtu).then_some(link.mtu),
        adversary: link.adversary.filter(|_| link.adversary != usual.adversary),
    }
}

/// A value of an object; `None` if scenarios have no way to write it.
pub(super) fn value(value: &Value) -> Option<Toml> {
    match value {
        Value::Nil => Some(text("nil")),
        Value::Bool(truth) => Some(Toml::Boolean(*truth)),
        Value::Int(n) => Some(Toml::Integer(*n)),
        Value::Text(nil) if nil == "nil" => None,
        Value::Text(words) => Some(text(words)),
        Value::List(_) => None,
    }
}

/// What a client asks; `None` if scenarios have no way to write it.
pub(super) fn call(call: &Call) -> Option<Toml> {
    Some(match call {
        Call::Read => text("read"),
        Call::Write(to) => table([("write", value(to)?)]),
        Call::Cas { from, to } => table([("cas", list([value(from)?, value(to)?]))]),
        Call::Append(words) => table([("append", text(words))]),
        Call::Sell(units) => table([("sell", number((*units).into()))]),
        Call::TakeBack(units) => table([("take_back", number((*units).into()))]),
        _ => return None,
    })
}

pub(super) fn argument(argument: &Argument, name: &dyn Fn(NodeId) -> String) -> Toml {
    match argument {
        Argument::Duration(length) => duration(*length),
        Argument::Count(count) => number(*count),
        Argument::Probability(probability) => ratio(*probability),
        Argument::Node(node) => text(name(*node)),
        Argument::Flag(flag) => Toml::Boolean(*flag),
        Argument::Text(words) => text(words),
    }
}
