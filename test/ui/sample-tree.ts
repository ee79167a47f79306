/** Trees for the tests of the page: one like that of a real node, and a large one. */
import type { ActorRow, Counters, Crash } from '../../src/inspect/page/wire.ts';

interface Spec {
  readonly name: string;
  readonly type?: string;
  readonly strategy?: string;
  readonly below?: readonly Spec[];
  readonly mailbox?: number;
  readonly rate?: number;
  readonly restarts?: number;
  readonly status?: ActorRow['status'];
  readonly handling?: NonNullable<ActorRow['currentMessage']>;
  readonly details?: Readonly<Record<string, unknown>>;
}

const server = (name: string, more: Partial<Spec> = {}): Spec => ({ name, ...more });
const supervisor = (name: string, strategy: string, ...below: readonly Spec[]): Spec => ({
  name,
  type: 'Supervisor',
  strategy,
  below,
});

const procedure = (name: string, served: number, more: Partial<Spec> = {}): Spec => ({
  name,
  type: 'Procedure',
  strategy: 'oneForOne',
  details: { running: 0, waiting: 0, served, crashed: more.restarts ?? 0, maxConcurrent: 64, maxQueue: 256 },
  ...more,
});

const NODE: Spec = supervisor(
  'node',
  'restForOne',
  server('identity'),
  server('intent'),
  server('events', { rate: 41.2 }),
  {
    ...supervisor(
      'handlers',
      'oneForOne',
      procedure('calculator.compute', 18_204, {
        rate: 96.4,
        mailbox: 3,
        below: [
          { name: 'invocation', type: 'Invocation' },
          { name: 'invocation', type: 'Invocation' },
        ],
      }),
      procedure('weather.report', 4_410, { rate: 12.1, restarts: 2 }),
      procedure('users.manage', 932, { rate: 3.4 }),
      procedure('orders.submit', 12_077, { rate: 58, mailbox: 214 }),
      procedure('media.thumbnail', 88, { mailbox: 912, rate: 31 }),
    ),
    type: 'DynamicSupervisor',
  },
  supervisor('transport', 'restForOne', server('endpoint', { rate: 310 }), {
    ...supervisor(
      'connections',
      'oneForOne',
      server('connection to 127.0.0.1:55387', { rate: 140 }),
      server('connection to 127.0.0.1:44349', { rate: 88 }),
    ),
    type: 'DynamicSupervisor',
  }),
  supervisor(
    'network',
    'restForOne',
    supervisor(
      'discovery',
      'restForOne',
      server('routingTable', { rate: 6.2 }),
      server('recordStore', { rate: 2.5 }),
      supervisor('lookups', 'oneForOne'),
    ),
    supervisor(
      'peers',
      'restForOne',
      server('natProfile'),
      server('natConnector'),
      server('peerPool', { rate: 12.4 }),
    ),
  ),
  supervisor(
    'services',
    'restForOne',
    server('serviceRegistry', { rate: 74 }),
    server('router', { rate: 171, mailbox: 6 }),
    server('advertiser', { rate: 0.2 }),
  ),
  supervisor(
    'app',
    'oneForOne',
    server('counter', { restarts: 1, rate: 9 }),
    server('cache', { status: 'suspended', mailbox: 41 }),
    server('mailer', { rate: 1.5, handling: { type: 'call deliver', forMs: 3_200 } }),
  ),
  supervisor(
    'roles',
    'oneForOne',
    supervisor(
      'dist',
      'restForOne',
      server('auth'),
      server('rex'),
      server('netKernel', { below: [server('peer 44349@127.0.0.1', { rate: 20 })] }),
    ),
    server('inspector', { rate: 4 }),
  ),
);

export const NOW: number = Date.now();

/** Nothing was counted. */
export const NONE: Counters = { in: 0, out: 0, handled: 0, crashes: 0, restarts: 0 };

export function row(id: string, name: string, parent: string | null, more: Partial<ActorRow> = {}): ActorRow {
  return {
    id,
    name,
    type: 'GenServer',
    module: 'GenServer',
    state: { type: 'Map', size: 4 },
    status: 'running',
    startedAt: NOW - 7_380_000,
    parent,
    after: null,
    mailbox: { length: 0, max: 1_000, dropped: 0 },
    counters: NONE,
    rate: NONE,
    busy: true,
    links: [],
    monitors: [],
    monitoredBy: [],
    trapExit: false,
    ...more,
  };
}

