# The steps of `.ci/run` and `.ci/full`, which set their sizes first. Both are for a bare Debian
# machine with Rust. Bash reads this file from the root of the repository.

export CARGO_TERM_COLOR=never CARGO_INCREMENTAL=0
# Nobody debugs here: without line tables the tests are compiled and linked faster.
export CARGO_PROFILE_DEV_DEBUG=0

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# What was done so far, with its seconds; the step that runs, and when it began.
steps=() current='' begun=0

end_step() {
    [ -z "$current" ] || steps+=("$((SECONDS - begun)) $current")
    current=''
}

step() {
    end_step
    current="$1" begun="$SECONDS"
    printf '\n== %s (%ss)\n' "$1" "$SECONDS"
}

# Prints what each failed test printed, at most 40 lines of it: the end of the output names all that is wrong.
failed_tests() {
    [ -e target/tests.log ] || return 0
    sleep 1 # `tee` may still write; it is not waited for, because a process that a test left would hold it
    printf '\n== failed tests\n'
    awk '
        /^---- .* stdout ----$/ { lines = 40 }
        /^failures:$/ { lines = 0 }
        lines > 0 && NF { print substr($0, 1, 300); lines-- }
    ' target/tests.log
    grep -aE '^test .* FAILED$' target/tests.log || true
}

# Prints the minutes of each step, also after one that has failed.
report() {
    local status=$? failed="$current"
    end_step
    [ "$status" = 0 ] || failed_tests
    printf '\n== minutes\n'
    printf '%s\n' "${steps[@]}" | awk '{ seconds = $1; sub(/^[0-9]+ /, ""); printf "%6.1f  %s\n", seconds / 60, $0 }'
    awk -v seconds="$SECONDS" 'BEGIN { printf "%6.1f  in all\n", seconds / 60 }'
    [ "$status" = 0 ] || printf '\n== FAILED: %s\n' "${failed:-before the first step}"
}

# How much of each slow check there is: its rounds, hours, commands or sequences.
full_sizes() {
    export REDPHONE_CRASH_RUNS="${REDPHONE_CRASH_RUNS:-200}"
    export REDPHONE_WALL_HOURS="${REDPHONE_WALL_HOURS:-24}"
    export REDPHONE_DRAFT_RUNS="${REDPHONE_DRAFT_RUNS:-50}"
    export REDPHONE_SEQUENCES="${REDPHONE_SEQUENCES:-10000}"
    export REDPHONE_OUTBOX_RUNS="${REDPHONE_OUTBOX_RUNS:-100}"
    export REDPHONE_FAULT_COMMANDS="${REDPHONE_FAULT_COMMANDS:-1000}"
    export REDPHONE_FAULT_RUNS="${REDPHONE_FAULT_RUNS:-160}"
    export REDPHONE_MIGRATION_INCIDENTS="${REDPHONE_MIGRATION_INCIDENTS:-1000000}"
    export REDPHONE_MIGRATION_KILLS="${REDPHONE_MIGRATION_KILLS:-10}"
    export REDPHONE_DECLARATIONS="${REDPHONE_DECLARATIONS:-10000}"
    export REDPHONE_STORM_WEBHOOKS="${REDPHONE_STORM_WEBHOOKS:-10000}"
    export REDPHONE_STORM_ALERTS="${REDPHONE_STORM_ALERTS:-10000}"
    export REDPHONE_STORM_PANES="${REDPHONE_STORM_PANES:-20}"
    export REDPHONE_ENGINE_SEEDS="${REDPHONE_ENGINE_SEEDS:-2000}"
    export REDPHONE_ENGINE_INCIDENTS="${REDPHONE_ENGINE_INCIDENTS:-1000}"
}

install_needs() {
    local need=() part
    command -v cc >/dev/null || need+=(build-essential)
    command -v c++ >/dev/null || need+=(g++)           # the fuzzer
    command -v cmake >/dev/null || need+=(cmake)       # aws-lc builds with it
    command -v pkg-config >/dev/null || need+=(pkg-config)
    command -v bash >/dev/null || need+=(bash)
    command -v kill >/dev/null || need+=(procps)
    command -v strace >/dev/null || need+=(strace)     # makes writes and syncs fail
    python3 -c 'import ensurepip' 2>/dev/null || need+=(python3-venv)
    [ -e /usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf ] || need+=(fonts-dejavu-core)
    command -v dbus-run-session >/dev/null || need+=(dbus)
    command -v gnome-keyring-daemon >/dev/null || need+=(gnome-keyring)
    command -v promtool >/dev/null || need+=(prometheus)
    command -v prometheus-alertmanager >/dev/null || need+=(prometheus-alertmanager) # sends its webhook and to other receivers
    command -v chromedriver >/dev/null || need+=(chromium chromium-driver) # follows the links of messages
    command -v curl >/dev/null || need+=(curl)         # the examples of the README
    [ -e /usr/share/zoneinfo/Europe/Berlin ] || need+=(tzdata) # schedules are in the local time of zones
    command -v openssl >/dev/null || need+=(openssl) # certificates of the mail server of the tests
    command -v zsh >/dev/null || need+=(zsh)           # completions are tried in real shells
    command -v fish >/dev/null || need+=(fish)
    command -v mandoc >/dev/null || need+=(mandoc)     # both judge the manual pages
    command -v groff >/dev/null || need+=(groff)
    if [ "${#need[@]}" -gt 0 ]; then
        as_root apt-get update -qq
        as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -qq --no-install-recommends "${need[@]}"
    fi
    for part in rustfmt clippy; do
        cargo "${part/rust/}" --version >/dev/null 2>&1 || rustup component add "$part"
    done
}

# Dependencies are compiled three times, and no oftener: for the program as it is released; as metadata,
# which clippy and rustdoc share; and for the tests, whose build the fuzz targets use again.
all_steps() {
    trap report EXIT
    rm -f target/tests.log
    step "what the machine needs"
    install_needs

    step "formatting"
    cargo fmt --all --check
    # The fuzz targets have a lock file of their own. Their step comes late.
    cargo tree --locked --manifest-path tests/fuzz/Cargo.toml --depth 0

    # Benchmarks and pictures are compiled too, for clippy. Both builds have parts that use one core
    # only, and folders of their own: together they end sooner than one after the other.
    step "the program as it is released, and clippy"
    mkdir -p target
    cargo clippy --locked --all-targets -- -D warnings >target/clippy.log 2>&1 &
    local clippy=$!
    cargo build --locked --release
    if ! wait "$clippy"; then
        cat target/clippy.log
        return 1
    fi
    tail -n 3 target/clippy.log
    # Tests that run the program take this one from here on.
    export REDPHONE_BIN="$PWD/target/release/redphone"

    # With the example, dependencies have the features that they have for clippy: without it, many of
    # them (SQLite's C sources too) would be built once more.
    step "rustdoc"
    RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --document-private-items --lib --examples

    step "tests, compiled"
    cargo test --locked --no-run

    step "tests, as the README says"
    # One run shows all that fails.
    cargo test --locked --no-fail-fast > >(tee target/tests.log) 2>&1

    step "fuzz targets"
    .ci/fuzz

    step "real parts: keyring, promtool, schemathesis, generated clients, shells, manual pages, MCP, Alertmanager, Prometheus, libraries of senders, html-validate, a browser"
    REDPHONE_REAL=1 cargo test --locked --test real -- --nocapture > >(tee target/tests.log) 2>&1
    end_step
}
