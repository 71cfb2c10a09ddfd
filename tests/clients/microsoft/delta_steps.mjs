// SPDX-License-Identifier: Apache-2.0
// calendarView/delta: rounds, stubs, removals, resets, and the faults of what it says.
import assert from "node:assert/strict";
import { control, deltaPath, event, graphRoot, immutable, newClient, nine, once, plain, mint, refused, round, spring, weekly } from "./harness.mjs";

const outside = (subject = "Far") => event(subject, "2027-03-02T09:00:00", "2027-03-02T10:00:00");
const types = (items) => items.map((item) => (item["@removed"] ? `removed ${item["@removed"].reason}` : item.type));
const settings = (changes) => control("POST", "/settings", changes);
const fault = (kind, more = {}, match = {}) => control("POST", "/faults", { kind, match: { operation: "graph.calendarView.delta", ...match }, ...more });
const fill = async (graph, count) => {
  for (let i = 0; i < count; ++i) await graph.api("/me/events").post(nine(`Event ${i}`));
};
const subjects = (items) => items.map((item) => item.subject).sort();

export const steps = [
  ["a first round has what is in the window, and ends with a deltaLink", async () => {
    const { graph } = await newClient();
    await fill(graph, 5);
    await graph.api("/me/events").post(outside());
    const first = await round(graph, deltaPath, "odata.maxpagesize=2");
    assert.equal(first.pages.length, 3);
    assert.deepEqual(subjects(first.items), ["Event 0", "Event 1", "Event 2", "Event 3", "Event 4"]);
    assert.equal(first.items[0]["@odata.type"], "#microsoft.graph.event");
    assert.match(first.link, /calendarView\/delta\?\$deltatoken=/);
    assert.match(first.pages[0]["@odata.nextLink"], /delta\?\$skiptoken=/);
    assert.deepEqual((await round(graph, first.link)).items, []);
  }],
  ["pages are ten items long unless asked otherwise", async () => {
    const { graph } = await newClient();
    await fill(graph, 12);
    assert.equal((await round(graph, deltaPath, 'outlook.timezone="UTC"')).pages[0].value.length, 10);
  }],
  ["created, changed, deleted", async () => {
    const { graph } = await newClient();
    const one = await graph.api("/me/events").post(nine("One"));
    const two = await graph.api("/me/events").post(nine("Two"));
    const { link } = await round(graph, deltaPath);
    await graph.api(`/me/events/${one.id}`).patch({ subject: "One more" });
    await graph.api(`/me/events/${two.id}`).delete();
    await graph.api("/me/events").post(nine("Three"));
    const next = await round(graph, link);
    assert.deepEqual(types(next.items), ["singleInstance", "removed deleted", "singleInstance"]);
    assert.deepEqual(next.items[1], { "@odata.type": "#microsoft.graph.event", id: two.id, "@removed": { reason: "deleted" } });
    assert.deepEqual((await round(graph, next.link)).items, []);
  }],
  ["what changes outside of the window is removed, known or not", async () => {
    const { graph } = await newClient();
    const known = await graph.api("/me/events").post(nine("Known"));
    const { link } = await round(graph, deltaPath);
    const far = await graph.api("/me/events").post(outside());
    await graph.api(`/me/events/${known.id}`).patch({ start: outside().start, end: outside().end });
    const next = await round(graph, link);
    assert.deepEqual(types(next.items), ["removed deleted", "removed deleted"]);
    assert.deepEqual(next.items.map((item) => item.id), [far.id, known.id]);
    assert.equal((await graph.api(`/me/events/${known.id}`).get()).subject, "Known");
    await settings({ graph_removed_reason: "changed" });
    await graph.api(`/me/events/${known.id}`).patch({ subject: "Still far" });
    assert.deepEqual(types((await round(graph, next.link)).items), ["removed changed"]);
    await settings({ graph_removed_reason: "deleted" });
  }],
  ["a series is a block: its master and bare stubs", async () => {
    const { graph } = await newClient();
    const master = await graph.api("/me/events").post(weekly());
    const { items } = await round(graph, deltaPath, "odata.maxpagesize=2");
    assert.deepEqual(types(items), ["seriesMaster", ...Array(8).fill("occurrence")]);
    assert.deepEqual(Object.keys(items[1]).sort(), ["@odata.etag", "@odata.type", "end", "id", "seriesMasterId", "start", "type"]);
    assert.equal(items[1].seriesMasterId, master.id);
    assert.equal(items[0].recurrence.pattern.type, "weekly");
  }],
  ["a master from long ago comes with its first date", async () => {
    const { graph } = await newClient();
    await graph.api("/me/events").post(event("Old", "2020-01-06T09:00:00", "2020-01-06T10:00:00", { recurrence: { pattern: { type: "weekly", interval: 1, daysOfWeek: ["monday"], firstDayOfWeek: "monday" }, range: { type: "noEnd", startDate: "2020-01-06" } } }));
    const { items } = await round(graph, deltaPath);
    assert.deepEqual([items[0].type, items[0].start.dateTime.slice(0, 10), items.length], ["seriesMaster", "2020-01-06", 14]);
  }],
  ["a removed occurrence is only missing from the block; an exception is whole", async () => {
    const { graph } = await newClient();
    const master = await graph.api("/me/events").post(weekly());
    const { link } = await round(graph, deltaPath);
    const all = (await graph.api(`/me/events/${master.id}/instances?${spring}`).get()).value;
    await graph.api(`/me/events/${all[0].id}`).delete();
    await graph.api(`/me/events/${all[1].id}`).patch({ subject: "Changed" });
    const { items } = await round(graph, link);
    assert.deepEqual(types(items), ["seriesMaster", "exception", ...Array(6).fill("occurrence")]);
    assert.deepEqual([items[1].id, items[1].subject, items[1].originalStart], [all[1].id, "Changed", "2026-03-09T08:00:00Z"]);
    assert.ok(!items.some((item) => item.id === all[0].id || item["@removed"]));
  }],
  ["a retimed series has other ids, and the old ones just go", async () => {
    const { graph } = await newClient();
    const master = await graph.api("/me/events").post(weekly());
    const before = await round(graph, deltaPath);
    await graph.api(`/me/events/${master.id}`).patch({ start: { dateTime: "2026-03-03T09:00:00", timeZone: "W. Europe Standard Time" }, end: { dateTime: "2026-03-03T09:30:00", timeZone: "W. Europe Standard Time" }, recurrence: { pattern: { type: "weekly", interval: 1, daysOfWeek: ["tuesday"], firstDayOfWeek: "monday" }, range: { type: "numbered", startDate: "2026-03-03", numberOfOccurrences: 8 } } });
    const after = await round(graph, before.link);
    const ids = (items) => new Set(items.filter((item) => item.type === "occurrence").map((item) => item.id));
    assert.equal(after.items.length, 9);
    assert.ok([...ids(after.items)].every((id) => !ids(before.items).has(id)));
  }],
  ["a deleted series is one removal, or names its occurrences too", async () => {
    const { graph } = await newClient();
    const master = await graph.api("/me/events").post(weekly());
    const { link } = await round(graph, deltaPath);
    await graph.api(`/me/events/${master.id}`).delete();
    assert.deepEqual((await round(graph, link)).items.map((item) => item.id), [master.id]);
    await settings({ graph_removed_series: "occurrences" });
    assert.equal((await round(graph, link)).items.length, 9);
    await settings({ graph_removed_series: "master" });
  }],
  ["moved to another calendar", async () => {
    const { email, graph } = await newClient({ calendars: [{ name: "Other" }] });
    const other = (await graph.api("/me/calendars").get()).value[1];
    const there = `/me/calendars/${other.id}/calendarView/delta?${spring}`;
    const made = await graph.api("/me/events").post(nine());
    const here = await round(graph, deltaPath, immutable);
    const elsewhere = await round(graph, there, immutable);
    await control("POST", "/microsoft/events/move", { email, event_id: made.id, destination: other.id });
    const left = (await round(graph, here.link, immutable)).items;
    const came = (await round(graph, elsewhere.link, immutable)).items;
    assert.deepEqual([types(left), types(came)], [["removed deleted"], ["singleInstance"]]);
    assert.equal(left[0].id, came[0].id);
    assert.equal(left[0].id, here.items[0].id);
  }],
  ["the window is frozen in the link", async () => {
    const { graph } = await newClient();
    const { link } = await round(graph, deltaPath);
    await graph.api("/me/events").post(outside());
    const moved = `${link}&startDateTime=2027-01-01T00:00:00Z&endDateTime=2027-06-01T00:00:00Z`;
    assert.deepEqual(types((await round(graph, moved)).items), ["removed deleted"]);
  }],
  ["both ways to end a round", async () => {
    await settings({ graph_empty_last_page: true });
    const { graph } = await newClient();
    await fill(graph, 2);
    const { pages } = await round(graph, deltaPath);
    assert.deepEqual(pages.map((page) => page.value.length), [2, 0]);
    await settings({ graph_empty_last_page: false, empty_pages: 1 });
    assert.deepEqual((await round(graph, deltaPath)).pages.map((page) => page.value.length), [0, 2]);
    await settings({ empty_pages: 0 });
  }],
  ["query options that a delta refuses", async () => {
    const { graph } = await newClient();
    for (const option of ["$select=subject", "$filter=isAllDay eq true", "$orderby=subject", "$expand=extensions"])
      await refused(graph.api(`${deltaPath}&${option}`).get(), 400, "ErrorInvalidUrlQuery");
    await refused(graph.api("/me/calendarView/delta").get(), 400, "ErrorInvalidParameter");
    await refused(graph.api("/me/calendarView/delta?$deltatoken=latest").get(), 400, "InvalidDeltaToken");
    await refused(graph.api("/me/calendarView/delta?$deltatoken=garbage").get(), 400, "InvalidDeltaToken");
  }],
  ["a token that was forgotten is 410 SyncStateNotFound", async () => {
    const { email, graph } = await newClient();
    const { link } = await round(graph, deltaPath);
    await control("POST", "/microsoft/tokens/expire-delta", { email });
    const error = await refused(graph.api(link).get(), 410, "SyncStateNotFound");
    assert.equal(error.headers.get("location"), null);
    await settings({ graph_reset_location: true });
    const location = (await refused(graph.api(link).get(), 410)).headers.get("location");
    await settings({ graph_reset_location: false });
    assert.ok((await round(graph, location)).link);
  }],
  ["old generations are evicted", async () => {
    await settings({ graph_delta_generations: 2 });
    const { graph } = await newClient();
    const { link } = await round(graph, deltaPath);
    for (let i = 0; i < 3; ++i) await round(graph, deltaPath);
    await refused(graph.api(link).get(), 410, "SyncStateNotFound");
    await settings({ graph_delta_generations: 64 });
  }],
  ["410 in the middle of a round, with a place to start again", async () => {
    const { email, graph } = await newClient();
    await fill(graph, 4);
    await fault("gone_with_location", {}, { account: email, page: 2 });
    const first = await graph.api(deltaPath).header("Prefer", "odata.maxpagesize=2").get();
    const error = await refused(graph.api(first["@odata.nextLink"]).get(), 410, "SyncStateNotFound");
    assert.equal((await round(graph, error.headers.get("location"))).items.length, 4);
  }],
  ["a stale nextLink", async () => {
    await settings({ graph_stale_next_links: true });
    const { graph } = await newClient();
    await fill(graph, 5);
    const { pages } = await round(graph, deltaPath, "odata.maxpagesize=2");
    await refused(graph.api(pages[0]["@odata.nextLink"]).get(), 410, "SyncStateNotFound");
    await settings({ graph_stale_next_links: false });
    assert.ok(await graph.api(pages[0]["@odata.nextLink"]).get());
  }],
  ["changes may become visible late", async () => {
    await settings({ graph_visibility_ms: 60000 });
    const { graph } = await newClient();
    await fill(graph, 1);
    const first = await round(graph, deltaPath);
    assert.deepEqual(first.items, []);
    await control("POST", "/clock", { advance_seconds: 61 });
    assert.equal((await round(graph, first.link)).items.length, 1);
    await settings({ graph_visibility_ms: 0 });
  }],
  ["an item twice, an overlap, a skip", async () => {
    const { graph } = await newClient();
    await fill(graph, 4);
    await fault("item_twice");
    assert.equal((await round(graph, deltaPath)).items.length, 5);
    await fault("page_overlap");
    const overlap = await round(graph, deltaPath);
    assert.deepEqual([overlap.items.length, new Set(overlap.items.map((item) => item.id)).size], [5, 4]);
    await fault("page_skip");
    const skipped = await round(graph, deltaPath);
    assert.equal(skipped.items.length, 3);
    assert.equal((await round(graph, skipped.link)).items.length, 1);
  }],
  ["removals of nobody, stubs without a master", async () => {
    const { graph } = await newClient();
    await graph.api("/me/events").post(weekly());
    await fault("unknown_removed");
    assert.equal(types((await round(graph, deltaPath)).items).filter((type) => type === "removed deleted").length, 1);
    await fault("stub_without_master");
    assert.deepEqual(new Set(types((await round(graph, deltaPath)).items)), new Set(["occurrence"]));
    await fault("stub_of_no_series");
    const { items } = await round(graph, deltaPath);
    const masters = new Set(items.filter((item) => item.type === "occurrence").map((item) => item.seriesMasterId));
    assert.equal(masters.size, 2);
    await fault("empty_last_page");
    assert.equal((await round(graph, deltaPath)).pages.at(-1).value.length, 0);
  }],
  ["a damaged item comes again, whole", async () => {
    const { email, graph } = await newClient();
    await fill(graph, 1);
    for (const kind of ["missing_start", "bad_time", "wrong_types", "null_fields", "lone_surrogate", "huge_title", "missing_id"]) {
      await fault(kind, {}, { account: email });
      const token = (await mint(email)).access_token;
      const { body } = await plain(`${graphRoot()}${deltaPath}`, { headers: { authorization: `Bearer ${token}` } });
      const { items } = await round(graph, body["@odata.deltaLink"]);
      assert.deepEqual(subjects(items), ["Event 0"], kind);
    }
  }],
  ["exceptions before their master, flapping etags, a replica that lags", async () => {
    const { graph } = await newClient();
    const master = await graph.api("/me/events").post(weekly());
    const [first] = (await graph.api(`/me/events/${master.id}/instances?${spring}`).get()).value;
    await graph.api(`/me/events/${first.id}`).patch({ subject: "Changed" });
    await fault("exception_first");
    const before = await round(graph, deltaPath);
    assert.deepEqual(types(before.items).slice(0, 2), ["exception", "seriesMaster"]);
    await fault("flapping_etag");
    const again = await round(graph, before.link);
    assert.equal(again.items.length, before.items.length);
    await fill(graph, 2);
    await fault("stale_replica", { count: 2 });
    const late = await round(graph, again.link);
    assert.deepEqual(late.items, []);
    assert.deepEqual(subjects((await round(graph, late.link)).items), ["Event 0", "Event 1"]);
  }],
  ["ids follow the header, not the link", async () => {
    const { graph } = await newClient();
    const made = await graph.api("/me/events").post(nine());
    const first = await round(graph, deltaPath, immutable);
    assert.notEqual(first.items[0].id, made.id);
    await graph.api(`/me/events/${made.id}`).patch({ subject: "x" });
    assert.equal((await round(graph, first.link)).items[0].id, made.id);
  }],
  ["HTTP faults have Graph's bodies", async () => {
    const { email, graph } = await newClient();
    const expected = { server_error: [500, "ErrorInternalServerError"], unavailable: [503, "ServiceNotAvailable"], gateway_timeout: [504, "UnknownError"], too_many_requests: [429, "ApplicationThrottled"], forbidden: [403, "ErrorAccessDenied"], unauthorized: [401, "InvalidAuthenticationToken"], resync_required: [410, "resyncRequired"], mailbox_not_enabled: [404, "MailboxNotEnabledForRESTAPI"] };
    for (const [kind, [status, code]] of Object.entries(expected)) {
      await fault(kind, { retry_after: "1" }, { account: email });
      await refused(graph.api(deltaPath).middlewareOptions([once()]).get(), status, code);
    }
    await fault("bad_gateway_html", {}, { account: email });
    await assert.rejects(graph.api(deltaPath).middlewareOptions([once()]).get());
    // The client itself waits for Retry-After and tries again.
    await fault("too_many_requests", { retry_after: "1" }, { account: email });
    assert.deepEqual((await graph.api(deltaPath).get()).value, []);
  }],
];