/** Like a node with some load. */
export function sampleRows(): ActorRow[] {
  const rows: ActorRow[] = [];
  let number = 0;
  const add = (spec: Spec, parent: string | null, after: string | null): string => {
    number += 1;
    const id = `<0.${number}>`;
    const { rate = 0, mailbox = 0, restarts = 0 } = spec;
    const supervises = spec.strategy !== undefined;
    rows.push(
      row(id, spec.name, parent, {
        after,
        type: spec.type ?? 'GenServer',
        module: spec.type ?? `${spec.name.replace(/[^a-z]/gi, '')}Server`,
        status: spec.status ?? 'running',
        startedAt: NOW - 7_380_000 + number * 900 + restarts * 600_000,
        mailbox: { length: mailbox, max: spec.type === 'Procedure' ? 16_384 : 1_000, dropped: 0 },
        counters: {
          in: Math.round(rate * 7_000) + mailbox,
          out: Math.round(rate * 9_000),
          handled: Math.round(rate * 7_000),
          crashes: restarts,
          restarts,
        },
        rate: { ...NONE, in: rate, out: 1.3 * rate, handled: rate },
        ...(spec.handling === undefined ? {} : { currentMessage: spec.handling }),
        busy: spec.name !== 'inspector',
        restart: {
          policy: 'permanent',
          ...(supervises ? { intensity: 5, period: 10_000, recent: [] } : {}),
        },
        ...(supervises ? { strategy: spec.strategy } : {}),
        ...(spec.details === undefined ? {} : { details: spec.details }),
        trapExit: supervises,
        monitors: spec.name === 'router' ? ['<0.4>', '<0.2>'] : [],
        monitoredBy: spec.name === 'router' ? ['<0.3>'] : [],
      }),
    );
    let last: string | null = null;
    for (const child of spec.below ?? []) last = add(child, id, last);
    return id;
  };
  add(NODE, null, null);
  return rows;
}

/** A root, ten supervisors, and below them so many that there are `count` in all. */
export function manyRows(count: number): ActorRow[] {
  const rows = [row('<0.1>', 'node', null, { strategy: 'oneForOne', type: 'Supervisor' })];
  for (let index = 0; index < 10; index += 1) {
    const id = `<1.${index}>`;
    rows.push(
      row(id, `shard ${index}`, '<0.1>', {
        strategy: 'oneForOne',
        type: 'DynamicSupervisor',
        after: index === 0 ? null : `<1.${index - 1}>`,
      }),
    );
    const each = Math.floor((count - 11) / 10) + (index < (count - 11) % 10 ? 1 : 0);
    for (let at = 0; at < each; at += 1) {
      rows.push(
        row(`<2.${index}.${at}>`, `session ${index}-${at}`, id, {
          after: at === 0 ? null : `<2.${index}.${at - 1}>`,
        }),
      );
    }
  }
  return rows;
}

export function crash(id: string, label: string, more: Partial<Crash> = {}): Crash {
  return {
    id,
    at: Date.now(),
    pid: '<0.99>',
    label,
    type: 'GenServer',
    path: ['node', 'app'],
    reason: 'TypeError',
    stack: [
      'at handleCall (file:///srv/app/counter.js:41:13)',
      'at Process.run (file:///srv/app/node_modules/espalier/dist/src/actor/process.js:212:7)',
      'at Scheduler.turn (file:///srv/app/node_modules/espalier/dist/src/actor/scheduler.js:88:12)',
    ],
    cause: ['RangeError', 'Error'],
    lastMessage: { type: 'call add' },
    decision: 'restarted',
    restarts: 1,
    ...more,
  };
}

// its types are the node's, whose world has no DOM: what is loaded like this has none
const samples = (await import(new URL('../inspect/page/sample-views.ts', import.meta.url).href)) as Readonly<
  Record<string, unknown>
>;
/** When the node has told of its views. */
export const VIEWS_AT: number = Number(samples['AT']);
/** Views in the shape of the node's own, by name. */
export const VIEWS: Readonly<Record<string, unknown>> = Object.fromEntries(
  ['rpc', 'registry', 'dht', 'peers', 'relay', 'dist'].map((name) => [name, samples[name.toUpperCase()]]),
);
