//! Draws a random history of a register: with an order in which everything can have happened, or with one
//! read changed and the evidence against it.
//!
//! ```text
//! cargo run -p simlab-check --example diagram -- OPERATIONS CLIENTS witness|evidence text|ascii|svg [WIDTH]
//! cargo run -p simlab-check --example diagram -- 12 3 evidence text
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a program")]

use rand::RngExt;
use simlab_check::diagram::{Glyphs, Marks, Options, SVG_WIDTH, WIDTH, diagram};
use simlab_check::{Limits, Linearizer, Verdict, model};
use simlab_core::history::{History, Mark};
use simlab_core::{Call, NodeId, OpId, Operation, Outcome, Seq, Session, Time, Value, stream};
use std::error::Error;
use std::num::NonZeroU64;
use std::process::ExitCode;

/// What a client is doing.
#[derive(Clone)]
enum Client {
    Idle,
    /// It asked, and nothing happened yet.
    Asked(OpId, Call),
    /// It happened, with this result.
    Served(OpId, Value),
}

/// Lets clients read and write a register, and changes what one read returned if `lie` says so.
fn play(operations: u32, clients: u32, lie: bool) -> Result<History, Box<dyn Error>> {
    let mut rng = stream(1, "diagram");
    let mut states = vec![Client::Idle; clients as usize];
    let mut history = History::new();
    let (mut value, mut invoked, mut returned, mut at) = (Value::Nil, 0, 0, 0);
    let mut lie = lie.then_some(operations / 2);
    for seq in 1.. {
        if returned == operations {
            break;
        }
        let mut client = rng.random_range(0..states.len());
        while invoked == operations && matches!(states[client], Client::Idle) {
            client = (client + 1) % states.len();
        }
        at += rng.random_range(1..2_000_000);
        let mark = Mark { seq: Seq(NonZeroU64::new(seq).ok_or("counted from 1")?), at: Time(at) };
        let session = Session(client as u32);
        states[client] = match states[client].clone() {
            Client::Idle => {
                let write = Call::Write(Value::Int(i64::from(invoked)));
                let call = if rng.random_bool(0.5) { Call::Read } else { write };
                let op = OpId::of(NodeId(0), invoked);
                let operation = Operation { object: "x".into(), call: call.clone() };
                history.invoke(op, session, operation, mark)?;
                invoked += 1;
                Client::Asked(op, call)
            }
            Client::Asked(op, call) => {
                let result = match call {
                    Call::Write(new) => {
                        value = new;
                        Value::Nil
                    }
                    _ => value.clone(),
                };
                Client::Served(op, result)
            }
            Client::Served(op, mut result) => {
                if result != Value::Nil && lie.is_some_and(|after| returned >= after) {
                    result = Value::Int(0);
                    lie = None;
                }
                history.complete(op, Outcome::Done(result), mark)?;
                returned += 1;
                Client::Idle
            }
        };
    }
    Ok(history)
}

fn run(arguments: &[String]) -> Result<(), Box<dyn Error>> {
    let [operations, clients, what, how, width @ ..] = arguments else {
        return Err("OPERATIONS CLIENTS witness|evidence text|ascii|svg [WIDTH]".into());
    };
    let width: Option<usize> = width.first().map(|width| width.parse()).transpose()?;
    let history = play(operations.parse()?, clients.parse()?, what == "evidence")?;
    let mut linearizer = Linearizer::new(Limits::default());
    let register = model("register")?;
    linearizer.declare_others(register.object(&Value::Nil)?);
    linearizer.read(&history);
    let orders: Vec<_> = linearizer.witness(&history).into_values().collect();
    let evidence = linearizer.evidence(&history);
    let verdict = linearizer.verdict(&history);
    let marks = match (&evidence, &verdict) {
        (Some(evidence), Verdict::NotLinearizable(first)) => {
            Marks::Evidence { operations: &evidence.operations, broke: first.op, why: &first.why }
        }
        _ => Marks::Witness(&orders),
    };
    let picture = diagram(&history, marks, &Options::default());
    match how.as_str() {
        "svg" => print!("{}", picture.svg(width.unwrap_or(SVG_WIDTH))),
        "ascii" => print!("{}", picture.text(width.unwrap_or(WIDTH), &Glyphs::ASCII)),
        _ => print!("{}", picture.text(width.unwrap_or(WIDTH), &Glyphs::UNICODE)),
    }
    Ok(())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}
