// SPDX-License-Identifier: Apache-2.0
// What steps ask of stand.py: rows, accounts, faults, restarts.
export const root = process.env.CALSYNC_ROOT;
export const adminToken = process.env.CALSYNC_ADMIN_TOKEN;
export const appToken = process.env.CALSYNC_APP_TOKEN;
export const pictures = process.env.CALSYNC_PICTURES;

export async function ask(what, ...values) {
  const answer = await fetch(process.env.CALSYNC_STAND, { method: "POST", body: JSON.stringify({ do: what, values }) });
  if (!answer.ok) throw new Error(`${what}: ${await answer.text()}`);
  return answer.json();
}

export const sql = (text, ...values) => ask("sql", text, values);
export const reload = async (named) => {
  const answer = await fetch(process.env.CALSYNC_STAND, { method: "POST", body: JSON.stringify({ do: "reload", named }) });
  if (!answer.ok) throw new Error(`reload: ${await answer.text()}`);
};

/** The only row; fails when there is another number of them. */
export async function row(text, ...values) {
  const rows = await sql(text, ...values);
  if (rows.length !== 1) throw new Error(`${rows.length} rows for ${text}`);
  return rows[0];
}

/** Looks until `condition` holds; the truthy answer. */
export async function until(condition, what, seconds = 15) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await condition();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
