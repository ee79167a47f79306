/** Two nodes dial each other at the same moment: one connection stays, the same at both ends, and no call is lost. */
import { describe, expect, test } from 'vitest';
import type { Process } from '../../src/actor/process.ts';
import { childrenOf } from '../../src/actor/tree.ts';
import { startDynamicChild } from '../../src/otp/dynamic-supervisor.ts';
import { ApiCall } from '../../src/mesh/client/api-call.ts';
import { connectionSpec } from '../../src/mesh/connection/connection.ts';
import { ConnectionCore } from '../../src/mesh/connection/core.ts';
import { Close } from '../../src/mesh/connection/messages.ts';
import { hex } from '../../src/mesh/context.ts';
import type { Result } from '../../src/mesh/errors/rpc-error.ts';
import type { Standing } from '../../src/mesh/peer/standings.ts';
import type { Node } from '../../src/node.ts';
import { CloseCode, type Endpoint } from '../../src/transport/transport.ts';
import {
  closeAtEnd,
  contextOf,
  meshWorld,
  processOf,
  runtimeOf,
  told,
  type MeshWorld,
} from '../mesh-world.ts';

const SEED = process.env['ESPALIER_SEED'] ?? 'simultaneous';

function dial(from: Node, to: Node): Process {
  const context = contextOf(from);
  const { hostname, port } = new URL(to.url);
  const spec = connectionSpec({
    context,
    core: new ConnectionCore(context),
    dial: { address: { host: hostname, port: Number(port) }, expectedId: undefined },
    watcher: undefined,
  });
  const started = startDynamicChild(processOf(from, 'connections'), spec);
  if (started instanceof Promise || started.tag !== 'ok') throw new Error('did not start');
  return started.pid as Process;
}

const connections = (node: Node): Process[] => [...childrenOf(processOf(node, 'connections'))];

const ready = (node: Node, peer: Node): Standing | undefined =>
  [...contextOf(node).standings.of(peer.id)].find(({ readySince }) => readySince !== undefined);

/** A call over whatever connection is ready. */
function call(node: Node, peer: Node, results: Promise<Result>[]): void {
  const standing = ready(node, peer);
  if (standing === undefined) return;
  const { clock } = runtimeOf(node);
  results.push(
    new Promise((resolve) => {
      const made = new ApiCall(
        {
          procedure: 'who.there',
          args: {},
          timeout: 5_000,
          deadline: clock.now() + 5_000,
          caller: { nodeId: node.id, local: true },
          trace: undefined,
          fromPeer: false,
        },
        resolve,
      );
      runtimeOf(node).call(standing.process, made, 5_000);
    }),
  );
}

async function nodes(world: MeshWorld): Promise<readonly [Node, Node]> {
  // in the DHT they would find each other again by themselves
  const a = await world.node({ host: '198.18.70.1', dht: false });
  const b = await world.node({ host: '198.18.71.1', dht: false });
  closeAtEnd(world, a, b);
  for (const node of [a, b]) await node.advertise('who.there', () => node.id);
  return [a, b];
}

describe('simultaneous dial', () => {
  test(`1,000 times with random delays: one connection at both ends, no call lost (seed ${SEED})`, async () => {
    const world = meshWorld({ seed: SEED, delay: { min: 1, max: 40 } });
    const random = world.random.fork('offsets');
    const [a, b] = await nodes(world);
    let calls = 0;
    let both = 0;
    for (let round = 0; round < 1_000; round++) {
      const at = `seed ${SEED}, round ${round}`;
      const starts = [random.u32() % 160, random.u32() % 160] as const;
      const results: Promise<Result>[] = [];
      const before = contextOf(a).counters.connectionsClosed;
      for (let tick = 0; tick < 400; tick += 4) {
        for (const [index, [from, to]] of (
          [
            [a, b],
            [b, a],
          ] as const
        ).entries()) {
          const due = starts[index] ?? 0;
          // whoever has a connection has no reason to dial
          if (due >= tick && due < tick + 4 && ready(from, to) === undefined) dial(from, to);
          if (tick % 8 === 0) call(from, to, results);
        }
        await world.clock.advance(4);
      }
      const answers = await world.settle(Promise.all(results));
      expect(new Set(answers.map(told)), at).toEqual(new Set([a.id, b.id]));
      calls += answers.length;
      expect([connections(a).length, connections(b).length], at).toEqual([1, 1]);
      expect(ready(a, b)?.dialed, at).toBe(ready(b, a)?.dialed === false);
      if (contextOf(a).counters.connectionsClosed > before) both++;
      runtimeOf(a).send(connections(a)[0] as Process, new Close(CloseCode.normal));
      await world.clock.advance(200);
      expect([connections(a).length, connections(b).length], at).toEqual([0, 0]);
    }
    expect(calls).toBeGreaterThan(50_000);
    // the test means nothing unless dials met
    expect(both).toBeGreaterThan(300);
  }, 120_000);

  test.each([true, false])(
    'a node that was killed and dials again is accepted at once, whoever has the smaller id (dialer first: %s)',
    async (first) => {
      const world = meshWorld();
      const [a, b] = await nodes(world);
      const [from, to] = a.id < b.id === first ? [a, b] : [b, a];
      dial(from, to);
      await world.clock.advance(2_000);
      expect(ready(from, to)?.dialed).toBe(true);
      const identity = contextOf(to).scope.shared('identity') as never;
      contextOf(to).scope.shared<Endpoint>('endpoint')?.destroy();
      runtimeOf(to).exit(processOf(to, 'node'), 'kill');
      await world.clock.settle();
      const again = await world.node({ host: new URL(to.url).hostname, identity });
      closeAtEnd(world, again);
      dial(again, from);
      await world.clock.advance(20);
      expect(connections(from)).toHaveLength(1);
      expect(ready(from, again)).toMatchObject({ dialed: false, epoch: contextOf(again).epoch });
      expect(ready(again, from)?.dialed).toBe(true);
    },
  );

  test('the hello says that we have a connection when we have one, and that we have none when it is doubtful', async () => {
    const world = meshWorld();
    const [a, b] = await nodes(world);
    const { standings } = contextOf(a);
    const older = dial(a, b);
    const other = dial(b, b);
    expect(standings.have(b.id, other)).toBe(false);
    await world.clock.advance(2_000);
    expect(hex(Buffer.from(b.id, 'hex'))).toBe(b.id);
    expect(standings.have(b.id, other)).toBe(true);
    expect(standings.have(b.id, older)).toBe(false);
    const standing = standings.find(older);
    if (standing !== undefined) standing.doubtful = true;
    expect(standings.have(b.id, other)).toBe(false);
  });
});
