/**
 * Clients of relays in this process.
 */
import { startRelayClient } from '../../src/relay-client.ts';
import type { IncomingTunnel } from '../../src/dist/relay/client/client-tunnel.ts';
import type { DistRelayClient } from '../../src/dist/relay/client/relay-client.ts';
import { createRuntime } from '../../src/otp.ts';
import type { ClientsOrder } from './messages.ts';

/** Milliseconds between two looks at who is there. */
const LOOK = 5;
const START = 20_000;

interface Seen {
  readonly client: DistRelayClient;
  lost: boolean;
  /** Epoch ms. */
  back: number | undefined;
}

const all: Seen[] = [];
let looking: ReturnType<typeof setInterval> | undefined;

/** All that comes through a tunnel goes back. */
export const echo = ({ stream }: IncomingTunnel): void => {
  stream.on('error', () => {});
  stream.pipe(stream);
};

export async function start(
  { names, relays, encryption = true }: ClientsOrder,
  kernel: (tunnel: IncomingTunnel) => void,
): Promise<void> {
  for (const name of names) {
    const client = await startRelayClient(createRuntime(), relays, name, { encryption });
    client.setKernel(kernel);
    all.push({ client, lost: false, back: undefined });
  }
  await settled(START);
}

/** The first of them. */
export function first(): DistRelayClient {
  const [seen] = all;
  if (seen === undefined) throw new Error('there is no client');
  return seen.client;
}

/** Resolves when all relays know all of them. */
export function settled(within: number): Promise<void> {
  return until(
    () => all.every(({ client }) => client.status().relays.every(({ state }) => state === 'identified')),
    within,
    'a client is not known to all relays',
  );
}

export function watch(): void {
  clearInterval(looking);
  for (const seen of all) Object.assign(seen, { lost: false, back: undefined });
  looking = setInterval(() => {
    for (const seen of all) look(seen);
  }, LOOK);
}

export async function back(within: number): Promise<readonly (number | undefined)[]> {
  await until(() => all.every((seen) => seen.back !== undefined), within, '').catch(() => undefined);
  clearInterval(looking);
  return all.map((seen) => seen.back);
}

/** A tunnel there, a byte and the same byte back, and its end. */
export async function visit(target: string): Promise<void> {
  const { stream } = await first().requestTunnel(target);
  try {
    await new Promise<void>((resolve, reject) => {
      stream.once('data', () => resolve());
      stream.once('error', reject);
      stream.once('close', () => reject(new Error('the tunnel was cut')));
      stream.write(Uint8Array.of(7));
    });
  } finally {
    stream.destroy();
  }
}

function look(seen: Seen): void {
  const { identified } = seen.client.status();
  if (!identified) {
    seen.lost = true;
    seen.back = undefined;
  } else if (seen.lost) seen.back ??= performance.timeOrigin + performance.now();
}

async function until(is: () => boolean, within: number, what: string): Promise<void> {
  const deadline = performance.now() + within;
  while (!is()) {
    if (performance.now() > deadline) throw new Error(`${what} after ${within} ms`);
    await new Promise((resolve) => setTimeout(resolve, LOOK));
  }
}
