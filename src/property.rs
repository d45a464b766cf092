//! Scenarios as property tests: whatever the seed and the sizes, what the scenario expects holds.
//!
//! ```no_run
//! # const MY_SERVER: simlab::core::Entry = simlab::core::Entry::server("mine", "nothing", |_| unreachable!());
//! #[test]
//! fn the_register_is_linearizable() {
//!     simlab::property::Property::of("scenarios/register.toml")
//!         .services(&[&MY_SERVER])
//!         .size("workloads.count", 1..=40)
//!         .check();
//! }
//! ```
//!
//! proptest draws the seeds and the sizes. When something fails it is not proptest that looks for a smaller
//! case, since seeds have no order, but [`shrink`](simlab_scenarios::shrink): the counterexample is written under
//! `tests/regressions/` of the crate, and is run before anything else from then on. The message tells what had to happen and
//! how to replay it.
//!
//! `SIMLAB_SEED=7` runs one seed, with the sizes that `SIMLAB_SET=workloads.count=3` gives; `SIMLAB_RUNS=1000`
//! draws so many.

use crate::cli::quoted;
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use simlab_core::Entry;
use simlab_scenarios::report::{Status, report};
use simlab_scenarios::run::Setup;
use simlab_scenarios::shrink::{Budget, Replayed, shrink};
use simlab_scenarios::{Catalogue, Counterexample, Scenario, Source, WholeFile, load};
use std::fmt;
use std::fs;
use std::io::{ErrorKind, Write};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// So many cases are drawn if nobody says otherwise.
const RUNS: u32 = 100;

/// That a scenario's expectations hold whatever its seed and sizes.
#[derive(Clone, Debug)]
pub struct Property {
    scenario: PathBuf,
    entries: Vec<&'static Entry>,
    settings: Vec<(String, String)>,
    sizes: Vec<(String, RangeInclusive<u64>)>,
    runs: u32,
    root: PathBuf,
    budget: Budget,
}

/// Why a property does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What fails: a check, an invariant or a finding. Empty if it is the scenario that cannot be run.
    pub check: String,
    /// The counterexample, if one could be written.
    pub file: Option<PathBuf>,
    /// What had to happen, a sentence each.
    pub story: Vec<String>,
    /// All that there is to say.
    message: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// A case that fails.
struct Case {
    seed: u64,
    settings: Vec<(String, String)>,
}

impl Property {
    /// That of a scenario file, whose path is one in the crate that is tested.
    #[must_use]
    pub fn of(scenario: impl Into<PathBuf>) -> Self {
        // `cargo test` tells where the crate is.
        let root = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(PathBuf::new, PathBuf::from);
        Property {
            scenario: scenario.into(),
            entries: Vec::new(),
            settings: Vec::new(),
            sizes: Vec::new(),
            runs: RUNS,
            root,
            budget: Budget::default(),
        }
    }

