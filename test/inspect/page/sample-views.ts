/** Views in the shape of the node's own: the page imports nothing of the node, so the compiler compares them here. */
import type { DhtView } from '../../../src/inspect/views/dht.ts';
import type { DistView } from '../../../src/inspect/views/dist.ts';
import type { ConnectionRow, PeersView } from '../../../src/inspect/views/peers.ts';
import type { NodeId, Rows } from '../../../src/inspect/views/plain.ts';
import type { RegistryView } from '../../../src/inspect/views/registry.ts';
import type { RelayView } from '../../../src/inspect/views/relay.ts';
import type { HereRow, RpcView } from '../../../src/inspect/views/rpc.ts';

/** What the node's clock says. */
export const AT = 1_795_374_000_000;

export const node = (id: string): NodeId => ({ id: id.repeat(16), short: id.repeat(4) });
export const rows = <Row>(all: readonly Row[], more = 0): Rows<Row> => ({ rows: all, more });

const here = (index: number): HereRow => ({
  kind: 'handler',
  node: node('3f9a'),
  exclusive: false,
  ttl: 300_000,
  advertisedAt: AT - 700_000,
  inFlight: index,
  load: {
    actor: '<0.6>',
    running: index,
    waiting: 0,
    served: 1_804 * (index + 1),
    crashed: index,
    refused: 0,
    maxConcurrent: 64,
    maxQueue: 256,
  },
});

export const RPC: RpcView = {
  procedures: rows(
    ['calculator.compute', 'weather.report', 'orders.submit', 'media.thumbnail'].map((procedure, index) => ({
      procedure,
      here: rows([here(index)]),
      elsewhere: index,
      called:
        index === 3
          ? null
          : {
              calls: 912 * (index + 1),
              p50: 0.9 + index,
              p99: 14 + index * 30,
              outcomes: { ok: 900 * (index + 1), timeout: 9 * index, handler_crash: 3 },
              routes: { local: 400, cache: 480, dht: 32 },
            },
    })),
  ),
  cacheHitRatio: 0.982,
  cacheHits: 48_211,
  cacheMisses: 884,
  calls: { open: 7, out: 51_233, in: 18_902, lateReplies: 2, duplicates: 0 },
};

export const REGISTRY: RegistryView = {
  cache: {
    size: 2,
    cacheHitRatio: 0.982,
    hits: 48_211,
    misses: 884,
    negativeHits: 3,
    evictions: 0,
    lookups: 9,
  },
  entries: rows([
    {
      procedure: 'orders.submit',
      negative: false,
      age: 12_000,
      left: 48_000,
      providers: rows([{ node: node('77c1'), endpoints: ['127.0.0.1:40349'], left: 240_000 }]),
    },
    { procedure: 'nothing.here', negative: true, age: 1_000, left: 4_000, providers: rows([]) },
  ]),
  interests: rows([]),
  served: 4,
  advertised: rows([{ procedure: 'calculator.compute', owner: 'node', state: 'published' }]),
  published: rows([
    {
      name: 'calculator.compute',
      kind: 'procedure',
      state: 'published',
      next: 90_000,
      keptFor: 280_000,
      tries: 0,
    },
  ]),
  publisher: { queued: 0, running: 0, unanswered: 0, pausing: false, leaving: false },
};

