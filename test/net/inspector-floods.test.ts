/** Whoever is let in, and whoever is not, may ask as much and read as little as he likes: what that costs has an end (SECURITY §13). */
import * as fc from 'fast-check';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/actor/clock.ts';
import { systemRandom } from '../../src/actor/random.ts';
import { InspectorHttp } from '../../src/inspect/http/server.ts';
import { Sessions } from '../../src/inspect/http/sessions.ts';
import type { InspectorSource } from '../../src/inspect/source.ts';
import { Watch } from '../../src/inspect/watch.ts';
import type { GenServer } from '../../src/otp/gen-server.ts';
import { connect } from '../../src/node.ts';
import { noReply } from '../../src/otp/result.ts';
import { worker } from '../../src/otp/supervisor.ts';
import { debugOf } from '../../src/otp/sys-debug.ts';
import { resume, suspend } from '../../src/otp/sys.ts';
import { processesOf, processOf, runtimeOf } from '../mesh-world.ts';
import { inspected, socketTo, type Inspected } from './inspected.ts';
import { until } from './quic-bench.ts';

const keeper: GenServer<void, number> = {
  label: 'keeper',
  init: () => 0,
  handleInfo: (_message, n) => noReply(n),
};

const many = (count: number) => Array.from({ length: count }, (_, n) => worker(`w${n}`, keeper, undefined));

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function bytes(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

type At = Pick<Inspected, 'port' | 'token'>;

const fail = (error: unknown): never => {
  throw error;
};

const get = (on: At, path: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${on.port}\r\nAuthorization: Bearer ${on.token}\r\n\r\n`;

/** One that never reads what it has asked for. */
async function deaf(on: At, text: string): Promise<Socket> {
  const socket = await socketTo(on.port);
  socket.on('error', () => undefined);
  socket.pause();
  socket.write(text);
  return socket;
}

/** Until the node has dealt with what was sent before: it answers somebody else. */
const answered = async (on: Inspected): Promise<void> =>
  expect((await on.ask('/api/node', { headers: on.bearer })).status).toBe(200);

describe('requests whose answers nobody reads', () => {
  test('hold no more than a few trees, however many are asked for', async () => {
    const on = await inspected(true, { children: many(2_000) });
    const { length } = (await on.ask('/api/tree', { headers: on.bearer })).body;
    const before = bytes();
    for (let n = 0; n < 30; n++) await deaf(on, get(on, '/api/tree').repeat(12));
    for (let n = 0; n < 20; n++) await answered(on);
    // all of it would be 360 trees
    expect(bytes() - before).toBeLessThan(30 * length);
  });

  test('are refused beyond eight, until those before are cut off because nobody reads them', async () => {
    const { clock } = runtimeOf((await inspected()).node);
    const source = {
      facts: { node: 'x' },
      views: {},
      onCrash: () => () => undefined,
      onLog: () => () => undefined,
      watch: new Watch({ clock, root: () => undefined, fault: fail }),
    };
    const rows = Array.from({ length: 20_000 }, (_, n) => ({ id: `${n}`, name: 'x'.repeat(1_000) }));
    const tree = { seq: 1, at: 0, added: rows, removed: [], changed: [] };
    Object.assign(source.watch, { tree: () => Promise.resolve(tree) });
    const http = new InspectorHttp(source as unknown as InspectorSource, {
      host: '127.0.0.1',
      port: 0,
      token: 'x'.repeat(32),
      sessions: new Sessions(),
      random: systemRandom,
      actions: false,
      page: 'none',
      clock: systemClock,
      fault: fail,
      unread: 300,
    });
    const port = await http.open();
    onTestFinished(() => http.close());
    const on = { port, token: 'x'.repeat(32) };
    for (const [path, most] of [
      ['/api/tree', 8],
      ['/api/stream', 8],
    ] as const) {
      const status = async (): Promise<number> => {
        const socket = await socketTo(port);
        socket.write(get(on, path));
        const [head] = (await once(socket, 'data')) as [Buffer];
        socket.destroy();
        return Number(head.toString().slice(9, 12));
      };
      for (let n = 0; n < most; n++) await deaf(on, get(on, path));
      expect(await status()).toBe(429);
      while ((await status()) !== 200);
    }
  });

  test('of one connection sixteen wait, then it is cut off', async () => {
    const on = await inspected();
    const cut = await on.raw(get(on, '/api/node').repeat(18));
    expect(cut.match(/HTTP\/1\.1 200/g)?.length ?? 0).toBeLessThan(16);
    const text = await on.raw(get(on, '/api/node').repeat(17));
    expect(text.match(/HTTP\/1\.1 200/g)).toHaveLength(17);
  });
});

describe('actions that nobody waits for', () => {
  test('sixteen run at once: more are refused, whoever has left meanwhile', async () => {
    const on = await inspected({ actions: true }, { children: many(1) });
    const actor = processOf(on.node, 'w0');
    const body = JSON.stringify({ action: 'trace', id: String(actor), max: 1_000, ms: 60_000 });
    const head = `POST /api/actions HTTP/1.1\r\nHost: 127.0.0.1:${on.port}\r\nAuthorization: Bearer ${on.token}\r\nContent-Type: application/json\r\nX-Espalier-Action: 1\r\nContent-Length: ${body.length}\r\n\r\n`;
    const traces = (): number => debugOf(actor)?.installed.size ?? 0;
    for (let n = 0; n < 200; n++) {
      const socket = await deaf(on, head + body);
      // some wait for their answer, some leave at once
      if (n % 2 === 0) socket.destroy();
      if (n % 10 === 9) await answered(on);
    }
    await until(() => traces() === 16);
    const refused = await on.ask('/api/actions', {
      method: 'POST',
      headers: { ...on.bearer, 'content-type': 'application/json', 'x-espalier-action': '1' },
      body,
    });
    expect([refused.status, traces()]).toEqual([429, 16]);
    runtimeOf(on.node).exit(actor, 'kill');
    await until(() => processesOf(on.node).some((each) => each.label === 'w0' && each !== actor));
    while (!(await on.act({ action: 'suspend', id: String(processOf(on.node, 'w0')) })).ok);
  });
});

describe('views', () => {
  test('are looked at once at a time, however many ask: the actors behind them are not kept busy', async () => {
    const on = await inspected();
    const pool = processOf(on.node, 'peerPool');
    await suspend(pool);
    const before = pool.queued;
    const asked = Array.from({ length: 30 }, () => on.json('/api/views/peers'));
    for (const answer of await Promise.all(asked))
      expect(JSON.stringify(answer)).toContain('has not answered');
    expect(pool.queued - before).toBeLessThan(4);
    await resume(pool);
  });
});

describe('whatever comes in', () => {
  test('a thousand requests with anything changed in them: all are answered or cut off, none is a fault, and only ours are let in', async () => {
    const on = await inspected({ actions: true }, { children: many(3) });
    const { cookie, key } = await on.enter();
    const body = '{"action":"call","procedure":"a.b","args":{"n":1}}';
    const host = `Host: 127.0.0.1:${on.port}\r\n`;
    const session = `Cookie: ${cookie}\r\nX-Espalier-Key: ${key}\r\n`;
    const whole = [
      get(on, '/api/stream?interval=100&views=rpc'),
      get(on, '/api/actor/%3C0.1%3E'),
      `GET /?t=${on.token} HTTP/1.1\r\n${host}\r\n`,
      `GET /api/tree HTTP/1.1\r\n${host}${session}Sec-Fetch-Site: same-origin\r\n\r\n`,
      `POST /api/actions HTTP/1.1\r\n${host}${session}Content-Type: application/json\r\nX-Espalier-Action: 1\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      `POST /api/actions HTTP/1.1\r\n${host}${session}Content-Type: application/json\r\nX-Espalier-Action: 1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{"a"\r\n0\r\n\r\n`,
    ];
    const change = fc.record({
      text: fc.constantFrom(...whole),
      at: fc.nat(400),
      remove: fc.nat(12),
      insert: fc.oneof(
        fc.string({ unit: 'binary', maxLength: 20 }),
        fc.constantFrom(
          '\r\n',
          '\r\n\r\n',
          '\0',
          '%00',
          '%',
          ' ',
          ':',
          ';',
          '//',
          '\\',
          'x'.repeat(20_000),
          'Host: a\r\n',
        ),
      ),
    });
    const statuses = new Set<string>();
    for (const { text, at, remove, insert } of fc.sample(change, { numRuns: 1_000, seed: 11 })) {
      const socket = await socketTo(on.port);
      socket.on('error', () => undefined);
      const first = new Promise<string>((resolve) => {
        socket.once('data', (chunk: Buffer) => resolve(chunk.toString('latin1')));
        socket.once('close', () => resolve(''));
      });
      socket.end(Buffer.from(text.slice(0, at) + insert + text.slice(at + remove), 'latin1'));
      statuses.add((await first).slice(9, 12));
      socket.destroy();
    }
    for (const status of ['200', '303', '400', '401', '421', '431']) expect(statuses).toContain(status);
    expect([...statuses].filter((status) => status.startsWith('5'))).toEqual([]);
    expect(on.lines.filter((line) => /runtime\.defect|actor\.crash/.test(line))).toEqual([]);
    await answered(on);
  });
});

describe('what clients say of themselves', () => {
  test('is told of whatever kind it is, and ends no stream and no node', async () => {
    const on = await inspected();
    const stream = await on.stream();
    await stream.first(({ event }) => event === 'snapshot');
    const client = await connect(on.node.url, { transport: on.transport });
    const metadata = { big: 2n ** 60n, bytes: new Uint8Array(3), nan: Number.NaN, many: Array(400).fill(7) };
    await client.advertise('a.b', () => 1, { metadata });
    const { data } = await stream.first(
      ({ event, data: line }) => event === 'log' && 'metadata' in line.fields,
    );
    expect(data.fields.metadata).toMatchObject({ big: '1152921504606846976', nan: null });
    expect(on.lines.filter((line) => line.includes('runtime.defect'))).toEqual([]);
    await client.disconnect();
  });
});
