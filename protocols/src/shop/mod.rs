//! A shop that sells from several cities, four times over, and its customers.
//!
//! | module | answers | in a partition |
//! |---|---|---|
//! | [`consistent`] | what a majority decided | only the side of the majority answers |
//! | [`replicated`] | what is in the log of a majority | the same, once it has a leader |
//! | [`available`] | what this city knows | every city answers; the shop may sell too much |
//! | [`escrow`] | what this city holds itself | every city sells what fits its own share |
//!
//! All are called by [`client`] as the service [`shop`](mod@shop) says, at the door that `front` is. An object is a product; its stock is at
//! first the sum of the cities' shares, whatever its name. What each tolerates is argued in `faults`.

pub mod available;
mod books;
pub mod client;
pub mod consistent;
pub mod escrow;
mod faults;
mod front;
mod goals;
mod inspector;
pub mod ledger;
pub mod numbers;
pub mod replicated;
mod requests;
mod stock;
mod switches;

use simlab_core::{
    Arguments, BuildError, Declared, Duration, Env, FieldValue, Fields, Parameter, ParameterKind,
    Port, Value,
};

crate::service! {
    /// A shop that sells products. The number of a request is its customer's own, below `settled` nothing is
    /// waited for any more.
    pub service shop = "shop", versions 1..=1;

    procedures {
        /// Sells so many units, if there are as many; whether there were.
        1 => sell(number: u64, settled: u64, product: String, units: u32) -> bool;
        /// Takes so many units back.
        2 => take_back(number: u64, settled: u64, product: String, units: u32) -> bool;
        /// How many units are left.
        3 => read(product: String) -> i64;
    }
}

/// The port of CASPaxos.
pub const PAXOS: Port = Port::new(2);
/// The port of the gossip.
pub const GOSSIP: Port = Port::new(3);
/// The place of the record of requests; nothing is sent to it.
const REQUESTS: Port = Port::new(4);
/// The port of Raft.
pub const RAFT: Port = Port::new(5);
/// Where a replica asks the leader for its customers.
pub const ASKED: Port = Port::new(6);

const SHARE: Parameter = Parameter {
    name: "share",
    kind: ParameterKind::Count { min: 0, max: u32::MAX as u64 },
    default: None,
    help: "units of each product in this city's storehouse; the stock is the sum of the shares",
};

/// A parameter that is a length of time.
const fn duration(name: &'static str, default: &'static str, help: &'static str) -> Parameter {
    Parameter { name, kind: ParameterKind::Duration, default: Some(default), help }
}

/// A parameter that is a length of time or `never`.
const fn timeout(name: &'static str, default: &'static str, help: &'static str) -> Parameter {
    Parameter { name, kind: ParameterKind::Timeout, default: Some(default), help }
}

/// The stock of a product before the first sale: the sum of the shares.
///
/// # Errors
/// If the scenario says otherwise, or wants the shop to keep something that is no stock.
fn total(arguments: &Arguments<'_>) -> Result<u64, BuildError> {
    let total: u64 = arguments.group().map(|member| member.count("share")).sum();
    for object in arguments.objects {
        let Declared { name, model, initial } = object;
        if *model != "stock" {
            let message = format!("a shop keeps stocks, and {name} is a {model}");
            return Err(BuildError { parameter: None, message });
        }
        if *initial != Value::Int(shown(total)) {
            let message = format!("the shares add up to {total}, and {name} begins with {initial}");
            return Err(BuildError { parameter: Some("share"), message });
        }
    }
    Ok(total)
}

/// Waits for `after`, unless that is for ever.
fn arm(env: &mut Env<'_>, timer: u64, after: Duration) {
    if after != Duration::FOREVER {
        env.set_timer(timer, after);
    }
}

/// A number of units as a field.
fn shown(units: u64) -> i64 {
    i64::try_from(units).unwrap_or(i64::MAX)
}

/// `1 answer`, `2 answers`.
fn count(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// The group of fields that a replica shows for an object; an object may be called like any of the
/// other fields.
fn group<'a>(state: &'a Fields, object: &str) -> Option<&'a Fields> {
    state.iter().find_map(|field| match &field.value {
        FieldValue::Group(group) if field.name == object => Some(group),
        _ => None,
    })
}
