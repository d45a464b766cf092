//! All consistency models at once: the strongest ones that a history satisfies, and what broke the
//! next ones.

use super::{Answer, Budget, CONSISTENCIES, Consistency, Subject, judge};
use crate::ModelError;
use std::fmt;

/// What was found about one model.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The model.
    pub consistency: &'static Consistency,
    /// What was found.
    pub answer: Answer,
    /// The model whose answer settled it, if it was another one: a stronger one that is satisfied,
    /// or a weaker one that is violated and whose evidence is given then.
    pub settled_by: Option<&'static str>,
}

/// What was found about each model.
#[derive(Clone, Debug)]
pub struct Lattice {
    /// In the order of [`CONSISTENCIES`].
    pub standings: Vec<Standing>,
}

/// Judges a history by all consistency models. What a satisfied model implies is not judged again,
/// and holds also where it could not be judged alone. Each model has the whole budget.
///
/// # Errors
/// If the initial value does not fit the objects.
pub fn lattice(subject: Subject<'_>, budget: Budget<'_>) -> Result<Lattice, ModelError> {
    let mut standings: Vec<Standing> = Vec::new();
    for consistency in CONSISTENCIES {
        let implied = |standing: &&Standing| {
            let weaker = standing.consistency.weaker();
            let is_weaker = weaker.iter().any(|weaker| weaker.name == consistency.name);
            standing.answer == Answer::Satisfied && is_weaker
        };
        let settled_by = standings.iter().find(implied).map(|by| by.consistency.name);
        let answer = match settled_by {
            Some(_) => Answer::Satisfied,
            None => judge(subject, consistency, budget)?,
        };
        standings.push(Standing { consistency, answer, settled_by });
    }
    for index in (0..standings.len()).rev() {
        if matches!(standings[index].answer, Answer::Satisfied | Answer::Violated(_)) {
            continue;
        }
        let weaker = standings[index].consistency.weaker();
        let is_weaker = |name| weaker.iter().any(|weaker| weaker.name == name);
        let broken = standings[index + 1..].iter().find(|standing| {
            matches!(standing.answer, Answer::Violated(_)) && is_weaker(standing.consistency.name)
        });
        if let Some(broken) = broken {
            let (answer, name) = (broken.answer.clone(), broken.consistency.name);
            standings[index].answer = answer;
            standings[index].settled_by = Some(name);
        }
    }
    Ok(Lattice { standings })
}

impl Lattice {
    /// The satisfied models that no other satisfied one implies.
    pub fn strongest(&self) -> impl Iterator<Item = &Standing> {
        let satisfied = |standing: &&Standing| standing.answer == Answer::Satisfied;
        self.standings.iter().filter(satisfied).filter(move |standing| {
            let name = standing.consistency.name;
            let implies =
                |other: &Standing| other.consistency.weaker().iter().any(|w| w.name == name);
            !self.standings.iter().filter(satisfied).any(implies)
        })
    }

    /// The violated models that imply no other violated one.
    pub fn next_broken(&self) -> impl Iterator<Item = &Standing> {
        let violated = |name: &str| {
            let named = self.standings.iter().find(|standing| standing.consistency.name == name);
            named.is_some_and(|standing| matches!(standing.answer, Answer::Violated(_)))
        };
        self.standings.iter().filter(move |standing| {
            let weaker = standing.consistency.weaker();
            violated(standing.consistency.name) && !weaker.iter().any(|w| violated(w.name))
        })
    }
}

impl fmt::Display for Lattice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.strongest().map(|s| s.consistency.name).collect();
        let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        write!(f, "strongest satisfied: {names}")?;
        for standing in self.next_broken() {
            let Answer::Violated(evidence) = &standing.answer else { continue };
            let (name, at) = (standing.consistency.name, evidence.mark.at);
            let number = evidence.op.number();
            let node = evidence.op.node();
            write!(f, "\nbroken: {name}, at {at} s by operation {number} of {node}: ")?;
            f.write_str(&evidence.why)?;
        }
        for standing in &self.standings {
            if let Answer::Unknown { why } | Answer::NotApplicable { why } = &standing.answer {
                write!(f, "\nnot judged: {}: {why}", standing.consistency.name)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use crate::{Limits, model};
    use simlab_core::history::History;
    use simlab_core::{Call, Value};

    fn said(history: &History, kind: &str, initial: &Value) -> String {
        let model = model(kind).expect("it is in the table");
        let subject = Subject::new(history, model, initial);
        let lattice = lattice(subject, Budget::of(Limits::default())).expect("it fits");
        lattice.to_string()
    }

    #[test]
    fn a_report_says_what_holds_and_what_broke_the_next() {
        let steps =
            [write(1, "x", 1), read(2, "x", 1), write(2, "y", 2), read(3, "y", 2), read(3, "x", 0)];
        let expected = "strongest satisfied: pram\n\
            broken: writes-follow-reads, at 4.500 s by operation 4 of n3: read x returned 0, but no \
            order of the writes, each after what its session had read, lets this session never see \
            an older one: n2: read x (1), then write 2 to y; n3: read y (2), then read x (0)\n\
            broken: convergence, at 4.500 s by operation 4 of n3: read x returned 0 to n3 at last, \
            but 1 to n2, and nothing was written any more\n\
            broken: fresh, at 4.500 s by operation 4 of n3: read x returned 0, but write 1 to x had \
            returned 3.5 s before it began";
        assert_eq!(said(&history(&steps), "kv", &Value::Int(0)), expected);
    }

    #[test]
    fn what_is_linearizable_is_all_the_rest() {
        let steps = [write(1, "x", 1), write(2, "x", 1), read(1, "x", 1)];
        let all = "strongest satisfied: linearizable";
        assert_eq!(said(&history(&steps), "register", &Value::Int(0)), all);
    }

    #[test]
    fn what_says_nothing_about_an_object_is_listed() {
        let steps = [done(1, "q", Call::Dequeue, Value::Int(1))];
        let said = said(&history(&steps), "queue", &Value::Nil);
        assert!(said.starts_with("strongest satisfied: none\nbroken: sequential, at "), "{said}");
        let why = "not judged: causal: this model is about registers and keys, not about a queue";
        assert!(said.lines().any(|line| line == why), "{said}");
    }

    /// A model that could not be judged is broken all the same if a weaker one is.
    #[test]
    fn what_breaks_a_weaker_model_breaks_the_stronger() {
        let mut steps: Vec<Step> = (1..=10).map(|value| write(1, "x", value)).collect();
        // What is written twice takes a search to be linearizable; nobody reads it.
        steps.insert(3, write(1, "x", 5));
        steps.extend([read(2, "x", 10), read(2, "x", 1)]);
        let (history, initial) = (history(&steps), Value::Int(0));
        let kv = model("kv").expect("it is in the table");
        let subject = Subject::new(&history, kv, &initial);
        let budget = Budget::of(Limits { configurations: 6 });
        let alone = judge(subject, &CONSISTENCIES[0], budget);
        assert!(matches!(alone, Ok(Answer::Unknown { .. })), "{alone:?}");
        let lattice = lattice(subject, budget).expect("it fits");
        let linearizable = &lattice.standings[0];
        assert!(matches!(linearizable.answer, Answer::Violated(_)), "{linearizable:?}");
        assert!(linearizable.settled_by.is_some(), "{linearizable:?}");
        assert!(lattice.next_broken().any(|s| s.consistency.name == "monotonic-reads"));
    }
}