    /// With these services beside the lab's.
    #[must_use]
    pub fn services(mut self, entries: &[&'static Entry]) -> Self {
        self.entries.extend(entries);
        self
    }

    /// With a setting as `--set` has it.
    #[must_use]
    pub fn set(mut self, key: &str, value: &str) -> Self {
        self.settings.push((key.to_owned(), value.to_owned()));
        self
    }

    /// With a number to be drawn for a setting: `workloads.count`, or a parameter of a service.
    #[must_use]
    pub fn size(mut self, key: &str, range: RangeInclusive<u64>) -> Self {
        self.sizes.push((key.to_owned(), range));
        self
    }

    /// With so many cases, unless `SIMLAB_RUNS` says otherwise; 100 if nothing is said.
    #[must_use]
    pub const fn runs(mut self, runs: u32) -> Self {
        self.runs = runs;
        self
    }

    /// With so many candidates for a counterexample.
    #[must_use]
    pub const fn budget(mut self, budget: Budget) -> Self {
        self.budget = budget;
        self
    }

    /// In this folder instead of that of the crate: the scenario is there, and so is `tests/regressions/`.
    #[must_use]
    pub fn root(mut self, root: impl Into<PathBuf>) -> Self {
        self.root = root.into();
        self
    }

    /// Runs what failed once, and then the drawn cases.
    ///
    /// # Panics
    /// If something fails, with the story of it.
    pub fn check(&self) {
        if let Err(failure) = self.try_check() {
            panic!("{failure}");
        }
    }

    /// Runs what failed once, and then the drawn cases. Returns how many cases there were: at least one.
    ///
    /// # Errors
    /// The first failure.
    pub fn try_check(&self) -> Result<u32, Failure> {
        let catalogue = Catalogue::with(&self.entries);
        self.regressions(&catalogue)?;
        if let Some(seed) = variable::<u64>("SIMLAB_SEED")? {
            let settings = self.asked_for()?;
            return self.one(&catalogue, &Case { seed, settings }).map(|()| 1);
        }
        let cases = variable("SIMLAB_RUNS")?.unwrap_or(self.runs);
        if cases == 0 {
            return Err(Failure::plain("no case is to be run, which shows nothing".to_owned()));
        }
        let config = Config {
            cases,
            // Seeds have no order.
            max_shrink_iters: 0,
            failure_persistence: None,
            ..Config::default()
        };
        let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let mut runner = TestRunner::new_with_rng(config, rng);
        let sizes: Vec<_> = self.sizes.iter().map(|(_, range)| range.clone().boxed()).collect();
        let drawn = (proptest::num::u64::ANY, sizes);
        let failed = std::cell::RefCell::new(None);
        let outcome = runner.run(&drawn, |(seed, sizes)| {
            let names = self.sizes.iter().map(|(name, _)| name.clone());
            let sizes = names.zip(sizes.iter().map(u64::to_string));
            let settings = self.settings.iter().cloned().chain(sizes).collect();
            let case = Case { seed, settings };
            self.passes(&catalogue, &case).map_err(|why| {
                *failed.borrow_mut() = Some(case);
                TestCaseError::fail(why)
            })
        });
        match (outcome, failed.into_inner()) {
            (Ok(()), _) => Ok(cases),
            (Err(_), Some(case)) => self.one(&catalogue, &case).map(|()| cases),
            (Err(TestError::Abort(why) | TestError::Fail(why, _)), None) => {
                Err(Failure::plain(why.to_string()))
            }
        }
    }

    /// The settings of one run that is asked for.
    fn asked_for(&self) -> Result<Vec<(String, String)>, Failure> {
        let mut settings = self.settings.clone();
        let all = variable::<String>("SIMLAB_SET")?.filter(|all| !all.is_empty());
        for setting in all.iter().flat_map(|all| all.split(',')) {
            let Some((key, value)) = setting.split_once('=') else {
                let message = format!("SIMLAB_SET: expected KEY=VALUE,…, found `{setting}`");
                return Err(Failure::plain(message));
            };
            settings.push((key.to_owned(), value.to_owned()));
        }
        Ok(settings)
    }

    fn load(&self, catalogue: &Catalogue, case: &Case) -> Result<Scenario, Failure> {
        let path = self.root.join(&self.scenario);
        let name = self.scenario.display().to_string();
        let text = fs::read_to_string(&path)
            .map_err(|error| Failure::plain(format!("cannot read {name}: {error}")))?;
        load(Source::new(name, text), catalogue, &case.settings)
            .map_err(|problems| Failure::plain(problems.render(false)))
    }

    /// Whether a case passes; else what does not.
    fn passes(&self, catalogue: &Catalogue, case: &Case) -> Result<(), String> {
        let scenario = self.load(catalogue, case).map_err(|failure| failure.message)?;
        match first_failure(&scenario, catalogue, case.seed)? {
            None => Ok(()),
            Some(Broken { check, detail, .. }) => Err(format!("{check}: {detail}")),
        }
    }

    /// A case, with all that there is to say of it if it fails.
    fn one(&self, catalogue: &Catalogue, case: &Case) -> Result<(), Failure> {
        let scenario = self.load(catalogue, case)?;
        let seed = case.seed;
        let found = first_failure(&scenario, catalogue, seed).map_err(Failure::plain)?;
        let Some(Broken { variant, check, detail, inconclusive }) = found else { return Ok(()) };
        let name = &scenario.variants[variant].name;
        let set = |(key, value): &(String, String)| quoted(&format!("{key}={value}"));
        let all: String = case.settings.iter().map(|one| format!(" --set {}", set(one))).collect();
        // What the property itself sets need not be said to it.
        let drawn: Vec<String> = case.settings.iter().skip(self.settings.len()).map(set).collect();
        let drawn = if drawn.is_empty() {
            String::new()
        } else {
            format!(" SIMLAB_SET={}", drawn.join(","))
        };
        let (file, shown) = (quoted(&self.scenario.display().to_string()), quoted(name));
        let mut lines = vec![
            format!("{} ({name}, seed {seed}): {check}: {detail}", scenario.name),
            format!("  SIMLAB_SEED={seed}{drawn} cargo test{}", test()),
            format!("  cargo run -- run {file} --seed {seed}{all} --variant {shown}"),
        ];
        let mut failure = Failure { check, ..Failure::plain(String::new()) };
        if !inconclusive {
            let setup = Setup { scenario: &scenario, catalogue, variant, seed, recording: false };
            match shrink(&setup, &failure.check, self.budget) {
                Ok(small) => {
                    lines.extend(small.story.iter().map(|sentence| format!("    {sentence}")));
                    let stem = format!("{}-{seed}-{name}-{}", scenario.name, failure.check);
                    match keep(&self.root, &stem, |replay| small.to_toml(replay)) {
                        Ok(path) => {
                            lines.push(format!("  {}", replay(&path)));
                            lines.push(format!("  {}", tui(&path)));
                            failure.file = Some(path);
                        }
                        Err(error) => {
                            lines.push(format!("  cannot write into {REGRESSIONS}: {error}"));
                        }
                    }
                    failure.story = small.story;
                }
                Err(error) => lines.push(format!("  not made small: {error}")),
            }
        }
        failure.message = lines.join("\n");
        Err(failure)
    }

    /// What failed once: it must not fail any more, or, if it has switches on, only because of them.
    fn regressions(&self, catalogue: &Catalogue) -> Result<(), Failure> {
        let folder = self.root.join(REGRESSIONS);
        let unread = |error| Failure::plain(format!("cannot read {REGRESSIONS}: {error}"));
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries.map(|entry| Ok(entry.map_err(unread)?.path())),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(unread(error)),
        };
        let mut files: Vec<PathBuf> = entries.collect::<Result<_, Failure>>()?;
        files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
        files.sort();
        let name = self.load(catalogue, &Case { seed: 0, settings: self.settings.clone() })?.name;
        for file in files {
            let shown = file.strip_prefix(&self.root).unwrap_or(&file).display().to_string();
            let text = fs::read_to_string(&file)
                .map_err(|error| Failure::plain(format!("cannot read {shown}: {error}")))?;
            // Those of other properties may be of services that this one does not know.
            if Counterexample::of_text(&text).is_some_and(|of| of != name) {
                continue;
            }
            let scenario = load(Source::new(&shown[..], text), catalogue, &[])
                .map_err(|problems| Failure::plain(problems.render(false)))?;
            if scenario.counterexample.is_none() {
                continue;
            }
            regression(&scenario, catalogue, &shown, &file)?;
        }
        Ok(())
    }
}

