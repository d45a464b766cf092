//! What the debugger says beside the diagram, and what it leaves out of it.

mod common;

use common::{all, keys, open, screen, text};
use simlab_core::{DropReason, FieldValue, Kind};
use simlab_scenarios::{Catalogue, LESSONS, LONG_LESSONS};
use simlab_tui::app::App;
use simlab_tui::app::command::{Command, markdown};
use simlab_tui::app::pane::{Pane, Role};
use simlab_tui::app::scene::Line;
use simlab_tui::film::Answering;
use simlab_tui::glossary::GLOSSARY;
use std::collections::BTreeSet;

/// All that a pane says.
fn says(app: &App<'_>, pane: Pane) -> String {
    app.lines(pane, 100, 100).iter().map(|line| format!("{}\n", line.text)).collect()
}

/// The available shop of the first lesson.
fn available(catalogue: &Catalogue) -> App<'_> {
    let mut app = open(catalogue, "cap_partition", false);
    screen(&mut app, 80, 24);
    app.run(Command::NextVariant);
    app
}

#[test]
fn only_what_fits_the_filter_is_shown() {
    let catalogue = Catalogue::with(&[]);
    let mut app = available(&catalogue);
    keys(&mut app, "fnode:shanghai type:gossip kind:drop\n");
    let seen = all(&mut app);
    assert_eq!(seen.len(), 240, "as many as the report counts");
    for number in seen {
        let event = app.film().event(number).expect("it is there");
        assert!(matches!(event.kind, Kind::Dropped { .. }), "{event:?}");
        assert_eq!(app.film().index().message(number), Some("gossip"));
    }
    // Without what is wished away, its lanes too.
    keys(&mut app, "f");
    (0..80).for_each(|_| app.typed(None));
    keys(&mut app, "-node:customer-b -type:gossip\n");
    let text = text(&screen(&mut app, 120, 40));
    assert!(!text.contains("gossip without") && !text.contains("customer-b─"), "{text}");
    // Names that mean nothing are refused, and what was there stays.
    keys(&mut app, "f");
    (0..80).for_each(|_| app.typed(None));
    keys(&mut app, "node:shanghia\n");
    assert!(app.message().is_some_and(|said| said.contains("there are beijing, ")));
    assert!(app.filter().is_some_and(|filter| filter.text == "-node:customer-b -type:gossip"));
}

/// What is folded is counted: the rows and the counts together are all messages.
#[test]
fn what_is_folded_is_counted() {
    let catalogue = Catalogue::with(&[]);
    let mut app = available(&catalogue);
    // Whatever the begin was, from here on only what is shown has a row.
    app.run(Command::Fold);
    app.run(Command::Fold);
    let rows = all(&mut app).len() as u64;
    let index = app.film().index();
    let boring = (1..=app.film().len()).filter(|number| index.is_boring(*number)).count() as u64;
    app.run(Command::Fold);
    assert_eq!(all(&mut app).len() as u64, rows + boring);
    app.run(Command::Fold);
    app.run(Command::First);
    let mut counted = 0;
    let mut before = 0;
    while before != app.cursor() {
        before = app.cursor();
        let (_, scene) = &app.scenes()[0];
        let here =
            scene.lines.iter().position(|line| line.row().is_some_and(|r| r.number == before));
        // What is folded right after the cursor.
        let after = here.and_then(|here| scene.lines.get(here + 1));
        if let Some(Line::Folded(words)) = after {
            let numbers = words.split_whitespace().filter_map(|word| word.parse::<u64>().ok());
            counted += numbers.sum::<u64>();
        }
        app.run(Command::Forward);
    }
    assert_eq!(counted, boring);
    assert!(boring > 500, "{boring}");
}

