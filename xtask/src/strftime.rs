//! `strftime`: ours beside Python's, that is the C library's, for as many formats as one likes.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::thread;

use clap::Args;
use it::tutorial::time::strftime_at;
use it::{Error, Seeded};

/// Formats, moments and zones in one process of Python.
const SCRIPT: &str = include_str!("strftime.py");

/// Zones with offsets of all kinds; three of them change by less or at another time than most.
const ZONES: [&str; 12] = [
    "UTC",
    "Asia/Shanghai",
    "America/New_York",
    "Europe/Dublin",
    "Asia/Kathmandu",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Africa/Casablanca",
    "Asia/Tehran",
    "Africa/Monrovia",
];

/// Days on which clocks were changed somewhere, a date line was crossed, or a year or month ends.
const CHANGES: [i64; 12] = [
    1_741_503_600, // 2025-03-09, New York
    1_762_063_200, // 2025-11-02, New York
    1_743_296_400, // 2025-03-30, Dublin
    1_761_440_400, // 2025-10-26, Dublin
    1_743_865_200, // 2025-04-05, Lord Howe by half an hour
    1_759_591_800, // 2025-10-04, Lord Howe
    1_325_239_200, // 2011-12-30, which Apia did not have
    1_743_861_600, // 2025-04-05, Chatham
    1_709_208_000, // 2024-02-29
    1_735_689_599, // the last second of 2024
    0,
    2_147_483_647,
];

/// Format times as Python does, many of them, and compare
#[derive(Debug, Args)]
pub(crate) struct StrftimeArgs {
    /// The Python to compare with
    #[arg(long, default_value = "python3")]
    python: String,

    /// How many formats
    #[arg(long, default_value_t = 200_000)]
    cases: u64,

    /// Other formats
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

struct Case {
    zone: &'static str,
    seconds: i64,
    format: String,
}

/// Compares, and shows the first cases that differ.
pub(crate) fn strftime(args: &StrftimeArgs) -> Result<(), Error> {
    const SHOWN: usize = 20;
    let cases = cases(args);
    let theirs = python(&args.python, &cases)?;
    let (mut different, mut empty) = (0, 0);
    for (case, theirs) in cases.iter().zip(&theirs) {
        let Case { zone, seconds, format } = case;
        let ours = strftime_at(zone, *seconds, format.as_bytes())?;
        empty += usize::from(theirs.is_empty());
        if ours == *theirs {
            continue;
        }
        different += 1;
        if different <= SHOWN {
            let (ours, theirs) = (ours.escape_ascii(), theirs.escape_ascii());
            println!("{zone} {seconds} {format:?}\n  ours   {ours}\n  theirs {theirs}");
        }
    }
    let zones = ZONES.len();
    println!(
        "{} formats in {zones} zones: {different} differ; Python gave nothing for {empty}",
        cases.len()
    );
    if different == 0 { Ok(()) } else { Err("not as Python does it".into()) }
}

fn cases(args: &StrftimeArgs) -> Vec<Case> {
    let mut dice = Seeded::new(args.seed);
    let mut cases: Vec<_> = (0..args.cases)
        .map(|_| {
            let zone = ZONES[below(&mut dice, ZONES.len())];
            Case { zone, seconds: moment(&mut dice), format: format(&mut dice) }
        })
        .collect();
    // To change the zone takes Python longer than all else.
    cases.sort_by_key(|case| case.zone);
    cases
}

/// Most are near a change, the others anywhere from 1901 to 2037: Python takes its rules of later
/// years from elsewhere.
fn moment(dice: &mut Seeded) -> i64 {
    let spread = |dice: &mut Seeded, seconds: i64| {
        i64::try_from(dice.below(2 * seconds.unsigned_abs())).expect("it is below") - seconds
    };
    match dice.below(3) {
        0 => spread(dice, 2_145_000_000),
        1 => CHANGES[below(dice, CHANGES.len())] + spread(dice, 7200),
        _ => CHANGES[below(dice, CHANGES.len())] + spread(dice, 200_000),
    }
    .min(2_145_000_000)
}

fn format(dice: &mut Seeded) -> String {
    const CONVERSIONS: &[u8] = b"aAbBcCdDeFgGhHIjklmMnpPrRsStTuUVwWxXyYzZ%";
    const TEXTS: [&str; 8] = ["几点", " ", "年月日", "-", "é", "[", "]", "at 100"];
    let mut format = String::new();
    for _ in 0..=dice.below(6) {
        if dice.below(4) == 0 {
            format += TEXTS[below(dice, TEXTS.len())];
            continue;
        }
        format.push('%');
        for _ in 0..dice.below(3) {
            format.push(char::from(b"_-0^#+"[below(dice, 6)]));
        }
        match dice.below(8) {
            0 | 1 => write!(format, "{}", dice.below(30)).expect("a string has room"),
            2 => write!(format, "{}", dice.below(400)).expect("a string has room"),
            _ => {}
        }
        if dice.below(5) == 0 {
            format.push(if dice.below(2) == 0 { 'E' } else { 'O' });
        }
        let conversion = match dice.below(12) {
            // Any character: most mean nothing.
            0 => b' ' + u8::try_from(dice.below(95)).expect("it is below"),
            _ => CONVERSIONS[below(dice, CONVERSIONS.len())],
        };
        format.push(char::from(conversion));
    }
    format
}

fn below(dice: &mut Seeded, bound: usize) -> usize {
    usize::try_from(dice.below(bound as u64)).expect("it is below a length")
}

/// What Python makes of each case.
fn python(program: &str, cases: &[Case]) -> Result<Vec<Vec<u8>>, Error> {
    let mut command = Command::new(program);
    command.args(["-X", "utf8", "-c", SCRIPT]).env("LC_ALL", "C");
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("nothing was compared: {program} does not start: {error}"))?;
    let mut stdin = child.stdin.take().ok_or("a process without standard input")?;
    let stdout = child.stdout.take().ok_or("a process without standard output")?;
    let answers: Vec<_> = thread::scope(|scope| {
        let asking = scope.spawn(move || {
            let mut lines = String::new();
            for Case { zone, seconds, format } in cases {
                write!(lines, "{zone}\t{seconds}\t").expect("a string has room");
                for byte in format.bytes() {
                    write!(lines, "{byte:02x}").expect("a string has room");
                }
                lines.push('\n');
            }
            stdin.write_all(lines.as_bytes())
        });
        let answers: Result<_, Error> =
            BufReader::new(stdout).lines().map(|line| unhex(&line?)).collect();
        asking.join().map_err(|_| "asking failed")??;
        answers
    })?;
    child.wait()?;
    if answers.len() == cases.len() {
        return Ok(answers);
    }
    let stopped = &cases[answers.len()].format;
    Err(format!("{program} gave up at {stopped:?}").into())
}

fn unhex(line: &str) -> Result<Vec<u8>, Error> {
    let digits = line.as_bytes().chunks(2);
    digits.map(|pair| Ok(u8::from_str_radix(str::from_utf8(pair)?, 16)?)).collect()
}
