//! The table of variables in `.github/CONTRIBUTING.md` agrees with the scripts and with the tests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use syn::visit::{self, Visit};

use super::tree::{root, source_files};

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// Returns the rows of the table: for each variable its sizes without a script, in `.ci/run`, and in
/// `.ci/full`. Thousands have no separators.
fn rows() -> BTreeMap<String, [String; 3]> {
    let document = read(".github/CONTRIBUTING.md");
    let rows = document.lines().filter_map(|line| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, name, _, usual, run, full, _] = cells[..] else { return None };
        let name = name.strip_prefix('`')?.strip_suffix('`')?;
        Some((name.to_owned(), [usual, run, full].map(|cell| cell.replace(',', ""))))
    });
    rows.collect()
}

/// Returns the variables that a script exports unless they are set, with their values.
fn exports(path: &str) -> BTreeMap<String, String> {
    let script = read(path);
    let exports = script.lines().filter_map(|line| {
        let (name, value) = line.trim().strip_prefix("export ")?.split_once("=\"${")?;
        let value = value.strip_prefix(name)?.strip_prefix(":-")?.strip_suffix("}\"")?;
        // One that follows from another one.
        let value = match value.strip_prefix('$') {
            Some(other) => format!("the same as `{other}`"),
            None => value.to_owned(),
        };
        Some((name.to_owned(), value))
    });
    exports.collect()
}

#[test]
fn table_of_variables_has_the_sizes_of_the_scripts() {
    let (rows, sizes) = (rows(), exports(".ci/lib.sh"));
    assert!(rows.len() > 25 && sizes.len() > 12, "{rows:?} {sizes:?}");
    for (column, script) in [(1, ".ci/run"), (2, ".ci/full")] {
        let mut set = sizes.clone();
        set.extend(exports(script));
        for (name, value) in set {
            let row = rows.get(&name).unwrap_or_else(|| panic!("{name} of {script} has no row"));
            assert_eq!(row[column], value, "{name} of {script}");
        }
    }
}

/// Collects the variables that tests read as numbers, and the numbers without them.
#[derive(Default)]
struct Variables(BTreeSet<(String, Option<String>)>);

impl<'ast> Visit<'ast> for Variables {
    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        if let syn::Expr::Path(path) = &*call.func {
            let name = path.path.segments.last().map(|segment| segment.ident.to_string());
            let literals: Vec<_> = call.args.iter().map(literal).collect();
            if let (Some("new" | "number" | "setting"), Some(Some(variable))) =
                (name.as_deref(), literals.first())
                && variable.starts_with("REDPHONE_")
            {
                self.0.insert((variable.clone(), literals.get(1).cloned().flatten()));
            }
        }
        visit::visit_expr_call(self, call);
    }
}

/// Returns the text of a literal.
fn literal(expression: &syn::Expr) -> Option<String> {
    match expression {
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Int(number), .. }) => {
            Some(number.base10_digits().to_owned())
        }
        _ => None,
    }
}

#[test]
fn table_of_variables_has_all_that_tests_read() {
    let mut variables = Variables::default();
    for file in source_files(&["tests"]) {
        variables.visit_file(&file.syntax);
    }
    assert!(variables.0.len() > 15, "{:?}", variables.0);
    let (rows, document) = (rows(), read(".github/CONTRIBUTING.md"));
    for (name, usual) in variables.0 {
        assert!(document.contains(&format!("`{name}`")), "{name} is not in the document");
        // Where tests differ in it, the table has the largest.
        if let (Some([without, ..]), Some(usual)) = (rows.get(&name), usual) {
            let number = |text: &str| text.parse::<u64>().ok();
            assert!(number(&usual) <= number(without), "{name} is {usual} without a script");
        }
    }
}