/// Two variants beside each other: what stands in one row happened at one time.
#[test]
fn beside_each_other_rows_are_times() {
    let catalogue = Catalogue::with(&[]);
    let mut app = available(&catalogue);
    screen(&mut app, 200, 60);
    app.run(Command::NextFault);
    app.run(Command::Beside);
    for _ in 0..40 {
        let [(one, left), (other, right)] = app.scenes() else { panic!("two of them") };
        assert_eq!(left.lines.len(), right.lines.len());
        let mut last = None;
        for pair in left.lines.iter().zip(&right.lines) {
            let at = |variant: usize, line: &Line| {
                app.films()[variant].event(line.row()?.number).map(|event| event.at)
            };
            let (here, there) = (at(*one, pair.0), at(*other, pair.1));
            assert!(here.is_some() || there.is_some(), "no row is empty");
            assert!(here.is_none() || there.is_none() || here == there);
            assert!(last <= here.or(there), "time runs down");
            last = here.or(there);
        }
        assert!(left.lines.iter().any(|line| line.row().is_some_and(|r| r.number == app.cursor())));
        app.run(Command::Forward);
    }
    app.run(Command::Divergence);
    let text = text(&screen(&mut app, 200, 60));
    assert!(text.contains('≠'), "{text}");
}

/// At the end the running score is what the report says.
#[test]
fn the_score_ends_as_the_report() {
    let catalogue = Catalogue::with(&[]);
    let mut app = available(&catalogue);
    app.run(Command::MoreDetail);
    app.run(Command::Last);
    let score = app.score(1);
    assert_eq!((score.tally.sent, score.tally.lost), (880, 240));
    assert_eq!((score.stale, score.oversold, score.broken), (Some((61, 51)), Some(16), Some(850)));
    let first = app.score(0);
    assert_eq!((first.tally.sent, first.tally.lost), (996, 308));
    assert_eq!((first.stale, first.oversold, first.broken), (Some((0, 0)), Some(0), None));
    // Before the cut all is well, and Shanghai is refused during it.
    keys(&mut app, "/t=9s\n");
    assert!(app.score(0).served.iter().all(|(_, how)| how.is_fine()));
    keys(&mut app, "/t=20s\n");
    let unserved: Vec<String> =
        app.score(0).served.into_iter().filter(|(_, how)| !how.is_fine()).map(|(n, _)| n).collect();
    assert_eq!(unserved, ["Shanghai"]);
}

#[test]
fn the_way_leads_to_what_went_wrong() {
    let catalogue = Catalogue::with(&[]);
    let mut app = available(&catalogue);
    app.run(Command::NextViolation);
    assert_eq!(app.cursor(), 850);
    assert!(says(&app, Pane::Operations).contains("= 60, 1 too many <- no order explains it"));
    app.run(Command::Chain);
    let chain = text(&screen(&mut app, 120, 40));
    assert!(
        chain.contains("but: since 10.000 shanghai has missed 8 datagrams from beijing (cut):"),
        "{chain}"
    );
    app.run(Command::Close);
    // Marks: there, away, and back.
    app.run(Command::Mark);
    app.run(Command::First);
    app.run(Command::NextMark);
    assert_eq!(app.cursor(), 850);
    app.run(Command::Mark);
    assert!(app.enabled(Command::NextMark).is_err());
    // From the consistent shop, the first answer that the available one gives otherwise.
    let mut app = open(&catalogue, "cap_partition", false);
    keys(&mut app, "/t=11s\n");
    app.run(Command::NextDifference);
    let event = app.film().event(app.cursor()).expect("it is there");
    assert!(matches!(event.kind, Kind::Returned { .. }), "{event:?}");
}

/// Whoever has waited longest says how long one waits.
#[test]
fn who_waits_is_told_how_long() {
    let catalogue = Catalogue::with(&[]);
    let mut app = open(&catalogue, "cap_partition", false);
    keys(&mut app, "/t=39.9s\n");
    let score = app.score(2);
    let shanghai = score.served.iter().find(|(site, _)| site == "Shanghai");
    let Some((_, Answering::Waiting(long))) = shanghai else { panic!("{score:?}") };
    assert_eq!(long.millis() / 1_000, 28);
}

