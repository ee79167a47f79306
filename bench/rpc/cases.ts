/**
 * What is read off the samples, and what we want it to be (BASELINES §2). Data.
 *
 * Goals name peers by the names of `peers.ts`; one whose peer is not in the run stays open.
 */
import { OURS } from './peers.ts';
import type { Step } from './plan.ts';
import type { Sample } from './session.ts';

/** Our figure over the peer's, or (without a peer) our figure itself. */
export type Goal =
  { readonly than?: string; readonly atMost: number } | { readonly than?: string; readonly atLeast: number };

export interface Case {
  readonly name: string;
  readonly unit: 'µs' | 'calls/s';
  readonly step: Step['name'];
  readonly figure: (sample: Sample) => number | undefined;
  /** Whose figure is ours. */
  readonly ours: string;
  /** False when peers have no such thing. */
  readonly compared: boolean;
  readonly goals: readonly Goal[];
}

/** BASELINES §2, p50. */
const LATENCY: readonly Goal[] = [
  { than: 'dgram', atMost: 3.5 },
  { than: 'http2', atMost: 1.6 },
  { than: 'grpc-js', atMost: 0.85 },
  { than: 'libp2p', atMost: 0.25 },
];

const cpu = ({ answered, cpuPerCall }: Sample): number | undefined => (answered > 0 ? cpuPerCall : undefined);

const p50 = (sample: Sample): number | undefined => sample.p50;
const both = ({ cpuOfBoth }: Sample): number | undefined => cpuOfBoth;
const peers = { ours: OURS, compared: true } as const;

export const CASES: readonly Case[] = [
  { ...peers, name: 'sequential p50, two CPUs', unit: 'µs', step: 'apart', figure: p50, goals: LATENCY },
  {
    ...peers,
    name: 'sequential p99, two CPUs',
    unit: 'µs',
    step: 'apart',
    figure: ({ p99 }) => p99,
    goals: [],
  },
  { ...peers, name: 'sequential p50, one CPU', unit: 'µs', step: 'together', figure: p50, goals: LATENCY },
  {
    ...peers,
    name: 'sequential, CPU of both per call',
    unit: 'µs',
    step: 'together',
    figure: both,
    goals: [],
  },
  {
    ...peers,
    name: '64 in flight',
    unit: 'calls/s',
    step: 'inFlight',
    figure: ({ perSecond }) => (perSecond > 0 ? perSecond : undefined),
    goals: [
      { than: 'quic-classes', atLeast: 15 },
      { than: 'grpc-js', atLeast: 4 },
      { than: 'http2', atLeast: 1 },
      { than: 'libp2p', atLeast: 8 },
      { than: 'hyperswarm', atLeast: 0.3 },
    ],
  },
  {
    ...peers,
    name: '64 in flight, CPU of the client per call',
    unit: 'µs',
    step: 'inFlight',
    figure: cpu,
    goals: [
      { than: 'grpc-js', atMost: 0.25 },
      { than: 'libp2p', atMost: 0.1 },
    ],
  },
  {
    ...peers,
    name: '64 in flight, CPU of both per call',
    unit: 'µs',
    step: 'inFlight',
    figure: both,
    goals: [],
  },
  {
    name: 'local call (connectLocal), CPU per call',
    unit: 'µs',
    step: 'apart',
    figure: cpu,
    ours: 'local',
    compared: false,
    goals: [{ atMost: 3 }],
  },
  {
    name: 'local call (node.call), CPU per call',
    unit: 'µs',
    step: 'apart',
    figure: cpu,
    ours: 'node-call',
    compared: false,
    goals: [{ atMost: 3 }],
  },
];
