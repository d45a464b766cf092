//! What a node does to its disk, and what that does.

use super::{Rare, SyncDue, World};
use crate::disk::{Ask, Change, DiskFault, SimDisk};
use crate::fault::Fault;
use crate::node::{Status, Work};
use simlab_core::{
    Choice, Decide, DiskAct, Domain, Duration, Kind, NodeId, Point, Ratio, Scope, Seq, Ticket, Who,
    WriteKind,
};

impl World {
    /// Does something to a node's disk. The one place that asks its choices and counts its bytes.
    pub(super) fn on_disk<T>(
        &mut self,
        id: NodeId,
        act: impl FnOnce(&mut SimDisk, Ask<'_>) -> T,
    ) -> T {
        let disk = self.nodes[id.index()].disk_mut();
        let decisions = &mut self.decisions;
        let before = disk.bytes();
        let done = act(disk, &mut |choice, ordinal, domain| {
            decisions.decide(Point { who: Who::Node(id), choice, ordinal }, domain)
        });
        self.disk_bytes = self.disk_bytes - before + disk.bytes();
        done
    }

    pub(super) fn write(
        &mut self,
        id: NodeId,
        cause: Seq,
        change: Change,
        how: WriteKind,
        data: &[u8],
    ) {
        let file = self.names.intern_file(change.file());
        let written = self.on_disk(id, |disk, ask| disk.write(change, ask));
        let len = if how == WriteKind::Rename { 0 } else { data.len() as u64 };
        let kind = Kind::Wrote { file, how, at: written.at, len };
        let seq = self.record(Some(id), Some(cause), kind, data);
        if let Some(what) = written.act {
            let kind = Kind::DiskActed { what, file: Some(file), at: written.at };
            self.record(Some(id), Some(seq), kind, &[]);
            self.hit_disk(id, |fault| match what {
                DiskAct::WriteFailed => matches!(fault, DiskFault::WriteErrors(_)),
                DiskAct::Full => matches!(fault, DiskFault::Full(_)),
                DiskAct::Misdirected => matches!(fault, DiskFault::Misdirected(_)),
                DiskAct::Lied | DiskAct::Rotted => false,
            });
        }
    }

    fn hit_disk(&mut self, id: NodeId, is: impl Fn(&DiskFault) -> bool) {
        self.hit(id, |fault| matches!(fault, Fault::Disk { what, .. } if is(what)));
    }

    /// Counts the reads that failed in the handler that has just run.
    pub(super) fn hit_failed_reads(&mut self, id: NodeId) {
        if !self.nodes[id.index()].has_failed_reads() {
            return;
        }
        for (file, times) in self.nodes[id.index()].disk_mut().take_failed_reads() {
            let spoils = |what: &DiskFault| matches!(what, DiskFault::ReadErrors(prefix) if file.starts_with(prefix.as_str()));
            self.faults.hit_all(
                id,
                times,
                |fault| matches!(fault, Fault::Disk { what, .. } if spoils(what)),
            );
        }
    }

    pub(super) fn sync(
        &mut self,
        id: NodeId,
        cause: Seq,
        scope: Scope,
        ticket: Ticket,
        file: Option<&str>,
    ) {
        let name = file.map(|file| self.names.intern_file(file));
        let kind = Kind::SyncAsked { ticket, file: name };
        let asked = self.record(Some(id), Some(cause), kind, &[]);
        let node = &mut self.nodes[id.index()];
        let (number, _) = node.syncs();
        let slow = node.disk_mut().trouble().sync;
        let point = Point { who: Who::Node(id), choice: Choice::Sync, ordinal: number };
        let delay = slow.unwrap_or(node.machine.sync_delay);
        let delay = self.decisions.decide(point, Domain::Span(&delay));
        let due = node.add_sync(self.now + Duration(delay));
        let covers = node.disk_mut().begin_sync(file);
        let sync = SyncDue { node: id, life: node.life, number, scope, ticket, covers, asked };
        self.push_rare(due, Rare::Sync(sync));
        if slow.is_some() {
            self.hit_disk(id, |fault| matches!(fault, DiskFault::SlowSync(_)));
        }
    }

    /// A sync ends: on the disk now, for the process when it gets to it.
    pub(super) fn sync_done(&mut self, sync: &SyncDue) {
        let SyncDue { node: id, number, scope, ticket, asked, .. } = *sync;
        let node = &self.nodes[id.index()];
        if node.life != sync.life || node.status != Status::Up {
            return;
        }
        if self.crashes_at_sync(id, number, false) {
            return;
        }
        let end = self.on_disk(id, |disk, ask| disk.end_sync(&sync.covers, ask));
        if end.lied {
            let kind = Kind::DiskActed { what: DiskAct::Lied, file: None, at: ticket.0 };
            self.record(Some(id), Some(asked), kind, &[]);
            self.hit_disk(id, |fault| matches!(fault, DiskFault::LyingSync));
        }
        if !self.crashes_at_sync(id, number, true) {
            self.admit(id, Work::Synced { scope, ticket, result: end.result, asked });
        }
    }

    /// Asks whether a node crashes at a sync, just before or just after it is done, and crashes it.
    fn crashes_at_sync(&mut self, id: NodeId, number: u64, after: bool) -> bool {
        let faults = self.faults.on(id).filter_map(|(fault, what)| match what {
            Fault::CrashAtSync { rate, down, .. } => Some((fault, *rate, *down)),
            _ => None,
        });
        let fault = faults.last();
        // Half of them before; of those that are left so many after that it is half of all again.
        let half = |rate: Ratio| {
            let (of, all) = (rate.numerator(), rate.denominator().saturating_mul(2));
            Ratio::new(of, if after { all - of } else { all }).unwrap_or(rate)
        };
        let rate = fault.map_or(Ratio::ZERO, |(_, rate, _)| half(rate));
        let choice = Choice::CrashAtSync { after };
        let point = Point { who: Who::Node(id), choice, ordinal: number };
        if self.decisions.decide(point, Domain::Chance(rate)) == 0 {
            return false;
        }
        let own = self.nodes[id.index()].machine.restart_after.unwrap_or(Duration::from_secs(1));
        let down = fault.map_or(own, |(_, _, down)| down);
        self.crash(id, None);
        if let Some((fault, ..)) = fault {
            self.faults.hit(fault, 1);
        }
        self.restart_later(id, down);
        true
    }
}
