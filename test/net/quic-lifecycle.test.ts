/**
 * What opening, closing and failing leave behind: nothing.
 */
import { afterEach, describe, expect, test } from 'vitest';

import { systemRandom } from '../../src/actor/random.ts';
import { createIdentity, type Identity } from '../../src/identity/identity.ts';
import { quicTransport } from '../../src/transport/quic/transport.ts';
import {
  CloseCode,
  TransportError,
  type Endpoint,
  type EndpointOptions,
  type EndpointStats,
  type TransportFailure,
} from '../../src/transport/transport.ts';
import { LinkRecorder, StreamRecorder } from '../transport/recorder.ts';
import { openSockets, quicBench, until } from './quic-bench.ts';

const bench = quicBench();
const endpoints: Endpoint[] = [];

afterEach(async () => {
  await Promise.all(endpoints.splice(0).map((endpoint) => endpoint.close()));
  bench.empty();
  await until(() => openSockets() === 0);
});

const open = async (options: Partial<EndpointOptions> = {}): Promise<Endpoint> => {
  const endpoint = await bench.open(options);
  endpoints.push(endpoint);
  return endpoint;
};

/** An endpoint that records its inbound links. */
const listen = async (
  options: Partial<EndpointOptions> = {},
): Promise<{ server: Endpoint; inbound: LinkRecorder[] }> => {
  const inbound: LinkRecorder[] = [];
  const server = await open({
    onLink: (link) => {
      const recorder = new LinkRecorder();
      recorder.link = link;
      inbound.push(recorder);
      return recorder;
    },
    ...options,
  });
  return { server, inbound };
};

const dial = (client: Endpoint, server: Endpoint): LinkRecorder => {
  const recorder = new LinkRecorder();
  recorder.link = client.dial({ address: server.local, protocol: 'macula' }, recorder);
  return recorder;
};

const failureOf = async (options: Partial<EndpointOptions>): Promise<TransportFailure> => {
  const error: unknown = await open(options).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(TransportError);
  return (error as TransportError).failure;
};

