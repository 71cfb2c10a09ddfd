// SPDX-License-Identifier: Apache-2.0
// What can be done: each action from its link to its effect in the tables, with its line in the audit.
import assert from "node:assert/strict";
import { assertSound, operator, picture } from "./browser.mjs";
import { ask, root, row, sql, until } from "./stand.mjs";

const line = (id, reason) => row("SELECT actor, actor_kind, action, before, after FROM calendar_operator_actions WHERE connection_id = %s AND reason = %s", id, reason);
const connection = (id) => row("SELECT sync_enabled, sync_needed, sync_cursor, error_count, last_error, backoff_until, wake_seq::int, extract(epoch FROM backoff_until - now())::int AS backoff FROM external_calendar_connections WHERE id = %s", id);

/** From the connection's page through the preview; what the preview says. */
async function take({ page, complaints }, id, label, reason, fill = async () => {}) {
  await page.goto(`${root}/admin/connections/${id}`);
  await page.getByRole("link", { name: label, exact: true }).click();
  await page.getByRole("heading", { name: "What it touches" }).waitFor();
  await assertSound(page, complaints, `the preview of ${label}`);
  const preview = await page.locator("section", { hasText: "What it touches" }).innerText();
  await fill(page);
  await page.getByLabel("Reason").fill(reason);
  await page.getByRole("button", { name: label, exact: true }).click();
  await page.getByRole("status").waitFor();
  assert.match(await page.getByRole("status").innerText(), new RegExp(`^${label}: done`));
  return preview;
}

