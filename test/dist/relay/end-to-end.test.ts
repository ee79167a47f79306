/** The ends of a tunnel move to a connection of their own, or stay together where they are; whatever happens, no byte is lost and nothing left. */
import { describe, expect, test } from 'vitest';
import { endToEnd, type Clear } from '../../../src/dist/relay/client/end-to-end.ts';
import { TunnelError } from '../../../src/dist/relay/tunnel-error.ts';
import { CloseCode, ResetCode, type Link, type StreamEvents } from '../../../src/transport/transport.ts';
import { all, bytesOf } from './duplex-pairs.ts';
import { left, place, TIMEOUT, type Place } from './passage-place.ts';

const DEAF: StreamEvents = { onData() {}, onEnd() {}, onReset() {}, onDrain() {} };
const NOTHING = [0, 0, 0, 0, 0, 0];

const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => (error instanceof TunnelError ? error.failure : error),
  );

/** Both say something at once and end: all of it arrives. */
async function talk(at: Place, [near, far]: readonly Clear[]): Promise<void> {
  const [there, back] = [bytesOf(700_000, 'there'), bytesOf(300_000, 'back')];
  const heard = [all(near!.stream), all(far!.stream)];
  near!.stream.end(there);
  far!.stream.end(back);
  const [atNear, atFar] = await at.settle(Promise.all(heard));
  expect([atNear?.equals(back), atFar?.equals(there)]).toEqual([true, true]);
}

describe('two ends that can both', () => {
  test('speak on a connection of their own, and the tunnel hears nothing of it', async () => {
    const at = await place();
    const clear = await at.settle(Promise.all(at.begin()));
    expect(clear.map(({ link }) => link?.state)).toEqual(['open', 'open']);
    expect(clear.map(({ link }) => link?.peer?.nodeId)).toEqual([
      at.far.identity.nodeId,
      at.near.identity.nodeId,
    ]);
    await talk(at, clear);
    for (const { tunnel } of [at.near, at.far])
      expect(Buffer.concat(tunnel.written).length).toBeLessThanOrEqual(1);
    await at.pass(50);
    expect(left(at)).toEqual(NOTHING);
    expect([at.near.tunnel, at.far.tunnel].map(({ errored, closed }) => [errored, closed])).toEqual([
      [null, true],
      [null, true],
    ]);
  });

  test('whoever speaks first may be either', async () => {
    const at = await place();
    const [near, far] = await at.settle(Promise.all(at.begin()));
    far.stream.end('from the one who was asked');
    expect((await at.settle(all(near.stream))).toString()).toBe('from the one who was asked');
    near.stream.destroy();
  });
});

describe('both stay in the tunnel, and no byte of it is lost, where', () => {
  test.each([
    ['the one who asks cannot', 'near'],
    ['the one who is asked cannot', 'far'],
  ] as const)('%s', async (_, side) => {
    const at = await place();
    const clear = await at.settle(Promise.all(at.begin({ [side]: { means: undefined } })));
    expect(clear.map(({ link }) => link)).toEqual([undefined, undefined]);
    await at.pass(10);
    expect(left(at)).toEqual(NOTHING);
    await talk(at, clear);
  });

  test('the relay passes on nothing', async () => {
    const at = await place();
    at.relay.passes = false;
    const began = at.clock.now();
    const clear = await at.settle(Promise.all(at.begin()));
    expect(clear.map(({ link }) => link)).toEqual([undefined, undefined]);
    expect(at.clock.now() - began).toBeLessThanOrEqual(TIMEOUT / 2);
    await at.pass(3_000);
    expect(left(at)).toEqual(NOTHING);
    await talk(at, clear);
  });

  test('there is such a session already, as when two relays use one id', async () => {
    const at = await place();
    const { expected, session } = at.far.means;
    expect(expected.enter(session, undefined)).toBe(true);
    const clear = await at.settle(Promise.all(at.begin()));
    expect(clear.map(({ link }) => link)).toEqual([undefined, undefined]);
    await talk(at, clear);
    expect(expected.enter(session, undefined)).toBe(false);
  });

  test('what the one who asks says right behind its word comes out whole', async () => {
    const at = await place();
    const [near, far] = at.begin({ near: { means: undefined } });
    const asked = await near;
    asked.stream.end(bytesOf(100_000));
    expect((await at.settle(all((await at.settle(far)).stream))).equals(bytesOf(100_000))).toBe(true);
  });
});

