/**
 * The process in which all contenders of the bench `local` live: one round per order, in turn.
 */
import { CONTENDERS, type Args, type LocalCall } from './contenders.ts';
import type { Cost, Order, Round, Word } from './messages.ts';

/** Calls between two looks at the clock. */
const BATCH = 200;
const MICROS = 1_000;
const SIZE = 100;

/** Both kinds of 100: a text is shared, bytes are copied on the way in and out. */
const PAYLOADS: Readonly<Record<'text' | 'bytes', Args>> = {
  text: { text: 'x'.repeat(SIZE) },
  bytes: { bytes: new Uint8Array(SIZE).fill(7) },
};

const started = new Map<string, Promise<LocalCall>>();

const say = (word: Word): void => {
  process.send?.(word);
};

process.on('disconnect', () => process.exit(0));
process.on('message', (order: Order) => {
  obey(order).catch((error: unknown) => {
    say({ tag: 'failed', reason: error instanceof Error ? error.message : String(error) });
  });
});

async function obey({ contenders, round }: Order): Promise<void> {
  const costs: Record<string, Cost> = {};
  for (const [kind, args] of Object.entries(PAYLOADS))
    for (const name of contenders) costs[`${name} ${kind}`] = await cost(await callOf(name), args, round);
  say({ tag: 'costs', costs });
}

function callOf(name: string): Promise<LocalCall> {
  const found = CONTENDERS.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no contender called "${name}"`);
  const call = started.get(name) ?? found.start();
  started.set(name, call);
  return call;
}

async function cost(call: LocalCall, args: Args, { warm, window }: Round): Promise<Cost> {
  globalThis.gc?.();
  await during(warm, call, args);
  const from = process.cpuUsage();
  const { calls, elapsed } = await during(window, call, args);
  const { user, system } = process.cpuUsage(from);
  return { cpu: (user + system) / calls, wall: (elapsed * MICROS) / calls };
}

async function during(
  limit: number,
  call: LocalCall,
  args: Args,
): Promise<{ readonly calls: number; readonly elapsed: number }> {
  const start = performance.now();
  for (let calls = 0; ;) {
    for (let one = 0; one < BATCH; one++) await call(args);
    calls += BATCH;
    const elapsed = performance.now() - start;
    if (elapsed >= limit) return { calls, elapsed };
  }
}
