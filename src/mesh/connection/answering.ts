/**
 * The peer's questions: answered at once from the tables of the DHT's actors, records to be kept given to theirs.
 *
 * Too many questions, or answers that the peer does not read, and what comes next is dropped and counted: there is no
 * honest answer to a find_node that says so, and the peer has a deadline of its own. A node that takes part in no DHT
 * knows nobody.
 */
import type { AddressClass } from '../../transport/address.ts';
import type { Frame } from '../../codec/frame.ts';
import { writeNodes, writeValue } from '../../codec/find-writer.ts';
import type { ErrorPayload, FindValuePayload, StorePayload } from '../../codec/payloads.ts';
import { K, type Contact } from '../dht/contact.ts';
import { StoreRequest } from '../dht/store-request.ts';
import { actor, hex, type MeshContext } from '../context.ts';
import { toWire } from '../errors/wire.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';
import { announced, classOf } from '../peer/announced.ts';
import type { Channel } from './channel.ts';
import type { Rejected } from './frame-routing.ts';
import { QuestionBudget, QUESTIONS, STORES as STORE_BUDGET } from './question-budget.ts';

/** Records of one peer that are being verified; each costs about a tenth of a millisecond. */
const STORES = 64;
/** Milliseconds for that, restarts of the store left out. */
const STORE_TIMEOUT = 5_000;
/** Bytes of answers that wait for a peer to read them: of the longest, sixteen. */
const UNREAD = 1_048_576;

/** What answering needs of the connection. */
export interface Answerer {
  readonly context: MeshContext;
  readonly peerId: string;
  /** `host:port` of the peer. */
  readonly address: string;
  readonly dht: Channel;
  used(): void;
  /** Nothing is owed to the peer for now. */
  onAnsweringSettled(): void;
}

export class Answering {
  readonly #answerer: Answerer;
  readonly #stores = new Set<StoreRequest>();
  readonly #budget = new QuestionBudget(QUESTIONS);
  readonly #storeBudget = new QuestionBudget(STORE_BUDGET);
  /** What kind of address the peer has. */
  #theirs: AddressClass | undefined;

  constructor(answerer: Answerer) {
    this.#answerer = answerer;
  }

  /** Answers that are owed. */
  get size(): number {
    return this.#stores.size;
  }

  /** False when the frame is no question. */
  onFrame({ type, payload }: Frame): boolean {
    switch (type) {
      case 'find_node':
        if (this.#admits()) this.#findNode(payload.request_id, payload.target);
        return true;
      case 'find_value':
        if (this.#admits()) this.#findValue(payload);
        return true;
      case 'store':
        if (this.#admits()) this.#store(payload);
        return true;
      case 'ping':
        if (this.#admits()) this.#pong(payload.request_id, payload.timestamp);
        return true;
      default:
        return false;
    }
  }

  /** A question that broke a rule: only a store has an answer that can say so. */
  onRejected({ type, correlation }: Rejected): void {
    if (type !== 'store' || correlation?.field !== 'request_id' || !this.#admits()) return;
    this.#stored(
      correlation.id,
      toWire({ tag: 'invalid_args', field: 'value', detail: 'missing or malformed' }),
    );
  }

  /** The connection is gone. */
  end(): void {
    const all = [...this.#stores];
    this.#stores.clear();
    for (const request of all) request.cancel('the connection was lost');
  }

  #admits(): boolean {
    const { context, dht } = this.#answerer;
    if (dht.queued > UNREAD || !this.#budget.take(context.runtime.clock.now())) {
      context.counters.droppedQuestions++;
      return false;
    }
    this.#answerer.used();
    return true;
  }

  #pong(id: Uint8Array, timestamp: number): void {
    const { dht, context } = this.#answerer;
    const server_time = Math.round(context.runtime.clock.wall());
    dht.send('pong', { request_id: id, timestamp, server_time });
  }

  #findNode(id: Uint8Array, target: Uint8Array): void {
    const frame = writeNodes(id, this.#closest(target));
    if (frame !== undefined) this.#answerer.dht.write(frame);
  }

  /** The contacts go beside the records: whoever asks goes on to those who know more. */
  #findValue({ request_id: id, key }: FindValuePayload): void {
    const { context, dht } = this.#answerer;
    const { clock } = context.runtime;
    const nodes = this.#closest(key);
    const value = context.records.get(hex(key), { now: clock.now(), wall: clock.wall() });
    const frame = writeValue(id, key, value, nodes);
    if (frame !== undefined) dht.write(frame);
  }

  /** In any order: whoever asks has others to sort them among. */
  #closest(target: Uint8Array): readonly Contact[] {
    const { context, peerId } = this.#answerer;
    const { table } = context.dht;
    if (table === undefined) return [];
    const theirs = (this.#theirs ??= classOf(this.#answerer.address));
    const isTold = (contact: Contact): boolean => announced(contact, theirs);
    // whoever asks knows itself
    const near = table.closestUnsorted(target, K, peerId);
    const told = near.filter(isTold);
    if (told.length === near.length) return told;
    // those that may not be named must not hide who is farther
    return table.closest(target, table.size, peerId).filter(isTold).slice(0, K);
  }

  #store({ request_id: id, key, value }: StorePayload): void {
    const { context, peerId } = this.#answerer;
    const store = actor(context, 'recordStore');
    const refused = this.#judge(store !== undefined);
    if (refused !== undefined || store === undefined) {
      this.#stored(id, toWire(refused ?? RESTARTING));
      return;
    }
    const request = new StoreRequest(key, value, peerId, (outcome) => {
      // a connection that has ended answers nobody
      if (!this.#stores.delete(request)) return;
      if (outcome.ok) this.#stored(id, outcome.error);
      else {
        const { failure } = outcome;
        this.#stored(id, toWire(failure.tag === 'overloaded' ? failure : RESTARTING));
      }
      this.#answerer.onAnsweringSettled();
    });
    this.#stores.add(request);
    context.runtime.call(store, request, STORE_TIMEOUT);
  }

  #judge(there: boolean): RpcFailure | undefined {
    if (!this.#answerer.context.settings.dht)
      return { tag: 'unauthorized', detail: 'no records are kept here' };
    if (!there) return RESTARTING;
    const room =
      this.#stores.size < STORES && this.#storeBudget.take(this.#answerer.context.runtime.clock.now());
    return room ? undefined : { tag: 'overloaded', bound: 'peer' };
  }

  #stored(id: Uint8Array, error: ErrorPayload | undefined): void {
    this.#answerer.dht.send(
      'store_reply',
      error === undefined ? { request_id: id } : { request_id: id, error },
    );
  }
}

const RESTARTING: RpcFailure = {
  tag: 'connection_error',
  sent: false,
  detail: 'the record store is being restarted',
};
