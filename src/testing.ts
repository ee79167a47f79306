/**
 * `espalier/testing`: run a mesh in one process, repeatable by its seed.
 */
export { seededRandom, type Random } from './actor/random.ts';
export { silentLogger } from './actor/logger.ts';
export { virtualClock, type VirtualClock } from './testing/virtual-clock.ts';
export { memoryNetwork, type MemoryNetwork, type MemoryNetworkOptions } from './transport/memory/network.ts';
export type { Faults, Ways } from './transport/memory/faults.ts';
export type { Delay, RawFaults, Reordering } from './transport/memory/route.ts';
export type { Allocation, Dependence, NatBehavior } from './transport/memory/nat.ts';
export type { MemoryNat, NatOptions, NatType } from './transport/memory/nat-types.ts';
export {
  lossyUdpProxy,
  type Direction,
  type LossyUdpProxy,
  type LossyUdpProxyOptions,
} from './testing/lossy-udp-proxy.ts';
export { kilobits, type BurstLoss, type Conditions } from './testing/lossy/conditions.ts';
export { Impairment, type Arrival, type ImpairmentStats } from './testing/lossy/impairment.ts';
export { GilbertElliott } from './testing/lossy/gilbert-elliott.ts';
export { RateLimit } from './testing/lossy/rate-limit.ts';
export { flipBit } from './testing/lossy/corruption.ts';
export { simulate, type SimulationReport } from './testing/simulation/simulate.ts';
export { shrink, type ShrinkOptions } from './testing/simulation/shrink.ts';
export {
  CALL_KINDS,
  FAULT_KINDS,
  type CallKind,
  type Configuration,
  type Fault,
  type FaultKind,
  type SimulationOptions,
  type Workload,
} from './testing/simulation/configuration.ts';
export { INVARIANTS, type Invariant, type Violation } from './testing/simulation/invariants/invariant.ts';
