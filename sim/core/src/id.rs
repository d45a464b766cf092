//! Names that are numbers: nodes, timers, tickets, operations, trace records.

use std::fmt;
use std::num::NonZeroU64;

/// A node of the simulated world. Ids are dense and in the order in which the nodes were added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

impl NodeId {
    /// The id as an index into a table of nodes.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n{}", self.0)
    }
}

/// The place of a component inside its parent, like a UDP port: 1 to 255. Those from 248 on are taken by
/// the layers of a [`Stack`](crate::Stack) for their timers and files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Port(pub std::num::NonZeroU8);

impl Port {
    /// A port by number.
    ///
    /// # Panics
    /// If `number` is 0, which names the parent itself. In a `const` that is a compile error.
    #[must_use]
    pub const fn new(number: u8) -> Self {
        match std::num::NonZeroU8::new(number) {
            Some(n) => Port(n),
            None => panic!("port 0 is the parent itself"),
        }
    }
}

/// The path of ports from a node's process down to one of its components, at most four deep.
/// Timers, tickets and files of a component live in its scope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope(u32);

impl Scope {
    /// The process itself.
    pub const ROOT: Scope = Scope(0);
    /// How many ports a path may have.
    pub const DEPTH_MAX: u32 = 4;

    /// The scope of the component at `port` below this one.
    ///
    /// # Panics
    /// If the path would be longer than [`Scope::DEPTH_MAX`].
    #[must_use]
    pub fn child(self, port: Port) -> Scope {
        let depth = self.depth();
        assert!(depth < Self::DEPTH_MAX, "components nest at most {} deep", Self::DEPTH_MAX);
        Scope(self.0 | u32::from(port.0.get()) << (8 * depth))
    }

    /// How many ports the path has.
    #[must_use]
    pub const fn depth(self) -> u32 {
        (32 - self.0.leading_zeros()).div_ceil(8)
    }

    /// The outermost port and the rest of the path; `None` at the root.
    #[must_use]
    pub const fn split(self) -> Option<(Port, Scope)> {
        match std::num::NonZeroU8::new(self.0 as u8) {
            Some(n) => Some((Port(n), Scope(self.0 >> 8))),
            None => None,
        }
    }

    /// The ports from the innermost to the outermost: the order of their bytes on the wire.
    pub fn ports_inside_out(self) -> impl Iterator<Item = u8> {
        (0..self.depth()).rev().map(move |i| (self.0 >> (8 * i)) as u8)
    }

    /// The path as a number, for traces.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// The path that [`Scope::bits`] made this number of; `None` if it is of none.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Option<Scope> {
        let mut rest = bits;
        while rest != 0 {
            if rest & 0xff == 0 {
                return None;
            }
            rest >>= 8;
        }
        Some(Scope(bits))
    }
}

/// Names a timer within a scope. A component chooses its keys; setting a key again moves its timer.
pub type TimerKey = u64;

/// A promise by the driver to say when what was written before it is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// An operation in the client history, unique in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OpId(pub u64);

impl OpId {
    /// The `number`-th operation that `node` invoked.
    #[must_use]
    pub const fn of(node: NodeId, number: u32) -> Self {
        OpId((node.0 as u64) << 32 | number as u64)
    }

    /// The node that invoked it.
    #[must_use]
    pub const fn node(self) -> NodeId {
        NodeId((self.0 >> 32) as u32)
    }

    /// Its number among that node's operations.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0 as u32
    }
}

/// One of a client's logical threads: its operations never overlap. A session whose operation ended
/// unknown is not used again, since that operation may still take effect at any later time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Session(pub u32);

/// The number of a record in the trace; the first is 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq(pub NonZeroU64);

impl Seq {
    /// The number itself.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("#{}", self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_split_from_the_outside_in() {
        let (outer, inner) = (Port::new(7), Port::new(255));
        let scope = Scope::ROOT.child(outer).child(inner);
        assert_eq!(scope.depth(), 2);
        assert_eq!(scope.ports_inside_out().collect::<Vec<_>>(), [255, 7]);
        let (first, rest) = scope.split().expect("two deep");
        assert_eq!((first, rest.split()), (outer, Some((inner, Scope::ROOT))));
        assert_eq!(Scope::ROOT.split(), None);
        assert_eq!(Scope::from_bits(scope.bits()), Some(scope));
        assert_eq!(Scope::from_bits(0), Some(Scope::ROOT));
        assert_eq!((Scope::from_bits(0x0700), Scope::from_bits(0x07_00_01)), (None, None));
    }
}
