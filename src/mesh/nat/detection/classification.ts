/**
 * From what observers saw to a class of NAT. Pure.
 *
 * An observer says from which address and port our datagrams reach it. Of each observer its newest report counts, and of
 * the observers the two newest: one vantage point says nothing about the mapping, so a single report is taken for the
 * friendliest NAT that fits it (SPEC §8.2). What lets in is not seen from outside and stays `unknown` here:
 * `filtering.ts` measures it.
 */
import type { Allocation, Mapping, NatClass } from '../taxonomy.ts';

/** One report. In a list the newest stands last. */
export interface Observation {
  /** Who saw it. */
  readonly observer: string;
  readonly reflexiveIp: string;
  readonly reflexivePort: number;
  /** Of the socket the probe left from. */
  readonly localPort: number;
}

/** Ports nearer than this are taken one after the other. */
const NEAR = 10;

/** What is assumed when nobody saw anything: the worst. */
const WORST: NatClass = { mapping: 'pd', filtering: 'unknown', allocation: 'rd' };

/** The newest report of each observer, the newest last. */
export function newestPerObserver(observations: readonly Observation[]): readonly Observation[] {
  const newest = new Map<string, Observation>();
  for (const observation of observations) {
    newest.delete(observation.observer);
    newest.set(observation.observer, observation);
  }
  return [...newest.values()];
}

export function classify(observations: readonly Observation[]): NatClass {
  const [newer, older] = newestPerObserver(observations).toReversed();
  if (newer === undefined) return WORST;
  if (older === undefined) {
    const preserved = newer.reflexivePort === newer.localPort;
    return { mapping: 'ei', filtering: 'unknown', allocation: preserved ? 'pp' : 'rd' };
  }
  return {
    mapping: mappingOf(older, newer),
    filtering: 'unknown',
    allocation: allocationOf(older, newer),
  };
}

function mappingOf(one: Observation, other: Observation): Mapping {
  if (one.reflexiveIp !== other.reflexiveIp) return 'pd';
  return one.reflexivePort === other.reflexivePort ? 'ei' : 'hd';
}

function allocationOf(one: Observation, other: Observation): Allocation {
  const ports = [one.reflexivePort, one.localPort, other.reflexivePort, other.localPort];
  if (ports.every((port) => port === ports[0])) return 'pp';
  return Math.abs(one.reflexivePort - other.reflexivePort) < NEAR ? 'pc' : 'rd';
}
