/**
 * docs/operations.md shows the limits as they are: of every row of its table the constants are named here, with what stands in the
 * code and what the row says of it. A limit that changes in one place fails here until it has changed in the other.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

/** File below `src`, how its constant reads, what the row says of it. */
type Claim = readonly [file: string, code: string, shown: string];

const LIMITS: Readonly<Record<string, readonly Claim[]>> = {
  "messages in an actor's mailbox": [['actor/process.ts', 'MAILBOX_BOUND = 1_000', '1,000']],
  'messages for supervisors, endpoint, connections, router, registry, procedures': [
    ['otp/supervising.ts', 'SUPERVISOR_MAILBOX = 16_384', '16,384'],
    ['mesh/connection/connection.ts', 'CONNECTION_MAILBOX = 16_384', '16,384'],
    ['mesh/router/router.ts', 'ROUTER_MAILBOX = 16_384', '16,384'],
    ['mesh/registry/service-registry.ts', 'REGISTRY_MAILBOX = 16_384', '16,384'],
    ['mesh/handlers/procedure.ts', 'PROCEDURE_MAILBOX = 16_384', '16,384'],
  ],
  'handlers running per procedure': [['mesh/handlers/handler.ts', 'maxConcurrent: 64', '64']],
  'calls waiting per procedure': [['mesh/handlers/handler.ts', 'maxQueue: 256', '256']],
  'calls to a peer in flight, and waiting': [
    ['mesh/connection/outgoing.ts', 'WINDOW = 4_096', '4,096 + '],
    ['mesh/connection/outgoing.ts', 'QUEUE = 4_096', ' + 4,096'],
  ],
  'calls of a peer in flight': [
    ['mesh/connection/incoming.ts', 'PER_PEER = 4_096', '4,096'],
    ['mesh/connection/incoming.ts', 'WEIGHT = 33_554_432', '32 MiB'],
  ],
  'deadline of a call': [
    ['mesh/client/check.ts', 'CALL_TIMEOUT = 5_000', '5,000 ms'],
    ['mesh/client/check.ts', 'MAX_TIMEOUT = 2_147_483_647', '2^31 − 1'],
  ],
  'args, result': [
    ['codec/limits.ts', 'RPC_FRAME_CAP = 1_048_576', '1 MiB'],
    ['config.ts', 'MAX_BODY = 67_108_864', 'to 64 MiB'],
  ],
  'depth, items, pairs of a map in a value': [
    ['codec/limits.ts', 'depth: 32', '32,'],
    ['codec/limits.ts', 'items: 65_536', '65,536,'],
    ['codec/limits.ts', 'pairs: 4_096', '4,096'],
  ],
  'procedures at a node; per client': [
    ['mesh/registry/service-table.ts', 'TABLE_LIMIT = 100_000', '100,000;'],
    ['mesh/registry/clients.ts', 'PER_CLIENT = 10_000', '10,000'],
  ],
  'metadata, description of a service': [
    ['mesh/client/check.ts', 'METADATA_BYTES = 3_072', '3 KiB'],
    ['mesh/client/check.ts', 'METADATA_ITEMS = RECORD_ITEMS - 64', '448'],
    ['codec/field.ts', 'RECORD_ITEMS = 512', '448'],
    ['mesh/client/check.ts', 'DESCRIPTION_BYTES = 512', '512 B'],
  ],
  'what they hold in memory, per client; of all clients': [
    ['mesh/registry/clients.ts', 'WEIGHT_OF_CLIENT = 8_388_608', '8 MiB;'],
    ['mesh/registry/clients.ts', 'WEIGHT = 134_217_728', '128 MiB'],
  ],
  'names looked up at once; for one peer; for all peers': [
    ['mesh/registry/lookup-places.ts', 'RUNNING = 192', '192;'],
    ['mesh/registry/lookup-places.ts', 'HALF = 1 / 2', '96;'],
    ['mesh/registry/lookup-places.ts', 'OURS = 1 / 8', '168'],
  ],
  'names that are looked up or wait for it; for one peer; for all peers': [
    ['mesh/registry/lookup-places.ts', 'NAMES = 8_192', '8,192;'],
    ['mesh/registry/lookup-places.ts', 'PER_ASKER = NAMES / 8', '1,024;'],
    ['mesh/registry/lookup-places.ts', 'OURS = 1 / 8', '7,168'],
  ],
  'links at an endpoint': [['transport/limits.ts', 'links: 10_000', '10,000']],
  'links not admitted yet': [['transport/limits.ts', 'halfOpen: 256', '256']],
  'links started per second, all addresses but loopback': [['transport/limits.ts', 'acceptRate: 500', '500']],
  'of them per public, private address (IPv6: /64)': [
    [
      'transport/admission.ts',
      'public: { perSecond: 16, burst: HALF_OPEN_PER_PUBLIC_HOLDER }',
      '16, as many',
    ],
    ['transport/admission.ts', 'private: { perSecond: 50, burst: LINKS_PER_HOLDER }', '50, 256 at once'],
  ],
  'links per public, private address; loopback': [
    ['transport/admission.ts', 'LINKS_PER_HOLDER = 256', '256, of them'],
    ['transport/admission.ts', 'HALF_OPEN_PER_PUBLIC_HOLDER = 16', '16 not admitted'],
  ],
  'handshake and hello': [['transport/limits.ts', 'handshakeTimeout: 10_000', '10,000 ms']],
  'silence on a link': [
    ['transport/limits.ts', '{ idleTimeout: 30_000, keepAlive: 10_000 }', '30 s;'],
    ['transport/limits.ts', '{ idleTimeout: 10_000, keepAlive: 3_000 }', '10 s on loopback'],
  ],
  'streams a peer may open at once': [['transport/limits.ts', 'streams: 100', '100']],
  'bytes queued for a peer': [['transport/limits.ts', 'queued: 8_388_608', '8 MiB']],
  'a peer that reads nothing': [['mesh/connection/slow-peer.ts', 'PATIENCE = 5_000', '5 to 10 s']],
  'connections to other nodes; unused': [
    ['mesh/peer/pool-table.ts', 'SIZE = 100', '100 dialed'],
    ['mesh/peer/pool-table.ts', 'IDLE_TIMEOUT = seconds(60)', '60 s'],
  ],
  'peers dialed at once; wished for': [
    ['mesh/peer/dial-queue.ts', 'DIALS = 256', '256;'],
    ['mesh/peer/dialing.ts', 'WISHES = 1_024', '1,024'],
  ],
  'ways to one peer tried at once; until the next joins': [
    ['mesh/peer/race.ts', 'LANES = 4', '4;'],
    ['mesh/peer/race.ts', 'HEAD_START = 250', '250 ms'],
  ],
  'dials up to which a peer is given a second one': [
    ['mesh/peer/dial-queue.ts', 'SECOND_DIALS = 128', '128'],
  ],
  'time for one address of a peer': [['mesh/peer/race.ts', 'LONGEST_ATTEMPT = 3_000', '3 s']],
  'an address where nobody answered': [
    ['mesh/peer/dead-addresses.ts', 'SHORTEST = 500', '0.5 to'],
    ['mesh/peer/dead-addresses.ts', 'LONGEST = 5_000', 'to 5 s'],
  ],
  'our DHT questions to a peer in flight': [['mesh/connection/asking.ts', 'PENDING = 1_024', '1,024']],
  'DHT questions of a peer': [
    [
      'mesh/connection/question-budget.ts',
      'QUESTIONS: Budget = { rate: 2_048, burst: 4_096 }',
      '2,048 per second, 4,096 at once',
    ],
    ['mesh/connection/answering.ts', 'UNREAD = 1_048_576', '1 MiB'],
  ],
  'records of a peer that are being verified': [['mesh/connection/answering.ts', 'STORES = 64', '64']],
  'searches among stations in vain, of one client; of one peered station': [
    [
      'mesh/router/search-budgets.ts',
      'STRANGER: Budget = { rate: 16, burst: 1_024 }',
      '16 per second, 1,024 at once;',
    ],
    ['mesh/router/search-budgets.ts', 'MANY: Budget = { rate: 256, burst: 8_192 }', '256, 8,192'],
  ],
  'relay sessions of a station; asked for by one node; leading to one; between two': [
    ['mesh/relay/relay-sessions.ts', 'sessions: 4_000', '4,000;'],
    ['mesh/relay/relay-sessions.ts', 'asked: 64', '64;'],
    ['mesh/relay/relay-sessions.ts', 'targeted: 256', '256;'],
    ['mesh/relay/relay-sessions.ts', 'PER_PAIR = 2', '; 2'],
  ],
  'requests for sessions and punches, of one peer; for the same other node; brought by one station': [
    ['mesh/relay/relays.ts', 'REQUESTS: Budget = { rate: 4, burst: 64 }', '4 per second, 64 at once;'],
    ['mesh/relay/relays.ts', 'OF_PAIR: Budget = { rate: 1, burst: 8 }', '1, 8;'],
    ['mesh/relay/relays.ts', 'OF_STATION: Budget = { rate: 64, burst: 1_024 }', '64, 1,024'],
  ],
  'what one node sends through a station; all of them': [
    ['mesh/relay/relay-sessions.ts', 'node: { rate: 16 * MIB, burst: 4 * MIB }', '16 MiB/s, 4 MiB at once;'],
    ['mesh/relay/relay-sessions.ts', 'all: { rate: 128 * MIB, burst: 16 * MIB }', '128 MiB/s, 16 MiB'],
  ],
  'a session nobody has agreed to; without traffic; with an end that is gone': [
    ['mesh/relay/relay-sessions.ts', '{ datagrams: 16, bytes: 32_768 }', '16 datagrams, 32 KiB'],
    ['mesh/relay/relay-sessions.ts', 'AGREEING = 5_000', '5 s;'],
    ['mesh/relay/relay-sessions.ts', 'idle: 1_800_000', '30 min;'],
    ['mesh/relay/relay-sessions.ts', 'COMING_BACK = 10_000', '10 s'],
  ],
  'relay sessions in which a node is an end': [['mesh/relay/relays.ts', 'OWN_SESSIONS = 256', '256']],
  'attempts to find a way at once; stations tried for one; for each': [
    ['mesh/nat/traversal/connector.ts', 'ATTEMPTS = 1_024', '1,024;'],
    ['mesh/peer/wish.ts', 'STATIONS = 4', '4 at most'],
    ['mesh/nat/traversal/attempt.ts', 'STATION = 3_000', '3 s'],
  ],
  'punches: at once at a station; of one node; tries; for each': [
    ['mesh/nat/punch/punch-session.ts', 'LIMIT = 1_000', '1,000;'],
    ['mesh/nat/punch/punch-coordinator.ts', 'PER_SOURCE = 16', '16;'],
    ['mesh/nat/punch/punch-session.ts', 'MAX_ATTEMPTS = 3', '3;'],
    ['mesh/nat/punch/punch-session.ts', 'PUNCH_DEADLINE = 5_000', '5 s'],
  ],
  'paths of a connection; questions to an offered address; addresses asked': [
    ['transport/paths/table.ts', 'MAX_PATHS = 6', '6;'],
    ['transport/paths/schedule.ts', 'SEARCH_QUESTIONS = 24', '24 in 2 s;'],
    ['mesh/relay/relays.ts', 'OFFERS: Budget = { rate: 16, burst: 128 }', '16 per second, 128 at once'],
  ],
  'TLS connections: queued on one; without progress; without use': [
    ['transport/tls/carrier.ts', 'MAX_QUEUED = 512', '512 datagrams'],
    ['transport/tls/carrier.ts', 'MAX_QUEUED_BYTES = 1_048_576', '1 MiB;'],
    ['transport/tls/carrier.ts', 'STALL = 2_000', '2 s;'],
    ['transport/tls/ways.ts', 'UNUSED = 15_000', '15 to 30 s'],
  ],
  'NAT measurement': [
    ['mesh/nat/detection/measurement.ts', 'PROBE_TIMEOUT = 2_000', '2 s'],
    ['mesh/nat/detection/freshness.ts', 'PROFILE_TTL = 300_000', '300 s'],
  ],
  // tables of their own
  'dist relays, their clients, tunnels and bridges': [],
  'restarts per supervisor': [],
  'listeners of `node.events`': [['mesh/events/node-events.ts', 'LISTENERS = 256', '256']],
  'crashes kept': [['mesh/events/crash-ring.ts', 'RING = 200', '200']],
  'procedures with metrics of their own; actors whose mailbox a scrape looks at': [
    ['mesh/events/call-statistics.ts', 'NAMES = 100', '100;'],
    ['inspect/metrics/mailboxes.ts', 'ACTORS = 100_000', '100,000'],
  ],
  'event streams of an [inspector](inspector.md); its connections': [
    ['inspect/http/streams.ts', 'STREAMS = 8', '8;'],
    ['inspect/http/connections.ts', 'CONNECTIONS = 64', '64'],
  ],
  'body of an action; head of a request': [
    ['inspect/http/body.ts', 'MAX_REQUEST = 65_536', '64 KiB;'],
    ['inspect/http/server.ts', 'HEADERS = 16_384', '16 KiB'],
  ],
  'trees, other answers, actions of an inspector at once; requests of a connection that wait': [
    ['inspect/http/load.ts', 'AT_ONCE = { tree: 8, action: 16, other: 32 }', '8; 32; 16;'],
    ['inspect/http/connections.ts', 'WAITING = 16', '16'],
  ],
  'questions of other nodes to an inspector at once': [['inspect/remote.ts', 'AT_ONCE = 8', '8']],
  'sessions of pages; one that is not seen': [
    ['inspect/http/sessions.ts', 'SESSIONS = 32', '32;'],
    ['inspect/http/sessions.ts', 'UNSEEN = 43_200_000', '12 h'],
  ],
  'crashes, and lines of the log, that wait for a slow page; deltas of the tree': [
    ['inspect/http/stream.ts', 'WAITING = 100', '100;'],
    ['inspect/watch.ts', 'KEPT = 32', '32'],
  ],
  'who may look through the mesh; trees kept for those who come for the next page; without a question': [
    ['config.ts', 'MAX_INSPECTING = 1_000', '1,000 ids;'],
    ['inspect/remote.ts', 'KEPT = 4', '4;'],
    ['inspect/remote.ts', 'PATIENCE = 15_000', '15 s'],
  ],
  'a config file': [['cli/config/file.ts', 'MAX_FILE = 262_144', '256 KiB']],
};

