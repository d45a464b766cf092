//! Arithmetic from afar: the service of the examples of JSON-RPC 2.0 (§7 of its specification).
//!
//! [`execute`] answers one call of it as JSON-RPC has it; `simlab rpc-serve` puts a pipe before that. [`Arithmetic`]
//! is the same as a service of an [`Endpoint`](crate::rpc::Endpoint).

use crate::rpc::json::{Fault, Json, Params};
use crate::rpc::service_parts::{Call as _, Value as _};
use crate::rpc::value::Number;
use crate::rpc::{Context, Failure, Step, Woken};
use arith::{Call, INTERFACE, Reply, Server};
use std::convert::Infallible;

crate::service! {
    /// Sums, differences and quotients.
    pub service arith = "arith", versions 1..=1;

    procedures {
        /// The sum of two numbers.
        1 => add(a: Number, b: Number) -> Number;
        /// What is left of the minuend when the subtrahend is taken away.
        2 => subtract(minuend: Number, subtrahend: Number) -> Number;
        /// The sum of any numbers; that of none is 0.
        3 => sum(numbers: Vec<Number>) -> Number;
        /// The quotient: whole if the division leaves nothing over, otherwise a fraction.
        4 => divide(dividend: Number, divisor: Number) -> Number;
    }
}

/// The code of a division by zero.
pub const DIVIDED_BY_ZERO: i64 = 1;

/// The code of a result that is beyond the greatest binary fraction (IEEE 754, binary64).
pub const TOO_GREAT: i64 = 2;

/// The sum of two numbers, exact if both are whole and it fits into 64 bits, otherwise the nearest fraction.
///
/// # Errors
/// [`TOO_GREAT`].
pub fn add(a: Number, b: Number) -> Result<Number, Failure> {
    finite(a.apply(b, i64::checked_add, |a, b| a + b))
}

/// The difference of two numbers, as exact as [`add`].
///
/// # Errors
/// [`TOO_GREAT`].
pub fn subtract(minuend: Number, subtrahend: Number) -> Result<Number, Failure> {
    finite(minuend.apply(subtrahend, i64::checked_sub, |a, b| a - b))
}

/// The sum of any numbers. All whole ones are added exactly, so that their order does not matter; then the fractions,
/// in their order.
///
/// # Errors
/// [`TOO_GREAT`].
pub fn sum(numbers: &[Number]) -> Result<Number, Failure> {
    let (mut whole, mut fractions) = (0_i128, None);
    for number in numbers {
        match number {
            Number::Whole(n) => whole += i128::from(*n),
            Number::Fraction(x) => fractions = Some(fractions.unwrap_or(0.0) + x),
        }
    }
    finite(match (fractions, i64::try_from(whole)) {
        (None, Ok(whole)) => Some(Number::Whole(whole)),
        (fractions, _) => Number::of(whole as f64 + fractions.unwrap_or(0.0)),
    })
}

/// The quotient, exact if both are whole and nothing is left over, otherwise the nearest fraction.
///
/// # Errors
/// [`DIVIDED_BY_ZERO`] and [`TOO_GREAT`].
pub fn divide(dividend: Number, divisor: Number) -> Result<Number, Failure> {
    if divisor.fraction() == 0.0 {
        return Err(failure(DIVIDED_BY_ZERO, "Division by zero"));
    }
    let whole = |a: i64, b: i64| (a.checked_rem(b)? == 0).then(|| a / b);
    finite(dividend.apply(divisor, whole, |a, b| a / b))
}

fn finite(number: Option<Number>) -> Result<Number, Failure> {
    number.ok_or_else(|| failure(TOO_GREAT, "Result out of range"))
}

fn failure(code: i64, message: &str) -> Failure {
    Failure { code, message: message.to_owned() }
}

/// Answers one call as JSON-RPC has it.
///
/// # Errors
/// If there is no such method, if these are not its parameters, and what the functions above complain of.
pub fn execute(method: &str, params: &Params) -> Result<Json, Fault> {
    let procedure = INTERFACE.named(method).ok_or_else(Fault::method)?;
    let call = Call::from_json(procedure.number, params).ok_or_else(Fault::params)?;
    let number = match call {
        Call::add { a, b } => add(a, b),
        Call::subtract { minuend, subtrahend } => subtract(minuend, subtrahend),
        Call::sum { numbers } => sum(&numbers),
        Call::divide { dividend, divisor } => divide(dividend, divisor),
    };
    match number {
        Ok(number) => Ok(number.to_json()),
        Err(Failure { code, message }) => Err(Fault::new(code, message)),
    }
}

/// Who executes the calls of a simulated server: without state, and none of them waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Arithmetic;

impl Server for Arithmetic {
    type Job = Infallible;

    fn add(&mut self, a: Number, b: Number, _: &mut Context<'_, '_>) -> Step<Number, Infallible> {
        Step::Done(add(a, b))
    }

    fn subtract(
        &mut self,
        minuend: Number,
        subtrahend: Number,
        _: &mut Context<'_, '_>,
    ) -> Step<Number, Infallible> {
        Step::Done(subtract(minuend, subtrahend))
    }

    fn sum(&mut self, numbers: Vec<Number>, _: &mut Context<'_, '_>) -> Step<Number, Infallible> {
        Step::Done(sum(&numbers))
    }

    fn divide(
        &mut self,
        dividend: Number,
        divisor: Number,
        _: &mut Context<'_, '_>,
    ) -> Step<Number, Infallible> {
        Step::Done(divide(dividend, divisor))
    }

