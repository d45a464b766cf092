use super::*;
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;

const A: NodeId = NodeId(1);
const B: NodeId = NodeId(2);
const C: NodeId = NodeId(3);

fn servers(balancer: Balancer, ids: impl IntoIterator<Item = u32>) -> Servers {
    let mut servers = Servers::new(balancer, 16);
    servers.set(ids.into_iter().map(NodeId));
    servers
}

/// Where a call goes at a time, when nobody is loaded.
fn at(servers: &mut Servers, tried: &mut Tried, now: Time) -> Option<NodeId> {
    let ask = Ask { now, key: 7, outstanding: &|_| 0, below: &mut |bound| bound - 1 };
    servers.choose(tried, ask)
}

/// Where new calls go.
fn calls<const N: usize>(servers: &mut Servers) -> [NodeId; N] {
    [(); N].map(|()| at(servers, &mut Tried::new(), Time::ZERO).expect("a server"))
}

/// `SplitMix64`, for what is drawn.
fn random(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed;
    move |bound| {
        state = state.wrapping_add(1);
        simlab_core::Digest::of(&state.to_be_bytes()) % bound
    }
}

#[test]
fn balancers_have_names() {
    use Balancer::{ConsistentHash, LeastOutstanding, PowerOfTwo, RoundRobin};
    let all = [RoundRobin, LeastOutstanding, PowerOfTwo, ConsistentHash];
    assert_eq!(Balancer::NAMES.map(Balancer::named), all.map(Some));
    assert_eq!(Balancer::named("random"), None);
}

#[test]
fn round_robin_goes_round() {
    let mut servers = servers(Balancer::RoundRobin, [1, 2, 3]);
    assert_eq!(calls(&mut servers), [A, B, C, A, B]);
    servers.set([A, C]);
    assert_eq!(calls(&mut servers), [C, A, C], "B would have been next");
    servers.set([A, B, C]);
    assert_eq!(calls(&mut servers), [A, B, C]);
}

#[test]
fn least_outstanding_takes_turns_where_it_makes_no_difference() {
    let mut servers = servers(Balancer::LeastOutstanding, [1, 2, 3]);
    let mut with = |loads: [usize; 3]| {
        let outstanding = |server: NodeId| loads[server.index() - 1];
        let below = &mut |_| panic!("nothing is drawn");
        let ask = Ask { now: Time::ZERO, key: 0, outstanding: &outstanding, below };
        servers.choose(&mut Tried::new(), ask)
    };
    assert_eq!([[3, 2, 1], [3, 1, 1], [1, 1, 1], [1, 1, 1]].map(&mut with), [C, B, C, A].map(Some));
    assert_eq!([[0, 5, 0], [0, 5, 0], [0, 5, 0]].map(&mut with), [C, A, C].map(Some));
}

#[test]
fn calls_of_one_key_meet_at_one_server() {
    let mut servers = servers(Balancer::ConsistentHash, [1, 2, 3]);
    let [owner, again] = calls(&mut servers);
    assert_eq!(owner, again);
    servers.exclude(owner, Time(100));
    let [next, again] = calls(&mut servers);
    assert!(next == again && next != owner);
    assert_eq!(at(&mut servers, &mut Tried::new(), Time(100)), Some(owner), "it is well again");
}

#[test]
fn a_call_that_fails_goes_to_the_others_first() {
    let mut servers = servers(Balancer::RoundRobin, [1, 2, 3]);
    let mut tried = Tried::new();
    let mut next = || at(&mut servers, &mut tried, Time::ZERO);
    assert_eq!([(); 3].map(|()| next()), [A, B, C].map(Some));
    assert_eq!([(); 3].map(|()| next()), [A, B, C].map(Some), "all were tried");
}

#[test]
fn who_is_ill_is_left_alone_for_a_time() {
    let mut servers = servers(Balancer::RoundRobin, [1, 2]);
    servers.exclude(B, Time(50));
    servers.exclude(B, Time(40));
    servers.exclude(C, Time(90));
    assert_eq!(calls(&mut servers), [A, A]);
    servers.exclude(A, Time(90));
    let mut at = |now| at(&mut servers, &mut Tried::new(), Time(now));
    assert_eq!([at(49), at(50), at(50)], [None, Some(B), Some(B)]);
    servers.restore(A);
    assert_eq!(calls(&mut servers), [A, A]);
    servers.set([A, C]);
    assert_eq!(calls(&mut servers), [C, A], "nothing was known of C");
    servers.exclude(C, Time::NEVER);
    servers.set([A]);
    servers.set([A, C]);
    assert_eq!(calls(&mut servers), [C, A], "who has left is forgotten");
    servers.set([]);
    assert_eq!(self::at(&mut servers, &mut Tried::new(), Time::NEVER), None);
}

