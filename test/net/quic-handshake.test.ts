/**
 * Handshakes that must fail: nobody is admitted, nothing is left, and good peers go on being served.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { systemRandom } from '../../src/actor/random.ts';
import { createIdentity, type Identity } from '../../src/identity/identity.ts';
import type { Endpoint } from '../../src/transport/transport.ts';
import { oversized, p256, signedByAnother } from '../identity/certificates.ts';
import { LinkRecorder } from '../transport/recorder.ts';
import { openSockets, quicBench, until } from './quic-bench.ts';
import { RawPeer, type RawOptions } from './quic-raw.ts';

/** Each kind of bad dialer comes this often. */
const ROUNDS = 20;
const TWENTY_YEARS = 20 * 31_557_600_000;

const bench = quicBench();
const now = bench.clock.wall();
const fresh = (wall: number = now): Identity => createIdentity(systemRandom, wall);
const victim = fresh();
const thief = fresh();
const foreign = p256(1, now);

let endpoint: Endpoint;
let admitted: LinkRecorder[];
let peers: RawPeer[];

beforeEach(async () => {
  admitted = [];
  peers = [];
  endpoint = await bench.open({
    limits: { handshakeTimeout: 500 },
    onLink: (link) => {
      const recorder = new LinkRecorder();
      recorder.link = link;
      admitted.push(recorder);
      return recorder;
    },
  });
});

afterEach(async () => {
  await endpoint.close();
  for (const { socket } of peers) await socket.close();
  bench.empty();
  await until(() => openSockets() === 0);
});

const dial = async (options: RawOptions): Promise<RawPeer> => {
  const peer = await RawPeer.dial(endpoint.local, options);
  peers.push(peer);
  return peer;
};

/** A dialer that answers the Retry and nothing else. */
async function dialThenFallSilent(): Promise<void> {
  const peer = await dial({ privateKey: thief.privateKey, certificates: [thief.certificate] });
  peer.socket.onDatagram = (bytes) => {
    peer.receive(bytes);
    peer.mute = true;
  };
}

/** Nothing is left of the bad dialers, and a good one is let in. */
async function unharmed(): Promise<void> {
  expect(admitted).toEqual([]);
  await until(() => endpoint.stats().links === 0);
  expect(endpoint.stats()).toMatchObject({ links: 0, halfOpen: 0 });
  expect([...endpoint.links]).toEqual([]);
  const good = fresh();
  await dial({ privateKey: good.privateKey, certificates: [good.certificate] });
  await until(() => admitted[0]?.isOpen === true);
  expect(Buffer.from(admitted[0]?.link.peer?.nodeId ?? [])).toEqual(Buffer.from(good.nodeId));
}

/** The code each dialer meets; negative where its own TLS gives up first, for want of a signature we accept. */
const BAD: Record<string, { options: () => RawOptions; code: number }> = {
  'without a certificate': { options: () => ({}), code: 372 },
  'with an expired certificate': {
    options: () => {
      const old = fresh(now - TWENTY_YEARS);
      return { privateKey: old.privateKey, certificates: [old.certificate] };
    },
    code: 301,
  },
  'with a certificate of tomorrow': {
    options: () => {
      const early = fresh(now + 86_400_000);
      return { privateKey: early.privateKey, certificates: [early.certificate] };
    },
    code: 301,
  },
  'with two certificates': {
    options: () => {
      const one = fresh();
      return { privateKey: one.privateKey, certificates: [one.certificate, victim.certificate] };
    },
    code: 298,
  },
  'with a certificate that is not self-signed': {
    options: () => {
      const one = fresh();
      return { privateKey: one.privateKey, certificates: [signedByAnother(one, thief)] };
    },
    code: 298,
  },
  'with a certificate longer than 2 KiB': {
    options: () => {
      const one = fresh();
      return { privateKey: one.privateKey, certificates: [oversized(one)] };
    },
    code: 298,
  },
  'with a P-256 key': {
    options: () => ({ privateKey: foreign.privateKey, certificates: [foreign.certificate] }),
    code: -296,
  },
  'with a stolen certificate and its own key': {
    options: () => ({ privateKey: thief.privateKey, certificates: [victim.certificate] }),
    code: 372,
  },
  'for another protocol': {
    options: () => {
      const one = fresh();
      return { privateKey: one.privateKey, certificates: [one.certificate], protocol: 'h3' };
    },
    code: 376,
  },
};

