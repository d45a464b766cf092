//! What the shapes mean, as far as they occur.

use super::notation::number;
use super::scene::{Bar, Role, Scene};
use super::stops::Stop;

/// A shape that has a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Evidence,
    Broke,
    Subdued,
    Point,
    Open,
    GivenUp,
    Refused,
    Gap,
}

/// The shapes of a diagram, with their meanings.
pub(super) fn legend(scene: &Scene) -> Vec<(Shape, &'static str)> {
    let any = |has: fn(&Bar) -> bool| scene.bars.iter().any(has);
    let marked = any(|bar| bar.role == Role::Evidence);
    let others = if marked { "another operation" } else { "has no place in that order" };
    let gap = scene.stops.iter().any(|stop| matches!(stop, Stop::Gap { .. }));
    [
        (marked, Shape::Evidence, "cannot all be true"),
        (any(|bar| bar.broke), Shape::Broke, "the first return that cannot be"),
        (
            any(|bar| bar.point.is_some()),
            Shape::Point,
            "an order in which they can have taken effect",
        ),
        (any(|bar| bar.role == Role::Subdued && !bar.refused), Shape::Subdued, others),
        (any(|bar| bar.open), Shape::Open, "may still take effect"),
        (any(|bar| bar.given_up.is_some()), Shape::GivenUp, "its client gave it up"),
        (any(|bar| bar.refused), Shape::Refused, "did not take effect"),
        (gap, Shape::Gap, "events left out"),
    ]
    .into_iter()
    .filter(|(occurs, ..)| *occurs)
    .map(|(_, shape, words)| (shape, words))
    .collect()
}

/// What is not in the picture.
pub(super) fn notes(scene: &Scene) -> Vec<String> {
    let operations = |n| if n == 1 { "1 operation".to_owned() } else { number(n) + " operations" };
    let mut notes = Vec::new();
    if scene.left_out > 0 {
        let more = match scene.evidence_left_out {
            0 => String::new(),
            n => format!("; {} of them are evidence too", number(n)),
        };
        notes.push(format!("… {} left out{more}", operations(scene.left_out)));
    }
    if scene.late > 0 {
        let late = operations(scene.late);
        notes.push(format!("{late} would take effect only after the return: no real-time order"));
    }
    if scene.left_out == 0 && scene.bars.is_empty() {
        notes.push("no operations".to_owned());
    }
    notes
}