    fn resume(
        &mut self,
        job: Infallible,
        _: Woken,
        _: &mut Context<'_, '_>,
    ) -> Step<Reply, Infallible> {
        match job {}
    }

    /// No call has an effect.
    fn redo(&mut self, _: &[u8]) {}

    fn snapshot(&self) -> Vec<u8> {
        Vec::new()
    }

    fn restore(&mut self, snapshot: &[u8]) -> bool {
        snapshot.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    /// The result, or the code of the error.
    fn called(method: &str, params: Json) -> Result<Json, i64> {
        let params = Params::of(Some(params)).expect("a list or an object");
        execute(method, &params).map_err(|fault| fault.code)
    }

    #[test]
    fn calls_have_their_results() {
        for (method, params, result) in [
            ("add", json!([2, 3]), json!(5)),
            ("add", json!({"a": 0.5, "b": 0.25}), json!(0.75)),
            ("subtract", json!([42, 23]), json!(19)),
            ("subtract", json!({"subtrahend": 23, "minuend": 42}), json!(19)),
            ("sum", json!([1, 2, 4]), json!(7)),
            ("sum", json!({"numbers": [1, 2, 4]}), json!(7)),
            ("sum", json!([[1, 2, 4]]), json!(7)),
            ("sum", json!([]), json!(0)),
            ("sum", json!([0.5, 1, 0.25]), json!(1.75)),
            ("divide", json!([6, 3]), json!(2)),
            ("divide", json!([7, 2]), json!(3.5)),
            ("divide", json!([-7, 2]), json!(-3.5)),
            ("divide", json!({"divisor": 1.5, "dividend": 4.5}), json!(3)),
            ("divide", json!([0, -5]), json!(0)),
        ] {
            assert_eq!(called(method, params.clone()), Ok(result), "{method}{params}");
        }
    }

    /// 2^63 is the least that does not fit.
    #[test]
    fn whole_numbers_that_do_not_fit_become_fractions() {
        let two_to_63 = json!(9_223_372_036_854_775_808.0);
        assert_eq!(called("add", json!([i64::MAX, 0])), Ok(json!(i64::MAX)));
        assert_eq!(called("add", json!([i64::MAX, 1])), Ok(two_to_63.clone()));
        assert_eq!(called("subtract", json!([i64::MAX, -1])), Ok(two_to_63.clone()));
        assert_eq!(called("divide", json!([i64::MIN, -1])), Ok(two_to_63.clone()));
        assert_eq!(called("sum", json!([i64::MAX, 1])), Ok(two_to_63));
        assert_eq!(called("sum", json!([i64::MAX, 1, -1])), Ok(json!(i64::MAX)));
    }

    #[test]
    fn faults_have_their_codes() {
        for (method, params, code) in [
            ("divide", json!([1, 0]), DIVIDED_BY_ZERO),
            ("divide", json!([0, -0.0]), DIVIDED_BY_ZERO),
            ("divide", json!([1e300, 1e-300]), TOO_GREAT),
            ("add", json!([1.7e308, 1.7e308]), TOO_GREAT),
            ("subtract", json!([-1.7e308, 1.7e308]), TOO_GREAT),
            ("sum", json!([1.7e308, 1.7e308, -1.7e308]), TOO_GREAT),
            ("multiply", json!([1, 2]), Fault::METHOD),
            ("Add", json!([1, 2]), Fault::METHOD),
            ("add", json!([1]), Fault::PARAMS),
            ("add", json!([1, 2, 3]), Fault::PARAMS),
            ("add", json!(["1", 2]), Fault::PARAMS),
            ("add", json!([null, 2]), Fault::PARAMS),
            ("subtract", json!({"minuend": 1}), Fault::PARAMS),
            ("subtract", json!({"minuend": 1, "subtrahend": 1, "c": 1}), Fault::PARAMS),
            ("sum", json!({"numbers": 1}), Fault::PARAMS),
            ("sum", json!([1, [2]]), Fault::PARAMS),
        ] {
            assert_eq!(called(method, params.clone()), Err(code), "{method}{params}");
        }
        assert_eq!(execute("add", &Params::None), Err(Fault::params()));
        assert_eq!(execute("sum", &Params::None), Err(Fault::params()));
    }

    proptest! {
        /// Against arithmetic in 128 bits.
        #[test]
        fn whole_results_are_exact(a: i64, b: i64, small in -9_i64..=9) {
            let exact = |wide: i128| match i64::try_from(wide) {
                Ok(fits) => Number::Whole(fits),
                Err(_) => Number::Fraction(wide as f64),
            };
            let (whole, wide) = (Number::Whole, i128::from);
            prop_assert_eq!(sum(&[whole(a), whole(b), whole(small)]), Ok(exact(wide(a) + wide(b) + wide(small))));
            // Numbers that do not fit are rounded before they are added.
            if let Some(n) = a.checked_add(b) {
                prop_assert_eq!(add(whole(a), whole(b)), Ok(whole(n)));
            }
            if let Some(n) = a.checked_sub(b) {
                prop_assert_eq!(subtract(whole(a), whole(b)), Ok(whole(n)));
            }
            if let Some(product) = a.checked_mul(small) && small != 0 {
                prop_assert_eq!(divide(whole(product), whole(small)), Ok(whole(a)));
            }
        }
    }
}
