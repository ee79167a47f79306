/**
 * `espalier/testing`: run a mesh in one process, repeatable by its seed.
 */
export { seededRandom, type Random } from './actor/random.ts';
export { silentLogger } from './actor/logger.ts';
export { virtualClock, type VirtualClock } from './testing/virtual-clock.ts';
export { memoryNetwork, type MemoryNetwork, type MemoryNetworkOptions } from './transport/memory/network.ts';
