// SPDX-License-Identifier: Apache-2.0
// A receiver of change notifications that answers validations.
import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { createServer } from "node:http";

const arrivalLimitMs = 10000;

export class Receiver {
  posts = []; // {url, body, value}
  validations = [];
  statuses = []; // of the next posts; afterwards 202
  delayMs = 0;
  answerValidation = (token, response) => response.writeHead(200, { "content-type": "text/plain" }).end(token);
  #news = new EventEmitter();
  #unanswered = 0;
  #server = createServer((request, response) => this.#take(request, response));

  async listen() {
    await new Promise((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    this.address = `http://127.0.0.1:${this.#server.address().port}/hooks/graph?c=42`;
    this.lifecycle = `http://127.0.0.1:${this.#server.address().port}/hooks/life`;
    return this;
  }

  // What has arrived is answered first: the emulator would go on with it in later steps.
  async close() {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    while (this.#unanswered > 0) await once(this.#news, "answer");
    this.#server.closeAllConnections();
    await closed;
  }

  get items() { return this.posts.flatMap((post) => post.value); }

  async arrived(count, matches = () => true) {
    const signal = AbortSignal.timeout(arrivalLimitMs);
    for (;;) {
      const found = this.items.filter(matches);
      if (found.length >= count) return found;
      await once(this.#news, "post", { signal })
        .catch(() => assert.fail(`${found.length} of ${count} items arrived`));
    }
  }

  #take(request, response) {
    let body = "";
    request.on("data", (part) => { body += part; });
    request.on("end", () => {
      const token = new URL(request.url, "http://receiver").searchParams.get("validationToken");
      if (token !== null) {
        this.validations.push({ url: request.url, token, type: request.headers["content-type"], body });
        this.answerValidation(token, response);
        return;
      }
      this.posts.push({ url: request.url, value: JSON.parse(body).value });
      this.#news.emit("post");
      this.#unanswered += 1;
      response.on("close", () => {
        this.#unanswered -= 1;
        this.#news.emit("answer");
      });
      const status = this.statuses.shift() ?? 202;
      // A slow receiver is what some steps are about.
      setTimeout(() => response.writeHead(status).end(), this.delayMs);
    });
  }
}

export async function withReceiver(act) {
  const receiver = await new Receiver().listen();
  try {
    await act(receiver);
  } finally {
    await receiver.close();
  }
}
