//! Writers of a trace against each other and a reader, under loom.

use super::*;
use loom::sync::Arc;
use loom::thread;

fn record(number: u64) -> Record {
    let tag = Tag(number);
    let (created, started, finished, polled) = (number, number, number, number);
    Record { id: Id(number), tag, created, started, finished, polled }
}

fn model(body: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(body);
}

/// Three records for one place: what is read is whole, and what stays is one of them.
#[test]
fn models_records_are_whole() {
    model(|| {
        let trace = Arc::new(Trace::new(1));
        let writers = [1, 2].map(|number| {
            let trace = trace.clone();
            thread::spawn(move || trace.write(record(number)))
        });
        for seen in trace.read() {
            assert_eq!(seen, record(seen.id.0));
        }
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        let last = trace.read();
        assert!(last.len() == 1 && last[0] == record(last[0].id.0) && last[0].id.0 > 0);
    });
}
