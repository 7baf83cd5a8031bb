//! The report as one JSON object (RFC 8259): `state`, `session`, `pinned_by`, `capacity` with
//! `queued` and `in_flight`, `workers`, `stats` with all numbers of [`Stats`] by their names,
//! `readiness`, `busy`, and `warnings`.

use super::{At, Worker};
use crate::crew::Crew;
use crate::stats::Stats;
use std::fmt::{Result, Write};

impl Crew {
    pub(super) fn report_json(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = self.write_json(&mut text, &self.stats());
        text
    }

    fn write_json(&self, text: &mut String, stats: &Stats) -> Result {
        let capacity = self.engine.capacity;
        write!(text, "{{\"state\":{},\"session\":{}", quoted(&self.state()), stats.session)?;
        write!(text, ",\"pinned_by\":{}", quoted(&self.pinned_by))?;
        let (queued, in_flight) = (capacity.queued, capacity.in_flight);
        write!(text, ",\"capacity\":{{\"queued\":{queued},\"in_flight\":{in_flight}}}")?;
        let workers = self.workers(stats.age_ns).map(|worker| worker.json());
        write!(text, ",\"workers\":[{}]", joined(workers))?;
        let numbers = stats.named().map(|(name, number)| format!("\"{name}\":{number}"));
        write!(text, ",\"stats\":{{{}}}", joined(numbers))?;
        write!(text, ",\"readiness\":{:.4},\"busy\":{:.4}", stats.readiness(), stats.busy())?;
        let warnings = self.warnings();
        write!(text, ",\"warnings\":[{}]}}", joined(warnings.iter().map(|line| quoted(line))))
    }
}

impl Worker {
    fn json(&self) -> String {
        let Worker { place, cpu, stage, done, busy, at } = self;
        let stage = stage.unwrap_or(0);
        let cpu = cpu.map_or("null".to_owned(), |cpu| cpu.to_string());
        let job = at.as_ref().map_or("null".to_owned(), At::json);
        let place = quoted(place);
        format!(
            "{{\"place\":{place},\"cpu\":{cpu},\"stage\":{stage},\"done\":{done},\"busy\":{busy:.4},\"job\":{job}}}"
        )
    }
}

impl At {
    fn json(&self) -> String {
        let At { id, ns, unwanted } = self;
        let ns = ns.map_or("null".to_owned(), |ns| ns.to_string());
        let unwanted = unwanted.map_or("null".to_owned(), quoted);
        let (id, session, number) = (id.0, id.session(), id.number());
        format!(
            "{{\"id\":{id},\"session\":{session},\"number\":{number},\"running_ns\":{ns},\
             \"unwanted\":{unwanted}}}"
        )
    }
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(",")
}

/// A string, with what JSON does not take as it is escaped.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for char in text.chars() {
        match char {
            '"' | '\\' => quoted.extend(['\\', char]),
            '\n' => quoted.push_str("\\n"),
            ..' ' => quoted.push_str(&format!("\\u{:04x}", u32::from(char))),
            _ => quoted.push(char),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_escaped() {
        assert_eq!(quoted("a \"b\" c:\\d\n\t\u{1f}\u{e9}"), r#""a \"b\" c:\\d\n\u0009\u001fé""#);
    }
}
