/**
 * A node of the distribution in this process: behind a relay, or over QUIC.
 */
import { TunnelCarrier } from '../../src/tunnel-carrier.ts';
import type { Distribution } from '../../src/distribution.ts';
import { callsTo, startMeshNode, startPlainNode } from '../dist/node.ts';
import { load, type Call } from '../harness/load.ts';
import type { Ran, RunOrder } from './messages.ts';

let dist: Distribution | undefined;
/** By node. */
const calls = new Map<string, Promise<Call>>();

export async function start({
  name,
  relay,
}: {
  readonly name: string;
  readonly relay: string | undefined;
}): Promise<string> {
  dist =
    relay === undefined
      ? await startMeshNode()
      : await startPlainNode(name, (runtime) => new TunnelCarrier(runtime, { relays: relay }));
  return dist.name;
}

export async function run({ node, lanes, size, phase }: RunOrder): Promise<Ran> {
  if (dist === undefined) throw new Error('there is no node');
  const call = calls.get(node) ?? callsTo(dist, node);
  calls.set(node, call);
  const options = { ...phase, lanes, timed: false, mark: () => {} };
  const result = await load(await call, new Uint8Array(size).fill(7), options);
  const { answered, elapsed, failed, failure, stalled } = result;
  return { perSecond: elapsed > 0 ? (answered / elapsed) * 1_000 : 0, failed, failure, stalled };
}
