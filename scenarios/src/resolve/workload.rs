//! Workloads.

use super::story::Teller;
use crate::diagnostic::Diagnostic;
use crate::format::part::At;
use crate::format::workload::{Amounts, MixTable, Weight, WorkloadTable};
use crate::{Mix, Workload};
use simlab_core::{Call, Time, Value};

/// What is sold, taken back and written if nothing is said.
const AMOUNTS: Amounts = Amounts { min: 1, max: 1_000 };

impl Teller<'_, '_> {
    pub(super) fn workload(&mut self, table: &WorkloadTable) {
        let clients = table.clients.as_ref().map(|c| self.clients(c)).unwrap_or_default();
        let from = self.time(table.from, "a workload").unwrap_or(Time::ZERO);
        let until = self.time(table.until, "a workload").unwrap_or(self.context.until.value);
        if from >= until && until <= self.context.until.value {
            let span = table.until.or(table.from).map_or(table.span, |at| at.span);
            self.problems.push(Diagnostic::at(span, "this workload must begin before it ends"));
        }
        let mix = table.mix.as_ref().and_then(|mix| self.mix(mix));
        let objects = self.workload_objects(table, mix);
        let Some(count) = self.context.settings.operations.or(table.count) else { return };
        if !self.count(count.value.0, count.span) {
            return;
        }
        let amounts = table.amounts.map_or(AMOUNTS, |amounts| amounts.value);
        let there_are = u64::from(amounts.max - amounts.min) + 1;
        if there_are < count.value.0 && mix.is_some_and(|mix| mix.changes()) {
            let message = format!(
                "there are {there_are} amounts for {} operations, and no two have the same",
                count.value.0
            );
            let span = table.amounts.map_or(count.span, |amounts| amounts.span);
            let most = u64::from(amounts.min) + count.value.0 - 1;
            let help = format!("for instance amounts = [{}, {most}]", amounts.min);
            self.problems.push(Diagnostic::at(span, message).help(help));
        }
        let Some(mix) = mix else { return };
        let (least, most, count) = (amounts.min, amounts.max, count.value.0);
        self.story.workloads.push(Workload {
            clients,
            objects,
            count,
            from,
            until,
            mix,
            least,
            most,
        });
    }

    fn mix(&mut self, table: &At<MixTable>) -> Option<Mix> {
        let MixTable { read, sell, take_back, write, cas, append, delete, unread, .. } =
            table.value;
        let all = [read, sell, take_back, write, cas, append, delete];
        if all.iter().all(Option::is_none) {
            if !unread {
                let message = "a mix has at least one kind of operation";
                let help = "for instance mix = { read = 1, sell = 3 }";
                self.problems.push(Diagnostic::at(table.span, message).help(help));
            }
            return None;
        }
        if let (Some(append), Some(number)) = (append, write.or(cas)) {
            let message = "a workload writes numbers or appends to texts";
            let help = "nothing can be appended to a number: give each a workload, and name the `objects` of each";
            let diagnostic = Diagnostic::at(append.span, message).also(number.span, "numbers");
            self.problems.push(diagnostic.help(help));
            return None;
        }
        let weight = |weight: Option<At<Weight>>| weight.map_or(0, |weight| weight.value.0);
        Some(Mix {
            read: weight(read),
            sell: weight(sell),
            take_back: weight(take_back),
            write: weight(write),
            cas: weight(cas),
            append: weight(append),
            delete: weight(delete),
        })
    }

    /// The objects of a workload. Each of them must have all kinds of operation of the mix.
    fn workload_objects(&mut self, table: &WorkloadTable, mix: Option<Mix>) -> Vec<usize> {
        let objects = &self.context.objects;
        let mut found = Vec::new();
        let Some(names) = &table.objects else {
            if objects.list.is_empty() && objects.complete {
                let message = "a workload is about objects, and there are none";
                let label = "the scenario has no `[[objects]]`";
                self.problems.push(Diagnostic::at(table.span, message).label(label));
            }
            found.extend((0..objects.list.len()).map(|index| (index, table.span)));
            return self.fitting(found, table.mix.as_ref(), mix);
        };
        for At { value: name, span } in &names.value.0 {
            match objects.by_name.get(&name.0) {
                Some(index) => found.push((*index, *span)),
                None if !objects.complete => {}
                None => {
                    let known = objects.by_name.keys().map(String::as_str);
                    self.problems.unknown(*span, "object", "objects", &name.0, known);
                }
            }
        }
        self.fitting(found, table.mix.as_ref(), mix)
    }

    fn fitting(
        &mut self,
        found: Vec<(usize, crate::diagnostic::Span)>,
        table: Option<&At<MixTable>>,
        mix: Option<Mix>,
    ) -> Vec<usize> {
        let (Some(table), Some(mix)) = (table, mix) else { return Vec::new() };
        let calls = [
            ("read", mix.read, Call::Read, table.value.read),
            ("sell", mix.sell, Call::Sell(1), table.value.sell),
            ("take_back", mix.take_back, Call::TakeBack(1), table.value.take_back),
            ("write", mix.write, Call::Write(Value::Int(1)), table.value.write),
            ("cas", mix.cas, Call::Cas { from: Value::Nil, to: Value::Int(1) }, table.value.cas),
            ("append", mix.append, Call::Append(String::new()), table.value.append),
            ("delete", mix.delete, Call::Write(Value::Nil), table.value.delete),
        ];
        for (verb, _, call, weight) in calls.iter().filter(|(_, weight, ..)| *weight > 0) {
            let refuses = found.iter().find_map(|(index, _)| {
                let (object, declared) = self.context.objects.list.get(*index)?;
                let model = self.context.catalogue.model(object.model)?;
                (!(model.accepts)(call)).then_some((object, model, *declared))
            });
            let Some((object, model, declared)) = refuses else { continue };
            let span = weight.map_or(table.span, |weight| weight.span);
            let message = format!("`{}` is a {}, which has no `{verb}`", object.name, model.name);
            let takes = calls.iter().filter(|(_, _, call, _)| (model.accepts)(call));
            let takes: Vec<String> = takes.map(|(verb, ..)| format!("`{verb}`")).collect();
            let takes = match &takes[..] {
                [] => format!("a mix can ask nothing of a {}", model.name),
                verbs => format!("of a {} a mix can ask {}", model.name, verbs.join(", ")),
            };
            let help = "give it a workload of its own, and name the `objects` of each";
            let diagnostic = Diagnostic::at(span, message).also(declared, "the object");
            self.problems.push(diagnostic.help(takes).help(help));
        }
        found.into_iter().map(|(index, _)| index).collect()
    }
}
