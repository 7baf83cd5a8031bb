//! The rows as text.

use crate::field::Field;
use crate::rounds;
use crate::row::{Cell, Row};
use crate::workload::Unit;

pub(crate) fn print(rows: &[Row], field: &Field) {
    let mut heads = vec![String::new(), "ours".to_owned()];
    heads.extend(field.entrants[1..].iter().map(|entrant| format!("/ {}", entrant.name)));
    heads.extend(["best peer", "/ best", "/ floor", "floor"].map(String::from));
    let mut table = vec![heads];
    table.extend(rows.iter().map(|row| {
        let mut cells = vec![row.name.clone(), value(row.cells[0].median, row.unit)];
        cells.extend(row.cells[1..].iter().map(|cell| ratio(cell, row.unit)));
        let best = row.best.map(|at| (field.entrants[at].name.clone(), &row.cells[at]));
        cells.extend(match best {
            Some((name, cell)) => [name, ratio(cell, row.unit)],
            None => ["-", "-"].map(String::from),
        });
        cells.extend(match &row.floor {
            Some((name, cell)) => [ratio(cell, row.unit), (*name).to_owned()],
            None => ["-", "-"].map(String::from),
        });
        cells
    }));
    rounds::print(
        "compare: ours / peer (below 1: ours is faster) as median (10th..90th percentile) of \
         alternating rounds; counts as they are",
        &table,
    );
    println!();
    rows.iter().filter_map(|row| row.lost(field)).for_each(|line| println!("{line}"));
    for (name, why) in &field.skipped {
        println!("skipped: {name}: {why}");
    }
}

fn ratio(cell: &Cell, unit: Unit) -> String {
    cell.ratio.map_or_else(|| value(cell.median, unit), |ratio| ratio.to_string())
}

/// With three digits that mean something.
pub(crate) fn value(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Nanoseconds if value < 1e3 => format!("{value:.0} ns"),
        Unit::Nanoseconds if value < 1e6 => format!("{:.2} us", value / 1e3),
        Unit::Nanoseconds => format!("{:.2} ms", value / 1e6),
        Unit::LongJobs => format!("{value:.2} long jobs"),
        Unit::Count => format!("{value:.1}"),
    }
}
