/**
 * This node's place in the DHT: found when it starts and when everybody was lost, and looked after from then on.
 *
 * What follows what is decided in `joining.ts`; here it is done, by the routing table's actor, in its turns.
 */
import { seconds } from '../../actor/clock.ts';
import { Down } from '../../actor/monitor.ts';
import type { Process } from '../../actor/process.ts';
import type { TimerEntry } from '../../actor/timers.ts';
import type { MeshContext } from '../context.ts';
import { delay } from '../peer/backoff.ts';
import { dialAll, others, type Bootstraps } from './bootstrap.ts';
import { ALPHA, K, type Contact } from './contact.ts';
import { join, type Event, type Phase, type Step } from './joining.ts';
import { LookupDone } from './lookup-request.ts';
import { startLookup } from './lookup-server.ts';
import { bucketIndex } from './node-id.ts';
import { REFUSED_FOR, RefusedAddresses } from './refused-addresses.ts';
import type { RoutingTable } from './routing-table.ts';

/** Contacts that were lost, of those that are dialed at a time. */
const SEARCHED = 3;
/** Milliseconds for a lookup of our own, and how many run at once. */
const LOOKUP_TIMEOUT = seconds(10);
const LOOKUPS = 3;
/**
 * Contacts in a bucket that are enough to begin with: as many as a lookup asks at once. Others come by themselves, as
 * these join and look things up.
 */
const SPARSE = ALPHA;

/** Share of the long pause by which it may be longer: those that were refused together do not come back together. */
const JITTER = 0.1;

export interface PlaceOptions {
  readonly context: MeshContext;
  readonly self: Process;
  readonly table: RoutingTable;
  readonly bootstraps: Bootstraps;
  /** Milliseconds after which a bucket that no lookup went through is refreshed. */
  readonly refresh: number;
  /** Told of each contact that answered when it was dialed. */
  readonly met: (contact: Contact) => void;
}

/** A lookup of our own id, one that puts the first contacts into a bucket, or one that refreshes it. */
type Purpose = 'place' | 'fill' | 'refresh';

interface Target {
  readonly id: Uint8Array;
  readonly purpose: Purpose;
}

/** Time to try again. */
class Due {
  readonly due = true;
}

export class Place {
  readonly #options: PlaceOptions;
  #phase: Phase = 'waiting';
  /** Tries to reach somebody that failed in a row. */
  #attempt = 0;
  #pause: TimerEntry | undefined;
  readonly #refused = new RefusedAddresses();
  readonly #lookups = new Map<Process, Purpose>();
  /** Targets of lookups to come. */
  #spread: Target[] = [];

  constructor(options: PlaceOptions) {
    this.#options = options;
  }

