// SPDX-License-Identifier: Apache-2.0
// Every text that can reach a page is a payload: it has to be shown as text, and nothing of it may run.
import assert from "node:assert/strict";
import { assertSound, operator, picture, sizes } from "./browser.mjs";
import { payloads } from "./payloads.mjs";
import { ask, root, row, sql } from "./stand.mjs";

/** A connection all of whose texts are this payload. */
async function plant(payload) {
  const error = `network_error: ${payload}`;
  await sql("INSERT INTO profiles (email) VALUES (%s)", `owner ${payload}`);
  const owner = (await row("SELECT id::text FROM profiles WHERE email = %s", `owner ${payload}`)).id;
  const account = `hostile ${payload}`;
  await sql("INSERT INTO external_calendar_connections (provider_id, provider, provider_user_id, provider_email, sync_enabled, sync_needed, last_error, error_count, granted_scopes) VALUES (%s, 'nobody', %s, %s, true, false, %s, 3, %s)", owner, account, payload, error, payload);
  const { id } = await row("SELECT id::text FROM external_calendar_connections WHERE provider_user_id = %s", account);
  await sql("INSERT INTO external_calendars (connection_id, external_calendar_id, name, last_error, watch_error, access_role) VALUES (%s, %s, %s, %s, %s, 'owner')", id, payload, payload, error, payload);
  await sql("INSERT INTO calendar_push_channels (id, connection_id, external_calendar_id, secret_hash, state, expires_at, last_error) VALUES (%s, %s, %s, 'x', 'stopping', now() + interval '1 day', %s)", `channel ${payload}`, id, payload, payload);
  await sql("INSERT INTO external_calendar_events (connection_id, provider_id, provider, external_calendar_id, external_event_id, title, sync_status, last_error) VALUES (%s, %s, 'nobody', %s, %s, %s, 'FAILED', %s)", id, owner, payload, payload, payload, `provider_malformed: ${payload}`);
  await sql("INSERT INTO calendar_sync_runs (sync_id, connection_id, provider_id, provider, lease_token, outcome, error, provider_status, provider_request_id, started_at) VALUES (gen_random_uuid(), %s, %s, 'nobody', 1, 'retry', %s, 503, %s, now())", id, owner, error, payload);
  await sql("INSERT INTO calendar_timeline (connection_id, provider_id, kind, detail) VALUES (%s, %s, %s, %s)", id, owner, payload, payload);
  await sql("INSERT INTO calendar_connection_states (connection_id, provider_id, from_state, to_state, reason) VALUES (%s, %s, %s, %s, %s)", id, owner, payload, payload, payload);
  await sql("INSERT INTO calendar_operator_actions (actor, actor_kind, action, connection_id, provider_id, reason, before, after) VALUES (%s, %s, %s, %s, %s, %s, %s::jsonb, %s::jsonb)", payload, payload, payload, id, owner, payload, JSON.stringify({ [payload]: payload }), JSON.stringify({ [payload]: [payload] }));
  await sql("INSERT INTO calendar_job_runs (requested_by, scope, finished_at) VALUES (%s, %s::jsonb, now())", payload, JSON.stringify({ window: payload }));
  await sql("INSERT INTO calendar_bulk_actions (actor, actor_kind, action, reason, filter, cap, connections, state, note, stopped_by) VALUES (%s, 'admin', %s, %s, %s::jsonb, 10, '{}', 'done', %s, %s)", payload, payload, payload, JSON.stringify({ q: payload }), payload, payload);
  await sql("INSERT INTO calendar_sync_workers (id, host, version, heartbeat_at) VALUES (gen_random_uuid(), %s, %s, now() + interval '1 hour')", payload, payload);
  await sql("INSERT INTO calendar_provider_circuits (provider, host, state, reason, probe_at) VALUES (%s, %s, 'open', %s, now() + interval '1 hour')", payload, payload, payload);
  await sql("INSERT INTO calendar_rate_buckets (scope, key, tokens, per_second, burst, blocked_until) VALUES (%s, %s, 0, 1, 1, now() + interval '1 hour')", payload, payload);
  return id;
}

let planted;
async function plants() {
  if (planted) return planted;
  await ask("connected");
  planted = [];
  for (const payload of payloads) planted.push({ payload, id: await plant(payload) });
  return planted;
}

/** The page is sound, and what it shows of each payload it shows as text, as often as wanted. */
async function assertTold(page, complaints, texts, times, where) {
  await assertSound(page, complaints, where);
  const counts = await page.evaluate((wanted) => wanted.map((text) => document.body.textContent.split(text).length - 1), texts);
  texts.forEach((text, at) => assert.ok(counts[at] >= times, `${where}: shown ${counts[at]} times, not ${times}: ${text}`));
}

