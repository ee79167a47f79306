/** A tunnel and the connection that its ends have moved to have one life. */
import { describe, expect, test } from 'vitest';
import type { Clear } from '../../../src/dist/relay/client/end-to-end.ts';
import { TunnelError } from '../../../src/dist/relay/tunnel-error.ts';
import { all, bytesOf, closed, take } from './duplex-pairs.ts';
import { IDLE, left, place, type Place } from './passage-place.ts';

const NOTHING = [0, 0, 0, 0, 0, 0];

interface Moved {
  readonly at: Place;
  readonly near: Clear['stream'];
  readonly far: Clear['stream'];
}

async function moved(): Promise<Moved> {
  const at = await place();
  const [near, far] = await at.settle(Promise.all(at.begin()));
  expect(near.link?.state).toBe('open');
  return { at, near: near.stream, far: far.stream };
}

const failure = (error: Error | null): unknown => (error instanceof TunnelError ? error.failure : error);

async function expectNothingLeft(at: Place): Promise<void> {
  await at.pass(100);
  expect(left(at)).toEqual(NOTHING);
  expect([at.near.tunnel.closed, at.far.tunnel.closed]).toEqual([true, true]);
}

describe('both are over, at both ends, when', () => {
  test.each(['near', 'far'] as const)('the tunnel is cut: told at the %s end', async (side) => {
    const { at, ...ends } = await moved();
    ends.near.write(bytesOf(3_000_000));
    await at.pass(5);
    at[side].tunnel.destroy();
    const both = await at.settle(Promise.all([closed(ends.near), closed(ends.far)]));
    expect(both.map(failure)).toEqual(['reset', 'reset']);
    await expectNothingLeft(at);
  });

  test.each(['near', 'far'] as const)('the %s end destroys its stream', async (side) => {
    const { at, ...ends } = await moved();
    ends.near.write(bytesOf(3_000_000));
    await at.pass(5);
    ends[side].destroy();
    const [atNear, atFar] = await at.settle(Promise.all([closed(ends.near), closed(ends.far)]));
    // what was still to be written at the near end was not
    expect([failure(atNear), failure(atFar)]).toEqual(
      side === 'near' ? ['closed', 'reset'] : ['reset', null],
    );
    await expectNothingLeft(at);
  });

  test('the connection is lost, though the tunnel is not', async () => {
    const { at, near, far } = await moved();
    at.relay.passes = false;
    far.write('never comes');
    const both = await at.settle(Promise.all([closed(near), closed(far)]));
    expect(both.map(failure)).toEqual(['reset', 'reset']);
    await expectNothingLeft(at);
  });
});

describe('an orderly end', () => {
  test('is none before all has come: a slow reader gets everything, long after the other one is done', async () => {
    const { at, near, far } = await moved();
    const bytes = bytesOf(200_000);
    near.end(bytes);
    far.end();
    expect((await at.settle(all(near))).length).toBe(0);
    await at.settle(closed(near));
    await at.pass(15_000);
    expect((await at.settle(all(far))).equals(bytes)).toBe(true);
    await at.settle(closed(far));
    expect([near.errored, far.errored]).toEqual([null, null]);
    await expectNothingLeft(at);
  });

  test('of one half leaves the other for as long as it is wanted', async () => {
    const { at, near, far } = await moved();
    near.end('question');
    expect((await at.settle(all(far))).toString()).toBe('question');
    await at.pass(5_000);
    far.write('answer');
    expect((await at.settle(take(near, 6))).toString()).toBe('answer');
    far.end();
    near.resume();
    await at.settle(closed(near));
    expect([near.errored, far.errored]).toEqual([null, null]);
    await expectNothingLeft(at);
  });

  test('an end that says it has got everything, and has not, cuts nothing of what it says itself', async () => {
    const { at, near, far } = await moved();
    at.far.tunnel.end();
    await at.pass(5);
    far.end(bytesOf(1_000_000));
    near.end();
    expect((await at.settle(all(near))).equals(bytesOf(1_000_000))).toBe(true);
  });
});

describe('the tunnel', () => {
  const heard = ({ tunnel }: Place['near']): number => Buffer.concat(tunnel.written).length;

  test('hears nothing while nothing moves', async () => {
    const { at } = await moved();
    const before = heard(at.near) + heard(at.far);
    await at.pass(2 * IDLE);
    expect(heard(at.near) + heard(at.far)).toBe(before);
  });

  test('hears now and then that it is in use, from both ends, when only one of them speaks', async () => {
    const { at, near, far } = await moved();
    far.resume();
    const before = [heard(at.near), heard(at.far)];
    for (let time = 0; time < IDLE; time += 10) {
      near.write('x');
      await at.pass(10);
    }
    for (const [index, end] of [at.near, at.far].entries()) {
      const beats = heard(end) - (before[index] as number);
      expect(beats).toBeGreaterThanOrEqual(8);
      expect(beats).toBeLessThanOrEqual(16);
    }
  });

  test('hears of it at once when something moves after a long time', async () => {
    const { at, near } = await moved();
    await at.pass(IDLE);
    const before = heard(at.near);
    near.write('x');
    await at.pass(1);
    expect(heard(at.near)).toBe(before + 1);
  });

  test('hears once more of what moved right after it was told, and of nothing else', async () => {
    const { at, near } = await moved();
    await at.pass(IDLE);
    const before = heard(at.near);
    near.write('x');
    await at.pass(IDLE / 64);
    for (let count = 0; count < 5; count++) near.write('y');
    await at.pass(1);
    expect(heard(at.near)).toBe(before + 1);
    await at.pass(IDLE / 16);
    expect(heard(at.near)).toBe(before + 2);
    await at.pass(IDLE);
    expect(heard(at.near)).toBe(before + 2);
  });

  test('may say to us what it likes: nothing of it is kept, and nothing comes out', async () => {
    const { at, near, far } = await moved();
    let said = '';
    near.on('data', (chunk: Buffer) => (said += chunk.toString()));
    for (let count = 0; count < 200; count++) {
      at.far.tunnel.write(bytesOf(100_000));
      await at.pass(1);
    }
    expect(at.near.tunnel.readableLength).toBe(0);
    far.write('heard');
    await at.pass(20);
    expect(said).toBe('heard');
  });
});
