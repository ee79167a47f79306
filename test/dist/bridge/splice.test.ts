/** A connection of a local node and a tunnel, joined: what is said before an end arrives, and nothing stays behind it. */
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { splice } from '../../../src/dist/bridge/splice.ts';
import { virtualClock, type VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { plainPair, type Plain } from '../relay/duplex-pairs.ts';

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
