//! madsim: a node is async code on a runtime that all nodes share, with endpoints that send and get.
//!
//! On top of the delay of the network, madsim makes each `send_to` and each `recv_from` wait, and a
//! wait is a millisecond at least. So a node sends to all others at once, and has several receivers.
//! Running a task takes 50 to 100 ns of simulated time too, so that with many nodes the datagrams of
//! a round arrive later than asked.

use crate::work::{DELAY_MAX, DELAY_MIN, W2_PERIOD, w2_begin};
use crate::{Ready, Work, ping, pong, round_from, round_to};
use futures_util::future::try_join_all;
use madsim::net::Endpoint;
use madsim::runtime::Runtime;
use madsim::time::{Duration, TimeHandle, sleep};
use madsim::{Config, task};
use std::hint::black_box;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use tokio::sync::Barrier;

const TAG: u64 = 1;
const SEED: u64 = 7;

/// When nothing has arrived for so long, nothing is under way.
const QUIET: Duration = Duration::from_millis(100);

fn address(node: u32) -> SocketAddr {
    let ip = Ipv4Addr::from(0x0a00_0001 + node);
    (ip, 1_000).into()
}

/// A network with the delays of the work.
fn runtime() -> Runtime {
    let mut config = Config::default();
    config.net.send_latency = Duration::from_nanos(DELAY_MIN)..Duration::from_nanos(DELAY_MAX);
    Runtime::with_seed_and_config(SEED, config)
}

/// W1: sends back what it gets, counted.
async fn ponger(me: u32, last: u64, bound: Arc<Barrier>) -> io::Result<u64> {
    let endpoint = Endpoint::bind(address(me)).await?;
    bound.wait().await;
    if me == 0 {
        endpoint.send_to(address(1), TAG, &ping()).await?;
    }
    let mut body = [0; 64];
    let mut received = 0;
    loop {
        let (_, from) = endpoint.recv_from(TAG, &mut body).await?;
        received += 1;
        let count = pong(&mut body);
        if count <= last {
            endpoint.send_to(from, TAG, &body).await?;
        }
        if count >= last {
            return Ok(received);
        }
    }
}

/// What a node of W2 has got.
#[derive(Default)]
struct State {
    received: u64,
    sum: u64,
    last: Option<SocketAddr>,
}

/// W2: gets datagrams, one after the other.
async fn receive(endpoint: Endpoint, state: Arc<Mutex<State>>) -> io::Result<()> {
    let time = TimeHandle::current();
    let mut body = [0; 16];
    loop {
        let (_, from) = endpoint.recv_from(TAG, &mut body).await?;
        let (round, sent) = round_from(&body);
        let late = time.elapsed().as_nanos() as u64 - sent;
        let mut state = state.lock().expect("not poisoned");
        state.received += 1;
        state.sum = state.sum.wrapping_add(round ^ late);
        state.last = Some(from);
    }
}

/// W2: sends to all others, now and then.
async fn broadcaster(
    me: u32,
    nodes: u32,
    rounds: u64,
    bound: Arc<Barrier>,
    state: Arc<Mutex<State>>,
) -> io::Result<()> {
    let endpoint = Endpoint::bind(address(me)).await?;
    // A tenth of the nodes' datagrams are being received at a time; a quarter is never too few.
    for _ in 0..nodes.div_ceil(4) {
        task::spawn(receive(endpoint.clone(), state.clone()));
    }
    bound.wait().await;
    let time = TimeHandle::current();
    let begin = time.elapsed() + Duration::from_nanos(w2_begin(me, nodes));
    for round in 0..rounds {
        let due = begin + Duration::from_nanos(round * W2_PERIOD);
        time.sleep(due.saturating_sub(time.elapsed())).await;
        let body = round_to(round, time.elapsed().as_nanos() as u64);
        let others = (0..nodes).filter(|&to| to != me);
        try_join_all(others.map(|to| endpoint.send_to(address(to), TAG, &body))).await?;
    }
    Ok(())
}

/// Makes a simulation.
pub fn prepare(work: Work) -> Ready {
    let runtime = runtime();
    match work {
        Work::PingPong { deliveries } => Box::new(move || {
            let bound = Arc::new(Barrier::new(2));
            let pongers = [0, 1].map(|me| {
                let node = runtime.create_node().ip(address(me).ip()).build();
                node.spawn(ponger(me, deliveries, bound.clone()))
            });
            runtime.block_on(async {
                let mut received = 0;
                for ponger in pongers {
                    received += ponger.await.expect("ends").expect("runs");
                }
                received
            })
        }),
        Work::Broadcast { nodes, rounds } => Box::new(move || {
            let bound = Arc::new(Barrier::new(nodes as usize));
            let mut tasks = Vec::new();
            let mut states = Vec::new();
            for me in 0..nodes {
                let state = Arc::new(Mutex::new(State::default()));
                let node = runtime.create_node().ip(address(me).ip()).build();
                tasks.push(node.spawn(broadcaster(
                    me,
                    nodes,
                    rounds,
                    bound.clone(),
                    state.clone(),
                )));
                states.push(state);
            }
            let received = || -> u64 {
                let all = states.iter().map(|state| state.lock().expect("not poisoned"));
                all.map(|state| black_box((state.received, state.sum, state.last)).0).sum()
            };
            runtime.block_on(async {
                for task in tasks {
                    task.await.expect("ends").expect("runs");
                }
                loop {
                    let before = received();
                    sleep(QUIET).await;
                    if received() == before {
                        return before;
                    }
                }
            })
        }),
    }
}
