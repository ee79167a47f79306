/**
 * A web application in front of the mesh: hono, a supervised client, failures as statuses, a graceful end.
 *
 *   npm install hono @hono/node-server
 *   node examples/hono-app.mjs https://127.0.0.1:9443 [8080]    serves until Ctrl-C
 *   node examples/hono-app.mjs --once                           tries itself against a node of its own and ends
 *
 *   curl http://127.0.0.1:8080/users/1
 *
 * The client is a worker below a supervisor. A connection that is lost it dials again by itself; when it ends for good
 * (refused, or killed), the supervisor makes a new one. Requests meanwhile are told 503.
 */
import { once } from 'node:events';
import { realpathSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { connect, err, isNotFound, startNode } from 'espalier';
import {
  createRuntime,
  noReply,
  reply,
  ServerRef,
  NameScope,
  startSupervisor,
  stop,
  worker,
} from 'espalier/otp';

/** Holds the client, and ends with it. */
const meshServer = {
  label: 'mesh',
  // so that it ends by `terminate` when the supervisor stops
  trapExit: true,
  init: async (url, self) => {
    const client = await connect(url, { timeout: 5_000, signal: self.signal });
    // whoever is killed does not come to `terminate`
    self.signal.addEventListener('abort', () => void client.disconnect());
    const tell = () => self.send(self.pid, 'ended');
    client.ended.then(tell, tell);
    return client;
  },
  handleCall: { client: (_none, client) => reply(client, client) },
  handleInfo: (message, client) => (message === 'ended' ? stop('lost', client) : noReply(client)),
  terminate: (_reason, client) => client.disconnect(),
};

/** What a failure is to a browser. The tag is public, everything else is ours. */
function statusOf(error) {
  const { failure } = error;
  if (failure.tag === 'handler_error') return failure.reason === 'user_not_found' ? 404 : 422;
  if (failure.tag === 'invalid_args') return 400;
  if (failure.tag === 'timeout') return 504;
  if (isNotFound(error) || failure.tag === 'overloaded' || failure.tag === 'connection_error') return 503;
  return 500;
}

/** The application: routes over a reference to the client, which outlives every client. */
function application(mesh) {
  const app = new Hono();
  app.get('/users/:id', async (context) => {
    const client = await mesh.call('client').catch(() => undefined);
    if (client === undefined) return context.json({ error: 'connection_error' }, 503);
    const traceparent = context.req.header('traceparent');
    const result = await client.tryCall(
      'users.manage',
      { action: 'get', user_id: Number(context.req.param('id')) },
      {
        timeout: 2_000,
        idempotent: true,
        // whoever leaves need not be answered
        signal: context.req.raw.signal,
        ...(traceparent === undefined ? {} : { trace: { traceparent } }),
      },
    );
    if (result.ok) return context.json(result.value);
    const { failure } = result.error;
    return context.json({ error: failure.reason ?? failure.tag }, statusOf(result.error));
  });
  return app;
}

/** `port` 0 takes a free one. */
export async function startApplication(url, port) {
  const runtime = createRuntime();
  const scope = new NameScope();
  const root = await startSupervisor(runtime, {
    strategy: 'oneForOne',
    intensity: 5,
    children: [worker('mesh', meshServer, url, { scope, restartDelay: () => 2_000, shutdown: 6_000 })],
  });
  const mesh = new ServerRef(runtime, { scope, name: 'mesh' });
  const http = serve({ fetch: application(mesh).fetch, port, hostname: '127.0.0.1' });
  // a connection that is kept alive after the last answer would hold up the end
  http.on('request', (_request, response) => {
    response.once('close', () => http.listening || http.closeIdleConnections());
  });
  await once(http, 'listening');
  const close = async () => {
    // first no new requests, then those in flight, then the client
    await new Promise((resolve) => {
      http.close(resolve);
      http.closeIdleConnections();
      // whoever has begun a request and does not end it
      setTimeout(() => http.closeAllConnections(), 5_000).unref();
    });
    await root.stop();
  };
  return { url: `http://127.0.0.1:${http.address().port}`, runtime, mesh, close };
}

/** A node with a user on it, and requests as a browser makes them. */
async function exercise() {
  const node = await startNode({ listen: '127.0.0.1:0' });
  const users = await node.advertise('users.manage', ({ user_id }) =>
    user_id === 1 ? { user_id, name: 'Alice' } : err('user_not_found'),
  );
  const { url, close } = await startApplication(node.url, 0);
  const show = async (path) => {
    const response = await fetch(`${url}${path}`);
    console.log(path, response.status, await response.json());
  };
  await show('/users/1');
  await show('/users/2');
  await users.unadvertise();
  await show('/users/1');
  await close();
  await node.close();
}

async function main() {
  if (process.argv.includes('--once')) return exercise();
  // before anything is served: a signal may come at any moment
  const interrupted = new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM']) process.once(name, resolve);
  });
  const [, , node = 'https://127.0.0.1:9443', port = '8080'] = process.argv;
  const { url, close } = await startApplication(node, Number(port));
  console.log(`serving ${url}/users/ID`);
  await interrupted;
  await close();
}

if (import.meta.url === pathToFileURL(realpathSync(process.argv[1] ?? '.')).href) await main();