export const DHT: DhtView = {
  joined: true,
  alone: false,
  unreachableFor: null,
  table: {
    contacts: 61,
    capacity: 20,
    buckets: rows(
      [20, 20, 14, 5, 2].map((contacts, index) => ({ index, contacts, spares: 2, lookedUp: 40_000 })),
    ),
    known: rows(
      ['77c1', '9d02', 'be41'].map((id, index) => ({
        node: node(id),
        address: `127.0.0.1:4${index}349`,
        bucket: 4 - index,
        seen: 1_200 * (index + 1),
        rtt: 0.42 * (index + 1),
        connected: index < 2,
      })),
      58,
    ),
    lost: 0,
    failing: 1,
  },
  records: {
    records: 3,
    bytes: 2_412,
    marks: 0,
    refused: 0,
    kept: rows(
      ['weather.report', 'orders.submit', ''].map((name, index) => ({
        key: node(`ab0${index}`),
        procedure: name,
        publisher: node('77c1'),
        seq: 1_795_373_900_000 + index,
        left: 184_000 - index * 50_000,
        ttl: 300_000,
        endpoints: index === 1 ? ['10.0.0.4:44349', '127.0.0.1:44349'] : ['127.0.0.1:44349'],
        bytes: 804,
        removed: index === 2,
      })),
    ),
  },
  lookups: {
    begun: 311,
    running: 0,
    dropped: 0,
    last: rows([
      {
        at: AT - 4_000,
        kind: 'providers',
        key: node('ab01'),
        procedure: 'orders.submit',
        outcome: 'providers',
        found: 2,
        asked: 4,
        answered: 3,
        failed: 1,
        hops: 3,
        took: 380,
        trace: rows([
          {
            node: node('77c1'),
            address: '127.0.0.1:40349',
            depth: 1,
            by: null,
            after: 0.1,
            outcome: 'answered',
          },
          {
            node: node('be41'),
            address: '127.0.0.1:42349',
            depth: 1,
            by: null,
            after: 0.2,
            outcome: 'failed',
          },
          {
            node: node('9d02'),
            address: '127.0.0.1:41349',
            depth: 2,
            by: node('77c1'),
            after: 95,
            outcome: 'answered',
          },
          {
            node: node('c7d3'),
            address: '127.0.0.1:43349',
            depth: 3,
            by: node('9d02'),
            after: 240,
            outcome: 'waiting',
          },
        ]),
      },
      {
        at: AT - 61_000,
        kind: 'store',
        key: node('ab00'),
        procedure: 'weather.report',
        outcome: 'stored',
        found: 20,
        asked: 22,
        answered: 20,
        failed: 0,
        hops: 2,
        took: 84,
        trace: null,
      },
      {
        at: AT - 90_000,
        kind: 'nodes',
        key: node('ab09'),
        procedure: '',
        outcome: 'unreachable',
        found: 0,
        asked: 3,
        answered: 0,
        failed: 3,
        hops: 1,
        took: 3_000,
        trace: null,
      },
    ]),
  },
};

const connection = (index: number, more: Partial<ConnectionRow>): ConnectionRow => ({
  actor: `<0.${80 + index}>`,
  state: 'ready',
  suspect: false,
  leaving: false,
  slow: false,
  peer: node(['77c1', '9d02', 'be41', 'c7d3', 'd0e4'][index] ?? 'ffff'),
  address: `198.51.100.${index + 7}:4433`,
  direction: index % 2 === 0 ? 'out' : 'in',
  kind: 'node',
  dht: true,
  station: false,
  path: 'direct',
  via: null,
  tls: false,
  rtt: 1.2 + 14 * index,
  age: 840_000,
  unused: 40,
  bytesSent: 48_000 * (index + 1),
  bytesReceived: 1_270_000,
  lost: index,
  queued: 0,
  callsOut: index,
  callsIn: 0,
  questionsOut: 0,
  questionsIn: 0,
  paths: [{ kind: 'direct', address: `198.51.100.${index + 7}:4433`, active: true, proven: true, rtt: 1.2 }],
  ...more,
});

export const PEERS: PeersView = {
  connections: rows([
    connection(0, { station: true }),
    connection(1, { path: 'punched', callsIn: 2 }),
    connection(2, { path: 'relayed', via: node('77c1') }),
    connection(3, { suspect: true, rtt: null }),
    connection(4, {
      state: 'hello',
      peer: { id: '', short: '' },
      kind: 'unknown',
      dht: false,
      age: null,
      unused: null,
      rtt: null,
    }),
  ]),
  pool: { hits: 970, misses: 30, evictions: 2, total: 1_000, hitRate: 97, size: 4, most: 100 },
  dialing: {
    dials: 1,
    wished: rows([{ peer: node('e5f5'), phase: 'racing', dials: 1, seeking: true, calls: 3 }]),
  },
  nat: {
    profile: {
      mapping: 'ei',
      filtering: 'pd',
      allocation: 'pp',
      behindNat: true,
      reflexive: ['203.0.113.9:4433'],
      observers: 3,
      measuredAt: AT - 95_000,
      explanation: ['This node is behind a NAT.', 'Holes can be punched through it.'],
    },
    tried: rows([
      {
        peer: node('9d02'),
        won: 'punch',
        steps: [
          {
            at: AT - 8_400_000,
            step: 'dial',
            where: '192.168.1.7:4433',
            outcome: 'failed',
            why: 'timeout',
            ms: 3_000,
          },
          {
            at: AT - 7_000,
            step: 'dial',
            where: '192.168.1.7:4433',
            outcome: 'failed',
            why: 'nobody answered',
            ms: 3_000,
          },
          { at: AT - 6_800, step: 'relay', where: node('77c1').id, outcome: 'won', why: '', ms: 200 },
          {
            at: AT - 6_300,
            step: 'punch',
            where: '198.51.100.8:4433',
            outcome: 'failed',
            why: 'timeout',
            ms: 500,
          },
          { at: AT - 5_900, step: 'punch', where: '198.51.100.8:4433', outcome: 'won', why: '', ms: 180 },
        ],
      },
      {
        peer: { id: '', short: '' },
        won: null,
        steps: [
          {
            at: AT - 20_000,
            step: 'dial',
            where: '127.0.0.1:1',
            outcome: 'given_up',
            why: 'nobody needs it',
            ms: 1_200,
          },
        ],
      },
    ]),
    connector: {
      attempts: 0,
      kept: 1,
      unreached: 0,
      upgrading: rows([{ peer: node('be41'), tries: 2, punching: true, waiting: false }]),
    },
  },
  opened: 12,
  closed: 7,
};

