//! A datagram layer by layer, from the outside in.

use super::Setup;
use simlab_core::{Dissection, NodeId, Peeled};

/// What the layers and the service of a node make of a datagram; `None` if they cannot read it.
///
/// A frame that ends at a layer (an acknowledgement, a fragment) is what that layer says of it. Of one
/// that is passed on the service has the word, and the layers add what is new to a reader. Fields stand
/// in the order in which they are peeled off, the outermost first.
pub(super) fn dissect(setup: &Setup<'_>, node: NodeId, mut bytes: &[u8]) -> Option<Dissection> {
    let roster = &setup.scenario.variants[setup.variant].roster;
    let stack = roster.get(node.index()).map_or(&[][..], |member| &member.stack);
    let mut parts = Vec::new();
    let mut said = Vec::new();
    for layered in stack.iter().rev() {
        // What a layer cannot be asked about it is taken not to touch.
        let entry = setup.catalogue.layer(layered.name);
        let Some(peel) = entry.and_then(|entry| entry.layer?.peel) else { continue };
        let Peeled { kind, summary, parts: own, inner } = peel(bytes)?;
        parts.extend(own);
        let Some(inner) = inner.and_then(|end| bytes.get(..end)) else {
            said.insert(0, if summary.is_empty() { kind.to_owned() } else { summary });
            return Some(Dissection { kind: kind.to_owned(), summary: said.join("; "), parts });
        };
        if !summary.is_empty() {
            said.insert(0, summary);
        }
        bytes = inner;
    }
    let mut read = (setup.service(node)?.dissect?)(bytes)?;
    if !said.is_empty() {
        read.summary = format!("{} [{}]", read.summary, said.join("; "));
    }
    parts.append(&mut read.parts);
    read.parts = parts;
    Some(read)
}
