//! Compares the instructions and allocations of two commits: `cargo run --release -p bed --bin compare -- OLD NEW`.
//!
//! Each commit is checked out into a worktree of its own, and measured by the bed of this tree, so that both run the same
//! code. Fails where the newer one is more than 5 % worse.

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use bed::counts::{Counts, compare};
use bed::programs::Result;

fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [old, new] = arguments.as_slice() else { return Err("two commits are compared: give OLD and NEW".into()) };
    let (before, now) = (measure(old)?, measure(new)?);
    let (table, worse) = compare(&before, &now);
    print!("{table}");
    if worse.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    println!("more than 5 % above {old}: {}", worse.join("; "));
    Ok(ExitCode::FAILURE)
}

fn measure(commit: &str) -> Result<Counts> {
    let benches = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
    let place = benches.join("target/compare");
    let tree = place.join(commit.replace(['/', '~', '^'], "-"));
    let git = |arguments: &[&str]| succeed(Command::new("git").current_dir(&benches).args(arguments));
    if tree.exists() {
        git(&["worktree", "remove", "--force", &tree.display().to_string()])?;
    }
    git(&["worktree", "add", "--detach", "--quiet", &tree.display().to_string(), commit])?;
    let counted = count(&benches, &tree, &place);
    git(&["worktree", "remove", "--force", &tree.display().to_string()])?;
    counted
}

fn count(benches: &Path, tree: &Path, place: &Path) -> Result<Counts> {
    let theirs = tree.join("benches");
    if theirs.exists() {
        std::fs::remove_dir_all(&theirs)?;
    }
    std::fs::create_dir_all(&theirs)?;
    for name in ["Cargo.toml", "Cargo.lock", "bed", "compile"] {
        succeed(Command::new("cp").arg("-r").arg(benches.join(name)).arg(&theirs))?;
    }
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(&theirs).env("CARGO_TARGET_DIR", place.join("build"));
    succeed(cargo.args(["build", "--release", "--quiet", "--package", "bed"]))?;
    let output = Command::new(place.join("build/release/counts")).arg("print").stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err("counting failed".into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn succeed(command: &mut Command) -> Result<()> {
    if command.status()?.success() { Ok(()) } else { Err(format!("{command:?} failed").into()) }
}
