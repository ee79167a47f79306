import { afterEach, describe, expect, test } from 'vitest';
import { atom } from '../../src/codec/etf/atom.ts';
import { Tuple } from '../../src/codec/etf/terms.ts';
import { digestOf } from '../../src/dist/protocol/digest.ts';
import { FLAG, OURS, REQUIRED } from '../../src/dist/protocol/flags.ts';
import { writeHandshake } from '../../src/dist/protocol/handshake-messages.ts';
import { DistWorld, find, type DistNode } from './dist-world.ts';
import { dataOf, framed, PLAIN, RawPeer } from './raw-peer.ts';

let world = new DistWorld();
afterEach(async () => {
  await world.close();
  world = new DistWorld();
});

const settle = (): Promise<void> => world.clock.settle();

/** Why handshakes failed, as the log says. */
const failures = (node: DistNode): readonly unknown[] =>
  node.log.filter(({ event }) => event === 'dist.handshake_failed').map(({ reason }) => reason);

/** A node that dials somebody with bytes of its own. */
async function dialing(
  name = 'raw@host',
): Promise<{ node: DistNode; raw: RawPeer; answer: Promise<boolean> }> {
  const node = await world.node('one');
  const raw = new RawPeer('secret');
  raw.name = name;
  world.net.listening.set(name, (incoming) => raw.take(incoming.accept(raw.events) as never));
  const answer = node.dist.connect(name);
  await settle();
  return { node, raw, answer };
}