/// One counterexample.
fn regression(
    scenario: &Scenario,
    catalogue: &Catalogue,
    shown: &str,
    file: &Path,
) -> Result<(), Failure> {
    let fails = |scenario: &Scenario| match Replayed::of(scenario, catalogue) {
        Ok(replayed) => Ok(replayed.and_then(|replayed| replayed.detail)),
        Err(problems) => Err(Failure::plain(problems.render(false))),
    };
    let check = scenario.counterexample.as_ref().map_or("", |of| &of.check).to_owned();
    let path = Path::new(shown);
    let replay = format!("{}\n  {}", replay(path), tui(path));
    let mut control = scenario.clone();
    control.variants.iter_mut().for_each(|variant| variant.switches.clear());
    let switched = scenario.variants.iter().any(|variant| !variant.switches.is_empty());
    if let Some(detail) = fails(&control)? {
        let story = simlab_scenarios::narrative(scenario, catalogue).unwrap_or_default();
        let told: String = story.iter().map(|sentence| format!("    {sentence}\n")).collect();
        let message = format!("{shown} fails again: {check}: {detail}\n{told}  {replay}");
        return Err(Failure { check, file: Some(file.to_owned()), story, message });
    }
    if switched && fails(scenario)?.is_none() {
        let message = format!("{shown}: {check} does not see its switches any more\n  {replay}");
        return Err(Failure { check, file: Some(file.to_owned()), ..Failure::plain(message) });
    }
    Ok(())
}

