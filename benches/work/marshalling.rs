//! The same records in network byte order, as JSON, and by the crate `postcard` (with `serde`).

use serde::{Deserialize, Serialize};
use simlab_protocols::rpc::interface::whole;
use simlab_protocols::rpc::value::Value;
use std::hint::black_box;
use std::time::Duration;

simlab_protocols::service! {
    /// What is marshalled.
    pub service shop = "shop", versions 1..=1;

    records {
        /// A line of an order.
        #[derive(serde::Serialize, serde::Deserialize)]
        Line {
            /// What.
            product: String,
            /// How many.
            units: u32,
            /// For how much.
            cents: i64,
        }
        /// An order.
        #[derive(serde::Serialize, serde::Deserialize)]
        Order {
            /// Its number.
            number: u64,
            /// Who.
            customer: String,
            /// Where to.
            address: Option<String>,
            /// Whether at once.
            express: bool,
            /// What.
            lines: Vec<Line>,
        }
        /// Numbers alone.
        #[derive(serde::Serialize, serde::Deserialize)]
        Point {
            /// One.
            a: u64,
            /// Two.
            b: i64,
            /// Three.
            c: u32,
            /// Four.
            d: bool,
        }
    }

    procedures {
        /// Takes an order.
        1 => order(order: Order, at: Point) -> u64;
    }
}

/// So often each is run, for so long.
const TURNS: usize = 31;
const TURN: Duration = Duration::from_millis(5);

fn point() -> shop::Point {
    shop::Point { a: 0x0102_0304_0506, b: -5_000_000_000, c: 70_000, d: true }
}

fn order() -> shop::Order {
    let line = |n: u32| shop::Line {
        product: format!("product number {n}"),
        units: n * 100,
        cents: i64::from(n) * 1_999,
    };
    shop::Order {
        number: 1_000_017,
        customer: "Lin Mei, accounts department".to_owned(),
        address: Some("12 West Lake Avenue, Hangzhou".to_owned()),
        express: true,
        lines: (1..=10).map(line).collect(),
    }
}

/// What one takes, in nanoseconds.
#[allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "it measures")]
fn timed(mut one: impl FnMut()) -> f64 {
    let (begun, mut count) = (std::time::Instant::now(), 0_u32);
    while begun.elapsed() < TURN {
        (0..100).for_each(|_| one());
        count += 100;
    }
    begun.elapsed().as_nanos() as f64 / f64::from(count)
}

/// What it takes to write and to read a value, in nanoseconds: ours, JSON, postcard.
fn rows<T>(name: &str, value: &T)
where
    T: Value + Serialize + for<'a> Deserialize<'a> + PartialEq + std::fmt::Debug,
{
    let ours = || {
        let mut out = Vec::new();
        black_box(value).put(&mut out);
        out
    };
    let json = || black_box(value).to_json().to_string().into_bytes();
    let theirs = || postcard::to_allocvec(black_box(value)).expect("it can be written");
    let bytes = [ours(), json(), theirs()];
    let read_json = |bytes: &[u8]| -> Option<T> {
        T::from_json(&serde_json::from_slice::<serde_json::Value>(bytes).ok()?)
    };
    assert_eq!(whole::<T>(&bytes[0]).as_ref(), Ok(value));
    assert_eq!(read_json(&bytes[1]).as_ref(), Some(value));
    assert_eq!(postcard::from_bytes::<T>(&bytes[2]).as_ref(), Ok(value));
    let mut taken = [const { Vec::new() }; 6];
    for _ in 0..TURNS {
        let now = [
            timed(|| drop(black_box(ours()))),
            timed(|| drop(black_box(whole::<T>(black_box(&bytes[0]))))),
            timed(|| drop(black_box(json()))),
            timed(|| drop(black_box(read_json(black_box(&bytes[1]))))),
            timed(|| drop(black_box(theirs()))),
            timed(|| drop(black_box(postcard::from_bytes::<T>(black_box(&bytes[2]))))),
        ];
        taken.iter_mut().zip(now).for_each(|(taken, now)| taken.push(now));
    }
    let least = taken.map(|taken| taken.into_iter().fold(f64::INFINITY, f64::min));
    let (write, read) = (least[4], least[5]);
    for (n, of) in ["network byte order", "JSON", "postcard"].into_iter().enumerate() {
        let (put, take, len) = (least[2 * n], least[2 * n + 1], bytes[n].len());
        let (a, b) = (put / write, take / read);
        println!("| {name} | {of} | {len} | {put:.0} | {a:.2} | {take:.0} | {b:.2} |");
    }
}

/// Prints a table.
pub(crate) fn table() {
    println!("| value | as | bytes | ns to write | of postcard's | ns to read | of postcard's |");
    println!("|---|---|---:|---:|---:|---:|---:|");
    rows("four numbers", &point());
    rows("an order of ten lines", &order());
    rows("a text of 1,000 bytes", &"text ".repeat(200));
    rows("1,000 numbers", &(0..1_000).map(|n| n * 1_000_003).collect::<Vec<u64>>());
    println!();
}
