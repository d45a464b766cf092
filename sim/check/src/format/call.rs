//! What the `:f` and the `:value` of an event mean, by what the objects are.
//!
//! `:add` is an insertion to a set and an addition to a counter; `:read` returns a value or all that is
//! in a set. The model decides, so there is one table for each.

use super::event::{Event, Type};
use super::form::Form;
use super::mistake::{Mistake, clip};
use super::token::Atom;
use simlab_core::{Access, Call, Outcome, Value};

/// What a file's format leaves to agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    /// Whether a read that returned nil saw nil. Otherwise it says nothing.
    pub(super) nil_is_a_value: bool,
    /// Whether a compare-and-set that failed says that the value was not the one expected.
    /// Otherwise it says only that it did not happen.
    pub(super) failed_cas_tells: bool,
}

/// What is done to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Read,
    ReadAll,
    Write,
    Cas,
    Append,
    Add,
    Increment,
    Decrement,
    Insert,
    Remove,
    Contains,
    Enqueue,
    Dequeue,
    Acquire,
    Release,
    Transaction,
    Sell,
    TakeBack,
}

const READ: (&str, Verb) = ("read", Verb::Read);
const WRITE: (&str, Verb) = ("write", Verb::Write);
const CAS: (&str, Verb) = ("cas", Verb::Cas);

/// What can be done to the objects of each model, under the names that files have for it.
const VERBS: &[(&str, &[(&str, Verb)])] = &[
    ("register", &[READ, WRITE]),
    ("cas-register", &[READ, WRITE, CAS]),
    (
        "kv",
        &[("get", Verb::Read), ("put", Verb::Write), ("append", Verb::Append), CAS, READ, WRITE],
    ),
    ("multi-register", &[("txn", Verb::Transaction)]),
    ("counter", &[READ, ("add", Verb::Add), ("inc", Verb::Increment), ("dec", Verb::Decrement)]),
    (
        "set",
        &[
            ("read", Verb::ReadAll),
            ("add", Verb::Insert),
            ("remove", Verb::Remove),
            ("contains", Verb::Contains),
        ],
    ),
    ("queue", &[("enqueue", Verb::Enqueue), ("dequeue", Verb::Dequeue)]),
    ("mutex", &[("acquire", Verb::Acquire), ("release", Verb::Release)]),
    ("stock", &[READ, ("sell", Verb::Sell), ("take-back", Verb::TakeBack)]),
];

/// The names of what can be done to the objects of a model.
pub(super) fn names(model: &str) -> impl Iterator<Item = &'static str> {
    let row = VERBS.iter().find(|(known, _)| *known == model);
    row.map_or(&[][..], |(_, verbs)| verbs).iter().map(|(name, _)| *name)
}

/// What an event does to its object.
pub(super) fn verb(model: &'static str, event: &Event<'_, '_>) -> Result<Verb, Mistake> {
    let find = |verbs: &[(&str, Verb)]| verbs.iter().find(|(f, _)| *f == event.f).map(|&(_, v)| v);
    let row = VERBS.iter().find(|(known, _)| *known == model);
    if let Some(verb) = row.and_then(|(_, verbs)| find(verbs)) {
        return Ok(verb);
    }
    let message = format!("a {model} has no `:{}`", clip(event.f));
    let mistake =
        Mistake::at(event.f_span.clone(), message).names(event.f, "operations", names(model));
    let others: Vec<&str> =
        VERBS.iter().filter(|(_, verbs)| find(verbs).is_some()).map(|(name, _)| *name).collect();
    Err(match others.as_slice() {
        [] => mistake,
        others => mistake.help(format!("--model {} has it", others.join(" or "))),
    })
}

