use super::*;

fn record(status: u16) -> LogRecord {
    LogRecord {
        time: DateTime::UNIX_EPOCH,
        request_id: "1".into(),
        client: None,
        proxy: None,
        method: "GET",
        route: "/",
        verb: None,
        status,
        elapsed: std::time::Duration::ZERO,
        bytes: 0,
        token: None,
        user_agent: None,
        denial: None,
        refused: None,
    }
}

/// Accepts some bytes, and then fails until more are allowed.
#[derive(Clone, Default)]
struct Disk(Arc<Mutex<(Vec<u8>, usize)>>);

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (written, allowed) = &mut *self.0.lock().unwrap();
        let count = bytes.len().min(*allowed);
        if count == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        *allowed -= count;
        written.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn lines_that_are_not_written_completely_are_counted() {
    let disk = Disk::default();
    let mut output = LineOutput { output: Box::new(disk.clone()), is_torn: false };
    let mut lines = Lines::default();
    (200..205).for_each(|status| lines.push(&record(status)));
    let length = lines.ends[0];
    for (allowed, lost) in [(0, 5), (2 * length, 3), (3 * length + 5, 2), (length - 1, 5)] {
        disk.0.lock().unwrap().1 = allowed;
        let (count, error) = output.write(&lines).unwrap_err();
        assert_eq!((count, error.kind()), (lost, io::ErrorKind::StorageFull), "{allowed}");
    }
    disk.0.lock().unwrap().1 = usize::MAX;
    output.write(&lines).unwrap();
    // Each line is complete, or torn and alone.
    let text = String::from_utf8(disk.0.lock().unwrap().0.clone()).unwrap();
    let is_complete = |line: &&str| serde_json::from_str::<serde_json::Value>(line).is_ok();
    assert_eq!(text.lines().filter(is_complete).count(), 2 + 3 + 5, "{text}");
    assert!(text.ends_with('\n'));
}

#[test]
fn log_is_reopened_also_when_its_queue_is_full() {
    let folder = tempfile::tempdir().unwrap();
    let (path, moved) = (folder.path().join("access.log"), folder.path().join("moved.log"));
    let (sender, receiver) = sync_channel(1);
    let must_reopen = Arc::new(AtomicBool::new(false));
    let thread_must_reopen = Arc::clone(&must_reopen);
    let target = Target::File(path.clone(), open_append(&path).unwrap());
    let lost = Counter::default();
    let log = LogWriter {
        sender: Some(sender),
        must_reopen,
        thread: Mutex::new(None),
        lost_lines: lost.clone(),
    };
    // The thread starts only once the queue is full and the file is moved.
    log.record(|| record(200));
    log.record(|| record(201));
    assert_eq!(lost.get(), 1, "the queue is full");
    std::fs::rename(&path, &moved).unwrap();
    log.reopen();
    let thread = std::thread::spawn(move || {
        write_records(target, &receiver, &thread_must_reopen, Counter::default());
    });
    *log.thread.lock().unwrap() = Some(thread);
    // The thread reports nothing when it has made the new file.
    while !path.exists() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    loop {
        let before = lost.get();
        log.record(|| record(202));
        if lost.get() == before {
            break;
        }
    }
    log.close();
    let text = |path| std::fs::read_to_string(path).unwrap();
    assert!(text(&moved).contains("\"status\":200"), "{}", text(&moved));
    assert!(text(&path).contains("\"status\":202"), "{}", text(&path));
}
