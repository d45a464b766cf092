//! An order in which all of it can have taken place.

use super::{Found, GrowOnly, Look, NEVER, Place};
use simlab_core::OpId;

/// Where something stands: at this place, of those there by the number of elements that the chain has then, and what comes
/// in before what was found.
type Moment = (Place, usize, u8);

const COMES_IN: u8 = 0;
const FINDS_ONE: u8 = 1;
const FINDS_ALL: u8 = 2;

impl GrowOnly {
    /// An order of all that took effect, if that was asked for before anything happened.
    pub(in crate::linearizable) fn order(&self) -> Option<Vec<OpId>> {
        let looks = self.looks.as_ref()?;
        let mut all: Vec<(Moment, OpId)> = Vec::new();
        for (number, element) in (0..).zip(&self.elements) {
            let size = element.read_in().unwrap_or(usize::MAX);
            let Some(maker) = element.maker() else { continue };
            // Nobody says that it is in.
            if element.read_in().is_none() && element.until() == NEVER {
                continue;
            }
            let at = self.comes_in(number);
            all.push(((at, size, COMES_IN), maker.op));
            let later = element.repeated();
            all.extend(later.map(|insert| ((at.max(insert.invoked), size, FINDS_ONE), insert.op)));
        }
        all.extend(looks.iter().map(|look| (self.moment(look), look.op)));
        all.sort_unstable();
        Some(all.into_iter().map(|(_, op)| op).collect())
    }

    fn moment(&self, look: &Look) -> Moment {
        match look.found {
            Found::All(size) => (self.takes_place(look.invoked, size), size, FINDS_ALL),
            Found::One(number, true) => {
                let size = self.elements[number as usize].read_in().unwrap_or(usize::MAX);
                (self.comes_in(number).max(look.invoked), size, FINDS_ONE)
            }
            // At its very beginning: what it did not find comes in there or later.
            Found::One(_, false) => (look.invoked, 0, COMES_IN),
        }
    }
}
