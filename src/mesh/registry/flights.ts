/**
 * Lookups of providers under way: one per procedure, however many wait for it.
 *
 * Kept by the service registry, which owns and monitors the lookups. What they find is cached, also when nobody waits
 * any more: they stay counted to whoever they were begun for. What could not be asked is not cached; it is only not
 * asked again at once when that took long, so that calls go on without the DHT promptly while it is away.
 *
 * There are fewer lookups at once than names to be looked up. The others wait, each asker's by turns, as long as
 * somebody waits for them: what was not asked is never said not to be there.
 */
import { Down } from '../../actor/monitor.ts';
import type { Ref } from '../../actor/pid.ts';
import type { Process } from '../../actor/process.ts';
import { seconds } from '../../actor/clock.ts';
import { actor, hex, shared, type MeshContext } from '../context.ts';
import { whenJoined } from '../dht/dht.ts';
import { procedureKey } from '../dht/record.ts';
import { startLookup } from '../dht/lookup-server.ts';
import { LookupDone } from '../dht/lookup-request.ts';
import { FULL, type Discovery, type DiscoverRequest } from './discovery.ts';
import { LookupPlaces } from './lookup-places.ts';

/** Callers who wait, all together. */
const WAITING = 65_536;
/** Part of them that peers' calls may be. */
const OTHERS = 7 / 8;
/** Milliseconds one lookup may take (SPEC §2.3, DHT query timeout). */
const LOOKUP_TIMEOUT = seconds(5);
/** A lookup that took this long before it failed is not begun again for `REST` ms. */
const SLOW = 500;
const REST = seconds(1);
/**
 * A lookup that was lost, or cannot be made, is made again after so many milliseconds, so many times: an actor of the
 * DHT is being restarted, which says nothing about who serves what.
 */
const AGAIN = 10;
const TIMES = 10;

/** Names whose last lookup was slow and failed. */
const RESTING = 1_024;

/** Whom a lookup is counted to that nobody waits for: anybody's calls may cause one. */
export const REFRESH = 'refresh';

interface Flight {
  readonly procedure: string;
  /** Hex id of the peer it was begun for, or `REFRESH`; empty: for us. */
  asker: string;
  /** When its lookup began. */
  began: number;
  /** Wanted whether anybody waits or not. */
  kept: boolean;
  /** The lookup; undefined while it waits for one. */
  lookup: Process | undefined;
  /** Tells when the lookup dies. */
  monitor: Ref | undefined;
  /** Lookups that were lost. */
  lost: number;
  readonly waiting: Set<DiscoverRequest>;
}

export class Flights {
  readonly #context: MeshContext;
  readonly #self: Process;
  readonly #byProcedure = new Map<string, Flight>();
  readonly #byLookup = new Map<Process, Flight>();
  readonly #places: LookupPlaces<Flight>;
  /** Names whose last lookup got no answer, and until when that is believed. */
  readonly #resting = new Map<string, number>();
  #waiting = 0;

  /** @param most lookups at once. */
  constructor(context: MeshContext, self: Process, most?: number) {
    this.#context = context;
    this.#self = self;
    this.#places = new LookupPlaces(most);
  }

