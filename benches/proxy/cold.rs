//! The first byte of slices that nobody has asked for, after the origin's own first byte.

use crate::{
    load::{Client, Dice},
    rig::Rig,
};
use std::time::Duration;

pub fn run(rig: &Rig) {
    let slices = rig.size >> 20;
    let mut order: Vec<u64> = (1..slices - 1).collect();
    let mut dice = Dice(3);
    for at in (1..order.len()).rev() {
        order.swap(at, dice.roll(at as u64 + 1) as usize);
    }
    order.truncate(if rig.dry { 5 } else { 100 });
    println!("\ncold: the first byte of {} slices in random order", order.len());
    let (mut origin, mut ours, mut theirs) =
        (Client::connect(&rig.origin), Client::connect(&rig.ours), Client::connect(&rig.theirs));
    // The connection to the origin and what is known of the file are not what is measured.
    for client in [&mut ours, &mut theirs] {
        client.take(0, 0, false);
    }
    let mut rows = [Vec::new(), Vec::new(), Vec::new()];
    for slice in order {
        let first = slice << 20;
        for (row, client) in rows.iter_mut().zip([&mut origin, &mut ours, &mut theirs]) {
            row.push(client.take(first, first + 65_535, false).first_byte);
        }
    }
    println!("| server | p50 ms | p99 ms | max ms |\n|---|---|---|---|");
    for (name, row) in ["origin", "synctv", "nginx"].iter().zip(&mut rows) {
        row.sort_unstable();
        let at = |share: f64| ms(row[((row.len() - 1) as f64 * share).round() as usize]);
        println!("| {name} | {:.2} | {:.2} | {:.2} |", at(0.5), at(0.99), at(1.0));
    }
}

fn ms(span: Duration) -> f64 {
    span.as_secs_f64() * 1000.0
}
