//! From a table of nodes to processes, as the scenario loader does it.

use simlab_core::{Arguments, Entry, Member, NodeId, Process};
use std::collections::BTreeMap;

/// A node: its name, its service, and what it is given.
pub(crate) type Spec<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)]);

pub(super) type Built = (&'static Entry, String, Box<dyn Process>);

pub(super) fn build(spec: &[Spec<'_>]) -> Vec<Built> {
    let find = |name: &str| {
        let index = spec.iter().position(|(node, ..)| *node == name)?;
        Some(NodeId(index as u32))
    };
    let entry = |service: &str| -> &'static Entry {
        let mut entries = simlab_protocols::entries().iter();
        entries.find(|entry| entry.name == service).expect("a service")
    };
    let member = |(id, (name, service, given)): (usize, &Spec<'_>)| {
        let entry = entry(service);
        for (argument, _) in *given {
            assert!(entry.parameters.iter().any(|p| p.name == *argument), "{argument}");
        }
        let arguments = entry.parameters.iter().map(|parameter| {
            let given = given.iter().find(|(name, _)| *name == parameter.name);
            let text = given.map(|(_, text)| *text).or(parameter.default);
            let text = text.unwrap_or_else(|| panic!("{} is needed", parameter.name));
            (parameter.name, parameter.kind.parse(text, &find).expect("a good argument"))
        });
        let arguments: BTreeMap<_, _> = arguments.collect();
        let (id, name) = (NodeId(id as u32), (*name).to_owned());
        Member { id, name, site: None, service: entry.name, arguments, stack: Vec::new() }
    };
    let roster: Vec<Member> = spec.iter().enumerate().map(member).collect();
    let build = |member: &Member| {
        let entry = entry(member.service);
        let (objects, switches) = (&[], &[]);
        let arguments = Arguments { me: member.id, roster: &roster, objects, switches };
        let process = (entry.build)(&arguments);
        (entry, member.name.clone(), process.expect("it can be built"))
    };
    roster.iter().map(build).collect()
}
