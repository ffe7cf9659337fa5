//! Checks the floors of the house, and that no files need each other in a circle.
//!
//! A file needs another one if its code names something that is defined there, by `use` or by a
//! path. What a module re-exports counts as needed from where it is defined: a `mod.rs` that only
//! collects the names of its folder is no part of a circle. Tests inside a file don't count.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use super::tree::{SourceFile, root, source_files};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};

/// The other top folders that each top folder may use. `src/lib.rs` describes each of them.
const FLOORS: [(&str, &[&str]); 14] = [
    ("docs", &[]),
    ("files", &[]),
    ("model", &[]),
    ("api", &["backend", "model"]),
    ("backend", &["api", "files", "model", "outbound"]),
    ("config", &["files", "ingest", "model", "outbound"]),
    ("ingest", &["model"]),
    ("outbound", &["files", "model"]),
    ("sync", &["api", "backend", "files", "model"]),
    ("engine", &["backend", "model", "outbound"]),
    ("verbs", &["config", "model"]),
    ("server", &["api", "backend", "files", "ingest", "model", "outbound", "verbs"]),
    ("tui", &["backend", "config", "model", "sync", "verbs"]),
    (
        "cli",
        &[
            "api", "backend", "config", "engine", "files", "ingest", "model", "outbound", "server",
            "sync", "tui", "verbs",
        ],
    ),
];

/// Uses that the floors don't allow, each with the reason.
const EXCEPTIONS: [(&str, &str, &str); 11] = [
    ("config::load_location", "backend::http::address", ADDRESSES),
    ("config::load_location", "backend::http::token", TOKENS),
    ("config::file::profiles", "backend::http::address", ADDRESSES),
    ("config::file::outbound", "backend::http::token", TOKENS),
    ("config::file::profiles", "backend::http::token", TOKENS),
    ("config::outbound", "backend::http::token", TOKENS),
    ("config::location", "backend::http::address", ADDRESSES),
    ("config::location", "backend::http::token", TOKENS),
    ("config::publishing", "backend::http::token", TOKENS),
    ("config::show::publishing", "backend::http::token", TOKENS),
    ("config::show", "backend::http::token", TOKENS),
];
const ADDRESSES: &str = "an address in the settings is parsed by the rules of the HTTP client";
const TOKENS: &str = "where a token comes from is checked by the type that reads it";

const COMMAND_TABLE: &str =
    "the table of commands names the file of each command, and these need the command and its row";

/// Files that need each other, each group with the reason.
const CIRCLES: [(&[&str], &str); 1] = [(
    &[
        "model::check",
        "model::command",
        "model::command::acknowledge",
        "model::command::add_note",
        "model::command::add_reporter",
        "model::command::answer_item",
        "model::command::answer_role",
        "model::command::ask_for_role",
        "model::command::assign",
        "model::command::attach_evidence",
        "model::command::categorize",
        "model::command::close",
        "model::command::correct_note",
        "model::command::declare",
        "model::command::describe",
        "model::command::envelope",
        "model::command::escalate",
        "model::command::fold",
        "model::command::give_role",
        "model::command::involve_team",
        "model::command::link",
        "model::command::logic",
        "model::command::mark_noise",
        "model::command::merge",
        "model::command::move_alerts",
        "model::command::move_status",
        "model::command::mute",
        "model::command::override_priority",
        "model::command::pause",
        "model::command::prioritize",
        "model::command::publish_review",
        "model::command::reclassify",
        "model::command::record_change",
        "model::command::record_decision",
        "model::command::record_follow_up",
        "model::command::record_problem",
        "model::command::redact",
        "model::command::remove_reporter",
        "model::command::reopen",
        "model::command::repeat_alert",
        "model::command::request_follow_up",
        "model::command::resolve",
        "model::command::set_action_item",
        "model::command::set_affected",
        "model::command::set_expected_recovery",
        "model::command::set_impact_began",
        "model::command::set_services",
        "model::command::set_team",
        "model::command::snooze",
        "model::command::submit_review",
        "model::command::table",
        "model::command::undo_move",
        "model::command::unlink",
        "model::command::unmute",
        "model::command::unpause",
        "model::command::update_stakeholders",
        "model::command::wake",
        "model::command::write_review",
        "model::decide",
        "model::event",
        "model::incident",
        "model::unknown_event",
    ],
    COMMAND_TABLE,
)];

