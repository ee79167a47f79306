/**
 * Questions of ours to the peer (`PeerRequest`), sent on the dht stream and settled by its answers.
 *
 * An answer counts when its id, its type and, for find_value, its key are those of the question (SPEC §14, B3): one
 * that has the id and is wrong fails its question, any other is counted and dropped. An entry leaves with its
 * question, however that is settled. No prober watches over questions: who asks has its own, shorter, deadlines.
 */
import type { CallFailure } from '../../actor/call.ts';
import { KEY_BYTES } from '../../codec/field.ts';
import { writeQuestion } from '../../codec/find-writer.ts';
import type { Frame } from '../../codec/frame.ts';
import type { FrameType } from '../../codec/frame-type.ts';
import type { CloseReason } from '../../transport/transport.ts';
import type { MeshContext } from '../context.ts';
import type { Asked, PeerAnswer, PeerQuestion, PeerRequest } from '../peer/peer-request.ts';
import type { Channel } from './channel.ts';
import { sameBytes } from './hello.ts';
import { Ended } from './messages.ts';
import { keyOf } from './outgoing.ts';

/** Questions to one peer without an answer; a lookup asks a peer once, so this is as many lookups at once. */
const PENDING = 1_024;

/** What asking needs of the connection. */
export interface Asker {
  readonly context: MeshContext;
  /** Hex id of the peer. */
  readonly peerId: string;
  readonly ready: boolean;
  readonly dht: Channel;
  readonly ended: CloseReason | undefined;
  /** Something was sent, or came in. */
  used(): void;
  /** A question of ours is over. */
  onAskingSettled(): void;
}

const ANSWERED_BY = {
  find_node: 'find_node_reply',
  find_value: 'find_value_reply',
  store: 'store_reply',
  ping: 'pong',
} as const satisfies Readonly<Record<PeerQuestion['type'], PeerAnswer['type']>>;

const ANSWERS: ReadonlySet<FrameType> = new Set(Object.values(ANSWERED_BY));

/** A peer that answers wrongly is as good as none: to whoever asks, nobody is there. */
const WRONG: CallFailure = { tag: 'exit', reason: 'noconnection', holder: null };

export class Asking implements Asked {
  readonly #asker: Asker;
  readonly #pending = new Map<string, PeerRequest>();

  constructor(asker: Asker) {
    this.#asker = asker;
  }

  get size(): number {
    return this.#pending.size;
  }

  send(request: PeerRequest): void {
    if (request.settled) return;
    const { context, ready, ended } = this.#asker;
    if (!ready) request.fail(endedFor(ended));
    else if (this.#pending.size >= PENDING) request.fail({ tag: 'overloaded', bound: 'peer' });
    else {
      const id = context.runtime.random.bytes(16);
      if (!this.#write(id, request.question)) request.fail({ tag: 'canceled', reason: 'unencodable' });
      else if (request.oneWay) {
        this.#asker.used();
        request.reply(undefined);
      } else {
        this.#asker.used();
        request.sent = request.tried = true;
        request.sentTo = this.#asker.peerId;
        request.ticket = keyOf(id);
        request.asked = this;
        this.#pending.set(request.ticket, request);
      }
    }
  }

  /** False when the frame is no answer to a question. */
  onFrame({ type, payload }: Frame): boolean {
    if (!ANSWERS.has(type)) return false;
    const id = (payload as { readonly request_id: Uint8Array }).request_id;
    const request = this.#pending.get(keyOf(id));
    const answer = { type, payload } as PeerAnswer;
    if (request === undefined) {
      // the one that opens the stream is nobody's
      if (type !== 'pong') this.#asker.context.counters.lateReplies++;
    } else {
      this.#pending.delete(keyOf(id));
      if (isAnswerTo(request.question, answer)) request.reply(answer);
      else {
        this.#asker.context.counters.unexpectedFrames++;
        request.fail(WRONG);
      }
      this.#asker.onAskingSettled();
    }
    return true;
  }

  /** An answer that breaks a rule: who waits for it must not wait for its deadline. */
  onBadAnswer(id: Uint8Array): void {
    const key = keyOf(id);
    const request = this.#pending.get(key);
    if (!this.#pending.delete(key)) return;
    request?.fail(WRONG);
    this.#asker.onAskingSettled();
  }

  onGivenUp({ ticket }: PeerRequest): void {
    if (ticket !== null && this.#pending.delete(ticket)) this.#asker.onAskingSettled();
  }

  /** The connection is gone. */
  end(reason: CloseReason): void {
    const all = [...this.#pending.values()];
    this.#pending.clear();
    for (const request of all) request.fail(endedFor(reason));
  }

  #write(id: Uint8Array, question: PeerQuestion): boolean {
    const { dht, context } = this.#asker;
    switch (question.type) {
      case 'find_node':
        if (question.target.length !== KEY_BYTES) return false;
        dht.write(writeQuestion('find_node', id, question.target));
        return true;
      case 'find_value':
        if (question.key.length !== KEY_BYTES) return false;
        dht.write(writeQuestion('find_value', id, question.key));
        return true;
      case 'store':
        return dht.send('store', {
          type: 'store',
          request_id: id,
          key: question.key,
          value: question.value,
        });
      case 'ping':
        return dht.send('ping', { request_id: id, timestamp: Math.round(context.runtime.clock.wall()) });
    }
  }
}

/** Whether it is an answer to this question at all; ids are secrets of the two, so only the peer can err. */
function isAnswerTo(question: PeerQuestion, answer: PeerAnswer): boolean {
  if (ANSWERED_BY[question.type] !== answer.type) return false;
  return (
    question.type !== 'find_value' ||
    (answer.type === 'find_value_reply' && sameBytes(answer.payload.key, question.key))
  );
}

/** The same as if the connection's actor had ended before this question reached it. */
const endedFor = (close: CloseReason | undefined): CallFailure => ({
  tag: 'exit',
  reason: close === undefined ? 'noconnection' : { shutdown: new Ended(close, undefined) },
  holder: null,
});
