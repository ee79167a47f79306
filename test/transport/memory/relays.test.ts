/** Where simulated relayed datagrams go, and from where they are taken: only where the relay has proven to be. */
import { beforeEach, describe, expect, test } from 'vitest';

import { virtualClock } from '../../../src/testing/virtual-clock.ts';
import { EventQueue } from '../../../src/transport/memory/event-queue.ts';
import { Relays } from '../../../src/transport/memory/relays.ts';
import type { Wrapped } from '../../../src/transport/memory/wrapped.ts';
import type { Link, PhysicalAddress } from '../../../src/transport/transport.ts';
import { tlsAddress } from '../../../src/transport/way.ts';

const STATION = { host: '192.0.2.1', port: 9_443 };
const VICTIM = { host: '198.51.100.9', port: 9 };
const SESSION = new Uint8Array(16).fill(0xaa);

let links: Link[];
let relays: Relays;
let got: string[];

const via = (more: Partial<Link>): Link =>
  ({ observed: STATION, proven: STATION, paths: [], ...more }) as Link;
const wrapped = (from: PhysicalAddress): Wrapped => ({
  session: Buffer.from(SESSION).toString('latin1'),
  from,
  size: 100,
  datagram: 100,
  unwrap: () => got.push('unwrapped'),
  pass: () => got.push('passed'),
  drop: (reason) => got.push(reason),
});

beforeEach(() => {
  links = [];
  relays = new Relays(new EventQueue(virtualClock()), () => links);
  got = [];
});

describe('a relayed address', () => {
  test('leads where the relay has proven to be, and nowhere else', () => {
    const address = relays.open(SESSION, via({ observed: VICTIM }));
    expect(relays.route(address)?.to).toEqual(STATION);
    relays.open(SESSION, via({ observed: VICTIM, proven: undefined }));
    expect(relays.route(address)).toBeUndefined();
  });

  test('takes datagrams from any proven path of the link to the relay, and no other', () => {
    const paths = [{ kind: 'direct', address: tlsAddress(1), active: false, proven: true, rtt: 1 }] as const;
    relays.open(SESSION, via({ observed: VICTIM, paths }));
    for (const from of [STATION, tlsAddress(1), VICTIM]) relays.receive(wrapped(from));
    expect(got).toEqual(['unwrapped', 'unwrapped', 'relay_source']);
  });
});

describe('a relayed datagram that comes too early', () => {
  const path = { kind: 'direct', address: STATION, active: true, proven: true, rtt: undefined } as const;

  test('is held when it comes from where the peer of an open link has proven to be, and else dropped', () => {
    links = [via({ state: 'open', paths: [path, { ...path, address: VICTIM, proven: false }] })];
    for (const from of [STATION, VICTIM, { ...STATION, port: 1 }]) relays.receive(wrapped(from));
    expect(got).toEqual(['relay_unknown', 'relay_unknown']);
    links = [via({ state: 'handshaking', paths: [path] })];
    relays.receive(wrapped(STATION));
    expect(got).toHaveLength(3);
  });

  test('takes no room from those of other sources', () => {
    const others = Array.from({ length: 20 }, (_, index) => ({ host: '192.0.2.8', port: 1 + index }));
    links = [STATION, ...others].map((address) => via({ state: 'open', paths: [{ ...path, address }] }));
    const name = (index: number): string => String(index).padStart(16, '0');
    for (let index = 0; index < 30; index++)
      relays.receive({ ...wrapped(others[0] ?? STATION), session: name(index) });
    expect(got).toHaveLength(30 - 16);
    relays.receive(wrapped(STATION));
    expect(got).toHaveLength(30 - 16);
    for (const [at, other] of others.slice(1).entries())
      for (let index = 0; index < 10; index++)
        relays.receive({ ...wrapped(other), session: name(100 + 10 * at + index) });
    // 128 in all
    expect(got).toHaveLength(30 - 16 + 190 - (128 - 16 - 1));
  });
});

describe('a packet of a link', () => {
  test('that would need many datagrams is passed on as these, and lost when one of them is refused', () => {
    const asked: number[] = [];
    relays.forwarder = (_session, _from, bytes) => (asked.push(bytes) === 5 ? 'refused' : STATION);
    const large = { ...wrapped(VICTIM), size: 2_500, datagram: 1_000 };
    relays.receive(large);
    expect([asked, got]).toEqual([[1_000, 1_000, 500], ['passed']]);
    relays.receive(large);
    expect(got).toEqual(['passed', 'relay_refused']);
    expect(relays.stats()).toMatchObject({ forwarded: 1, forwardedBytes: 2_500 });
  });
});
