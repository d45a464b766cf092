//! Datagrams under way.

use super::FrameId;
use simlab_core::{NodeId, Seq};

/// A datagram under way, by its place in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FlightId(u32);

impl FlightId {
    /// The one at this place.
    #[inline]
    pub(crate) const fn of(index: u32) -> Self {
        FlightId(index)
    }

    /// Its place.
    #[inline]
    pub(crate) const fn index(self) -> u32 {
        self.0
    }
}

/// A datagram under way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flight {
    pub(crate) from: NodeId,
    pub(crate) to: NodeId,
    pub(crate) frame: FrameId,
    /// Where its link was found.
    pub(crate) place: u32,
    /// Its number on its link.
    pub(crate) number: u64,
    /// The record of its send.
    pub(crate) datagram: Seq,
    /// The record that put this copy under way: its send, duplication or corruption.
    pub(crate) cause: Seq,
}

/// All datagrams under way. A place whose datagram died in a cut stays taken until its queue entry
/// comes out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flights {
    slab: Vec<Option<Flight>>,
    free: Vec<u32>,
    under_way: u64,
}

impl Flights {
    #[inline(always)]
    pub(crate) fn insert(&mut self, flight: Flight) -> FlightId {
        self.under_way += 1;
        match self.free.pop() {
            Some(index) => {
                self.slab[index as usize] = Some(flight);
                FlightId(index)
            }
            None => {
                self.slab.push(Some(flight));
                FlightId((self.slab.len() - 1) as u32)
            }
        }
    }

    /// Takes out the datagram whose queue entry came out; `None` if it died before.
    pub(crate) fn land(&mut self, id: FlightId) -> Option<Flight> {
        let flight = self.slab[id.0 as usize].take();
        self.free.push(id.0);
        self.under_way -= u64::from(flight.is_some());
        flight
    }

    /// Takes out a datagram that is still under way, unseen.
    #[inline(always)]
    pub(crate) fn forget(&mut self, id: FlightId) {
        self.slab[id.0 as usize] = None;
        self.free.push(id.0);
        self.under_way -= 1;
    }

    /// Takes out all datagrams for which `dies`, in the order in which they were sent.
    pub(crate) fn kill(&mut self, dies: impl Fn(&Flight) -> bool) -> Vec<Flight> {
        let hit = self.slab.iter_mut().filter(|slot| slot.as_ref().is_some_and(&dies));
        let mut dead: Vec<Flight> = hit.filter_map(Option::take).collect();
        self.under_way -= dead.len() as u64;
        // The order of places is an accident of reuse; the order of records is not.
        dead.sort_unstable_by_key(|flight| (flight.datagram, flight.cause));
        dead
    }

    /// How many datagrams are under way.
    pub(crate) const fn len(&self) -> u64 {
        self.under_way
    }

    /// A datagram that is still under way.
    #[inline]
    pub(crate) fn get(&self, id: FlightId) -> Option<&Flight> {
        self.slab[id.0 as usize].as_ref()
    }
}