/** Chromium says of every refusal that it is one. */
function refusalsAside(complaints) {
  complaints.splice(0, complaints.length, ...complaints.filter((one) => !/^console: .*status of 4\d\d/.test(one)));
}

export const steps = {
  async "payloads in every row, at both sizes"(keep) {
    const all = await plants();
    const texts = all.map((one) => one.payload);
    assert.ok(all.length >= 25);
    const { page, complaints } = keep(await operator());
    for (const { payload, id } of all) {
      await page.setViewportSize(sizes.desktop);
      await page.goto(`${root}/admin/connections/${id}`);
      // The heading, the account, the error, the timeline (5 kinds with details), calendar, channel.
      await assertTold(page, complaints, [payload], 14, "the connection");
      await page.setViewportSize(sizes.phone);
      await assertSound(page, complaints, "the connection on a phone");
    }
    await picture(page, "hostile-connection-phone");
    for (const [path, times] of Object.entries({ "/admin": 5, "/admin/jobs": 2, "/admin/audit": 3, "/admin/connections": 2 })) {
      await page.setViewportSize(sizes.desktop);
      await page.goto(root + path);
      // Jobs are the latest 30, the list is a page of 50.
      const shown = path === "/admin" ? texts : path === "/admin/connections" ? [] : texts.slice(-10);
      await assertTold(page, complaints, shown, times, path);
      await page.setViewportSize(sizes.phone);
      await assertSound(page, complaints, `${path} on a phone`);
      await picture(page, `hostile${path.replaceAll("/", "-")}-phone`);
    }
  },

  async "payloads in previews, bulk actions and events"(keep) {
    const all = await plants();
    const { page, complaints } = keep(await operator());
    for (const { payload, id } of all) {
      await page.goto(`${root}/admin/connections/${id}/do/disconnect`);
      await assertTold(page, complaints, [payload], 1, "the preview");
      await page.goto(`${root}/admin/events?connection=${id}`);
      await assertTold(page, complaints, [payload], 3, "the failed events");
      assert.equal(await page.locator("#list tbody tr").count(), 1);
      const bulk = await row("SELECT id::text FROM calendar_bulk_actions WHERE actor = %s", payload);
      await page.goto(`${root}/admin/bulk/${bulk.id}`);
      await assertTold(page, complaints, [payload], 6, "the bulk action");
    }
  },

  async "payloads typed into every box"(keep) {
    const { page, complaints } = keep(await operator());
    for (const payload of payloads) {
      const typed = encodeURIComponent(payload);
      for (const path of [`/admin/connections?q=${typed}&error_code=${typed}&provider=${typed}`, `/admin/bulk/new?action=sync&q=${typed}&error_code=${typed}&cap=${typed}`, `/admin/events?error_code=${typed}`, `/admin/audit?actor=${typed}&action=${typed}`, `/admin/jobs/new?provider_id=${typed}&window=${typed}`]) {
        const answer = await page.goto(root + path);
        assert.ok(answer.status() < 500, path);
        refusalsAside(complaints);
        await assertSound(page, complaints, path);
      }
      await page.goto(`${root}/admin/connections?q=${typed}`);
      assert.equal(await page.getByLabel("Search").inputValue(), payload);
    }
  },

  async "payloads as reasons"(keep) {
    const { id } = await ask("connected");
    const { page, complaints } = keep(await operator());
    for (const payload of payloads) {
      await page.goto(`${root}/admin/connections/${id}/do/sync`);
      await page.getByLabel("Reason").fill(payload);
      await page.getByRole("button", { name: "Sync now" }).click();
      await page.getByRole("status").waitFor();
      await row("SELECT 1 AS found FROM calendar_operator_actions WHERE connection_id = %s AND reason = %s", id, payload);
      await assertTold(page, complaints, [payload], 1, "the timeline");
    }
    await page.goto(`${root}/admin/audit?connection=${id}`);
    await assertTold(page, complaints, payloads, 1, "the audit");
  },

  async "payloads as addresses, tokens and cookies"(keep) {
    const { page, complaints } = keep(await operator());
    for (const payload of payloads) {
      const typed = encodeURIComponent(payload);
      for (const path of [`/admin/connections/${typed}`, `/admin/connections/x/do/${typed}`, `/admin/login?next=${typed}`, `/admin/login?next=/admin/${typed}`, `/admin/connections?${typed}=1`]) {
        const answer = await page.goto(root + path);
        assert.ok(answer.status() < 500, path);
        refusalsAside(complaints);
        await assertSound(page, complaints, path);
      }
    }
  },
};
