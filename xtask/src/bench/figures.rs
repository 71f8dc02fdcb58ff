//! Runs become figures, and figures a table.

use std::fmt;

use serde::Serialize;

use super::meter::Run;

/// What a suite found.
#[derive(Debug, Serialize)]
pub(super) struct Table {
    /// What was done.
    pub(super) title: String,
    /// Where and how.
    pub(super) notes: Vec<String>,
    /// How much each run moved.
    pub(super) amount: Amount,
    /// The first is what the others are compared with.
    pub(super) jobs: Vec<Job>,
}

/// How much a run moved, and of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Amount {
    /// Bytes of content, told in 10^9.
    Bytes(u64),
    /// Requests that were answered, told in 10^6.
    Requests(u64),
    /// Files, told one by one.
    Files(u64),
}

/// What was found of one job. The units are those of the amount: 10^9 bytes, 10^6 requests, files.
#[derive(Debug, Serialize)]
pub(super) struct Job {
    pub(super) name: String,
    pub(super) rounds: usize,
    /// Units a second: the median, the slowest and the fastest round.
    pub(super) median_per_second: f64,
    pub(super) slowest_per_second: f64,
    pub(super) fastest_per_second: f64,
    /// Median through the median of the first job.
    pub(super) ratio: f64,
    /// Of both sides, for one unit; the median.
    pub(super) cpu_seconds_per_unit: Option<f64>,
    /// Of the server alone.
    pub(super) server_cpu_seconds_per_unit: Option<f64>,
    pub(super) client_peak_bytes: Option<u64>,
    pub(super) server_peak_bytes: Option<u64>,
}

impl Table {
    /// Sums up the runs of each job; the first job is what the others are compared with.
    pub(super) fn new(title: String, amount: Amount, jobs: Vec<(String, Vec<Run>)>) -> Self {
        let mut table = Self { title, notes: Vec::new(), amount, jobs: Vec::new() };
        for (name, runs) in jobs {
            let mut job = Job::new(name, amount, &runs);
            let first = table.jobs.first().unwrap_or(&job);
            job.ratio = job.median_per_second / first.median_per_second;
            table.jobs.push(job);
        }
        table
    }

    pub(super) fn note(mut self, note: String) -> Self {
        self.notes.push(note);
        self
    }
}

impl Amount {
    /// In its units.
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    fn units(self) -> f64 {
        match self {
            Self::Bytes(bytes) => bytes as f64 / 1e9,
            Self::Requests(requests) => requests as f64 / 1e6,
            Self::Files(files) => files as f64,
        }
    }

    fn unit(self) -> &'static str {
        match self {
            Self::Bytes(_) => "GB",
            Self::Requests(_) => "M",
            Self::Files(_) => "file",
        }
    }

    /// Digits behind the point that tell something.
    fn digits(self) -> usize {
        match self {
            Self::Bytes(_) => 2,
            Self::Requests(_) => 3,
            Self::Files(_) => 1,
        }
    }
}

impl Job {
    fn new(name: String, amount: Amount, runs: &[Run]) -> Self {
        let units = amount.units();
        let rates: Vec<f64> = runs.iter().map(|run| units / run.seconds).collect();
        let per_unit = |cpu: fn(&Run) -> Option<f64>| {
            let cpu: Option<Vec<f64>> = runs.iter().map(cpu).collect();
            cpu.map(|cpu| median(&cpu) / units)
        };
        Self {
            name,
            rounds: runs.len(),
            median_per_second: median(&rates),
            slowest_per_second: rates.iter().copied().fold(f64::INFINITY, f64::min),
            fastest_per_second: rates.iter().copied().fold(0.0, f64::max),
            ratio: 1.0,
            cpu_seconds_per_unit: per_unit(|run| run.cpu_seconds),
            server_cpu_seconds_per_unit: per_unit(|run| run.server_cpu_seconds),
            client_peak_bytes: runs.iter().filter_map(|run| run.client_peak).max(),
            server_peak_bytes: runs.iter().filter_map(|run| run.server_peak).max(),
        }
    }
}

/// The middle one, or the mean of the two in the middle.
pub(super) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() % 2 {
        0 => f64::midpoint(sorted[middle - 1], sorted[middle]),
        _ => sorted[middle],
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.title)?;
        for note in &self.notes {
            writeln!(f, "  {note}")?;
        }
        let (unit, digits) = (self.amount.unit(), self.amount.digits());
        let (rate, cpu) = (format!("{unit}/s"), format!("CPU s/{unit}"));
        writeln!(
            f,
            "\n  {:<32} {rate:>7}  {:>14}  {:>6}  {cpu:>8}  {:>6}  {:>13}",
            "", "spread", "ratio", "server", "peak MiB c/s"
        )?;
        for job in &self.jobs {
            let (slowest, fastest) = (job.slowest_per_second, job.fastest_per_second);
            let spread = format!("{slowest:.digits$} to {fastest:.digits$}");
            let cpu = seconds(job.cpu_seconds_per_unit);
            let server = seconds(job.server_cpu_seconds_per_unit);
            let peaks = format!("{} / {}", mib(job.client_peak_bytes), mib(job.server_peak_bytes));
            writeln!(
                f,
                "  {:<32} {:>7.digits$}  {spread:>14}  {:>5.2}x  {cpu:>8}  {server:>6}  {peaks:>13}",
                job.name, job.median_per_second, job.ratio
            )?;
        }
        Ok(())
    }
}

fn seconds(seconds: Option<f64>) -> String {
    seconds.map_or("-".into(), |seconds| format!("{seconds:.2}"))
}

fn mib(bytes: Option<u64>) -> String {
    bytes.map_or("-".into(), |bytes| (bytes >> 20).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(seconds: f64) -> Run {
        Run {
            seconds,
            cpu_seconds: Some(1.0),
            server_cpu_seconds: None,
            client_peak: None,
            server_peak: Some(5 << 20),
        }
    }

    #[test]
    fn jobs_are_compared_by_their_medians_with_the_first() {
        let jobs = vec![
            ("limit".into(), vec![run(1.0), run(9.0), run(2.0)]),
            ("ours".into(), vec![run(4.0), run(4.0), run(0.5), run(100.0)]),
        ];
        let table = Table::new("x".into(), Amount::Bytes(2_000_000_000), jobs);
        assert_eq!(table.jobs[0].median_per_second, 1.0);
        assert_eq!(table.jobs[1].ratio, 0.5);
        assert_eq!(table.jobs[1].cpu_seconds_per_unit, Some(0.5));
        assert_eq!((table.jobs[0].client_peak_bytes, table.jobs[0].rounds), (None, 3));
    }
}
