//! Why a set that only grows cannot be so, as operations and in words.

use super::GrowOnly;
use super::chain::By;
use crate::linearizable::judge::Claim;
use crate::words;
use simlab_core::history::Record;
use simlab_core::{Call, OpId, Value};

/// Why no order is possible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Clash {
    /// It is something that a set cannot do, or returned what such an operation does not.
    Nonsense(OpId),
    /// Both say that they brought the element in.
    Twice { one: OpId, other: OpId, element: u32 },
    /// `seen` found the element, but nothing can have inserted it.
    Nowhere { element: u32, seen: OpId },
    /// Two reads, of which `one` found `all` and the other one so many elements, have each found something without
    /// what the other one found.
    Apart { one: OpId, other: OpId, all: Vec<Value>, size: usize },
    /// The one was over before the other began, but must come after it.
    Late { until: By, from: By },
}

/// More elements than these are counted and not listed.
const LISTED: usize = 8;

impl GrowOnly {
    /// The operations that cannot all be true.
    pub(super) fn evidence(&self, clash: &Clash) -> Vec<OpId> {
        match clash {
            Clash::Nonsense(op) => vec![*op],
            Clash::Twice { one, other, .. } | Clash::Apart { one, other, .. } => vec![*one, *other],
            Clash::Nowhere { element, seen } => {
                let inserts = self.elements[*element as usize].late_by();
                inserts.into_iter().chain([*seen]).collect()
            }
            Clash::Late { until, from } => {
                let mut ops: Vec<OpId> = self.until_by(*until).into_iter().collect();
                ops.extend(self.between(*until, *from));
                ops.extend(self.late_by(*from));
                ops
            }
        }
    }

    /// What shows that something is over.
    fn until_by(&self, by: By) -> Option<OpId> {
        match by {
            By::Nothing => None,
            By::Read(op, _) => Some(op),
            By::Element(element) => self.elements[element as usize].until_by(),
        }
    }

    /// What shows that something has not begun; the last of them is what begins there.
    fn late_by(&self, by: By) -> Vec<OpId> {
        match by {
            By::Nothing => Vec::new(),
            By::Read(op, _) => vec![op],
            By::Element(element) => self.elements[element as usize].late_by(),
        }
    }

    /// The read that found the second of two elements without the first.
    fn between(&self, until: By, from: By) -> Option<OpId> {
        match (until, from) {
            (By::Element(one), By::Element(other)) if one != other => {
                let size = self.elements[other as usize].read_in()?;
                Some(self.chain.get(&size)?.one)
            }
            _ => None,
        }
    }

    fn value(&self, number: u32) -> Value {
        let same = self.by_value.iter().find(|(_, other)| **other == number);
        same.map_or(Value::Nil, |(value, _)| value.clone())
    }

    /// Why the claim cannot be, in one sentence, if it broke.
    pub(in crate::linearizable) fn sentence(&self, claim: &Claim<'_>) -> Option<String> {
        let Claim { records, broken, .. } = claim;
        let find = |op: OpId| records.iter().copied().find(|record| record.op == op);
        let why = match &self.clash.as_ref()?.0 {
            Clash::Nonsense(_) => return Some(claim.refusal()),
            Clash::Twice { element, .. } => {
                format!("another insertion of {} returned true too", self.value(*element))
            }
            Clash::Nowhere { element, seen } if *seen == broken.op => {
                let value = self.value(*element);
                format!("nothing can have inserted {value}")
            }
            Clash::Nowhere { element, seen } => {
                let seen = match find(*seen)?.operation.call {
                    Call::Read => "a read",
                    _ => "someone",
                };
                format!(
                    "{seen} had found {}, which nothing else can have inserted",
                    self.value(*element)
                )
            }
            Clash::Apart { all, size, .. } => {
                let (with, without) = self.differ(all, *size)?;
                format!(
                    "this read found {with} without {without}, and another read {without} without {with}"
                )
            }
            Clash::Late { until, from } => {
                let over = find(self.until_by(*until)?)?;
                let begun = find(*self.late_by(*from).last()?)?;
                let (with, without) = self.told_apart(*until, *from)?;
                let (with, without) = (self.value(with), self.value(without));
                let ago = begun.invoked.at.since(over.returned.as_ref()?.0.at);
                let over = named(over, broken, &format!("with {with}"));
                let begun = named(begun, broken, &format!("without {without}"));
                let mut why =
                    format!("{over} had returned {} before {begun} began", words::span(ago));
                if let Some(read) = self.between(*until, *from) {
                    let this = if read == broken.op { "this" } else { "a" };
                    why += &format!(", and {this} read found {without} without {with}");
                }
                why
            }
        };
        let call = &broken.operation.call;
        Some(match broken.result() {
            Some(Value::List(all)) if all.len() > LISTED => {
                format!("{call} returned {} elements, but {why}", all.len())
            }
            Some(result) => format!("{call} returned {result}, but {why}"),
            None => format!("{call} was reported as not done, but {why}"),
        })
    }

    /// An element that is only in `all`, and one that is only in what the other read found.
    fn differ(&self, all: &[Value], size: usize) -> Option<(Value, Value)> {
        let there = |value: &&Value| {
            let number = self.by_value.get(*value);
            let read_in = number.and_then(|number| self.elements[*number as usize].read_in());
            read_in.is_some_and(|read_in| read_in <= size)
        };
        let only_one = all.iter().find(|value| !there(value))?;
        let others = self.by_value.keys().filter(there);
        let only_other = others.filter(|value| all.binary_search(value).is_err()).min()?;
        Some((only_one.clone(), only_other.clone()))
    }

    /// An element that the one shows to be in and one that the other shows not to be, mostly the same.
    fn told_apart(&self, until: By, from: By) -> Option<(u32, u32)> {
        Some(match (until, from) {
            (By::Element(one), By::Element(other)) => (one, other),
            (By::Element(one), _) | (_, By::Element(one)) => (one, one),
            (By::Read(_, size), _) => {
                let new = self.one_new(size)?;
                (new, new)
            }
            (By::Nothing, _) => return None,
        })
    }
}

/// An operation in a sentence about another one.
fn named(record: &Record, broken: &Record, found: &str) -> String {
    let (call, noun) = (&record.operation.call, words::noun(&record.operation.call));
    match (call, record.op == broken.op) {
        (Call::Read, true) => format!("this read {found}"),
        (Call::Read, false) => format!("a read {found}"),
        (_, true) => format!("this {noun}"),
        (Call::Contains(_), false) => match record.result() {
            Some(result) => format!("{call} ({result})"),
            None => call.to_string(),
        },
        (_, false) => call.to_string(),
    }
}