/** First cell, and the rest of the row. */
function rows(): ReadonlyMap<string, string> {
  const text = readFileSync('docs/operations.md', 'utf8');
  const from = text.indexOf('\n## Limits\n');
  const section = text.slice(from, text.indexOf('\n## ', from + 1));
  const lines = section.split('\n').filter((line) => line.startsWith('| '));
  return new Map(
    lines.slice(1).map((line) => {
      const [, what = '', ...rest] = line.split(' | ').join('|').split('|');
      return [what.trim(), ` ${rest.join(' ')} `] as const;
    }),
  );
}

/** `NAME = 1` does not stand for `NAME = 10`. */
const holds = (file: string, code: string): boolean => {
  const source = readFileSync(`src/${file}`, 'utf8');
  const at = source.indexOf(code);
  return at !== -1 && !/[\w]/.test(source[at + code.length] ?? '');
};

describe('the limits in docs/operations.md', () => {
  test('are those that are checked here, no more and no fewer', () => {
    expect([...rows().keys()]).toEqual(Object.keys(LIMITS));
  });

  test.each(Object.entries(LIMITS))('%s', (what, claims) => {
    const row = rows().get(what) ?? '';
    for (const [file, code, shown] of claims) {
      expect([file, code, holds(file, code)]).toEqual([file, code, true]);
      expect(row).toContain(shown);
    }
  });
});
