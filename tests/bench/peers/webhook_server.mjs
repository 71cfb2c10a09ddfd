// SPDX-License-Identifier: Apache-2.0
// Push messages taken by Node's own HTTP server and pg: webhook_server.mjs each|batched --port-file FILE
// each: a look-up and an UPDATE for every message, 16 sessions. batched: while one group is being committed the next gathers.
import { createHash, timingSafeEqual } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import pg from 'pg';

const [mode, , portFile] = process.argv.slice(2);
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: mode === 'each' ? 16 : 2 });
const columns = `SELECT p.id, p.connection_id, c.provider, p.secret_hash, p.resource_id, p.state
  FROM calendar_push_channels p JOIN external_calendar_connections c ON c.id = p.connection_id WHERE `;
const wake = 'UPDATE external_calendar_connections SET sync_needed = true, last_webhook_received_at = now() WHERE ';

function authentic(channel, headers) {
  if (!channel || channel.provider !== 'google' || channel.state === 'stopped') return false;
  const given = createHash('sha256').update(headers['x-goog-channel-token'] ?? '').digest();
  return timingSafeEqual(given, Buffer.from(channel.secret_hash, 'hex')) && channel.resource_id === headers['x-goog-resource-id'];
}

async function acceptOne(headers) {
  const found = await pool.query({ name: 'find', text: columns + 'p.id = $1', values: [headers['x-goog-channel-id']] });
  if (!authentic(found.rows[0], headers)) return false;
  await pool.query({ name: 'wake', text: wake + 'id = $1', values: [found.rows[0].connection_id] });
  return true;
}

let gathered = [];
let committing = false;

function acceptBatched(headers) {
  return new Promise((resolve, reject) => {
    gathered.push({ headers, resolve, reject });
    if (!committing) commit();
  });
}

async function commit() {
  committing = true;
  while (gathered.length > 0) {
    const batch = gathered;
    gathered = [];
    try {
      const ids = [...new Set(batch.map((one) => one.headers['x-goog-channel-id']))];
      const found = await pool.query({ name: 'find', text: columns + 'p.id = ANY ($1::text[])', values: [ids] });
      const channels = new Map(found.rows.map((row) => [row.id, row]));
      const woken = new Set();
      for (const one of batch) {
        one.channel = channels.get(one.headers['x-goog-channel-id']);
        one.good = authentic(one.channel, one.headers);
        if (one.good) woken.add(one.channel.connection_id);
      }
      if (woken.size > 0) await pool.query({ name: 'wake', text: wake + 'id = ANY ($1::uuid[])', values: [[...woken].sort()] });
      for (const one of batch) one.resolve(one.good);
    } catch (error) {
      for (const one of batch) one.reject(error);
    }
  }
  committing = false;
}

const accept = mode === 'each' ? acceptOne : acceptBatched;
const server = createServer((request, response) => {
  const answer = (status, text) => {
    response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) });
    response.end(text);
  };
  if (request.method !== 'POST' || request.url !== '/api/webhooks/calendar/google') return answer(404, '{}');
  request.resume();
  accept(request.headers).then(
    (good) => answer(good ? 200 : 401, good ? '{"success":true,"result":"accepted"}' : '{"success":false}'),
    () => answer(503, '{"success":false}'));
});
server.keepAliveTimeout = 60000;
server.listen(0, '127.0.0.1', () => {
  writeFileSync(portFile + '.new', String(server.address().port));
  renameSync(portFile + '.new', portFile);
});
