//! Real parts of a machine: skipped unless `REDPHONE_REAL=1`, where a missing part is a failure.

mod support;

mod real {
    mod alertmanager;
    mod answers;
    mod clients;
    mod curl;
    mod html;
    mod keyring;
    mod manual;
    mod mcp;
    mod outbound;
    mod parts;
    mod promtool;
    mod schemathesis;
    mod senders;
    mod shells;
}
