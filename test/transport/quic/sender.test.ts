/** What the path layer says is what the sender does, packet by packet. */
import { beforeEach, describe, expect, test } from 'vitest';

import { seededRandom } from '../../../src/actor/random.ts';
import type { Paths } from '../../../src/transport/paths/paths.ts';
import { Conduct } from '../../../src/transport/quic/conduct.ts';
import { LinkPaths } from '../../../src/transport/quic/link-paths.ts';
import type { LinkHost, LinkSeed, Scheduled } from '../../../src/transport/quic/link-host.ts';
import type { Outlet } from '../../../src/transport/quic/outlet.ts';
import { Sender } from '../../../src/transport/quic/sender.ts';
import type { PhysicalAddress } from '../../../src/transport/transport.ts';
import { relayedAddress, tlsAddress } from '../../../src/transport/way.ts';

const HOME = { host: '192.0.2.1', port: 1_000 };
const RELAY = relayedAddress(new Uint8Array(16));

let packets: number;
let pings: number;
let sent: { bytes: number; to: PhysicalAddress; copy: PhysicalAddress | undefined }[];
let built: number[];
let established: boolean;

const outlet = {
  largest: (address: PhysicalAddress) => (address.port === 0 ? 1_200 : 1_350),
  reaches: () => true,
  buffer: (length: number) => Buffer.alloc(length),
  send: (bytes: number, to: PhysicalAddress, copy?: PhysicalAddress) => sent.push({ bytes, to, copy }),
  sendCopy: ({ length }: Uint8Array, to: PhysicalAddress) =>
    sent.push({ bytes: length, to, copy: undefined }),
} as unknown as Outlet;

const native = {
  send: (buffer: Buffer) => {
    built.push(buffer.length);
    return packets-- > 0 ? [buffer.length] : null;
  },
  isEstablished: () => established,
  sendAckEliciting: () => pings++,
  destinationId: () => new Uint8Array(20),
};

beforeEach(() => {
  packets = 0;
  pings = 0;
  sent = [];
  built = [];
  established = true;
});

/** What is sent when quiche has so many packets. */
function sending(paths: Partial<Paths>, count: number, fallback = false): Sender {
  packets = count;
  const seed = { native, fallback } as unknown as LinkSeed;
  const known = { heldUntil: -Infinity, address: HOME, copy: undefined, allowance: Infinity, sent: () => {} };
  return new Sender(seed, outlet, Object.assign(paths, { ...known, ...paths }) as Paths, 0);
}

describe('the sender', () => {
  test('sends nothing while what is under way must not be overtaken', () => {
    const sender = sending({ heldUntil: 10 }, 1);
    expect([sender.send(9), sent.length]).toEqual(['held', 0]);
    expect([sender.send(10), sent.length]).toEqual(['emptied', 1]);
  });

  test('sends along a second path what goes along a doubtful one, in datagrams that both carry', () => {
    const sender = sending({}, 1);
    sender.send(0);
    established = true;
    packets = 1;
    sender.send(1);
    expect(sent.at(-1)).toEqual({ bytes: 1_350, to: HOME, copy: undefined });
    const doubtful = sending({ copy: RELAY }, 0);
    doubtful.send(0);
    packets = 2;
    doubtful.send(1);
    expect(sent.slice(-2)).toEqual([
      { bytes: 1_200, to: HOME, copy: RELAY },
      { bytes: 1_200, to: HOME, copy: RELAY },
    ]);
  });

  test('sends what a path carries, as soon as it is the path', () => {
    const paths: { address: PhysicalAddress } = { address: HOME };
    const sender = sending(paths, 0);
    sender.send(0);
    packets = 1;
    sender.send(1);
    Object.assign(paths, { address: RELAY });
    packets = 1;
    sender.send(2);
    expect(sent.map(({ bytes, to }) => [bytes, to])).toEqual([
      [1_350, HOME],
      [1_200, RELAY],
    ]);
  });

  test('repeats the first datagram on another carrier, when nothing was answered', () => {
    established = false;
    const paths: { address: PhysicalAddress } = { address: HOME };
    const sender = sending(paths, 1, true);
    sender.send(0);
    Object.assign(paths, { address: tlsAddress(1) });
    sender.send(1_500);
    expect(sent.map(({ bytes, to }) => [bytes, to])).toEqual([
      [1_200, HOME],
      [1_200, tlsAddress(1)],
    ]);
  });
});

describe('the paths of a link', () => {
  test('ask for an answer at every change, once, and give the link a turn', () => {
    let turns = 0;
    const host = {
      outlet,
      random: seededRandom('paths'),
      clock: { now: () => 0 },
      turns: { touch: () => turns++ },
    };
    const seed = { native, virtual: HOME, address: HOME } as unknown as LinkSeed;
    const ways = new LinkPaths({} as Scheduled, host as unknown as LinkHost, seed, new Conduct());
    expect([ways.news(), pings]).toEqual(['none', 0]);
    ways.reroute(tlsAddress(1));
    expect([ways.news(), pings, turns]).toEqual(['switched', 1, 1]);
    expect([ways.news(), pings]).toEqual(['none', 1]);
  });
});
