/**
 * Dist relays and clients of them on the network of a simulated mesh.
 *
 * What is encrypted needs turns of the program besides time, for TLS is not ours: wait with `settled` and `happened`.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import type { Runtime } from '../src/actor/runtime.ts';
import { startDistRelay, type DistRelayOptions } from '../src/dist-relay.ts';
import { startRelayClient, type StandaloneRelayClientOptions } from '../src/distribution.ts';
import type { DistRelayClient } from '../src/dist/relay/client/relay-client.ts';
import type { DistRelay } from '../src/relay-handle.ts';
import type { MeshWorld } from './mesh-world.ts';

/** Turns of the program between two milliseconds. */
const TURNS = 8;

/** Moves time, and lets the program take turns, until it holds. At most `limit` virtual ms. */
export async function happened(
  { clock }: Pick<MeshWorld, 'clock'>,
  condition: () => boolean,
  limit: number = 60_000,
): Promise<void> {
  const end = clock.now() + limit;
  for (;;) {
    for (let turns = 0; turns < TURNS; turns++) {
      if (condition()) return;
      await turn();
    }
    if (clock.now() >= end) throw new Error(`it did not happen within ${limit} virtual ms`);
    await clock.advance(Math.min(1, end - clock.now()));
  }
}

/** The same until a promise is settled. */
export async function settled<Result>(
  world: Pick<MeshWorld, 'clock'>,
  promise: Promise<Result>,
  limit?: number,
): Promise<Result> {
  let done = false;
  const end = (): void => {
    done = true;
  };
  promise.then(end, end);
  await happened(world, () => done, limit);
  return promise;
}

/** What a promise is rejected with. */
export const refusal = (world: Pick<MeshWorld, 'clock'>, promise: Promise<unknown>): Promise<unknown> =>
  settled(
    world,
    promise.then(
      () => {
        throw new Error('it was not refused');
      },
      (error: unknown) => error,
    ),
  );

/** A relay with a machine of its own; it is closed when the test is over. */
export async function relayIn(
  world: MeshWorld,
  host: string,
  options: DistRelayOptions = {},
): Promise<DistRelay> {
  const relay = await settled(
    world,
    startDistRelay({
      listen: `${host}:4434`,
      realm: 'test',
      runtime: world.runtime(),
      transport: world.network.transport(host),
      ...options,
    }),
  );
  onTestFinished(() => settled(world, relay.close()));
  return relay;
}

interface ClientOptions extends StandaloneRelayClientOptions {
  readonly runtime?: Runtime;
}

/** A client with a machine of its own. It has dialed, and is not waited for. */
export async function clientIn(
  world: MeshWorld,
  relays: readonly (string | DistRelay)[],
  name: string,
  { runtime = world.runtime(), ...options }: ClientOptions = {},
): Promise<DistRelayClient> {
  const urls = relays.map((relay) => (typeof relay === 'string' ? relay : relay.url));
  const given = { realm: 'test', transport: world.network.transport(), ...options };
  const client = await settled(world, startRelayClient(runtime, urls, name, given));
  onTestFinished(() => settled(world, client.close()));
  return client;
}

/** One that all its relays know. */
export async function knownIn(...args: Parameters<typeof clientIn>): Promise<DistRelayClient> {
  const client = await clientIn(...args);
  await happened(args[0], () => client.status().relays.every(({ state }) => state === 'identified'));
  return client;
}
