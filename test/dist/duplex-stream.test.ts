/** A Duplex of Node as a distribution stream: what it tells of its end, and what it does not. */
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { DuplexStream } from '../../src/dist/carriers/duplex-stream.ts';
import { TunnelError } from '../../src/dist/relay/tunnel-error.ts';
import { virtualClock, type VirtualClock } from '../../src/testing/virtual-clock.ts';
import { plainPair, type Plain } from './relay/duplex-pairs.ts';

interface Stage {
  readonly clock: VirtualClock;
  readonly near: Plain;
  readonly far: Plain;
  readonly told: string[];
  readonly open: () => DuplexStream;
}

function staged(): Stage {
  const clock = virtualClock();
  const [near, far] = plainPair();
  const told: string[] = [];
  const events = {
    onData: (bytes: Uint8Array) => told.push(Buffer.from(bytes).toString()),
    onDrain: () => told.push('drain'),
    onClosed: (reason: string) => told.push(`closed ${reason}`),
  };
  const open = (): DuplexStream =>
    new DuplexStream(near, { clock, peer: 'somebody', takenIsGone: false }, events);
  return { clock, near, far, told, open };
}

const settled = async ({ clock }: Stage): Promise<void> => {
  for (let turns = 0; turns < 20; turns++) await turn();
  await clock.settle();
};

test('one that was over before it was taken says so, once, and why', async () => {
  for (const [error, why] of [
    [undefined, 'closed'],
    [new TunnelError('reset', 'cut'), 'reset'],
    [Object.assign(new Error('gone'), { code: 'ECONNRESET' }), 'ECONNRESET'],
  ] as const) {
    const stage = staged();
    stage.near.destroy(error);
    await settled(stage);
    stage.open();
    expect(stage.told).toEqual([]);
    await settled(stage);
    expect(stage.told).toEqual([`closed ${why}`]);
  }
});

test('an end of the other half is told when all that came before was', async () => {
  const stage = staged();
  stage.open();
  stage.far.resume();
  stage.far.end('tail');
  await settled(stage);
  expect([stage.told, stage.clock.pending]).toEqual([['tail', 'closed closed'], 0]);
});

test('one that was closed here tells nothing more, whatever comes and leaves', async () => {
  const stage = staged();
  const stream = stage.open();
  stream.write(Buffer.alloc(100_000));
  stream.close();
  stage.far.resume();
  stage.far.write('nobody hears that');
  await settled(stage);
  await stage.clock.advance(5_000);
  await settled(stage);
  expect([stage.told, stage.near.closed, stage.clock.pending]).toEqual([[], true, 0]);
});
