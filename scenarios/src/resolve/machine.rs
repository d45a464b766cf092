//! The machines that nodes stand for.

use super::Context;
use super::story::{check_end, typical};
use crate::Machine;
use crate::diagnostic::{Diagnostic, Problems};
use crate::format::cast::NodeTable;
use crate::format::machine::{ClockTable, CostTable, MachineTable};
use crate::format::part::{At, Pairs};
use simlab_core::{Distribution, Duration, Time};
use simlab_sim::{ClockSpec, Cost};

/// The machine of a node, given what a variant says otherwise, the closest first.
pub(super) fn machine(table: &NodeTable, layers: [Option<&MachineTable>; 3]) -> Machine {
    let mut layers = layers.into_iter().flatten().collect::<Vec<_>>();
    layers.reverse();
    let mut machine = Machine {
        joins: Time(table.joins.map_or(0, |joins| joins.value.nanos())),
        clock: table.clock.as_ref().map(|c| clock(&c.value)).unwrap_or_default(),
        cost: table.cost.as_ref().map(|c| cost(&c.value)).unwrap_or_default(),
        sync_delay: Distribution::Fixed(Duration::ZERO),
        restart_after: table.restart.map(|after| after.value),
    };
    if let Some(sync) = table.disk.as_ref().and_then(|disk| disk.value.sync) {
        machine.sync_delay = sync.value;
    }
    for layer in layers {
        machine.clock = layer.clock.as_ref().map_or(machine.clock, |c| clock(&c.value));
        machine.cost = layer.cost.as_ref().map_or(machine.cost, |c| cost(&c.value));
        if let Some(sync) = layer.disk.as_ref().and_then(|disk| disk.value.sync) {
            machine.sync_delay = sync.value;
        }
        machine.restart_after = layer.restart.map(|after| after.value).or(machine.restart_after);
    }
    machine
}

fn clock(table: &ClockTable) -> ClockSpec {
    ClockSpec {
        drift: table.drift.map_or(0, |drift| drift.value.0),
        offset: table.offset.map_or(0, |offset| offset.value.0),
    }
}

fn cost(table: &CostTable) -> Cost {
    let free = Cost::default();
    Cost {
        service: table.service.map_or(free.service, |service| service.value),
        workers: table.workers.map_or(free.workers, |workers| workers.value.0),
        buffer: table.buffer.map_or(free.buffer, |buffer| buffer.value.0),
    }
}

/// Reports what no machine can be like, in the nodes and in what variants say otherwise.
pub(super) fn check<'a>(
    context: &Context<'_>,
    others: impl Iterator<Item = &'a Pairs<MachineTable>>,
    problems: &mut Problems,
) {
    for (_, table) in &context.names.nodes {
        if let Some(joins) = table.joins {
            check_end(joins, "a node that joins", context.until, problems);
        }
        check_cost(table.cost.as_ref(), problems);
    }
    for (_, machine) in others.flat_map(|machines| machines.0.values()) {
        check_cost(machine.value.cost.as_ref(), problems);
    }
}

/// Reports a cost of nothing: with it nothing waits, whatever else it says.
fn check_cost(cost: Option<&At<CostTable>>, problems: &mut Problems) {
    let Some(service) = cost.and_then(|cost| cost.value.service) else { return };
    if typical(&service.value) == Duration::ZERO {
        let message = "the service time of a cost is above zero";
        let help = "leave `cost` out where handlers take no time";
        problems.push(Diagnostic::at(service.span, message).help(help));
    }
}
