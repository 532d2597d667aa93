//! What a source file names, read from its text.

use super::table::Crate;
use std::{collections::BTreeSet, path::Path};

/// What this file of a crate names although the table does not let it, in words; sorted.
pub fn violations(krate: &Crate, file: &Path, text: &str) -> Vec<String> {
    let Some(module) = module_of(file) else { return Vec::new() };
    if is_test_file(file) {
        return Vec::new();
    }
    let row = krate.modules.iter().find(|(name, _)| *name == module);
    let Some(allowed) = row.map(|(_, allowed)| *allowed).or(krate.modules.is_empty().then_some(&[])) else {
        return vec![format!("{module} is not in the table")];
    };
    let code = code_of(text);
    let mut wrong: BTreeSet<String> = named(&code, krate)
        .into_iter()
        .filter(|name| *name != module && !allowed.contains(&name.as_str()))
        // A crate without rows orders its own modules as it likes.
        .filter(|name| !krate.modules.is_empty() || krate.watched.contains(&name.as_str()))
        .map(|name| format!("{module} names {name}"))
        .collect();
    // From a file directly in the module's folder, two steps up is the crate's root.
    if file.components().count() == 2 && !file.ends_with("mod.rs") && code.contains("super::super::") {
        wrong.insert(format!("{module} climbs out with super::super"));
    }
    wrong.into_iter().collect()
}

/// `live` for `live.rs`, `live/mod.rs` and `live/ring.rs`; none for the crate's root, which names all.
fn module_of(file: &Path) -> Option<String> {
    let first = file.iter().next()?.to_str()?;
    let module = first.strip_suffix(".rs").unwrap_or(first);
    (!matches!(module, "lib" | "main")).then(|| module.to_owned())
}

fn is_test_file(file: &Path) -> bool {
    file.file_stem().and_then(|stem| stem.to_str()).is_some_and(|stem| stem == "tests" || stem.ends_with("_tests"))
        || file.iter().any(|part| part == "tests")
}

/// Without comments and without what follows the first `#[cfg(test)]` before an inline module (it ends the file by custom).
fn code_of(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let trimmed = line.trim_start();
        if trimmed.starts_with("#[cfg(test)]") && lines.peek().is_some_and(|next| next.trim_end().contains('{')) {
            break;
        }
        // A `//` in a string hides the rest of its line; no path this test looks for follows one there.
        code.push_str(line.split("//").next().unwrap_or_default());
        code.push('\n');
    }
    code
}

fn named(code: &str, krate: &Crate) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        // `$crate::` and `synctv_crate::` are other things.
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        for name in first_names(&code[at + "crate::".len()..]) {
            let reexported = krate.reexports.iter().find(|(item, _)| *item == name);
            found.insert(reexported.map_or(name, |(_, module)| (*module).to_owned()));
        }
    }
    for outside in krate.watched {
        let starts = code.match_indices(outside).any(|(at, _)| {
            let before = code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
            !before && code[at + outside.len()..].starts_with("::")
        });
        if starts {
            found.insert((*outside).to_owned());
        }
    }
    found
}

/// The first path segment, or those of a brace group: `a::b` gives a; `{a::{x, y}, b}` gives a and b.
fn first_names(rest: &str) -> Vec<String> {
    let identifier = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let Some(group) = rest.strip_prefix('{') else { return vec![identifier(rest)] };
    let (mut names, mut depth, mut begins) = (Vec::new(), 0, true);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => begins = true,
            c if begins && (c.is_alphanumeric() || c == '_') => {
                names.push(identifier(&group[at..]));
                begins = false;
            }
            _ => {}
        }
    }
    names
}
