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
await success(client.POST("/v1/incidents/{id}/publish", { params: { path } }));

const events = await success(
  client.GET("/v1/events", { params: { query: { since: declared.incident?.reported_at } } }),
);
// With another Accept header it would be a stream of text.
assert(typeof events !== "string");
const kinds = events.events.map((entry) => entry.event.kind);
assert(kinds.includes("declared") && kinds.includes("review_published"), kinds.join(", "));
console.log(`${declared.label} was declared, closed and reviewed`);
