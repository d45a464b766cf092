//! `simlab diff`.

use super::args::DiffArgs;
use super::output::{Exit, Output};
use simlab_scenarios::Catalogue;

pub(super) fn diff(_args: &DiffArgs, _catalogue: &Catalogue, _output: &mut Output) -> Exit {
    Exit::BadInput
}
