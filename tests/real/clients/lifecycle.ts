// Takes an incident from its declaration to its review with the generated types. REDPHONE_URL and
// REDPHONE_TOKEN say where and as whom.

import assert from "node:assert/strict";

import createClient from "openapi-fetch";

import type { components, paths } from "./api.js";

const client = createClient<paths>({
  baseUrl: process.env["REDPHONE_URL"] ?? "",
  headers: { Authorization: `Bearer ${process.env["REDPHONE_TOKEN"] ?? ""}` },
});

type Outcome = components["schemas"]["IncidentOutcome"];
type Answer<T> = { data?: T; error?: components["schemas"]["Details"]; response: Response };

/** Returns what a request led to. */
async function success<T>(request: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await request;
  assert(data !== undefined, `${response.status} ${response.url}: ${error?.detail}`);
  return data;
}

const declared: Outcome = await success(
  client.POST("/v1/incidents", {
    body: { title: "Card payments fail", impact: "high", urgency: "high" },
    params: { header: { "idempotency-key": `typescript-${Date.now()}` } },
  }),
);
assert(declared.label);
const path = { id: declared.label };
const services = await success(client.GET("/v1/services"));
const service = services[0]?.name;
assert(service);

await success(client.POST("/v1/incidents/{id}/acknowledge", { params: { path } }));
await success(client.POST("/v1/incidents/{id}/assign", { params: { path }, body: { to: "ines" } }));
await success(
  client.POST("/v1/incidents/{id}/services", { params: { path }, body: { services: [service] } }),
);
await success(
  client.POST("/v1/incidents/{id}/note", { params: { path }, body: { text: "looking" } }),
);
await success(
  client.POST("/v1/incidents/{id}/update", { params: { path }, body: { message: "We are on it" } }),
);

await success(
  client.POST("/v1/incidents/{id}/role", {
    params: { path },
    body: { role: "communications", person: "ines", ask: true },
  }),
);
await success(
  client.POST("/v1/incidents/{id}/answer-role", {
    params: { path },
    body: { role: "communications" },
  }),
);
await success(
  client.POST("/v1/incidents/{id}/recovery", { params: { path }, body: { recovery: "2h" } }),
);

// Who has read an incident can make sure that nothing has changed since.
const before = await client.GET("/v1/incidents/{id}", { params: { path } });
const tag = before.response.headers.get("etag");
assert(before.data && tag);
assert.equal(before.data.incident.assignee?.handle, "ines");
const ifMatch = { "if-match": tag };
const body = { to: "monitoring" as const };
await success(
  client.POST("/v1/incidents/{id}/move", { params: { path, header: ifMatch }, body }),
);
const late = await client.POST("/v1/incidents/{id}/note", {
  params: { path, header: ifMatch },
  body: { text: "too late" },
});
assert.equal(late.response.status, 412);
assert.equal(late.error?.code, "changed_meanwhile");

await success(
  client.POST("/v1/incidents/{id}/resolve", {
    params: { path },
    body: { action: "rollback", detail: "back to v811", validation: "payments go through" },
  }),
);
const closed: Outcome = await success(
  client.POST("/v1/incidents/{id}/close", { params: { path }, body: { all: true } }),
);
assert.equal(closed.incident?.status, "closed");
for (const section of [
  "summary", "timeline", "impact", "root_cause", "resolution", "communication", "gaps",
] as const) {
  const body = { section, text: `The ${section} of it` };
  await success(client.POST("/v1/incidents/{id}/review", { params: { path }, body }));
}
await success(
  client.POST("/v1/incidents/{id}/action-item", {
    params: { path },
    body: { text: "Alert on the pool", kind: "detect", owner: "ines" },
  }),
);
// The server has no tracker, and says so.
const followed = await client.POST("/v1/incidents/{id}/follow-up", {
  params: { path },
  body: { item: "1" },
});
assert.equal(followed.response.status, 422);
await success(client.POST("/v1/incidents/{id}/submit-review", { params: { path } }));
await success(
  client.POST("/v1/incidents/{id}/return-review", {
    params: { path },
    body: { reason: "The impact says nothing about refunds" },
  }),
);
await success(client.POST("/v1/incidents/{id}/submit-review", { params: { path } }));
await success(client.POST("/v1/incidents/{id}/publish", { params: { path } }));

const events = await success(
  client.GET("/v1/events", { params: { query: { since: declared.incident?.reported_at } } }),
);
// With another Accept header it would be a stream of text.
assert(typeof events !== "string");
const kinds = events.events.map((entry) => entry.event.kind);
assert(kinds.includes("declared") && kinds.includes("review_published"), kinds.join(", "));
console.log(`${declared.label} was declared, closed and reviewed`);