/// From the end of an operation to its begin, although others of the client are open meanwhile.
#[test]
fn an_end_finds_its_own_begin() {
    let catalogue = Catalogue::with(&[]);
    let mut app = open(&catalogue, "cap_partition", false);
    keys(&mut app, "/#83\n");
    app.run(Command::OtherEnd);
    assert_eq!(app.cursor(), 41);
    app.run(Command::OtherEnd);
    assert_eq!(app.cursor(), 83);
}

/// Whoever goes somewhere while it plays, sees it play from there.
#[test]
fn it_plays_from_where_one_goes() {
    let catalogue = Catalogue::with(&[]);
    let mut app = open(&catalogue, "cap_partition", false);
    keys(&mut app, "] g");
    app.tick(100);
    assert!(app.is_playing() && app.now().millis() < 1_000, "{}", app.now());
    keys(&mut app, "]");
    app.tick(2_000);
    assert!((11_000..12_001).contains(&app.now().millis()), "{}", app.now());
}

/// A lesson without clients is not said to be linearizable, and what it breaks is.
#[test]
fn broken_promises_are_in_the_score() {
    let catalogue = Catalogue::with(&[]);
    let mut app = open(&catalogue, "clock_drift", false);
    while app.film().violations().is_empty() {
        app.run(Command::NextVariant);
    }
    app.run(Command::NextViolation);
    let said = says(&app, Pane::Score);
    assert!(said.contains("broken") && said.contains("single_holder"), "{said}");
    assert!(!said.contains("linearizable"), "{said}");
}

#[test]
fn damaged_bits_are_marked() {
    let catalogue = Catalogue::with(&[]);
    let mut app = open(&catalogue, "lossy_link", false);
    keys(&mut app, "/kind:corrupt\n");
    assert_eq!(app.cursor(), 43);
    let said = says(&app, Pane::Datagram);
    assert!(said.contains("damaged byte 22: 01000010, sent 00000010"), "{said}");
    assert!(said.contains("42!"), "{said}");
    let marked = app.lines(Pane::Datagram, 60, 60);
    assert!(marked.iter().any(|line| line.role == Role::Fault));
    // Late ones and second copies are told in words.
    keys(&mut app, "g");
    let seen: String = (0..200)
        .map(|_| {
            app.run(Command::Forward);
            text(&screen(&mut app, 160, 30))
        })
        .collect();
    for word in ["again", "late", "damaged", "lost: loss"] {
        assert!(seen.contains(word), "{word}");
    }
}

#[test]
fn what_a_crash_would_take_is_marked() {
    let catalogue = Catalogue::with(&[]);
    let mut app = open(&catalogue, "crash_and_disk", false);
    keys(&mut app, "dd/kind:write\n");
    let said = says(&app, Pane::Node);
    assert!(said.contains("NOT synced") && said.contains("after a crash 0 B"), "{said}");
    assert!(said.contains("00*"), "{said}");
    // Some sync later nothing would be lost.
    keys(&mut app, "/kind:synced\n");
    let synced = (0..100).any(|_| {
        keys(&mut app, ".");
        says(&app, Pane::Node).contains("disk, synced")
    });
    assert!(synced);
}

#[test]
fn services_explain_their_nodes() {
    let catalogue = Catalogue::with(&[]);
    let mut app = available(&catalogue);
    app.run(Command::NextViolation);
    keys(&mut app, "n");
    while app.inspected().node != app.scenario().node("shanghai").map(|node| node.id) {
        keys(&mut app, "n");
    }
    let said = says(&app, Pane::Node);
    assert!(said.contains("phone: 60 - 1 sold + 1 returned = 60"), "{said}");
    let network = says(&app, Pane::Network);
    assert!(network.contains("beijing: 20ms to 60ms, cut"), "{network}");
    app.run(Command::PaneNetwork);
    app.run(Command::PaneNetwork);
    let graph = text(&screen(&mut app, 120, 40));
    for words in ["A Beijing", "B Shanghai", "shanghai 60 left", "beijing 59 left"] {
        assert!(graph.contains(words), "{words} in\n{graph}");
    }
}