  step(event: Event): void {
    const { context, table, bootstraps } = this.#options;
    const known = {
      contacts: table.size,
      others: context.dht.lost.size + others(context, bootstraps).length,
    };
    const next = join(this.#phase, event, known);
    this.#phase = next.phase;
    for (const one of next.steps) this.#perform(one);
  }

  /** Whether a message was about this. */
  onMessage(message: unknown): boolean {
    if (message instanceof Due) this.step('due');
    else if (message instanceof LookupDone)
      this.#onLookup(message.lookup, message.outcome.tag === 'unreachable' ? 'misplaced' : 'placed');
    else if (message instanceof Down) this.#onLookup(message.pid as Process, 'interrupted');
    else return false;
    return true;
  }

  /** Looks up what was not for long: our neighbors, and something in each far bucket. */
  refresh(): void {
    const { table, self, refresh: period } = this.#options;
    if (this.#phase !== 'settled' || table.size === 0 || this.#spread.length > 0) return;
    const stale = table.stale(self.clock.now(), period, self.random);
    this.#lookInto([table.self, ...stale.filter(this.#isFar())], 'refresh');
  }

  /** Dials a few contacts that were lost, and bootstraps that are no contacts: the other half of a partition. */
  search(): void {
    if (this.#phase !== 'settled') return;
    const known = new Set(this.#options.table.contacts().map(({ address }) => address));
    this.#dial(known);
  }

  #perform(step: Step): void {
    const { self, table } = this.#options;
    switch (step) {
      case 'dial':
        return this.#dial(new Set(), (refused) => this.step(refused ? 'refused' : 'unanswered'));
      case 'look':
        this.#spread = [];
        if (!this.#lookUp(table.self, 'place')) this.step('interrupted');
        return undefined;
      case 'spread':
        return this.#lookInto(table.beyondNeighbors(self.random, SPARSE).filter(this.#isFar()), 'fill');
      case 'pause':
        this.#pause = self.sendAfter(delay(this.#attempt++, self.random), new Due());
        return undefined;
      case 'rest':
        this.#pause = self.sendAfter(REFUSED_FOR * (1 + JITTER * self.random.float()), new Due());
        return undefined;
      case 'cancel':
        this.#pause?.unset();
        return undefined;
      case 'lose':
        return this.#outOfReach(this.#phase === 'resting' ? 'unauthorized' : undefined);
      case 'join':
        return this.#joined();
    }
  }

  /** `over` hears when the last one has answered, or has not: whether all there are refuse us. */
  #dial(known: ReadonlySet<string>, over: (refused: boolean) => void = () => {}): void {
    const { context, self, bootstraps, met } = this.#options;
    const { lost } = context.dht;
    const some = lost.some(SEARCHED, self.clock.now(), self.random);
    let left = some.length + others(context, bootstraps).length;
    let allRefuse = left > 0 && some.length === lost.size;
    // they may have been forgotten meanwhile
    if (left === 0) over(false);
    const refuses = (at: string): boolean => this.#refused.has(at, self.clock.now());
    dialAll(context, self, { ...bootstraps, lost: some, known, refuses }, ({ at, answered, refused }) => {
      if (!refused) allRefuse = false;
      else if (!refuses(at)) this.#refused.add(at, self.clock.now());
      for (const contact of answered) met(contact);
      if (--left === 0) over(allRefuse);
    });
  }

  // --- lookups ------------------------------------------------------------------------------------------------

  /** False when no lookup can be made now. */
  #lookUp(target: Uint8Array, purpose: Purpose): boolean {
    const { context, self } = this.#options;
    // whoever is asked is dialed: no more than the bucket is to have
    const request = { kind: 'nodes', target, ...(purpose === 'fill' ? { count: SPARSE } : {}) } as const;
    const lookup = startLookup(context, request, self, { timeout: LOOKUP_TIMEOUT });
    if (lookup === undefined) return false;
    this.#lookups.set(lookup, purpose);
    self.monitor(lookup);
    return true;
  }

  #onLookup(lookup: Process, event: Event): void {
    const purpose = this.#lookups.get(lookup);
    this.#lookups.delete(lookup);
    if (purpose === 'place') this.step(event);
    else if (purpose !== undefined) this.#pump();
  }

  #lookInto(ids: readonly Uint8Array[], purpose: Purpose): void {
    this.#spread.push(...ids.map((id) => ({ id, purpose })));
    this.#pump();
  }

  #pump(): void {
    while (this.#lookups.size < LOOKUPS) {
      const target = this.#spread.shift();
      if (target === undefined) return;
      if (!this.#lookUp(target.id, target.purpose)) this.#spread = [];
    }
  }

  /** Whether a target is as far as our k closest contacts end: nearer ones are found by the lookup of our own id. */
  #isFar(): (target: Uint8Array) => boolean {
    const { table } = this.#options;
    const last = table.closest(table.self, K)[K - 1];
    const edge = last === undefined ? -1 : bucketIndex(table.self, last.id);
    return (target) => bucketIndex(table.self, target) <= edge;
  }

  // --- what others hear of it -----------------------------------------------------------------------------------

  #outOfReach(reason: string | undefined): void {
    const { context, table, bootstraps, self } = this.#options;
    const { dht, events } = context;
    if (dht.lostAt !== undefined || table.size > 0 || context.phase.closing) return;
    dht.lostAt = self.clock.now();
    events.emit('dht.unreachable', {
      bootstraps: others(context, bootstraps).length,
      lost: dht.lost.size,
      ...(reason === undefined ? {} : { reason }),
    });
  }

  #joined(): void {
    const { context, table, self } = this.#options;
    const { dht, events } = context;
    this.#attempt = 0;
    dht.alone = table.size === 0;
    if (dht.lostAt !== undefined) {
      const ms = Math.round(self.clock.now() - dht.lostAt);
      events.emit('dht.recovered', { contacts: table.size, ms });
      dht.lostAt = undefined;
    }
    if (dht.joined) return;
    dht.joined = true;
    for (const tell of dht.waiting) tell();
    dht.waiting.clear();
  }
}
