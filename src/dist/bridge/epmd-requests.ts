/**
 * What Erlang nodes ask EPMD, and the bytes of its answers. Pure.
 *
 * A connection carries one request: two bytes of length, then a body that begins with a code. Answers have no length before them; the
 * end of the connection is the end of all but the first. Peers may send anything, in any pieces: nothing here throws or grows beyond
 * `LONGEST_REQUEST`. Source: Erlang/OTP "Distribution Protocol", EPMD Protocol; DIST §8.
 */
import { isNodeName } from '../node-name.ts';

/** Bytes of a body. A name has 255 at most. */
export const LONGEST_REQUEST = 1_024;

const [ALIVE, ALIVE_ANSWER, PORT_PLEASE, PORT_ANSWER, NAMES] = [120, 118, 122, 119, 110];
const [NORMAL, HIDDEN] = [77, 72];
/** Where an ALIVE2 body has its fields. */
const [PORT, TYPE, HIGHEST, LOWEST, NAME_LENGTH, NAME] = [1, 3, 5, 7, 9, 11];
/** Versions of the protocol, of nodes that are told of without having registered: what OTP 23 to 25 speak. */
const [FIRST_VERSION, LAST_VERSION] = [5, 6];
const NO_PROTOCOL = 0;

/** What a node says of itself. */
export interface EpmdNode {
  /** Its short name, the part before the `@`. */
  readonly name: string;
  /** Where it listens, 1 … 65535. */
  readonly port: number;
  readonly hidden: boolean;
  /** Versions of the distribution protocol that it speaks. */
  readonly highest: number;
  readonly lowest: number;
}

export type EpmdRequest =
  /** ALIVE2: a node registers. */
  | { readonly tag: 'alive'; readonly node: EpmdNode }
  /** PORT_PLEASE2: where that node listens. */
  | { readonly tag: 'port_please'; readonly name: string }
  /** NAMES: who is registered. */
  | { readonly tag: 'names' }
  /** One of EPMD's that are not for nodes (dump, stop, kill), or none of its. */
  | { readonly tag: 'unknown'; readonly code: number }
  /** No request, for people. */
  | { readonly tag: 'malformed'; readonly detail: string };

/** The request of one connection, piece by piece. */
export class RequestReader {
  #got: Buffer = Buffer.alloc(0);
  #over = false;

  /** The request, once: when its last byte has come, or a length that none has. What comes behind it is let go. */
  take(bytes: Uint8Array): EpmdRequest | undefined {
    if (this.#over) return undefined;
    this.#got = Buffer.concat([this.#got, bytes.subarray(0, 2 + LONGEST_REQUEST - this.#got.length)]);
    if (this.#got.length < 2) return undefined;
    const length = this.#got.readUInt16BE(0);
    if (length === 0 || length > LONGEST_REQUEST) return this.#end(malformed(`a length of ${length}`));
    if (this.#got.length < 2 + length) return undefined;
    return this.#end(requestOf(this.#got.subarray(2, 2 + length)));
  }

  #end(request: EpmdRequest): EpmdRequest {
    this.#over = true;
    this.#got = Buffer.alloc(0);
    return request;
  }
}

/** Registered. The connection stays. */
export const aliveAnswer = (creation: number): Uint8Array => alive(0, creation);

/** Not registered; Erlang takes it for a name that is taken. */
export const aliveRefused = (): Uint8Array => alive(1, 0);

/** Where a node listens that has registered. */
export function portAnswer({ name, port, hidden, highest, lowest }: EpmdNode): Uint8Array {
  const letters = Buffer.from(name, 'latin1');
  const bytes = Buffer.alloc(14 + letters.length);
  bytes[0] = PORT_ANSWER;
  bytes.writeUInt16BE(port, 2);
  bytes[4] = hidden ? HIDDEN : NORMAL;
  bytes[5] = NO_PROTOCOL;
  bytes.writeUInt16BE(highest, 6);
  bytes.writeUInt16BE(lowest, 8);
  bytes.writeUInt16BE(letters.length, 10);
  letters.copy(bytes, 12);
  return bytes;
}

/** Where to connect for a node that lives elsewhere. */
export const farPortAnswer = (name: string, port: number): Uint8Array =>
  portAnswer({ name, port, hidden: false, highest: LAST_VERSION, lowest: FIRST_VERSION });

/** Nobody knows it. */
export const portUnknown = (): Uint8Array => Uint8Array.of(PORT_ANSWER, 1);

/** @param port at which we are asked. */
export function namesAnswer(port: number, nodes: Iterable<EpmdNode>): Uint8Array {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(port);
  const lines = Array.from(nodes, (node) => `name ${node.name} at port ${node.port}\n`);
  return Buffer.concat([head, Buffer.from(lines.join(''), 'latin1')]);
}

function requestOf(body: Buffer): EpmdRequest {
  const code = body[0] ?? 0;
  if (code === NAMES) return { tag: 'names' };
  if (code === PORT_PLEASE) {
    const name = nameOf(body.subarray(1));
    return name === undefined ? malformed('asks for a name that no node has') : { tag: 'port_please', name };
  }
  return code === ALIVE ? aliveOf(body) : { tag: 'unknown', code };
}

function aliveOf(body: Buffer): EpmdRequest {
  // its last field is what the node wants others to know beside; no node has any
  const nameEnd = body.length < NAME ? Infinity : NAME + body.readUInt16BE(NAME_LENGTH);
  if (body.length < nameEnd + 2 || body.length !== nameEnd + 2 + body.readUInt16BE(nameEnd))
    return malformed('registers with lengths that do not add up');
  const name = nameOf(body.subarray(NAME, nameEnd));
  if (name === undefined) return malformed('registers a name that no node has');
  const port = body.readUInt16BE(PORT);
  if (port === 0) return malformed('registers port 0');
  const [highest, lowest] = [body.readUInt16BE(HIGHEST), body.readUInt16BE(LOWEST)];
  return { tag: 'alive', node: { name, port, hidden: body[TYPE] === HIDDEN, highest, lowest } };
}

/** Names end in lines of text and in those of the log: only letters that node names have. */
function nameOf(bytes: Buffer): string | undefined {
  const name = bytes.toString('latin1');
  return isNodeName(`${name}@h`) ? name : undefined;
}

function alive(result: number, creation: number): Uint8Array {
  const bytes = Buffer.alloc(6);
  bytes[0] = ALIVE_ANSWER;
  bytes[1] = result;
  bytes.writeUInt32BE(creation, 2);
  return bytes;
}

const malformed = (detail: string): EpmdRequest => ({ tag: 'malformed', detail });