/// Whatever the last step has changed, counters of layers too: who it is, its role and the end of its log are in sight.
#[test]
fn a_node_of_raft_stays_in_sight() {
    let catalogue = Catalogue::with(&[]);
    let mut app = open(&catalogue, "raft_figure7", false);
    let (mut leaders, mut changed) = (0, 0);
    for place in (1..app.film().len()).step_by(61) {
        app.begin_at(Some(place));
        while !app.load(10_000) {}
        screen(&mut app, 80, 24);
        let inspected = app.inspected();
        let Some((node, state)) = inspected.node.zip(inspected.state.as_ref()) else { continue };
        let Some(FieldValue::Text(log)) = state.get(&["log"]) else { continue };
        let role = state.get(&["role"]).map(ToString::to_string);
        let words = if role.as_deref() == Some("leader") { "it leads term" } else { " in" };
        leaders += u32::from(words == "it leads term");
        changed += u32::from(app.lines(Pane::Node, 22, 100).iter().any(|line| line.was.is_some()));
        let end = log.rfind('[').map_or("log", |at| &log[at..]).to_owned();
        let name = format!("{} ({node})", app.film().names().node(node));
        let screen = text(&screen(&mut app, 80, 24));
        for part in [&*name, words, &end] {
            assert!(screen.contains(part), "{part} at {place} in\n{screen}");
        }
    }
    assert!(leaders > 10 && changed > 20, "{leaders} {changed}");
}

/// The keys go into the pane, choose a line, and Enter goes where it leads.
#[test]
fn a_line_of_a_pane_leads_somewhere() {
    let catalogue = Catalogue::with(&[]);
    let mut app = available(&catalogue);
    app.run(Command::NextViolation);
    keys(&mut app, "4i");
    assert!(app.focus().is_some());
    keys(&mut app, "kkk\n");
    let event = app.film().event(app.cursor()).expect("it is there");
    assert!(
        matches!(event.kind, Kind::Returned { .. } | Kind::Invoked { .. }) && app.cursor() < 832
    );
    app.run(Command::Close);
    assert!(app.focus().is_none());
}

/// Whatever the lessons, the checks and the events speak of is in the glossary.
#[test]
fn all_terms_are_explained() {
    let catalogue = Catalogue::with(&[]);
    let known = |word: &str| GLOSSARY.iter().any(|term| term.word == word);
    assert!(GLOSSARY.is_sorted_by_key(|term| term.word.to_lowercase()));
    for name in Kind::NAMES {
        assert!(known(name), "the kind {name}");
    }
    for why in DropReason::ALL {
        assert!(known(why.name()), "lost: {why}");
    }
    // Of those that take long to read the others have all messages but two.
    assert!(known("fragment") && known("wrong"));
    let mut unknown = BTreeSet::new();
    for (lesson, _) in LESSONS.iter().filter(|(lesson, _)| !LONG_LESSONS.contains(lesson)) {
        let app = open(&catalogue, lesson, false);
        for film in app.films() {
            let names = film.index().messages().filter(|name| !known(name));
            unknown.extend(names.map(|name| format!("{lesson}: the message {name}")));
        }
    }
    assert!(unknown.is_empty(), "{unknown:#?}");
    // Those of the event at the cursor come first, and typing finds the others.
    let mut app = open(&catalogue, "cap_partition", false);
    keys(&mut app, "]K");
    assert_eq!(app.terms()[0].word, "cut");
    keys(&mut app, "quor");
    assert_eq!(app.terms()[0].word, "quorum");
    let text = text(&screen(&mut app, 80, 24));
    assert!(text.contains("any two quorums"), "{text}");
}

/// `docs/keys.md` is what the table says. `SNAPSHOTS=overwrite cargo test` writes it anew.
#[test]
fn the_documentation_has_all_keys() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/keys.md");
    snapbox::assert_data_eq!(markdown(), snapbox::Data::read_from(page.as_ref(), None).raw());
}
