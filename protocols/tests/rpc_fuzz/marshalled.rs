//! Values, calls and results, as bytes and as JSON-RPC.

use serde_json::Value as Json;
use simlab_protocols::account::account::{self, Receipt};
use simlab_protocols::account::desk::desk;
use simlab_protocols::arith::arith;
use simlab_protocols::rpc::interface::{Call, Interface, Reply, whole};
use simlab_protocols::rpc::json::{self, Answer, Asked, Fault, Id, Params, Text};
use simlab_protocols::rpc::value::{Bytes, Number, Value};

/// A value as bytes.
pub(super) fn put(value: &impl Value) -> Vec<u8> {
    let mut out = Vec::new();
    value.put(&mut out);
    out
}

/// Two parameters as bytes.
pub(super) fn pair(a: &impl Value, b: &impl Value) -> Vec<u8> {
    [put(a), put(b)].concat()
}

pub(super) const RECEIPT: Receipt = Receipt { operation: 7, total: 105 };

type Texts = Vec<Option<String>>;
type Numbers = Vec<Number>;
type Receipts = Option<Vec<Receipt>>;

/// The first byte says of which type the value is.
pub(super) fn values() -> Vec<Vec<u8>> {
    let texts: Texts = vec![Some("one".to_owned()), None, Some("δύο".to_owned())];
    let numbers = vec![Number::Whole(-3), Number::Fraction(0.5)];
    let receipts: Receipts = Some(vec![RECEIPT, RECEIPT]);
    let bytes = vec![Bytes(vec![1, 2, 3]), Bytes(Vec::new())];
    let flags = (vec![true, false], 7_u32);
    let of = |kind: u8, bytes: Vec<u8>| [&[kind], &bytes[..]].concat();
    vec![
        of(0, put(&texts)),
        of(1, put(&numbers)),
        of(2, put(&receipts)),
        of(3, put(&bytes)),
        of(4, put(&flags.0)),
        of(5, put(&vec![Some(flags.1)])),
    ]
}

pub(super) fn value(bytes: &[u8]) -> Option<Vec<u8>> {
    fn of<T: Value>(bytes: &[u8]) -> Option<Vec<u8>> {
        Some(put(&whole::<T>(bytes).ok()?))
    }
    let (kind, bytes) = bytes.split_first()?;
    let again = match kind {
        0 => of::<Texts>(bytes),
        1 => of::<Numbers>(bytes),
        2 => of::<Receipts>(bytes),
        3 => of::<Vec<Bytes>>(bytes),
        4 => of::<Vec<bool>>(bytes),
        5 => of::<Vec<Option<u32>>>(bytes),
        _ => None,
    };
    Some([&[*kind], &again?[..]].concat())
}

pub(super) fn json_values() -> Vec<Vec<u8>> {
    let all = [
        r#"0["one",null,"δύο"]"#,
        r"1[-3,0.5]",
        r#"2[{"operation":7,"total":105}]"#,
        r#"3["010203",""]"#,
        r"4[true,false]",
        r"5[7,null]",
    ];
    all.map(|text| text.as_bytes().to_vec()).to_vec()
}

pub(super) fn json_value(bytes: &[u8]) -> Option<Vec<u8>> {
    fn of<T: Value>(bytes: &[u8]) -> Option<String> {
        let json: Json = serde_json::from_slice(bytes).ok()?;
        Some(T::from_json(&json)?.to_json().to_string())
    }
    let (kind, bytes) = bytes.split_first()?;
    let again = match kind {
        b'0' => of::<Texts>(bytes),
        b'1' => of::<Numbers>(bytes),
        b'2' => of::<Receipts>(bytes),
        b'3' => of::<Vec<Bytes>>(bytes),
        b'4' => of::<Vec<bool>>(bytes),
        b'5' => of::<Vec<Option<u32>>>(bytes),
        _ => None,
    };
    Some([&[*kind], again?.as_bytes()].concat())
}

/// The first byte says of which procedure the rest is.
pub(super) fn of_procedure(of: u8, bytes: &[u8]) -> Vec<u8> {
    [&[of], bytes].concat()
}

/// Calls of the account (from 0), the desk (from 10) and `arith` (from 20).
pub(super) fn all_calls() -> Vec<Vec<u8>> {
    let numbers = vec![Number::Whole(1), Number::Fraction(2.5)];
    vec![
        of_procedure(1, &pair(&7_u64, &5_i64)),
        of_procedure(2, &[]),
        of_procedure(3, &pair(&8_u64, &-5_i64)),
        of_procedure(11, &pair(&9_u64, &5_i64)),
        of_procedure(21, &pair(&Number::Whole(1), &Number::Whole(2))),
        of_procedure(23, &put(&numbers)),
    ]
}

pub(super) fn call(bytes: &[u8]) -> Option<Vec<u8>> {
    fn of<C: Call>(procedure: u8, bytes: &[u8]) -> Option<Vec<u8>> {
        let call = C::take(procedure.into(), bytes).ok()?;
        assert_eq!(call.procedure(), u16::from(procedure));
        let mut out = Vec::new();
        call.put(&mut out);
        Some(out)
    }
    let (&procedure, bytes) = bytes.split_first()?;
    let again = match procedure {
        0..10 => of::<account::Call>(procedure, bytes),
        10..20 => of::<desk::Call>(procedure - 10, bytes),
        _ => of::<arith::Call>(procedure - 20, bytes),
    };
    Some(of_procedure(procedure, &again?))
}

