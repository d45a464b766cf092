//! What is answered.

use super::{Asked, Id, Json, Object, Params, Text, VERSION, read};

/// Why a call came to nothing (§5.1).
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// What kind: below -32,000 the specification's, above it the procedure's own.
    pub code: i64,
    /// One sentence.
    pub message: String,
    /// More, if there is more.
    pub data: Option<Json>,
}

impl Fault {
    /// What was sent is no JSON.
    pub const PARSE: i64 = -32_700;
    /// The JSON sent is no call.
    pub const INVALID: i64 = -32_600;
    /// There is no such procedure.
    pub const METHOD: i64 = -32_601;
    /// These are not its parameters.
    pub const PARAMS: i64 = -32_602;
    /// The server failed.
    pub const INTERNAL: i64 = -32_603;
    /// From here up to -32,000 a server's own reasons to refuse.
    pub const SERVER_FIRST: i64 = -32_099;
    /// The last of them.
    pub const SERVER_LAST: i64 = -32_000;

    /// A fault of this code that says this.
    #[must_use]
    pub fn new(code: i64, message: impl Into<String>) -> Fault {
        Fault { code, message: message.into(), data: None }
    }

    /// What was sent is no JSON.
    #[must_use]
    pub fn parse() -> Fault {
        Fault::new(Self::PARSE, "Parse error")
    }

    /// The JSON sent is no call.
    #[must_use]
    pub fn invalid() -> Fault {
        Fault::new(Self::INVALID, "Invalid Request")
    }

    /// There is no such procedure.
    #[must_use]
    pub fn method() -> Fault {
        Fault::new(Self::METHOD, "Method not found")
    }

    /// These are not its parameters.
    #[must_use]
    pub fn params() -> Fault {
        Fault::new(Self::PARAMS, "Invalid params")
    }

    /// The server failed.
    #[must_use]
    pub fn internal() -> Fault {
        Fault::new(Self::INTERNAL, "Internal error")
    }
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// To which call.
    pub id: Id,
    /// What came of it.
    pub result: Result<Json, Fault>,
}

impl Answer {
    /// It in JSON.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let mut object = Object::new();
        object.insert("jsonrpc".to_owned(), Json::from(VERSION));
        match &self.result {
            Ok(result) => object.insert("result".to_owned(), result.clone()),
            Err(fault) => {
                let mut error = Object::new();
                error.insert("code".to_owned(), Json::from(fault.code));
                error.insert("message".to_owned(), Json::from(fault.message.as_str()));
                if let Some(data) = &fault.data {
                    error.insert("data".to_owned(), data.clone());
                }
                object.insert("error".to_owned(), Json::Object(error))
            }
        };
        object.insert("id".to_owned(), self.id.to_json());
        Json::Object(object)
    }

    /// Reads an answer; `None` if this is none: there is a result or a fault, and not both.
    #[must_use]
    pub fn from_json(json: &Json) -> Option<Answer> {
        let object = json.as_object()?;
        if object.get("jsonrpc").and_then(Json::as_str) != Some(VERSION) {
            return None;
        }
        let id = Id::from_json(object.get("id")?)?;
        let result = match (object.get("result"), object.get("error")) {
            (Some(result), None) => Ok(result.clone()),
            (None, Some(error)) => Err(Fault {
                code: error.get("code")?.as_i64()?,
                message: error.get("message")?.as_str()?.to_owned(),
                data: error.get("data").cloned(),
            }),
            _ => return None,
        };
        Some(Answer { id, result })
    }
}

