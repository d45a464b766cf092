//! Golden files, and sweeps over seeds.

/// Compares the log with a golden file; `SNAPSHOTS=overwrite` writes the file.
pub(crate) fn golden(name: &str, log: &[String]) {
    let path = format!("{}/tests/golden/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    let found = log.join("\n") + "\n";
    if std::env::var_os("SNAPSHOTS").is_some_and(|how| how == "overwrite") {
        std::fs::write(&path, &found).expect("the golden file can be written");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "{path} differs; SNAPSHOTS=overwrite accepts this:\n{found}");
}

/// Runs `body` for many seeds, or for the one in `SIMLAB_SEED`; a failure names its seed.
pub(crate) fn seeds(test: &str, count: u64, mut body: impl FnMut(u64)) {
    let one = std::env::var("SIMLAB_SEED")
        .ok()
        .map(|text| text.parse().expect("SIMLAB_SEED is a number"));
    let count = match std::env::var("SIMLAB_RUNS") {
        Ok(text) => text.parse().expect("SIMLAB_RUNS is a number"),
        Err(_) => count,
    };
    for seed in one.map_or(0..count, |seed| seed..seed + 1) {
        let run = std::panic::AssertUnwindSafe(|| body(seed));
        if std::panic::catch_unwind(run).is_err() {
            panic!("seed {seed} failed: SIMLAB_SEED={seed} cargo test -p simlab-protocols {test}");
        }
    }
}
