/**
 * The NATs of the test beds by name (BASELINES §4; `test/nat/natlab.sh` builds the same ones in the kernel), and how
 * one is asked for. Pure.
 */
import { between, fields, host, ms, oneOf, refuse, yesOrNo, type Check } from './judge.ts';
import type { NatBehavior, NatRules } from './nat.ts';

/**
 * `none`: machines behind it are reached by their own addresses. `fullcone`, `addr` and `port` map independently of the
 * destination and filter not at all, by host, and by host and port. `sym`: a random port for each destination. `symport`:
 * a mapping for each destination, all with the port the socket has inside. `blocked`: no UDP gets through.
 */
export type NatType = 'none' | 'fullcone' | 'addr' | 'port' | 'sym' | 'symport' | 'blocked';

const BEHAVIORS: Readonly<Record<NatType, NatBehavior>> = {
  none: { mapping: 'ei', filtering: 'ei', allocation: 'pp' },
  fullcone: { mapping: 'ei', filtering: 'ei', allocation: 'pp' },
  addr: { mapping: 'ei', filtering: 'hd', allocation: 'pp' },
  port: { mapping: 'ei', filtering: 'pd', allocation: 'pp' },
  sym: { mapping: 'pd', filtering: 'pd', allocation: 'rd' },
  symport: { mapping: 'pd', filtering: 'pd', allocation: 'pp' },
  blocked: { mapping: 'ei', filtering: 'pd', allocation: 'pp' },
};

/** Milliseconds after which the NATs of the test beds forget a UDP mapping. RFC 4787 REQ-5 asks for 120 s; few keep it. */
const TIMEOUT = 30_000;
const MAPPINGS = 4_096;

/** A NAT of a simulated network: machines are put behind it, and faults strike it. */
export interface MemoryNat {
  /** The public address. */
  readonly host: string;
  /** How many mappings there are; some may be past their time. */
  readonly mappings: number;
}

export interface NatOptions {
  /** The public address; with `behind`, the address in the outer NAT's network. */
  readonly host: string;
  /** One of the seven by name, or any of the 27 combinations of SPEC §8.1. */
  readonly type: NatType | NatBehavior;
  /** The outer NAT, as of a carrier. Default: none. */
  readonly behind?: MemoryNat;
  /** Default false. */
  readonly hairpin?: boolean;
  /** Default 30,000 ms. */
  readonly timeout?: number;
  /** Default 4,096. */
  readonly mappings?: number;
}

export function rulesOf({
  type,
  hairpin = false,
  timeout = TIMEOUT,
  mappings = MAPPINGS,
}: NatOptions): NatRules {
  const { mapping, filtering, allocation } = typeof type === 'string' ? BEHAVIORS[type] : type;
  return { mapping, filtering, allocation, routed: type === 'none', hairpin, timeout, mappings };
}

const dependence = oneOf('ei', 'hd', 'pd');
const behavior = fields<NatBehavior>(
  { mapping: dependence, filtering: dependence, allocation: oneOf('pp', 'pc', 'rd') },
  ['mapping', 'filtering', 'allocation'],
);
const typeName = oneOf(...Object.keys(BEHAVIORS));

const type: Check = (name, value) => {
  if (typeof value === 'object') behavior(name, value);
  else typeName(name, value);
};

const count: Check = (name, value) => {
  between(1, 65_536)(name, value);
  if (!Number.isInteger(value)) refuse(name, 'a whole number', value);
};

/** Throws `RangeError` naming the option that makes no sense; `behind` is judged by the network. */
export const checkNat: Check = fields<NatOptions>(
  { host, type, behind: () => {}, hairpin: yesOrNo, timeout: ms, mappings: count },
  ['host', 'type'],
);