/// The call that an invocation makes.
pub(super) fn call(verb: Verb, event: &Event<'_, '_>) -> Result<Call, Mistake> {
    let missing = |what: &str| {
        let message = format!("`:{}` has no :value", clip(event.f));
        Mistake::at(event.span.clone(), message).label(format!("expected :value with {what}"))
    };
    let wanted = |what: &str| event.value.ok_or_else(|| missing(what));
    let element = || wanted("what is meant")?.value();
    Ok(match verb {
        Verb::Read | Verb::ReadAll => Call::Read,
        Verb::Write => Call::Write(element()?),
        Verb::Cas => {
            let form = wanted("[from to]")?;
            let [from, to] = form.exactly().ok_or_else(|| expected(&form, CAS_VALUE))?;
            Call::Cas { from: from.value()?, to: to.value()? }
        }
        Verb::Append => match wanted("a text")? {
            form if matches!(form.atom(), Some(Atom::Text(_))) => match form.value()? {
                Value::Text(text) => Call::Append(text),
                _ => return Err(expected(&form, "a text")),
            },
            form => return Err(expected(&form, "a text")),
        },
        Verb::Add => Call::Add(whole(&wanted("a whole number")?)?),
        Verb::Increment | Verb::Decrement => {
            let n = match event.value {
                Some(form) if !form.is_nil() => whole(&form)?,
                _ => 1,
            };
            let signed = if verb == Verb::Increment { Some(n) } else { n.checked_neg() };
            let too_large = || Mistake::at(event.span.clone(), "this number is too large");
            Call::Add(signed.ok_or_else(too_large)?)
        }
        Verb::Insert => Call::Insert(element()?),
        Verb::Remove => Call::Remove(element()?),
        Verb::Contains => Call::Contains(element()?),
        Verb::Enqueue => Call::Enqueue(element()?),
        Verb::Dequeue => Call::Dequeue,
        Verb::Acquire => Call::Acquire,
        Verb::Release => Call::Release,
        Verb::Transaction => {
            Call::Transaction(steps(&wanted("steps")?)?.map(Step::access).collect())
        }
        Verb::Sell => Call::Sell(units(&wanted("a number of units")?)?),
        Verb::TakeBack => Call::TakeBack(units(&wanted("a number of units")?)?),
    })
}

const CAS_VALUE: &str = "[from to]";

/// How an operation ended. Of a transaction, `call` loses the reads whose answers were not told.
pub(super) fn outcome(
    verb: Verb,
    call: &mut Call,
    event: &Event<'_, '_>,
    dialect: Dialect,
) -> Result<Outcome, Mistake> {
    match event.kind {
        Type::Ok => answer(verb, call, event, dialect),
        // `:fail :cas :timed-out` did not happen either, and nobody looked at the value.
        Type::Fail
            if verb == Verb::Cas
                && dialect.failed_cas_tells
                && event.value.is_some_and(|form| form.exactly::<2>().is_some()) =>
        {
            Ok(Outcome::Done(Value::Bool(false)))
        }
        Type::Fail => Ok(Outcome::NotDone("failed".to_owned())),
        Type::Invoke | Type::Info => Ok(Outcome::Unknown("never answered".to_owned())),
    }
}

/// What an operation that took effect returned.
fn answer(
    verb: Verb,
    call: &mut Call,
    event: &Event<'_, '_>,
    dialect: Dialect,
) -> Result<Outcome, Mistake> {
    let told = || {
        event.value.ok_or_else(|| {
            let message = format!("the answer to `:{}` has no :value", clip(event.f));
            Mistake::at(event.span.clone(), message).label("expected :value with what was returned")
        })
    };
    Ok(Outcome::Done(match verb {
        Verb::Read => match told()?.value()? {
            Value::Nil if !dialect.nil_is_a_value => return Ok(untold()),
            value => value,
        },
        Verb::ReadAll => match told()? {
            form if form.is_nil() => return Ok(untold()),
            form => match form.value()? {
                // As a set is displayed. An element that is told twice stays so: no set does that.
                Value::List(mut values) => {
                    values.sort_unstable();
                    Value::List(values)
                }
                _ => return Err(expected(&form, "all that is in the set, as in #{1 2} or [1 2]")),
            },
        },
        Verb::Dequeue => told()?.value()?,
        Verb::Cas => Value::Bool(true),
        Verb::Contains => truth(&told()?, call)?,
        // Whether the element was there before is told or not.
        Verb::Insert | Verb::Remove => match event.value {
            Some(form) if !echoes(&form, call)? => truth(&form, call)?,
            _ => Value::Nil,
        },
        Verb::Sell | Verb::TakeBack => match event.value {
            Some(form) if matches!(form.atom(), Some(Atom::Bool(_))) => form.value()?,
            _ => Value::Bool(true),
        },
        Verb::Transaction => return answers(call, event).map(Outcome::Done),
        _ => Value::Nil,
    }))
}

/// The outcome of a read whose answer was not told: it may have returned anything, as if it had not been
/// made.
fn untold() -> Outcome {
    Outcome::NotDone("what it returned is not told".to_owned())
}

/// Whether an answer only repeats the element of the call, or is nil.
fn echoes(form: &Form<'_, '_>, call: &Call) -> Result<bool, Mistake> {
    let value = form.value()?;
    Ok(match call {
        Call::Insert(element) | Call::Remove(element) => value == *element || value == Value::Nil,
        _ => false,
    })
}

/// An answer that is true or false, or `[element true]`.
fn truth(form: &Form<'_, '_>, call: &Call) -> Result<Value, Mistake> {
    let answer = form.exactly().map_or(*form, |[_, answer]: [Form<'_, '_>; 2]| answer);
    match answer.value()? {
        truth @ Value::Bool(_) => Ok(truth),
        _ => Err(expected(form, &format!("true or false, as the answer to {call}"))),
    }
}

