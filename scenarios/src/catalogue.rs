//! The names that a scenario may use.

use simlab_core::{Call, Entry, Parameter, Value};

/// What exists: services, checks and models.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// The services that a node can run.
    pub services: Vec<&'static Entry>,
    /// The layers that a service can stand on.
    pub layers: Vec<&'static Entry>,
    /// The checks that an expectation can name. The invariants of the services that a variant runs
    /// can be named as well; they need not be listed here.
    pub checks: Vec<CheckSignature>,
    /// What an object can be.
    pub models: Vec<ModelSignature>,
}

/// A check, as scenarios know it.
#[derive(Clone, Copy, Debug)]
pub struct CheckSignature {
    /// Its name.
    pub name: &'static str,
    /// What it says, in one line.
    pub summary: &'static str,
    /// Whether it observes a number, rather than true or false.
    pub figure: bool,
    /// Its parameters. A text parameter called `site` must name a site or a node of the scenario,
    /// one called `object` an object.
    pub parameters: &'static [Parameter],
}

/// A kind of object, as scenarios know it.
#[derive(Clone, Copy, Debug)]
pub struct ModelSignature {
    /// Its name.
    pub name: &'static str,
    /// What it is, in one line.
    pub summary: &'static str,
    /// Whether the call means something to it.
    pub accepts: fn(&Call) -> bool,
    /// Whether the object can begin with this value ([`Value::Nil`] if the scenario gives none), or
    /// why not, as in "a stock begins with a whole number, at least 0".
    pub initial: fn(&Value) -> Result<(), String>,
}

impl Catalogue {
    /// The service of this name.
    #[must_use]
    pub fn service(&self, name: &str) -> Option<&'static Entry> {
        self.services.iter().copied().find(|s| s.name == name)
    }

    /// The layer of this name.
    #[must_use]
    pub fn layer(&self, name: &str) -> Option<&'static Entry> {
        self.layers.iter().copied().find(|layer| layer.name == name)
    }

    /// All services and layers.
    pub fn entries(&self) -> impl Iterator<Item = &'static Entry> + Clone + use<'_> {
        self.services.iter().chain(&self.layers).copied()
    }

    pub(crate) fn check(&self, name: &str) -> Option<&CheckSignature> {
        self.checks.iter().find(|c| c.name == name)
    }

    pub(crate) fn model(&self, name: &str) -> Option<&ModelSignature> {
        self.models.iter().find(|m| m.name == name)
    }
}