export const steps = {
  async "sync now"(keep) {
    const { id } = await ask("connected");
    const before = await connection(id);
    const window = keep(await operator());
    const preview = await take(window, id, "Sync now", "somebody asked");
    assert.match(preview, /sync_needed/);
    const audit = await line(id, "somebody asked");
    assert.deepEqual([audit.actor, audit.actor_kind, audit.action], ["oncall", "admin", "sync"]);
    assert.equal((await connection(id)).wake_seq, before.wake_seq + 1);
    await until(async () => !(await connection(id)).sync_needed, "the sync was served");
  },

  async "a preview changes nothing, and a reason is needed"(keep) {
    const { id } = await ask("connected");
    const before = await connection(id);
    const audits = await row("SELECT count(*)::int AS lines FROM calendar_operator_actions WHERE connection_id = %s", id);
    const { page } = keep(await operator());
    for (const action of ["sync", "reset", "backoff", "clear-backoff", "enable", "disable", "disconnect"])
      await page.goto(`${root}/admin/connections/${id}/do/${action}`);
    await page.goto(`${root}/admin/connections/${id}/do/disable`);
    await page.getByLabel("Reason").fill("   ");
    await page.getByRole("button", { name: "Disable" }).click();
    await page.getByRole("alert").waitFor();
    assert.match(await page.getByRole("alert").innerText(), /reason must say/);
    assert.deepEqual(await connection(id), before);
    assert.deepEqual(await row("SELECT count(*)::int AS lines FROM calendar_operator_actions WHERE connection_id = %s", id), audits);
  },

  async "full resync"(keep) {
    const { id } = await ask("connected", 2);
    await sql("UPDATE external_calendar_connections SET error_count = 4, last_error = 'provider_malformed: planted', backoff_until = now() + interval '2 hours' WHERE id = %s", id);
    const window = keep(await operator());
    const preview = await take(window, id, "Full resync", "start over");
    assert.match(preview, /sync_cursor: true → false/);
    assert.match(preview, /error_count: 4 → 0/);
    const audit = await line(id, "start over");
    assert.deepEqual([audit.action, audit.before.error_count, audit.after.error_count], ["reset", 4, 0]);
    const row = await until(async () => { const now = await connection(id); return now.sync_cursor && !now.sync_needed ? now : null; }, "everything was read again");
    assert.deepEqual([row.error_count, row.last_error, row.backoff_until], [0, null, null]);
  },

  async "back off, and clear it"(keep) {
    const { id } = await ask("connected");
    const window = keep(await operator());
    const preview = await take(window, id, "Back off", "leave it alone", (page) => page.getByLabel("For how long").selectOption("360"));
    assert.match(preview, /backoff_until/);
    const { backoff } = await connection(id);
    assert.ok(backoff > 359 * 60 && backoff <= 360 * 60, backoff);
    assert.equal((await line(id, "leave it alone")).action, "backoff");
    assert.match(await window.page.locator("#why").innerText(), /backoff|waits|backs off/i);
    await take(window, id, "Clear backoff", "go on");
    assert.equal((await connection(id)).backoff_until, null);
    assert.equal((await line(id, "go on")).action, "clear-backoff");
  },

  async "disable and enable"(keep) {
    const { id } = await ask("connected");
    const window = keep(await operator());
    assert.match(await take(window, id, "Disable", "broken at the provider"), /sync_enabled: true → false/);
    assert.equal((await connection(id)).sync_enabled, false);
    assert.equal((await line(id, "broken at the provider")).action, "disable");
    assert.equal(await window.page.getByRole("link", { name: "Sync now" }).count(), 0);
    await take(window, id, "Enable", "mended");
    assert.equal((await connection(id)).sync_enabled, true);
    assert.equal((await line(id, "mended")).action, "enable");
  },

  async "disconnect"(keep) {
    const { id } = await ask("connected", 2);
    const window = keep(await operator());
    const preview = await take(window, id, "Disconnect", "the owner left");
    assert.match(preview, /2 events/);
    assert.deepEqual(await sql("SELECT 1 FROM external_calendar_connections WHERE id = %s", id), []);
    assert.deepEqual(await sql("SELECT 1 FROM external_calendar_events WHERE connection_id = %s", id), []);
    assert.equal((await line(id, "the owner left")).action, "disconnect");
    assert.equal(window.page.url(), `${root}/admin/connections`);
  },

  async "try a failed event again"(keep) {
    const { id } = await ask("connected", 2);
    await sql("UPDATE external_calendar_events SET sync_status = 'FAILED', last_error = 'provider_malformed: planted' WHERE connection_id = %s", id);
    // No worker takes the connection before it is enabled again: a sync imports whatever has failed.
    await sql("UPDATE external_calendar_connections SET sync_enabled = false WHERE id = %s", id);
    const { page, complaints } = keep(await operator());
    await page.goto(`${root}/admin/events?connection=${id}`);
    await page.getByRole("row", { name: /event00000/ }).getByRole("link", { name: "Try again" }).click();
    await assertSound(page, complaints, "the preview of one event");
    await page.getByLabel("Reason").fill("the provider mended it");
    await page.getByRole("button", { name: "Try again" }).click();
    assert.match(await page.getByRole("status").innerText(), /tried again/);
    await line(id, "the provider mended it");
    const left = await sql("SELECT external_event_id FROM external_calendar_events WHERE connection_id = %s AND sync_status = 'FAILED'", id);
    assert.deepEqual(left.map((one) => one.external_event_id), ["event00001"]);
    await page.getByRole("link", { name: "Try all of this connection again" }).click();
    await page.getByLabel("Reason").fill("all of them");
    await page.getByRole("button", { name: "Try again" }).click();
    assert.match(await page.getByRole("status").innerText(), /1 events are tried again/);
    await line(id, "all of them");
    await sql("UPDATE external_calendar_connections SET sync_enabled = true WHERE id = %s", id);
    await until(async () => (await sql("SELECT 1 FROM external_calendar_events WHERE connection_id = %s AND sync_status <> 'SYNCED'", id)).length === 0, "the events are in step");
  },

  async "run now, with live progress"(keep) {
    const one = await ask("connected");
    await ask("hold", one.email);
    const { page, complaints } = keep(await operator());
    await page.goto(`${root}/admin/jobs`);
    await page.getByLabel(/Owner/).fill(one.owner);
    await page.getByRole("button", { name: /Run now/ }).click();
    assert.match(await page.locator("main").innerText(), /At most 1 connections/);
    await page.getByLabel("Reason").fill("after the outage");
    await page.getByRole("button", { name: "Run now" }).click();
    await page.waitForURL(/\/admin\/jobs\/[0-9a-f-]{36}$/);
    assert.match(await page.locator("#run").innerText(), /running/);
    await ask("release");
    await page.locator("#run", { hasText: "finished" }).waitFor({ timeout: 20000 });
    assert.match(await page.locator("#run").innerText(), /1 of 1/);
    const run = await row("SELECT requested_by, finished_at IS NOT NULL AS finished FROM calendar_job_runs WHERE id = %s", page.url().slice(-36));
    assert.deepEqual(run, { requested_by: "oncall", finished: true });
    await row("SELECT 1 AS found FROM calendar_operator_actions WHERE provider_id = %s AND reason = 'after the outage'", one.owner);
    await assertSound(page, complaints, "the job run");
    await picture(page, "job-run");
  },

  async "a bulk action over what a filter meets"(keep) {
    const many = [await ask("connected"), await ask("connected"), await ask("connected")];
    const ids = many.map((one) => one.id);
    await sql("UPDATE external_calendar_connections SET backoff_until = now() + interval '3 hours', last_error = 'rate_limited: planted bulk', error_count = 2 WHERE id = ANY (%s::uuid[])", `{${ids}}`);
    const { page, complaints } = keep(await operator());
    await page.goto(`${root}/admin/connections?q=planted+bulk`);
    await page.getByRole("link", { name: /Do something with all/ }).click();
    await page.getByLabel("Action").selectOption("clear-backoff");
    await page.getByLabel(/Cap/).fill("2");
    await page.getByRole("button", { name: "Preview" }).click();
    assert.match(await page.getByRole("alert").innerText(), /more than the cap/);
    assert.equal(await page.getByLabel("Reason").count(), 0);
    await page.getByLabel(/Cap/).fill("10");
    await page.getByRole("button", { name: "Preview" }).click();
    assert.match(await page.locator("main").innerText(), /3 connections/);
    await assertSound(page, complaints, "the preview of a bulk action");
    await picture(page, "bulk-preview");
    await page.getByLabel("Reason").fill("the throttling is over");
    await page.getByRole("button", { name: "Clear backoff for 3 connections" }).click();
    await page.locator("#bulk", { hasText: "done" }).waitFor({ timeout: 20000 });
    assert.match(await page.locator("#bulk").innerText(), /3 touched, 0 skipped, of 3/);
    for (const id of ids) {
      const audit = await row("SELECT actor, action FROM calendar_operator_actions WHERE connection_id = %s AND reason LIKE '%%the throttling is over%%'", id);
      assert.deepEqual(audit, { actor: "oncall", action: "clear-backoff" });
    }
    assert.deepEqual(await sql("SELECT 1 FROM external_calendar_connections WHERE id = ANY (%s::uuid[]) AND backoff_until IS NOT NULL", `{${ids}}`), []);
  },

  async "a bulk action that finds another number than its preview is refused"(keep) {
    const one = await ask("connected");
    await sql("UPDATE external_calendar_connections SET last_error = 'rate_limited: planted moving', error_count = 1, backoff_until = now() + interval '3 hours' WHERE id = %s", one.id);
    const { page } = keep(await operator());
    await page.goto(`${root}/admin/bulk/new?q=planted+moving&action=clear-backoff`);
    await page.getByLabel("Reason").fill("too late");
    await sql("UPDATE external_calendar_connections SET last_error = 'rate_limited: other' WHERE id = %s", one.id);
    await page.getByRole("button", { name: /Clear backoff for 1/ }).click();
    await page.getByRole("alert").first().waitFor();
    assert.match(await page.getByRole("alert").first().innerText(), /has changed since the preview/);
    assert.deepEqual(await sql("SELECT 1 FROM calendar_operator_actions WHERE reason = 'too late'"), []);
  },

  async "a bulk action is stopped"(keep) {
    await sql("INSERT INTO profiles (email) VALUES ('many@stopping.example')");
    const owner = await row("SELECT id::text FROM profiles WHERE email = 'many@stopping.example'");
    await sql(
      `INSERT INTO external_calendar_connections (provider_id, provider, provider_user_id, sync_enabled)
       SELECT %s, 'nobody', 'stopping ' || n, true FROM generate_series(1, 5000) AS n`, owner.id);
    const { page } = keep(await operator());
    await page.goto(`${root}/admin/bulk/new?provider_id=${owner.id}&action=disable&cap=10000`);
    assert.match(await page.locator("main").innerText(), /5000 connections/);
    await page.getByLabel("Reason").fill("a mistake");
    await page.getByRole("button", { name: "Disable for 5000 connections" }).click();
    await page.getByRole("button", { name: "Stop" }).click();
    const id = page.url().match(/bulk\/([0-9a-f-]{36})/)[1];
    const bulk = () => row("SELECT state, touched, stopped_by FROM calendar_bulk_actions WHERE id = %s", id);
    const over = await until(async () => { const now = await bulk(); return now.state === "stopped" ? now : null; }, "it has stopped");
    assert.equal(over.stopped_by, "oncall");
    assert.ok(over.touched < 5000, over.touched);
    const disabled = await row("SELECT count(*)::int AS there FROM external_calendar_connections WHERE provider_id = %s AND NOT sync_enabled", owner.id);
    assert.equal(disabled.there, over.touched);
    await page.goto(`${root}/admin/bulk/${id}`);
    assert.match(await page.locator("#bulk").innerText(), /stopped/);
    assert.equal(await page.getByRole("button", { name: "Stop" }).count(), 0);
    await sql("DELETE FROM external_calendar_connections WHERE provider_id = %s", owner.id);
  },
};
