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

let relays: Relays;
let got: string[];

const via = (more: Partial<Link>): Link =>
  ({ observed: STATION, proven: STATION, paths: [], ...more }) as Link;
const wrapped = (from: PhysicalAddress): Wrapped => ({
  session: Buffer.from(SESSION).toString('latin1'),
  from,
  size: 100,
  unwrap: () => got.push('unwrapped'),
  pass: () => got.push('passed'),
  drop: (reason) => got.push(reason),
});

beforeEach(() => {
  relays = new Relays(new EventQueue(virtualClock()));
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
