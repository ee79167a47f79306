/** A connection of a local node and a tunnel, joined: what is said before an end arrives, and nothing stays behind it. */
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { PARCEL, PATIENCE } from '../../../src/dist/bridge/pace.ts';
import { splice } from '../../../src/dist/bridge/splice.ts';
import { virtualClock, type VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { nursery } from '../../../src/transport/nursery.ts';
import { all, bytesOf, hashed, plainPair, poured, sha256, type Plain } from '../relay/duplex-pairs.ts';

interface Stage {
  readonly clock: VirtualClock;
  /** The local node, its connection here, the tunnel here, and the other end of that. */
  readonly erl: Plain;
  readonly local: Plain;
  readonly tunnel: Plain;
  readonly far: Plain;
}

function staged(): Stage {
  const clock = virtualClock();
  const [erl, local] = plainPair();
  const [tunnel, far] = plainPair();
  // as a socket does
  local.once('end', () => local.end());
  return { clock, erl, local, tunnel, far };
}

function spliced(): Stage {
  const stage = staged();
  splice(stage.local, stage.tunnel, stage.clock);
  return stage;
}

const settled = async (): Promise<void> => {
  for (let turns = 0; turns < 20; turns++) await turn();
};

const text = (stream: Plain): string[] => {
  const chunks: string[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk.toString()));
  stream.once('end', () => chunks.push('end'));
  return chunks;
};

test('the local node ends first: its tail arrives, and the tunnel is over when the other end has ended', async () => {
  const { erl, tunnel, far, clock } = spliced();
  const [atErl, atFar] = [text(erl), text(far)];
  erl.end('bye');
  await settled();
  expect(atFar).toEqual(['bye', 'end']);
  expect([atErl, tunnel.destroyed]).toEqual([['end'], false]);
  far.end('nobody hears that');
  await settled();
  expect([tunnel.closed, tunnel.errored, far.closed, clock.pending]).toEqual([true, null, true, 0]);
});

test('the other end ends first: its tail arrives, and both are over', async () => {
  const { erl, local, tunnel, far, clock } = spliced();
  const atErl = text(erl);
  far.resume();
  far.end('bye');
  await settled();
  expect([atErl, local.destroyed]).toEqual([['bye', 'end'], false]);
  erl.end();
  await settled();
  expect([local, tunnel, far].map(({ closed }) => closed)).toEqual([true, true, true]);
  expect(clock.pending).toBe(0);
});

test('an end that the other one does not answer is waited for 5 s', async () => {
  const { erl, tunnel, far, clock } = spliced();
  erl.resume();
  far.resume();
  erl.end();
  await settled();
  await clock.advance(4_999);
  expect(tunnel.destroyed).toBe(false);
  await clock.advance(1);
  expect(tunnel.destroyed).toBe(true);
  await settled();
  expect(clock.pending).toBe(0);
});

test('a cut of either cuts the other', async () => {
  for (const [cut, other] of [
    ['local', 'tunnel'],
    ['tunnel', 'local'],
  ] as const)
    for (const error of [undefined, new Error('cut')]) {
      const stage = spliced();
      stage[cut].destroy(error);
      await settled();
      expect([stage[other].destroyed, stage.clock.pending]).toEqual([true, 0]);
    }
});

test('one that was gone before takes the other with it', async () => {
  for (const [gone, other] of [
    ['local', 'tunnel'],
    ['tunnel', 'local'],
  ] as const) {
    const stage = staged();
    stage[gone].destroy();
    await settled();
    splice(stage.local, stage.tunnel, stage.clock);
    await settled();
    expect(stage[other].destroyed).toBe(true);
  }
});

const SMALL = 300;
/** Pieces of that size until they are fast. */
const ALONE = Math.ceil(PARCEL / SMALL);

test('small pieces that come fast travel together, and the last of them within a millisecond', async () => {
  const { erl, tunnel, far, clock } = spliced();
  const sent = bytesOf(200 * SMALL);
  const got: Buffer[] = [];
  far.on('data', (bytes: Buffer) => got.push(bytes));
  for (let at = 0; at < sent.length; at += SMALL) erl.write(sent.subarray(at, at + SMALL));
  while (erl.writableLength > 0) await turn();
  await settled();
  const together = tunnel.written.slice(ALONE - 1).map(({ length }) => length);
  expect(together.length).toBeGreaterThan(3);
  for (const length of together) expect(length).toBe(Math.ceil(PARCEL / SMALL) * SMALL);
  expect([Buffer.concat(got).length < sent.length, clock.pending]).toEqual([true, 1]);
  await clock.advance(PATIENCE);
  await settled();
  expect(Buffer.concat(got).equals(sent)).toBe(true);
  expect(clock.pending).toBe(0);
});

test('who says little waits for nothing: neither questions one at a time, nor a few at once', async () => {
  const { erl, tunnel, far, clock } = spliced();
  far.resume();
  for (let question = 0; question < 50; question++) {
    for (let at = 0; at < 4; at++) erl.write(bytesOf(SMALL));
    await settled();
    expect([tunnel.written.length, clock.pending]).toEqual([4 * (question + 1), 0]);
    await clock.advance(PATIENCE);
  }
});

test('an end goes behind what waits, and at once', async () => {
  const { erl, far, clock } = spliced();
  const sent = bytesOf(50 * SMALL);
  const got = all(far);
  for (let at = 0; at < sent.length; at += SMALL) erl.write(sent.subarray(at, at + SMALL));
  erl.end();
  far.end();
  expect((await got).equals(sent)).toBe(true);
  await settled();
  expect(clock.pending).toBe(0);
});

test('what waits for nobody any more keeps no deadline', async () => {
  const { erl, tunnel, far, clock } = spliced();
  far.resume();
  for (let pieces = 0; pieces < 40; pieces++) erl.write(bytesOf(SMALL));
  while (clock.pending === 0) await turn();
  tunnel.destroy();
  await settled();
  expect(clock.pending).toBe(0);
});

test('a tunnel that takes no more holds the local node back, and all arrives when it does again', async () => {
  const { erl, local, tunnel, far, clock } = spliced();
  const sent = bytesOf(4_194_304);
  const pouring = poured(erl, sent, [SMALL, 70_000, 5, 4_096, 1]);
  await settled();
  const before = local.readableLength + tunnel.writableLength;
  expect(before).toBeLessThan(262_144);
  await settled();
  expect(local.readableLength + tunnel.writableLength).toBe(before);
  const got = hashed(far);
  while (!erl.writableFinished) {
    await settled();
    await clock.advance(PATIENCE);
  }
  await pouring;
  expect(await got).toBe(sha256(sent));
});

test('the memory of what is read of either is counted, so that it is freed in time', async () => {
  const counted = vi.spyOn(nursery, 'received');
  const { erl, far } = spliced();
  far.resume();
  erl.resume();
  erl.write(bytesOf(1_000));
  await settled();
  far.write(bytesOf(20_000));
  await settled();
  const sizes = counted.mock.calls.map(([bytes]) => bytes);
  counted.mockRestore();
  expect(sizes).toEqual([1_000, 20_000]);
});
