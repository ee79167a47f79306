/**
 * What must hold for any bytes on a control stream of a dist relay. Throws a plain `Error` that says which rule did not.
 *
 * 1. A frame is a message or none; nothing is thrown, and it takes no long time.
 * 2. A message has what it needs, in the sizes that it may have, and nothing else.
 * 3. It can be written in every style and reads as the same.
 * 4. The messages of a stream do not depend on how it is cut, nor on what becomes of the chunks, and the reader holds no more than
 *    its cap.
 */
import { isDeepStrictEqual } from 'node:util';
import { decodeControl } from '../../src/dist/relay/protocol/control-decode.ts';
import { encodeControl } from '../../src/dist/relay/protocol/control-encode.ts';
import { ControlReader } from '../../src/dist/relay/protocol/control-reader.ts';
import type { ControlMessage, ControlStyle } from '../../src/dist/relay/protocol/messages.ts';
import type { Took } from './check.ts';
import { cutsOf } from './mutate.ts';

const CAP = 65_536;
/** SECURITY §6.3, as for frames: no input takes longer, in ms, and what no machine's load explains, of four tries. */
const SLOW_MS = 50;
const TOO_SLOW_MS = 250;

const STYLES: readonly ControlStyle[] = [
  { encoding: 'cbor', text: 'text' },
  { encoding: 'cbor', text: 'bytes' },
  { encoding: 'msgpack', text: 'text' },
];

type Rule = (value: unknown) => boolean;

const isText: Rule = (value) => typeof value === 'string' && value === Buffer.from(value).toString();
const isName: Rule = (value) => {
  const name = value as string;
  return isText(value) && name !== '' && Buffer.byteLength(name) <= 255 && !/\p{Cc}/u.test(name);
};
const isRealm: Rule = (value) => isText(value) && value !== '' && Buffer.byteLength(value as string) <= 255;
const isReason: Rule = (value) => isText(value) && (value as string).length <= 255;
const isId: Rule = (value) => typeof value === 'string' && /^[0-9A-F]{32}$/.test(value);
const isUint =
  (least: number, most: number): Rule =>
  (value) =>
    Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
const isBytes =
  (least: number, most: number): Rule =>
  (value) =>
    value instanceof Uint8Array && value.length >= least && value.length <= most;

const seed = isBytes(32, 32);
const request_id = isBytes(16, 16);
const version = isUint(1, 0xffff);

/** By kind: what it needs, and what it may have. */
const RULES: Readonly<
  Record<ControlMessage['type'], readonly [Readonly<Record<string, Rule>>, Readonly<Record<string, Rule>>]>
> = {
  identify: [{ node_name: isName }, { version, seed, realm: isRealm, realm_proof: isBytes(0, 4_096) }],
  identified: [{ status: (value) => value === 'ok' }, { version, seed, idle: isUint(1, 0xffff_ffff) }],
  refused: [{ reason: isReason }, {}],
  tunnel_request: [{ target: isName }, { request_id }],
  tunnel_ok: [{ tunnel_id: isId }, { request_id, target: isName }],
  tunnel_error: [{ reason: isReason }, { request_id }],
  tunnel_notify: [{ tunnel_id: isId, source: isName }, {}],
  tunnel_close: [{ tunnel_id: isId }, {}],
  tunnel_credit: [{ tunnel_id: isId, bytes: isUint(0, 0xffff_ffff) }, {}],
};

export function checkControl(stream: Uint8Array, seedOfRun: number, index: number): Took {
  const took = timed(stream);
  const whole = events(stream, [stream.length]);
  const cut = events(stream, [...cutsOf(seedOfRun, index, stream.length), stream.length]);
  if (!isDeepStrictEqual(whole, cut)) throw new Error('the messages depend on the cuts');
  for (const event of whole.events) if (event.tag === 'message') checkMessage(event.message);
  // without its length, and as if it were a frame itself
  for (const bytes of [stream, stream.subarray(4)]) {
    const message = decodeControl(bytes)?.message;
    if (message !== undefined) checkMessage(message);
  }
  return took;
}

function timed(stream: Uint8Array): Took {
  const before = performance.now();
  new ControlReader().push(stream);
  const first = performance.now() - before;
  let ms = first;
  for (let tries = 0; tries < 3 && first > SLOW_MS; tries++) {
    const again = performance.now();
    new ControlReader().push(stream);
    ms = Math.min(ms, performance.now() - again);
  }
  if (ms > TOO_SLOW_MS) throw new Error(`reading takes ${ms.toFixed(0)} ms`);
  return { first, ms };
}

function checkMessage(message: ControlMessage): void {
  const [needed, allowed] = RULES[message.type];
  const { type, ...fields } = message;
  for (const key of Object.keys(needed)) if (!(key in fields)) throw new Error(`${type} without ${key}`);
  for (const [key, value] of Object.entries(fields)) {
    const rule = needed[key] ?? allowed[key];
    if (rule === undefined) throw new Error(`${type} with ${key}`);
    if (!rule(value)) throw new Error(`${type} with a wrong ${key}`);
  }
  for (const style of STYLES) {
    const again = decodeControl(encodeControl(message, style).subarray(4));
    if (!isDeepStrictEqual(again, { message, style })) throw new Error(`another ${type} after a round trip`);
  }
}

/** Of chunks that are used again at once. */
function events(
  stream: Uint8Array,
  cuts: readonly number[],
): { readonly events: ReturnType<ControlReader['push']>; readonly rest: readonly unknown[] } {
  const reader = new ControlReader();
  const found = [];
  let from = 0;
  for (const to of cuts) {
    const lent = Uint8Array.prototype.slice.call(stream, from, to);
    found.push(...reader.push(lent));
    lent.fill(0xee);
    from = to;
    if (reader.held > CAP) throw new Error(`the reader holds ${reader.held} bytes`);
  }
  return { events: found, rest: [reader.skipped, reader.pending, reader.closed] };
}
