//! What a reader must know of the files that there are.

use super::super::{Format, Place};
use super::{history, linearizable, told};
use simlab_core::Value;

#[test]
fn a_jepsen_log_is_read() {
    let log = "\
INFO  jepsen.util - 0\t:invoke\t:read\tnil
INFO  jepsen.core - Worker 0 starting
INFO  jepsen.util - 1\t:invoke\t:write\t3
INFO  jepsen.util - :nemesis\t:info\t:start\tnil
INFO  jepsen.util - 0\t:ok\t:read\tnil
INFO  jepsen.util - 1\t:ok\t:write\t3
INFO  jepsen.util - 2\t:invoke\t:cas\t[3 4]
INFO  jepsen.util - 2\t:ok\t:cas\t[3 4]
";
    let expected = ["0 x read -> nil", "1 x write 3 -> nil", "2 x cas 3 4 -> true"];
    assert_eq!(told("cas-register", log), expected);
    let recording = history("cas-register", log);
    assert_eq!((recording.format, recording.timed), (Format::JepsenLog, false));
    let first = recording.history.records()[1].op;
    assert_eq!(recording.place(first), Some(Place { invoked: 3, returned: Some(6) }));
}

/// Who splits at tabs alone reads nothing from some files, and is content.
#[test]
fn fields_stand_apart_by_tabs_or_blanks() {
    let tabs = "INFO  jepsen.util - 10\t:invoke\t:cas\t[1 2]\n";
    let expected = ["10 x cas 1 2 -> open"];
    for log in [
        tabs.to_owned(),
        tabs.replace('\t', "     "),
        tabs.replace('\t', " \t "),
        tabs.replace('\n', "\r\n"),
        tabs.trim_end().to_owned(),
        // Other loggers, and none.
        tabs.replace(
            "INFO  jepsen.util - ",
            "2015-03-01 12:00:00,000 INFO [worker 3] jepsen.util: ",
        ),
        tabs.replace("INFO  jepsen.util - ", "[main] INFO jepsen.util - "),
        tabs.replace("INFO  jepsen.util - ", ""),
        format!("\u{feff}{tabs}"),
    ] {
        assert_eq!(told("cas-register", &log), expected, "{log}");
    }
}

/// In a log, a compare-and-set that failed found another value; one that timed out was not made.
#[test]
fn a_failed_cas_of_a_log_tells_something() {
    let log =
        "0 :invoke :cas [1 2]\n0 :fail :cas [1 2]\n0 :invoke :cas [1 2]\n0 :fail :cas :timed-out\n";
    let expected = ["0 x cas 1 2 -> false", "0 x cas 1 2 -> not done: failed"];
    assert_eq!(told("cas-register", log), expected);
    assert!(!linearizable("cas-register", Value::Int(1), &log[..42]));
    assert!(linearizable("cas-register", Value::Int(3), &log[..42]));
    // In EDN it says no more than that it was not done.
    let edn = "[{:process 0 :type :invoke :f :cas :value [1 2]} {:process 0 :type :fail :f :cas :value [1 2]}]";
    assert_eq!(told("cas-register", edn), ["0 x cas 1 2 -> not done: failed"]);
    assert!(linearizable("cas-register", Value::Int(1), edn));
}

#[test]
fn a_read_that_failed_says_nothing() {
    let log = "0 :invoke :write 1\n0 :ok :write 1\n8   :invoke :read   nil\n8   :fail   :read   :timed-out";
    assert_eq!(told("cas-register", log)[1], "8 x read -> not done: failed");
    assert!(linearizable("cas-register", Value::Nil, log));
}

/// A nil is what a register of the etcd logs holds at first. In the files of Knossos it says nothing.
#[test]
fn a_read_of_nil_is_a_value_in_logs_alone() {
    let log = "0 :invoke :write 1\n0 :ok :write 1\n1 :invoke :read nil\n1 :ok :read nil\n";
    assert!(!linearizable("cas-register", Value::Nil, log));
    let edn = "[{:process 0 :type :invoke :f :write :value 1} {:process 0 :type :ok :f :write :value 1}
                {:process 1 :type :invoke :f :read :value nil} {:process 1 :type :ok :f :read :value nil}]";
    assert_eq!(told("register", edn)[1], "1 x read -> not done: what it returned is not told");
    assert!(linearizable("register", Value::Nil, edn));
    // A key that is missing is nil too.
    let kv = "{:process 1 :type :invoke :f :get :key 3 :value nil}{:process 1 :type :ok :f :get :key 3 :value nil}";
    assert_eq!(told("kv", kv), ["1 3 read -> nil"]);
}

