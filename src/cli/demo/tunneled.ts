/**
 * The step of the demo in which two nodes that have no way to each other meet at a dist relay.
 */
import type { Clock } from '../../actor/clock.ts';
import { systemClock } from '../../actor/clock.ts';
import { silentLogger } from '../../actor/logger.ts';
import { Runtime } from '../../actor/runtime.ts';
import { atom } from '../../codec/etf/atom.ts';
import { tuple } from '../../codec/etf/terms.ts';
import { TunnelCarrier } from '../../tunnel-carrier.ts';
import type { Distribution } from '../../dist/distribution.ts';
import { startDistRelay } from '../../dist-relay.ts';
import { startDistribution } from '../../distribution.ts';
import { startServer } from '../../otp/gen-server.ts';
import type { NodeOptions } from '../../mesh/client/options.ts';
import type { Json } from '../json-value.ts';
import { COUNTER, counterServer } from './across.ts';

export interface TunnelWorld extends Pick<NodeOptions, 'transport'> {
  /** Where the relay listens, a port of its own. */
  readonly host: string;
  readonly cookie: string;
  readonly clock: Clock;
}

/** A relay, and two nodes that nobody can dial: one calls a GenServer of the other. */
export async function tunneled({ host, cookie, clock, transport }: TunnelWorld): Promise<Json> {
  const through = transport === undefined ? {} : { transport };
  const runtime = (): Runtime => new Runtime({ logger: silentLogger, clock });
  const relay = await startDistRelay({ listen: `${host}:0`, runtime: runtime(), ...through });
  const nodes: Distribution[] = [];
  const node = async (name: string): Promise<Runtime> => {
    const own = runtime();
    // TLS takes real time, and a story on a clock of its own has none
    const carrier = new TunnelCarrier(own, {
      relays: relay.url,
      encryption: clock === systemClock,
      ...through,
    });
    nodes.push(await startDistribution(own, { name, cookie, carriers: [carrier], exports: [COUNTER] }));
    return own;
  };
  try {
    await node('left@nowhere');
    const right = await node('right@nowhere');
    await startServer(right, counterServer, 40, { name: COUNTER });
    const answer = await nodes[0]?.call(COUNTER, 'right@nowhere', tuple(atom('add'), 2));
    const { clients, tunnels } = relay.status();
    return { answer: answer as number, clients: [...clients], tunnels };
  } finally {
    for (const dist of nodes) await dist.close();
    await relay.close();
  }
}
