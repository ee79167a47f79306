/**
 * Two nodes of ours: through a relay, and over QUIC without one. GenServer calls, in turns.
 */
import { LANES } from './cases.ts';
import type { Member } from './member.ts';
import type { Scenario } from './scenario.ts';

const SIZE = 100;
/** Milliseconds that a run may take longer than planned. */
const GRACE = 30_000;

interface Way {
  readonly asks: Member;
  /** The node that answers. */
  readonly node: string;
}

export const between: Scenario = async (world, { phase }, figures, round) => {
  const { url } = await world.relay(0);
  const through = async (relay: string | undefined): Promise<Way> => {
    const [asks, answers] = [world.member('asks'), world.member('answers')];
    const node = await answers.ask('node', { name: 'answers@127.0.0.1', relay });
    await asks.ask('node', { name: 'asks@127.0.0.1', relay });
    return { asks, node };
  };
  const ways = Object.entries({ tunnel: await through(url), quic: await through(undefined) });
  for (const lanes of LANES)
    for (const [way, { asks, node }] of round % 2 === 0 ? ways : ways.toReversed()) {
      const limit = 3 * phase.warm + phase.window + phase.stallAfter + GRACE;
      const ran = await asks.ask('run', { node, lanes, size: SIZE, phase }, limit);
      if (ran.failed > 0) throw new Error(`${way}: ${ran.failed} calls failed, first: ${ran.failure}`);
      // one that stalled has no figure
      if (!ran.stalled) figures[`${way}/${lanes}`] = ran.perSecond;
    }
};
