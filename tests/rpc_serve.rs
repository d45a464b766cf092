//! `simlab rpc-serve` from outside: JSON-RPC 2.0 behind a pipe.

mod common;

use common::cli::{Folder, exits, text};
use serde_json::{Value as Json, json};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

fn server() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_simlab"));
    command.args(["rpc-serve", "--stdio"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    command.stderr(Stdio::piped());
    command
}

/// The lines that are printed about this input. It comes from a file, so that its end need not be waited for.
fn lines(input: impl AsRef<[u8]>) -> Vec<String> {
    let folder = Folder::new("rpc-serve");
    let file = std::fs::File::open(folder.file("input", input)).expect("it was written");
    let output = server().stdin(file).output().expect("simlab runs");
    assert_eq!(text(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
    text(&output.stdout).lines().map(str::to_owned).collect()
}

/// What these lines are as JSON.
fn read(lines: &[String]) -> Vec<Json> {
    lines.iter().map(|line| serde_json::from_str(line).expect("a JSON text a line")).collect()
}

/// The one answer to a text, which may stand on several lines.
fn answer(text: &str) -> Json {
    let mut answers = read(&lines(text.replace('\n', " ")));
    assert_eq!(answers.len(), 1, "{text}");
    answers.remove(0)
}

fn result(method: &str, params: &Json) -> Json {
    let call = json!({"jsonrpc": "2.0", "method": method, "params": params, "id": 1});
    answer(&call.to_string())["result"].clone()
}

/// What is sent and what comes back in §7 of the specification, in its order. There, the methods `update`, `notify_hello`
/// and `notify_sum` are only ever notified; `get_data` is, here, as unknown as `foobar`.
const EXAMPLES: &[(&str, &str)] = &[
    // By place.
    (
        r#"{"jsonrpc": "2.0", "method": "subtract", "params": [42, 23], "id": 1}"#,
        r#"{"jsonrpc": "2.0", "result": 19, "id": 1}"#,
    ),
    (
        r#"{"jsonrpc": "2.0", "method": "subtract", "params": [23, 42], "id": 2}"#,
        r#"{"jsonrpc": "2.0", "result": -19, "id": 2}"#,
    ),
    // By name.
    (
        r#"{"jsonrpc": "2.0", "method": "subtract", "params": {"subtrahend": 23, "minuend": 42}, "id": 3}"#,
        r#"{"jsonrpc": "2.0", "result": 19, "id": 3}"#,
    ),
    (
        r#"{"jsonrpc": "2.0", "method": "subtract", "params": {"minuend": 42, "subtrahend": 23}, "id": 4}"#,
        r#"{"jsonrpc": "2.0", "result": 19, "id": 4}"#,
    ),
    // Notifications.
    (r#"{"jsonrpc": "2.0", "method": "update", "params": [1,2,3,4,5]}"#, ""),
    (r#"{"jsonrpc": "2.0", "method": "foobar"}"#, ""),
    // No such method.
    (
        r#"{"jsonrpc": "2.0", "method": "foobar", "id": "1"}"#,
        r#"{"jsonrpc": "2.0", "error": {"code": -32601, "message": "Method not found"}, "id": "1"}"#,
    ),
    // No JSON.
    (
        r#"{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]"#,
        r#"{"jsonrpc": "2.0", "error": {"code": -32700, "message": "Parse error"}, "id": null}"#,
    ),
    // No call.
    (
        r#"{"jsonrpc": "2.0", "method": 1, "params": "bar"}"#,
        r#"{"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null}"#,
    ),
    // Batches: no JSON, empty, of things that are no calls, mixed, of notifications.
    (
        r#"[
            {"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},
            {"jsonrpc": "2.0", "method"
        ]"#,
        r#"{"jsonrpc": "2.0", "error": {"code": -32700, "message": "Parse error"}, "id": null}"#,
    ),
    (
        "[]",
        r#"{"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null}"#,
    ),
    (
        "[1]",
        r#"[{"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null}]"#,
    ),
    (
        "[1,2,3]",
        r#"[{"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null},
            {"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null},
            {"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null}]"#,
    ),
    (
        r#"[
            {"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},
            {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]},
            {"jsonrpc": "2.0", "method": "subtract", "params": [42,23], "id": "2"},
            {"foo": "boo"},
            {"jsonrpc": "2.0", "method": "foo.get", "params": {"name": "myself"}, "id": "5"},
            {"jsonrpc": "2.0", "method": "get_data", "id": "9"}
        ]"#,
        r#"[{"jsonrpc": "2.0", "result": 7, "id": "1"},
            {"jsonrpc": "2.0", "result": 19, "id": "2"},
            {"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null},
            {"jsonrpc": "2.0", "error": {"code": -32601, "message": "Method not found"}, "id": "5"},
            {"jsonrpc": "2.0", "error": {"code": -32601, "message": "Method not found"}, "id": "9"}]"#,
    ),
    (
        r#"[
            {"jsonrpc": "2.0", "method": "notify_sum", "params": [1,2,4]},
            {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]}
        ]"#,
        "",
    ),
];

#[test]
fn the_examples_of_the_specification() {
    let sent: Vec<String> = EXAMPLES.iter().map(|(sent, _)| sent.replace('\n', " ")).collect();
    let answered = EXAMPLES.iter().map(|(_, answered)| answered).filter(|text| !text.is_empty());
    let expected: Vec<Json> =
        answered.map(|text| serde_json::from_str(text).expect("JSON")).collect();
    assert_eq!(read(&lines(sent.join("\n"))), expected);
}

#[test]
fn whole_results_stay_whole() {
    let call = r#"{"jsonrpc":"2.0","method":"divide","params":[6,3],"id":1}"#;
    assert_eq!(lines(call), [r#"{"id":1,"jsonrpc":"2.0","result":2}"#]);
    assert_eq!(result("divide", &json!([7, 2])), json!(3.5));
    assert_eq!(result("add", &json!([i64::MAX, 0])), json!(i64::MAX));
    assert_eq!(result("add", &json!([i64::MAX, 1])), json!(9_223_372_036_854_775_808.0));
    assert_eq!(result("sum", &json!([])), json!(0));
    assert_eq!(result("sum", &json!({"numbers": [0.5, 1, 0.5]})), json!(2));
}

/// All codes but -32603: nothing in this server can fail.
#[test]
fn every_error_has_its_code() {
    let call = |method: &str, params: &str| {
        format!(r#"{{"jsonrpc": "2.0", "method": "{method}", "params": {params}, "id": "x"}}"#)
    };
    let null = Json::Null;
    for (sent, code, message, id) in [
        (call("add", "[1, 2"), -32_700, "Parse error", &null),
        // No machine has such a number.
        (call("add", "[1, 1e999]"), -32_700, "Parse error", &null),
        (call("add", "3"), -32_600, "Invalid Request", &json!("x")),
        (call("add", "[]").replace("2.0", "1.0"), -32_600, "Invalid Request", &json!("x")),
        (call("add", "[]").replace(r#""x""#, "[1]"), -32_600, "Invalid Request", &null),
        (call("rpc.add", "[1, 2]"), -32_601, "Method not found", &json!("x")),
        (call("add", "[1]"), -32_602, "Invalid params", &json!("x")),
        (call("add", r#"{"a": 1, "b": 2, "c": 3}"#), -32_602, "Invalid params", &json!("x")),
        (call("sum", r#"[1, "2"]"#), -32_602, "Invalid params", &json!("x")),
        (call("divide", "[1, 0]"), 1, "Division by zero", &json!("x")),
        (call("divide", r#"{"divisor": 0.0, "dividend": 0}"#), 1, "Division by zero", &json!("x")),
        (call("divide", "[1e300, 1e-300]"), 2, "Result out of range", &json!("x")),
    ] {
        let expected =
            json!({"jsonrpc": "2.0", "error": {"code": code, "message": message}, "id": id});
        assert_eq!(answer(&sent), expected, "{sent}");
    }
}

/// Blank lines and notifications, even those that fail.
#[test]
fn what_needs_no_answer_has_none() {
    assert!(lines("").is_empty());
    assert!(lines("\n \n\t\r\n").is_empty());
    let wrong = r#"{"jsonrpc":"2.0","method":"divide","params":[1,0]}"#;
    assert!(lines(format!("{wrong}\n[{wrong},{wrong}]\n")).is_empty());
    // The last line needs no end, and lines may end as on Windows.
    let call = r#"{"jsonrpc":"2.0","method":"add","params":[1,1],"id":1}"#;
    assert_eq!(lines(format!("\r\n{call}\r\n\n{wrong}\n{call}")).len(), 2);
}

#[test]
fn a_line_is_answered_before_the_next_is_sent() {
    let mut child = server().spawn().expect("simlab runs");
    let mut input = child.stdin.take().expect("a pipe");
    let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
    for id in 0..100 {
        writeln!(input, r#"{{"jsonrpc":"2.0","method":"sum","params":[{id},1],"id":{id}}}"#)
            .expect("it reads");
        let mut line = String::new();
        output.read_line(&mut line).expect("it answers");
        assert_eq!(line, format!("{{\"id\":{id},\"jsonrpc\":\"2.0\",\"result\":{}}}\n", id + 1));
    }
    drop(input);
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

/// A line of `bytes` bytes that asks for 0 + 1.
fn padded(bytes: usize) -> String {
    let call = r#"{"jsonrpc":"2.0","method":"add","params":[0,1],"id":1}"#;
    format!("{}{call}", " ".repeat(bytes - call.len()))
}

#[test]
fn a_line_longer_than_the_limit_is_no_call() {
    let limit = 1 << 20;
    let input = [padded(limit), padded(limit + 1), padded(100), padded(3 * limit)].join("\n");
    let answers = read(&lines(input));
    assert_eq!(answers.len(), 4);
    for (answer, whole) in answers.iter().zip([true, false, true, false]) {
        if whole {
            assert_eq!(answer, &json!({"jsonrpc": "2.0", "result": 1, "id": 1}));
        } else {
            let data = "a line is longer than 1048576 bytes";
            let error = json!({"code": -32_700, "message": "Parse error", "data": data});
            assert_eq!(answer, &json!({"jsonrpc": "2.0", "error": error, "id": null}));
        }
    }
}

#[test]
fn what_is_no_text_is_no_json() {
    let call = r#"{"jsonrpc":"2.0","method":"add","params":[0,1],"id":1}"#;
    let torn = [&b"{\"jsonrpc\":\"2.0\",\"method\":\"add\xff\",\"id\":1}\n"[..], call.as_bytes()];
    let deep = "[".repeat(500_000);
    for input in [torn.concat(), [&b"\xff\xfe\n"[..], call.as_bytes()].concat()] {
        let answers = read(&lines(input));
        assert_eq!(
            (&answers[0]["error"]["code"], &answers[0]["id"]),
            (&json!(-32_700), &Json::Null)
        );
        assert_eq!(answers[1]["result"], 1);
    }
    assert_eq!(answer(&deep)["error"]["code"], -32_700);
}

/// Nobody is left to answer: that is no failure, and the rest of the input need not be read.
#[test]
fn a_closed_pipe_is_the_end() {
    let mut child: Child = server().spawn().expect("simlab runs");
    drop(child.stdout.take());
    let mut input = child.stdin.take().expect("a pipe");
    writeln!(input, "{}", padded(100)).expect("it reads");
    let output = child.wait_with_output().expect("it ends, although its input is open");
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
    drop(input);
}

#[test]
fn it_says_what_it_expects() {
    let (out, err) = exits(2, &["rpc-serve"]);
    assert_eq!(out, "");
    assert!(err.starts_with("error: expected `--stdio`: "), "{err}");
    let (_, err) = exits(2, &["rpc-serve", "--stdio", "8080"]);
    assert!(err.contains("unexpected argument '8080'"), "{err}");
}

/// A folder can be opened, but not read.
#[cfg(unix)]
#[test]
fn an_input_that_cannot_be_read_is_refused() {
    let folder = Folder::new("rpc-serve");
    let input = std::fs::File::open(folder.path("")).expect("a folder");
    let output = server().stdin(input).output().expect("simlab runs");
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), ""));
    let err = text(&output.stderr);
    assert!(err.starts_with("error: cannot read standard input: "), "{err}");
}

/// Clients and servers that nobody here wrote: Python's packages `jsonrpcclient` and `jsonrpcserver`, where they are. The
/// variable `PYTHON` names an interpreter that has them.
#[test]
fn it_understands_what_others_wrote() {
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/rpc_client.py");
    let mut command = Command::new(&python);
    let output = command.args([script, env!("CARGO_BIN_EXE_simlab")]).output();
    let missing = "set PYTHON to an interpreter with jsonrpcclient and jsonrpcserver";
    let Ok(output) = output else {
        eprintln!("skipped: {python} cannot be run; {missing}");
        return;
    };
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    match output.status.code() {
        Some(77) => eprintln!("skipped: {}; {missing}", out.trim()),
        Some(0) => {
            assert!(out.contains("calls came back"), "{out}");
            eprint!("{out}");
        }
        _ => panic!("{out}{err}"),
    }
}

/// The README shows what is really answered.
#[test]
fn the_documentation_is_right() {
    let readme = include_str!("../README.md");
    let shown = readme.split_once("simlab rpc-serve --stdio <<'END'\n").expect("an example").1;
    let (sent, answered) = shown.split_once("\nEND\n").expect("the end of what is sent");
    let answered = answered.split_once("\n```").expect("the end of the example").0;
    assert_eq!(lines(sent).join("\n"), answered);
}
