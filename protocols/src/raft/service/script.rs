//! What an operator is told to do at which time: `2s stand n0; 5s joint n0 n1 n5; 7s single n0 n1 n2 + n6; 9s transfer n1`.
//!
//! Names behind a `+` are learners. `stand` goes to the node that it names, everything else to the leader.

use super::kvs::Call as Ask;
use simlab_core::{Arguments, BuildError, Duration, NodeId};

/// A line of a script.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Line {
    /// When.
    pub(super) at: Duration,
    /// Whom to ask; the leader if nobody.
    pub(super) whom: Option<NodeId>,
    /// What.
    pub(super) ask: Ask,
}

/// Reads a script about nodes of a service; its lines in the order of their times.
pub(super) fn read(
    text: &str,
    service: &str,
    arguments: &Arguments<'_>,
) -> Result<Vec<Line>, BuildError> {
    let wrong = |message: String| BuildError { parameter: Some("script"), message };
    if let Some(mark) = text.chars().find(|mark| ['；', '，', ','].contains(mark)) {
        return Err(wrong(format!(
            "steps are separated by `;`, and names by blanks, not by `{mark}`"
        )));
    }
    let mut lines = Vec::new();
    for text in text.split(';').map(str::trim).filter(|text| !text.is_empty()) {
        let mut words = text.split_whitespace();
        let at = words.next().unwrap_or("").parse::<Duration>().map_err(|error| {
            let form = "a step begins with its time, as in `2s stand n0`";
            wrong(format!("`{text}`: {error}; {form}"))
        })?;
        let verb = words.next().unwrap_or("");
        let names: Vec<&str> = words.collect();
        let node = |name: &&str| {
            let member = arguments.roster.iter().find(|member| member.name == **name);
            let member =
                member.ok_or_else(|| wrong(format!("`{text}`: there is no node `{name}`")))?;
            if member.service == service {
                return Ok(member.id);
            }
            Err(wrong(format!("`{text}`: `{name}` runs {}, and not {service}", member.service)))
        };
        let one = || match &names[..] {
            [name] => node(name),
            _ => Err(wrong(format!("`{text}`: `{verb}` takes one node, and `;` ends a step"))),
        };
        let all = |names: &[&str]| -> Result<Vec<u32>, BuildError> {
            names.iter().map(|name| node(name).map(|node| node.0)).collect()
        };
        let twice = (1..names.len()).find(|place| names[..*place].contains(&names[*place]));
        let mut whom = None;
        let ask = match verb {
            "stand" => {
                whom = Some(one()?);
                Ask::stand {}
            }
            "transfer" => Ask::transfer { to: one()?.0 },
            "joint" | "single" => {
                let end = names.iter().position(|name| *name == "+").unwrap_or(names.len());
                let learners = names.get(end + 1..).unwrap_or(&[]);
                if let Some(place) = twice {
                    return Err(wrong(format!("`{text}` names `{}` twice", names[place])));
                }
                let (voters, learners) = (all(&names[..end])?, all(learners)?);
                if voters.is_empty() {
                    return Err(wrong(format!("`{text}` names nobody who would vote")));
                }
                Ask::change { voters, learners, joint: verb == "joint" }
            }
            other => {
                let known = "`stand`, `transfer`, `joint` and `single`";
                return Err(wrong(format!("`{text}`: {other:?} is none of {known}")));
            }
        };
        lines.push(Line { at, whom, ask });
    }
    if lines.is_empty() && !text.is_empty() {
        return Err(wrong(format!("`{text}` has no step, such as `2s stand n0`")));
    }
    lines.sort_by_key(|line| line.at);
    Ok(lines)
}
