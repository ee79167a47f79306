/** The inspector of a dist relay over real HTTP: what it shows, and that the relay outlives it. */
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/actor/clock.ts';
import type { Process } from '../../src/actor/process.ts';
import { childrenOf } from '../../src/actor/tree.ts';
import { ndjsonLogger, silentLogger } from '../../src/actor/logger.ts';
import { Runtime } from '../../src/actor/runtime.ts';
import { startDistRelay, type DistRelayOptions } from '../../src/dist-relay.ts';
import { InspectorError } from '../../src/inspect/inspector-error.ts';
import type { ActorRow } from '../../src/inspect/row.ts';
import { startRelayClient } from '../../src/relay-client.ts';
import type { DistRelay } from '../../src/relay-handle.ts';
import { Child, endAll, espalier, MAIN } from '../cli/process.ts';
import { until } from './quic-bench.ts';

afterEach(endAll);

interface Looked {
  readonly relay: DistRelay;
  // oxlint-disable-next-line typescript/no-explicit-any
  json(path: string): Promise<any>;
  text(path: string): Promise<string>;
  act(action: object): Promise<unknown>;
}

async function looked(options: DistRelayOptions = {}): Promise<Looked> {
  const runtime = new Runtime({ logger: silentLogger });
  const relay = await startDistRelay({
    listen: '127.0.0.1:0',
    runtime,
    inspector: { actions: true },
    ...options,
  });
  onTestFinished(() => relay.close());
  const { address, token } = relay.inspector!;
  const headers = { authorization: `Bearer ${token}` };
  const ask = (path: string, init: RequestInit = { headers }): Promise<Response> =>
    fetch(`${address}${path}`, init);
  return {
    relay,
    json: async (path) => (await ask(path)).json(),
    text: async (path) => (await ask(path)).text(),
    act: async (action) => {
      const act = { ...headers, 'content-type': 'application/json', 'x-espalier-action': '1' };
      return (
        await ask('/api/actions', { method: 'POST', headers: act, body: JSON.stringify(action) })
      ).json();
    },
  };
}

const client = async (relay: DistRelay, name: string): Promise<void> => {
  const one = await startRelayClient(new Runtime({ logger: silentLogger }), relay.url, name);
  onTestFinished(() => one.close());
  await one.ready();
};
const rowsOf = async ({ json }: Looked): Promise<readonly ActorRow[]> => (await json('/api/tree')).rows;
/** While somebody watches, a row may come with the next look. */
async function idOf(on: Looked, name: string): Promise<string> {
  for (let tries = 0; tries < 1_000; tries++) {
    const row = (await rowsOf(on)).find((each) => each.name === name);
    if (row !== undefined) return row.id;
  }
  throw new Error(`no actor ${name}`);
}

