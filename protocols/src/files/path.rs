//! The way from a source to a sink, and back: each node names the next one.

use super::{RELAY, SINK, SOURCE};
use simlab_core::{Argument, Arguments, BuildError, Member, NodeId, Parameter, ParameterKind};

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

/// The nodes whose next one this is.
fn before<'a>(args: &Arguments<'a>, node: NodeId) -> impl Iterator<Item = &'a Member> {
    let next = Argument::Node(node);
    args.roster.iter().filter(move |member| member.arguments.get(NEXT.name) == Some(&next))
}

/// The ways that end here: the last node of each, and the source that it comes from, if any.
pub(super) fn ways<'a>(args: &Arguments<'a>) -> impl Iterator<Item = (NodeId, Option<&'a Member>)> {
    before(args, args.me).map(|last| {
        let mut member = Some(last);
        // No way is longer than there are nodes, unless it leads round and round.
        for _ in args.roster {
            match member {
                Some(at) if at.service == SOURCE.name => break,
                Some(at) => member = before(args, at.id).next(),
                None => break,
            }
        }
        (last.id, member.filter(|member| member.service == SOURCE.name))
    })
}

/// The node whose next one this is; `None` if no way leads here.
pub(super) fn previous(args: &Arguments<'_>) -> Result<Option<NodeId>, BuildError> {
    let mut before = before(args, args.me);
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
