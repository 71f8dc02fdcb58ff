//! The README shows the examples of the crate's front page, which the documentation tests run.

/// The examples of a text, by what opens them.
fn examples(text: &str, opening: &str) -> Vec<String> {
    let mut examples = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if !line.starts_with("```") {
            continue;
        }
        let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        if line == opening {
            // What documentation hides begins with `# `.
            let shown = body.into_iter().filter(|line| !line.starts_with("# "));
            examples.push(shown.map(|line| format!("{line}\n")).collect());
        }
    }
    examples
}

#[test]
fn the_readme_shows_the_examples_that_are_tested() {
    let front_page: String = include_str!("../src/lib.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("//!"))
        .map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line)))
        .collect();
    let tested = examples(&front_page, "```");
    assert_eq!(tested.len(), 2);
    assert_eq!(examples(include_str!("../README.md"), "```rust"), tested);
}
