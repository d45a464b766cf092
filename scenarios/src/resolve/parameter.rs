//! Parameters of services and checks.

use super::names::Names;
use crate::diagnostic::{Diagnostic, Problems, Span, clip};
use crate::format::part::At;
use crate::format::scalar::Given;
use simlab_core::{Argument, Parameter, ParameterError, ParameterKind};
use std::collections::BTreeSet;

/// Reads values of parameters. What is wrong with a value is reported once, however many nodes and
/// variants it is for.
#[derive(Default)]
pub(super) struct Values {
    reported: BTreeSet<(Span, String)>,
}

impl Values {
    /// The value of `parameter` of `owner`, a service or a check.
    pub(super) fn read(
        &mut self,
        given: &At<Given>,
        owner: &str,
        parameter: &Parameter,
        names: &Names<'_>,
        problems: &mut Problems,
    ) -> Option<Argument> {
        let Given { text, string } = &given.value;
        let name = parameter.name;
        let wrong_kind =
            matches!(parameter.kind, ParameterKind::Node | ParameterKind::Text) && !string;
        let read = if wrong_kind {
            Err(format!("`{name}` of `{owner}`: expected a string, found `{}`", clip(text)))
        } else {
            match parameter.kind.parse(text, &|name| names.node(name)) {
                Ok(argument) => Ok(argument),
                Err(ParameterError::Node) => {
                    if self.first(given.span, "node") {
                        problems.unknown(given.span, "node", "nodes", text, names.of_nodes());
                    }
                    return None;
                }
                Err(ParameterError::Choice(words)) => {
                    if self.first(given.span, "choice") {
                        let what = format!("value of `{name}` of `{owner}`:");
                        let known = words.iter().copied();
                        problems.unknown(given.span, &what, "values", text, known);
                    }
                    return None;
                }
                Err(error) => Err(format!("`{name}` of `{owner}`: {error}")),
            }
        };
        match read {
            Ok(argument) => Some(argument),
            Err(message) => {
                if self.first(given.span, &message) {
                    let help = format!("`{name}`: {} ({})", parameter.help, parameter.kind);
                    problems.push(Diagnostic::at(given.span, message).help(help));
                }
                None
            }
        }
    }

    /// Whether this mistake is new.
    fn first(&mut self, span: Span, message: &str) -> bool {
        self.reported.insert((span, message.to_owned()))
    }
}

/// The default of a parameter, which the one who declared it must have made valid.
pub(super) fn default(parameter: &Parameter, names: &Names<'_>) -> Option<Argument> {
    parameter.kind.parse(parameter.default?, &|name| names.node(name)).ok()
}
