/**
 * What a dist relay allows its clients. Every bound is finite (SECURITY §10.2, §13).
 */
export interface DistRelayLimits {
  /** Clients at once. Default 1,000. */
  readonly clients?: number;
  /** Tunnels of one client at once, of both directions. Default 64. */
  readonly tunnels?: number;
  /** Tunnels in all. Default 10,000. */
  readonly totalTunnels?: number;
  /** Bytes per second that one client may send into all its tunnels; a quarter of a second's worth at once. Default 128 MiB. */
  readonly rate?: number;
  /** The same for one direction of one tunnel. Default 128 MiB. */
  readonly tunnelRate?: number;
  /** Milliseconds after which a tunnel in which nothing moves is closed. Default 300,000. */
  readonly idle?: number;
  /** Milliseconds without a sign of life after which a client is asked whether it is there. Default 5,000. */
  readonly probe?: number;
}

export type Limits = Required<DistRelayLimits>;

const MIB = 1_048_576;

export const LIMITS: Limits = {
  clients: 1_000,
  tunnels: 64,
  totalTunnels: 10_000,
  rate: 128 * MIB,
  tunnelRate: 128 * MIB,
  idle: 300_000,
  probe: 5_000,
};

/** Of a rate: what may pass at once. */
export const BURST = 0.25;
