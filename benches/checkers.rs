//! How fast histories are judged. `cargo bench --bench checkers` runs it; `benches/README.md` says what was
//! measured.

#![allow(missing_docs, reason = "the macros of the harness make public functions")]
#![allow(unreachable_pub, reason = "a bench has no callers")]

mod histories;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use histories::{History, Kind, drawn};
use simlab_check::{Limits, Linearizer, Verdict, model};
use std::time::Duration;

/// The allocator of `simlab`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// So many configurations are enough for all of these.
const LIMITS: Limits = Limits { configurations: 100_000_000 };

fn judge(kind: Kind, history: &History) -> bool {
    let mut linearizer = Linearizer::new(LIMITS);
    let model = model(kind.model()).expect("it is in the table");
    linearizer.declare_others(model.object(&kind.initial()).expect("it fits"));
    linearizer.finish(history);
    match linearizer.verdict(history) {
        Verdict::Linearizable => true,
        Verdict::NotLinearizable(_) => false,
        Verdict::Unknown { why } => panic!("{why}"),
    }
}

fn measured(c: &mut Criterion, kind: Kind, cases: &[(u32, u32)]) {
    let mut group = c.benchmark_group(kind.name());
    group.sample_size(10).warm_up_time(Duration::from_millis(300));
    group.measurement_time(Duration::from_secs(1));
    for &(operations, clients) in cases {
        for valid in [true, false] {
            let history = drawn(kind, operations, clients, valid);
            let sign = if valid { "valid" } else { "invalid" };
            assert_eq!(judge(kind, &history), valid, "{} {operations} {clients}", kind.name());
            group.throughput(Throughput::Elements(operations.into()));
            let name = BenchmarkId::new(format!("{operations}-by-{clients}"), sign);
            group.bench_function(name, |b| b.iter(|| judge(kind, &history)));
        }
    }
}

fn unique(c: &mut Criterion) {
    let cases = [(10_000, 5), (10_000, 20), (10_000, 100), (100_000, 20), (1_000_000, 20)];
    measured(c, Kind::Unique, &cases);
    let cases = [(10_000, 5), (10_000, 20), (10_000, 100), (100_000, 20)];
    measured(c, Kind::Cas, &cases);
    measured(c, Kind::Queue, &cases);
    measured(c, Kind::Set, &cases);
    measured(c, Kind::SetRead, &cases);
    measured(c, Kind::Append, &[(1_000, 5), (1_000, 20), (4_000, 20)]);
}

fn five(c: &mut Criterion) {
    let cases = [(500, 8), (1_000, 8), (2_000, 2), (2_000, 4), (2_000, 8), (2_000, 12), (4_000, 8)];
    measured(c, Kind::FiveValues, &cases);
}

criterion_group!(checkers, unique, five);
criterion_main!(checkers);