pub(super) fn all_results() -> Vec<Vec<u8>> {
    vec![
        of_procedure(1, &put(&RECEIPT)),
        of_procedure(2, &put(&105_i64)),
        of_procedure(11, &put(&RECEIPT)),
        of_procedure(21, &put(&Number::Fraction(0.5))),
    ]
}

pub(super) fn result(bytes: &[u8]) -> Option<Vec<u8>> {
    fn of<R: Reply>(procedure: u8, bytes: &[u8]) -> Option<Vec<u8>> {
        let reply = R::take(procedure.into(), bytes).ok()?;
        assert_eq!(reply.procedure(), u16::from(procedure));
        let mut out = Vec::new();
        reply.put(&mut out);
        Some(out)
    }
    let (&procedure, bytes) = bytes.split_first()?;
    let again = match procedure {
        0..10 => of::<account::Reply>(procedure, bytes),
        10..20 => of::<desk::Reply>(procedure - 10, bytes),
        _ => of::<arith::Reply>(procedure - 20, bytes),
    };
    Some(of_procedure(procedure, &again?))
}

pub(super) fn asked(method: &str, params: Params, id: Option<Id>) -> Json {
    Asked { method: method.to_owned(), params, id }.to_json()
}

/// Texts of JSON-RPC: calls of the account and of `arith`, one by one and in batches.
pub(super) fn texts() -> Vec<Vec<u8>> {
    let named = |text: &str| Params::of(serde_json::from_str(text).ok()).expect("parameters");
    let id = |n: u64| Some(Id::Number(n.into()));
    let add = asked("add", named(r#"{"operation":7,"amount":5}"#), id(7));
    let total = asked("total", Params::None, Some(Id::Text("a".to_owned())));
    let sum = asked("sum", named("[1,2.5,-3]"), None);
    let divide = asked("divide", named("[1,0]"), Some(Id::Null));
    let batch = Json::from(vec![add.clone(), sum.clone(), divide.clone(), Json::from(1)]);
    [add, total, sum, divide, batch].iter().map(|json| json.to_string().into_bytes()).collect()
}

pub(super) fn text(bytes: &[u8]) -> Option<Vec<u8>> {
    let json = match json::read(bytes).ok()? {
        Text::Single(asked) => asked.ok()?.to_json(),
        Text::Batch(all) => {
            let again = |json: Json| Asked::from_json(json.clone()).map_or(json, |a| a.to_json());
            Json::from(all.into_iter().map(again).collect::<Vec<Json>>())
        }
    };
    Some(json.to_string().into_bytes())
}

/// Parameters of JSON-RPC for the procedure of that name: what is read is written in JSON and in network byte order, and read from
/// both as the same.
pub(super) fn json_call(bytes: &[u8]) -> Option<Vec<u8>> {
    fn of<C: Call>(asked: &Asked) -> Option<Json> {
        let interface: &Interface = C::INTERFACE;
        let number = interface.named(&asked.method)?.number;
        let call = C::from_json(number, &asked.params)?;
        let (mut out, json) = (Vec::new(), call.to_json());
        call.put(&mut out);
        assert_eq!(C::take(number, &out).map(|call| call.to_json()), Ok(json.clone()));
        Some(json)
    }
    let one = |asked: &Asked| {
        let json = of::<account::Call>(asked).or_else(|| of::<arith::Call>(asked))?;
        let params =
            Params::of(Some(json)).filter(|params| *params != Params::Named(json::Object::new()));
        let params = params.unwrap_or(Params::None);
        Some(Asked { params, ..asked.clone() }.to_json())
    };
    let json = match json::read(bytes).ok()? {
        Text::Single(asked) => one(&asked.ok()?)?,
        Text::Batch(all) => {
            let again = |json: Json| {
                let call = Asked::from_json(json.clone()).ok();
                call.and_then(|asked| one(&asked)).unwrap_or(json)
            };
            Json::from(all.into_iter().map(again).collect::<Vec<Json>>())
        }
    };
    Some(json.to_string().into_bytes())
}

pub(super) fn answers() -> Vec<Vec<u8>> {
    let fault = Fault { data: Some(Json::from(vec![1, 2])), ..Fault::internal() };
    let all = [
        (Id::Number(7.into()), Ok(Json::from(105))),
        (Id::Text("a".to_owned()), Err(fault)),
        (Id::Null, Err(Fault::parse())),
    ];
    let text = |(id, result)| Answer { id, result }.to_json().to_string().into_bytes();
    all.map(text).to_vec()
}

pub(super) fn answer(bytes: &[u8]) -> Option<Vec<u8>> {
    let json: Json = serde_json::from_slice(bytes).ok()?;
    Some(Answer::from_json(&json)?.to_json().to_string().into_bytes())
}

/// A server of JSON-RPC answers each text with one that is JSON-RPC, and gives back the text itself if there was a call in it.
pub(super) fn answered(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut calls = 0;
    let answer = json::respond(bytes, |_, _| {
        calls += 1;
        Ok(Json::Null)
    });
    if let Some(answer) = answer {
        let is_one = |json: &Json| Answer::from_json(json).is_some();
        let json: Json = serde_json::from_str(&answer).expect("it is JSON");
        assert!(json.as_array().map_or_else(|| is_one(&json), |all| all.iter().all(is_one)));
    }
    (calls > 0).then(|| bytes.to_vec())
}
