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
import { PunchCoordinator } from '../nat/punch-coordinator.ts';
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
}

/** Sessions in which one node is an end at most. */
export const OWN_SESSIONS = 256;

/** Requests of one peer for sessions and punches. */
const REQUESTS: Budget = { rate: 4, burst: 64 };

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
  readonly #budgets = new WeakMap<Process, QuestionBudget>();

  constructor(passed: RelaySessions | undefined) {
    this.passed = passed;
  }

  /** Whether a connection may ask for one more session or punch now. */
  admits(connection: Process, now: number): boolean {
    let budget = this.#budgets.get(connection);
    if (budget === undefined) this.#budgets.set(connection, (budget = new QuestionBudget(REQUESTS)));
    return budget.take(now);
  }

  /** Hex ids of the stations that it is attached to now, or was last. */
  get attached(): readonly string[] {
    return this.stations.all.flatMap(({ nodeId, isSelf }) => (nodeId === '' || isSelf ? [] : [nodeId]));
  }

  /** Sessions with this peer. */
  with(peerId: string): readonly OwnSession[] {
    return [...this.own.values()].filter((session) => session.peerId === peerId);
  }
}

/** The session behind a relayed address; undefined for any other, and for one that is over. */
export function sessionAt({ own }: Relays, { host }: PhysicalAddress): OwnSession | undefined {
  const id = sessionOf({ host, port: 0 });
  return id === undefined ? undefined : own.get(sessionKey(id));
}
