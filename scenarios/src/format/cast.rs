//! Who takes part: objects, nodes and variants.

use super::machine::{ClockTable, CostTable, DiskTable, MachineTable};
use super::part::{At, Pairs, table};
use super::scalar::{Given, Name};
use super::stack::Steps;
use crate::Text;
use simlab_core::{Duration, Value};

table! {
    /// Something that clients operate on: a register, a product in stock, a key.
    ObjectTable = "an object" {
        /// Its name, unique.
        "name" name: Name, required;
        /// What it is: one of the models (`simlab list models`).
        "model" model: String, required;
        /// What it holds at the start: an integer, a string, true, false or "nil", as its model
        /// wants it; default "nil".
        "initial" initial: Value, optional;
    }
}

table! {
    /// A node: one process on a machine of its own.
    NodeTable = "a node" {
        /// Its name, unique.
        "name" name: Name, required;
        /// Where it stands. The name of a site stands for all of its nodes where nodes are listed;
        /// a node may share the name of its own site.
        "site" site: Name, optional;
        /// What runs on it: a service (`simlab list services`), or a role that every variant
        /// fills with a service.
        "service" service: String, required;
        /// Parameters of the service. Those of a role must be known to one of the services that
        /// fill it, and are left out for the others.
        "with" with: Pairs<Given>, optional;
        /// What its service stands on: layers (`simlab list layers`), the uppermost first.
        "stack" stack: Steps, optional;
        /// When it joins; default: it is there from the start.
        "joins" joins: Duration, optional;
        /// Its clocks; default: they are right.
        "clock" clock: ClockTable, optional;
        /// What handling an event costs it; default: nothing.
        "cost" cost: CostTable, optional;
        /// Its disk; default: a sync takes no time.
        "disk" disk: DiskTable, optional;
        /// How long after it halted it is started again; default: not in this run.
        "restart" restart: Duration, optional;
    }
}

table! {
    /// One way to tell the story. Without any, there is one called "default".
    VariantTable = "a variant" {
        /// Its name, unique.
        "name" name: Name, required;
        /// What people call it.
        "title" title: Text, optional;
        /// The services that fill the roles of the story, by role.
        "services" services: Pairs<String>, optional;
        /// Parameters, by role, service, node or layer; those of a node win, and all win over the node's
        /// own `with` and those in stacks.
        "with" with: Pairs<Pairs<Given>>, optional;
        /// What services stand on in this variant where a node does not say otherwise.
        "stack" stack: Steps, optional;
        /// The same by role, service or node; those of a node win, and all win over what the node says
        /// itself.
        "stacks" stacks: Pairs<Steps>, optional;
        /// What is different about machines, by role, service or node; those of a node win, and all
        /// win over what the node says itself.
        "machines" machines: Pairs<MachineTable>, optional;
        /// What its services leave out: names of their switches.
        "switches" switches: Vec<At<String>>, optional;
    }
}
