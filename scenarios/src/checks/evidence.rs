//! What a check can look at: a run that is over, and the linearizability verdict, found once.

use crate::Object;
use crate::run::Run;
use simlab_check::{FirstBreak, Limits, Verdict};
use simlab_core::Value;
use simlab_core::history::History;
use std::cell::OnceCell;

/// A run that is over.
#[derive(Debug)]
pub struct Evidence<'a> {
    /// The run.
    pub run: &'a Run<'a>,
    /// The verdict on each object, in the order of the scenario.
    verdicts: OnceCell<Vec<Verdict>>,
}

impl<'a> Evidence<'a> {
    /// Nothing is judged until it is asked for.
    #[must_use]
    pub const fn new(run: &'a Run<'a>) -> Self {
        Evidence { run, verdicts: OnceCell::new() }
    }

    /// The client history.
    #[must_use]
    pub const fn history(&self) -> &'a History {
        self.run.world.history()
    }

    /// The objects of the scenario.
    #[must_use]
    pub fn objects(&self) -> &'a [Object] {
        &self.run.setup.scenario.objects
    }

    /// The stocks among the objects, with their initial units.
    pub fn stocks(&self) -> impl Iterator<Item = (&'a str, i64)> + use<'a> {
        self.objects().iter().filter_map(|object| match (object.model, &object.initial) {
            ("stock", Value::Int(initial)) => Some((object.name.as_str(), *initial)),
            _ => None,
        })
    }

    /// Whether the history of each object is linearizable, in the order of the scenario.
    pub fn verdicts(&self) -> &[Verdict] {
        self.verdicts.get_or_init(|| {
            let judge = |object: &Object| {
                let model =
                    simlab_check::model(object.model).and_then(|m| m.object(&object.initial));
                match model {
                    Ok(model) => {
                        simlab_check::check(self.history(), &object.name, &model, Limits::default())
                    }
                    Err(error) => Verdict::Unknown { why: error.to_string() },
                }
            };
            self.objects().iter().map(judge).collect()
        })
    }

    /// Whether the history of every object is linearizable; `None` if a search was given up and no
    /// other object broke.
    #[must_use]
    pub fn linearizable(&self) -> Option<bool> {
        let verdicts = self.verdicts();
        if verdicts.iter().any(|v| matches!(v, Verdict::NotLinearizable(_))) {
            return Some(false);
        }
        verdicts.iter().all(|v| *v == Verdict::Linearizable).then_some(true)
    }

    /// The first operation of any object that no order explains.
    #[must_use]
    pub fn first_break(&self) -> Option<FirstBreak> {
        let breaks = self.verdicts().iter().filter_map(|verdict| match verdict {
            Verdict::NotLinearizable(first) => Some(first),
            Verdict::Linearizable | Verdict::Unknown { .. } => None,
        });
        breaks.min_by_key(|first| first.seq).cloned()
    }
}