describe('who dials us', () => {
  test('with name, cookie and flags is connected', async () => {
    const node = await world.node('one');
    const raw = await world.raw(node);
    raw.introduce('raw@host');
    await settle();
    expect(raw.hear('status')).toEqual({ type: 'status', status: 'ok' });
    const asked = raw.hear('challenge');
    expect(asked).toMatchObject({
      type: 'challenge',
      name: 'one@host',
      creation: node.dist.creation,
      flags: OURS,
    });
    if (asked?.type !== 'challenge') throw new Error('no challenge');
    raw.say({ type: 'reply', challenge: 4_294_967_295, digest: digestOf('secret', asked.challenge) });
    await settle();
    expect(raw.hear('ack')).toEqual({
      type: 'ack',
      digest: Buffer.from(digestOf('secret', 4_294_967_295)),
    });
    expect(node.changes).toEqual(['up raw@host']);
  });

  test('is a hidden node to us, whatever it says of atom caches and fragments, and we say that we are one', async () => {
    const node = await world.node('one');
    const raw = await world.peer(node, 'raw@host', 0xffff_ffff_ffff_ffffn);
    expect(node.dist.nodes()).toEqual(['raw@host']);
    expect(OURS & FLAG.published).toBe(0n);
    expect(OURS & 0x802000n).toBe(0n);
    expect(raw.closed).toBeUndefined();
  });

  test('with the digest bit of OTP 25 in place of the required ones is connected', async () => {
    const node = await world.node('one');
    await world.peer(node, 'raw@host', FLAG.mandatory25);
    expect(node.dist.nodes()).toEqual(['raw@host']);
  });

  test.each(Object.entries(FLAG).filter(([, bit]) => (bit & REQUIRED) !== 0n))(
    'without the flag %s is not allowed',
    async (_name, bit) => {
      const node = await world.node('one');
      const raw = await world.raw(node);
      raw.introduce('raw@host', PLAIN & ~bit);
      await settle();
      expect(raw.hear('status')).toEqual({ type: 'status', status: 'not_allowed' });
      expect([raw.closed, failures(node)]).toEqual(['closed', ['not_capable']]);
    },
  );

  test.each([
    ['our own name', 'one@host'],
    ['a name that is not among the allowed', 'other@host'],
    ['a name that is none', 'nobody'],
    ['two hosts', 'a@b@c'],
    ['a line break in its name', 'a\nb@host'],
    ['a name too long', `${'x'.repeat(300)}@host`],
  ])('with %s is not allowed', async (_what, name) => {
    const node = await world.node('one', { allowed: (other) => other !== 'other@host' });
    const raw = await world.raw(node);
    raw.introduce(name);
    await settle();
    expect(raw.hear('status')).toEqual({ type: 'status', status: 'not_allowed' });
    expect([raw.closed, failures(node), node.changes]).toEqual(['closed', ['not_allowed'], []]);
  });

  test('and is one that we have no cookie for is refused', async () => {
    const node = await world.node('one', { cookie: (other) => (other === 'two@host' ? 'x' : undefined) });
    const raw = await world.raw(node);
    raw.introduce('raw@host');
    await settle();
    expect([raw.closed, failures(node)]).toEqual(['closed', ['not_allowed']]);
  });

  test('with a wrong cookie waits a second for nothing; others are not held up, and nothing crashes', async () => {
    const node = await world.node('one');
    const raw = await world.raw(node);
    raw.introduce('raw@host');
    await settle();
    raw.hear('status');
    const asked = raw.hear('challenge');
    raw.reply(asked?.type === 'challenge' ? asked.challenge : 0, 'guess');
    await settle();
    const heard = raw.received;
    await world.peer(node, 'friend@host');
    await world.clock.advance(999);
    expect(raw.closed).toBeUndefined();
    // what it goes on to say is not even taken
    raw.write(Buffer.alloc(65_536));
    await settle();
    expect(raw.stream.queued).toBe(65_536);
    await world.clock.advance(1);
    expect([raw.closed, raw.received]).toEqual(['closed', heard]);
    expect([node.changes, failures(node)]).toEqual([['up friend@host'], ['wrong_cookie']]);
    expect(node.reports.filter(({ tag }) => tag === 'crash')).toEqual([]);
  });

  test('in the old way is told that it is not allowed', async () => {
    const node = await world.node('one');
    const raw = await world.raw(node);
    raw.write(
      framed(2, Buffer.concat([Buffer.from([0x6e, 0, 5, 0, 7, 0xff, 0xfd]), Buffer.from('raw@host')])),
    );
    await settle();
    expect(raw.hear('status')).toEqual({ type: 'status', status: 'not_allowed' });
    expect([raw.closed, failures(node)]).toEqual(['closed', ['not_capable']]);
  });

  test.each([
    ['nothing', Buffer.from([0, 0])],
    ['a page request', Buffer.from('GET / HTTP/1.1\r\n\r\n'.repeat(1_100))],
    [
      'a name without an end',
      framed(2, Buffer.from([0x4e, ...Array.from({ length: 12 }, () => 0), 0, 9, 0x61])),
    ],
    ['a reply', framed(2, writeHandshake({ type: 'reply', challenge: 1, digest: new Uint8Array(16) }))],
    ['a status', framed(2, writeHandshake({ type: 'status', status: 'ok' }))],
    [
      'a name that is no UTF-8',
      framed(2, Buffer.from([0x4e, ...Array.from({ length: 12 }, () => 255), 0, 2, 0xc0, 0x80])),
    ],
  ])('and says %s instead of its name is cut off', async (_what, bytes) => {
    const node = await world.node('one');
    const raw = await world.raw(node);
    raw.write(bytes);
    await settle();
    expect([raw.closed, raw.received, failures(node)]).toEqual(['closed', 0, ['protocol_error']]);
  });

  test('while it is connected is asked, and takes its own place only if it says so', async () => {
    const node = await world.node('one');
    const first = await world.peer(node);
    const second = await world.raw(node);
    second.introduce('raw@host');
    await settle();
    expect(second.hear('status')).toEqual({ type: 'status', status: 'alive' });
    second.say({ type: 'status', status: 'false' });
    await settle();
    expect([first.closed, second.closed, failures(node)]).toEqual([
      undefined,
      'closed',
      ['already_connected'],
    ]);
    await world.peer(node);
    expect(first.closed).toBe('closed');
    expect(node.changes).toEqual(['up raw@host', 'down raw@host replaced', 'up raw@host']);
  });

  test('and claims the name of one that is connected displaces nobody without the cookie', async () => {
    const node = await world.node('one');
    const first = await world.peer(node);
    const second = await world.raw(node);
    second.introduce('raw@host');
    await settle();
    second.hear('status');
    second.say({ type: 'status', status: 'true' });
    await settle();
    second.reply(0, 'guess');
    await world.clock.advance(10_000);
    expect([first.closed, second.closed, node.changes]).toEqual([undefined, 'closed', ['up raw@host']]);
  });
});

