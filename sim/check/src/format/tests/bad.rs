//! What is refused, and where.

use super::super::read;
use super::{mistake, mistakes, recording};
use crate::model;

fn at(place: &str, message: &str) -> (String, String) {
    (place.to_owned(), message.to_owned())
}

#[test]
fn a_file_without_operations_is_an_error() {
    assert_eq!(mistake("register", "").1, "the file is empty");
    assert_eq!(mistake("register", " \n\t\n").1, "the file is empty");
    let nothing = "no operation can be read in this file";
    for text in [
        "hello world",
        "; a comment",
        "[]",
        "()",
        "INFO jepsen.core - started",
        "{:process :nemesis :type :info :f :start}",
        "INFO  jepsen.util - :nemesis :info :start nil",
        "[main] INFO up",
    ] {
        assert_eq!(mistake("register", text).1, nothing, "{text}");
    }
}

#[test]
fn what_a_model_does_not_have_is_unknown() {
    let log = "0 :invoke :push 1\n0 :ok :push 1\n0 :invoke :read nil\n0 :ok :read 1";
    assert_eq!(mistake("register", log), at(":push", "a register has no `:push`"));
    let found = recording("register", "0 :invoke :cas [1 2]").expect_err("no cas").list.remove(0);
    assert_eq!(found.help, ["--model cas-register or kv has it"]);
    assert_eq!(found.names.map(|names| names.known), Some(vec!["read", "write"]));
    assert_eq!(mistake("register", "0 :invok :read nil"), at(":invok", "unknown type `:invok`"));
}

#[test]
fn fields_are_missing_or_misspelt() {
    let edn = |fields: &str| mistake("register", &format!("{{{fields}}}"));
    assert_eq!(edn(":type :invoke :f :read").1, "this operation has no :process");
    assert_eq!(edn(":process 0 :f :read").1, "this operation has no :type");
    assert_eq!(edn(":process 0 :type :invoke").1, "this operation has no :f");
    assert_eq!(edn(":process 0 :type :invoke :f :write").1, "`:write` has no :value");
    assert_eq!(
        edn(":process 0 :type :invoke :f \"read\""),
        at("\"read\"", "`:f` must be a keyword")
    );
    let misspelt = at(":vaule", "unknown key `:vaule`");
    assert_eq!(edn(":process 0 :type :invoke :f :write :vaule 1"), misspelt);
    assert_eq!(edn(":process 0 :process 1").1, "`:process` is said twice");
    assert_eq!(edn(":process 0 :type").1, "this key has no value");
    assert_eq!(edn(":process -1 :type :invoke :f :read"), at("-1", "a process cannot be -1"));
    assert_eq!(
        edn(":process 4294967296 :type :invoke :f :read").1,
        "a process cannot be 4294967296"
    );
    assert_eq!(edn(":process [1] :type :invoke :f :read").1, "a process cannot be several things");
    let log = |line: &str| mistake("register", line);
    assert_eq!(log("0 :invoke"), at("", "here it is not said what the operation does"));
    assert_eq!(log("0 :invoke :write").1, "`:write` has no :value");
    assert_eq!(log("0 :invoke :write 1 2"), at("2", "there is more than one value"));
    assert_eq!(log("INFO jepsen.util - x :invoke :write 1").1, "a process cannot be `x`");
    assert_eq!(
        log("99999999999999999999 :invoke :write 1").1,
        "a process cannot be a number of more than 64 bits"
    );
    // What was returned must be said.
    let silent = "{:process 0 :type :invoke :f :read}{:process 0 :type :ok :f :read}";
    assert_eq!(mistake("register", silent).1, "the answer to `:read` has no :value");
}

#[test]
fn json_is_no_history() {
    for text in ["{\"process\": 0, \"type\": \"invoke\"}", "{\"process\":0,\"type\":\"invoke\"}"] {
        let all = recording("register", text).expect_err("it is JSON");
        let help = &all.list[0].help;
        assert!(help.iter().any(|line| line.contains("no JSON")), "{all:?}");
    }
}

#[test]
fn a_process_does_one_thing_at_a_time() {
    let answer = "0 :ok :write 1";
    assert_eq!(mistake("register", answer), at(answer, "process 0 has no operation open"));
    let twice = "0 :invoke :write 1\n0 :ok :write 1\n0 :ok :write 1";
    assert_eq!(mistake("register", twice).1, "process 0 has no operation open");
    let two = "0 :invoke :write 1\n0 :invoke :write 2\n0 :ok :write 2";
    assert_eq!(
        mistake("register", two),
        at("0 :invoke :write 2", "process 0 has two operations open")
    );
    let on = "0 :invoke :write 1\n0 :info :write :timed-out\n0 :invoke :write 2\n0 :ok :write 2";
    let message = "process 0 goes on after an operation of unknown outcome";
    assert_eq!(mistake("register", on), at("0 :invoke :write 2", message));
    let other = "0 :invoke :write 1\n0 :ok :read 1";
    assert_eq!(mistake("register", other), at(":read", "`:read` does not end `:write`"));
    let refused = recording("register", other).expect_err("the answer is to another question");
    let words = "the open operation of process 0 began in".to_owned();
    assert_eq!(refused.list[0].elsewhere, Some(Box::new((words, 0))));
}

