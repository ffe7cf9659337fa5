//! Figures of the process, under the names that clients of Prometheus have agreed on
//! (<https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics>).

use std::sync::atomic::AtomicU64;
use std::time::{SystemTime, UNIX_EPOCH};

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::labels::NoLabels;

/// A gauge that has no value if the system does not report it.
type OptionalGauge = Family<NoLabels, Gauge<f64, AtomicU64>>;

/// Figures of the process.
#[derive(Debug)]
pub(super) struct ProcessMetrics {
    start_time: Gauge<f64, AtomicU64>,
    cpu: Family<NoLabels, Counter<f64, AtomicU64>>,
    resident_memory: OptionalGauge,
    virtual_memory: OptionalGauge,
    open_files: OptionalGauge,
    max_files: OptionalGauge,
    threads: OptionalGauge,
}

impl ProcessMetrics {
    /// Creates the figures of a process that starts now, unless the system reports other ones.
    pub(super) fn new() -> Self {
        let metrics = Self {
            start_time: Gauge::default(),
            cpu: Family::default(),
            resident_memory: Family::default(),
            virtual_memory: Family::default(),
            open_files: Family::default(),
            max_files: Family::default(),
            threads: Family::default(),
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        metrics.start_time.set(read_start_time().unwrap_or(now));
        metrics
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("process");
        let help = "When the process started, in seconds since 1970";
        registry.register_with_unit("start_time", help, Unit::Seconds, self.start_time.clone());
        let help = "Time that the process has used of the processors";
        registry.register_with_unit("cpu", help, Unit::Seconds, self.cpu.clone());
        let help = "Memory of the process that is in use";
        let memory = self.resident_memory.clone();
        registry.register_with_unit("resident_memory", help, Unit::Bytes, memory);
        let help = "Memory that the process has reserved";
        let memory = self.virtual_memory.clone();
        registry.register_with_unit("virtual_memory", help, Unit::Bytes, memory);
        let help = "Files and connections that the process has open";
        registry.register("open_fds", help, self.open_files.clone());
        let help = "How many of them it may have open";
        registry.register("max_fds", help, self.max_files.clone());
        registry.register("threads", "Threads of the process", self.threads.clone());
    }

    /// Reads the current figures from the system. Those that it does not report are omitted.
    pub(super) fn read(&self) {
        let set = |gauge: &OptionalGauge, value: Option<f64>| {
            if let Some(value) = value {
                gauge.get_or_create(&NoLabels).set(value);
            }
        };
        let stat = Stat::read();
        if let Some(cpu) = stat.as_ref().and_then(Stat::cpu_seconds) {
            let counter = self.cpu.get_or_create(&NoLabels);
            counter.inc_by((cpu - counter.get()).max(0.0));
        }
        let pages = |pages: f64| pages * page_bytes();
        set(&self.resident_memory, stat.as_ref().and_then(|s| s.field(24)).map(pages));
        set(&self.virtual_memory, stat.as_ref().and_then(|s| s.field(23)));
        set(&self.threads, stat.as_ref().and_then(|s| s.field(20)));
        let files = std::fs::read_dir("/proc/self/fd").ok().map(Iterator::count);
        set(&self.open_files, files.and_then(|count| u32::try_from(count).ok()).map(f64::from));
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        set(&self.max_files, limit.and_then(|limit| u32::try_from(limit).ok()).map(f64::from));
    }
}

/// The fields of `/proc/self/stat` (`proc_pid_stat(5)`).
struct Stat(String);

impl Stat {
    fn read() -> Option<Self> {
        std::fs::read_to_string("/proc/self/stat").ok().map(Self)
    }

    /// Returns a field, counted from 1. The second is the name of the program, which may have
    /// blanks and parentheses in it.
    fn field(&self, number: usize) -> Option<f64> {
        let (_, fields) = self.0.rsplit_once(')')?;
        fields.split_whitespace().nth(number.checked_sub(3)?)?.parse().ok()
    }

    /// Returns the time that the process has used in user and kernel mode.
    fn cpu_seconds(&self) -> Option<f64> {
        Some((self.field(14)? + self.field(15)?) / ticks_per_second())
    }
}

/// Returns when the process started, in seconds since 1970.
fn read_start_time() -> Option<f64> {
    let ticks = Stat::read()?.field(22)?;
    let system = std::fs::read_to_string("/proc/stat").ok()?;
    let booted = system.lines().find_map(|line| line.strip_prefix("btime "))?;
    Some(booted.trim().parse::<f64>().ok()? + ticks / ticks_per_second())
}

fn ticks_per_second() -> f64 {
    u32::try_from(rustix::param::clock_ticks_per_second()).map_or(100.0, f64::from)
}

fn page_bytes() -> f64 {
    u32::try_from(rustix::param::page_size()).map_or(4096.0, f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_counted_after_the_name_of_the_program() {
        let fields: Vec<String> = (4..=52).map(|number| number.to_string()).collect();
        let stat = Stat(format!("1234 (a) b (c) S {}", fields.join(" ")));
        let numbers = [4, 14, 22, 52];
        assert_eq!(numbers.map(|number| stat.field(number)), [4.0, 14.0, 22.0, 52.0].map(Some));
        assert_eq!(stat.cpu_seconds(), Some(29.0 / ticks_per_second()));
        assert_eq!((stat.field(3), stat.field(53), stat.field(1)), (None, None, None));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn figures_of_this_process_make_sense() {
        let metrics = ProcessMetrics::new();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
        let started = metrics.start_time.get();
        assert!((now - 86_400.0..=now + 1.0).contains(&started), "{started} {now}");
        metrics.read();
        let value = |gauge: &OptionalGauge| gauge.get_or_create(&NoLabels).get();
        assert!(value(&metrics.resident_memory) > 1e6);
        assert!(value(&metrics.open_files) >= 3.0 && value(&metrics.threads) >= 1.0);
        assert!(value(&metrics.max_files) >= value(&metrics.open_files));
    }
}
