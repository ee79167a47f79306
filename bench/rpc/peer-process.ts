/**
 * A process of a peer: `node peer-process.js NAME`. It serves or calls as it is told over IPC, and ends when
 * the channel closes.
 */
import { load, type Call, type Load, type Phase } from '../harness/load.ts';
import { quantile } from '../harness/statistics.ts';
import type { Figures, Order, Word } from './messages.ts';
import type { Info } from './peer.ts';
import { ENTRIES } from './peers.ts';

/** Microseconds in a millisecond. */
const MICROS = 1_000;

const say = (word: Word): void => {
  process.send?.(word);
};

const fail = (error: unknown): void => {
  say({ tag: 'failed', reason: error instanceof Error ? error.message : String(error) });
};

process.on('disconnect', () => process.exit(0));
// a library that rejects in the background must not hide what happened
process.on('unhandledRejection', fail);
process.on('uncaughtException', fail);
process.on('message', (order: Order) => {
  obey(order).catch(fail);
});

const name = process.argv[2] ?? '';
/** Loaded with the first order, so that a failure can be told. */
const peer = async () => {
  const entry = ENTRIES.find((one) => one.name === name);
  if (entry === undefined) throw new Error(`no peer called "${name}"`);
  return entry.load();
};
let call: Call | undefined;

async function obey(order: Order): Promise<void> {
  switch (order.tag) {
    case 'serve':
      say({ tag: 'serving', info: await (await peer()).serve() });
      return;
    case 'connect':
      await connect(order.info, order.size);
      return;
    case 'run':
      if (call === undefined) throw new Error('not connected');
      await run(call, order.lanes, payload(order.size), order.phase);
      return;
    case 'cpu': {
      const { user, system } = process.cpuUsage();
      say({ tag: 'cpu', micros: user + system });
      return;
    }
  }
}

/** Connects twice; the first connection is the one that is measured. */
async function connect(info: Info, size: number): Promise<void> {
  const first = await connected(info, size);
  call = first.call;
  const second = await connected(info, size).catch(() => undefined);
  say({ tag: 'connected', fresh: first.milliseconds, loaded: second?.milliseconds });
}

/** Connects and makes one call, whose answer must be what was sent. */
async function connected(info: Info, size: number): Promise<{ call: Call; milliseconds: number }> {
  const { connect: dial } = await peer();
  const bytes = payload(size);
  const start = performance.now();
  const made = await dial(info);
  const echoed = await made(bytes);
  const milliseconds = performance.now() - start;
  if (!(echoed instanceof Uint8Array) || Buffer.compare(echoed, bytes) !== 0) {
    throw new Error('the echo is not what was sent');
  }
  return { call: made, milliseconds };
}

const payload = (size: number): Uint8Array => new Uint8Array(size).fill(7);

async function run(made: Call, lanes: number, bytes: Uint8Array, phase: Phase): Promise<void> {
  const timed = lanes === 1;
  const mark = (at: 'begin' | 'end'): void => say({ tag: 'mark', at });
  const result = await load(made, bytes, { ...phase, lanes, timed, mark });
  say({ tag: 'figures', figures: figures(result, timed) });
}

function figures(result: Load, timed: boolean): Figures {
  const { answered, elapsed, cpu, failed, failure, unanswered, stalled } = result;
  const common = {
    answered,
    perSecond: elapsed > 0 ? (answered / elapsed) * 1_000 : 0,
    cpuPerCall: answered > 0 ? cpu / answered : 0,
    failed,
    failure,
    unanswered,
    stalled,
  };
  if (!timed || answered === 0) return common;
  const ascending = result.latencies.toSorted();
  return { ...common, p50: quantile(ascending, 0.5) * MICROS, p99: quantile(ascending, 0.99) * MICROS };
}
