/**
 * An endpoint's limits: defaults, and what makes no sense (DESIGN §8).
 */
import { TransportError, type EndpointLimits, type PhysicalAddress } from './transport.ts';
import { addressClass } from './address.ts';

export type Limits = Required<EndpointLimits>;

/** Milliseconds. On loopback a dead peer should be noticed sooner. */
const WAN: Pick<Limits, 'idleTimeout' | 'keepAlive'> = { idleTimeout: 30_000, keepAlive: 10_000 };
const LOOPBACK: Pick<Limits, 'idleTimeout' | 'keepAlive'> = { idleTimeout: 10_000, keepAlive: 3_000 };

const DEFAULTS: Omit<Limits, 'idleTimeout' | 'keepAlive'> = {
  handshakeTimeout: 10_000,
  streams: 100,
  stalled: 1,
  links: 10_000,
  halfOpen: 256,
  acceptRate: 500,
  queued: 8_388_608,
};

/** Keep-alives per idle timeout: two may be lost. */
const KEEP_ALIVES = 3;

/**
 * The share of its limit that a link may have queued before `write` asks for patience: 1 MiB of the default.
 * Whoever heeds that stays far below the limit.
 */
const HIGH_WATER_SHARE = 1 / 8;

/** Bytes queued on a link above which it is congested. */
export const linkHighWater = ({ queued }: Limits): number => queued * HIGH_WATER_SHARE;

/** Fills in the defaults for an endpoint bound to `bind`. Throws `TransportError` `invalid_option`. */
export function limitsFor(bind: PhysicalAddress, given: EndpointLimits = {}): Limits {
  const times = addressClass(bind.host) === 'loopback' ? LOOPBACK : WAN;
  const idleTimeout = given.idleTimeout ?? times.idleTimeout;
  const keepAlive = given.keepAlive ?? Math.min(times.keepAlive, idleTimeout / KEEP_ALIVES);
  const limits: Limits = { ...DEFAULTS, ...defined(given), idleTimeout, keepAlive };
  for (const [option, value] of Object.entries(limits))
    if (!Number.isFinite(value) || value <= 0) refuse(option, 'must be a positive number');
  if (keepAlive > idleTimeout / KEEP_ALIVES) refuse('keepAlive', `must be at most a third of idleTimeout`);
  return limits;
}

const defined = (given: EndpointLimits): EndpointLimits =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));

function refuse(option: string, detail: string): never {
  throw new TransportError(
    { tag: 'invalid_option', option: `limits.${option}`, detail },
    `Invalid limits.${option}: ${detail}`,
  );
}
