// SPDX-License-Identifier: Apache-2.0
// The calendar list, calendars, settings, colours and free/busy times.
import assert from "node:assert/strict";
import { apiFor, control, ids, listAll, newAccount, newApi, refused, scopePrefix, timed } from "./harness.mjs";

const day = { timeMin: "2026-03-02T00:00:00Z", timeMax: "2026-03-03T00:00:00Z" };
let calendars = 0;

async function addCalendar(email, more = {}) {
  calendars += 1;
  const id = `team-${calendars}@group.calendar.google.com`;
  await control("POST", "/calendars", { email, id, summary: "Team", timeZone: "Europe/Paris", accessRole: "writer", ...more });
  return id;
}

const allCalendars = (api, params = {}) => listAll((query) => api.calendarList.list(query), params);

export const steps = [
  ["the list has the primary calendar and one sync token", async () => {
    const { email, api } = await newApi();
    const { data } = await api.calendarList.list();
    assert.equal(data.kind, "calendar#calendarList");
    assert.ok(data.nextSyncToken && !data.nextPageToken);
    const [entry] = data.items;
    assert.deepEqual([entry.kind, entry.id, entry.primary, entry.accessRole], ["calendar#calendarListEntry", email, true, "owner"]);
    assert.match(entry.etag, /^".+"$/);
    assert.ok(!("hidden" in entry) && !("deleted" in entry), "false is left out");
  }],
  ["the list comes in pages", async () => {
    const { email, api } = await newApi();
    const added = [await addCalendar(email), await addCalendar(email), await addCalendar(email), await addCalendar(email)];
    const { pages, items, syncToken } = await allCalendars(api, { maxResults: 2 });
    assert.deepEqual(pages.map((page) => page.items.length), [2, 2, 1]);
    assert.deepEqual(ids(items), [email, ...added].sort());
    assert.ok(syncToken);
  }],
  ["minAccessRole and showHidden select", async () => {
    const { email, api } = await newApi();
    const reader = await addCalendar(email, { accessRole: "reader" });
    const hidden = await addCalendar(email, { hidden: true });
    assert.deepEqual(ids((await allCalendars(api)).items), [email, reader].sort());
    assert.deepEqual(ids((await allCalendars(api, { minAccessRole: "writer", showHidden: true })).items), [email, hidden].sort());
  }],
  ["a sync token brings added, hidden, renamed and removed entries and nothing else", async () => {
    const { email, api } = await newApi();
    const [removed, hidden, titled] = [await addCalendar(email), await addCalendar(email), await addCalendar(email)];
    const { syncToken } = await allCalendars(api);
    const nothing = await allCalendars(api, { syncToken });
    assert.deepEqual(nothing.items, []);
    const added = await addCalendar(email);
    await control("DELETE", "/calendars", { email, calendar_id: removed });
    await api.calendarList.patch({ calendarId: hidden, requestBody: { hidden: true, summaryOverride: "Mine" } });
    await control("PATCH", "/calendars", { email, calendar_id: titled, summary: "The owner's new title" });
    const delta = await allCalendars(api, { syncToken: nothing.syncToken });
    assert.deepEqual(ids(delta.items), [removed, hidden, added].sort());
    const one = (id) => delta.items.find((item) => item.id === id);
    assert.equal(one(removed).deleted, true);
    assert.deepEqual([one(hidden).hidden, one(hidden).summaryOverride], [true, "Mine"]);
    await refused(api.calendarList.get({ calendarId: removed }), 404, "notFound", { domain: "global" });
    await refused(api.events.list({ calendarId: removed }), 404, "notFound");
  }],
  ["a sync token allows no other restriction", async () => {
    const { api } = await newApi();
    const { syncToken } = await allCalendars(api);
    await refused(api.calendarList.list({ syncToken, minAccessRole: "owner" }), 400, "badRequest");
    await refused(api.calendarList.list({ syncToken, showDeleted: false }), 400, "badRequest");
  }],
  ["an expired sync token of the list is 410 fullSyncRequired", async () => {
    const { email, api } = await newApi();
    const { syncToken } = await allCalendars(api);
    await control("POST", "/tokens/expire-sync", { email, calendar_list: true });
    await refused(api.calendarList.list({ syncToken }), 410, "fullSyncRequired", { domain: "calendar", locationType: "parameter", location: "syncToken" });
  }],
  ["an entry leaves the list and comes back", async () => {
    const { email, api } = await newApi();
    const calendarId = await addCalendar(email);
    assert.equal((await api.calendarList.delete({ calendarId })).status, 204);
    assert.deepEqual(ids((await allCalendars(api)).items), [email]);
    assert.equal((await api.calendarList.insert({ requestBody: { id: calendarId } })).data.accessRole, "writer");
    assert.equal((await api.calendarList.get({ calendarId })).data.id, calendarId);
  }],
  ["an id with # and @ survives the path", async () => {
    const { email, api } = await newApi();
    const calendarId = `en.${calendars}#holiday@group.v.calendar.google.com`;
    await control("POST", "/calendars", { email, id: calendarId, summary: "Holidays", accessRole: "reader" });
    assert.equal((await api.calendars.get({ calendarId })).data.id, calendarId);
    await refused(api.events.insert({ calendarId, requestBody: timed("2026-03-02T09:00:00Z", "2026-03-02T10:00:00Z") }), 403, "requiredAccessLevel", { domain: "calendar" });
  }],
  ["calendars.insert makes a calendar that its owner can fill", async () => {
    const { email, api } = await newApi();
    const { syncToken } = await allCalendars(api);
    const { data, status } = await api.calendars.insert({ requestBody: { summary: "Project", description: "What we do", timeZone: "America/New_York" } });
    assert.equal(status, 200);
    assert.deepEqual([data.kind, data.summary, data.description, data.timeZone, data.dataOwner], ["calendar#calendar", "Project", "What we do", "America/New_York", email]);
    assert.match(data.id, /@group\.calendar\.google\.com$/);
    const delta = await allCalendars(api, { syncToken });
    assert.deepEqual(delta.items.map((item) => [item.id, item.accessRole]), [[data.id, "owner"]]);
    const made = await api.events.insert({ calendarId: data.id, requestBody: timed("2026-03-02T09:00:00", "2026-03-02T10:00:00", "America/New_York") });
    assert.equal(made.data.start.dateTime, "2026-03-02T09:00:00-05:00");
    assert.deepEqual(made.data.organizer, { email: data.id, displayName: "Project", self: true });
    await refused(api.calendars.insert({ requestBody: {} }), 400, "required");
    await refused(api.calendars.insert({ requestBody: { summary: "x", timeZone: "Mars/Phobos" } }), 400, "invalid");
  }],
  ["calendars.patch, update and delete", async () => {
    const { api } = await newApi();
    const { data } = await api.calendars.insert({ requestBody: { summary: "Before", description: "kept" } });
    const calendarId = data.id;
    const { syncToken } = await allCalendars(api);
    const patched = (await api.calendars.patch({ calendarId, requestBody: { summary: "After" } })).data;
    assert.deepEqual([patched.summary, patched.description], ["After", "kept"]);
    assert.notEqual(patched.etag, data.etag);
    const updated = (await api.calendars.update({ calendarId, requestBody: { summary: "Whole" } })).data;
    assert.deepEqual([updated.summary, updated.description], ["Whole", undefined]);
    assert.deepEqual((await allCalendars(api, { syncToken })).items, [], "a title is no change of the list");
    assert.equal((await api.calendars.delete({ calendarId })).status, 204);
    assert.equal((await allCalendars(api, { syncToken })).items[0].deleted, true);
    await refused(api.calendars.get({ calendarId }), 404, "notFound");
    await refused(api.calendarList.insert({ requestBody: { id: calendarId } }), 404, "notFound");
    await refused(api.calendars.delete({ calendarId: "primary" }), 403, "forbidden");
  }],
  ["a deleted calendar disappears from everybody's list", async () => {
    const { api } = await newApi();
    const { api: other, email } = await newApi();
    const { data } = await api.calendars.insert({ requestBody: { summary: "Shared" } });
    await control("POST", "/calendars", { email, id: data.id, accessRole: "owner" });
    const { syncToken } = await allCalendars(other);
    await refused(other.calendars.delete({ calendarId: data.id }), 403, "forbidden");
    await api.calendars.delete({ calendarId: data.id });
    assert.deepEqual((await allCalendars(other, { syncToken })).items.map((item) => [item.id, item.deleted]), [[data.id, true]]);
    await refused(other.events.list({ calendarId: data.id }), 404, "notFound");
  }],
  ["each call wants its scopes", async () => {
    const email = await newAccount();
    const events = await apiFor(email, `${scopePrefix}calendar.events`);
    assert.equal((await events.events.list({ calendarId: "primary" })).status, 200);
    await refused(events.calendarList.list(), 403, "insufficientPermissions");
    await refused(events.calendars.insert({ requestBody: { summary: "x" } }), 403, "insufficientPermissions");
    const readonly = await apiFor(email, `${scopePrefix}calendar.readonly`);
    assert.equal((await readonly.calendarList.list()).status, 200);
    await refused(readonly.events.insert({ calendarId: "primary", requestBody: {} }), 403, "insufficientPermissions");
  }],
  ["settings and colours", async () => {
    const { email, api } = await newApi();
    await control("PATCH", "/calendars", { email, calendar_id: email, timeZone: "Asia/Tokyo" });
    const { data } = await api.settings.list();
    assert.equal(data.kind, "calendar#settings");
    assert.ok(data.items.some((item) => item.id === "weekStart"));
    assert.equal((await api.settings.get({ setting: "timezone" })).data.value, "Asia/Tokyo");
    await refused(api.settings.get({ setting: "nothing" }), 404, "notFound");
    assert.match((await api.colors.get()).data.event["1"].background, /^#[0-9a-f]{6}$/);
  }],
  ["freeBusy merges what is busy and leaves out what is not", async () => {
    const { email, api } = await newApi();
    const insert = async (hours, more) => (await api.events.insert({
      calendarId: "primary", requestBody: { ...timed(`2026-03-02T${hours[0]}:00:00Z`, `2026-03-02T${hours[1]}:00:00Z`), ...more } })).data;
    await insert(["09", "10"]);
    await insert(["09", "11"]);
    await insert(["11", "12"], { recurrence: ["RRULE:FREQ=DAILY;COUNT=2"], ...timed("2026-03-01T13:00:00", "2026-03-01T14:00:00", "UTC") });
    await insert(["15", "16"], { transparency: "transparent" });
    await insert(["17", "18"], { attendees: [{ email, responseStatus: "declined" }] });
    const cancelled = await insert(["19", "20"]);
    await api.events.delete({ calendarId: "primary", eventId: cancelled.id });
    const { data } = await api.freebusy.query({ requestBody: { ...day, items: [{ id: "primary" }, { id: "stranger@example.com" }] } });
    assert.equal(data.kind, "calendar#freeBusy");
    assert.equal(data.timeMin, "2026-03-02T00:00:00.000Z");
    assert.deepEqual(data.calendars.primary.busy, [
      { start: "2026-03-02T09:00:00Z", end: "2026-03-02T11:00:00Z" }, { start: "2026-03-02T13:00:00Z", end: "2026-03-02T14:00:00Z" }]);
    assert.deepEqual(data.calendars["stranger@example.com"].errors, [{ domain: "global", reason: "notFound" }]);
  }],
  ["freeBusy answers in the zone asked for and refuses an empty range", async () => {
    const { api } = await newApi();
    await api.events.insert({ calendarId: "primary", requestBody: timed("2026-03-02T09:00:00Z", "2026-03-02T10:00:00Z") });
    const { data } = await api.freebusy.query({ requestBody: { ...day, timeZone: "Asia/Tokyo", items: [{ id: "primary" }] } });
    assert.deepEqual(data.calendars.primary.busy, [{ start: "2026-03-02T18:00:00+09:00", end: "2026-03-02T19:00:00+09:00" }]);
    await refused(api.freebusy.query({ requestBody: { timeMin: day.timeMax, timeMax: day.timeMin, items: [] } }), 400, "timeRangeEmpty", { domain: "calendar", location: "timeMax" });
  }],
];
