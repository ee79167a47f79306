/**
 * The process in which all codecs live, so that one compiler and one heap serve them all: one round per order.
 */
import { CODECS, MESSAGES, type Codec } from './codecs.ts';
import type { CodecOrder, CodecWord } from './messages.ts';

/** Calls between two looks at the clock. */
const BATCH = 100;
/** CPU µs to thousands per second. */
const THOUSANDS = 1_000;

const say = (word: CodecWord): void => {
  process.send?.(word);
};

process.on('disconnect', () => process.exit(0));
process.on('message', (order: CodecOrder) => {
  rates(order).then(say, (error: unknown) => {
    say({ tag: 'failed', reason: error instanceof Error ? error.message : String(error) });
  });
});

async function rates({ codecs, warm, window }: CodecOrder): Promise<CodecWord> {
  const found: Record<string, Record<string, number>> = Object.fromEntries(codecs.map((name) => [name, {}]));
  for (const [message, size] of Object.entries(MESSAGES)) {
    const made = new Map<string, Codec>();
    for (const name of codecs) made.set(name, await CODECS[name]!(size));
    const [bytes] = Array.from(made.values(), (codec) => Buffer.from(codec.encode()));
    for (const [name, codec] of made) {
      if (bytes === undefined || !bytes.equals(codec.encode()))
        throw new Error(`${name} encodes something else`);
      const mine = found[name]!;
      mine[`encode ${message}`] = rate(codec.encode, warm, window);
      mine[`decode ${message}`] = rate(() => codec.decode(bytes), warm, window);
    }
  }
  return { tag: 'rates', rates: found };
}

function rate(run: () => unknown, warm: number, window: number): number {
  during(warm, run);
  globalThis.gc?.();
  const from = process.cpuUsage();
  const times = during(window, run);
  const { user, system } = process.cpuUsage(from);
  return (times / (user + system)) * THOUSANDS;
}

function during(limit: number, run: () => unknown): number {
  const start = performance.now();
  for (let times = 0; ;) {
    for (let one = 0; one < BATCH; one++) run();
    times += BATCH;
    if (performance.now() - start >= limit) return times;
  }
}
