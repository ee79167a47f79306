/**
 * Says to the DHT what is served here, and takes it back: one signed record per procedure, under our own id.
 *
 * What changes is queued and published, a few at a time. A record that was stored is said again before it is over;
 * one that nobody took is tried again with backoff; while nobody answers at all, one try at a time finds out when
 * that ends, and nothing queued is lost. Owned by the advertiser; what is known of each record is in
 * `context.discovery.publications` and outlives it.
 */
import { Down } from '../../actor/monitor.ts';
import type { Process } from '../../actor/process.ts';
import { seconds } from '../../actor/clock.ts';
import type { TimerEntry } from '../../actor/timers.ts';
import { keepsRecords } from '../connection/hello.ts';
import { hex, shared, type MeshContext } from '../context.ts';
import { isJoined, whenJoined } from '../dht/dht.ts';
import { nextSeq, procedureKey } from '../dht/record.ts';
import { startLookup } from '../dht/lookup-server.ts';
import { LookupDone, type LookupOutcome } from '../dht/lookup-request.ts';
import { delay } from '../peer/backoff.ts';
import { endpointsOf, interfacesOf } from './own-addresses.ts';
import { contentOf, digestOf, ownRecord, ownTombstone, type Content } from './own-record.ts';
import type { Notice } from './notices.ts';
import { Publication } from './publication.ts';
import { readvertiseAfter } from './readvertise.ts';
import { isPresence, PRESENCE, presenceName } from './presence.ts';
import type { ServiceTable } from './service-table.ts';

/** Records on their way at once; each is some twenty questions. */
const PARALLEL = 16;
/**
 * Records begun in a second, after a burst of so many: each is some forty messages and as many signatures to verify,
 * and a client may register ten thousand names. Enough to say 20,000 procedures again in time.
 */
const RATE = 200;
const BURST = 512;
/** Milliseconds between two looks whether another one may begin. */
const PACE = 50;
/** Milliseconds for one of them: a lookup, then the stores. */
const STORE_TIMEOUT = seconds(10);
/** Milliseconds until what nobody seems to serve after a restart is taken back: connections say it again by then. */
const GRACE = seconds(1);
/** Tries to take a record back: it ends by itself. */
const TOMBSTONES = 4;

export interface PublisherStatus {
  /** Records that wait for their turn, and those on their way. */
  readonly queued: number;
  readonly running: number;
  /** Tries in a row that nobody answered. */
  readonly unanswered: number;
  /** It waits until it tries again whether anybody answers. */
  readonly pausing: boolean;
  /** Everything is being taken back. */
  readonly leaving: boolean;
}

export class Publisher {
  readonly #context: MeshContext;
  readonly #self: Process;
  /** Waiting for their turn, in the order they came. */
  readonly #queue = new Set<string>();
  readonly #running = new Map<Process, Publication>();
  /** How many may begin now, and when that was counted. */
  #tokens = BURST;
  #counted: number;
  /** Set while none may begin. */
  #pace: TimerEntry | undefined;
  /** Set while nobody answers: when it fires, one try is made. */
  #pause: TimerEntry | undefined;
  /** Tries in a row that nobody answered. */
  #unanswered = 0;
  /** Told when everything has been taken back; set when we leave. */
  #left: (() => void) | undefined;
  #joining = false;
  /** Addresses of this machine, when somebody wants them; asked anew with each sweep. */
  #interfaces: readonly string[] | undefined;

  constructor(context: MeshContext, self: Process) {
    this.#context = context;
    this.#self = self;
    this.#counted = context.runtime.clock.now();
  }

  /** Goes on where a predecessor was. */
  begin(): void {
    const { runtime, discovery } = this.#context;
    const now = runtime.clock.now();
    for (const publication of discovery.publications.values()) {
      publication.again = undefined;
      publication.lookup = undefined;
      if (this.#isServed(publication.procedure)) this.#resume(publication, now);
      else
        publication.again = runtime.workAfter(GRACE, this.#self, () => {
          this.#resume(publication, runtime.clock.now());
          this.#pump();
        });
    }
    this.sweep();
  }