/// A module: the names from the root of the crate to it.
type ModulePath = Vec<String>;

/// The modules that each module uses.
type Imports = BTreeMap<ModulePath, BTreeSet<ModulePath>>;

/// A path that a file names.
struct Named {
    path: ModulePath,
    /// Whether it is in a nested module of the file, so that `super` may be the file itself.
    nested: bool,
}

/// The paths that a file names.
#[derive(Default)]
struct Names {
    paths: Vec<Named>,
    /// The names that `use` brings into the file, each with its path.
    imported: BTreeMap<String, ModulePath>,
    /// The names that the file offers to others though they are defined elsewhere.
    reexported: BTreeMap<String, ModulePath>,
    depth: usize,
}

impl<'ast> Visit<'ast> for Names {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_only_for_tests(&item.attrs) {
            self.depth += 1;
            visit::visit_item_mod(self, item);
            self.depth -= 1;
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if !is_only_for_tests(&item.attrs) {
            visit::visit_item_fn(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if !is_only_for_tests(&item.attrs) {
            let offered = !matches!(item.vis, syn::Visibility::Inherited) && self.depth == 0;
            self.add_use(&mut Vec::new(), &item.tree, offered);
        }
    }

    /// The `super` of `pub(super)` is no use of anything.
    fn visit_vis_restricted(&mut self, _: &'ast syn::VisRestricted) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.add(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    /// Arguments of macros such as `format!` are expressions.
    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let arguments = Punctuated::<syn::Expr, syn::Token![,]>::parse_terminated;
        if let Ok(arguments) = arguments.parse2(call.tokens.clone()) {
            for argument in &arguments {
                // The parsed tokens are dropped at the end of this call, so they need another
                // visitor.
                let mut inner = Names { depth: self.depth, ..Names::default() };
                inner.visit_expr(argument);
                self.paths.extend(inner.paths);
            }
        }
        visit::visit_path(self, &call.path);
    }
}

impl Names {
    fn add(&mut self, path: ModulePath) {
        self.paths.push(Named { path, nested: self.depth > 0 });
    }

    fn add_use(&mut self, prefix: &mut ModulePath, tree: &syn::UseTree, offered: bool) {
        match tree {
            syn::UseTree::Path(path) => {
                prefix.push(path.ident.to_string());
                self.add_use(prefix, &path.tree, offered);
                prefix.pop();
            }
            syn::UseTree::Name(name) => {
                let name = name.ident.to_string();
                self.add_name(prefix, &name, None, offered);
            }
            syn::UseTree::Rename(rename) => {
                let (name, alias) = (rename.ident.to_string(), rename.rename.to_string());
                self.add_name(prefix, &name, Some(alias), offered);
            }
            syn::UseTree::Glob(_) => self.add(prefix.clone()),
            syn::UseTree::Group(group) => {
                for item in &group.items {
                    self.add_use(prefix, item, offered);
                }
            }
        }
    }

    fn add_name(&mut self, prefix: &[String], name: &str, alias: Option<String>, offered: bool) {
        let mut path = prefix.to_vec();
        if name != "self" {
            path.push(name.to_owned());
        }
        let Some(last) = path.last().cloned() else { return };
        let local = alias.unwrap_or(last);
        if offered {
            self.reexported.insert(local, path);
        } else {
            self.imported.insert(local, path.clone());
            self.add(path);
        }
    }
}

fn is_only_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|condition| condition.is_ident("test"))
    })
}

