/**
 * Who is measured. The order is the order inside a round.
 */
import type { PeerEntry } from './peer.ts';

export const OURS = 'espalier';

export const ENTRIES: readonly PeerEntry[] = [
  {
    name: OURS,
    note: 'mutual TLS 1.3 over QUIC, CBOR, deadline, mailbox, one child per call',
    packages: [],
    processes: 'pair',
    load: async () => (await import('./peers/espalier.ts')).espalier,
  },
  {
    name: 'dgram',
    note: 'bare UDP echo: no security, no retransmission; the floor of the system calls',
    packages: [],
    processes: 'pair',
    load: async () => (await import('./peers/dgram.ts')).dgram,
  },
  {
    name: 'quic-classes',
    note: 'QUICServer and QUICClient of @matrixai/quic, a stream per call, mutual TLS 1.3 with verify callbacks',
    packages: ['@matrixai/logger'],
    processes: 'pair',
    load: async () => (await import('./peers/quic-classes.ts')).quicClasses,
  },
  {
    name: 'local',
    note: 'connectLocal(node).call: no network; mailbox, deadline, one child per call, copied arguments',
    packages: [],
    processes: 'alone',
    load: async () => (await import('./peers/local.ts')).local,
  },
  {
    name: 'node-call',
    note: 'node.call: the same from the node itself',
    packages: [],
    processes: 'alone',
    load: async () => (await import('./peers/local.ts')).nodeCall,
  },
];

/** Everything of ours is measured always; only the others can be left out. */
export const isOurs = ({ name, processes }: PeerEntry): boolean => name === OURS || processes === 'alone';