describe('the inspector of a dist relay', () => {
  test('shows who it is, its tree, its clients and what is counted', async () => {
    const on = await looked();
    await client(on.relay, 'ann@mesh');
    expect(await on.json('/api/node')).toMatchObject({
      node: on.relay.url,
      role: 'relay',
      id: on.relay.id,
      views: ['relay'],
      actions: true,
    });
    expect((await rowsOf(on)).map(({ name }) => name)).toEqual([
      'relay',
      'endpoint',
      'clients',
      'client ann@mesh',
      'tunnels',
      'roles',
      'inspector',
    ]);
    const { data } = await on.json('/api/views/relay');
    expect(data).toMatchObject({ server: { identified: 1, clients: { rows: [{ name: 'ann@mesh' }] } } });
    expect(await on.text('/metrics')).toContain('espalier_relay_tunnels 0\n');
  });

  test('tells its log and crashes, and what somebody did', async () => {
    const on = await looked();
    const stream = new AbortController();
    onTestFinished(() => stream.abort());
    const { address, token } = on.relay.inspector!;
    const headers = { authorization: `Bearer ${token}` };
    const watching = await fetch(`${address}/api/stream`, { headers, signal: stream.signal });
    let heard = '';
    const reading = (async () => {
      for await (const part of watching.body!) heard += Buffer.from(part).toString();
    })().catch(() => undefined);
    await client(on.relay, 'ann@mesh');
    await until(() => heard.includes('"dist.client_identified"'));
    // an action ends in the log; a killed client leaves
    expect(await on.act({ action: 'kill', id: await idOf(on, 'client ann@mesh') })).toEqual({ ok: true });
    await until(() => heard.includes('"inspector.action"') && heard.includes('"dist.client_left"'));
    expect(await on.act({ action: 'call', procedure: 'a.b', args: {} })).toMatchObject({
      ok: false,
      error: { tag: 'not_offered' },
    });
    stream.abort();
    await reading;
  });

  test('a crash below its root is among its crashes, one of another tree of the runtime is not', async () => {
    const runtime = new Runtime({ logger: silentLogger });
    const on = await looked({ runtime });
    const other = await startDistRelay({ listen: '127.0.0.1:0', runtime });
    onTestFinished(() => other.close());
    const [own, others] = [...childrenOf(runtime)];
    for (const root of [others, own]) runtime.reportCrash(root?.firstChild as Process, new RangeError('no'));
    expect(await on.json('/api/crashes')).toMatchObject({
      crashes: [{ label: 'endpoint', path: ['relay'], reason: 'RangeError' }],
    });
    expect((await on.json('/api/crashes')) as { crashes: unknown[] }).toHaveProperty('crashes.length', 1);
  });

  test('is killed, and back at its port with its token; clients stay', async () => {
    const on = await looked();
    await client(on.relay, 'ann@mesh');
    const before = on.relay.inspector;
    const clients = await idOf(on, 'client ann@mesh');
    await on.act({ action: 'kill', id: await idOf(on, 'inspector') }).catch(() => undefined);
    const role = async (): Promise<unknown> => (await on.json('/api/node').catch(() => undefined))?.role;
    for (let tries = 0; (await role()) !== 'relay' && tries < 100; tries++);
    expect(on.relay.inspector).toEqual(before);
    expect(await idOf(on, 'client ann@mesh')).toBe(clients);
  });

  test('a port that is taken is an error of the start, and nothing is left', async () => {
    const on = await looked();
    const port = Number(new URL(on.relay.inspector!.address).port);
    const runtime = new Runtime({ logger: silentLogger });
    const second = startDistRelay({ listen: '127.0.0.1:0', runtime, inspector: { port } });
    await expect(second).rejects.toThrow(InspectorError);
    expect(runtime.firstChild).toBe(null);
  });

  test('without one it has none, and says so', async () => {
    const relay = await startDistRelay({
      listen: '127.0.0.1:0',
      logger: ndjsonLogger(systemClock, 'silent'),
    });
    onTestFinished(() => relay.close());
    expect(relay.inspector).toBe(undefined);
  });

  test.each([
    [{ port: 70_000 }, 'inspector.port'],
    [{ host: '0.0.0.0' }, 'inspector.host'],
    [{ token: 'short' }, 'inspector.token'],
    [{ actions: 1 }, 'inspector.actions'],
    [{ allow: [] }, 'allow'],
  ])('%j makes no sense', async (inspector, word) => {
    const start = startDistRelay({ listen: '127.0.0.1:0', inspector: inspector as object });
    await expect(start).rejects.toThrow(word);
  });
});

test('the command prints the link, and inspect takes it', async () => {
  const relay = espalier(['relay', '--listen', '127.0.0.1:0', '--inspector', '--json']);
  const { inspector, url } = await relay.json<{ readonly inspector: string; readonly url: string }>();
  expect(inspector).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\?t=[\w-]{32}$/);
  const { code, stdout } = await new Child([MAIN, 'inspect', '--json', '--url', inspector]).ended;
  expect(code).toBe(0);
  expect(stdout).toContain(url);
  expect((await relay.end('SIGTERM')).code).toBe(0);
  const { code: wrong, stdout: why } = await new Child([MAIN, 'relay', '--inspector-actions', '--json'])
    .ended;
  expect([wrong, JSON.parse(why)]).toMatchObject([2, { error: { details: { field: 'inspector-actions' } } }]);
});
