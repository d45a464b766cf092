//! What the states of shops and customers come to, for the debugger.

use simlab_core::{FieldValue, Fields, Inspection};

/// The groups of a replica that stand for products: those that have a stock.
fn products(state: &Fields) -> impl Iterator<Item = (&str, &Fields, i64)> {
    state.iter().filter_map(|field| match &field.value {
        FieldValue::Group(group) => {
            group.get_int(&["stock"]).map(|stock| (field.name.as_str(), group, stock))
        }
        FieldValue::Int(_) | FieldValue::Text(_) => None,
    })
}

/// What the numbers of a group add up to.
fn sum(group: &Fields, name: &str) -> i64 {
    let Some(FieldValue::Group(list)) = group.get(&[name]) else { return 0 };
    let numbers = list.iter().filter_map(|field| match field.value {
        FieldValue::Int(number) => Some(number),
        FieldValue::Text(_) | FieldValue::Group(_) => None,
    });
    numbers.fold(0, i64::saturating_add)
}

/// How many units are left of each product, as this replica believes.
fn left(state: &Fields) -> Option<String> {
    let total = state.get_int(&["total"])?;
    let all: Vec<_> = products(state).collect();
    Some(match all.as_slice() {
        // Nothing was sold yet.
        [] => format!("{total} left"),
        [(_, _, stock)] => format!("{stock} left"),
        many => {
            let each = many.iter().map(|(name, _, stock)| format!("{name} {stock}"));
            each.collect::<Vec<_>>().join(", ")
        }
    })
}

/// A replica that counts sales and returns, by the city that made them.
pub(super) fn counters(state: &Fields) -> Inspection {
    let total = state.get_int(&["total"]).unwrap_or_default();
    let lines = products(state).flat_map(|(name, group, stock)| {
        let (returned, sold) = (sum(group, "returned"), sum(group, "sold"));
        let heard = format!("{name}: {total} - {sold} sold + {returned} returned = {stock}");
        let own = group.get_int(&["own"]).map(|own| format!("{name}: {own} of them are its own"));
        std::iter::once(heard).chain(own)
    });
    Inspection { headline: left(state), lines: lines.collect() }
}

/// A replica whose answers a majority decided.
pub(super) fn ledger(state: &Fields) -> Inspection {
    let lines = products(state).map(|(name, group, stock)| {
        let ballot = group.get_int(&["ballot"]).unwrap_or_default();
        let by = group.get_int(&["by"]).unwrap_or_default();
        if ballot == 0 {
            format!("{name}: has accepted nothing yet, so {stock} as at the start")
        } else {
            format!("{name}: accepted {stock} in ballot {ballot}.n{by}")
        }
    });
    Inspection { headline: left(state), lines: lines.collect() }
}

/// A replica of the log.
pub(super) fn replicated(state: &Fields) -> Inspection {
    let raft = crate::raft::inspector::node(state);
    let headline = raft.headline.zip(left(state)).map(|(role, left)| format!("{left}; {role}"));
    Inspection { headline, lines: raft.lines }
}

/// A customer.
pub(super) fn client(state: &Fields) -> Inspection {
    let open = state.get_int(&["open"]).unwrap_or_default();
    Inspection { headline: (open > 0).then(|| format!("waits for {open}")), lines: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Shanghai's replica of the available shop looks like once it has heard of the first sale.
    fn shanghai() -> Fields {
        let mut state = Fields::new();
        state.int("total", 60);
        state.group("phone", |phone| {
            phone.int("stock", 59);
            phone.group("returned", |list| list.int("n0", 1));
            phone.group("sold", |list| {
                list.int("n0", 1);
                list.int("n2", 1);
            });
        });
        state
    }

    #[test]
    fn a_replica_adds_up_what_it_heard() {
        let said = counters(&shanghai());
        assert_eq!(said.headline.as_deref(), Some("59 left"));
        assert_eq!(said.lines, ["phone: 60 - 2 sold + 1 returned = 59"]);
        let mut fresh = Fields::new();
        fresh.int("total", 60);
        assert_eq!(counters(&fresh).headline.as_deref(), Some("60 left"));
    }

    #[test]
    fn what_says_nothing_is_no_mistake() {
        let nothing = Fields::new();
        for inspect in [counters, ledger, client] {
            assert_eq!(inspect(&nothing), Inspection::default());
        }
    }
}
