/**
 * The first call to a node that is reached through a station, and calls on the connection that is there then.
 */
import { median, quantile } from '../harness/statistics.ts';
import type { Scenario } from './scenario.ts';
import { pairOf, reached, rest } from './pair.ts';
import { addressAt } from './world.ts';

/** Datagrams to and fro, of which one half of the round trip is the median: a proxy passes each way once. */
const PINGS = 21;
/** Calls before those that count. */
const WARM = 20;

/** @param rtt ms from node through the station to node and back. */
export const firstCall =
  (rtt: number): Scenario =>
  async (world, { firstCalls, calls }, figures) => {
    const pair = await pairOf(world, { rtt, told: 'nowhere' });
    const { provider, at } = pair;
    const { member: caller } = pair.caller;
    const echo = await pair.station.member.ask('socket', undefined);
    const port = rtt === 0 ? echo : await pair.proxies.ask('proxy', { target: echo, delay: rtt / 4 });
    // to the station and back is half of it
    figures['rtt'] = 2 * (await caller.ask('ping', { port, times: PINGS }));

    // from now on neither wants a hole punched
    const relay = { relay: addressAt(at) };
    await reached(provider.member, pair.caller.id, relay, 'relayed');
    await reached(caller, provider.id, relay, 'relayed');
    await caller.ask('call', { target: provider.id, times: WARM });
    const first: number[] = [];
    for (let count = 0; count <= firstCalls; count++) {
      await rest();
      await caller.ask('part', { peer: provider.id });
      const { ms, connected, way } = await caller.ask('call', { target: provider.id, times: 1 });
      if (way !== 'relayed') throw new Error(`the call went ${way ?? 'nowhere'}`);
      // the very first of these warms up
      if (!connected && count > 0) first.push(ms[0] ?? Number.NaN);
    }
    figures['first'] = median(first);
    figures['first, worst'] = Math.max(...first);
    const { ms } = await caller.ask('call', { target: provider.id, times: WARM + calls }, 60_000);
    const sorted = ms.slice(WARM).toSorted((one, other) => one - other);
    figures['connected'] = quantile(sorted, 0.5);
    figures['connected p95'] = quantile(sorted, 0.95);

    await reached(caller, provider.id, { endpoint: addressAt(provider.port) }, 'direct');
    const direct = await caller.ask('call', { target: provider.id, times: WARM + calls });
    figures['direct'] = median(direct.ms.slice(WARM));
  };