describe('links', () => {
  test('200 that open and close leave no link, no timer and no memory of them', async () => {
    const { server, inbound } = await listen();
    const client = await open();
    for (let count = 0; count < 200; count++) {
      const here = dial(client, server);
      await until(() => here.isOpen && inbound[count]?.isOpen === true);
      const [closer, other] = count % 2 === 0 ? [here, inbound[count]] : [inbound[count], here];
      closer?.link.close(CloseCode.normal);
      await until(() => other?.closed.length === 1 && closer?.closed.length === 1);
    }
    expect([client.stats().links, server.stats().links, server.stats().halfOpen]).toEqual([0, 0, 0]);
    expect([[...client.links], [...server.links]]).toEqual([[], []]);
    // When the last of them has drained, the endpoints hold no deadline either.
    await until(() => bench.clock.pending === 0, 1_500);
  });

  test('600 closed at once are closed in turns, and every peer hears of it', async () => {
    const { server, inbound } = await listen();
    const client = await open();
    const dialed = Array.from({ length: 600 }, () => dial(client, server));
    await until(() => dialed.every(({ isOpen }) => isOpen) && inbound.length === 600, 30_000);
    await server.close(CloseCode.shuttingDown, 'bye');
    await until(() => dialed.every(({ closed }) => closed.length === 1), 15_000);
    const told = dialed.filter(({ closed }) => closed[0]?.tag === 'remote').length;
    expect(told).toBe(600);
  });

  test('beyond the limit are not dialed and not accepted', async () => {
    const { server, inbound } = await listen({ limits: { links: 2 } });
    const client = await open({ limits: { handshakeTimeout: 300, links: 3 } });
    const dialed = [dial(client, server), dial(client, server)];
    await until(() => dialed.every(({ isOpen }) => isOpen) && inbound.length === 2);
    const third = dial(client, server);
    const fourth = dial(client, server);
    await until(() => third.closed.length === 1 && fourth.closed.length === 1);
    expect(third.closed[0]?.tag).toBe('handshake_timeout');
    expect(fourth.closed).toEqual([{ tag: 'transport_error', detail: 'too many links' }]);
    expect(server.stats().dropped['too_many_links']).toBeGreaterThan(0);
  });

  test('to an address that cannot be dialed close with the reason, after dial has returned', async () => {
    const client = await open();
    const reasons: Record<string, string> = {
      '::1': 'an IPv4 endpoint cannot dial an IPv6 address',
      localhost: 'host is not a numeric address',
      '': 'host is not a numeric address',
    };
    for (const [host, detail] of Object.entries(reasons)) {
      const here = new LinkRecorder();
      here.link = client.dial({ address: { host, port: 4_433 }, protocol: 'macula' }, here);
      expect([here.link.state, here.log]).toEqual(['closed', []]);
      expect(here.link.openStream({} as never)).toBeUndefined();
      await until(() => here.closed.length === 1);
      expect(here.closed).toEqual([{ tag: 'transport_error', detail }]);
    }
    for (const port of [0, -1, 65_536, 1.5]) {
      const here = new LinkRecorder();
      here.link = client.dial({ address: { host: '127.0.0.1', port }, protocol: 'macula' }, here);
      await until(() => here.closed.length === 1);
      expect(here.closed[0]?.tag).toBe('transport_error');
    }
    expect(client.stats().links).toBe(0);
  });

  test('carry what the dialer says as they open in the last datagram of the handshake, which stays small', async () => {
    const { server, inbound } = await listen();
    const client = await open();
    const events = new LinkRecorder();
    const sent: EndpointStats[] = [];
    // looks as soon as it has left: on a busy machine some of it is soon sent again
    const look = (): void => {
      sent.push(client.stats());
      if (sent.at(-1)?.datagramsOut === 2) setImmediate(look);
    };
    events.hooks.onOpen = (link) => {
      link.openStream(new StreamRecorder(events.log))?.write(Buffer.alloc(200, 1));
      look();
    };
    client.dial({ address: server.local, protocol: 'macula' }, events);
    await until(() => inbound[0]?.streams[0]?.received === 200);
    // the first Initial, the same with the token of the Retry, and the answer to the listener's flight
    expect(sent.at(-1)).toMatchObject({ datagramsOut: 3, bytesOut: 3 * 1_200 });
  });

  test('whose receiver throws as they open tell the peer so, who would wait for the end of the handshake', async () => {
    const { server, inbound } = await listen();
    const client = await open();
    const events = new LinkRecorder();
    events.hooks.onOpen = () => {
      throw new Error('planted');
    };
    client.dial({ address: server.local, protocol: 'macula' }, events);
    await until(() => inbound[0]?.closed.length === 1);
    expect(inbound[0]?.closed).toMatchObject([{ tag: 'remote', code: CloseCode.internal }]);
  });

  test('run over IPv6 as over IPv4', async () => {
    const { server, inbound } = await listen({ bind: { host: '::1', port: 0 } });
    const client = await open({ bind: { host: '::1', port: 0 } });
    const here = dial(client, server);
    await until(() => here.isOpen && inbound[0]?.isOpen === true);
    expect(here.link.observed).toEqual(server.local);
    expect(inbound[0]?.link.observed).toEqual(client.local);
    const other = new LinkRecorder();
    other.link = client.dial({ address: { host: '127.0.0.1', port: 1 }, protocol: 'macula' }, other);
    await until(() => other.closed.length === 1);
    expect(other.closed[0]).toMatchObject({ detail: 'an IPv6 endpoint cannot dial an IPv4 address' });
  });
});