/// Returns the module that a file under `src` is.
fn module_of(file: &SourceFile) -> ModulePath {
    let path = file.path.trim_start_matches("src/").trim_end_matches(".rs");
    let mut names: ModulePath = path.split('/').map(str::to_owned).collect();
    if names.last().is_some_and(|last| last == "mod") || names == ["lib"] {
        names.pop();
    }
    names
}

/// The modules of the crate, each with what its file names.
struct Modules(BTreeMap<ModulePath, Names>);

impl Modules {
    /// Returns the path from the root of the crate, where it is a path within the crate.
    fn absolute(&self, module: &[String], path: &[String]) -> Option<ModulePath> {
        let first = path.first()?.as_str();
        if first == "crate" {
            return Some(path[1..].to_vec());
        }
        let mut base = module.to_vec();
        if !matches!(first, "self" | "super") {
            // A path that starts at a child module, such as `child::function`.
            base.extend(path.iter().cloned());
            let is_child = path.len() > 1 && self.0.contains_key(&base[..=module.len()]);
            return is_child.then_some(base);
        }
        let mut rest = path;
        while let Some(first) = rest.first() {
            match first.as_str() {
                "super" => {
                    base.pop()?;
                }
                "self" => {}
                _ => break,
            }
            rest = &rest[1..];
        }
        base.extend(rest.iter().cloned());
        Some(base)
    }

    /// Returns the module that contains the definition of an absolute path, through re-exports.
    fn definition(&self, mut path: ModulePath) -> ModulePath {
        // Re-exports of re-exports are few; a circle of them does not compile.
        for _ in 0..8 {
            let mut length = path.len();
            while length > 0 && !self.0.contains_key(&path[..length]) {
                length -= 1;
            }
            let module = &path[..length];
            let reexported = path.get(length).and_then(|name| {
                let target = self.0.get(module)?.reexported.get(name)?;
                self.absolute(module, target)
            });
            let Some(mut target) = reexported else { return module.to_vec() };
            target.extend(path[length + 1..].iter().cloned());
            if target == path {
                return module.to_vec();
            }
            path = target;
        }
        path
    }

    fn imports_of(&self, module: &ModulePath, names: &Names) -> BTreeSet<ModulePath> {
        let mut used = BTreeSet::new();
        for Named { path, nested } in &names.paths {
            // Within a nested module, `super` is the file.
            if *nested && path[0] == "super" {
                continue;
            }
            let mut path = path.clone();
            let imported = names.imported.get(&path[0]).filter(|_| path.len() > 1);
            // A file may also use its re-exports by their bare names.
            if let Some(imported) = imported.or_else(|| names.reexported.get(&path[0]))
                && imported[0] != path[0]
            {
                path.splice(..1, imported.iter().cloned());
            }
            let Some(target) = self.absolute(module, &path) else { continue };
            let target = self.definition(target);
            // The root declares every floor, and is used by none.
            if !target.is_empty() && target != *module {
                used.insert(target);
            }
        }
        used
    }
}

fn imports_in(files: &[SourceFile]) -> Imports {
    let mut modules = Modules(BTreeMap::new());
    for file in files.iter().filter(|file| file.path != "src/main.rs") {
        let mut names = Names::default();
        names.visit_file(&file.syntax);
        modules.0.insert(module_of(file), names);
    }
    modules
        .0
        .iter()
        .map(|(module, names)| (module.clone(), modules.imports_of(module, names)))
        .collect()
}

/// Returns which module uses which; the source is parsed once.
fn imports() -> &'static Imports {
    static IMPORTS: LazyLock<Imports> = LazyLock::new(|| imports_in(&source_files(&["src"])));
    &IMPORTS
}

