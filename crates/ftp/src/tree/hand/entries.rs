//! What the sender tells of its tree is taken in, and what cannot be is refused.

use std::sync::Arc;

use proto::Hasher;

use super::Hand;
use super::decide::{Found, Verdict, describe};
use crate::path::RemotePath;
use crate::store::{Kind, Store, StoreError};
use crate::tree::directory::{Directory, Standing};
use crate::tree::outcome::Outcome;
use crate::wire::{Failure, Status, TreeLine};

impl<S: Store> Hand<S> {
    /// Takes in a piece of the walk.
    pub(super) fn entries(&mut self, n: u64, count: u32, body: &[u8], digest: &str) {
        let mut hasher = Hasher::new(self.algorithm);
        hasher.update(body);
        if hasher.finalize().to_string() != digest {
            self.report.corrupt = Some("a piece of the listing arrived damaged".into());
            return;
        }
        let lines: Result<Vec<TreeLine>, _> =
            body.split_inclusive(|&byte| byte == b'\n').map(serde_json::from_slice).collect();
        let lines = match lines {
            Ok(lines) if lines.len() == count as usize => lines,
            Ok(lines) => {
                let found = lines.len();
                self.report.broken = Some(format!("{found} entries came where {count} were told"));
                return;
            }
            Err(error) => {
                self.report.broken = Some(format!("an entry cannot be understood: {error}"));
                return;
            }
        };
        for (n, line) in (n..).zip(lines) {
            if let Err(broken) = self.line(n, line) {
                self.report.broken = Some(broken);
                return;
            }
        }
        self.report.upto = Some(n + u64::from(count));
    }

    /// Takes in one entry.
    ///
    /// # Errors
    /// How the sender does not keep to the rules.
    fn line(&mut self, n: u64, line: TreeLine) -> Result<(), String> {
        let depth = line.depth as usize;
        if n == 0 {
            return match depth == 0 && line.name.0.is_empty() && !line.incomplete {
                true => {
                    self.root(line);
                    Ok(())
                }
                false => Err("a tree does not begin with its root".into()),
            };
        }
        let above = if line.incomplete { depth + 1 } else { depth };
        if above == 0 || above > self.levels.len() {
            return Err(format!(
                "an entry at depth {depth} came where {} is the deepest that can be",
                self.levels.len()
            ));
        }
        self.leave_above(above);
        let directory = Arc::clone(&self.levels[above - 1].directory);
        if line.incomplete {
            directory.set_incomplete();
            let outcome = line.problem.map(Outcome::Failed);
            let outcome = outcome.filter(|_| directory.standing != Standing::Barred);
            self.settle(n, (&directory, b""), (Kind::Directory, 0), outcome);
            return Ok(());
        }
        if depth > RemotePath::MAX_DEPTH {
            return Err(format!(
                "an entry is {depth} levels deep: {} are allowed",
                RemotePath::MAX_DEPTH
            ));
        }
        if line.kind == Kind::File {
            self.report.known.0 += 1;
            self.report.known.1 = self.report.known.1.saturating_add(line.size);
        }
        let verdict = match self.refusal(&directory, &line) {
            Some(refused) => refused,
            None => match self.find(n, &directory, line.clone()) {
                Ok(found) => return self.judge(found),
                Err(error) => Verdict::Settled(Outcome::Failed(error.into())),
            },
        };
        self.bar(n, &directory, line, verdict);
        Ok(())
    }

    /// Why an entry is not looked at, if it is not.
    fn refusal(&mut self, directory: &Arc<Directory>, line: &TreeLine) -> Option<Verdict> {
        let level = self.levels.last_mut().expect("the walk is in a directory");
        let name = &line.name.0;
        if directory.standing == Standing::Barred {
            return Some(Verdict::Quiet);
        }
        let failed = |status, message: String| {
            Some(Verdict::Settled(Outcome::Failed(Failure::new(status, message))))
        };
        if let Err(error) = RemotePath::root().join(name) {
            return failed(Status::BadPath, error.to_string());
        }
        if level.last.as_ref().is_some_and(|last| *last >= *name) {
            let name = crate::path::safe(name);
            return failed(Status::BadRequest, format!("`{name}` came twice, or out of order"));
        }
        level.last = Some(name.clone());
        let kept = match &self.target.filter {
            None => true,
            Some(filter) => directory.path_of(name).is_ok_and(|path| filter.keep(&path, line.kind)),
        };
        // What is not looked at is still no extra.
        if !kept || line.apart {
            let _ = self.is_there(directory, name);
            return Some(Verdict::Quiet);
        }
        if let Some(problem) = &line.problem {
            let _ = self.is_there(directory, name);
            return Some(Verdict::Settled(Outcome::Failed(problem.clone())));
        }
        None
    }

    /// Settles an entry that is not looked at; nothing beneath it is either.
    fn bar(&mut self, n: u64, directory: &Arc<Directory>, line: TreeLine, verdict: Verdict) {
        let outcome = match verdict {
            Verdict::Settled(outcome) => Some(outcome),
            Verdict::Quiet | Verdict::Wanted { .. } => None,
        };
        self.settle(n, (directory, &line.name.0), (line.kind, line.size), outcome);
        if line.kind == Kind::Directory {
            self.report.pruned.push(n);
            let barred = directory.below(&line.name.0, Standing::Barred, (None, None));
            self.enter(barred, true);
        }
    }

    /// Whether the target has the name of an entry. When it cannot be listed it may have.
    fn is_there(&mut self, directory: &Arc<Directory>, name: &[u8]) -> Result<bool, StoreError> {
        let (folder, _) = self.place(directory, name)?;
        let level = self.levels.last_mut().expect("the walk is in a directory");
        let extras = &mut self.extras;
        let mut passed = |name: &[u8]| extras.add(directory, name);
        Ok(level.join.find(folder.as_deref(), name, &mut passed).unwrap_or_else(|_| {
            directory.set_incomplete();
            true
        }))
    }

    fn find(
        &mut self,
        n: u64,
        directory: &Arc<Directory>,
        line: TreeLine,
    ) -> Result<Found<S::Folder>, StoreError> {
        let (folder, name) = self.place(directory, &line.name.0)?;
        let there = match &folder {
            Some(folder) if self.is_there(directory, &name)? => describe(&**folder, &name)?,
            _ => None,
        };
        Ok(Found { n, directory: Arc::clone(directory), line, folder, name, there })
    }
}
