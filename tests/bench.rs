//! Benchmarks of the real program and its parts.
//!
//! `cargo bench` runs all of them; `cargo bench -- server store` only those that are named. `cargo test
//! --benches` runs `panes` alone, in a few rounds.

mod support;

mod bench {
    pub mod link;
    pub mod oncall;
    pub mod pages;
    pub mod panes;
    mod report;
    pub mod server;
    pub mod settings;
    pub mod start;
    pub mod store;
}

/// The allocator of the program, for its parts that run here.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Each benchmark by its name, in the order in which they run.
const ALL: [(&str, fn()); 8] = [
    ("start", bench::start::run),
    ("settings", bench::settings::run),
    ("panes", || bench::panes::run(2000)),
    ("link", bench::link::run),
    ("oncall", bench::oncall::run),
    ("server", bench::server::run),
    ("pages", bench::pages::run),
    ("store", bench::store::run),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--list") {
        return;
    }
    if !arguments.iter().any(|argument| argument == "--bench") {
        bench::panes::run(20);
        return;
    }
    let named: Vec<&String> = arguments.iter().filter(|name| !name.starts_with('-')).collect();
    if let Some(unknown) =
        named.iter().find(|name| ALL.iter().all(|(available, _)| available != *name))
    {
        let available = ALL.map(|(name, _)| name).join(", ");
        eprintln!("there is no benchmark {unknown}: there are {available}");
        std::process::exit(2);
    }
    for (name, run) in ALL {
        if named.is_empty() || named.iter().any(|wanted| *wanted == name) {
            run();
        }
    }
}
