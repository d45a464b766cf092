//! `simlab log`: a run, event by event.

mod filter;

use super::args::LogArgs;
use super::output::{Exit, Output};
use super::replay::Recorded;
use super::{script, story};
use filter::Filter;
use simlab_core::Seq;
use simlab_scenarios::Catalogue;
use simlab_scenarios::Words;
use simlab_scenarios::run::{Setup, build};
use simlab_scenarios::tracefile::{self, Reader, Tap};
use simlab_sim::Script;
use std::collections::BTreeSet;
use std::path::Path;

pub(super) fn log(args: &LogArgs, catalogue: &Catalogue, output: &mut Output) -> Exit {
    let file = Path::new(&args.scenario.scenario);
    let logged = if tracefile::is_one(file) {
        of_trace(file, args, catalogue, output)
    } else {
        of_scenario(args, catalogue, output)
    };
    match logged {
        Ok(exit) | Err(exit) => exit,
    }
}

/// Prints a run while it goes on.
fn of_scenario(args: &LogArgs, catalogue: &Catalogue, output: &mut Output) -> Result<Exit, Exit> {
    let ask = &args.scenario;
    let scenario = story::scenario(&ask.scenario, &ask.set, catalogue, output)?;
    let mut variants = story::variants(&scenario, args.variant.as_slice(), output)?;
    let (script, seed) = script::script(&args.script, &scenario, ask, &mut variants, output)?;
    let variant = variants.first().copied().unwrap_or(0);
    story::switched(&scenario, &[variant], &ask.set, output)?;
    let nodes: Vec<&str> = scenario.nodes.iter().map(|node| node.name.as_str()).collect();
    let mut filter = Filter::new(args, &scenario.name, &nodes, output)?;
    let setup = Setup { scenario: &scenario, catalogue, variant, seed, recording: false };
    if let Some(wanted) = args.event {
        let causes = causes(wanted, setup, script.as_ref(), output)?;
        filter.only(chain(wanted, &causes, output)?);
    }
    let mut world = build(setup).map_err(|problem| output.refuse(&problem))?;
    if let Some(script) = script {
        world.follow(script);
    }
    let tap = Tap::on(&mut world);
    while !output.closed() && world.step_until(scenario.until) {
        let words = Words { names: world.names(), setup: Some(setup) };
        for record in tap.take() {
            filter.print(&record.event(), &words, output);
        }
    }
    let name = &scenario.variants[variant].name;
    script::departures(name, &world, output);
    filter.finish(output);
    let hash = world.trace_hash();
    summary(&scenario.name, name, seed, hash, output);
    Ok(Exit::Passed)
}

/// The causes of the events of a run up to the wanted one: the run is made twice, so that none of its
/// events has to be kept.
fn causes(
    wanted: Seq,
    setup: Setup<'_>,
    script: Option<&Script>,
    output: &mut Output,
) -> Result<Vec<Option<Seq>>, Exit> {
    let mut world = build(setup).map_err(|problem| output.refuse(&problem))?;
    if let Some(script) = script {
        world.follow(script.clone());
    }
    let tap = Tap::on(&mut world);
    let mut causes = Vec::new();
    while causes.len() as u64 <= wanted.get() && world.step_until(setup.scenario.until) {
        causes.extend(tap.take().iter().map(|record| record.event().cause));
    }
    Ok(causes)
}

/// Prints a trace file: first it is checked, then the run is made again, since only what comes out
/// again can be read with the services of this build.
fn of_trace(
    path: &Path,
    args: &LogArgs,
    catalogue: &Catalogue,
    output: &mut Output,
) -> Result<Exit, Exit> {
    let ask = &args.scenario;
    let decided = args.variant.is_some() || args.script.decisions.is_some();
    if ask.seed.is_some() || !ask.set.is_empty() || decided {
        let what = "--seed, --set, --switch, --variant or --decisions";
        output.error(&format!("error: a trace file is of one run: it takes no {what}"));
        return Err(Exit::BadInput);
    }
    let recorded = Recorded::read(path).map_err(|problems| output.refuse(&problems))?;
    recorded.tell_version(output);
    let Recorded { header, script, footer } = recorded;
    let nodes: Vec<&str> = header.nodes.iter().map(String::as_str).collect();
    let mut filter = Filter::new(args, &header.scenario, &nodes, output)?;
    if let Some(wanted) = args.event {
        let mut reader = Reader::open(path).map_err(|problems| output.refuse(&problems))?;
        let mut causes = Vec::new();
        while reader.advance().map_err(|problems| output.refuse(&problems))? {
            causes.extend(reader.event().map(|event| event.cause));
            if causes.len() as u64 == wanted.get() {
                break;
            }
        }
        filter.only(chain(wanted, &causes, output)?);
    }
    let loaded = header.load(catalogue);
    let setup = match &loaded {
        Ok((scenario, variant)) => {
            let (variant, seed) = (*variant, header.seed);
            Some(Setup { scenario, catalogue, variant, seed, recording: false })
        }
        Err(_) => None,
    };
    let again = setup.and_then(|setup| {
        let mut world = build(setup).ok()?;
        if let Some(script) = script {
            world.follow(script);
        }
        world.run_until(setup.scenario.until);
        Some(world.trace_hash())
    });
    match again {
        Some(hash) if hash == footer.trace_hash => {}
        Some(hash) => output.error(&format!(
            "note: events only: this build makes another run of it (trace hash {hash:016x}), and may \
             read datagrams otherwise"
        )),
        None => output.error(
            "note: events only: this build cannot run the scenario, and datagrams stay unread",
        ),
    }
    let mut reader = Reader::open(path).map_err(|problems| output.refuse(&problems))?;
    while !output.closed() && reader.advance().map_err(|problems| output.refuse(&problems))? {
        let words = Words { names: reader.names(), setup };
        if let Some(event) = reader.event() {
            filter.print(&event, &words, output);
        }
    }
    filter.finish(output);
    summary(&header.scenario, &header.variant, header.seed, footer.trace_hash, output);
    Ok(Exit::Passed)
}

/// The events that led to one, and that one: all that is printed then. `causes` holds the cause of
/// each event from the first on, as far as they are wanted.
fn chain(wanted: Seq, causes: &[Option<Seq>], output: &mut Output) -> Result<BTreeSet<Seq>, Exit> {
    let cause = |seq: Seq| causes.get(usize::try_from(seq.get() - 1).unwrap_or(usize::MAX));
    if cause(wanted).is_none() {
        output.error(&format!("error: there is no event {wanted}: the run has {}", causes.len()));
        return Err(Exit::BadInput);
    }
    let before = |seq: &Seq| cause(*seq).copied().flatten();
    Ok(std::iter::successors(Some(wanted), before).collect())
}

fn summary(scenario: &str, variant: &str, seed: u64, hash: u64, output: &mut Output) {
    if !output.closed() {
        output.error(&format!("{scenario} · {variant} · seed {seed} · trace hash {hash:016x}"));
    }
}
