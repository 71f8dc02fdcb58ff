//! One large file, there and here.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use it::{Error, Place, Profile, Program, check_same, write_content};
use serde_json::Value;

use super::RunArgs;
use super::figures::{Amount, Table};
use super::limit::{self, BUFFERS_KIB};
use super::meter::{Run, Server};

const GIB: u64 = 1 << 30;

/// The processes that are measured, and where.
struct Bench {
    place: Place,
    bytes: u64,
    plain: (Server, String),
    encrypted: (Server, String),
    limit: (Server, String),
    buffer_kib: usize,
}

/// Gets and puts one file, in turns with the bare loop.
pub(super) fn measure(args: &RunArgs) -> Result<Table, Error> {
    let bytes = if args.quick { GIB / 4 } else { 2 * GIB };
    let parent = memory_backed();
    let bench = Bench::start(&parent, bytes)?;
    let jobs: [(&str, Job); 5] = [
        ("limit (bare loop)", Bench::bare_loop),
        ("ours get, plain, MD5", |bench| bench.get(&bench.plain, PLAIN)),
        ("ours put, plain, MD5", |bench| bench.put(&bench.plain, PLAIN)),
        ("ours get, encrypted, MD5", |bench| bench.get(&bench.encrypted, ENCRYPTED)),
        ("ours put, encrypted, MD5", |bench| bench.put(&bench.encrypted, ENCRYPTED)),
    ];
    let mut runs = jobs.map(|(name, _)| (name.to_owned(), Vec::new()));
    for round in 1..=args.rounds {
        eprintln!("round {round} of {}", args.rounds);
        for ((_, job), (_, runs)) in jobs.iter().zip(&mut runs) {
            runs.push(job(&bench)?);
        }
    }
    let title = format!("one file of {:.2} GiB over loopback", bytes as f64 / GIB as f64);
    let cores = std::thread::available_parallelism()?;
    Ok(Table::new(title, Amount::Bytes(bytes), runs.into())
        .note(format!("{} rounds in turns, files in {}", args.rounds, parent.display()))
        .note(format!("{cores} cores, {} {}", std::env::consts::OS, std::env::consts::ARCH))
        .note(format!("the bare loop's buffers: {} KiB, the fastest here", bench.buffer_kib)))
}

type Job = fn(&Bench) -> Result<Run, Error>;

/// What the program is told, on both sides.
const PLAIN: &[&str] = &["--plain"];

/// As it is when it is told nothing: TLS, and the same account's key on both sides.
const ENCRYPTED: &[&str] = &[];

/// Where files are in memory, or else where temporary files are.
pub(super) fn memory_backed() -> PathBuf {
    let shared = Path::new("/dev/shm");
    if shared.is_dir() {
        return shared.to_owned();
    }
    eprintln!("no /dev/shm here: the files are on a disk, which is measured, too");
    std::env::temp_dir()
}

impl Bench {
    fn start(parent: &Path, bytes: u64) -> Result<Self, Error> {
        eprintln!("building");
        Program::FtpCli.built(Profile::Release)?;
        let place = Place::beneath(parent, Profile::Release)?;
        let file = place.there().join("big");
        write_content(&file, bytes, 1)?;
        let limit = limit::serve(&file)?;
        let (plain, encrypted) = (serve(&place, PLAIN)?, serve(&place, ENCRYPTED)?);
        let mut bench = Self { place, bytes, plain, encrypted, limit, buffer_kib: 0 };
        bench.choose_buffer()?;
        Ok(bench)
    }

    /// Takes the buffer with which the bare loop is the fastest: of two runs the better one counts.
    fn choose_buffer(&mut self) -> Result<(), Error> {
        let mut best = f64::INFINITY;
        for buffer_kib in BUFFERS_KIB.into_iter().chain(BUFFERS_KIB) {
            let seconds = self.bare_loop_with(buffer_kib)?.seconds;
            eprintln!("bare loop, {buffer_kib} KiB: {seconds:.3} s");
            if seconds < best {
                (best, self.buffer_kib) = (seconds, buffer_kib);
            }
        }
        Ok(())
    }

    fn bare_loop(&self) -> Result<Run, Error> {
        self.bare_loop_with(self.buffer_kib)
    }

    fn bare_loop_with(&self, buffer_kib: usize) -> Result<Run, Error> {
        let (server, address) = &self.limit;
        let copy = self.place.here().join("limit");
        let run = server.run(&mut limit::fetch(address, buffer_kib, &copy)?)?;
        self.check_and_remove(&self.place.there().join("big"), &copy)?;
        Ok(run)
    }

    fn get(&self, (server, address): &(Server, String), how: &[&str]) -> Result<Run, Error> {
        let mut client = ftp_cli(&self.place)?;
        let run = server.run(client.args(how).args(["-s", address, "-q", "get", "big"]))?;
        let (original, copy) = (self.place.there().join("big"), self.place.here().join("big"));
        check_same(&original, &copy)?;
        self.check_and_remove(&original, &copy)?;
        Ok(run)
    }

    /// The file that is put is a second name of the one that is served, so that all jobs read from
    /// the same memory.
    fn put(&self, (server, address): &(Server, String), how: &[&str]) -> Result<Run, Error> {
        let (original, copy) = (self.place.there().join("big"), self.place.there().join("put"));
        let mut client = ftp_cli(&self.place)?;
        client.args(how).args(["-s", address, "-q", "put", "--name", "put"]).arg(&original);
        let run = server.run(&mut client)?;
        check_same(&original, &copy)?;
        self.check_and_remove(&original, &copy)?;
        Ok(run)
    }

    /// The next run is to find nothing to reuse.
    fn check_and_remove(&self, original: &Path, copy: &Path) -> Result<(), Error> {
        let found = fs::metadata(copy)?.len();
        if found != self.bytes {
            return Err(format!("{found} of {} bytes of {original:?} came", self.bytes).into());
        }
        Ok(fs::remove_file(copy)?)
    }
}

/// Our server, and where it is.
pub(super) fn serve(place: &Place, how: &[&str]) -> Result<(Server, String), Error> {
    let mut serve = ftp_cli(place)?;
    serve.args(how).args(["serve", "-q", "--json", "--write", "--bind", "127.0.0.1:0"]);
    Server::start(serve.arg(place.there()), |line| {
        let ready = serde_json::from_str::<Value>(line).ok()?;
        ready["address"].as_str().map(str::to_owned)
    })
}

/// The program, optimised, with nothing of the caller's settings.
pub(super) fn ftp_cli(place: &Place) -> Result<Command, Error> {
    let mut command = Command::new(Program::FtpCli.built(Profile::Release)?);
    command.current_dir(place.here()).env("SEAM_HOME", place.home()).env_remove("SEAM_SERVER");
    Ok(command)
}
