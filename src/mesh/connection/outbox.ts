/**
 * What one peer is to be sent and is too much to be written at once: large messages, piece by piece, and the
 * replies that wait for their turn.
 *
 * Nothing is written while the link is congested, so a healthy peer never makes it overflow, however large the
 * messages are. Large messages that have begun take turns; further ones begin when those are nearly out. What
 * waits is bounded in bytes and in count. Whoever owns it pumps it after each drain, and when streams may be
 * opened again.
 */
import { giveBuffer } from '../../codec/buffer-pool.ts';
import { ResetCode } from '../../transport/transport.ts';
import { FRAMED, type BodyStream } from './body-stream.ts';
import type { Channel } from './channel.ts';

/** Bytes written in one go: a quarter of what a stream queues before it asks for patience. */
const PIECE = 65_536;
/** Large messages of one kind under way at once, at least; small ones may be more. */
const AT_ONCE = 4;
/** While fewer bytes of one kind are under way another message may begin. */
const UNDER_WAY = 1_048_576;
/** Bytes of replies that wait, at most; two of the largest fit in any case. */
const WAITING_BYTES = 33_554_432;
/** Replies that wait, at most: as many as a peer may have calls in flight. */
const WAITING = 4_096;

/** What the outbox needs of its connection. */
export interface OutboxOwner {
  readonly rpc: Channel;
  /** The link asks us to write less. */
  readonly congested: boolean;
  /** A fresh stream, or undefined when the peer grants none now. */
  openBody(): BodyStream | undefined;
  now(): number;
}

/** A reply that waits. Whoever hands over its bytes keeps no hold of them: they are used again. */
interface Reply {
  readonly bytes: Uint8Array;
  /** The stream of its call, when that has one. */
  readonly body: BodyStream | undefined;
  /** Nobody wants it after this. */
  readonly deadline: number;
}

/** Calls and replies must not hold each other up. */
interface Kind {
  messages: number;
  bytes: number;
}

/** A message that has begun. */
interface Message {
  readonly bytes: Uint8Array;
  readonly body: BodyStream;
  readonly deadline: number;
  readonly kind: Kind;
  readonly onWhole: (() => void) | undefined;
  written: number;
}

export class Outbox {
  /** Bytes written to streams of their own, in all. */
  written = 0;
  readonly #owner: OutboxOwner;
  readonly #limit: number;
  readonly #calls: Kind = { messages: 0, bytes: 0 };
  readonly #replies: Kind = { messages: 0, bytes: 0 };
  /** In the order of their turns. */
  #begun: Message[] = [];
  /** Small replies to framed calls. */
  readonly #framed = new Set<Reply>();
  /** Replies to calls with a stream of their own. */
  readonly #answers = new Set<Reply>();
  /** Large replies to framed calls: each needs a stream of ours. */
  readonly #large = new Set<Reply>();
  #waitingBytes = 0;

  /** @param maxBody bytes of the largest message. */
  constructor(owner: OutboxOwner, maxBody: number) {
    this.#owner = owner;
    this.#limit = Math.max(WAITING_BYTES, 2 * maxBody);
  }

  /** Messages that are not wholly written yet. */
  get size(): number {
    return this.#begun.length + this.#waiting;
  }

