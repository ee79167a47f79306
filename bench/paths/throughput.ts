/**
 * As much as goes, between the same two nodes: directly, through a station without limits, and through one as it is.
 */
import { median } from '../harness/statistics.ts';
import type { Scenario } from './scenario.ts';
import { announced, attached, reached } from './pair.ts';
import { freePort } from './proxies.ts';
import { addressAt } from './world.ts';

const LANES = 64;
/** Bytes there and back. */
const SIZES = { small: 100, large: 16_384 } as const;

export const throughput: Scenario = async (world, { turns, phase }, figures) => {
  const free = await world.station({ name: 'free', unlimited: true });
  const limited = await world.station({ name: 'limited', options: { bootstrap: [free.url] } });
  const stations = attached([free.port, limited.port]);
  const providerPort = await freePort();
  const ways = {
    relayed: { relay: addressAt(free.port) },
    limited: { relay: addressAt(limited.port) },
    direct: { endpoint: addressAt(providerPort) },
  } as const;
  const provider = await world.node('provider', providerPort, {
    options: { ...stations, ...(await announced(0)) },
  });
  await provider.member.ask('serve', undefined);
  const placed = await world.node('caller', 0, {
    options: { ...stations, ...(await announced(0)) },
  });
  const { member: caller } = placed;
  await caller.ask('find', undefined);
  // from now on neither wants a hole punched
  await reached(provider.member, placed.id, ways.relayed, 'relayed');
  const found = new Map<string, number[]>();
  for (let turn = 0; turn < turns; turn++) {
    for (const [size, bytes] of Object.entries(SIZES)) {
      const order = Object.entries(ways);
      for (const [way, hints] of turn % 2 === 0 ? order : order.toReversed()) {
        if (way === 'limited' && size === 'small') continue;
        const wanted = way === 'direct' ? 'direct' : 'relayed';
        await reached(caller, provider.id, hints, wanted);
        const ran = await caller.ask('run', { target: provider.id, lanes: LANES, size: bytes, phase });
        if (ran.way !== wanted) throw new Error(`${way}: went ${ran.way ?? 'nowhere'}`);
        add(`${size} ${way}`, ran.perSecond);
        add(`${size} ${way} cpu`, ran.cpuPerCall);
        add('failed', ran.failed);
      }
    }
  }
  figures['failed'] = found.get('failed')?.reduce((sum, each) => sum + each, 0) ?? 0;

  function add(name: string, value: number): void {
    const all = found.get(name) ?? [];
    all.push(value);
    found.set(name, all);
    figures[name] = median(all);
  }
};