describe('an endpoint', () => {
  test('holds the process while it is open, and not with its timers', async () => {
    const client = await open({ limits: { handshakeTimeout: 60_000 } });
    const nowhere = new LinkRecorder();
    nowhere.link = client.dial({ address: { host: '127.0.0.1', port: 9 }, protocol: 'macula' }, nowhere);
    await until(() => client.stats().datagramsOut > 0);
    expect(openSockets()).toBe(1);
    expect([bench.clock.pending, bench.clock.held]).toEqual([1, 0]);
  });

  test('that was destroyed frees its port at once and says nothing to its peers', async () => {
    const { server, inbound } = await listen();
    const client = await open({ limits: { idleTimeout: 600 } });
    const here = dial(client, server);
    await until(() => here.isOpen && inbound[0]?.isOpen === true);
    const { local } = server;
    const { datagramsOut } = server.stats();
    server.destroy();
    expect(server.stats()).toMatchObject({ links: 0, datagramsOut });
    expect(inbound[0]?.closed).toMatchObject([{ tag: 'transport_error' }]);
    const successor = await open({ bind: local });
    expect(successor.local).toEqual(local);
    const died = bench.clock.now();
    await until(() => here.closed.length === 1);
    expect(here.closed[0]?.tag).toBe('idle_timeout');
    expect(bench.clock.now() - died).toBeLessThan(600 + 1_000);
  });

  test('that is closed has sent what was written, and resolves with nothing left', async () => {
    const { server, inbound } = await listen();
    const client = await open();
    const here = dial(client, server);
    await until(() => here.isOpen && inbound[0]?.isOpen === true);
    here.open().stream.write(new Uint8Array(700_000), true);
    await client.close();
    await until(() => inbound[0]?.closed.length === 1);
    expect(inbound[0]?.streams[0]).toMatchObject({ received: 700_000, ended: 1 });
    expect(client.stats().links).toBe(0);
  });
});

describe('open', () => {
  test('names the address that cannot be bound, and why', async () => {
    const taken = await open();
    expect(await failureOf({ bind: taken.local })).toEqual({
      tag: 'bind_failed',
      address: taken.local,
      code: 'EADDRINUSE',
    });
    expect(await failureOf({ bind: { host: '192.0.2.1', port: 0 } })).toMatchObject({
      tag: 'bind_failed',
      code: 'EADDRNOTAVAIL',
    });
  });

  test('refuses an address that is none', async () => {
    for (const bind of [
      { host: 'localhost', port: 0 },
      { host: '127.0.0.1', port: 65_536 },
      { host: '127.0.0.1', port: -1 },
    ])
      expect(await failureOf({ bind })).toMatchObject({ tag: 'invalid_option', option: 'bind' });
  });

  test('refuses limits that make no sense', async () => {
    for (const limits of [{ idleTimeout: 0 }, { streams: -1 }, { links: Number.NaN }, { queued: Infinity }])
      expect((await failureOf({ limits })).tag).toBe('invalid_option');
    expect(await failureOf({ limits: { idleTimeout: 900, keepAlive: 301 } })).toMatchObject({
      option: 'limits.keepAlive',
    });
  });

  test('refuses an identity whose parts do not belong together', async () => {
    const one = createIdentity(systemRandom, bench.clock.wall());
    const two = createIdentity(systemRandom, bench.clock.wall());
    const mixed: Partial<Identity>[] = [
      { privateKey: two.privateKey },
      { certificate: two.certificate },
      { publicKey: two.publicKey },
      { nodeId: two.nodeId },
      { certificate: new Uint8Array(10) },
    ];
    for (const part of mixed)
      expect(await failureOf({ identity: { ...one, ...part } })).toMatchObject({
        tag: 'invalid_option',
        option: 'identity',
      });
  });

  test('without a native library names the platform and what still works', async () => {
    const cause = new Error('Failed requiring possible native bindings: …');
    const transport = quicTransport(() => Promise.reject(cause));
    const identity = createIdentity(systemRandom, bench.clock.wall());
    const error: unknown = await transport
      .open({ clock: bench.clock, random: systemRandom, identity })
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TransportError);
    const { failure, message } = error as TransportError;
    expect(failure).toMatchObject({
      tag: 'unsupported_platform',
      platform: process.platform,
      arch: process.arch,
    });
    expect(message).toContain(`${process.platform}-${process.arch}`);
    expect(message).toContain('in-memory transport');
    expect((error as Error).cause).toBe(cause);
  });
});

describe('raw datagrams', () => {
  test('that look like QUIC, or are empty, are a mistake of the caller', async () => {
    const endpoint = await open();
    for (const bytes of [Uint8Array.of(0x40), Uint8Array.of(0xc0, 1), new Uint8Array(0)])
      expect(() => {
        endpoint.sendRaw(endpoint.local, bytes);
      }).toThrow(RangeError);
  });

  test('to an address that cannot be reached are lost, not an error', async () => {
    const endpoint = await open();
    for (const host of ['::1', 'nowhere', '255.255.255.255'])
      endpoint.sendRaw({ host, port: 9 }, Uint8Array.of(1));
    expect(endpoint.stats().dropped['raw_address']).toBe(2);
  });
});
