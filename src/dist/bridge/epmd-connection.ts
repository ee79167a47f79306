/**
 * One connection to the emulation of EPMD: a request, its answer, and for a node that registers the life of its registration.
 *
 * Nothing that comes makes it throw; it has a deadline for everything but the registration. Source: DIST §8; Erlang/OTP
 * "Distribution Protocol", EPMD Protocol.
 */
import type { Socket } from 'node:net';
import { seconds, type Clock, type TimerId } from '../../actor/clock.ts';
import {
  aliveAnswer,
  aliveRefused,
  farPortAnswer,
  namesAnswer,
  portAnswer,
  portUnknown,
  RequestReader,
  type EpmdNode,
  type EpmdRequest,
} from './epmd-requests.ts';
import type { EpmdTable } from './epmd-table.ts';

/** ms for a request to come, and again for the answer to be found and taken. Erlang waits 7 s for a node to be reached. */
export const DEADLINE: number = seconds(5);
/** ms of silence after which the kernel asks whether a registered node still lives. */
const KEEP_ALIVE = seconds(15);

/** Who decides. One that throws is a defect, and ends the server. */
export interface EpmdDesk {
  /** A local node wants to register: refused with a reason for the log, or accepted. */
  register(node: {
    readonly name: string;
    readonly port: number;
    readonly hidden: boolean;
  }): string | undefined;
  /** The node has gone. It may be registered again at once. */
  unregistered(name: string): void;
  /**
   * Where somebody who wants to reach that short name has to connect; undefined: nobody knows it. Asked for each request, also for
   * many of one name at once, and not waited for longer than 5 s. When it rejects, nobody knows it.
   */
  portOf(name: string): Promise<number | undefined>;
  /** A request was refused or made no sense; for the log. Peers make this as often as they like. */
  refused(peer: string, detail: string): void;
}

/** What all connections share. */
export interface EpmdParts {
  readonly clock: Clock;
  readonly desk: EpmdDesk;
  readonly table: EpmdTable;
  /** A defect of ours, not of a peer. */
  readonly fault: (error: unknown) => void;
}

export function serveEpmd(socket: Socket, parts: EpmdParts): void {
  const connection = new Connection(socket, parts);
  socket.on('data', (bytes: Buffer) => guard(parts, () => connection.take(bytes)));
  socket.once('close', () => guard(parts, () => connection.closed()));
}

/** Nothing throws into a socket or a timer. */
export function guard({ fault }: Pick<EpmdParts, 'fault'>, run: () => void): void {
  try {
    run();
  } catch (error) {
    fault(error);
  }
}

class Connection {
  readonly #socket: Socket;
  readonly #parts: EpmdParts;
  readonly #reader = new RequestReader();
  readonly #peer: string;
  #timer: TimerId;
  #answered = false;
  #held: { readonly name: string; readonly claim: number } | undefined;

  constructor(socket: Socket, parts: EpmdParts) {
    this.#socket = socket;
    this.#parts = parts;
    this.#peer = `${socket.remoteAddress ?? '?'}:${socket.remotePort ?? 0}`;
    this.#timer = this.#within(() => this.#cut('asks nothing'));
  }

  take(bytes: Uint8Array): void {
    // nobody has more to say; whoever goes on is heard until its deadline, or its registration ends
    if (this.#held !== undefined) return this.#cut('goes on after it has registered');
    const request = this.#reader.take(bytes);
    if (request === undefined) return;
    this.#parts.clock.clear(this.#timer);
    // of what it takes to be answered
    this.#timer = this.#within(() => this.#late());
    this.#answer(request);
  }

  /** The node has gone, if it was one. */
  closed(): void {
    this.#answered = true;
    const { clock, desk, table } = this.#parts;
    clock.clear(this.#timer);
    const held = this.#held;
    if (held !== undefined && table.release(held.name, held.claim)) desk.unregistered(held.name);
  }

  #answer(request: EpmdRequest): void {
    const { table } = this.#parts;
    switch (request.tag) {
      case 'alive':
        return this.#register(request.node);
      case 'port_please':
        return this.#find(request.name);
      case 'names':
        return this.#end(namesAnswer(this.#socket.localPort ?? 0, table.nodes));
      case 'unknown':
        return this.#cut(`asks for what is not offered, ${request.code}`);
      case 'malformed':
        return this.#cut(request.detail);
    }
  }

  #register(node: EpmdNode): void {
    const { clock, desk, table } = this.#parts;
    const { name, port, hidden } = node;
    const refuse = (why: string): void => {
      desk.refused(this.#peer, `${name} is not registered: ${why}`);
      this.#end(aliveRefused());
    };
    if (!isLocal(this.#socket)) return refuse('only nodes of this host are');
    const standing = table.standing(node);
    if (standing === 'taken') return refuse('another node has that name');
    if (standing === 'full') return refuse('there are too many');
    const before = table.find(name);
    if (standing === 'instead' && before !== undefined && table.forget(before)) desk.unregistered(name);
    if (standing !== 'again') {
      const why = desk.register({ name, port, hidden });
      if (why !== undefined) return refuse(why);
    }
    const { creation, claim } = table.add(node);
    this.#held = { name, claim };
    clock.clear(this.#timer);
    this.#answered = true;
    this.#socket.setKeepAlive(true, KEEP_ALIVE);
    this.#socket.write(aliveAnswer(creation));
  }

  #find(name: string): void {
    const known = this.#parts.table.find(name);
    // nodes of this host reach each other without us
    if (known !== undefined) return this.#end(portAnswer(known));
    const { desk, fault } = this.#parts;
    desk
      .portOf(name)
      .catch((error: unknown) => {
        desk.refused(
          this.#peer,
          `${name} is not found: ${error instanceof Error ? error.message : String(error)}`,
        );
        return undefined;
      })
      .then((port) => this.#end(port === undefined ? portUnknown() : farPortAnswer(name, port)))
      .catch(fault);
  }

  #late(): void {
    if (this.#answered) this.#socket.destroy();
    else {
      this.#end(portUnknown());
      // of what it takes to be taken
      this.#timer = this.#within(() => this.#socket.destroy());
    }
  }

  /** The answer is the last that is said. */
  #end(bytes: Uint8Array): void {
    if (this.#answered) return;
    this.#answered = true;
    this.#socket.end(bytes);
  }

  #cut(why: string): void {
    this.#parts.desk.refused(this.#peer, why);
    this.#socket.destroy();
  }

  #within(late: () => void): TimerId {
    return this.#parts.clock.setTimer(DEADLINE, () => guard(this.#parts, late));
  }
}

/** Of this host, as EPMD has it: over loopback, or from the address that is asked. */
export const isLocal = ({
  remoteAddress = '',
  localAddress,
}: Partial<Pick<Socket, 'remoteAddress' | 'localAddress'>>): boolean =>
  remoteAddress === localAddress || /^(?:::ffff:)?127\.|^::1$/.test(remoteAddress);
