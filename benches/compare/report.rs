//! The rows as JSON.

use crate::field::{Field, Role};
use crate::machine::Floor;
use crate::rounds::{Spread, quick};
use crate::row::{Cell, Row};
use crate::workload::Unit;
use serde_json::{Map, Value, json};

pub(crate) fn json(rows: &[Row], field: &Field, machine: Value, floors: &[Floor]) -> Value {
    let skipped: Map<String, Value> =
        field.skipped.iter().map(|(name, why)| (name.clone(), json!(why))).collect();
    json!({
        "machine": machine,
        "quick": quick(),
        "entrants": field.entrants.iter().map(|entrant| json!({
            "name": entrant.name,
            "role": role(entrant.role),
        })).collect::<Vec<_>>(),
        "skipped": skipped,
        "floors": floors.iter().map(|floor| json!({
            "name": floor.name,
            "unit": floor.unit,
            "value": spread(floor.spread),
        })).collect::<Vec<_>>(),
        "rows": rows.iter().map(|row| one(row, field)).collect::<Vec<_>>(),
    })
}

fn one(row: &Row, field: &Field) -> Value {
    let named = field.entrants.iter().zip(&row.cells);
    let entrants: Map<String, Value> =
        named.map(|(entrant, value)| (entrant.name.clone(), cell(value))).collect();
    json!({
        "workload": row.workload,
        "figure": row.figure,
        "unit": match row.unit {
            Unit::Nanoseconds => "ns",
            Unit::LongJobs => "long jobs",
            Unit::Count => "count",
        },
        "workers": row.workers,
        "window": row.window,
        "entrants": entrants,
        "best": row.best.map(|at| &field.entrants[at].name),
        "floor": row.floor.as_ref().map(|(name, value)| json!({ "name": name, "over": cell(value) })),
        "lost": row.lost(field).is_some(),
    })
}

fn cell(cell: &Cell) -> Value {
    json!({ "median": cell.median, "ours_over_it": cell.ratio.map(spread) })
}

fn spread(spread: Spread) -> Value {
    json!({ "low": spread.low, "median": spread.median, "high": spread.high })
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Ours => "ours",
        Role::Variant => "ours, otherwise configured",
        Role::Rust => "peer in Rust",
        Role::Native => "peer in C++",
        Role::Reference => "reference that never sleeps",
    }
}