/// A step of a transaction, with the answer if it is a read.
#[derive(Debug)]
enum Step {
    Read(String, Value),
    Write(String, Value),
}

impl Step {
    fn access(self) -> Access {
        match self {
            Step::Read(name, _) => Access::Read(name),
            Step::Write(name, value) => Access::Write(name, value),
        }
    }
}

/// The steps of a transaction: `[[:read :x nil] [:write :y 2]]`.
fn steps(form: &Form<'_, '_>) -> Result<impl ExactSizeIterator<Item = Step> + use<>, Mistake> {
    const STEP: &str = "a step such as [:read :x nil] or [:write :y 2]";
    if form.shape().is_none() {
        return Err(expected(form, "steps such as [[:read :x nil] [:write :y 2]]"));
    }
    let step = |form: Form<'_, '_>| {
        let [what, name, value] = form.exactly().ok_or_else(|| expected(&form, STEP))?;
        let name = name_of(&name)?;
        Ok(match what.atom() {
            Some(Atom::Keyword("read" | "r")) => Step::Read(name, value.value()?),
            Some(Atom::Keyword("write" | "w")) => Step::Write(name, value.value()?),
            _ => return Err(expected(&what, ":read or :write")),
        })
    };
    Ok(form.items().map(step).collect::<Result<Vec<_>, _>>()?.into_iter())
}

/// What the reads of a transaction returned, in order.
fn answers(call: &mut Call, event: &Event<'_, '_>) -> Result<Value, Mistake> {
    let Call::Transaction(asked) = call else { return Ok(Value::List(Vec::new())) };
    let told = match event.value {
        Some(form) if !form.is_nil() => steps(&form)?.collect(),
        _ => Vec::new(),
    };
    if !told.is_empty() || event.value.is_some_and(|form| form.shape().is_some()) {
        let same = |(asked, told): (&Access, &Step)| match (asked, told) {
            (Access::Read(asked), Step::Read(told, _)) => asked == told,
            (Access::Write(asked, _), Step::Write(told, _)) => asked == told,
            _ => false,
        };
        if asked.len() != told.len() || !asked.iter().zip(&told).all(same) {
            let span = event.value.map_or_else(|| event.span.clone(), |form| form.span());
            let mistake = Mistake::at(span, "these are not the steps of the transaction");
            return Err(mistake.label("expected the steps of its invocation, with answers"));
        }
    }
    let mut told = told.into_iter();
    let mut values = Vec::new();
    asked.retain(|step| match (step, told.next()) {
        (Access::Write(..), _) => true,
        // A read whose answer is not told says nothing.
        (Access::Read(_), None | Some(Step::Read(_, Value::Nil) | Step::Write(..))) => false,
        (Access::Read(_), Some(Step::Read(_, value))) => {
            values.push(value);
            true
        }
    });
    Ok(Value::List(values))
}

/// The name of an object: a text, a number, or a keyword without its colon.
pub(super) fn name_of(form: &Form<'_, '_>) -> Result<String, Mistake> {
    match form.atom() {
        Some(Atom::Keyword(name)) => Ok(name.to_owned()),
        Some(Atom::Int(n)) => Ok(n.to_string()),
        Some(Atom::Text(_)) => match form.value()? {
            Value::Text(text) => Ok(text),
            _ => Err(expected(form, "a name")),
        },
        _ => Err(expected(form, "a name: a text, a number or a keyword")),
    }
}

fn whole(form: &Form<'_, '_>) -> Result<i64, Mistake> {
    match form.value()? {
        Value::Int(n) => Ok(n),
        _ => Err(expected(form, "a whole number")),
    }
}

fn units(form: &Form<'_, '_>) -> Result<u32, Mistake> {
    let units = whole(form)?.try_into();
    units.map_err(|_| expected(form, "a number of units from 0 to 4294967295"))
}

fn expected(form: &Form<'_, '_>, what: &str) -> Mistake {
    let found = match (form.atom(), form.shape()) {
        (Some(atom), _) => atom.words(),
        (None, Some(shape)) => format!("this {}", shape.name()),
        (None, None) => "this".to_owned(),
    };
    Mistake::at(form.span(), format!("{found} cannot stand here")).label(format!("expected {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MODELS, model};

    #[test]
    fn every_model_has_its_words() {
        for model in MODELS {
            assert!(names(model.name).next().is_some(), "{}", model.name);
        }
        for (name, _) in VERBS {
            assert!(model(name).is_ok(), "{name}");
        }
    }
}
