//! Operations, orders, fillers, workloads and narration.

use super::roster::Cast;
use super::{Context, Objects};
use crate::diagnostic::{Diagnostic, Problems, Span};
use crate::format::part::At;
use crate::format::scalar::{self, Name};
use crate::format::story::{FillerTable, OperationTable};
use crate::{Catalogue, Command, Filler, Narration, ScriptedOperation, Workload};
use simlab_core::{Call, Distribution, Duration, NodeId, Operation, Time, Value};

/// How many operations a story can have: scripted ones, and as many fillers as are to be expected.
const OPERATIONS_MAX: u64 = 1_000_000;

/// What happens apart from faults.
#[derive(Default)]
pub(super) struct Story {
    pub(super) operations: Vec<ScriptedOperation>,
    pub(super) commands: Vec<Command>,
    pub(super) fillers: Vec<Filler>,
    pub(super) workloads: Vec<Workload>,
    pub(super) narration: Vec<Narration>,
}

impl Story {
    /// Leaves out what comes after an earlier end than that of the file.
    pub(super) fn end(&mut self, until: Time) {
        self.operations.retain(|o| o.at + o.jitter <= until);
        self.commands.retain(|c| c.at <= until);
        self.narration.retain(|n| n.at <= until);
        self.workloads.retain(|w| w.from <= until);
        self.fillers.retain(|f| f.from < until);
        for filler in &mut self.fillers {
            filler.until = filler.until.min(until);
        }
    }
}

pub(super) fn story<'a>(
    context: &mut Context<'a>,
    cast: &Cast<'a>,
    problems: &mut Problems,
) -> Story {
    let document = context.document;
    let mut teller = Teller { context, cast, problems, story: Story::default(), operations: 0 };
    for table in document.operations.iter().flat_map(|list| &list.value) {
        teller.operation(&table.value);
    }
    for table in document.fillers.iter().flat_map(|list| &list.value) {
        teller.filler(&table.value);
    }
    for table in document.workloads.iter().flat_map(|list| &list.value) {
        teller.workload(&table.value);
    }
    for table in document.commands.iter().flat_map(|list| &list.value) {
        let table = &table.value;
        let at = teller.time(table.at, "a command");
        let node = table.node.as_ref().and_then(|n| teller.context.names.one(n, teller.problems));
        if let (Some(at), Some(node), Some(text)) = (at, node, &table.text) {
            teller.story.commands.push(Command { at, node, text: text.value.clone() });
        }
    }
    for table in document.narration.iter().flat_map(|list| &list.value) {
        let at = teller.time(table.value.at, "a remark");
        if let (Some(at), Some(text)) = (at, &table.value.text) {
            teller.story.narration.push(Narration { at, text: text.value.clone() });
        }
    }
    let mut story = teller.story;
    story.operations.sort_by_key(|o| o.at);
    story.commands.sort_by_key(|c| c.at);
    story.narration.sort_by_key(|n| n.at);
    story
}

pub(super) struct Teller<'c, 'a> {
    pub(super) context: &'c mut Context<'a>,
    cast: &'c Cast<'a>,
    pub(super) problems: &'c mut Problems,
    pub(super) story: Story,
    operations: u64,
}

impl Teller<'_, '_> {
    /// A time of the run; one after its end is reported.
    pub(super) fn time(&mut self, at: Option<At<Duration>>, what: &str) -> Option<Time> {
        let at = at?;
        check_end(at, what, self.context.until, self.problems);
        Some(Time(at.value.nanos()))
    }

    fn operation(&mut self, table: &OperationTable) {
        let at = self.time(table.at, "an operation");
        let jitter = self.context.settings.jitter.or(table.jitter).or(self.context.document.jitter);
        let jitter = jitter.map_or(Duration::ZERO, |jitter| jitter.value);
        if let (Some(at), Some(place)) = (at, table.at) {
            self.check_jitter(at, jitter, place.span);
        }
        let operation = self.request(table.object.as_ref(), table.call.as_ref(), table.span);
        let clients = table.clients.as_ref().map(|c| self.clients(c)).unwrap_or_default();
        let place = table.at.map_or(table.span, |at| at.span);
        if !self.count(clients.len() as u64, place) {
            return;
        }
        let (Some(at), Some(operation)) = (at, operation) else { return };
        self.story.operations.extend(clients.into_iter().map(|client| {
            let operation = operation.clone();
            ScriptedOperation { at, jitter, client, operation }
        }));
    }

