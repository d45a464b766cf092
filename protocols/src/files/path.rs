//! The way from a source to a sink, and back: each node names the next one.

use super::{RELAY, SINK};
use simlab_core::{Argument, Arguments, BuildError, NodeId, Parameter, ParameterKind};

/// The node that comes after this one.
pub(super) const NEXT: Parameter = Parameter {
    name: "next",
    kind: ParameterKind::Node,
    default: None,
    help: "the next node on the way to the sink: a file-relay, or the file-sink",
};

/// The next node on the way to the sink.
pub(super) fn next(args: &Arguments<'_>) -> Result<NodeId, BuildError> {
    let next = args.node(NEXT.name);
    let member = &args.roster[next.index()];
    if next == args.me || ![RELAY.name, SINK.name].contains(&member.service) {
        let (name, service) = (&member.name, member.service);
        let what = if next == args.me { "itself" } else { service };
        let message = format!("`next` is `{name}`, which is {what}: a file-relay or a file-sink");
        return Err(BuildError { parameter: Some(NEXT.name), message });
    }
    Ok(next)
}

/// The node whose next one this is; `None` if no way leads here.
pub(super) fn previous(args: &Arguments<'_>) -> Result<Option<NodeId>, BuildError> {
    let me = Argument::Node(args.me);
    let mut before = args.roster.iter().filter(|m| m.arguments.get(NEXT.name) == Some(&me));
    let first = before.next();
    if let (Some(first), Some(second)) = (first, before.next()) {
        let message = format!(
            "it is the `next` of `{}` and of `{}`: a relay has one way back",
            first.name, second.name
        );
        return Err(BuildError { parameter: None, message });
    }
    Ok(first.map(|member| member.id))
}
