//! A desk that crashes while the call that it has made for an order is under way. What the account did no crash of the desk undoes,
//! so that the order must not be begun a second time, whoever asks again: it is written down that it begins before it
//! calls anybody.
//!
//! One schedule: `SIMLAB_SEED=17 cargo test -p simlab-protocols --test rpc_nested`.

mod calls;
mod driver;

use calls::dice::Dice;
use calls::{Did, Lab, Spec, Weather, built};
use driver::seeds;
use simlab_core::NodeId;

const PHONE: NodeId = NodeId(0);
const DESK: NodeId = NodeId(1);
const BANK: NodeId = NodeId(2);

const ORDERS: u64 = 8;

/// Eight orders, one each 50 ms, and a desk that crashes some three times meanwhile. How many operations the account has done, how
/// many of them twice, and what the caller was told.
fn run(seed: u64) -> (i64, i64, Vec<String>) {
    let specs = [
        Spec::new("phone", "phone", &[("server", "desk"), ("deadline", "30s"), ("steps", "false")]),
        Spec::new("desk", "account-desk", &[("account", "bank"), ("steps", "false")]),
        Spec::new("bank", "account-server", &[("work", "20ms"), ("steps", "false")]),
    ];
    let (mut lab, dice) = (Lab::new(seed, built(&specs)), &mut Dice(seed));
    let weather = Weather { loss: 20, double: 20, damage: usize::MAX };
    for _ in 0..ORDERS {
        lab.command(PHONE, "order 1");
        let before = dice.below(50) as u64;
        lab.blow(before, weather, dice);
        if dice.one_in(3) {
            lab.crash(DESK, || dice.one_in(2));
            lab.blow(dice.below(20) as u64, weather, dice);
            lab.restart(DESK);
        }
        lab.blow(50 - before, weather, dice);
    }
    lab.blow(31_000, weather, dice);
    let of = |name| lab.inspect(BANK).get_int(&[name]).expect("a field of an account");
    let told = lab.did.iter().filter_map(|(_, did)| match did {
        Did::Noted { name: "told" | "failed", text, .. } => Some(text.clone()),
        _ => None,
    });
    (of("operations"), of("done_again"), told.collect())
}

#[test]
fn an_order_is_executed_once_though_the_desk_crashes_while_it_asks() {
    let (mut unknown, mut done) = (0, 0);
    seeds("an_order_is_executed_once_though_the_desk_crashes_while_it_asks", 300, |seed| {
        let (operations, again, told) = run(seed);
        assert_eq!(again, 0, "{told:#?}");
        assert_eq!(told.len() as u64, ORDERS, "all have ended: {told:#?}");
        let count = |what: &str| told.iter().filter(|words| words.contains(what)).count();
        let acknowledged = count("there are");
        assert!(operations as usize >= acknowledged, "{told:#?}");
        unknown += count("indeterminate: the server has forgotten it");
        done += acknowledged;
    });
    // Or there would have been nothing to do wrong.
    assert!(done > 0 && unknown > 0, "{done} were done, of {unknown} nobody knows");
}