  /** Somebody wants to know and waits. */
  join(request: DiscoverRequest): void {
    if (request.settled) return;
    const { procedure, forceRefresh, asker } = request;
    const now = this.#now;
    // what it missed may have come while it was on its way here
    const entry = forceRefresh ? undefined : this.#context.discovery.cache.peek(procedure, now);
    if (entry !== undefined) {
      request.reply({ tag: 'providers', providers: entry.providers, from: 'cache' } satisfies Discovery);
      return;
    }
    if (!forceRefresh && (this.#resting.get(procedure) ?? -Infinity) > now) {
      request.reply(unreachable('it did not answer just now'));
      return;
    }
    const most = asker === '' ? WAITING : WAITING * OTHERS;
    const flight = this.#waiting >= most ? undefined : this.#flight(procedure, asker);
    if (flight === undefined) request.reply(FULL);
    else this.#wait(flight, request);
  }

  #wait(flight: Flight, request: DiscoverRequest): void {
    const { waiting } = flight;
    waiting.add(request);
    this.#waiting++;
    request.onLeft = () => {
      if (!waiting.delete(request)) return;
      this.#waiting--;
      // it has its lookup, or has ended
      if (flight.lookup !== undefined || this.#byProcedure.get(flight.procedure) !== flight) return;
      // a deadline that passes now says nothing about the DHT
      request.unasked = true;
      if (waiting.size === 0 && !flight.kept) this.#end(flight, FULL);
    };
  }

  /**
   * Has a name looked up, unless that is under way, whether anybody waits for it or not. False when it cannot be.
   * @param asker who it is counted to; empty: us.
   */
  begin(procedure: string, asker: string = ''): boolean {
    const flight = this.#flight(procedure, asker);
    if (flight !== undefined) flight.kept = true;
    return flight !== undefined;
  }

  #flight(procedure: string, asker: string): Flight | undefined {
    const running = this.#byProcedure.get(procedure);
    if (running !== undefined) {
      if (this.#places.takeOver(running.asker, asker, running)) {
        running.asker = asker;
        this.#pump();
      }
      return running;
    }
    const flight: Flight = {
      procedure,
      asker,
      began: 0,
      kept: false,
      lookup: undefined,
      monitor: undefined,
      lost: 0,
      waiting: new Set(),
    };
    if (!this.#places.enter(asker, flight)) return undefined;
    this.#byProcedure.set(procedure, flight);
    this.#pump();
    return flight;
  }

  /** Has those looked up whose turn it is. */
  #pump(): void {
    for (let flight = this.#places.next(); flight !== undefined; flight = this.#places.next())
      this.#look(flight);
  }

  #look(flight: Flight): void {
    const { procedure } = flight;
    const context = this.#context;
    const request = { kind: 'providers', procedure, key: procedureKey(procedure) } as const;
    const lookup = startLookup(context, request, this.#self, { timeout: LOOKUP_TIMEOUT });
    if (lookup === undefined) {
      // those who could make one are there: others have taken all there are, which does not last
      const full = actor(context, 'lookups') !== undefined && shared(context, 'routingTable') !== undefined;
      this.#lost(flight, 'no lookup can be made now', full ? 0 : 1);
      return;
    }
    context.discovery.lookups++;
    flight.began = this.#now;
    flight.lookup = lookup;
    flight.monitor = this.#self.monitor(lookup);
    this.#byLookup.set(lookup, flight);
  }

  /** @param times 0: it does not count. */
  #lost(flight: Flight, detail: string, times: number = 1): void {
    const { runtime, phase } = this.#context;
    flight.lookup = undefined;
    flight.lost += times;
    if (flight.lost > TIMES) {
      this.#end(flight, unreachable(detail));
      return;
    }
    runtime.workAfter(AGAIN, this.#self, () => {
      // nobody may want it any more
      if (this.#byProcedure.get(flight.procedure) !== flight) return;
      if (phase.closing) this.#end(flight, unreachable(detail));
      else this.#look(flight);
    });
  }

  /** Has names looked up that are not known, now or as soon as we have our place in the DHT. */
  whenJoined(procedures: readonly string[]): void {
    const { settings, discovery, runtime } = this.#context;
    if (!settings.dht || procedures.length === 0) return;
    const look = (): void => {
      for (const procedure of procedures) {
        if (discovery.cache.peek(procedure, this.#now) === undefined)
          // calls come first
          this.begin(procedure, REFRESH);
      }
    };
    whenJoined(this.#context, () => runtime.work(this.#self, look));
  }

  /** Whether a message was about a lookup of ours. */
  onMessage(message: unknown): boolean {
    if (message instanceof LookupDone) {
      this.#done(message);
      return true;
    }
    if (!(message instanceof Down)) return false;
    const flight = this.#byLookup.get(message.pid as Process);
    if (flight === undefined) return false;
    this.#byLookup.delete(message.pid as Process);
    this.#lost(flight, 'the lookup was lost');
    return true;
  }

  #done({ lookup, outcome, stats }: LookupDone): void {
    const flight = this.#byLookup.get(lookup);
    if (flight === undefined) return;
    this.#byLookup.delete(lookup);
    const { discovery, runtime } = this.#context;
    if (flight.monitor !== undefined) runtime.demonitor(flight.monitor);
    if (outcome.tag !== 'providers') {
      const detail = outcome.tag === 'unreachable' ? outcome.detail : 'the lookup gave something else';
      if (this.#now - flight.began >= SLOW) this.#rest(flight.procedure);
      this.#end(flight, unreachable(detail));
      return;
    }
    const identity = shared(this.#context, 'identity');
    const own = identity === undefined ? '' : hex(identity.nodeId);
    // what is served here is found here: a record of ours is one whose tombstone has not arrived
    const providers = outcome.providers.filter(({ nodeId }) => nodeId !== own);
    discovery.cache.put(flight.procedure, providers, runtime.clock.now(), runtime.clock.wall());
    this.#end(flight, { tag: 'providers', providers, from: 'dht', stats });
  }

  #end(flight: Flight, discovery: Discovery): void {
    const { procedure, asker, waiting } = flight;
    this.#byProcedure.delete(procedure);
    this.#places.leave(asker, flight);
    for (const request of waiting) {
      // a reply may make another one leave
      waiting.delete(request);
      this.#waiting--;
      request.reply(discovery);
    }
    this.#pump();
  }

  #rest(procedure: string): void {
    if (this.#resting.size >= RESTING) this.#resting.clear();
    this.#resting.set(procedure, this.#now + REST);
  }

  get #now(): number {
    return this.#context.runtime.clock.now();
  }
}

const unreachable = (detail: string): Discovery => ({ tag: 'unreachable', detail });
