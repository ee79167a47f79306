/**
 * Espalier inside an HTTP service: a store, a cache and two procedures under one supervisor.
 *
 *   node examples/embed.mjs          serves until Ctrl-C
 *   node examples/embed.mjs --once   tries itself and ends
 *
 *   curl -X PUT -d '{"name":"hammer"}' http://127.0.0.1:PORT/items/17
 *   curl http://127.0.0.1:PORT/items/17
 *
 * The tree below the node, beside the mesh's own actors:
 *
 *   handlers
 *   ├── items.get    asks the cache
 *   └── items.put    served by the store
 *   app
 *   └── items        restForOne: a new store has a new cache; a new cache leaves the store alone
 *       ├── store    owns the file; whoever restarts it loses nothing
 *       └── cache    remembers what was read
 *
 * Each of them may crash or be killed at any time. What was in flight there fails with a tag that becomes a 5xx,
 * the next request is served.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { existsSync, readFileSync, realpathSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { err, isNotFound, server, startNode } from 'espalier';
import {
  createRuntime,
  NameScope,
  noReply,
  reply,
  seconds,
  ServerRef,
  supervisor,
  worker,
} from 'espalier/otp';

/** Owns the items and their file. A write is on disk before it is answered. */
const storeServer = {
  label: 'store',
  init: ({ file, cache }) => ({
    file,
    cache,
    items: existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {},
  }),
  handleCall: {
    get: ({ id }, state) => reply(state.items[id] ?? null, state),
    put: ({ id, item }, state) => {
      if (typeof id !== 'string' || id === '__proto__') return reply(err('invalid_id'), state);
      const items = { ...state.items, [id]: item };
      writeFileSync(`${state.file}.new`, JSON.stringify(items));
      renameSync(`${state.file}.new`, state.file);
      state.cache.cast('forget', id);
      return reply({ id, item }, { ...state, items });
    },
  },
};

/** Remembers what the store answered. It holds nothing that could be lost. */
const cacheServer = {
  label: 'cache',
  init: ({ store }) => ({ store, seen: new Map() }),
  handleCall: {
    get: async ({ id }, state) => {
      if (!state.seen.has(id)) state.seen.set(id, await state.store.call('get', { id }));
      return reply(state.seen.get(id), state);
    },
  },
  handleCast: {
    forget: (id, state) => {
      state.seen.delete(id);
      return noReply(state);
    },
  },
};

/** Starts the service. `port` 0 takes a free one. */
export async function startService({ port = 0, file, logger }) {
  const runtime = createRuntime(logger === undefined ? {} : { logger });
  const scope = new NameScope();
  // by name: a reference outlives the process behind it
  const store = new ServerRef(runtime, { scope, name: 'store' });
  const cache = new ServerRef(runtime, { scope, name: 'cache' });
  const node = await startNode({
    listen: '127.0.0.1:0',
    runtime,
    children: [
      supervisor('items', {
        strategy: 'restForOne',
        intensity: 5,
        period: seconds(10),
        children: [
          worker('store', storeServer, { file, cache }, { scope }),
          worker('cache', cacheServer, { store }, { scope }),
        ],
      }),
    ],
  });
  const http = createServer((request, response) => {
    answer(node, request).then(
      ({ status, body }) => send(response, status, body),
      () => send(response, 500, { error: 'internal' }),
    );
  });
  try {
    await node.advertise(
      'items.get',
      async ({ id }) => (await cache.call('get', { id })) ?? err('no_such_item'),
    );
    await node.advertise('items.put', server(store, { tag: 'put' }));
    await new Promise((resolve, reject) => {
      http.once('error', reject);
      http.listen(port, '127.0.0.1', resolve);
    });
  } catch (error) {
    await node.close();
    throw error;
  }
  const close = async () => {
    // first no new requests, then what is in flight, then the actors in reverse order
    await new Promise((resolve) => {
      http.close(resolve);
      http.closeIdleConnections();
    });
    await node.close();
  };
  return { url: `http://127.0.0.1:${http.address().port}`, node, runtime, scope, close };
}

/** One HTTP request as one call. */
async function answer(node, request) {
  const [, id] = /^\/items\/([\w-]{1,64})$/.exec(request.url ?? '') ?? [];
  if (id === undefined) return { status: 404, body: { error: 'no_such_page' } };
  if (request.method === 'GET') return outcome(await node.tryCall('items.get', { id }));
  if (request.method !== 'PUT') return { status: 405, body: { error: 'method_not_allowed' } };
  const item = await bodyOf(request);
  if (item === undefined) return { status: 400, body: { error: 'not_json' } };
  return outcome(await node.tryCall('items.put', { id, item }));
}

/** What a failure means to a browser. The tag is public, everything else is ours. */
function outcome(result) {
  if (result.ok) return { status: 200, body: result.value };
  const { failure } = result.error;
  if (failure.tag === 'handler_error') {
    return { status: failure.reason === 'no_such_item' ? 404 : 422, body: { error: failure.reason } };
  }
  if (failure.tag === 'timeout') return { status: 504, body: { error: failure.tag } };
  const busy = isNotFound(result.error) || failure.tag === 'overloaded' || failure.tag === 'connection_error';
  return { status: busy ? 503 : 500, body: { error: failure.tag } };
}

/** The body as JSON; undefined when it is none, or too long. */
async function bodyOf(request) {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk;
    if (text.length > 65_536) return undefined;
  }
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function send(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

/** Tries the service as a client would. */
async function exercise(url) {
  const item = await fetch(`${url}/items/17`, { method: 'PUT', body: '{"name":"hammer"}' });
  console.log('put', item.status, await item.json());
  const found = await fetch(`${url}/items/17`);
  console.log('get', found.status, await found.json());
  const missing = await fetch(`${url}/items/18`);
  console.log('get', missing.status, await missing.json());
  if (item.status !== 200 || found.status !== 200 || missing.status !== 404) process.exitCode = 1;
}

async function main() {
  // before anything is served: a signal may come at any moment
  const interrupted = new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM']) process.once(name, resolve);
  });
  const directory = await mkdtemp(join(tmpdir(), 'espalier-embed-'));
  try {
    const service = await startService({ file: join(directory, 'items.json') });
    try {
      console.log(`serving ${service.url}/items/ID`);
      if (process.argv.includes('--once')) await exercise(service.url);
      else await interrupted;
    } finally {
      await service.close();
    }
  } finally {
    await rm(directory, { recursive: true });
  }
}

if (import.meta.url === pathToFileURL(realpathSync(process.argv[1] ?? '.')).href) await main();
