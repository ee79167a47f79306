/**
 * What is a kept connection worth? Messages to one peer over one connection, against a connection for each.
 */
import type { Bench } from '../harness/bench.ts';
import { OURS_NAME, FRESH } from '../rpc/names.ts';
import { FRESHLY, OURS } from '../rpc/peers.ts';
import { suite } from '../rpc/suite.ts';
import type { Session } from '../rpc/session.ts';

const p50 = ({ steps }: Session): number | undefined => steps.apart?.p50;
const cpu = ({ steps }: Session): number | undefined => steps.apart?.cpuOfBoth;

export const peer: Bench = suite({
  name: 'peer',
  question: 'What does a kept connection save against a fresh one for every message?',
  what: 'echo of 100 B to one peer, one at a time, two processes',
  ours: OURS.filter(({ name }) => name === OURS_NAME).map((entry) => ({ ...entry, steps: ['apart'] })),
  peers: [FRESHLY],
  cases: [
    {
      name: 'pooled connection, p50',
      unit: 'µs',
      ours: OURS_NAME,
      compared: true,
      figure: p50,
      // at least twice as fast
      goals: [{ than: FRESH, atMost: 0.5 }],
    },
    {
      name: 'pooled connection, CPU of both',
      unit: 'µs',
      ours: OURS_NAME,
      compared: true,
      figure: cpu,
      goals: [],
    },
  ],
});
