//! The shop of the lessons, in its consistent form.

use super::World;

const REPLICA: &str = "shop-caspaxos";

/// Three cities and a customer in each: nodes 0 to 2, and 3 to 5. 60 units in all.
pub(crate) fn world(seed: u64, with: &[(&str, &str)]) -> World {
    let share = |n| [&[("share", n)], with].concat();
    let (b, h, s) = (share("20"), share("10"), share("30"));
    World::new(
        seed,
        &[
            ("beijing", REPLICA, &b),
            ("hangzhou", REPLICA, &h),
            ("shanghai", REPLICA, &s),
            ("customer-b", "shop-client", &[("server", "beijing")]),
            ("customer-h", "shop-client", &[("server", "hangzhou")]),
            ("customer-s", "shop-client", &[("server", "shanghai")]),
        ],
    )
}

/// What a replica shows of the phone.
pub(crate) fn phone(world: &World, node: u32, field: &str) -> Option<i64> {
    world.inspect(node)?.get_int(&["phone", field])
}
