//! The checker that goes along with a run says the same as that of the finished history: of every lesson, every
//! variant.

mod common;

use common::{catalogue, lessons, scenario, seeds};
use simlab::check::{Limits, Linearizer, Online, Verdict, model};
use simlab::scenarios::report::judge;
use simlab::scenarios::run::{Setup, build, run};
use simlab::scenarios::{lesson, load};

#[test]
fn a_run_is_objected_to_where_its_history_breaks() {
    let catalogue = catalogue();
    let (mut fine, mut broken) = (0, 0);
    for name in lessons() {
        let scenario = scenario(name, &catalogue);
        let mut linearizer = Linearizer::new(Limits::default());
        for object in &scenario.objects {
            let model = model(object.model).expect("the loader knows the models");
            linearizer.declare(&object.name, model.object(&object.initial).expect("it fits"));
        }
        for variant in 0..scenario.variants.len() {
            for seed in seeds(1..3) {
                let recording = false;
                let (scenario, catalogue) = (&scenario, &catalogue);
                let setup = Setup { scenario, catalogue, variant, seed, recording };
                let mut world = build(setup).expect("a lesson can be run");
                world.add_checker(Box::new(Online::new(linearizer.clone())));
                world.run_until(scenario.until);
                let objection = world.findings().iter().find(|f| f.name == "linearizable");
                let mut finished = linearizer.clone();
                finished.finish(world.history());
                let replay = format!("SIMLAB_SEED={seed} cargo test --test online ({name})");
                match finished.verdict(world.history()) {
                    Verdict::NotLinearizable(first) => {
                        let objection = objection.unwrap_or_else(|| panic!("{first}: {replay}"));
                        assert_eq!(objection.at, first.at, "{replay}");
                        broken += 1;
                    }
                    _ => {
                        assert!(objection.is_none(), "{objection:?}: {replay}");
                        fine += 1;
                    }
                }
            }
        }
    }
    assert!(seeds(1..3).len() < 2 || fine > 10 && broken > 2, "{fine} fine, {broken} broken");
}

/// Where a lesson promises an order to every seed, it is judged as it goes along without being asked to.
#[test]
fn what_a_lesson_promises_is_judged_as_it_runs() {
    let catalogue = catalogue();
    let source = lesson("kv_storm").expect("a lesson");
    let switch = ("switch".to_owned(), "quorum-of-half".to_owned());
    let scenario = load(source, &catalogue, &[switch]).expect("it is a lesson");
    let variant = scenario.variant("caspaxos").expect("a variant");
    let (scenario, catalogue) = (&scenario, &catalogue);
    let setup = Setup { scenario, catalogue, variant, seed: 5, recording: false };
    let report = judge(run(setup).expect("a lesson can be run"));
    let mut findings = report.run.world.findings().iter();
    let objection = findings.find(|finding| finding.name == "linearizable").expect("half is none");
    let first = report.first_break.as_ref().expect("the finished history says so too");
    assert_eq!(objection.at, first.at);
}
