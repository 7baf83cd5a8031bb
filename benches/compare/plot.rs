//! The rows as a plot: a line for each, a dot for each of the others, where ours / theirs is on a
//! logarithmic axis; left of 1 ours is faster. A plain SVG, for light and for dark pages.

use crate::field::{Field, Role};
use crate::row::Row;
use std::fmt::Write;

/// In pixels.
const LABELS: f64 = 380.0;
const AXIS: f64 = 600.0;
const MARGIN: f64 = 20.0;
const LINE: f64 = 18.0;
const HEAD: f64 = 96.0;
const LEGEND_COLUMNS: usize = 6;

/// What lies beyond is drawn at the edge.
const RANGE: (f64, f64) = (0.01, 10.0);
const TICKS: [f64; 10] = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];

/// Told apart with any kind of colour vision, and on white as well as on black.
const COLOURS: [&str; 6] = ["#0a84c6", "#e07b00", "#0f9d70", "#cc5fa3", "#8a6fe8", "#b3902a"];

const STYLE: &str = "\
:root { color-scheme: light dark; --page: #ffffff; --ink: #1f2328; --faint: #d5d9de; --dim: #656d76 }
@media (prefers-color-scheme: dark) {
:root { --page: #0d1117; --ink: #e6edf3; --faint: #2d333b; --dim: #9198a1 }
}
text { font: 11px system-ui, sans-serif; fill: var(--ink) }
.title { font-size: 14px; font-weight: 600 }
.dim { fill: var(--dim) }
.grid { stroke: var(--faint) }
.one { stroke: var(--ink) }
.spread { stroke-width: 1.5; opacity: 0.45 }
";

pub(crate) fn svg(rows: &[Row], field: &Field) -> String {
    let rows: Vec<&Row> = rows.iter().filter(|row| row.cells[0].ratio.is_some()).collect();
    let bottom = HEAD + LINE * rows.len() as f64;
    let (width, height) = (LABELS + AXIS + 2.0 * MARGIN, bottom + 30.0);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\">\n<style>\n{STYLE}</style>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"var(--page)\"/>\n"
    );
    text(&mut svg, MARGIN, 24.0, "title", "Time of this executor over a peer's");
    let below = "left of 1 ours is faster; a dot is the median of the rounds' ratios, its line the \
                 10th to the 90th percentile; at the edge: beyond it";
    text(&mut svg, MARGIN, 40.0, "dim", below);
    legend(&mut svg, field);
    grid(&mut svg, bottom);
    for (index, row) in rows.iter().enumerate() {
        let y = HEAD + LINE * (index as f64 + 0.5);
        text(&mut svg, MARGIN, y + 4.0, "", &row.name);
        if index > 0 && rows[index - 1].workload != row.workload {
            rule(&mut svg, y - LINE / 2.0);
        }
        for (at, cell) in row.cells.iter().enumerate().skip(1) {
            let Some(ratio) = cell.ratio else { continue };
            let entrant = &field.entrants[at];
            let colour = colour(at);
            let [low, middle, high] = [ratio.low, ratio.median, ratio.high].map(x);
            let _ = writeln!(
                svg,
                "<g><title>{}: {ratio}</title><line class=\"spread\" x1=\"{low:.1}\" \
                 x2=\"{high:.1}\" y1=\"{y}\" y2=\"{y}\" stroke=\"{colour}\"/>{}</g>",
                escaped(&entrant.name),
                mark(entrant.role, middle, y, colour)
            );
        }
    }
    svg.push_str("</svg>\n");
    svg
}

/// Where a ratio is on the axis.
fn x(ratio: f64) -> f64 {
    let (low, high) = RANGE;
    let part = (ratio.clamp(low, high) / low).ln() / (high / low).ln();
    MARGIN + LABELS + AXIS * part
}

fn colour(entrant: usize) -> &'static str {
    COLOURS[(entrant - 1) % COLOURS.len()]
}

/// Rust's are round, C++'s square, ours hollow, and a cross is what nobody would use.
fn mark(role: Role, x: f64, y: f64, colour: &str) -> String {
    match role {
        Role::Ours | Role::Variant => format!(
            "<circle cx=\"{x:.1}\" cy=\"{y}\" r=\"4\" fill=\"none\" stroke=\"{colour}\" \
             stroke-width=\"2\"/>"
        ),
        Role::Rust => format!("<circle cx=\"{x:.1}\" cy=\"{y}\" r=\"4\" fill=\"{colour}\"/>"),
        Role::Native => format!(
            "<rect x=\"{:.1}\" y=\"{}\" width=\"7\" height=\"7\" fill=\"{colour}\"/>",
            x - 3.5,
            y - 3.5
        ),
        Role::Reference => format!(
            "<path d=\"M{:.1} {}l7 7m0 -7l-7 7\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            x - 3.5,
            y - 3.5
        ),
    }
}

fn legend(svg: &mut String, field: &Field) {
    for (at, entrant) in field.entrants.iter().enumerate().skip(1) {
        let (row, column) = ((at - 1) / LEGEND_COLUMNS, (at - 1) % LEGEND_COLUMNS);
        let step = (LABELS + AXIS) / LEGEND_COLUMNS as f64;
        let x = (MARGIN + 4.0 + step * column as f64).round();
        let y = 56.0 + 14.0 * row as f64;
        svg.push_str(&mark(entrant.role, x, y, colour(at)));
        text(svg, x + 10.0, y + 4.0, "", &entrant.name);
    }
}

fn grid(svg: &mut String, bottom: f64) {
    for tick in TICKS {
        let (at, class) = (x(tick), if tick == 1.0 { "one" } else { "grid" });
        let _ = writeln!(
            svg,
            "<line class=\"{class}\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{HEAD}\" y2=\"{bottom}\"/>\
             <text class=\"dim\" x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{tick}</text>",
            bottom + 16.0
        );
    }
}

/// Between workloads.
fn rule(svg: &mut String, y: f64) {
    let (x1, x2) = (MARGIN, MARGIN + LABELS + AXIS);
    let _ = writeln!(svg, "<line class=\"grid\" x1=\"{x1}\" x2=\"{x2}\" y1=\"{y}\" y2=\"{y}\"/>");
}

fn text(svg: &mut String, x: f64, y: f64, class: &str, text: &str) {
    let text = escaped(text);
    let _ = writeln!(svg, "<text x=\"{x}\" y=\"{y}\" class=\"{class}\">{text}</text>");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