export const RELAY: RelayView = {
  station: {
    sessions: 2,
    datagrams: 48_112,
    bytes: 61_400_000,
    overRate: 12,
    foreign: 1,
    most: 4_000,
    punches: 1,
    peered: rows([{ name: 'https://station-2:9443', node: node('5a5a'), self: false, connected: true }]),
    passed: rows([
      {
        session: '0011223344556677',
        source: node('77c1'),
        target: node('9d02'),
        agreed: true,
        connected: true,
        datagrams: 48_000,
        bytes: 61_000_000,
        age: 95_000,
        idle: 20,
      },
      {
        session: '8899aabbccddeeff',
        source: node('be41'),
        target: node('9d02'),
        agreed: false,
        connected: false,
        datagrams: 0,
        bytes: 0,
        age: 300,
        idle: null,
      },
    ]),
  },
  attached: rows([]),
  sessions: rows([
    {
      session: 'ffee00112233',
      station: node('5a5a'),
      peer: node('c7d3'),
      role: 'source',
      age: 12_000,
      lost: 3_000,
    },
  ]),
  clients: [
    {
      name: 'shop@mesh',
      identified: true,
      active: 'quic://relay-1:4434',
      relays: [
        {
          url: 'quic://relay-1:4434',
          state: 'identified',
          why: '',
          pending: 1,
          bytesSent: 40_000,
          bytesReceived: 81_000,
        },
        {
          url: 'quic://relay-2:4434',
          state: 'resting',
          why: 'timeout',
          pending: 0,
          bytesSent: 0,
          bytesReceived: 0,
        },
      ],
      pending: 1,
      announced: 0,
      orphans: 0,
      tunnels: rows([{ id: 'A4DF2E51', peer: 'far@mesh', relay: 'quic://relay-1:4434' }]),
    },
  ],
};

export const DIST: DistView = {
  name: '9443@127.0.0.1',
  creation: 1_795_373_901,
  hidden: false,
  tickTime: 60_000,
  carriers: [
    { name: 'quic', address: '127.0.0.1:9443', protocol: 'macula_dist' },
    { name: 'tunnel', address: null, protocol: null },
  ],
  peers: rows([
    {
      node: 'shop@erlang.example',
      creation: 3,
      address: '10.0.0.9:44120',
      state: 'up',
      hidden: false,
      ours: false,
      queued: 0,
      busy: false,
      bytesOut: 88_000,
      bytesIn: 1_940_000,
      arrivals: 4_100,
      written: 1_180,
      ticks: 31,
      silent: 0,
      relations: 14,
      calls: 2,
      spawns: 0,
      refused: 0,
      unknown: 0,
    },
    {
      node: '9444@127.0.0.1',
      creation: 9,
      address: '127.0.0.1:9444',
      state: 'up',
      hidden: true,
      ours: true,
      queued: 1_048_576,
      busy: true,
      bytesOut: 9_100_000,
      bytesIn: 2_000,
      arrivals: 12,
      written: 90_000,
      ticks: 2,
      silent: 3,
      relations: 0,
      calls: 0,
      spawns: 0,
      refused: 812,
      unknown: 0,
    },
  ]),
  kernel: {
    up: 2,
    strangers: 1,
    accepting: 0,
    unreached: 1,
    dialing: rows([{ node: 'late@mesh', waiting: 4 }]),
  },
  groups: rows([
    {
      scope: 'pg',
      shared: {
        groupsHere: 2,
        here: 5,
        groupsElsewhere: 1,
        elsewhere: 3,
        nodes: rows([{ node: '9444@127.0.0.1', members: 3, refused: false, stale: false }]),
      },
    },
    { scope: 'jobs', shared: { unavailable: 'it is being restarted' } },
  ]),
  cluster: rows([
    { node: '9444@127.0.0.1', connected: true, dialing: false, proven: true, attempt: 0, next: null },
    { node: 'late@mesh', connected: false, dialing: false, proven: false, attempt: 3, next: 8_000 },
  ]),
  names: rows(['net_kernel', 'rex']),
};