/// A thousand calls that never end, to a hundred servers: with one choice the fullest has twice as many as the mean,
/// which is 10; with two it has two more.
#[test]
fn two_choices_are_much_better_than_one() {
    let fullest = |choices: usize| {
        let mut servers = servers(Balancer::PowerOfTwo, 0..100);
        let (mut loads, mut draw) = ([0_usize; 100], random(1));
        for _ in 0..1_000 {
            let known = |server: NodeId| if choices == 1 { 0 } else { loads[server.index()] };
            let ask = Ask { now: Time::ZERO, key: 0, outstanding: &known, below: &mut draw };
            let chosen = servers.choose(&mut Tried::new(), ask).expect("a server");
            loads[chosen.index()] += 1;
        }
        loads.iter().copied().max()
    };
    assert_eq!([fullest(1), fullest(2)], [Some(20), Some(12)]);
}

fn balancer() -> impl Strategy<Value = Balancer> {
    prop::sample::select(Balancer::NAMES.to_vec())
        .prop_map(|name| Balancer::named(name).expect("it is one"))
}

proptest! {
    /// However many servers and calls: no server has two calls more than another.
    #[test]
    fn round_robin_is_even(ids in btree_set(any::<u32>(), 1..20), calls in 0..200_usize) {
        let mut servers = servers(Balancer::RoundRobin, ids.clone());
        let mut counts: BTreeMap<NodeId, usize> = servers.known().map(|id| (id, 0)).collect();
        for _ in 0..calls {
            let chosen = at(&mut servers, &mut Tried::new(), Time::ZERO).expect("a server");
            *counts.get_mut(&chosen).expect("one of them") += 1;
        }
        let (least, most) = (counts.values().min(), counts.values().max());
        prop_assert!(most.zip(least).is_some_and(|(most, least)| most - least <= 1));
    }

    #[test]
    fn least_outstanding_chooses_no_other(loads in vec(0..4_usize, 1..10), calls in 1..20_usize) {
        let mut servers = servers(Balancer::LeastOutstanding, 0..loads.len() as u32);
        for _ in 0..calls {
            let outstanding = |server: NodeId| loads[server.index()];
            let below = &mut |_| 0;
            let ask = Ask { now: Time::ZERO, key: 0, outstanding: &outstanding, below };
            let chosen = servers.choose(&mut Tried::new(), ask).expect("a server");
            prop_assert_eq!(Some(&loads[chosen.index()]), loads.iter().min());
        }
    }

    /// Two different ones are drawn, each pair may be, and the more loaded is not chosen.
    #[test]
    fn of_two_the_more_loaded_is_never_chosen(
        loads in vec(0..5_usize, 2..10), first: u64, second: u64,
    ) {
        let (n, mut bounds) = (loads.len() as u64, Vec::new());
        let mut numbers = [first % n, second % (n - 1)].into_iter();
        let mut below = |bound| {
            bounds.push(bound);
            numbers.next().expect("only two are drawn")
        };
        let looked_at = std::cell::RefCell::new(BTreeSet::new());
        let outstanding = |server: NodeId| {
            looked_at.borrow_mut().insert(server);
            loads[server.index()]
        };
        let mut servers = servers(Balancer::PowerOfTwo, 0..n as u32);
        let ask = Ask { now: Time::ZERO, key: 0, outstanding: &outstanding, below: &mut below };
        let chosen = servers.choose(&mut Tried::new(), ask).expect("a server");
        prop_assert_eq!(bounds, [n, n - 1]);
        let two = looked_at.into_inner();
        prop_assert!(two.len() == 2 && two.contains(&chosen));
        prop_assert!(two.contains(&NodeId((first % n) as u32)));
        prop_assert!(two.iter().all(|other| loads[chosen.index()] <= loads[other.index()]));
    }

    /// One call, over and over: all that are well before any of them again, nobody twice in a row, and nobody who is
    /// ill.
    #[test]
    fn a_call_meets_all_before_it_meets_one_again(
        balancer in balancer(), ids in btree_set(0..50_u32, 0..8), ill in btree_set(0..50_u32, 0..8),
        loads in vec(0..5_usize, 50), key: u64, seed: u64,
    ) {
        let mut servers = servers(balancer, ids.clone());
        ill.iter().for_each(|id| servers.exclude(NodeId(*id), Time(9)));
        let well: BTreeSet<NodeId> = ids.difference(&ill).copied().map(NodeId).collect();
        let (mut tried, mut draw, mut last) = (Tried::new(), random(seed), None);
        for _round in 0..3 {
            let mut met = BTreeSet::new();
            for _ in 0..well.len() {
                let outstanding = |server: NodeId| loads[server.index()];
                let ask = Ask { now: Time(8), key, outstanding: &outstanding, below: &mut draw };
                let chosen = servers.choose(&mut tried, ask).expect("some are well");
                prop_assert!(met.insert(chosen), "twice in a round");
                prop_assert!(well.len() == 1 || last != Some(chosen));
                last = Some(chosen);
            }
            prop_assert_eq!(&met, &well);
        }
        if well.is_empty() {
            prop_assert_eq!(at(&mut servers, &mut tried, Time(8)), None);
        }
    }
}
