//! turmoil: a host is async code on a tokio runtime of its own, with sockets like tokio's. The hosts
//! take turns; a turn is a tick of 1 ms, which is turmoil's own default.
//!
//! The shortest and the longest delay are those of the work. Between them, turmoil draws from an
//! exponential distribution, in whole milliseconds; it has no uniform one.

use crate::work::{DELAY_MAX, DELAY_MIN, W2_PERIOD, w2_begin};
use crate::{Ready, Work, ping, pong, round_from, round_to};
use std::cell::Cell;
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;
use turmoil::net::UdpSocket;
use turmoil::{Builder, Sim};

const PORT: u16 = 1_000;
const SEED: u64 = 7;

/// A network with the delays of the work, and buffers that hold all that can arrive in a tick.
fn simulation(nodes: u32) -> Sim<'static> {
    Builder::new()
        .rng_seed(SEED)
        .simulation_duration(Duration::from_secs(24 * 3_600))
        .min_message_latency(Duration::from_nanos(DELAY_MIN))
        .max_message_latency(Duration::from_nanos(DELAY_MAX))
        .udp_capacity(64.max(2 * nodes as usize))
        .build()
}

async fn bind() -> turmoil::Result<UdpSocket> {
    Ok(UdpSocket::bind((IpAddr::from(Ipv4Addr::UNSPECIFIED), PORT)).await?)
}

/// W1: sends back what it gets, counted.
async fn ponger(first: Option<IpAddr>, last: u64, received: Rc<Cell<u64>>) -> turmoil::Result {
    let socket = bind().await?;
    if let Some(to) = first {
        socket.send_to(&ping(), (to, PORT)).await?;
    }
    let mut body = [0; 64];
    loop {
        let (_, from) = socket.recv_from(&mut body).await?;
        received.set(received.get() + 1);
        let count = pong(&mut body);
        if count <= last {
            socket.send_to(&body, from).await?;
        }
        if count >= last {
            return Ok(());
        }
    }
}

/// What a node of W2 has got.
#[derive(Default)]
struct State {
    received: Cell<u64>,
    sum: Cell<u64>,
    last: Cell<Option<SocketAddr>>,
}

/// W2: gets so many datagrams.
async fn receive(socket: Rc<UdpSocket>, state: Rc<State>, count: u64) -> turmoil::Result {
    let mut body = [0; 16];
    for _ in 0..count {
        let (_, from) = socket.recv_from(&mut body).await?;
        let (round, sent) = round_from(&body);
        let late = turmoil::elapsed().as_nanos() as u64 - sent;
        state.received.set(state.received.get() + 1);
        state.sum.set(state.sum.get().wrapping_add(round ^ late));
        state.last.set(Some(from));
    }
    Ok(())
}

/// W2: sends to all others, now and then.
async fn broadcaster(
    me: u32,
    others: Vec<IpAddr>,
    rounds: u64,
    state: Rc<State>,
) -> turmoil::Result {
    let socket = Rc::new(bind().await?);
    let count = rounds * others.len() as u64;
    let receiver = tokio::task::spawn_local(receive(socket.clone(), state, count));
    let begin = w2_begin(me, others.len() as u32 + 1);
    let start = tokio::time::Instant::now();
    for round in 0..rounds {
        let due = Duration::from_nanos(begin + round * W2_PERIOD);
        tokio::time::sleep_until(start + due).await;
        let body = round_to(round, turmoil::elapsed().as_nanos() as u64);
        for &to in &others {
            socket.send_to(&body, (to, PORT)).await?;
        }
    }
    receiver.await?
}

/// Makes a simulation.
pub fn prepare(work: Work) -> Ready {
    match work {
        Work::PingPong { deliveries } => {
            let mut simulation = simulation(2);
            let addresses = ["left", "right"].map(|name| simulation.lookup(name));
            let received = Rc::new(Cell::new(0));
            for (me, first) in addresses.into_iter().zip([Some(addresses[1]), None]) {
                simulation.client(me, ponger(first, deliveries, received.clone()));
            }
            Box::new(move || {
                simulation.run().expect("runs");
                received.get()
            })
        }
        Work::Broadcast { nodes, rounds } => {
            let mut simulation = simulation(nodes);
            let addresses: Vec<_> =
                (0..nodes).map(|node| simulation.lookup(format!("node{node}"))).collect();
            let mut states = Vec::new();
            for (number, &me) in (0..).zip(&addresses) {
                let state = Rc::new(State::default());
                let others = addresses.iter().copied().filter(|&to| to != me).collect();
                simulation.client(me, broadcaster(number, others, rounds, state.clone()));
                states.push(state);
            }
            Box::new(move || {
                simulation.run().expect("runs");
                let all = states.iter();
                all.map(|s| black_box((s.received.get(), s.sum.get(), s.last.get())).0).sum()
            })
        }
    }
}
