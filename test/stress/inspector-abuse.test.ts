/**
 * An inspector of 5,000 busy actors, and everything at once that somebody with its token, somebody without it and a named peer can do to
 * it: its memory has a bound, it goes on answering, and nothing of it is left when they are gone (SECURITY §11, §13).
 */
import type { Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/actor/clock.ts';
import { seededRandom } from '../../src/actor/random.ts';
import { createIdentity } from '../../src/identity/identity.ts';
import { connect } from '../../src/node.ts';
import type { GenServer } from '../../src/otp/gen-server.ts';
import { noReply } from '../../src/otp/result.ts';
import { worker } from '../../src/otp/supervisor.ts';
import { debugOf } from '../../src/otp/sys-debug.ts';
import { processesOf, processOf, runtimeOf } from '../mesh-world.ts';
import { inspected, socketTo, type Inspected } from '../net/inspected.ts';
import { until } from '../net/quic-bench.ts';

const ACTORS = 5_000;
const ROUNDS = 12;
/** Bytes: of each actor for all who ask together, a few times what a tree of them is as text. */
const BOUND = 16_384 * ACTORS;

const busy: GenServer<void, number> = {
  label: 'busy',
  init: () => 0,
  handleInfo: (_message, n) => noReply(n + 1),
};

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function bytes(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

interface Attacker {
  readonly on: Inspected;
  readonly sockets: Set<Socket>;
}

/** Says that, and reads nothing. */
async function deaf({ on, sockets }: Attacker, text: string): Promise<Socket> {
  const socket = await socketTo(on.port);
  socket.on('error', () => undefined);
  socket.on('close', () => sockets.delete(socket));
  sockets.add(socket);
  socket.pause();
  socket.write(text);
  return socket;
}

const head = (on: Inspected, start: string): string =>
  `${start} HTTP/1.1\r\nHost: 127.0.0.1:${on.port}\r\nAuthorization: Bearer ${on.token}\r\n`;

function action(on: Inspected, what: object): string {
  const body = JSON.stringify(what);
  const type = 'Content-Type: application/json\r\nX-Espalier-Action: 1\r\n';
  return `${head(on, 'POST /api/actions')}${type}Content-Length: ${body.length}\r\n\r\n${body}`;
}

async function round(attacker: Attacker, n: number): Promise<void> {
  const { on } = attacker;
  const get = (path: string): string => `${head(on, `GET ${path}`)}\r\n`;
  const actor = String(processOf(on.node, `busy${n}`));
  // those before make room
  for (const socket of attacker.sockets) socket.destroy();
  await until(() => attacker.sockets.size === 0);
  for (let k = 0; k < 10; k++) await deaf(attacker, get('/api/stream?interval=100&views=rpc,peers,registry'));
  for (let k = 0; k < 10; k++) await deaf(attacker, get('/api/tree').repeat(15));
  for (let k = 0; k < 4; k++) await deaf(attacker, get('/api/crashes').repeat(15));
  // opened and left at once
  for (let k = 0; k < 100; k++) {
    const path = ['/api/stream', '/api/tree', '/metrics', '/api/views/peers'][k % 4]!;
    (await deaf(attacker, get(path))).destroy();
  }
  for (let k = 0; k < 50; k++) {
    const what = [
      { action: 'trace', id: actor, max: 1_000, ms: 60_000 },
      { action: 'call', procedure: 'no.body', args: { pad: 'x'.repeat(60_000) }, timeoutMs: 60_000 },
      { action: 'suspend', id: actor },
    ][k % 3]!;
    (await deaf(attacker, action(on, what))).destroy();
  }
  // strangers, and a session for each of a hundred links
  for (let k = 0; k < 100; k++)
    await deaf(attacker, k % 2 === 0 ? 'GET / HT' : `GET /api/tree HTTP/1.1\r\n\r\n`);
  for (let k = 0; k < 100; k++) await on.enter();
}

test('whatever is asked of it, and however little of that is read, memory has a bound and nothing is left', async () => {
  const looks = createIdentity(seededRandom('looks'), systemClock.wall());
  const on = await inspected(
    { actions: true, allow: [Buffer.from(looks.nodeId).toString('hex')] },
    {
      logLevel: 'silent',
      children: Array.from({ length: ACTORS }, (_, n) => worker(`busy${n}`, busy, undefined)),
    },
  );
  const peer = await connect(on.node.url, { identity: looks, transport: on.transport });
  const attacker: Attacker = { on, sockets: new Set() };
  const runtime = runtimeOf(on.node);
  const warnings: string[] = [];
  const warned = (warning: Error): void => void warnings.push(warning.message);
  process.on('warning', warned);
  onTestFinished(() => void process.off('warning', warned));
  const before = bytes();
  let most = 0;
  for (let n = 0; n < ROUNDS; n++) {
    await round(attacker, n);
    const asked = Array.from({ length: 200 }, () =>
      peer
        .remoteInspector()
        .node()
        .catch(() => undefined),
    );
    for (const actor of processesOf(on.node)) if (actor.label.startsWith('busy')) runtime.send(actor, n);
    await Promise.all(asked);
    expect((await on.ask('/api/node', { headers: on.bearer })).status).toBe(200);
    most = Math.max(most, bytes() - before);
  }
  console.log(`at most ${Math.round(most / 1e6)} MB more, of ${Math.round(BOUND / 1e6)}`);
  expect(most).toBeLessThan(BOUND);
  expect(warnings).toEqual([]);
  for (const socket of attacker.sockets) socket.destroy();
  await peer.disconnect();
  const traced = processesOf(on.node).reduce((sum, each) => sum + (debugOf(each)?.installed.size ?? 0), 0);
  expect(traced).toBeLessThanOrEqual(16);
  expect((await on.ask('/api/tree', { headers: on.bearer })).status).toBe(200);
});
