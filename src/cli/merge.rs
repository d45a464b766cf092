//! `simlab merge`: the report of a sweep from the results of its shards.

use super::args::MergeArgs;
use super::output::{Exit, Output};
use super::progress::Progress;
use super::shrunk::Counterexamples;
use super::story;
use super::summary::{Summary, exit};
use simlab_scenarios::sweep::{Header, Seeds, Shard, Shards, Sweep};
use simlab_scenarios::{Catalogue, load};
use std::fmt::Display;

pub(super) fn merge(args: &MergeArgs, catalogue: &Catalogue, output: &mut Output) -> Exit {
    match try_merge(args, catalogue, output) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn try_merge(args: &MergeArgs, catalogue: &Catalogue, output: &mut Output) -> Result<Exit, Exit> {
    let all = !args.partial;
    let shards = Shards::open(&args.files, all).map_err(|error| refuse(&error, output))?;
    let header = shards.header().clone();
    let build = env!("CARGO_PKG_VERSION");
    if header.simlab != build {
        let words = format!("the results are of simlab {}, and this is {build}", header.simlab);
        return Err(refuse(&words, output));
    }
    let settings = &header.settings;
    let scenario = load(header.source.clone(), catalogue, settings);
    let scenario = &scenario.map_err(|problems| output.refuse(&problems))?;
    let variants = &story::variants(scenario, &header.variants, output)?[..];
    if variants.len() != header.variants.len() {
        return Err(refuse(&"the results name a variant twice", output));
    }
    let (seeds, shard) = (header.seeds, Shard::WHOLE);
    let sweep = Sweep { scenario, catalogue, variants, seeds, shard, jobs: 1 };
    let goals = Header::of(&sweep, settings).goals;
    if header.goals != goals {
        let (found, own) = (header.goals.join(", "), goals.join(", "));
        let words =
            format!("the results have the coverage goals {found}, and this build has {own}");
        return Err(refuse(&words, output));
    }
    let mut progress = Progress::new(seeds.count(), None);
    let merged = shards.merge(&sweep, all, |tally| {
        progress.tell(tally);
        !(args.until_failure && tally.violated > 0)
    });
    progress.finish();
    let tally = merged.map_err(|error| refuse(&error, output))?;
    if tally.runs() == 0 {
        let words = format!("there are no results of seed {}, the first", seeds.from);
        return Err(refuse(&words, output));
    }
    let (format, lang, wall) = (args.format, args.lang.as_deref(), progress.elapsed());
    let small = &Counterexamples::default();
    Summary { scenario, settings, format, lang, wall, small }.print(&tally, output);
    if let Ok(from) = u64::try_from(tally.seeds.to)
        && tally.seeds.to < seeds.to
    {
        let left = Seeds { from, to: seeds.to };
        let why = if args.until_failure && tally.violated > 0 { "stopped" } else { "partial" };
        output.error(&format!("{why}: seeds {left} are not in this report"));
    }
    Ok(exit(&tally))
}

fn refuse(error: &dyn Display, output: &mut Output) -> Exit {
    output.error(&format!("error: {error}"));
    Exit::BadInput
}
