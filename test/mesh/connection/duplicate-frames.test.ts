/**
 * CALL frames that come more than once: the handler runs once.
 *
 * A stream repeats nothing; a peer that is mistaken, or means it, may. Without a key a call is the same one as long as it
 * is not answered; with a key also later.
 */
import { beforeEach, describe, expect, test } from 'vitest';
import type { CallPayload } from '../../../src/codec/payloads.ts';
import type { Node } from '../../../src/node.ts';
import { closeAtEnd, contextOf, meshWorld, type MeshWorld } from '../../mesh-world.ts';
import { rawPeer, type RawPeer } from '../raw-peer.ts';

const CALLS = 1_000;
/** Of all calls, those that come twice. */
const TWICE = 0.3;
/** Virtual milliseconds a handler takes. */
const WORK = 10;

let world: MeshWorld;
let peer: RawPeer;
let node: Node;
/** How often the handler ran, by call. */
let runs: Map<number, number>;

beforeEach(async () => {
  world = meshWorld();
  node = await world.node();
  closeAtEnd(world, node);
  runs = new Map();
  const ran = ({ n }: { n: number }): number => {
    runs.set(n, (runs.get(n) ?? 0) + 1);
    return n;
  };
  const limits = { maxConcurrent: CALLS };
  await node.advertise('m.now', ran, { limits });
  await node.advertise(
    'm.slow',
    (args: { n: number }) =>
      new Promise((done) => {
        const result = ran(args);
        world.clock.setTimer(WORK, () => done(result));
      }),
    { limits },
  );
  peer = await (await rawPeer(world, node)).greeted();
});

const call = (n: number, procedure: string, isKeyed: boolean): CallPayload =>
  peer.call(procedure, { args: { n }, ...(isKeyed ? { idempotency_key: `key ${n}` } : {}) });

const send = (frame: CallPayload): void => peer.channels.rpc.send('call', frame);

/** Replies by call, and how many there were for each. */
function replies(): Map<number, number> {
  const found = new Map<number, number>();
  for (const { result } of peer.channels.rpc.of('reply'))
    found.set(result as number, (found.get(result as number) ?? 0) + 1);
  return found;
}

const numbers = (of: number): Map<number, number> =>
  new Map(Array.from({ length: CALLS }, (_, n) => [n, of]));

describe('the same CALL frame twice', () => {
  test.each([
    ['m.now', false],
    ['m.now', true],
    ['m.slow', false],
    ['m.slow', true],
  ] as const)('one behind the other, %s, with a key %s: runs once', async (procedure, isKeyed) => {
    const frame = call(7, procedure, isKeyed);
    send(frame);
    send(frame);
    await world.clock.advance(100);
    expect(runs).toEqual(new Map([[7, 1]]));
    expect(replies()).toEqual(new Map([[7, 1]]));
  });

  test('on the rpc stream and on one of its own: runs once', async () => {
    const frame = call(7, 'm.slow', false);
    send(frame);
    peer.body().send('call', frame, true);
    await world.clock.advance(100);
    expect(runs).toEqual(new Map([[7, 1]]));
  });

  test('with a key, after its answer: runs once, and has the answer again', async () => {
    const frame = call(7, 'm.now', true);
    send(frame);
    await world.clock.advance(100);
    send(frame);
    await world.clock.advance(100);
    expect(runs).toEqual(new Map([[7, 1]]));
    expect(replies()).toEqual(new Map([[7, 2]]));
  });
});

describe(`of ${CALLS} calls three of ten twice`, () => {
  test.each(['m.now', 'm.slow'])('%s, with a key or without: each runs once', async (procedure) => {
    const random = world.random.fork('duplicates');
    const keyed: CallPayload[] = [];
    let twice = 0;
    for (let n = 0; n < CALLS; n++) {
      const isKeyed = random.float() < 0.5;
      const frame = call(n, procedure, isKeyed);
      send(frame);
      if (random.float() < TWICE) {
        twice++;
        // with a key at any time, be it answered or not
        if (isKeyed) keyed.push(frame);
        else send(frame);
      }
      if (random.float() < 0.2) {
        const late = keyed.splice(Math.floor(random.float() * keyed.length), 1)[0];
        if (late !== undefined) send(late);
      }
      if (random.float() < 0.1) await world.clock.advance(random.float() * WORK);
    }
    for (const late of keyed) send(late);
    await world.clock.advance(1_000);
    expect(twice).toBeGreaterThan(0.25 * CALLS);
    expect(runs).toEqual(numbers(1));
    expect([...replies().keys()].toSorted((a, b) => a - b)).toEqual([...numbers(1).keys()]);
    expect(contextOf(node).counters.duplicateCalls).toBeGreaterThan(0.1 * CALLS);
    expect(peer.closes).toEqual([]);
  });
});