#[test]
fn brackets_and_texts_must_be_closed() {
    let map = "{:process 0 :type :invoke :f :write :value 1}";
    let cut = |text: &str| mistake("register", text);
    assert_eq!(cut(&format!("[{map}")), at("", "the file is cut"));
    assert_eq!(cut("["), at("", "the file is cut"));
    assert_eq!(cut("[{:process 0 :type :inv"), at("", "the file is cut"));
    assert_eq!(cut("{:process 0 :value \"abc"), at("\"", "this text is not closed"));
    assert_eq!(cut(&format!("[{map})")), at(")", "`)` closes no vector"));
    assert_eq!(cut(&format!("{map}]")), at("]", "`]` closes nothing"));
    assert_eq!(cut("[{:process 0 ]"), at("]", "`]` closes no map"));
    assert_eq!(cut("0 :invoke :write [1 2").1, "the file is cut");
    assert_eq!(cut("[1]").1, "1 is no operation");
    assert_eq!(cut("[#_").1, "nothing follows this");
}

#[test]
fn values_must_fit_their_calls() {
    let bad = |model: &str, f: &str, value: &str| {
        mistake(model, &format!("{{:process 0 :type :invoke :f :{f} :value {value}}}"))
    };
    assert_eq!(bad("cas-register", "cas", "[1 2 3]").1, "this vector cannot stand here");
    assert_eq!(bad("cas-register", "cas", "1"), at("1", "1 cannot stand here"));
    let large = at("9223372036854775808", "this number is too large");
    assert_eq!(bad("register", "write", "9223372036854775808"), large);
    assert_eq!(bad("register", "write", "12abc"), at("12abc", "this is no whole number"));
    assert_eq!(bad("counter", "add", "1.5"), at("1.5", "this is no whole number"));
    assert_eq!(bad("counter", "dec", "-9223372036854775808").1, "this number is too large");
    assert_eq!(bad("counter", "add", ":one").1, ":one cannot stand here");
    assert_eq!(bad("stock", "sell", "-1").1, "-1 cannot stand here");
    assert_eq!(bad("kv", "append", "\"a\"").1, "this operation has no :key");
    assert_eq!(bad("kv", "append", "1 :key 1").1, "1 cannot stand here");
    assert_eq!(bad("multi-register", "txn", "1").1, "1 cannot stand here");
    assert_eq!(
        bad("multi-register", "txn", "[[:read :x]]"),
        at("[:read :x]", "this vector cannot stand here")
    );
    assert_eq!(bad("multi-register", "txn", "[[:add :x 1]]"), at(":add", ":add cannot stand here"));
    assert_eq!(bad("set", "add", "{:a 1}"), at("{:a 1}", "a map is no value"));
    let text = "{:process 0 :type :invoke :f :txn :value [[:read :x nil]]}
                {:process 0 :type :ok :f :txn :value [[:read :y 1]]}";
    assert_eq!(mistake("multi-register", text).1, "these are not the steps of the transaction");
    let keys =
        "{:process 0 :type :invoke :f :get :key 1}{:process 0 :type :ok :f :get :key 2 :value 1}";
    assert_eq!(mistake("kv", keys), at("2", "this is not the key of the open operation"));
    let keys =
        "{:process 0 :type :invoke :f :get :key 1}{:process 1 :type :invoke :f :get :key \"1\"}";
    assert_eq!(
        mistake("kv", keys),
        at("\"1\"", "this key is of another type than those before it")
    );
}

/// A mistake does not hide the next, and what follows from it is not told.
#[test]
fn all_mistakes_are_found() {
    let text = "0 :invoke :push 1\n0 :ok :push 1\n1 :ok :read 2\n2 :wrong :read 2\n2 :ok :read 2\n3 :invoke :write";
    let places: Vec<String> = mistakes("register", text).into_iter().map(|(at, _)| at).collect();
    assert_eq!(places, [":push", "1 :ok :read 2", ":wrong", "3 :invoke :write"]);
    let many = recording("register", &"0 :ok :read 1\n".repeat(1_000)).expect_err("no invocations");
    assert_eq!((many.list.len(), many.more), (3, 997));
}

#[test]
fn bytes_must_be_a_text() {
    let register = model("register").expect("it is in the table");
    let refused = read(b"0 :invoke :write \xff1", register).expect_err("no UTF-8");
    assert_eq!((refused.list[0].span.clone(), refused.list.len()), (17..18, 1));
    assert_eq!(refused.list[0].label, "byte 0xff cannot stand here");
    let wide = read(&[0xff, 0xfe, b'[', 0], register).expect_err("UTF-16");
    assert_eq!(wide.list[0].help, ["this is UTF-16; save it as UTF-8"]);
}