  #resume(publication: Publication, now: number): void {
    if (publication.state === 'published' && this.#isSaid(publication)) {
      this.#again(publication, publication.due - now);
    } else this.#enqueue(publication.procedure);
  }

  /** Finds what nobody has told us of. */
  sweep(): void {
    const { publications, notices } = this.#context.discovery;
    this.#interfaces = undefined;
    for (const names of [this.#table?.procedures() ?? [], notices.keys()])
      for (const procedure of names) if (!publications.has(procedure)) this.changed(procedure);
    this.changed(this.#presence);
    this.#pump();
  }

  /** Where this node is reached has changed. */
  moved(): void {
    this.#interfaces = undefined;
    this.changed(this.#presence);
    for (const procedure of this.#context.discovery.publications.keys()) this.changed(procedure);
  }

  /** Who serves it is not who did, or says something else. */
  changed(procedure: string): void {
    const { discovery } = this.#context;
    const publication = discovery.publications.get(procedure);
    if (publication === undefined) {
      if (!this.#isServed(procedure)) return;
      discovery.publications.set(procedure, new Publication(procedure));
    } else if (publication.lookup !== undefined) {
      publication.outdated = true;
      return;
    } else if (!this.#isServed(procedure) && publication.until === 0) {
      // it came and went before anybody was told
      this.#forget(publication);
      return;
    } else if (publication.state === 'published' && this.#isSaid(publication)) return;
    this.#enqueue(procedure);
    this.#pump();
  }

  get status(): PublisherStatus {
    return {
      queued: this.#queue.size,
      running: this.#running.size,
      unanswered: this.#unanswered,
      pausing: this.#pause !== undefined,
      leaving: this.#left !== undefined,
    };
  }

  /** Takes back all that was said; `done` is called once, when that is over, or nobody answers. */
  retract(done: () => void): void {
    const wall = this.#context.runtime.clock.wall();
    this.#left = done;
    this.#queue.clear();
    for (const publication of this.#context.discovery.publications.values()) {
      if (publication.lookup !== undefined) publication.outdated = true;
      else if (publication.until > wall) this.#queue.add(publication.procedure);
    }
    this.#pump();
  }

  /** Whether a message was about a lookup of ours. */
  onMessage(message: unknown): boolean {
    const lookup =
      message instanceof LookupDone ? message.lookup : message instanceof Down ? message.pid : undefined;
    const publication = this.#running.get(lookup as Process);
    if (publication === undefined) return false;
    this.#running.delete(lookup as Process);
    publication.lookup = undefined;
    if (message instanceof LookupDone) this.#ended(publication, message.outcome);
    else this.#failed(publication, 'the lookup was lost');
    this.#pump();
    return true;
  }

  // --- one after the other ------------------------------------------------------------------------------------

  #enqueue(procedure: string): void {
    const publication = this.#context.discovery.publications.get(procedure);
    if (publication?.state === 'published') publication.state = 'publishing';
    publication?.again?.unset();
    this.#queue.add(procedure);
  }

  #pump(): void {
    // while nobody answers, or is known not to, one is tried at a time
    const width = this.#unanswered > 0 ? 1 : PARALLEL;
    while (this.#pause === undefined && this.#running.size < width && this.#mayAsk()) {
      const [procedure] = this.#queue;
      if (procedure === undefined || !this.#mayBegin()) break;
      this.#queue.delete(procedure);
      const publication = this.#context.discovery.publications.get(procedure);
      if (publication !== undefined) this.#publish(publication);
    }
    if (this.#left !== undefined && (this.#pause !== undefined || this.#running.size === 0)) this.#left();
  }

  /** Whether there is a DHT and we have our place in it; else we go on when we have. */
  #mayAsk(): boolean {
    const { settings, runtime } = this.#context;
    if (!settings.dht) return false;
    if (isJoined(this.#context) || this.#left !== undefined) return true;
    if (!this.#joining && this.#queue.size > 0) {
      this.#joining = true;
      whenJoined(this.#context, () =>
        runtime.work(this.#self, () => {
          this.#joining = false;
          this.#pump();
        }),
      );
    }
    return false;
  }

  /** Takes a token; without one, looks again soon. Who leaves does not wait. */
  #mayBegin(): boolean {
    if (this.#left !== undefined) return true;
    const { runtime } = this.#context;
    const now = runtime.clock.now();
    this.#tokens = Math.min(BURST, this.#tokens + ((now - this.#counted) * RATE) / seconds(1));
    this.#counted = now;
    if (this.#tokens >= 1) {
      this.#tokens--;
      return true;
    }
    if (this.#pace === undefined)
      this.#pace = runtime.workAfter(PACE, this.#self, () => {
        this.#pace = undefined;
        this.#pump();
      });
    return false;
  }

  #publish(publication: Publication): void {
    const { runtime, discovery, settings } = this.#context;
    const { procedure } = publication;
    const identity = shared(this.#context, 'identity');
    const wall = runtime.clock.wall();
    const content = this.#left === undefined ? this.#contentOf(procedure) : undefined;
    const left = publication.until - wall;
    if (content === undefined && left <= 0) {
      this.#forget(publication);
      return;
    }
    publication.outdated = false;
    const key = procedureKey(procedure);
    const seq = nextSeq(wall, discovery.seq);
    discovery.seq = seq;
    const value =
      identity === undefined
        ? undefined
        : content === undefined
          ? ownTombstone(identity, key, settings.realm, seq, wall, left)
          : ownRecord(identity, key, content, seq, wall);
    if (value === undefined) {
      this.#failed(publication, identity === undefined ? 'there is no identity' : 'the record is too large');
      return;
    }
    const request = { kind: 'store', key, value } as const;
    const lookup = startLookup(this.#context, request, this.#self, { timeout: STORE_TIMEOUT });
    if (lookup === undefined) {
      this.#unreached(publication, 'lookups are being restarted');
      return;
    }
    this.#self.monitor(lookup);
    publication.lookup = lookup;
    // from now on somebody may keep it
    if (content !== undefined) publication.until = Math.max(publication.until, wall + content.ttl);
    publication.said = content === undefined ? '' : digestOf(content);
    this.#running.set(lookup, publication);
  }

  // --- what came of it ----------------------------------------------------------------------------------------

  #ended(publication: Publication, outcome: LookupOutcome): void {
    const { events } = this.#context;
    if (outcome.tag !== 'stored') {
      this.#unreached(publication, outcome.tag === 'unreachable' ? outcome.detail : 'not stored');
      return;
    }
    const { stored, of } = outcome;
    this.#unanswered = 0;
    if (stored === 0) {
      this.#failed(publication, 'nobody took it');
      return;
    }
    publication.attempt = 0;
    if (publication.said === '') {
      publication.until = 0;
      this.#enqueue(publication.procedure);
      return;
    }
    events.emit('dht.published', { procedure: publication.procedure, stored, of });
    if (publication.outdated && !this.#isSaid(publication)) {
      this.#enqueue(publication.procedure);
      return;
    }
    publication.state = 'published';
    const { ttl = 0 } = this.#contentOf(publication.procedure) ?? {};
    this.#again(publication, readvertiseAfter(ttl / seconds(1), this.#context.runtime.random));
  }

  /** This one was not taken: the others go on. */
  #failed(publication: Publication, detail: string): void {
    const { runtime } = this.#context;
    publication.state = 'failed';
    const tombstone = publication.said === '' && !this.#isServed(publication.procedure);
    if (tombstone && publication.attempt >= TOMBSTONES) {
      this.#forget(publication);
      return;
    }
    const pause = Math.max(GRACE, delay(publication.attempt++, runtime.random));
    this.#tell(publication, detail, pause);
    this.#again(publication, pause);
  }

  /** Nobody answered: it goes first when somebody does. */
  #unreached(publication: Publication, detail: string): void {
    const { runtime } = this.#context;
    publication.state = 'failed';
    const others = [...this.#queue];
    this.#queue.clear();
    for (const procedure of [publication.procedure, ...others]) this.#queue.add(procedure);
    if (this.#pause !== undefined) return;
    const pause = delay(this.#unanswered++, runtime.random);
    this.#tell(publication, detail, pause);
    this.#pause = runtime.workAfter(pause, this.#self, () => {
      this.#pause = undefined;
      this.#pump();
    });
  }

  #forget(publication: Publication): void {
    publication.again?.unset();
    this.#queue.delete(publication.procedure);
    this.#context.discovery.publications.delete(publication.procedure);
  }

  #tell({ procedure }: Publication, detail: string, retry: number): void {
    this.#context.events.emit('dht.publish_failed', { procedure, detail, retry: Math.round(retry) });
  }

  #again(publication: Publication, after: number): void {
    const { runtime } = this.#context;
    publication.due = runtime.clock.now() + after;
    publication.again?.unset();
    publication.again = runtime.workAfter(Math.max(0, after), this.#self, () => {
      this.#enqueue(publication.procedure);
      this.#pump();
    });
  }

  // --- what there is to say -----------------------------------------------------------------------------------

  get #table(): ServiceTable | undefined {
    return shared(this.#context, 'serviceRegistry');
  }

  #isServed(procedure: string): boolean {
    return this.#offers(procedure).length > 0;
  }

  /** Who has attached to a station says where it is; who can be dialed need not. */
  #offers(procedure: string): readonly Notice[] {
    const notice = this.#context.discovery.notices.get(procedure);
    if (notice !== undefined) return [notice];
    if (!isPresence(procedure)) return this.#table?.attached(procedure) ?? [];
    const { settings, relays } = this.#context;
    return relays.attached.length > 0 && !keepsRecords(settings) ? [PRESENCE] : [];
  }

  get #presence(): string {
    const identity = shared(this.#context, 'identity');
    return presenceName(identity === undefined ? '' : hex(identity.nodeId));
  }

  #isSaid(publication: Publication): boolean {
    const content = this.#contentOf(publication.procedure);
    return content !== undefined && digestOf(content) === publication.said;
  }

  #contentOf(procedure: string): Content | undefined {
    const offers = this.#offers(procedure);
    if (offers.length === 0) return undefined;
    const { realm } = this.#context.settings;
    this.#interfaces ??= interfacesOf(this.#context);
    return contentOf(offers, realm, endpointsOf(this.#context, this.#interfaces));
  }
}
