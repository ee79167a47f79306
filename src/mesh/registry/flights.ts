/**
 * Lookups of providers under way: one per procedure, however many wait for it.
 *
 * Kept by the service registry, which owns and monitors the lookups. What they find is cached, also when nobody waits
 * any more: they stay counted to whoever they were begun for. What could not be asked is not cached; it is only not
 * asked again at once when that took long, so that calls go on without the DHT promptly while it is away.
 */
import { Down } from '../../actor/monitor.ts';
import type { Ref } from '../../actor/pid.ts';
import type { Process } from '../../actor/process.ts';
import { seconds } from '../../actor/clock.ts';
import { hex, shared, type MeshContext } from '../context.ts';
import { whenJoined } from '../dht/dht.ts';
import { procedureKey } from '../dht/record.ts';
import { startLookup } from '../dht/lookup-server.ts';
import { LookupDone } from '../dht/lookup-request.ts';
import type { Discovery, DiscoverRequest } from './discovery.ts';

/** Names looked up at once. */
const FLIGHTS = 1_024;
/** Of these, for one asker but us: its names must not keep others from being found. */
const PER_ASKER = FLIGHTS / 8;
/** Of these, for all who are not us: what is ours finds room. */
const OTHERS = FLIGHTS - PER_ASKER;
/** Callers who wait for them, all together. */
const WAITING = 65_536;
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

/** Whom a lookup is counted to that nobody waits for: anybody's calls may cause one. */
export const REFRESH = 'refresh';

interface Flight {
  readonly procedure: string;
  /** Hex id of the peer it was begun for, or `REFRESH`; empty: for us. */
  readonly asker: string;
  readonly began: number;
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
  /** Lookups begun for each of them that has any. */
  readonly #byAsker = new Map<string, number>();
  /** Names whose last lookup got no answer, and until when that is believed. */
  readonly #resting = new Map<string, number>();
  #waiting = 0;

  constructor(context: MeshContext, self: Process) {
    this.#context = context;
    this.#self = self;
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
    const flight = this.#waiting >= WAITING ? undefined : this.begin(procedure, asker);
    if (flight === undefined) request.reply(FULL);
    else this.#wait(flight, request);
  }

  #wait({ waiting }: Flight, request: DiscoverRequest): void {
    waiting.add(request);
    this.#waiting++;
    request.onLeft = () => {
      if (waiting.delete(request)) this.#waiting--;
    };
  }

  /**
   * Has a name looked up, unless that is under way. Undefined when it cannot be.
   * @param asker who it is counted to; empty: us.
   */
  begin(procedure: string, asker: string = ''): Flight | undefined {
    const running = this.#byProcedure.get(procedure);
    if (running !== undefined) return running;
    const own = this.#byAsker.get(asker) ?? 0;
    const most = asker === '' ? FLIGHTS : OTHERS;
    if (this.#byProcedure.size >= most || own >= PER_ASKER) return undefined;
    if (asker !== '') this.#byAsker.set(asker, own + 1);
    const waiting = new Set<DiscoverRequest>();
    const flight: Flight = { procedure, asker, began: this.#now, monitor: undefined, lost: 0, waiting };
    this.#byProcedure.set(procedure, flight);
    this.#look(flight);
    return flight;
  }

  #look(flight: Flight): void {
    const { procedure } = flight;
    const request = { kind: 'providers', procedure, key: procedureKey(procedure) } as const;
    const lookup = startLookup(this.#context, request, this.#self, { timeout: LOOKUP_TIMEOUT });
    if (lookup === undefined) {
      this.#lost(flight, 'no lookup can be made now');
      return;
    }
    this.#context.discovery.lookups++;
    flight.monitor = this.#self.monitor(lookup);
    this.#byLookup.set(lookup, flight);
  }

  #lost(flight: Flight, detail: string): void {
    const { runtime, phase } = this.#context;
    if (++flight.lost > TIMES) {
      this.#end(flight, unreachable(detail));
      return;
    }
    runtime.workAfter(AGAIN, this.#self, () => {
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
        if (discovery.cache.peek(procedure, this.#now) === undefined) this.begin(procedure);
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
    const own = this.#byAsker.get(asker);
    if (own === 1) this.#byAsker.delete(asker);
    else if (own !== undefined) this.#byAsker.set(asker, own - 1);
    for (const request of waiting) {
      // a reply may make another one leave
      waiting.delete(request);
      this.#waiting--;
      request.reply(discovery);
    }
  }

  #rest(procedure: string): void {
    if (this.#resting.size >= FLIGHTS) this.#resting.clear();
    this.#resting.set(procedure, this.#now + REST);
  }

  get #now(): number {
    return this.#context.runtime.clock.now();
  }
}

const FULL: Discovery = {
  tag: 'unreachable',
  detail: 'too many names are looked up at once',
  full: true,
};

const unreachable = (detail: string): Discovery => ({ tag: 'unreachable', detail });
