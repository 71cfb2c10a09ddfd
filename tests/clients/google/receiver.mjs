// SPDX-License-Identifier: Apache-2.0
// A small receiver of notifications: keeps what arrives and wakes who waits for it.
import assert from "node:assert/strict";
import { createServer } from "node:http";

const arrivalLimitMs = 10000;

export class Receiver {
  messages = [];
  statuses = []; // for the next requests; afterwards 204
  #waiting = new Set();
  #server = createServer((request, response) => this.#take(request, response));

  async listen() {
    await new Promise((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    this.address = `http://127.0.0.1:${this.#server.address().port}/hooks/google?from=probe`;
    return this;
  }

  close() {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(resolve));
  }

  // The messages that match, as soon as there are so many of them.
  async arrived(count, matches = () => true) {
    const found = () => this.messages.filter(matches);
    if (found().length >= count) return found();
    let wake;
    let timer;
    const arrival = new Promise((resolve, reject) => {
      wake = () => found().length >= count && resolve();
      timer = setTimeout(() => reject(new assert.AssertionError({ message: `${found().length} of ${count} messages arrived` })), arrivalLimitMs);
    });
    this.#waiting.add(wake);
    try {
      await arrival;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(wake);
    }
    return found();
  }

  #take(request, response) {
    let body = "";
    request.on("data", (part) => { body += part; });
    request.on("end", () => {
      const { headers, method, url } = request;
      const status = this.statuses.shift() ?? 204;
      this.messages.push({
        method, url, headers, body, status, at: performance.now(),
        id: headers["x-goog-channel-id"], state: headers["x-goog-resource-state"], number: Number(headers["x-goog-message-number"]) });
      response.writeHead(status).end();
      for (const wake of [...this.#waiting]) wake();
    });
  }
}

// A receiver for one step, gone when the step ends.
export async function withReceiver(act) {
  const receiver = await new Receiver().listen();
  try {
    await act(receiver);
  } finally {
    await receiver.close();
  }
}