const notified = await success(
  client.GET("/v1/notifications", {
    params: { query: { incident: declared.label, states: "failed,unreachable" } },
  }),
);
assert.deepEqual(notified.rows, []);

const waiting = await success(client.GET("/v1/ingest/waiting", { params: { query: {} } }));
assert.equal(waiting.total, 0);
const noise = await success(client.GET("/v1/noise", { params: { query: { limit: 10 } } }));
assert(noise.rows.length <= 10);

await success(
  client.POST("/v1/incidents/{id}/attach", {
    params: { path },
    body: { content: "ZXJyb3IK", name: "app.log" },
  }),
);
const recorded = await success(client.GET("/v1/incidents/{id}", { params: { path } }));
const evidence = recorded.incident.evidence?.[0];
assert(evidence);
const saved = await client.GET("/v1/evidence/{id}", {
  params: { path: { id: evidence.id } },
  headers: { accept: "application/octet-stream" },
  parseAs: "text",
});
assert.equal(saved.data as unknown, "error\n");

const heartbeats = await success(client.GET("/v1/heartbeats"));
assert.deepEqual(heartbeats.map((heartbeat) => heartbeat.name), ["backup"]);
const beat = await success(
  client.POST("/v1/heartbeats/{name}", { params: { path: { name: "backup" } } }),
);
assert.equal(beat.effect, "unchanged");
const owner = { params: { path: { person: "ines" } } };
const quiet = await success(
  client.POST("/v1/contacts/{person}", {
    ...owner,
    body: { quiet: { from: "22:00", to: "07:00" } },
  }),
);
assert.equal(quiet.quiet?.to, "07:00");
const contacts = await success(client.GET("/v1/contacts"));
assert.deepEqual(contacts.map((reach) => reach.person), ["ines"]);
await success(client.POST("/v1/contacts/{person}/test", { ...owner, body: {} }));
// A maintenance window, from its preview to its end.
const planned = {
  title: "Pool",
  filter: { services: ["checkout"] },
  from: "2030-03-01T01:00:00Z",
  until: "2030-03-01T02:00:00Z",
};
await success(client.POST("/v1/maintenance/preview", { body: planned }));
const maintained = await success(client.POST("/v1/maintenance", { body: planned }));
const maintainedPath = { id: maintained.id };
await success(client.GET("/v1/maintenance"));
await success(client.GET("/v1/maintenance/{id}", { params: { path: maintainedPath } }));
const replaced = await success(
  client.PUT("/v1/maintenance/{id}", {
    params: { path: maintainedPath, query: { revision: 1 } },
    body: { ...planned, title: "Other" },
  }),
);
assert.equal(replaced.revision, 2);
const done = await success(
  client.DELETE("/v1/maintenance/{id}", { params: { path: maintainedPath } }),
);
assert(done.ended_at);
assert.deepEqual(await success(client.GET("/v1/muted")), []);
// A problem, from its record to its end.
const problem = await success(client.POST("/v1/problems", { body: { title: "Pool too small" } }));
const problemPath = { id: problem.problem.id };
const removed = await success(
  client.POST("/v1/problems/{id}", {
    params: { path: problemPath, query: { revision: 1 } },
    body: { state: "removed" },
  }),
);
assert.equal(removed.problem.revision, 2);
await success(client.GET("/v1/problems/{id}", { params: { path: problemPath } }));
assert(Array.isArray(await success(client.GET("/v1/change-records/suspicions"))));
const unknown = await success(client.GET("/v1/unknown-services"));
assert(Array.isArray(unknown));
// What can't be understood is stored.
const refused = await client.POST("/v1/ingest/alertmanager", {
  body: { alerts: [] },
  bodySerializer: () => "{",
});
assert.equal(refused.response.status, 400);
const dead = await success(client.GET("/v1/ingest/dead"));
const letter = dead.letters[0];
assert(letter);
const number = { number: letter.number };
const shown = await success(
  client.GET("/v1/ingest/dead/{number}", { params: { path: number } }),
);
assert.equal(shown.message, "{");
const again = await client.POST("/v1/ingest/dead/{number}/replay", { params: { path: number } });
assert.equal(again.response.status, 422);
await success(client.DELETE("/v1/ingest/dead/{number}", { params: { path: number } }));

// Administration, with entries of its own.
type Change = components["schemas"]["Administered"];

