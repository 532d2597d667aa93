//! Plain tables, easy to read and to cut.

use comfy_table::{ContentArrangement, Table, presets};

/// Columns under their titles, two spaces apart.
pub(super) fn table<const N: usize>(titles: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled).set_header(titles);
    table.add_rows(rows);
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    trimmed(&table)
}

/// Names and values, one pair a line.
pub(super) fn pairs<'a>(rows: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.add_rows(rows.into_iter().map(|(name, value)| [name.to_owned(), value]));
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    trimmed(&table)
}

fn trimmed(table: &Table) -> String {
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// A rate in the unit that gives it few digits.
pub(super) fn bitrate(bps: u64) -> String {
    match bps {
        0 => "-".to_owned(),
        1..1_000_000 => format!("{} kbit/s", bps.div_ceil(1000)),
        _ => format!("{:.2} Mbit/s", bps as f64 / 1e6),
    }
}

/// A number of bytes in the unit that gives it few digits.
pub(super) fn bytes(count: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let (mut rest, mut unit) = (count as f64, "B");
    for larger in UNITS {
        if rest < 1024.0 {
            break;
        }
        (rest, unit) = (rest / 1024.0, larger);
    }
    if unit == "B" { format!("{count} B") } else { format!("{rest:.1} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_lines_end_with_their_text() {
        let text = table(["A", "LONGER"], [["value".to_owned(), "x".to_owned()]]);
        assert_eq!(text, "A      LONGER\nvalue  x");
    }

    #[test]
    fn bitrates_are_short() {
        let shown: Vec<_> = [0, 1, 64_000, 2_650_000].into_iter().map(bitrate).collect();
        assert_eq!(shown, ["-", "1 kbit/s", "64 kbit/s", "2.65 Mbit/s"]);
    }
}
