//! What nodes say of goals is kept, and moves nothing.

use super::*;
use simlab_core::Goal;

const GREETED: Goal = Goal::new("greeted", "somebody was greeted");
const NEVER: Goal = Goal::new("never", "what no process here says");

/// Greets the next node, who greets the next one; `says` says that it was greeted.
#[derive(Clone, Hash)]
struct Greeter {
    says: bool,
}

impl Process for Greeter {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        let next = NodeId((env.me().0 + 1) % NODES);
        match event {
            Event::Start => env.set_timer(0, Duration::from_millis(7)),
            Event::Timer { .. } => {
                env.send(next, &[5][..]);
                env.set_timer(0, Duration::from_millis(7));
            }
            Event::Datagram { bytes: &[hops], .. } => {
                if self.says {
                    env.reached(GREETED);
                }
                if hops > 0 {
                    env.send(next, &[hops - 1][..]);
                } else {
                    env.note("tired", 0, 0);
                }
            }
            _ => {}
        }
    }
}

fn greeters(says: bool, recording: bool) -> World {
    let mut world = World::new(Options { recording, ..Options::seed(5) });
    for n in 0..NODES {
        world.add_node(NodeSpec::new(format!("n{n}"), Box::new(Greeter { says })));
    }
    let delay = Distribution::Fixed(Duration::from_millis(1));
    world.set_default_link(LinkSpec { delay, ..LinkSpec::default() });
    world.run_until(Time::ZERO + Duration::from_millis(100));
    world
}

#[test]
fn a_goal_that_is_reached_leaves_no_record() {
    for recording in [true, false] {
        let (silent, saying) = (greeters(false, recording), greeters(true, recording));
        assert!(saying.reached(GREETED.name) && !saying.reached(NEVER.name));
        assert!(!silent.reached(GREETED.name));
        assert_eq!(silent.trace_hash(), saying.trace_hash());
        assert_eq!((silent.records(), silent.stats()), (saying.records(), saying.stats()));
        assert!(saying.noted("tired") && !saying.noted("greeted"), "it is no note");
        assert!(saying.fork().reached(GREETED.name), "a fork has been there too");
    }
}
