//! What a figure of a workload says: ours over each other's, round by round.

use crate::field::Field;
use crate::measure::Measured;
use crate::rounds::{Spread, median};
use crate::workload::{Figure, Unit, Workload};

/// One entrant's place in a row.
pub(crate) struct Cell {
    /// The median, in the figure's unit.
    pub(crate) median: f64,
    /// Ours over this one's.
    pub(crate) ratio: Option<Spread>,
}

/// A row of the table.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) workload: String,
    pub(crate) figure: &'static str,
    pub(crate) workers: usize,
    pub(crate) window: usize,
    pub(crate) unit: Unit,
    /// In the order of the field.
    pub(crate) cells: Vec<Cell>,
    pub(crate) floor: Option<(&'static str, Cell)>,
    /// The peer with the least time, unless there is none.
    pub(crate) best: Option<usize>,
}

/// The rows of a workload.
pub(crate) fn rows(workload: &Workload, measured: &Measured, field: &Field) -> Vec<Row> {
    let row = |(index, figure): (usize, &Figure)| {
        let ours = &measured.entrants[0][index];
        let cell = |values: &[f64]| Cell {
            median: median(values),
            ratio: (figure.unit != Unit::Count).then(|| Spread::of_ratios(ours, values)),
        };
        let cells: Vec<Cell> = measured.entrants.iter().map(|e| cell(&e[index])).collect();
        let floor = measured.floor.as_ref().map(|floor| &floor[index]);
        let floor = floor.filter(|values| !values[0].is_nan());
        let peers = (0..cells.len()).filter(|at| field.entrants[*at].role.is_peer());
        // By the ratios, which hold within a round, and not by the medians.
        let cost = |at: &usize| cells[*at].ratio.map_or(cells[*at].median, |r| 1.0 / r.median);
        let best = peers.min_by(|a, b| cost(a).total_cmp(&cost(b)));
        Row {
            name: name(workload, figure.name),
            workload: workload.name.clone(),
            figure: figure.name,
            workers: workload.workers,
            window: workload.window,
            unit: figure.unit,
            best,
            floor: workload.floor.name().zip(floor.map(|values| cell(values))),
            cells,
        }
    };
    workload.figures.iter().enumerate().map(row).collect()
}

fn name(workload: &Workload, figure: &str) -> String {
    let Workload { name, workers, window, figures, .. } = workload;
    let figure = if figures.len() > 1 { format!(" ({figure})") } else { String::new() };
    let plural = if *workers == 1 { "" } else { "s" };
    format!("{name}{figure}, {workers} worker{plural}, window {window}")
}

impl Row {
    /// Where a peer is faster than ours: ours over the best's, in words.
    pub(crate) fn lost(&self, field: &Field) -> Option<String> {
        let best = self.best?;
        let name = &field.entrants[best].name;
        let (ours, cell) = (&self.cells[0], &self.cells[best]);
        match cell.ratio {
            Some(ratio) if ratio.median > 1.0 => {
                let doubt = if ratio.low < 1.0 { ", not in all rounds" } else { "" };
                Some(format!("lost: {}: {ratio} of {name}{doubt}", self.name))
            }
            None if ours.median > cell.median => {
                let (ours, peer) = (ours.median, cell.median);
                Some(format!("lost: {}: {ours:.1} to {peer:.1} of {name}", self.name))
            }
            _ => None,
        }
    }
}
