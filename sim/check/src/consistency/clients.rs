//! What clients are called in sentences.

use simlab_core::NodeId;

/// How those who read a sentence know the clients of a history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clients<'a> {
    /// By the numbers of their nodes: "n3".
    #[default]
    Nodes,
    /// As the processes of a recorded history: "process 3".
    Processes,
    /// By these names, one for each node from 0 on; one that has none is called by its number.
    Named(&'a [String]),
}

impl Clients<'_> {
    /// The name of the client on this node.
    #[must_use]
    pub fn name(self, node: NodeId) -> String {
        match self {
            Clients::Nodes => node.to_string(),
            Clients::Processes => format!("process {}", node.0),
            Clients::Named(names) => {
                names.get(node.0 as usize).map_or_else(|| node.to_string(), Clone::clone)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_called_as_their_readers_know_them() {
        let names = ["beijing".to_owned()];
        let named = Clients::Named(&names);
        assert_eq!(
            (Clients::Nodes.name(NodeId(1)), named.name(NodeId(1))),
            ("n1".into(), "n1".into())
        );
        assert_eq!(
            (Clients::Processes.name(NodeId(0)), named.name(NodeId(0))),
            ("process 0".into(), "beijing".into())
        );
    }
}