impl Failure {
    fn plain(message: String) -> Self {
        Failure { check: String::new(), file: None, story: Vec::new(), message }
    }
}

/// What is not as expected in a run.
struct Broken {
    variant: usize,
    check: String,
    detail: String,
    /// It is only that a checker gave up.
    inconclusive: bool,
}

/// The first thing that is not as expected in a run of all variants.
fn first_failure(
    scenario: &Scenario,
    catalogue: &Catalogue,
    seed: u64,
) -> Result<Option<Broken>, String> {
    let variants: Vec<usize> = (0..scenario.variants.len()).collect();
    let report = report(scenario, catalogue, seed, &variants, false)
        .map_err(|problems| problems.render(false))?;
    let mut first: Option<Broken> = None;
    for variant in &report.variants {
        let checks = variant.checks.iter().filter(|check| check.status != Status::Passed);
        let checks = checks.map(|check| {
            let inconclusive = check.status == Status::Inconclusive;
            (check.name.clone(), check.detail.clone(), inconclusive)
        });
        let findings = variant.findings.iter();
        let findings = findings.map(|one| (one.name.to_owned(), one.detail.clone(), false));
        // After a panic, or if a client recorded what cannot be, no verdict means what it says.
        for (check, detail, inconclusive) in findings.chain(checks) {
            // What failed says more than what nobody could tell.
            if first.as_ref().is_none_or(|first| first.inconclusive && !inconclusive) {
                first = Some(Broken { variant: variant.variant, check, detail, inconclusive });
            }
        }
    }
    Ok(first)
}

/// The name of the test that runs, after a space: other properties may know nothing of its sizes.
#[allow(
    clippy::disallowed_methods,
    reason = "a test's thread has its name, and only people read it"
)]
fn test() -> String {
    let thread = std::thread::current();
    let name = thread.name().filter(|name| *name != "main");
    name.map(|name| format!(" {name}")).unwrap_or_default()
}

/// Where counterexamples are kept.
const REGRESSIONS: &str = "tests/regressions";

fn replay(path: &Path) -> String {
    format!("cargo run -- replay {}", quoted(&path.display().to_string()))
}

fn tui(path: &Path) -> String {
    format!("cargo run -- tui {}", quoted(&path.display().to_string()))
}

/// Writes a counterexample under a name that nothing else has, and returns its path in the crate. If a file of
/// its name says the same already, that is it.
fn keep(root: &Path, stem: &str, text: impl Fn(&str) -> String) -> std::io::Result<PathBuf> {
    // Tests are threads of one process, and would finish each other's files.
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    fs::create_dir_all(root.join(REGRESSIONS))?;
    for number in 1_u64.. {
        let again = if number == 1 { String::new() } else { format!("-{number}") };
        let path = Path::new(REGRESSIONS).join(format!("{stem}{again}.toml"));
        let text = text(&replay(&path));
        match fs::read(root.join(&path)) {
            Ok(there) if there == text.as_bytes() => return Ok(path),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let mut file = WholeFile::create(&root.join(&path))?;
                file.write_all(text.as_bytes())?;
                file.finish()?;
                return Ok(path);
            }
            Err(error) => return Err(error),
        }
    }
    Err(std::io::Error::other("no name is left"))
}

/// A variable of the environment, if it is set.
fn variable<T: std::str::FromStr>(name: &str) -> Result<Option<T>, Failure> {
    let Some(text) = std::env::var_os(name) else { return Ok(None) };
    let text = text.to_string_lossy();
    match text.parse() {
        Ok(value) => Ok(Some(value)),
        Err(_) => Err(Failure::plain(format!("{name}: cannot make anything of `{text}`"))),
    }
}
