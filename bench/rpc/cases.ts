/**
 * What is read off the sessions, and what we want it to be (BASELINES §2). Data.
 *
 * Goals name peers by the names of `peers.ts`; one whose peer is not in the run stays open.
 */
import type { Goal } from '../harness/goal.ts';
import { FLOODED, OURS_NAME, SMALL_DATAGRAMS } from './names.ts';
import type { StepName } from './plan.ts';
import type { Sample, Session } from './session.ts';
import type { SessionCase } from './suite.ts';

const LATENCY: readonly Goal[] = [
  { than: 'dgram', atMost: 3.5, stretch: 2.2 },
  { than: 'http2', atMost: 1.6, stretch: 1.1 },
  { than: 'grpc-js', atMost: 0.85 },
  { than: 'libp2p', atMost: 0.25 },
];

const THROUGHPUT: readonly Goal[] = [
  { than: 'grpc-js', atLeast: 4 },
  { than: 'http2', atLeast: 1 },
  { than: 'libp2p', atLeast: 8 },
  { than: 'quic-classes', atLeast: 15 },
  { than: 'hyperswarm', atLeast: 0.3, stretch: 0.7 },
];

const CLIENT_CPU: readonly Goal[] = [
  { than: 'grpc-js', atMost: 0.25 },
  { than: 'libp2p', atMost: 0.1 },
];

/** Neither a stall nor a lost call: `overloaded` counts as lost. */
const NONE: readonly Goal[] = [{ atMost: 0 }];

type Figure = (sample: Sample) => number | undefined;

const p50: Figure = (sample) => sample.p50;
const p99: Figure = (sample) => sample.p99;
const perSecond: Figure = (sample) => (sample.perSecond > 0 ? sample.perSecond : undefined);
const clientCpu: Figure = ({ answered, cpuPerCall }) => (answered > 0 ? cpuPerCall : undefined);
const bothCpu: Figure = ({ cpuOfBoth }) => cpuOfBoth;
const lost: Figure = ({ failed, unanswered, stalled }) => Math.max(failed + unanswered, stalled ? 1 : 0);

const at =
  (step: StepName, figure: Figure): ((session: Session) => number | undefined) =>
  ({ steps }) => {
    const sample = steps[step];
    return sample === undefined ? undefined : figure(sample);
  };

/** Everything is lost when the session did not get that far. */
const lostAt =
  (step: StepName): ((session: Session) => number | undefined) =>
  ({ steps, failure }) => {
    const sample = steps[step];
    if (sample !== undefined) return lost(sample);
    return failure === undefined ? undefined : 1;
  };

const us = { ours: OURS_NAME, compared: true } as const;
const flood = { ours: FLOODED, compared: false } as const;
const narrow = { ours: SMALL_DATAGRAMS, compared: true } as const;
const micros = { unit: 'µs' } as const;
const rate = { unit: 'calls/s' } as const;
const calls = { unit: 'calls' } as const;
const open = { goals: [] } as const;

export const CASES: readonly SessionCase[] = [
  { ...us, ...micros, name: '100 B, one at a time, p50, two CPUs', figure: at('apart', p50), goals: LATENCY },
  { ...us, ...micros, name: '100 B, one at a time, p99, two CPUs', figure: at('apart', p99), ...open },
  {
    ...us,
    ...micros,
    name: '100 B, one at a time, p50, one CPU',
    figure: at('together', p50),
    goals: LATENCY,
  },
  { ...us, ...micros, name: '100 B, one at a time, CPU of both', figure: at('together', bothCpu), ...open },
  { ...us, ...rate, name: '100 B, 64 in flight', figure: at('inFlight', perSecond), goals: THROUGHPUT },
  {
    ...us,
    ...micros,
    name: '100 B, 64 in flight, CPU of the client',
    figure: at('inFlight', clientCpu),
    goals: CLIENT_CPU,
  },
  { ...us, ...micros, name: '100 B, 64 in flight, CPU of both', figure: at('inFlight', bothCpu), ...open },
  { ...us, ...micros, name: '64 KiB, one at a time, p50, two CPUs', figure: at('bigApart', p50), ...open },
  {
    ...us,
    ...rate,
    name: '64 KiB, 64 in flight',
    figure: at('bigInFlight', perSecond),
    goals: [{ than: 'grpc-js', atLeast: 1.5 }],
  },
  {
    ...us,
    ...micros,
    name: '64 KiB, 64 in flight, CPU of both',
    figure: at('bigInFlight', bothCpu),
    ...open,
  },
  {
    ...narrow,
    ...rate,
    name: '64 KiB, 64 in flight, our datagrams 1,350 B',
    figure: at('bigInFlight', perSecond),
    goals: [{ than: 'grpc-js', atLeast: 0.5 }],
  },
  {
    ...narrow,
    ...rate,
    name: '100 B, 64 in flight, our datagrams 1,350 B',
    figure: at('inFlight', perSecond),
    ...open,
  },
  {
    ...us,
    unit: 'ms',
    name: 'cold connect and first call, modules loaded',
    figure: ({ loaded }) => loaded,
    goals: [{ than: 'http2', atMost: 1, allowance: 60 }],
  },
  {
    ...us,
    ...open,
    unit: 'ms',
    name: 'first call in a fresh process, modules loaded on first use',
    figure: ({ fresh }) => fresh,
  },
  { ...us, ...calls, compared: false, name: 'lost, 64 in flight', figure: lostAt('inFlight'), goals: NONE },
  { ...flood, ...calls, name: 'lost, 512 in flight', figure: lostAt('flood512'), goals: NONE },
  { ...flood, ...calls, name: 'lost, 4,096 in flight', figure: lostAt('flood4096'), goals: NONE },
  {
    ...flood,
    ...calls,
    name: 'lost, 64 KiB, 512 in flight at 100 streams',
    figure: lostAt('bigFlood'),
    goals: NONE,
  },
  { ...flood, ...rate, name: '100 B, 512 in flight', figure: at('flood512', perSecond), ...open },
  { ...flood, ...rate, name: '100 B, 4,096 in flight', figure: at('flood4096', perSecond), ...open },
  {
    ...flood,
    ...rate,
    name: '64 KiB, 512 in flight at 100 streams',
    figure: at('bigFlood', perSecond),
    ...open,
  },
];
