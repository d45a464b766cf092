//! What an adversary knows of a node: all of its stack but the keys.

use simlab_core::{Entry, Readable, Repair};
use simlab_sim::{Insight, guard};

/// A node's layers and service, as somebody sees them who has no key.
///
/// *Edited* is the message of the service, as far in as layers can be peeled off; of a frame that ends at a
/// layer (an acknowledgement, a sealed message) anything of it. *Repaired* is what layers say that everybody
/// can compute ([`Entry::repair`]), from the inside out. *Read* is what the service finds of its messages in the
/// bytes themselves ([`Entry::readable`]), whatever layers say. Only of a service that has no way to find them
/// the layers are believed: read is then what no layer keeps from being peeled off.
#[derive(Debug)]
pub(super) struct Stacked {
    /// The lowest first.
    layers: Vec<&'static Entry>,
    readable: Option<Readable>,
}

/// What is peeled off a datagram.
struct Peels {
    /// The layers that were, the lowest first, with how long their frames are.
    frames: Vec<(usize, Option<Repair>)>,
    /// How long what is left is.
    rest: usize,
    /// Whether that is the service's.
    whole: bool,
}

impl Stacked {
    /// A node of this service on these layers, the uppermost first.
    pub(super) fn new(
        service: &'static Entry,
        layers: impl DoubleEndedIterator<Item = &'static Entry>,
    ) -> Self {
        Stacked { layers: layers.rev().collect(), readable: service.readable }
    }

    fn peel(&self, datagram: &[u8]) -> Peels {
        let mut peels = Peels { frames: Vec::new(), rest: datagram.len(), whole: false };
        for layer in self.layers.iter().filter_map(|entry| entry.layer) {
            let Some(frame) = datagram.get(..peels.rest) else { return peels };
            peels.frames.push((peels.rest, layer.repair));
            let Some(peel) = layer.peel else { continue };
            let peeled = guard(|| peel(frame)).ok().flatten();
            match peeled.and_then(|peeled| peeled.inner).filter(|inner| *inner <= frame.len()) {
                Some(inner) => peels.rest = inner,
                None => return peels,
            }
        }
        peels.whole = true;
        peels
    }
}

impl Insight for Stacked {
    fn message(&self, datagram: &[u8]) -> usize {
        self.peel(datagram).rest
    }

    fn repair(&self, datagram: &mut [u8]) {
        for (end, repair) in self.peel(datagram).frames.into_iter().rev() {
            if let (Some(repair), Some(frame)) = (repair, datagram.get_mut(..end)) {
                // What panics repairs nothing.
                let mut repaired = frame.to_vec();
                if guard(|| repair(&mut repaired)).is_ok() {
                    frame.copy_from_slice(&repaired);
                }
            }
        }
    }

    fn readable(&self, datagram: &[u8]) -> usize {
        match self.readable {
            Some(readable) => guard(|| readable(datagram)).unwrap_or(0).min(datagram.len()),
            None => Some(self.peel(datagram)).filter(|peels| peels.whole).map_or(0, |p| p.rest),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use simlab_core::{Arguments, BuildError, Layer, Layered, Peeled};

    fn none(_: &Arguments<'_>, _: &Layered) -> Result<Box<dyn Layer>, BuildError> {
        Err(BuildError { parameter: None, message: String::new() })
    }

    fn without_last(frame: &[u8]) -> Option<Peeled> {
        let inner = frame.len().checked_sub(1);
        Some(Peeled { kind: "", summary: String::new(), parts: Vec::new(), inner })
    }

    fn sealed(_: &[u8]) -> Option<Peeled> {
        Some(Peeled { kind: "", summary: String::new(), parts: Vec::new(), inner: None })
    }

    fn sum(frame: &mut [u8]) {
        if let Some((last, rest)) = frame.split_last_mut() {
            *last = rest.iter().fold(0, |sum, byte| sum.wrapping_add(*byte));
        }
    }

    fn panics(frame: &mut [u8]) {
        frame.fill(0);
        panic!("there is no repair");
    }

    const SUM: Entry = Entry::layer("sum", "", none).peel(without_last).repair(sum);
    const KEYED: Entry = Entry::layer("keyed", "", none).peel(without_last);
    const SEALED: Entry = Entry::layer("sealed", "", none).peel(sealed);
    const PANICS: Entry = Entry::layer("panics", "", none).peel(without_last).repair(panics);
    const SERVICE: Entry = Entry::layer("service", "", none);

    fn stacked(layers: &'static [&'static Entry]) -> Stacked {
        Stacked::new(&SERVICE, layers.iter().copied())
    }

    #[test]
    fn sums_are_repaired_from_the_inside_out_and_codes_are_not() {
        let mut datagram = [1, 2, 9, 9, 9];
        let insight = stacked(&[&SUM, &KEYED, &SUM]);
        assert_eq!((insight.message(&datagram), insight.readable(&datagram)), (2, 2));
        insight.repair(&mut datagram);
        assert_eq!(datagram, [1, 2, 3, 9, 15]);
    }

    #[test]
    fn below_a_seal_nothing_is_known() {
        let mut datagram = [1, 2, 9, 9];
        let insight = stacked(&[&SUM, &SEALED, &SUM]);
        assert_eq!((insight.message(&datagram), insight.readable(&datagram)), (3, 0));
        insight.repair(&mut datagram);
        assert_eq!(datagram, [1, 2, 9, 12]);
        assert_eq!((insight.message(&[]), insight.readable(&[])), (0, 0));
    }

    #[test]
    fn a_repair_that_panics_does_nothing() {
        let mut datagram = [1, 2, 9, 9];
        stacked(&[&SUM, &PANICS]).repair(&mut datagram);
        assert_eq!(datagram, [1, 2, 3, 9]);
    }
}