    /// An operation whose time would be clipped has another distribution than the file says.
    fn check_jitter(&mut self, at: Time, jitter: Duration, span: Span) {
        let until = self.context.until;
        let clipped = if jitter > at.since(Time::ZERO) {
            "before the start of the run"
        } else if at <= until.value && at + jitter > until.value {
            "after the end of the run"
        } else {
            return;
        };
        let message = format!("with its jitter of ±{jitter} this could begin {clipped}");
        let help = "give it a `jitter` of its own, or another time";
        self.problems.push(Diagnostic::at(span, message).help(help));
    }

    /// What is asked of which object.
    fn request(
        &mut self,
        object: Option<&At<Name>>,
        call: Option<&At<Call>>,
        span: Span,
    ) -> Option<Operation> {
        let Objects { list, by_name, complete } = &self.context.objects;
        let index = match (object, list.as_slice()) {
            (Some(name), _) => {
                let index = by_name.get(&name.value.0).copied();
                if index.is_none() && *complete {
                    let known = by_name.keys().map(String::as_str);
                    self.problems.unknown(name.span, "object", "objects", &name.value.0, known);
                }
                index?
            }
            (None, [_]) => 0,
            (None, _) if !complete => return None,
            (None, list) => {
                let label = match list.len() {
                    0 => "the scenario has no `[[objects]]`".to_owned(),
                    n => format!("expected `object`: the scenario has {n} of them"),
                };
                let diagnostic = Diagnostic::at(span, "it is not said which object this is about");
                self.problems.push(diagnostic.label(label));
                return None;
            }
        };
        let (object, declared) = list.get(index)?;
        let call = call?;
        let model = self.context.catalogue.model(object.model)?;
        if !(model.accepts)(&call.value) {
            let message = format!(
                "`{}` is a {}, which has no `{}`",
                object.name,
                model.name,
                verb(&call.value)
            );
            self.problems.push(
                Diagnostic::at(call.span, message).also(*declared, "the object").help(format!(
                    "a {} has {}",
                    model.name,
                    accepted(self.context.catalogue, model.name)
                )),
            );
        }
        Some(Operation { object: object.name.clone(), call: call.value.clone() })
    }

    /// The clients that a list names. Of a site only the clients count, but there must be one.
    pub(super) fn clients(&mut self, list: &At<scalar::Names>) -> Vec<NodeId> {
        let cast = self.cast;
        let is_client = |id: NodeId| cast.no_client(id).is_none();
        let before = self.problems.count();
        let clients = self.context.names.each(&list.value, is_client, self.problems);
        for (client, span) in &clients {
            if let Some((plan, entry)) = cast.no_client(*client) {
                let name = self.context.names.nodes.get(client.index()).map_or("", |n| n.0);
                let message = format!("`{name}` is no client");
                let place = if plan.span.is_some() {
                    format!(" in `{}`", plan.name)
                } else {
                    String::new()
                };
                let label = format!("it runs `{}`{place}", entry.name);
                let known = self.context.names.of_nodes().zip(0..);
                let known = known.filter(|(_, id)| is_client(NodeId(*id))).map(|(name, _)| name);
                let diagnostic = Diagnostic::at(*span, message).label(label);
                self.problems.push_with_names(diagnostic, name, "clients", known);
            }
        }
        if clients.is_empty() && self.problems.count() == before && !list.value.0.is_empty() {
            let message = "there are no clients at these sites";
            self.problems.push(Diagnostic::at(list.span, message));
        }
        clients.into_keys().collect()
    }

