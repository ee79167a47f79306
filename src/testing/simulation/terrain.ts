/**
 * Where the members of a simulated mesh are: on the internet or behind which NAT, and which of them are stations. Pure.
 *
 * Each member's place is drawn for itself: with fewer members the others are where they were, which is what makes
 * shrinking work. Without NATs everybody is on the internet, and nobody is a station.
 */
import { seededRandom, type Random } from '../../actor/random.ts';
import type { NatType } from '../../transport/memory/nat-types.ts';
import type { Configuration } from './configuration.ts';
import { BOOTSTRAPS, hostOf, urlOf } from './addresses.ts';
import { pick } from './pick.ts';

export interface TerrainNat {
  readonly host: string;
  readonly type: NatType;
}

export interface Place {
  readonly host: string;
  /** Where in the list of NATs the one is that it is behind. */
  readonly nat: number | undefined;
  /** URLs of the stations that a station is peered with; undefined: it is none. */
  readonly peers: readonly string[] | undefined;
  /** Stations, by number, that a node attaches to, or a client connects to, the first one first. */
  readonly stations: readonly number[];
}

export interface Terrain {
  readonly nats: readonly TerrainNat[];
  /** By number of the member. */
  readonly places: readonly Place[];
}

/** Most often of the kinds that are met most often. */
const TYPES: readonly NatType[] = ['fullcone', 'addr', 'port', 'port', 'sym', 'symport', 'blocked'];
const STATIONS = 3;
/** Shares: of the members that are behind a NAT, and of these that share one. */
const BEHIND = 0.6;
const SHARED = 0.2;
/** Share of the nodes on the internet that attach to a station all the same. */
const ATTACHED = 0.3;

export function terrainOf({ seed, nodes, clients, nat }: Configuration): Terrain {
  const members = Array.from({ length: nodes + clients }, (_, index) => index);
  if (!nat) return { nats: [], places: members.map((index) => plain(hostOf(index))) };
  const all = seededRandom(`${seed} stations`);
  const stations = Math.min(nodes, 1 + (all.u32() % STATIONS));
  const isRing = all.float() < 0.5;
  const nats: TerrainNat[] = [];
  const places = members.map((index): Place => {
    const random = seededRandom(`${seed} place ${index < nodes ? 'node' : 'client'} ${index}`);
    if (index < stations)
      return { ...plain(hostOf(index)), peers: neighbors(index, stations, isRing).map(urlOf) };
    // those that everybody knows are reached by everybody
    const behind = index >= BOOTSTRAPS && random.float() < BEHIND;
    const joins = random.float() < SHARED;
    const type = pick(random, TYPES);
    const wanted = drawStations(random, stations, index < nodes ? 2 : stations);
    const attaches = index >= nodes || behind || random.float() < ATTACHED;
    if (!behind) return { ...plain(hostOf(index)), stations: attaches ? wanted : [] };
    if (!joins || nats.length === 0) nats.push({ host: hostOf(index), type });
    return { host: insideOf(index), nat: nats.length - 1, peers: undefined, stations: wanted };
  });
  if (!nats.some(({ type }) => type === 'blocked')) return { nats, places };
  // who gets no UDP out reaches a node through its station alone
  return { nats, places: places.map((place) => (isAlone(place) ? { ...place, stations: [0] } : place)) };
}

const plain = (host: string): Place => ({ host, nat: undefined, peers: undefined, stations: [] });

const isAlone = ({ peers, stations }: Place): boolean => peers === undefined && stations.length === 0;

/** Those before and after it; in a ring the last one and the first one, too. */
function neighbors(index: number, stations: number, isRing: boolean): readonly number[] {
  const found = new Set<number>();
  for (const other of [index - 1, index + 1]) {
    const at = isRing ? (other + stations) % stations : other;
    if (at >= 0 && at < stations && at !== index) found.add(at);
  }
  return [...found];
}

/** One at least. */
function drawStations(random: Random, stations: number, most: number): readonly number[] {
  const first = random.u32() % stations;
  const count = 1 + (random.u32() % Math.min(most, stations));
  return Array.from({ length: count }, (_, n) => (first + n) % stations);
}

/** A private address (RFC 1918), nobody else's in the whole network. */
const insideOf = (index: number): string => `10.${(index >> 8) & 255}.${index & 255}.2`;