describe('whom we dial', () => {
  const introduced = (raw: RawPeer): void =>
    expect(raw.hear('name')).toMatchObject({ type: 'name', name: 'one@host', flags: OURS }) as void;

  async function challenged(raw: RawPeer, name = 'raw@host', flags = PLAIN): Promise<number> {
    raw.say({ type: 'challenge', flags, challenge: 17, creation: 7, name });
    await settle();
    const reply = raw.hear('reply');
    if (reply?.type !== 'reply') return -1;
    expect(reply.digest).toEqual(Buffer.from(digestOf('secret', 17)));
    return reply.challenge;
  }

  test.each(['ok', 'ok_simultaneous', 'alive'] as const)('and says %s is connected', async (status) => {
    const { node, raw, answer } = await dialing();
    introduced(raw);
    raw.say({ type: 'status', status });
    await settle();
    if (status === 'alive') expect(raw.hear('status')).toEqual({ type: 'status', status: 'true' });
    const challenge = await challenged(raw);
    raw.say({ type: 'ack', digest: digestOf('secret', challenge) });
    expect(await world.wait(answer)).toBe(true);
    expect(node.changes).toEqual(['up raw@host']);
  });

  test('and does not allow us is not connected', async () => {
    const { node, raw, answer } = await dialing();
    raw.say({ type: 'status', status: 'not_allowed' });
    expect(await world.wait(answer)).toBe(false);
    expect([raw.closed, failures(node)]).toEqual(['closed', ['not_allowed']]);
  });

  test.each(['true', 'false'] as const)('and says %s out of turn is cut off', async (status) => {
    const { node, raw, answer } = await dialing();
    raw.say({ type: 'status', status });
    expect(await world.wait(answer)).toBe(false);
    expect(failures(node)).toEqual(['protocol_error']);
  });

  test('and goes by another name is not connected', async () => {
    const { node, raw, answer } = await dialing();
    raw.say({ type: 'status', status: 'ok' });
    expect(await challenged(raw, 'other@host')).toBe(-1);
    expect(await world.wait(answer)).toBe(false);
    expect([raw.closed, failures(node)]).toEqual(['closed', ['wrong_name']]);
  });

  test('and lacks what is required is not connected', async () => {
    const { node, raw, answer } = await dialing();
    raw.say({ type: 'status', status: 'ok' });
    expect(await challenged(raw, 'raw@host', PLAIN & ~FLAG.bigCreation)).toBe(-1);
    expect(await world.wait(answer)).toBe(false);
    expect(failures(node)).toEqual(['not_capable']);
  });

  test('and proves nothing is not connected', async () => {
    const { node, raw, answer } = await dialing();
    raw.say({ type: 'status', status: 'ok' });
    const challenge = await challenged(raw);
    raw.say({ type: 'ack', digest: digestOf('guess', challenge) });
    expect(await world.wait(answer)).toBe(false);
    expect([failures(node), node.changes]).toEqual([['wrong_cookie'], []]);
  });

  test('and hangs up is not connected', async () => {
    const { node, raw, answer } = await dialing();
    raw.stream.close();
    expect(await world.wait(answer)).toBe(false);
    expect(failures(node)).toEqual(['closed']);
  });

  test('and is not there is not connected', async () => {
    const node = await world.node('one');
    expect(await world.wait(node.dist.connect('nowhere@host'))).toBe(false);
    expect(await world.wait(node.dist.ping('no name'))).toBe(false);
    expect(await world.wait(node.dist.ping('one@host'))).toBe(true);
  });
});

describe('the time for a handshake', () => {
  const STEPS: readonly (readonly [string, (raw: RawPeer) => Promise<void>])[] = [
    ['its name', async () => {}],
    [
      'its reply',
      async (raw) => {
        raw.introduce('raw@host');
        await settle();
      },
    ],
    [
      'half of its reply',
      async (raw) => {
        raw.introduce('raw@host');
        await settle();
        raw.write(Buffer.from([0, 21, 0x72, 1, 2, 3]));
        await settle();
      },
    ],
  ];

  test.each(STEPS)('ends for whoever dials and owes %s', async (_what, act) => {
    const node = await world.node('one', { setupTime: 3_000 });
    const raw = await world.raw(node);
    await act(raw);
    await world.clock.advance(2_999);
    expect(raw.closed).toBeUndefined();
    await world.clock.advance(1);
    expect([raw.closed, failures(node)]).toEqual(['closed', ['timeout']]);
  });

  test('ends for whoever is asked whether it takes its own place', async () => {
    const node = await world.node('one');
    await world.peer(node);
    const second = await world.raw(node);
    second.introduce('raw@host');
    await world.clock.advance(7_000);
    expect([second.closed, failures(node)]).toEqual(['closed', ['timeout']]);
  });

  test.each([0, 1, 2])('ends for whom we dial, after %i of its messages', async (count) => {
    const { node, raw, answer } = await dialing();
    if (count > 0) raw.say({ type: 'status', status: 'ok' });
    if (count > 1) raw.say({ type: 'challenge', flags: PLAIN, challenge: 17, creation: 7, name: 'raw@host' });
    await world.clock.advance(6_999);
    expect(raw.closed).toBeUndefined();
    await world.clock.advance(1);
    expect([await world.wait(answer), raw.closed, failures(node)]).toEqual([false, 'closed', ['timeout']]);
  });

  test('ends while the way there is looked for, though the carrier never says so', async () => {
    const node = await world.node('one');
    node.carrier.setup = () => new Promise(() => {});
    expect(await world.wait(node.dist.connect('raw@host'), 14_001)).toBe(false);
    expect(find(node.runtime, 'peer raw@host')).toBeUndefined();
  });
});

