//! Lessons as properties: whatever the seed and however much is asked, what they expect holds; and what once
//! failed because of a switch (`tests/regressions/`) still fails because of it, and of nothing else.

use simlab::property::Property;

#[test]
fn the_storm_breaks_nothing_however_much_is_asked() {
    Property::of("scenarios/kv_storm.toml").size("workloads.count", 1..=240).runs(30).check();
}

#[test]
fn crashes_break_nothing() {
    Property::of("scenarios/crash_and_disk.toml").runs(30).check();
}

#[test]
fn the_last_units_are_sold_once() {
    Property::of("scenarios/switches/check_outside_write.toml")
        .size("workloads.count", 1..=16)
        .runs(30)
        .check();
}