/** Returns whether a change has changed something. */
async function changed(request: Promise<Answer<Change>>): Promise<void> {
  const { event } = await success(request);
  assert(event);
}

const handle = "amara";
const team = "payouts";
await changed(
  client.PUT("/v1/people/{handle}", {
    params: { path: { handle } },
    body: { handle, name: "Amara Rahal" },
  }),
);
await changed(
  client.PUT("/v1/teams/{name}", {
    params: { path: { name: team }, header: { "if-none-match": "*" } },
    body: { name: team, members: [handle, "ines"] },
  }),
);
await changed(
  client.PUT("/v1/services/{name}", {
    params: { path: { name: "payout-api" } },
    body: { name: "payout-api", team, depends_on: [] },
  }),
);
await changed(
  client.PUT("/v1/schedules/{team}", {
    params: { path: { team } },
    body: { team, rotation: [handle], starts_at: "2026-03-02T00:00:00Z", turn_s: 86_400 },
  }),
);
await changed(
  client.PUT("/v1/policies/{team}", {
    params: { path: { team } },
    body: { team, levels: [{ after_s: 0, call: [{ person: handle }] }] },
  }),
);
const person = await success(
  client.GET("/v1/people/{handle}", { params: { path: { handle } } }),
);
assert.equal(person.name, "Amara Rahal");
const members = await success(
  client.GET("/v1/teams/{name}", { params: { path: { name: team } } }),
);
assert.deepEqual(members.members, [handle, "ines"]);

const span = { person: "ines", from: "2030-01-01T00:00:00Z", to: "2030-01-02T00:00:00Z" };
await changed(
  client.POST("/v1/schedules/{team}/overrides", { params: { path: { team } }, body: span }),
);
const schedule = await success(
  client.GET("/v1/schedules/{team}", { params: { path: { team } } }),
);
assert.equal(schedule.overrides?.[0]?.person, "ines");
await changed(
  client.DELETE("/v1/schedules/{team}/overrides", { params: { path: { team }, query: span } }),
);

const wanted = { person: handle, from: "2030-02-01T00:00:00Z", to: "2030-02-02T00:00:00Z" };
await changed(
  client.POST("/v1/schedules/{team}/covers", { params: { path: { team } }, body: wanted }),
);
const covers = (await success(client.GET("/v1/directory"))).covers ?? [];
assert.equal(covers[0]?.state, "open");
const id = covers[0].id;
await changed(
  client.POST("/v1/covers/{id}/withdraw", { params: { path: { id } }, body: { person: handle } }),
);
const answered = await client.POST("/v1/covers/{id}/accept", {
  params: { path: { id } },
  body: { person: "ines" },
});
assert.equal(answered.response.status, 409);
const declined = await client.POST("/v1/covers/{id}/decline", {
  params: { path: { id } },
  body: { person: "ines" },
});
assert.equal(declined.response.status, 409);

const address = await success(
  client.POST("/v1/calendar-links", { body: { schedule: team, person: "ines" } }),
);
assert.match(address.path ?? "", /^\/calendar\/[a-z0-9]{25}\.ics$/);
const [link] = (await success(client.GET("/v1/directory"))).calendar_links ?? [];
assert(link);
await changed(
  client.POST("/v1/calendar-links/{id}/revoke", { params: { path: { id: link.id } } }),
);

// One after another: what is named by another entry is not removed before that.
await changed(client.DELETE("/v1/policies/{team}", { params: { path: { team } } }));
await changed(client.DELETE("/v1/schedules/{team}", { params: { path: { team } } }));
await changed(
  client.DELETE("/v1/services/{name}", { params: { path: { name: "payout-api" } } }),
);
await changed(client.DELETE("/v1/teams/{name}", { params: { path: { name: team } } }));
await changed(client.DELETE("/v1/people/{handle}", { params: { path: { handle } } }));

const created = await success(
  client.POST("/v1/tokens", { body: { name: "typescript", scope: "read" } }),
);
assert(created.secret.startsWith("rp_"));
const tokens = await success(client.GET("/v1/tokens"));
assert(tokens.some((token) => token.id === created.token.id));
const revoked = await success(
  client.DELETE("/v1/tokens/{id}", { params: { path: { id: created.token.id } } }),
);
assert(revoked.revoked_at);
const log = await success(client.GET("/v1/administration", { params: { query: { limit: 2 } } }));
assert.equal(log.rows.length, 2);
console.log("people, teams, services, schedules, policies, overrides and tokens were changed");