/// Answers a text with calls by what `execute` makes of each; `None` if there is nothing to answer. Many small mistakes
/// in a batch make a long answer: each is written and forgotten before the next is looked at.
pub fn respond(
    text: &[u8],
    mut execute: impl FnMut(&str, &Params) -> Result<Json, Fault>,
) -> Option<String> {
    let mut one = |asked: Result<Asked, (Id, Fault)>| match asked {
        Ok(Asked { method, params, id }) => {
            let result = execute(&method, &params);
            id.map(|id| Answer { id, result }.to_json())
        }
        Err((id, fault)) => Some(Answer { id, result: Err(fault) }.to_json()),
    };
    match read(text) {
        Ok(Text::Single(asked)) => one(asked).map(|answer| answer.to_string()),
        Ok(Text::Batch(all)) => {
            let mut answers = String::new();
            for answer in all.into_iter().filter_map(|json| one(Asked::from_json(json))) {
                answers.push(if answers.is_empty() { '[' } else { ',' });
                answers += &answer.to_string();
            }
            (!answers.is_empty()).then(|| answers + "]")
        }
        Err(fault) => Some(Answer { id: Id::Null, result: Err(fault) }.to_json().to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    /// What is answered to a text, read again.
    fn answer(text: &str) -> Option<Json> {
        let answer = respond(text.as_bytes(), example)?;
        Some(serde_json::from_str(&answer).expect("JSON"))
    }

    /// The procedures of the specification's examples (§7).
    fn example(method: &str, params: &Params) -> Result<Json, Fault> {
        let whole = |place, name| params.take::<i64>(place, name).ok_or_else(Fault::params);
        match method {
            "subtract" => Ok(json!(whole(0, "minuend")? - whole(1, "subtrahend")?)),
            "sum" => match params {
                Params::Placed(list) => {
                    Ok(json!(list.iter().filter_map(Json::as_i64).sum::<i64>()))
                }
                _ => Err(Fault::params()),
            },
            "get_data" => Ok(json!(["hello", 5])),
            "update" | "notify_hello" | "notify_sum" => Ok(Json::Null),
            _ => Err(Fault::method()),
        }
    }

    /// What is sent and what comes back in §7 of the specification, in its order.
    const EXAMPLES: &[(&str, &str)] = &[
        // Positional parameters.
        (
            r#"{"jsonrpc": "2.0", "method": "subtract", "params": [42, 23], "id": 1}"#,
            r#"{"jsonrpc": "2.0", "result": 19, "id": 1}"#,
        ),
        (
            r#"{"jsonrpc": "2.0", "method": "subtract", "params": [23, 42], "id": 2}"#,
            r#"{"jsonrpc": "2.0", "result": -19, "id": 2}"#,
        ),
        // Named parameters.
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
        // Batches.
        (
            r#"[{"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"}, {"jsonrpc": "2.0", "method"]"#,
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
            r#"[{"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},
                {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]},
                {"jsonrpc": "2.0", "method": "subtract", "params": [42,23], "id": "2"},
                {"foo": "boo"},
                {"jsonrpc": "2.0", "method": "foo.get", "params": {"name": "myself"}, "id": "5"},
                {"jsonrpc": "2.0", "method": "get_data", "id": "9"}]"#,
            r#"[{"jsonrpc": "2.0", "result": 7, "id": "1"},
                {"jsonrpc": "2.0", "result": 19, "id": "2"},
                {"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null},
                {"jsonrpc": "2.0", "error": {"code": -32601, "message": "Method not found"}, "id": "5"},
                {"jsonrpc": "2.0", "result": ["hello", 5], "id": "9"}]"#,
        ),
        (
            r#"[{"jsonrpc": "2.0", "method": "notify_sum", "params": [1,2,4]},
                {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]}]"#,
            "",
        ),
    ];

    #[test]
    fn the_examples_of_the_specification() {
        for (sent, answered) in EXAMPLES {
            let expected =
                (!answered.is_empty()).then(|| serde_json::from_str(answered).expect("JSON"));
            assert_eq!(answer(sent), expected, "{sent}");
        }
    }

    #[test]
    fn what_is_no_call_is_refused_under_its_id() {
        for (text, id) in [
            (r#"{"method": "sum", "id": 7}"#, json!(7)),
            (r#"{"jsonrpc": "1.0", "method": "sum", "id": "x"}"#, json!("x")),
            (r#"{"jsonrpc": "2.0", "method": "sum", "params": 3, "id": 8}"#, json!(8)),
            (r#"{"jsonrpc": "2.0", "method": "sum", "params": null, "id": 8}"#, json!(8)),
            (r#"{"jsonrpc": "2.0", "method": "sum", "id": [1]}"#, Json::Null),
            (r#"{"jsonrpc": "2.0", "id": 9}"#, json!(9)),
            ("3", Json::Null),
        ] {
            let answer = answer(text).expect("an answer");
            assert_eq!(answer["error"]["code"], Fault::INVALID, "{text}");
            assert_eq!(answer["id"], id, "{text}");
        }
        let null = answer(r#"{"jsonrpc":"2.0","method":"get_data","id":null}"#);
        assert_eq!(null.expect("it is no notification")["id"], Json::Null);
    }

    #[test]
    fn an_answer_has_a_result_or_a_fault() {
        let fault = Fault { data: Some(json!({"at": 3})), ..Fault::internal() };
        for result in [Ok(json!([1, "two"])), Ok(Json::Null), Err(fault), Err(Fault::params())] {
            let answer = Answer { id: Id::Text("a".to_owned()), result };
            assert_eq!(Answer::from_json(&answer.to_json()), Some(answer));
        }
        for none in [
            json!({"jsonrpc": "2.0", "id": 1}),
            json!({"jsonrpc": "2.0", "id": 1, "result": 1, "error": {"code": 1, "message": ""}}),
            json!({"jsonrpc": "2.0", "result": 1}),
            json!({"id": 1, "result": 1}),
            json!([]),
        ] {
            assert_eq!(Answer::from_json(&none), None, "{none}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_answered_or_needs_no_answer(text in ".{0,60}") {
            if let Some(answer) = answer(&text) {
                prop_assert!(Answer::from_json(&answer).is_some() || answer.is_array());
            }
        }

        #[test]
        fn calls_come_back(method in ".{0,9}", list: Vec<i64>, id: Option<i64>) {
            let params = Params::Placed(list.into_iter().map(Json::from).collect());
            let id = id.map(|id| Id::Number(id.into()));
            let asked = Asked { method, params, id };
            let text = asked.to_json().to_string();
            prop_assert_eq!(read(text.as_bytes()), Ok(Text::Single(Ok(asked))));
        }
    }
}