    fn filler(&mut self, table: &FillerTable) {
        let operation = self.request(table.object.as_ref(), table.call.as_ref(), table.span);
        let clients = table.clients.as_ref().map(|c| self.clients(c)).unwrap_or_default();
        let from = self.time(table.from, "a filler").unwrap_or(Time::ZERO);
        let until = self.time(table.until, "a filler").unwrap_or(self.context.until.value);
        if from >= until && until <= self.context.until.value {
            let span = table.until.or(table.from).map_or(table.span, |at| at.span);
            self.problems.push(Diagnostic::at(span, "this filler must begin before it ends"));
        }
        let Some(every) = table.every else { return };
        let typical = typical(&every.value);
        if typical == Duration::ZERO {
            let message = "the time between two operations must be longer than nothing";
            self.problems.push(Diagnostic::at(every.span, message));
            return;
        }
        let each = until.min(self.context.until.value).since(from).nanos() / typical.nanos();
        let all = each.saturating_add(1).saturating_mul(clients.len() as u64);
        let unbounded = self.context.until.value == Time::NEVER;
        if !unbounded && !self.count(all, every.span) {
            return;
        }
        let Some(operation) = operation else { return };
        let keep = |off: Option<At<Duration>>| off.map_or(Duration::ZERO, |off| off.value);
        self.story.fillers.push(Filler {
            clients,
            operation,
            from,
            until,
            every: every.value,
            keep_off_faults: keep(table.keep_off_faults),
            keep_off_writes: keep(table.keep_off_writes),
        });
    }

    /// Counts operations, and reports once if they are too many.
    pub(super) fn count(&mut self, more: u64, span: Span) -> bool {
        let before = self.operations;
        self.operations = before.saturating_add(more);
        if before <= OPERATIONS_MAX && self.operations > OPERATIONS_MAX {
            let message = format!("with this the story has over {OPERATIONS_MAX} operations");
            self.problems.push(Diagnostic::at(span, message));
        }
        self.operations <= OPERATIONS_MAX
    }
}

/// Reports a time after the end of the run.
pub(super) fn check_end(at: At<Duration>, what: &str, until: At<Time>, problems: &mut Problems) {
    if Time(at.value.nanos()) > until.value {
        problems.push(
            Diagnostic::at(
                at.span,
                format!("{what} at {} comes after the end of the run", at.value),
            )
            .also(until.span, "the run ends here"),
        );
    }
}

/// A length that at least about half of the samples reach: it bounds how many fit into a time.
pub(super) fn typical(every: &Distribution) -> Duration {
    match *every {
        Distribution::Fixed(d) => d,
        Distribution::Uniform { min, max } => Duration(min.nanos() / 2 + max.nanos() / 2),
        Distribution::Exponential { min, mean } => min + mean,
        Distribution::LogNormal { median, .. } => median,
        Distribution::LongTail { min, .. } => min,
    }
}

/// The word for a call in scenarios.
pub(crate) fn verb(call: &Call) -> &'static str {
    match call {
        Call::Read => "read",
        Call::Write(_) => "write",
        Call::Cas { .. } => "cas",
        Call::Append(_) => "append",
        Call::Sell(_) => "sell",
        Call::TakeBack(_) => "take_back",
        Call::Add(_) => "add",
        Call::Insert(_) => "insert",
        Call::Remove(_) => "remove",
        Call::Contains(_) => "contains",
        Call::Enqueue(_) => "enqueue",
        Call::Dequeue => "dequeue",
        Call::Acquire => "acquire",
        Call::Release => "release",
        Call::Transaction(_) => "transaction",
    }
}

/// The words for the calls that a model accepts, found by asking it.
fn accepted(catalogue: &Catalogue, model: &str) -> String {
    let values = [Value::Int(1), Value::Text("x".to_owned()), Value::Bool(true)];
    let writes = values.iter().map(|v| Call::Write(v.clone()));
    let cas = values.iter().map(|v| Call::Cas { from: v.clone(), to: v.clone() });
    let element = || Value::Int(1);
    let others = [
        Call::Read,
        Call::Append("x".to_owned()),
        Call::Sell(1),
        Call::TakeBack(1),
        Call::Add(1),
        Call::Insert(element()),
        Call::Remove(element()),
        Call::Contains(element()),
        Call::Enqueue(element()),
        Call::Dequeue,
        Call::Acquire,
        Call::Release,
        Call::Transaction(Vec::new()),
    ];
    let calls = others.into_iter().chain(writes).chain(cas);
    let model = catalogue.model(model);
    let mut verbs: Vec<_> = calls
        .filter(|call| model.is_some_and(|m| (m.accepts)(call)))
        .map(|call| format!("`{}`", verb(&call)))
        .collect();
    verbs.dedup();
    verbs.join(", ")
}
