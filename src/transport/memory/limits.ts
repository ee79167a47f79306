/**
 * Limits of a simulated endpoint with their defaults, checked.
 *
 * Source of the values: DESIGN §8, SECURITY §13. Throws `TransportError` (`invalid_option`).
 */
import { TransportError, type EndpointLimits, type PhysicalAddress } from '../transport.ts';

/** ms; on loopback a killed peer is noticed sooner. */
const IDLE_TIMEOUT = { loopback: 10_000, other: 30_000 };
/** ms; at most a third of the idle timeout, so that two lost probes end nothing. */
const KEEP_ALIVE = { loopback: 3_000, other: 10_000 };

export type Limits = Required<EndpointLimits>;

const DEFAULTS: Omit<Limits, 'idleTimeout' | 'keepAlive'> = {
  handshakeTimeout: 10_000,
  streams: 100,
  links: 10_000,
  halfOpen: 256,
  queued: 8 * 1_024 * 1_024,
};

/** `local` decides which defaults hold: a loopback address has shorter ones. */
export function limitsOf(given: EndpointLimits, local: PhysicalAddress): Limits {
  const kind = isLoopback(local.host) ? 'loopback' : 'other';
  const idleTimeout = given.idleTimeout ?? IDLE_TIMEOUT[kind];
  const keepAlive = given.keepAlive ?? Math.min(KEEP_ALIVE[kind], idleTimeout / 3);
  const limits: Limits = { ...DEFAULTS, ...given, idleTimeout, keepAlive };
  for (const [option, value] of Object.entries(limits)) {
    if (!(value >= 0 && Number.isFinite(value))) throw invalid(option, `${value} is not a size`);
  }
  for (const option of ['idleTimeout', 'keepAlive', 'handshakeTimeout'] as const) {
    if (limits[option] === 0) throw invalid(option, '0 ms leaves no time');
  }
  if (keepAlive > idleTimeout / 3) throw invalid('keepAlive', 'more than a third of idleTimeout');
  return limits;
}

export const isLoopback = (host: string): boolean => host === '::1' || host.startsWith('127.');

function invalid(option: string, detail: string): TransportError {
  return new TransportError({ tag: 'invalid_option', option, detail }, `limits.${option}: ${detail}`);
}
