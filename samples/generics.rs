// SPDX-License-Identifier: Apache-2.0
//! Names of Rust: a generic function, a method of a trait, a closure; equal shares.

use std::arch::asm;
use std::io::{BufRead, Write};

const UNIT_STEPS: u64 = 20_000;

/// The unit of work of sample.h: a chain of multiplications that nothing can overlap. Each caller starts
/// it elsewhere: LLVM merges functions with the same body into one.
#[inline(always)]
fn unit<const START: u64>() {
    let mut x = START;
    // On the stack at once: the compiler sets up a frame no earlier than it needs one.
    std::hint::black_box(&mut x);
    for _ in 0..UNIT_STEPS {
        x = x.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        // Keeps the compiler from doing several steps at once.
        unsafe { asm!("/* {0} */", inout(reg) x, options(nomem, nostack, preserves_flags)) };
    }
    std::hint::black_box(x);
}

trait Work {
    fn work(&self);
}

struct Circle;
struct Square;

impl Work for Circle {
    #[inline(never)]
    fn work(&self) {
        unit::<1>();
    }
}

impl Work for Square {
    #[inline(never)]
    fn work(&self) {
        unit::<2>();
    }
}

#[inline(never)]
fn generic_work<T: Default>(_of: &[T; 8]) {
    unit::<3>();
}

/// The next number of a fixed series.
fn random(state: &mut u32) -> u32 {
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    *state
}

/// Seconds of CPU time and context switches of this process, from the kernel's own account.
fn usage() -> (f64, u64) {
    let schedstat = std::fs::read_to_string("/proc/self/schedstat").unwrap();
    let mut fields = schedstat.split_whitespace().map(|field| field.parse::<u64>().unwrap());
    let ns = fields.next().unwrap();
    (ns as f64 / 1e9, fields.nth(1).unwrap())
}

fn main() {
    let mut seconds = 2.0;
    let mut report = false;
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--report" => report = true,
            "--hold" => {
                println!("ready");
                std::io::stdout().flush().unwrap();
                std::io::stdin().lock().read_line(&mut String::new()).unwrap();
            }
            _ => seconds = argument.parse().expect("seconds"),
        }
    }

    let shapes: [&dyn Work; 2] = [&Circle, &Square];
    let mut turns = [0, 1, 2, 0, 1, 2, 0, 1, 2];
    let mut state = 2463534242;
    while usage().0 < seconds {
        // Twelve blocks for one look at the clock, which here costs a file.
        for _ in 0..12 {
            for i in (1..turns.len()).rev() {
                turns.swap(i, random(&mut state) as usize % (i + 1));
            }
            for turn in turns {
                match turn {
                    0 | 1 => shapes[turn].work(),
                    _ => generic_work(&[0u8; 8]),
                }
            }
        }
    }
    if report {
        let (cpu, switches) = usage();
        println!("{{\"cpu_ns\": {}, \"switches\": {}}}", (cpu * 1e9) as u64, switches);
    }
}