  get #waiting(): number {
    return this.#framed.size + this.#answers.size + this.#large.size;
  }

  /** Whether a large call may begin. */
  get hasRoom(): boolean {
    return hasRoom(this.#calls);
  }

  /** Sends a large call, whose bytes are ours from now; `onWhole` when its last byte is written. Ask `hasRoom` before. */
  call(bytes: Uint8Array, body: BodyStream, deadline: number, onWhole: () => void): void {
    this.#begin({ bytes, body, deadline, kind: this.#calls, onWhole, written: 0 });
    this.#write();
  }

  /** Sends a small reply now, or takes one that the next `pump` may send. False when too much waits already. */
  reply(bytes: Uint8Array, body: BodyStream | undefined, deadline: number): boolean {
    const { rpc } = this.#owner;
    const framed = body === undefined && bytes.length <= FRAMED;
    if (framed && !rpc.congested && this.#framed.size === 0) {
      rpc.write(bytes);
      return true;
    }
    if (this.#isFull(bytes.length)) {
      this.#sweep();
      if (this.#isFull(bytes.length)) return false;
    }
    const queue = framed ? this.#framed : body === undefined ? this.#large : this.#answers;
    queue.add({ bytes, body, deadline });
    this.#waitingBytes += bytes.length;
    return true;
  }

  /** Sends a small reply past everything that waits. */
  replyNow(bytes: Uint8Array, body: BodyStream | undefined): void {
    if (body === undefined) this.#owner.rpc.write(bytes);
    else {
      this.written += bytes.length;
      body.write(bytes, true);
    }
  }

  /** Sends what waits, as far as there is room. */
  pump(): void {
    const { rpc } = this.#owner;
    for (const reply of this.#framed) {
      if (rpc.congested) break;
      this.#leave(this.#framed, reply);
      if (!this.#isStale(reply)) rpc.write(reply.bytes);
    }
    do {
      this.#start(this.#answers);
      this.#start(this.#large);
    } while (this.#write());
  }

  /** This stream is over: what was meant for it is dropped. */
  forget(body: BodyStream): void {
    const at = this.#begun.findIndex((message) => message.body === body);
    if (at >= 0) this.#finish(this.#begun.splice(at, 1)[0]!);
  }

  /** Gives up what nobody waits for any more. */
  expire(): void {
    this.#sweep();
    const now = this.#owner.now();
    for (const message of this.#begun.filter(({ deadline }) => now >= deadline))
      message.body.reset(ResetCode.deadline);
  }

  /** The link is gone. */
  end(): void {
    this.#begun = [];
    for (const queue of [this.#framed, this.#answers, this.#large]) queue.clear();
    this.#waitingBytes = 0;
  }

  #isFull(more: number): boolean {
    return this.#waiting >= WAITING || this.#waitingBytes + more > this.#limit;
  }

  #isStale({ body, deadline }: Reply): boolean {
    return body?.over === true || this.#owner.now() >= deadline;
  }

  #sweep(): void {
    for (const queue of [this.#framed, this.#answers, this.#large])
      for (const reply of queue) if (this.#isStale(reply)) this.#drop(queue, reply);
  }

  #leave(queue: Set<Reply>, reply: Reply): void {
    queue.delete(reply);
    this.#waitingBytes -= reply.bytes.length;
  }

  #drop(queue: Set<Reply>, reply: Reply): void {
    this.#leave(queue, reply);
    reply.body?.reset(ResetCode.deadline);
  }

  /** Begins what waits in `queue`, as far as there is room, and streams. */
  #start(queue: Set<Reply>): void {
    for (const reply of queue) {
      if (!hasRoom(this.#replies)) return;
      if (this.#isStale(reply)) {
        this.#drop(queue, reply);
        continue;
      }
      const body = reply.body ?? this.#owner.openBody();
      if (body === undefined) return;
      this.#leave(queue, reply);
      const { bytes, deadline } = reply;
      this.#begin({ bytes, body, deadline, kind: this.#replies, onWhole: undefined, written: 0 });
    }
  }

  #begin(message: Message): void {
    message.kind.messages++;
    message.kind.bytes += message.bytes.length;
    this.#begun.push(message);
  }

  #finish({ kind, bytes, written }: Message): void {
    kind.messages--;
    kind.bytes -= bytes.length - written;
  }

  /** Writes a piece of each message in turn while the link takes it. True when one was wholly written. */
  #write(): boolean {
    let ended = false;
    for (;;) {
      const at = this.#owner.congested ? -1 : this.#begun.findIndex(({ body }) => body.ready);
      if (at < 0) return ended;
      const message = this.#begun.splice(at, 1)[0]!;
      if (!this.#writePiece(message)) this.#begun.push(message);
      else {
        ended = true;
        this.#finish(message);
        message.onWhole?.();
      }
    }
  }

  /** True when it was the last one. */
  #writePiece(message: Message): boolean {
    const { bytes, body, kind, written } = message;
    const piece = bytes.subarray(written, written + PIECE);
    message.written += piece.length;
    kind.bytes -= piece.length;
    this.written += piece.length;
    const last = message.written === bytes.length;
    body.write(piece, last, last ? () => giveBuffer(bytes) : undefined);
    return last;
  }
}

const hasRoom = ({ messages, bytes }: Kind): boolean => messages < AT_ONCE || bytes < UNDER_WAY;
