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
    /// Bytes of content that each run moved.
    pub(super) bytes: u64,
    /// The first is what the others are compared with.
    pub(super) jobs: Vec<Job>,
}

/// What was found of one job.
#[derive(Debug, Serialize)]
pub(super) struct Job {
    pub(super) name: String,
    pub(super) rounds: usize,
    /// Throughput in 10^9 bytes a second: the median, the slowest and the fastest round.
    pub(super) median_gb_per_second: f64,
    pub(super) slowest_gb_per_second: f64,
    pub(super) fastest_gb_per_second: f64,
    /// Median through the median of the first job.
    pub(super) ratio: f64,
    /// Of both sides, for 10^9 bytes; the median.
    pub(super) cpu_seconds_per_gb: Option<f64>,
    pub(super) client_peak_bytes: Option<u64>,
    pub(super) server_peak_bytes: Option<u64>,
}

impl Table {
    /// Sums up the runs of each job; the first job is what the others are compared with.
    pub(super) fn new(title: String, bytes: u64, jobs: Vec<(String, Vec<Run>)>) -> Self {
        let mut table = Self { title, notes: Vec::new(), bytes, jobs: Vec::new() };
        for (name, runs) in jobs {
            let mut job = Job::new(name, bytes, &runs);
            let first = table
                .jobs
                .first()
                .map_or(job.median_gb_per_second, |first| first.median_gb_per_second);
            job.ratio = job.median_gb_per_second / first;
            table.jobs.push(job);
        }
        table
    }

    pub(super) fn note(mut self, note: String) -> Self {
        self.notes.push(note);
        self
    }
}

impl Job {
    fn new(name: String, bytes: u64, runs: &[Run]) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
        let gigabytes = bytes as f64 / 1e9;
        let rates: Vec<f64> = runs.iter().map(|run| gigabytes / run.seconds).collect();
        let cpu: Option<Vec<f64>> = runs.iter().map(|run| run.cpu_seconds).collect();
        Self {
            name,
            rounds: runs.len(),
            median_gb_per_second: median(&rates),
            slowest_gb_per_second: rates.iter().copied().fold(f64::INFINITY, f64::min),
            fastest_gb_per_second: rates.iter().copied().fold(0.0, f64::max),
            ratio: 1.0,
            cpu_seconds_per_gb: cpu.map(|cpu| median(&cpu) / gigabytes),
            client_peak_bytes: runs.iter().filter_map(|run| run.client_peak).max(),
            server_peak_bytes: runs.iter().filter_map(|run| run.server_peak).max(),
        }
    }
}

/// The middle one, or the mean of the two in the middle.
fn median(values: &[f64]) -> f64 {
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
        writeln!(
            f,
            "\n  {:<28} {:>7}  {:>13}  {:>6}  {:>8}  {:>13}",
            "", "GB/s", "spread", "ratio", "CPU s/GB", "peak MiB c/s"
        )?;
        for job in &self.jobs {
            let spread =
                format!("{:.2} to {:.2}", job.slowest_gb_per_second, job.fastest_gb_per_second);
            let cpu = job.cpu_seconds_per_gb.map_or("-".into(), |cpu| format!("{cpu:.2}"));
            let peaks = format!("{} / {}", mib(job.client_peak_bytes), mib(job.server_peak_bytes));
            writeln!(
                f,
                "  {:<28} {:>7.2}  {spread:>13}  {:>5.2}x  {cpu:>8}  {peaks:>13}",
                job.name, job.median_gb_per_second, job.ratio
            )?;
        }
        Ok(())
    }
}

fn mib(bytes: Option<u64>) -> String {
    bytes.map_or("-".into(), |bytes| (bytes >> 20).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(seconds: f64) -> Run {
        Run { seconds, cpu_seconds: Some(1.0), client_peak: None, server_peak: Some(5 << 20) }
    }

    #[test]
    fn jobs_are_compared_by_their_medians_with_the_first() {
        let jobs = vec![
            ("limit".into(), vec![run(1.0), run(9.0), run(2.0)]),
            ("ours".into(), vec![run(4.0), run(4.0), run(0.5), run(100.0)]),
        ];
        let table = Table::new("x".into(), 2_000_000_000, jobs);
        assert_eq!(table.jobs[0].median_gb_per_second, 1.0);
        assert_eq!(table.jobs[1].ratio, 0.5);
        assert_eq!(table.jobs[1].cpu_seconds_per_gb, Some(0.5));
        assert_eq!((table.jobs[0].client_peak_bytes, table.jobs[0].rounds), (None, 3));
    }
}
