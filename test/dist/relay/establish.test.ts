/** What a request for a tunnel waits for while no relay knows us: bounded, and forgotten when it is over. */
import { describe, expect, test } from 'vitest';
import { establish } from '../../../src/dist/relay/client/establish.ts';
import { makeRelayClient } from '../../../src/dist/relay/client/make-client.ts';
import type { ClientContext } from '../../../src/dist/relay/client/client-context.ts';
import { Runtime } from '../../../src/actor/runtime.ts';
import { silentLogger } from '../../../src/actor/logger.ts';
import { virtualClock, type VirtualClock } from '../../../src/testing/virtual-clock.ts';

/** A client of which nothing is started. */
function staged(): { readonly clock: VirtualClock; readonly context: ClientContext } {
  const clock = virtualClock();
  const runtime = new Runtime({ clock, logger: silentLogger });
  const relays = ['quic://198.18.60.1:4434', 'quic://198.18.60.2:4434'];
  const { context } = makeRelayClient({ runtime, relays, name: () => 'a@one' });
  return { clock, context };
}

const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'a tunnel',
    (error: { readonly failure: string }) => error.failure,
  );

describe('while no relay knows us', () => {
  test('a request that waits is told when its time is over, and nothing of it is left', async () => {
    const { clock, context } = staged();
    const { signal } = new AbortController();
    const asked = failureOf(establish(context, { target: 'b@two', deadline: 100, signal, waits: true }));
    await clock.advance(99);
    expect([context.waiting.size, clock.pending]).toEqual([1, 1]);
    await clock.advance(1);
    expect([await asked, context.waiting.size, clock.pending]).toEqual(['not_identified', 0, 0]);
  });

  test('a request that is aborted is told at once, and nothing of it is left', async () => {
    const { clock, context } = staged();
    const abort = new AbortController();
    const wanted = { target: 'b@two', deadline: 100, signal: abort.signal, waits: true };
    const asked = failureOf(establish(context, wanted));
    await clock.settle();
    abort.abort();
    expect([await asked, context.waiting.size, clock.pending]).toEqual(['aborted', 0, 0]);
    expect(await failureOf(establish(context, wanted))).toBe('aborted');
  });

  test('a relay that is lost again before it is asked is waited for again', async () => {
    const { clock, context } = staged();
    const { signal } = new AbortController();
    const asked = failureOf(establish(context, { target: 'b@two', deadline: 100, signal, waits: true }));
    await clock.advance(50);
    for (const tell of Array.from(context.waiting)) tell();
    await clock.settle();
    expect(context.waiting.size).toBe(1);
    await clock.advance(50);
    expect([await asked, context.waiting.size]).toEqual(['not_identified', 0]);
  });

  test('a request that does not wait is told at once', async () => {
    const { clock, context } = staged();
    const { signal } = new AbortController();
    const asked = failureOf(establish(context, { target: 'b@two', deadline: 100, signal, waits: false }));
    await clock.advance(0);
    expect([await asked, context.waiting.size, clock.now()]).toEqual(['not_identified', 0, 0]);
  });
});