/// What ended in `:info` may take effect at any time.
#[test]
fn unknown_operations_stay_pending() {
    let log = "3 :invoke :write 2\n3 :info :write :timed-out\n4 :invoke :read nil\n4 :ok :read nil\n\
               5 :invoke :read nil\n5 :ok :read 2\n";
    assert_eq!(told("cas-register", log)[0], "3 x write 2 -> unknown: never answered");
    assert!(linearizable("cas-register", Value::Nil, log));
}

#[test]
fn an_edn_history_is_a_vector_a_list_or_bare_maps() {
    let maps = "{:process 0, :type :invoke, :f :write, :value 1}\n{:process 0, :type :ok, :f :write, :value 1}";
    let expected = ["0 x write 1 -> nil"];
    for text in [
        maps.to_owned(),
        format!("[{maps}]"),
        format!("({maps})\n"),
        format!("; a comment [{{\n[{maps} ; {{:process 1\n]\n; the end"),
        format!("#jepsen.history.History [{}]", maps.replace('{', "#jepsen.history.Op{")),
        format!("#_ {{:process 9}} [#_ #_ {{:process 7}} {{:process 8}} {maps}]"),
        format!("[{maps} #_ {{:process 7}}]"),
        format!("\u{feff}{maps}"),
        maps.replace(',', ""),
        maps.replace('\n', ""),
    ] {
        assert_eq!(told("register", &text), expected, "{text}");
    }
}

