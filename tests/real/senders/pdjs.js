// Sends events by the library @pagerduty/pdjs, unchanged but for the address: REDPHONE_URL and REDPHONE_KEY say
// where and by which key, REDPHONE_TOKEN reads what became of them.

import assert from "node:assert/strict";
import { acknowledge, change, event, resolve, trigger } from "@pagerduty/pdjs";

const url = new URL(process.env.REDPHONE_URL);
const server = url.host;
const routing_key = process.env.REDPHONE_KEY;
const title = "The queue of db2 is full";

async function read(path) {
  const headers = { Authorization: `Bearer ${process.env.REDPHONE_TOKEN}` };
  const response = await fetch(new URL(path, url), { headers });
  assert.equal(response.status, 200);
  return response.json();
}

async function statuses(of) {
  const page = await read("/v1/incidents?filter=is:any");
  return page.rows.filter((row) => row.title === of).map((row) => row.status);
}

const payload = { summary: title, source: "db2", severity: "critical", custom_details: { service: "checkout" } };
for (let repeat = 0; repeat < 2; repeat += 1) {
  const sent = await event({
    server,
    data: { routing_key, event_action: "trigger", dedup_key: "db2/queue", payload },
  });
  assert.equal(sent.response.status, 202);
  assert.deepEqual([sent.data.status, sent.data.dedup_key], ["success", "db2/queue"]);
}
assert.deepEqual(await statuses(title), ["triggered"]);
await acknowledge({ server, data: { routing_key, dedup_key: "db2/queue" } });
assert.deepEqual(await statuses(title), ["acknowledged"]);
await resolve({ server, data: { routing_key, dedup_key: "db2/queue" } });
assert.deepEqual(await statuses(title), ["monitoring"]);

const quick = await trigger({
  server,
  data: { routing_key, payload: { summary: "Over at once", source: "db2", severity: "info" } },
});
await resolve({ server, data: { routing_key, dedup_key: quick.data.dedup_key } });
assert.deepEqual(await statuses("Over at once"), ["resolved"]);

const changed = await change({
  server,
  data: {
    routing_key,
    payload: { summary: "ledger v9", source: "builds", timestamp: new Date().toISOString() },
    links: [{ href: "https://ci.example.net/9", text: "the run" }],
  },
});
assert.equal(changed.response.status, 202);
const changes = await read("/v1/change-records");
const recorded = changes.rows.find((row) => row.title === "ledger v9");
assert.equal(recorded?.url, "https://ci.example.net/9");

const wrong = await trigger({ server, data: { routing_key, payload: {} } });
assert.equal(wrong.response.status, 400);
assert.equal(wrong.data.status, "invalid event");
console.log("pdjs is understood");
