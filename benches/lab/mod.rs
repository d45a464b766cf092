//! What is measured that needs more than the kernel: trace files and scenarios.

pub mod kv_storm;
pub mod trace_file;
