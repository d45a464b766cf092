//! From a scenario to a world.

use super::insight::Stacked;
use super::{FaultPlan, Setup, promised, workload};
use crate::{Diagnostics, Machine, Scenario};
use simlab_core::wire::Encode;
use simlab_core::{Arguments, BuildError, Entry, Layered, Process, Stack};
use simlab_sim::{Action as Deed, Limits, NodeSpec, Options, World, guard};
use std::sync::Arc;

/// The world of a variant, at the start of its story.
///
/// # Errors
/// If a service refuses the arguments that the scenario gives it.
pub fn build(setup: Setup<'_>) -> Result<World, Diagnostics> {
    build_planned(setup, &setup.plan())
}

/// The same where the plan of the seed is known.
pub(super) fn build_planned(setup: Setup<'_>, plan: &FaultPlan) -> Result<World, Diagnostics> {
    let Setup { scenario, catalogue, variant, seed, recording } = setup;
    let variant = &scenario.variants[variant];
    let mut world = World::new(Options { seed, recording, limits: limits(scenario) });
    let mut entries: Vec<&'static Entry> = Vec::new();
    for member in &variant.roster {
        let entry = catalogue.service(member.service).expect("the loader resolved all services");
        let arguments = Arguments {
            me: member.id,
            roster: &variant.roster,
            objects: &scenario.objects,
            switches: &variant.switches,
        };
        let layers = member.stack.iter().map(|layered| {
            let entry = catalogue.layer(layered.name).expect("the loader resolved all layers");
            (entry, layered)
        });
        let layers: Vec<_> = layers.collect();
        let built = guard(|| process(entry, &layers, &arguments)).unwrap_or_else(|caught| {
            let message = format!("building {} panicked: {caught}", entry.name);
            Err((None, BuildError { parameter: None, message }))
        });
        let process =
            built.map_err(|(layer, error)| scenario.refused(variant, member.id, layer, &error))?;
        let mut spec =
            on(variant.machines.get(member.id.index()), NodeSpec::new(&member.name, process))
                .of_service(member.service);
        if let Some(storm) = &scenario.storm {
            // Or what a storm did to a disk would outlast it.
            spec.restart_after = spec.restart_after.or(Some(storm.restart));
        }
        let node = world.add_node(match &member.site {
            Some(site) => spec.at_site(site),
            None => spec,
        });
        let stacked = Stacked::new(entry, layers.iter().map(|(layer, _)| *layer));
        world.set_insight(node, Arc::new(stacked));
        for entry in layers.iter().map(|(layer, _)| *layer).chain([entry]) {
            if !entries.iter().any(|known| known.name == entry.name) {
                entries.push(entry);
            }
        }
    }
    for invariant in entries.iter().flat_map(|entry| entry.invariants) {
        world.add_checker((invariant.build)());
    }
    if let Some(online) = promised::linearizable(scenario, setup.variant) {
        world.add_checker(Box::new(online));
    }
    world.set_default_link(scenario.network.default_link());
    world.set_same_site_link(scenario.network.same_site_link());
    for (from, to, link) in scenario.network.exceptions() {
        world.set_link(from, to, link);
    }
    if !scenario.decisions.is_empty() {
        world.follow(scenario.decisions.clone());
    }
    schedule_faults(&setup, plan, &mut world);
    for command in &scenario.commands {
        let bytes = Arc::from(command.text.as_bytes());
        world.schedule(command.at, Deed::Command { node: command.node, bytes });
    }
    for planned in workload(scenario, seed) {
        let bytes = Arc::from(planned.operation.to_bytes());
        world.schedule(planned.at, Deed::Command { node: planned.client, bytes });
    }
    Ok(world)
}

/// The service on its layers, or who refuses its arguments: the service, or a layer of it.
fn process(
    entry: &'static Entry,
    layers: &[(&'static Entry, &Layered)],
    arguments: &Arguments<'_>,
) -> Result<Box<dyn Process>, (Option<&'static str>, BuildError)> {
    let app = (entry.build)(arguments).map_err(|error| (None, error))?;
    let build = |(entry, layered): &(&'static Entry, &Layered)| {
        let layer = entry.layer.expect("what is listed as a layer is one");
        let shown_as = layer.shown_as.unwrap_or(entry.name);
        let built = (layer.build)(arguments, layered);
        Ok((shown_as, built.map_err(|error| (Some(entry.name), error))?))
    };
    let layers: Vec<_> = layers.iter().map(build).collect::<Result<_, _>>()?;
    Ok(if layers.is_empty() { app } else { Box::new(Stack::new(layers, app)) })
}

/// The node on its machine.
fn on(machine: Option<&Machine>, mut spec: NodeSpec) -> NodeSpec {
    if let Some(Machine { joins, clock, cost, sync_delay, restart_after }) = machine {
        spec = spec.joins(*joins).clock(*clock).cost(*cost).sync_delay(*sync_delay);
        spec.restart_after = *restart_after;
    }
    spec
}

fn limits(scenario: &Scenario) -> Limits {
    let default = Limits::default();
    let asked = &scenario.limits;
    Limits {
        events: asked.events.unwrap_or(default.events),
        in_flight_bytes: asked.in_flight_bytes.unwrap_or(default.in_flight_bytes),
        events_per_instant: asked
            .events_per_instant
            .map_or(default.events_per_instant, |n| u32::try_from(n).unwrap_or(u32::MAX)),
        ..default
    }
}

fn schedule_faults(setup: &Setup<'_>, plan: &FaultPlan, world: &mut World) {
    for (number, fault) in (1..).zip(plan.faults()) {
        let name = fault.called(number);
        let id = world.define_fault(name, fault.what.clone());
        for (at, until) in setup.spells(fault) {
            world.schedule(at, Deed::Begin(id));
            if let Some(until) = until {
                world.schedule(until, Deed::End(id));
            }
        }
    }
}
