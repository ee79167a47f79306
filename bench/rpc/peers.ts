/**
 * Who is measured. The order is the order inside a round.
 */
import { DIST_QUIC, DIST_TCP, FLOODED, FRESH, OURS_NAME, SMALL_DATAGRAMS } from './names.ts';
import type { PeerEntry } from './peer.ts';
import { COMMON } from './plan.ts';

/** Everything of ours in the bench `rpc`. */
export const OURS: readonly PeerEntry[] = [
  {
    name: OURS_NAME,
    note: 'mutual TLS 1.3 over QUIC, CBOR, deadline, mailbox, one child per call',
    packages: [],
    steps: COMMON,
    load: async () => (await import('./peers/espalier.ts')).espalier,
  },
  {
    name: SMALL_DATAGRAMS,
    note: 'the same with datagrams of 1,350 B, as across a network',
    packages: [],
    steps: ['inFlight', 'bigInFlight'],
    load: async () => (await import('./peers/espalier.ts')).smallDatagrams,
  },
  {
    name: FLOODED,
    note: 'the same, advertised with limits: { maxConcurrent: 4096 }',
    packages: [],
    steps: ['flood512', 'flood4096', 'bigFlood'],
    load: async () => (await import('./peers/espalier.ts')).flooded,
  },
];

/** In the bench `peer`: a connection per call. */
export const FRESHLY: PeerEntry = {
  name: FRESH,
  note: 'connect, call, disconnect for every message',
  packages: [],
  steps: ['apart'],
  load: async () => (await import('./peers/espalier.ts')).fresh,
};

/** In the bench `dist`: between two nodes of a distribution, beside the calls of the mesh. */
export const BETWEEN: readonly PeerEntry[] = [
  {
    name: DIST_QUIC,
    note: 'dist.call of a GenServer on another node: Erlang distribution over QUIC, mutual TLS 1.3',
    packages: [],
    steps: ['inFlight', 'apart', 'huge'],
    load: async () => (await import('./peers/dist.ts')).distQuic,
  },
  {
    name: DIST_TCP,
    note: 'the same over TCP, not encrypted',
    packages: [],
    steps: ['inFlight', 'apart', 'huge'],
    load: async () => (await import('./peers/dist.ts')).distTcp,
  },
];

export const PEERS: readonly PeerEntry[] = [
  {
    name: 'dgram',
    note: 'bare UDP echo: no security, no retransmission; the floor of the system calls, no competitor',
    packages: [],
    // 64 KiB and a number do not fit into a datagram
    steps: ['apart', 'together', 'inFlight'],
    load: async () => (await import('./peers/dgram.ts')).dgram,
  },
  {
    name: 'http2',
    note: 'node:http2 over TLS 1.3, a certificate on both sides, one session, a stream per call',
    packages: [],
    steps: COMMON,
    load: async () => (await import('./peers/http2.ts')).http2,
  },
  {
    name: 'grpc-js',
    note: '@grpc/grpc-js, unary calls on one channel, a certificate on both sides, no protobuf: bytes as they are',
    packages: ['@grpc/grpc-js'],
    steps: COMMON,
    load: async () => (await import('./peers/grpc-js.ts')).grpcJs(),
  },
  {
    name: 'hyperswarm',
    note: '@hyperswarm/rpc, one connection (Noise, both keys proven), its DHT of three nodes in the server process',
    packages: ['@hyperswarm/rpc', 'hyperdht'],
    steps: COMMON,
    load: async () => (await import('./peers/hyperswarm.ts')).hyperswarm(),
  },
  {
    name: 'libp2p',
    note: 'libp2p 3 over TCP with Noise and yamux, one connection, a stream per call as its protocols do',
    packages: ['libp2p', '@libp2p/tcp', '@libp2p/noise', '@libp2p/yamux', '@multiformats/multiaddr'],
    steps: COMMON,
    load: async () => (await import('./peers/libp2p.ts')).libp2p(),
  },
  {
    name: 'quic-classes',
    note: 'QUICServer and QUICClient of @matrixai/quic, a stream per call, mutual TLS 1.3 with verify callbacks',
    packages: ['@matrixai/logger'],
    steps: COMMON,
    load: async () => (await import('./peers/quic-classes.ts')).quicClasses,
  },
];

/** Whom a peer's process may be started as. */
export const ENTRIES: readonly PeerEntry[] = [...OURS, FRESHLY, ...BETWEEN, ...PEERS];
