// SPDX-License-Identifier: Apache-2.0
// A calendar sync as a job of graphile-worker: sync_worker.mjs PROVIDER_ROOT QUESTIONS
// Reads the account's row, asks what changed (with QUESTIONS = 2 in its list of calendars as well), writes the row.
import { calendar } from '@googleapis/calendar';
import { OAuth2Client } from 'google-auth-library';
import { Logger, run } from 'graphile-worker';
import pg from 'pg';

const [root, questions] = process.argv.slice(2);
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 16 });

async function allPages(list, parameters) {
  for (let pageToken; ;) {
    const { data } = await list(pageToken ? { ...parameters, pageToken } : parameters);
    if (!data.nextPageToken) return data.nextSyncToken;
    pageToken = data.nextPageToken;
  }
}

async function sync({ id }) {
  const found = await pool.query({ name: 'read', text: 'SELECT email, access_token, list_token, sync_token FROM accounts WHERE id = $1', values: [id] });
  const account = found.rows[0];
  const auth = new OAuth2Client();
  auth.setCredentials({ access_token: account.access_token });
  const api = calendar({ version: 'v3', auth, rootUrl: root + '/' });
  let listToken = account.list_token;
  if (questions === '2') listToken = await allPages((given) => api.calendarList.list(given), listToken ? { syncToken: listToken } : {});
  const parameters = { calendarId: 'primary', ...(account.sync_token ? { syncToken: account.sync_token } : {}) };
  const syncToken = await allPages((given) => api.events.list(given), parameters);
  await pool.query({
    name: 'write',
    text: 'UPDATE accounts SET list_token = $2, sync_token = $3, last_synced_at = now(), error_count = 0, last_error = NULL WHERE id = $1',
    values: [id, listToken, syncToken],
  });
}

await run({
  taskList: { sync },
  noHandleSignals: true,
  preset: {
    worker: {
      connectionString: process.env.DATABASE_URL,
      concurrentJobs: 64,
      maxPoolSize: 16,
      localQueue: { size: 256 },
      completeJobBatchDelay: 5,
      failJobBatchDelay: 5,
      logger: new Logger(() => () => {}),
    },
  },
});
console.log('running');
process.on('SIGTERM', () => process.exit(0));