describe('it fails, with nothing left, when', () => {
  test.each(['near', 'far'] as const)('the %s end is lost before it is done', async (lost) => {
    const at = await place();
    at.relay.passes = false;
    const [near, far] = at.begin();
    await at.pass(20);
    at[lost].tunnel.destroy();
    expect([await at.settle(failureOf(near)), await at.settle(failureOf(far))]).toEqual(['reset', 'reset']);
    await at.pass(50);
    expect(left(at)).toEqual(NOTHING);
  });

  test('nobody wants it any more', async () => {
    const at = await place();
    const stop = new AbortController();
    at.relay.passes = false;
    const [near, far] = at.begin({ near: { signal: stop.signal } });
    await at.pass(20);
    stop.abort();
    expect(await at.settle(failureOf(near))).toBe('aborted');
    expect(await at.settle(failureOf(far))).toBe('reset');
    await at.pass(50);
    expect(left(at)).toEqual(NOTHING);
  });

  test.each([
    ['says nothing', Buffer.alloc(0), 'timeout'],
    ['offers, and never comes', Buffer.of(1), 'timeout'],
    ['offers twice', Buffer.of(1, 1), 'reset'],
    ['says what makes no sense', Buffer.of(7), 'reset'],
    ['says that it is in use, and never comes', Buffer.of(1, 2, 2, 2), 'timeout'],
  ])('the one who asks %s', async (_, words, failure) => {
    const at = await place();
    const { clock } = at;
    const { means, tunnel } = at.far;
    const { signal } = new AbortController();
    const options = { role: 'acceptor', means, idle: 1_000, clock, timeout: TIMEOUT, signal } as const;
    const result = failureOf(endToEnd(tunnel, options));
    at.near.tunnel.write(words);
    expect(await at.settle(result)).toBe(failure);
    await at.pass(50);
    expect(left(at)).toEqual(NOTHING);
  });

  test('the other end is somebody else than it was in the tunnel', async () => {
    const at = await place();
    const means = { ...at.far.means, peerId: at.third.identity.nodeId };
    const [near, far] = at.begin({ far: { means } }).map(failureOf);
    expect(await at.settle(far as Promise<unknown>)).toBe('reset');
    // who asked may have moved by then: it learns of it there
    await at.settle(near as Promise<unknown>);
    await at.pass(50);
    expect(left(at)).toEqual(NOTHING);
  });
});

test('a stranger who comes through the session is not let in, and both stay where they are', async () => {
  const at = await place();
  at.relay.ends = [2, 1];
  const began = at.begin();
  const { endpoint, means } = at.third;
  const closed: unknown[] = [];
  endpoint.dial(
    { address: endpoint.openRelayed(means.session, means.via), protocol: 'macula-dist' },
    {
      onOpen: (link) => void link.openStream(DEAF)?.write(Buffer.of(1)),
      onStream: () => ResetCode.notAccepted,
      onCredit: () => undefined,
      onClose: (reason) => closed.push(reason),
      onFault: () => undefined,
    },
  );
  const clear = await at.settle(Promise.all(began));
  await at.pass(100);
  expect(closed).toEqual([{ tag: 'remote', code: CloseCode.refused, reason: '' }]);
  expect(clear.map(({ link }) => link)).toEqual([undefined, undefined]);
  await talk(at, clear);
});

test('a stranger to whom the relay leads the one who asks gets nothing, and both stay where they are', async () => {
  const at = await place();
  at.relay.ends = [0, 2];
  const { endpoint, means } = at.third;
  const { expected, session, via } = means;
  endpoint.openRelayed(session, via);
  let streams = 0;
  const taker = {
    onOpen: (link: Link) => link.admit(),
    onStream: () => {
      streams++;
      return DEAF;
    },
    onCredit: () => undefined,
    onClose: () => undefined,
    onFault: () => undefined,
  };
  expected.enter(session, () => taker);
  const clear = await at.settle(Promise.all(at.begin()));
  expect([streams, ...clear.map(({ link }) => link)]).toEqual([0, undefined, undefined]);
  await talk(at, clear);
});
