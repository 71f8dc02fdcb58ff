//! The README shows the example of the crate's front page, which the documentation tests run.

#[test]
fn the_readme_shows_the_example_that_is_tested() {
    let front_page: String = include_str!("../src/lib.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("//!"))
        .map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line)))
        .collect();
    let (_, rest) = front_page.split_once("\n```\nuse ").expect("the front page has an example");
    let (example, _) = rest.split_once("\n```\n").expect("the example ends");
    let readme = include_str!("../README.md");
    assert!(readme.contains(&format!("```rust\nuse {example}\n```\n")), "they differ");
}
