/**
 * One handshake, from the first byte until both are up: reads and writes its messages as the machine says.
 */
import type { Process } from '../../actor/process.ts';
import { createMachineCell, type MachineCell } from '../../xstate/cell.ts';
import type { DistStream } from '../carrier.ts';
import type { DistContext } from '../context.ts';
import { digestOf, isDigest } from '../protocol/digest.ts';
import { isCapable, meaning, OURS } from '../protocol/flags.ts';
import {
  DUE,
  handshakeMachine,
  type HandshakeAction,
  type HandshakeFailure,
} from '../protocol/handshake-machine.ts';
import {
  readHandshake,
  writeHandshake,
  type HandshakeMessage,
  type Introduction,
} from '../protocol/handshake-messages.ts';
import { packet, type Packets } from '../protocol/packets.ts';
import type { Partner } from './channel.ts';
import type { Verdict } from './decide.ts';

export interface HandshakeOptions {
  readonly context: DistContext;
  readonly self: Process;
  readonly stream: DistStream;
  readonly packets: Packets;
  /** Whom we dialed; undefined: they did. */
  readonly dialed: string | undefined;
  /** Asked once, of whoever has dialed. */
  readonly decide: (them: Introduction) => Verdict;
  readonly up: (partner: Partner) => void;
  readonly failed: (reason: HandshakeFailure) => void;
}

export class Handshake {
  readonly #options: HandshakeOptions;
  readonly #cell: MachineCell;
  /** What we ask of them, and what they asked of us. */
  readonly #challenge: number;
  #theirs = 0;
  #them: Introduction | undefined;
  #cookie = '';

  constructor(options: HandshakeOptions) {
    this.#options = options;
    const { context, self, dialed } = options;
    this.#challenge = context.runtime.random.u32();
    this.#cell = createMachineCell(self, handshakeMachine, {
      input: { role: dialed === undefined ? 'acceptor' : 'initiator', setupTime: context.settings.setupTime },
      perform: (action, cell) => this.#perform(action.type as HandshakeAction, cell),
      onDone: (output) => {
        if (this.#cell.matches('up')) options.up(this.#partner());
        else options.failed(output as HandshakeFailure);
      },
    });
  }

  /** There may be a whole message. */
  work(): void {
    const { packets } = this.#options;
    while (!this.#cell.done) {
      const due = this.#due();
      if (due === undefined) return;
      const taken = packets.take();
      if (taken.tag !== 'packet') {
        if (taken.tag === 'too_large') this.fail('protocol_error');
        return;
      }
      const message = readHandshake(taken.bytes, due);
      if (message === undefined) this.fail('protocol_error');
      else this.#take(message);
    }
  }

  /** Up or failed. */
  get done(): boolean {
    return this.#cell.done;
  }

  fail(reason: HandshakeFailure): void {
    this.#cell.send({ type: 'failed', reason });
  }

  stop(): void {
    this.#cell.stop();
  }

  #due(): (typeof DUE)[string] | undefined {
    const { value } = this.#cell;
    const state = typeof value === 'object' && value !== null ? (Object.values(value)[0] as string) : '';
    return DUE[state];
  }

  #take(message: HandshakeMessage): void {
    const cell = this.#cell;
    switch (message.type) {
      case 'name':
        this.#introduced(message);
        return;
      case 'status':
        this.#status(message.status);
        return;
      case 'challenge': {
        const { dialed, context } = this.#options;
        if (message.name !== dialed) this.fail('wrong_name');
        else if (!isCapable(message.flags)) this.fail('not_capable');
        else if (this.#know(message, context)) {
          this.#theirs = message.challenge;
          cell.send({ type: 'challenge' });
        }
        return;
      }
      case 'reply':
        this.#theirs = message.challenge;
        this.#proven(message.digest, 'reply');
        return;
      case 'ack':
        this.#proven(message.digest, 'ack');
    }
  }

  #introduced(them: Introduction): void {
    const { context, decide } = this.#options;
    const verdict = decide(them);
    if (verdict === 'nok' || verdict === 'not_allowed') {
      this.#send({ type: 'status', status: verdict });
      this.fail(verdict === 'nok' ? 'simultaneous' : isCapable(them.flags) ? 'not_allowed' : 'not_capable');
      return;
    }
    if (!this.#know(them, context)) return;
    this.#cell.send({ type: 'name' });
    if (verdict === 'alive') this.#cell.send({ type: 'replace' });
    else {
      this.#send({ type: 'status', status: verdict });
      this.#cell.send({ type: 'accept' });
    }
  }

  /** False when there is no cookie for that node. */
  #know(them: Introduction, { cookie, keyOf }: DistContext): boolean {
    const secret = cookie(them.name);
    const key = keyOf(them.name);
    const { peerId } = this.#options.stream;
    if (key !== undefined && (peerId === undefined || Buffer.compare(key, peerId) !== 0)) {
      this.fail('wrong_key');
      return false;
    }
    this.#them = them;
    this.#cookie = secret ?? '';
    if (secret === undefined) this.fail('not_allowed');
    return secret !== undefined;
  }

  #status(status: string): void {
    const cell = this.#cell;
    if (cell.matches('shaking.replacing')) {
      if (status === 'true') cell.send({ type: 'replaced' });
      else this.fail('already_connected');
    } else if (status === 'ok' || status === 'ok_simultaneous') cell.send({ type: 'ok' });
    else if (status === 'alive') cell.send({ type: 'alive' });
    else if (status === 'nok') this.fail('simultaneous');
    else if (status === 'not_allowed') this.fail('not_allowed');
    else this.fail('protocol_error');
  }

  #proven(digest: Uint8Array, type: 'reply' | 'ack'): void {
    if (isDigest(digest, this.#cookie, this.#challenge)) this.#cell.send({ type });
    else this.fail('wrong_cookie');
  }

  #perform(action: HandshakeAction, _cell: MachineCell): void {
    const { name, creation } = this.#options.context;
    switch (action) {
      case 'sendName':
        this.#send({ type: 'name', flags: OURS, creation, name });
        return;
      case 'sendAlive':
        this.#send({ type: 'status', status: 'alive' });
        return;
      case 'sendTrue':
        this.#send({ type: 'status', status: 'true' });
        return;
      case 'sendChallenge':
        this.#send({ type: 'challenge', flags: OURS, creation, name, challenge: this.#challenge });
        return;
      case 'sendReply':
        this.#send({ type: 'reply', challenge: this.#challenge, digest: this.#answer() });
        return;
      case 'sendAck':
        this.#send({ type: 'ack', digest: this.#answer() });
    }
  }

  #answer(): Uint8Array {
    return digestOf(this.#cookie, this.#theirs);
  }

  #send(message: HandshakeMessage): void {
    const bytes = packet(2, writeHandshake(message));
    if (bytes !== undefined) this.#options.stream.write(bytes);
  }

  #partner(): Partner {
    const { name, creation, flags } = this.#them as Introduction;
    return { name, creation, flags: meaning(flags) & OURS };
  }
}
