/**
 * What a node knows of relaying: the sessions it passes on for others, and those in which it is an end itself.
 *
 * It belongs to the node and outlives the actors that use it, like an ETS table with an heir: relayed calls go on
 * whoever of them is restarted.
 */
import type { Process } from '../../actor/process.ts';
import type { PhysicalAddress } from '../../transport/transport.ts';
import { sessionOf } from '../../transport/way.ts';
import { QuestionBudget, type Budget } from '../connection/question-budget.ts';
import { PunchCoordinator } from '../nat/punch/punch-coordinator.ts';
import { PeeredStations } from '../station/peered-stations.ts';
import type { RelaySessions } from './relay-sessions.ts';
import { sessionKey } from './session-key.ts';

/** A session in which we are an end. */
export interface OwnSession {
  /** 16 bytes. */
  readonly id: Uint8Array;
  /** Hex ids of the station and of the other end. */
  readonly stationId: string;
  readonly peerId: string;
  readonly role: 'source' | 'target';
  /** What the endpoint knows it by. */
  readonly address: PhysicalAddress;
  /** Told what the target says; source only. */
  readonly asker: Process | undefined;
  readonly since: number;
  /** Since when there is no connection to the station, as far as anybody looked; clock ms. */
  lostAt: number | undefined;
}

/** Sessions in which one node is an end at most. */
export const OWN_SESSIONS = 256;

/** Frames of one peer that ask for sessions or punches, or offer addresses. */
const REQUESTS: Budget = { rate: 4, burst: 64 };
/** The same of one peer about one other node. */
const OF_PAIR: Budget = { rate: 1, burst: 8 };
/** What one station passes on to us of all who want to reach us. */
const OF_STATION: Budget = { rate: 64, burst: 1_024 };
/** Addresses that peers and stations have us ask whether they are there, all together. */
const OFFERS: Budget = { rate: 16, burst: 128 };
/** Peers and pairs whose requests are counted. */
const COUNTED = 16_384;

export class Relays {
  /** Passed on for others; undefined: this node is no station. */
  readonly passed: RelaySessions | undefined;
  /** Punches that this node coordinates as a station. */
  readonly coordinator: PunchCoordinator = new PunchCoordinator();
  /** By id as latin1. */
  readonly own: Map<string, OwnSession> = new Map();
  /** The stations that this node has attached to: they alone may bring it sessions. */
  readonly stations: PeeredStations = new PeeredStations();
  /** Whoever wants a hole punched, by the punch's session as latin1. */
  readonly punches: Map<string, Process> = new Map();
  /** By peer, the one that asked last last. */
  readonly #budgets = new Map<string, QuestionBudget>();
  readonly #offers = new QuestionBudget(OFFERS);

  constructor(passed: RelaySessions | undefined) {
    this.passed = passed;
  }

  /** Whether a peer (hex id) may ask for one more session or punch with another node now. */
  admits(peerId: string, target: string, now: number): boolean {
    return this.#take(peerId, REQUESTS, now) && this.#take(`${peerId} ${target}`, OF_PAIR, now);
  }

  /** Whether one more frame of a station (hex id) of ours is looked at now. */
  hears(stationId: string, now: number): boolean {
    return this.#take(`by ${stationId}`, OF_STATION, now);
  }

  #take(key: string, rule: Budget, now: number): boolean {
    const budget = this.#budgets.get(key) ?? new QuestionBudget(rule);
    this.#budgets.delete(key);
    const oldest = this.#budgets.size < COUNTED ? undefined : this.#budgets.keys().next().value;
    if (oldest !== undefined) this.#budgets.delete(oldest);
    this.#budgets.set(key, budget);
    return budget.take(now);
  }

  /** Whether one more address that somebody names may be asked now. */
  mayAsk(now: number): boolean {
    return this.#offers.take(now);
  }

  /** Hex ids of the stations that it is attached to now, or was last. */
  get attached(): readonly string[] {
    return this.stations.all.flatMap(({ nodeId, isSelf }) => (nodeId === '' || isSelf ? [] : [nodeId]));
  }

  /** Sessions with this peer, oldest first. */
  with(peerId: string): readonly OwnSession[] {
    return [...this.own.values()].filter((session) => session.peerId === peerId);
  }

  /** Sessions that we have asked this station for. */
  asked(stationId: string): number {
    let count = 0;
    for (const { stationId: id, role } of this.own.values())
      if (id === stationId && role === 'source') count++;
    return count;
  }

  /** Sessions of ours that go through this station. */
  through(stationId: string): number {
    let count = 0;
    for (const session of this.own.values()) if (session.stationId === stationId) count++;
    return count;
  }
}

/** The session behind a relayed address; undefined for any other, and for one that is over. */
export function sessionAt({ own }: Relays, { host }: PhysicalAddress): OwnSession | undefined {
  const id = sessionOf({ host, port: 0 });
  return id === undefined ? undefined : own.get(sessionKey(id));
}