/// Returns the groups of two or more modules that reach each other (Tarjan's algorithm).
fn circles(imports: &Imports) -> Vec<BTreeSet<String>> {
    struct Search<'a> {
        imports: &'a Imports,
        /// For each visited module its number, and the lowest number that it reaches.
        visited: BTreeMap<&'a ModulePath, (usize, usize)>,
        stack: Vec<&'a ModulePath>,
        circles: Vec<BTreeSet<String>>,
    }
    impl<'a> Search<'a> {
        fn visit(&mut self, module: &'a ModulePath) -> usize {
            let number = self.visited.len();
            self.visited.insert(module, (number, number));
            self.stack.push(module);
            let mut lowest = number;
            for next in self.imports.get(module).into_iter().flatten() {
                match self.visited.get(next) {
                    None => lowest = lowest.min(self.visit(next)),
                    Some((seen, _)) if self.stack.contains(&next) => lowest = lowest.min(*seen),
                    Some(_) => {}
                }
            }
            self.visited.insert(module, (number, lowest));
            if lowest == number {
                let mut group = BTreeSet::new();
                while let Some(member) = self.stack.pop() {
                    group.insert(member.join("::"));
                    if member == module {
                        break;
                    }
                }
                if group.len() > 1 {
                    self.circles.push(group);
                }
            }
            lowest
        }
    }
    let mut search =
        Search { imports, visited: BTreeMap::new(), stack: Vec::new(), circles: Vec::new() };
    for module in imports.keys() {
        if !search.visited.contains_key(module) {
            search.visit(module);
        }
    }
    search.circles
}