describe('an acceptor admits no dialer', () => {
  for (const [kind, { options, code }] of Object.entries(BAD)) {
    test(`${kind}, and says ${code}`, async () => {
      const codes: number[] = [];
      for (let round = 0; round < ROUNDS; round++) codes.push(await (await dial(options())).refusal());
      expect(new Set(codes)).toEqual(new Set([code]));
      await unharmed();
    });
  }

  test('that has our own identity, and says 298', async () => {
    const identity = fresh();
    const own = await bench.open({ identity, onLink: () => new LinkRecorder() });
    const peer = await RawPeer.dial(own.local, {
      privateKey: identity.privateKey,
      certificates: [identity.certificate],
    });
    peers.push(peer);
    expect(await peer.refusal()).toBe(298);
    await own.close();
  });

  test('that falls silent after the Retry: the handshake deadline frees it', async () => {
    for (let round = 0; round < ROUNDS; round++) await dialThenFallSilent();
    await until(() => endpoint.stats().halfOpen === ROUNDS);
    expect(endpoint.stats().links).toBe(ROUNDS);
    expect([...endpoint.links]).toEqual([]);
    await until(() => endpoint.stats().halfOpen === 0, 2_000);
    await unharmed();
  });

  test('beyond the half-open limit, until the earlier ones are gone', async () => {
    await endpoint.close();
    endpoint = await bench.open({
      limits: { handshakeTimeout: 300, halfOpen: 3 },
      onLink: (link) => {
        const recorder = new LinkRecorder();
        recorder.link = link;
        admitted.push(recorder);
        return recorder;
      },
    });
    for (let round = 0; round < 10; round++) await dialThenFallSilent();
    await until(() => (endpoint.stats().dropped['too_many_half_open'] ?? 0) > 0);
    expect(endpoint.stats().halfOpen).toBe(3);
    await unharmed();
  });
});

describe('a dialer opens to no acceptor', () => {
  const refusalBy = async (options: RawOptions, expectedId?: Uint8Array): Promise<LinkRecorder> => {
    const listener = await RawPeer.listen(options);
    const here = new LinkRecorder();
    const request = { address: listener.address, protocol: 'macula' } as const;
    here.link = endpoint.dial(expectedId === undefined ? request : { ...request, expectedId }, here);
    peers.push(await listener.peer);
    await until(() => here.closed.length > 0);
    expect(here.opened).toBe(0);
    return here;
  };

  test('that is not the node it dialed', async () => {
    const other = fresh();
    const here = await refusalBy(
      { privateKey: other.privateKey, certificates: [other.certificate] },
      victim.nodeId,
    );
    expect(here.closed).toMatchObject([{ tag: 'handshake_failed', code: 298, by: 'local' }]);
    // The acceptor learns it although it was not established when the dialer decided.
    expect(await peers[0]?.refusal()).toBe(298);
    await unharmed();
  });

  test('that shows the certificate of the node it dialed without its key', async () => {
    const here = await refusalBy(
      { privateKey: thief.privateKey, certificates: [victim.certificate] },
      victim.nodeId,
    );
    expect(here.closed).toMatchObject([{ tag: 'handshake_failed' }]);
    await unharmed();
  });

  test('that has a P-256 key', async () => {
    const here = await refusalBy({
      privateKey: foreign.privateKey,
      certificates: [foreign.certificate],
    });
    expect(here.closed).toMatchObject([{ tag: 'handshake_failed' }]);
    await unharmed();
  });

  test('that never answers', async () => {
    const socket = await RawPeer.listen({});
    const here = new LinkRecorder();
    here.link = endpoint.dial({ address: { host: '127.0.0.1', port: 9 }, protocol: 'macula' }, here);
    await until(() => here.closed.length > 0, 2_000);
    expect(here.log).toEqual(['close:handshake_timeout']);
    expect(here.link.state).toBe('closed');
    // Nobody came to this one; it only has to be closed.
    const visitor = new LinkRecorder();
    endpoint.dial({ address: socket.address, protocol: 'macula' }, visitor);
    peers.push(await socket.peer);
    await until(() => visitor.closed.length > 0);
    await unharmed();
  });
});
