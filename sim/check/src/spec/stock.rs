//! The stock of one product in a shop.

use super::Specification;
use crate::words;
use simlab_core::{Call, Value};
use std::collections::BTreeSet;

/// A stock counter: units are sold if there are enough, and can be taken back. It is never
/// negative; that is what makes selling a conditional write, which needs consensus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stock {
    /// The units before the first sale; not negative.
    pub initial: i64,
}

impl Specification for Stock {
    type State = i64;

    fn initial(&self) -> i64 {
        self.initial
    }

    fn accepts(&self, call: &Call) -> bool {
        matches!(call, Call::Read | Call::Sell(_) | Call::TakeBack(_))
    }

    fn apply(&self, &units: &i64, call: &Call) -> Option<(i64, Value)> {
        match *call {
            Call::Read => Some((units, Value::Int(units))),
            Call::Sell(n) if units >= n.into() => Some((units - i64::from(n), Value::Bool(true))),
            Call::Sell(_) => Some((units, Value::Bool(false))),
            Call::TakeBack(n) => Some((units.checked_add(n.into())?, Value::Bool(true))),
            _ => None,
        }
    }

    fn changes(&self, call: &Call, result: &Value) -> bool {
        call.writes() && *result == Value::Bool(true)
    }

    fn objection(&self, call: &Call, result: &Value, values: &BTreeSet<Value>) -> Option<String> {
        let (Some(Value::Int(least)), Some(Value::Int(most))) = (values.first(), values.last())
        else {
            return None;
        };
        match (call, result) {
            (Call::Read, _) if !values.contains(result) => {
                Some(format!("leaves {}", words::choice(values)))
            }
            (Call::Sell(n), Value::Bool(true)) if *most < i64::from(*n) => {
                let most = if least == most { most.to_string() } else { format!("at most {most}") };
                Some(format!("leaves {most}, and the sale needed {n}"))
            }
            (Call::Sell(n), Value::Bool(false)) if *least >= i64::from(*n) => {
                let more = if least == most { "" } else { "at least " };
                Some(format!("leaves {more}{least}, and the sale needed only {n}"))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::results;
    use super::*;

    #[test]
    fn what_is_not_there_is_not_sold() {
        let spec = Stock { initial: 3 };
        let calls = [
            Call::Sell(2),
            Call::Sell(2),
            Call::Read,
            Call::TakeBack(1),
            Call::Sell(2),
            Call::Read,
        ];
        let (yes, no) = (Value::Bool(true), Value::Bool(false));
        let expected = [yes.clone(), no, Value::Int(1), yes.clone(), yes, Value::Int(0)];
        assert_eq!(results(&spec, &calls), expected.map(Some));
    }

    #[test]
    fn a_stock_never_overflows() {
        let spec = Stock { initial: i64::MAX };
        assert_eq!(results(&spec, &[Call::TakeBack(1)]), [None]);
    }
}
