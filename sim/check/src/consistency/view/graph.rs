//! What must come before what, and whether that can be.

/// No operation.
pub(super) const NONE: usize = usize::MAX;

/// Something must come before something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edge {
    pub(super) from: usize,
    pub(super) to: usize,
    /// An operation that is neither end, and without which it would not be so; or [`NONE`].
    pub(super) via: usize,
}

impl Edge {
    pub(super) const fn new(from: usize, to: usize) -> Self {
        Edge { from, to, via: NONE }
    }

    pub(super) const fn via(from: usize, to: usize, via: usize) -> Self {
        Edge { from, to, via }
    }
}

/// The edges that end at each node: `ending[start[node]..start[node + 1]]`.
#[derive(Debug)]
pub(super) struct Ending {
    start: Vec<usize>,
    ending: Vec<usize>,
}

impl Ending {
    pub(super) fn new(nodes: usize, edges: &[Edge]) -> Self {
        let mut start = vec![0; nodes + 1];
        for edge in edges {
            start[edge.to + 1] += 1;
        }
        for node in 0..nodes {
            start[node + 1] += start[node];
        }
        let mut next = start.clone();
        let mut ending = vec![0; edges.len()];
        for (index, edge) in edges.iter().enumerate() {
            ending[next[edge.to]] = index;
            next[edge.to] += 1;
        }
        Ending { start, ending }
    }

    /// The numbers of the edges that end at `node`.
    pub(super) fn at(&self, node: usize) -> &[usize] {
        &self.ending[self.start[node]..self.start[node + 1]]
    }

    /// The number of the edge in this place of all those that end anywhere, ordered by their ends.
    pub(super) fn nth(&self, place: usize) -> usize {
        self.ending[place]
    }

    /// The places of the edges that end at `node`.
    pub(super) fn places(&self, node: usize) -> std::ops::Range<usize> {
        self.start[node]..self.start[node + 1]
    }
}

/// The numbers of edges that form a cycle, if there is one.
///
/// Nodes that nothing has to follow are taken away, the last ones first (Kahn 1962). What cannot be
/// taken away leads to a cycle: whoever goes on from there along any edges comes back.
pub(super) fn cycle(nodes: usize, edges: &[Edge]) -> Option<Vec<usize>> {
    let ending = Ending::new(nodes, edges);
    let mut leaving = vec![0_usize; nodes];
    for edge in edges {
        leaving[edge.from] += 1;
    }
    let mut last: Vec<usize> = (0..nodes).filter(|&node| leaving[node] == 0).collect();
    let mut taken = 0;
    while let Some(node) = last.pop() {
        taken += 1;
        for &index in ending.at(node) {
            let from = edges[index].from;
            leaving[from] -= 1;
            if leaving[from] == 0 {
                last.push(from);
            }
        }
    }
    if taken == nodes {
        return None;
    }
    let mut onward = vec![NONE; nodes];
    for (index, edge) in edges.iter().enumerate() {
        if leaving[edge.from] > 0 && leaving[edge.to] > 0 {
            onward[edge.from] = index;
        }
    }
    let mut node = onward.iter().position(|&index| index != NONE)?;
    let mut passed = vec![false; nodes];
    while !passed[node] {
        passed[node] = true;
        node = edges[onward[node]].to;
    }
    let first = node;
    let mut found = Vec::new();
    loop {
        found.push(onward[node]);
        node = edges[onward[node]].to;
        if node == first {
            return Some(found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges(pairs: &[(usize, usize)]) -> Vec<Edge> {
        pairs.iter().map(|&(from, to)| Edge::new(from, to)).collect()
    }

    #[test]
    fn an_order_has_no_cycle() {
        assert_eq!(cycle(4, &edges(&[(0, 1), (1, 2), (0, 2), (3, 1)])), None);
        assert_eq!(cycle(0, &[]), None);
    }

    #[test]
    fn a_cycle_is_found_behind_what_leads_to_it_and_before_what_follows() {
        let edges = edges(&[(0, 1), (1, 2), (2, 3), (3, 1), (3, 4)]);
        let mut found = cycle(5, &edges).expect("1, 2, 3 form one");
        found.sort_unstable();
        assert_eq!(found, [1, 2, 3]);
        assert_eq!(cycle(1, &[Edge::new(0, 0)]), Some(vec![0]));
    }
}