fn group(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn floors_use_only_those_below_them() {
    let floors: BTreeMap<&str, &[&str]> = FLOORS.into_iter().collect();
    let mut wrong = Vec::new();
    for (module, used) in imports() {
        let Some(floor) = module.first() else { continue };
        let allowed = floors.get(floor.as_str()).unwrap_or_else(|| panic!("{floor} has no floor"));
        for target in used {
            let (from, to) = (module.join("::"), target.join("::"));
            let excepted = EXCEPTIONS.iter().any(|(a, b, _)| from == *a && to == *b);
            if target[0] != *floor && !allowed.contains(&target[0].as_str()) && !excepted {
                wrong.push(format!("{from} uses {to}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn floors_use_all_that_they_may_use() {
    for (floor, allowed) in FLOORS {
        for other in allowed {
            let is_used = imports().iter().any(|(module, used)| {
                module.first().is_some_and(|name| name == floor)
                    && used.iter().any(|target| target[0] == *other)
            });
            assert!(is_used, "{floor} does not use {other}");
        }
    }
}

/// Returns the floors that a row of the architecture's table says may be used.
fn documented_floors<'a>(floor: &str, cell: &'a str) -> BTreeSet<&'a str> {
    match cell.split(", and of ").next() {
        Some("nothing of the crate") | None => BTreeSet::new(),
        Some("all others") => FLOORS
            .map(|(name, _)| name)
            .into_iter()
            .filter(|name| !["docs", floor].contains(name))
            .collect(),
        Some(names) => names.split(", ").collect(),
    }
}

#[test]
fn floors_stand_in_the_architecture() {
    let document = std::fs::read_to_string(root().join("src/docs/architecture.md")).unwrap();
    for (floor, allowed) in FLOORS.into_iter().filter(|(floor, _)| *floor != "docs") {
        let end = if floor == "files" { ".rs" } else { "/" };
        let name = format!("`src/{floor}{end}`");
        let mut rows =
            document.lines().map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
        let row = rows.find(|cells| cells.get(2) == Some(&name.as_str()));
        let row = row.unwrap_or_else(|| panic!("{name} has no row"));
        let allowed: BTreeSet<&str> = allowed.iter().copied().collect();
        assert_eq!(documented_floors(floor, row[3]), allowed, "{name}");
    }
}

#[test]
fn no_files_need_each_other_in_a_circle() {
    let allowed: Vec<BTreeSet<String>> = CIRCLES.iter().map(|(files, _)| group(files)).collect();
    let found: Vec<BTreeSet<String>> =
        circles(imports()).into_iter().filter(|circle| !allowed.contains(circle)).collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn exceptions_from_the_floors_still_exist() {
    for (from, to, reason) in EXCEPTIONS {
        let path = |name: &str| name.split("::").map(str::to_owned).collect::<ModulePath>();
        let used = imports().get(&path(from));
        assert!(used.is_some_and(|used| used.contains(&path(to))), "{from} does not use {to}");
        assert!(reason.len() > 20, "{from} has no reason");
    }
}

#[test]
fn circles_on_record_still_exist_and_have_a_reason() {
    let found = circles(imports());
    for (files, reason) in CIRCLES {
        assert!(found.contains(&group(files)), "{files:?} are no circle");
        assert!(reason.len() > 20, "{files:?} have no reason");
    }
}

#[test]
fn circles_on_record_stand_in_the_architecture_with_reason() {
    let document = std::fs::read_to_string(root().join("src/docs/architecture.md")).unwrap();
    let document = document.split_whitespace().collect::<Vec<_>>().join(" ");
    for (files, reason) in CIRCLES {
        assert!(document.contains(reason), "{files:?} are not in the document");
    }
}

#[test]
fn view_and_update_of_the_panes_do_not_meet() {
    let is = |module: &[String], name: &str| {
        module.first().is_some_and(|floor| floor == "tui") && module.iter().any(|part| part == name)
    };
    let mut wrong = Vec::new();
    for (module, used) in imports() {
        // The run loop of the panes may use both.
        for target in used.iter().filter(|_| module.get(1).is_some_and(|name| name != "runtime")) {
            let meet = is(module, "view") && is(target, "update")
                || is(module, "update") && is(target, "view")
                || is(module, "layout") && (is(target, "update") || is(target, "view"));
            if meet {
                wrong.push(format!("{} uses {}", module.join("::"), target.join("::")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Returns parsed files, as if they were in `src`.
fn parsed(files: &[(&str, &str)]) -> Vec<SourceFile> {
    files
        .iter()
        .map(|(path, text)| SourceFile {
            path: (*path).to_owned(),
            syntax: syn::parse_file(text).unwrap(),
        })
        .collect()
}

#[test]
fn circles_are_found_by_every_way_to_name_an_item() {
    let ways = [
        "use crate::b::g; fn f() { g() }",
        "fn f() { crate::b::g() }",
        "use super::b; fn f() { b::g() }",
        "use crate::c::g; fn f() { g() }",
        "pub use crate::b::g as h; fn f() { h() }",
        "fn f() { println!(\"{}\", crate::b::g()) }",
    ];
    for a in ways {
        let files = parsed(&[
            ("src/lib.rs", "mod a; mod b; mod c;"),
            ("src/a.rs", a),
            ("src/b.rs", "pub fn g() { crate::a::f() }"),
            ("src/c.rs", "pub use crate::b::g;"),
        ]);
        assert_eq!(circles(&imports_in(&files)), [group(&["a", "b"])], "{a}");
    }
}

#[test]
fn circles_of_a_module_and_its_child_are_found() {
    let files = parsed(&[
        ("src/lib.rs", "mod a;"),
        ("src/a/mod.rs", "mod child; pub fn f() { child::g() }"),
        ("src/a/child.rs", "pub(super) fn g() { super::f() }"),
    ]);
    assert_eq!(circles(&imports_in(&files)), [group(&["a", "a::child"])]);
}

#[test]
fn circles_do_not_count_tests_reexports_and_visibility() {
    let files = parsed(&[
        ("src/lib.rs", "mod a; mod b;"),
        ("src/a/mod.rs", "mod child; pub use child::g; pub fn f() {}"),
        ("src/a/child.rs", "pub(super) fn g() { super::f() }"),
        ("src/b.rs", "pub fn h() { crate::a::g() } #[cfg(test)] mod tests { use super::*; }"),
    ]);
    assert!(circles(&imports_in(&files)).is_empty());
}
