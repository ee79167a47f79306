/**
 * Two nodes that are attached to the same station, and how far away that is.
 */
import type { NodeOptions } from '../../src/index.ts';
import type { Member } from './member.ts';
import type { Seen } from './messages.ts';
import { freePort } from './proxies.ts';
import { addressAt, urlAt, type Placed, type World } from './world.ts';

export interface Pair {
  readonly caller: Placed;
  readonly provider: Placed;
  readonly station: Placed;
  /** Where the station is known: its own port, or that of the proxy before it. */
  readonly at: number;
  /** The process of the proxies. */
  readonly proxies: Member;
}

export interface PairPlan {
  /** From one node through the station to the other and back, ms. 0: nothing is delayed, and no proxy is between. */
  readonly rtt: number;
  /** What the two tell others about where they are: `nowhere`, so that they never find a direct path, or by a proxy of the provider's. */
  readonly told: 'truth' | 'nowhere' | 'proxy';
}

/** The station stands behind a proxy when it is away: there nobody sees where the nodes are, and no hole can be punched. */
export async function pairOf(world: World, { rtt, told }: PairPlan): Promise<Pair & { cut: number }> {
  const proxies = world.member('proxies');
  const stationPort = await freePort();
  const at = rtt === 0 ? stationPort : await proxies.ask('proxy', { target: stationPort, delay: rtt / 4 });
  const station = await world.station({ port: stationPort, known: addressAt(at), unlimited: true });
  const providerPort = await freePort();
  const cut = told === 'proxy' ? await proxies.ask('proxy', { target: providerPort, delay: 0 }) : 0;
  const provider = await world.node('provider', providerPort, {
    options: { ...attached([at]), ...(told === 'truth' ? {} : await announced(cut)) },
  });
  await provider.member.ask('serve', undefined);
  const caller = await world.node('caller', 0, {
    options: { ...attached([at]), ...(told === 'truth' ? {} : await announced(0)) },
  });
  await caller.member.ask('find', undefined);
  return { caller, provider, station, at, proxies, cut };
}

export const attached = (ports: readonly number[]): NodeOptions => {
  const stations = ports.map(urlAt);
  return { stations, bootstrap: stations };
};

/** A port of 0: one where nobody listens. */
export const announced = async (port: number): Promise<NodeOptions> => ({
  announce: [addressAt(port === 0 ? await freePort() : port)],
});

/**
 * Milliseconds of rest before a pair connects anew: a station lets two nodes ask for a session or a punch once a second, and
 * eight times more.
 */
const REST = 1_000;

export const rest = (): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, REST);
  });

/** Tries; the other side may be faster, on the way that it knows. */
const TRIES = 5;

/** Connects anew, on this way. */
export async function reached(
  from: Member,
  peer: string,
  hints: { readonly relay: string } | { readonly endpoint: string },
  wanted: Seen['way'],
): Promise<void> {
  for (let count = 0; count < TRIES; count++) {
    await from.ask('part', { peer });
    if ((await from.ask('reach', { peer, ...hints }))?.way === wanted) return;
  }
  throw new Error(`no ${wanted} connection`);
}