#[test]
fn keys_come_in_any_order_and_others_are_left_alone() {
    let text = "[{:index 0 :value 1 :error [:not-found \"no ] lease\"] :f :write \"text\" 1 :type :invoke
                  :time 3.5 :process 0 :node #{\"n1\"} :big 99999999999999999999 :at #inst \"2020-01-01\"}
                 {:f :write :type :ok :process 0 :debug {:a {:b [1/2 \\] ##Inf]}}}]";
    assert_eq!(told("register", text), ["0 x write 1 -> nil"]);
}

#[test]
fn the_nemesis_is_no_client() {
    let text = "[{:process :nemesis, :type :info, :f :start, :value nil}
                 {:process 1, :type :invoke, :f :acquire}
                 {:process :nemesis :type :info :f :stop :value \"Cut off [:n3 #[:n4 :n5 :n1]]\"}
                 {:process :nemesis :type :mystery}
                 {:process 1, :type :ok, :f :acquire}]";
    assert_eq!(told("mutex", text), ["1 x acquire -> nil"]);
}

#[test]
fn a_key_value_store_has_a_key_a_line() {
    let text = r#"{:process 0, :type :invoke, :f :append, :key "4", :value "x 0 1 y"}
{:process 1, :type :invoke, :f :get, :key "4", :value nil}
{:process 0, :type :ok, :f :append, :key "4", :value "x 0 1 y"}
{:process 1, :type :ok, :f :get, :key "4", :value ""}
{:process 1, :type :invoke, :f :put, :key "5", :value "a\"b"}
"#;
    let expected =
        ["0 4 append \"x 0 1 y\" -> nil", "1 4 read -> \"\"", "1 5 write \"a\\\"b\" -> open"];
    assert_eq!(told("kv", text), expected);
    assert!(linearizable("kv", Value::Text(String::new()), text));
    assert!(!linearizable("kv", Value::Text("?".into()), text));
}

/// Other objects may have keys too: then each key is an object.
#[test]
fn keys_name_objects() {
    let text = "{:process 0 :type :invoke :f :write :key :a :value 1} {:process 0 :type :ok :f :write}
                {:process 0 :type :invoke :f :read :key :b} {:process 0 :type :ok :f :read :value 0}";
    assert_eq!(told("register", text), ["0 a write 1 -> nil", "0 b read -> 0"]);
}

#[test]
fn a_transaction_loses_the_reads_whose_answers_are_not_told() {
    let text = "{:type :invoke, :f :txn, :value [[:read :x nil] [:write :y 2] [:r :y nil]], :process 3}
                {:type :ok, :f :txn, :value [[:read :x nil] [:write :y 2] [:r :y 2]], :process 3}
                {:type :invoke, :f :txn, :value [[:w \"x\" 1] [:read :z nil]], :process 4}
                {:type :info, :f :txn, :value [[:w \"x\" 1] [:read :z nil]], :process 4, :error :conn-lost}";
    let expected =
        ["3 x write y 2, read y -> [2]", "4 x write x 1, read z -> unknown: never answered"];
    assert_eq!(told("multi-register", text), expected);
}

#[test]
fn the_model_says_what_add_and_read_mean() {
    let events = |f: &str, asked: &str, told: &str| {
        format!(
            "{{:process 0 :type :invoke :f :{f} :value {asked}}}{{:process 0 :type :ok :f :{f} :value {told}}}"
        )
    };
    let one = |model: &str, f: &str, asked: &str, answer: &str| {
        told(model, &events(f, asked, answer)).remove(0)
    };
    assert_eq!(one("set", "add", "5", "5"), "0 x insert 5 -> nil");
    assert_eq!(one("counter", "add", "5", "5"), "0 x add 5 -> nil");
    assert_eq!(one("counter", "inc", "nil", "nil"), "0 x add 1 -> nil");
    assert_eq!(one("counter", "dec", "3", "nil"), "0 x add -3 -> nil");
    assert_eq!(one("counter", "read", "nil", "-7"), "0 x read -> -7");
    assert_eq!(one("set", "read", "nil", "#{3 1 2}"), "0 x read -> [1, 2, 3]");
    // No set has an element twice, so this is one that breaks the model and is not mended.
    assert_eq!(one("set", "read", "nil", "[2 1 1]"), "0 x read -> [1, 1, 2]");
    assert!(one("set", "read", "nil", "nil").contains("not told"));
    assert_eq!(one("set", "remove", "5", "false"), "0 x remove 5 -> false");
    assert_eq!(one("set", "add", "true", "true"), "0 x insert true -> nil");
    assert_eq!(one("set", "contains", "5", "true"), "0 x contains 5 -> true");
    assert_eq!(one("set", "contains", "5", "[5 false]"), "0 x contains 5 -> false");
    assert_eq!(one("queue", "enqueue", "[1 :a]", "nil"), "0 x enqueue [1, \":a\"] -> nil");
    assert_eq!(one("queue", "dequeue", "nil", "7"), "0 x dequeue -> 7");
    assert_eq!(one("queue", "dequeue", "nil", "nil"), "0 x dequeue -> nil");
    assert_eq!(one("stock", "sell", "2", "2"), "0 x sell 2 -> true");
    assert_eq!(one("stock", "sell", "2", "false"), "0 x sell 2 -> false");
    assert_eq!(one("stock", "take-back", "2", "nil"), "0 x take back 2 -> true");
}

/// Times come from many machines' threads, a little out of order. The lines are the order.
#[test]
fn times_never_run_backwards() {
    let timed = |times: [&str; 2]| {
        format!(
            "{{:process 0 :type :invoke :f :read :time {}}}{{:process 0 :type :ok :f :read :value 1 :time {}}}",
            times[0], times[1]
        )
    };
    let ends = |text: &str| {
        let recording = history("register", text);
        let record = &recording.history.records()[0];
        let returned = record.returned.as_ref().map(|(mark, _)| mark.at.nanos());
        (recording.timed, record.invoked.at.nanos(), returned)
    };
    assert_eq!(ends(&timed(["500", "700"])), (true, 500, Some(700)));
    assert_eq!(ends(&timed(["500", "400"])), (true, 500, Some(500)));
    // Without a time each there is none at all.
    assert_eq!(ends(&timed(["500", "nil"])), (false, 0, Some(0)));
    assert_eq!(ends(&timed(["500", "-1"])), (false, 0, Some(0)));
}

/// What clients saw at the same moment is at the same moment.
#[test]
fn the_order_of_lines_is_the_order_of_events() {
    let text = "1 :invoke :read nil\n0 :invoke :write 1\n0 :ok :write 1\n1 :ok :read nil\n";
    assert!(linearizable("register", Value::Nil, text));
    let later = "0 :invoke :write 1\n0 :ok :write 1\n1 :invoke :read nil\n1 :ok :read nil\n";
    assert!(!linearizable("register", Value::Nil, later));
}

/// Where each event has a line of its own, marks count lines, as what is said of operations does.
#[test]
fn marks_count_lines_where_they_can() {
    let marks = |text: &str| {
        let recording = history("register", text);
        let record = &recording.history.records()[0];
        let returned = record.returned.as_ref().map(|(mark, _)| mark.seq.get());
        (recording.by_line, record.invoked.seq.get(), returned)
    };
    let log = "begin\n0 :invoke :read nil\n\n0 :ok :read nil\n";
    assert_eq!(marks(log), (true, 2, Some(4)));
    let one_line = "\n{:process 0 :type :invoke :f :read}{:process 0 :type :ok :f :read :value 1}";
    assert_eq!(marks(one_line), (false, 1, Some(2)));
}
