//! The name that may have been meant by another.

/// Who takes what, in words: for the arguments of a tool.
pub(super) const ARGUMENTS: [&str; 2] = ["tool", "arguments"];

/// What may have been meant by a name that is not declared.
pub(super) fn meant(name: &str, declared: &[&str], [owner, noun]: [&str; 2]) -> String {
    let nearest = declared.iter().map(|candidate| (distance(name, candidate), candidate)).min();
    match nearest {
        // A third of the letters wrong is a misspelling, more is another word.
        Some((distance, candidate)) if distance * 3 <= candidate.chars().count().max(3) => {
            format!("did you mean `{candidate}`?")
        }
        Some(_) => format!("the {noun} are `{}`", declared.join("`, `")),
        None => format!("the {owner} takes no {noun}"),
    }
}

/// The number of letters to insert, remove, replace or swap with their neighbour to turn one name into the other,
/// whatever their case.
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().flat_map(char::to_lowercase).take(64).collect();
    let right: Vec<char> = right.chars().flat_map(char::to_lowercase).take(64).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for (row, from) in left.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, to) in right.iter().enumerate() {
            let at = |line: &[usize], index: usize| line.get(index).copied().unwrap_or(usize::MAX - 64);
            let replaced = at(&above, column) + usize::from(from != to);
            let mut best = replaced.min(at(&above, column + 1) + 1).min(at(&current, column) + 1);
            let swapped = row > 0 && column > 0 && left.get(row - 1) == Some(to) && right.get(column - 1) == Some(from);
            if swapped {
                best = best.min(at(&before, column - 1) + 1);
            }
            current.push(best);
        }
        before = std::mem::replace(&mut above, current);
    }
    above.last().copied().unwrap_or_default()
}
