//! What a run is objected to as it goes along.

use crate::{Expectation, Expected, Quantifier, Scenario};
use simlab_check::{Limits, Linearizer, Online, model};
use simlab_core::Argument;

/// A checker of the objects of which a scenario says that their histories are linearizable under every seed:
/// where one is not, the run is objected to at that very return. What is not promised to hold is judged when
/// the run is over, and costs nothing before.
pub(super) fn linearizable(scenario: &Scenario, variant: usize) -> Option<Online> {
    let promises: Vec<&Expectation> = scenario
        .expectations
        .iter()
        .filter(|one| one.check == "linearizable" && one.variants.contains(&variant))
        .filter(|one| {
            matches!(
                (one.quantifier, one.expected),
                (Quantifier::Always, Expected::Truth(true))
                    | (Quantifier::Never, Expected::Truth(false))
            )
        })
        .collect();
    let about = |one: &&Expectation, name: &str| match one.arguments.get("object") {
        // The empty text stands for all of them.
        Some(Argument::Text(only)) => only.is_empty() || only == name,
        _ => true,
    };
    let mut linearizer = Linearizer::new(Limits::default());
    let mut any = false;
    for object in &scenario.objects {
        let known = model(object.model).and_then(|model| model.object(&object.initial));
        if let Some(known) = known.ok().filter(|_| promises.iter().any(|p| about(p, &object.name)))
        {
            linearizer.declare(&object.name, known);
            any = true;
        }
    }
    any.then(|| Online::new(linearizer))
}