describe('bytes', () => {
  test('handed over one by one, or all at once with the first messages behind them, are a handshake and those messages', async () => {
    for (const piece of [1, 2, 3, 5, 7, 1_000]) {
      world.net.rules.piece = piece;
      const node = await world.node(`one${piece}`);
      const { inbox } = await world.actor(node, 'inbox');
      const raw = await world.raw(node);
      raw.introduce('raw@host');
      await settle();
      raw.hear('status');
      const asked = raw.hear('challenge');
      const challenge = asked?.type === 'challenge' ? asked.challenge : 0;
      const reply = writeHandshake({ type: 'reply', challenge: 1, digest: digestOf('secret', challenge) });
      const data = [1, 2, 3].map((one) =>
        framed(4, dataOf(new Tuple([6, raw.pid(), atom(''), atom('inbox')]), one)),
      );
      raw.write(Buffer.concat([framed(2, reply), ...data, new Uint8Array(4)]));
      await settle();
      expect(inbox).toEqual([1, 2, 3]);
    }
  });

  test('of the last message of a handshake and the first packet may be cut anywhere', async () => {
    const node = await world.node('one');
    const { inbox } = await world.actor(node, 'inbox');
    for (let cut = 0; cut <= 60; cut++) {
      const raw = await world.raw(node);
      raw.introduce('raw@host');
      await settle();
      raw.hear('status');
      const asked = raw.hear('challenge');
      const challenge = asked?.type === 'challenge' ? asked.challenge : 0;
      const whole = Buffer.concat([
        framed(2, writeHandshake({ type: 'reply', challenge: 1, digest: digestOf('secret', challenge) })),
        framed(4, dataOf(new Tuple([6, raw.pid(), atom(''), atom('inbox')]), cut)),
      ]);
      raw.write(whole.subarray(0, cut));
      await settle();
      raw.write(whole.subarray(cut));
      await settle();
      expect(inbox).toEqual([cut]);
      inbox.length = 0;
      raw.stream.close();
      await settle();
    }
  });

  test('behind the last message of whom we dialed are its first messages', async () => {
    const { node, raw, answer } = await dialing();
    const { inbox } = await world.actor(node, 'inbox');
    raw.say({ type: 'status', status: 'ok' });
    raw.say({ type: 'challenge', flags: PLAIN, challenge: 17, creation: 7, name: 'raw@host' });
    await settle();
    raw.hear('name');
    const reply = raw.hear('reply');
    const ack = writeHandshake({
      type: 'ack',
      digest: digestOf('secret', reply?.type === 'reply' ? reply.challenge : 0),
    });
    const data = framed(4, dataOf(new Tuple([6, raw.pid(), atom(''), atom('inbox')]), 'first'));
    raw.write(Buffer.concat([framed(2, ack), data, data]));
    expect(await world.wait(answer)).toBe(true);
    await settle();
    expect(inbox).toEqual([Buffer.from('first'), Buffer.from('first')].map((text) => new Uint8Array(text)));
  });
});

describe('strangers', () => {
  test('are 64 at most: further ones are refused, and the places come back', async () => {
    const node = await world.node('one');
    const half = [];
    for (let count = 0; count < 64; count++) half.push(await world.raw(node));
    const late = await world.raw(node);
    await settle();
    expect([late.closed, half.filter(({ closed }) => closed !== undefined)]).toEqual(['closed', []]);
    await world.clock.advance(7_000);
    expect(half.filter(({ closed }) => closed === undefined)).toEqual([]);
    await world.peer(node, 'friend@host');
    expect(node.dist.nodes()).toEqual(['friend@host']);
  });

  test('are kept no more of than a handshake takes', async () => {
    const node = await world.node('one');
    const raw = await world.raw(node);
    raw.introduce('raw@host');
    for (let round = 0; round < 200; round++) raw.write(Buffer.alloc(65_536, 0xff));
    await settle();
    expect([raw.closed, failures(node)]).toEqual(['closed', ['protocol_error']]);
    expect(raw.stream.written - raw.stream.queued).toBeLessThan(300_000);
  });
});
