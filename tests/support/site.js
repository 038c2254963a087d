// The page and the Worker behind one address that stays, whatever happens to the runtime or the lines.

import { once } from "node:events";
import { createReadStream, statSync } from "node:fs";
import { createServer, request as httpRequest } from "node:http";
import { connect as tcpConnect } from "node:net";
import { extname, join } from "node:path";
import { root } from "../../scripts/run.js";
import { bundle, makeFolder, remove, startWorkerd } from "./workerd.js";

/**
 * @typedef {object} Site
 * @property {string} url
 * @property {() => void} cut breaks all lines, without a word to either side
 * @property {(is: boolean) => void} reachable whether anybody gets through
 * @property {() => Promise<void>} crash ends the runtime by SIGKILL
 * @property {() => Promise<void>} start starts it again on the same storage
 * @property {(type: string, id: string) => Promise<void>} evict
 * @property {() => Promise<void>} stop
 */

const TYPES = /** @type {Record<string, string>} */ ({
  ".css": "text/css",
  ".html": "text/html",
  ".js": "text/javascript",
  ".svg": "image/svg+xml",
});

/** @returns {Promise<Site>} */
export async function startSite() {
  const worker = bundle("tests/browser/worker/wrangler.jsonc", ["unsafe_module"]);
  const storage = makeFolder();
  let workerd = await startWorkerd(worker, storage);
  let isReachable = true;
  /** @type {Set<import("node:stream").Duplex>} */
  const lines = new Set();

  const server = createServer((request, response) => {
    const file = fileOf(String(request.url));
    if (!isReachable) request.socket.destroy();
    else if (file) {
      response.setHeader("Content-Type", TYPES[extname(file)] ?? "text/plain");
      createReadStream(file).pipe(response);
    } else {
      passOn(workerd.url, request, response);
    }
  });
  server.on("upgrade", (request, client) => {
    if (isReachable) {
      const upstream = tcpConnect(Number(new URL(workerd.url).port), "127.0.0.1");
      for (const line of [client, upstream]) {
        lines.add(line);
        line.on("error", () => {});
        line.on("close", () => lines.delete(line));
      }
      client.on("close", () => upstream.destroy());
      upstream.on("close", () => client.destroy());
      const headers = Object.entries(request.headers).map(([name, value]) => `${name}: ${value}`);
      upstream.write(`GET ${request.url} HTTP/1.1\r\n${headers.join("\r\n")}\r\n\r\n`);
      client.pipe(upstream).pipe(client);
    } else {
      client.destroy();
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  const cut = () => {
    for (const line of lines) line.destroy();
  };
  return {
    url: `http://127.0.0.1:${port}`,
    cut,
    reachable(is) {
      isReachable = is;
      if (!is) cut();
    },
    crash: () => workerd.kill(),
    async start() {
      workerd = await startWorkerd(worker, storage);
    },
    async evict(type, id) {
      const { ok, status } = await fetch(`${workerd.url}/evict/${type}/${id}`);
      if (!ok) throw new Error(`an eviction failed with ${status}`);
    },
    async stop() {
      cut();
      server.closeAllConnections();
      server.close();
      await workerd.kill();
      for (const folder of [worker, storage]) remove(folder);
    },
  };
}

/**
 * @param {string} to
 * @param {import("node:http").IncomingMessage} request
 * @param {import("node:http").ServerResponse} response
 */
function passOn(to, request, response) {
  const { method, headers } = request;
  const passed = httpRequest(to + request.url, { method, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 500, answer.headers);
    answer.pipe(response);
  });
  passed.on("error", () => response.destroy());
  request.pipe(passed);
}

/** @param {string} address */
function fileOf(address) {
  const path = new URL(address, "http://site").pathname;
  const file = join(root, "demo/public", path === "/" ? "index.html" : path);
  return statSync(file, { throwIfNoEntry: false })?.isFile() ? file : undefined;
}
