/**
 * The messages of the handshake, version 6. Pure; bad bytes are `undefined`.
 *
 * Fields are big-endian; the length before each is not part of it. Source: DIST §3; Erlang/OTP "Distribution Protocol",
 * Distribution Handshake.
 */
import { Buffer } from 'node:buffer';
import { isWellFormedUtf8 } from '../../codec/utf8.ts';
import { FLAG } from './flags.ts';

/** Who somebody is: of the one that begins, and of the one that challenges it. */
export interface Introduction {
  readonly flags: bigint;
  readonly creation: number;
  readonly name: string;
}

export interface Challenge extends Introduction {
  readonly challenge: number;
}

export type Status =
  /** Go on. */
  | 'ok'
  /** Go on; our own attempt gives way to yours. */
  | 'ok_simultaneous'
  /** Give way to ours. */
  | 'nok'
  | 'not_allowed'
  /** There is a connection; answer `true` when yours is to take its place. */
  | 'alive'
  | 'true'
  | 'false';

export type HandshakeMessage =
  | ({ readonly type: 'name' } & Introduction)
  | { readonly type: 'status'; readonly status: Status }
  | ({ readonly type: 'challenge' } & Challenge)
  | { readonly type: 'reply'; readonly challenge: number; readonly digest: Uint8Array }
  | { readonly type: 'ack'; readonly digest: Uint8Array };

/** Which messages may come: a name and a challenge begin with the same letter. */
export type Expected = 'name' | 'status' | 'challenge' | 'reply' | 'ack';

const [NAME, STATUS, REPLY, ACK] = [0x4e, 0x73, 0x72, 0x61];
/** The name of versions before 6: `n`, version u16, flags u32, name. */
const OLD_NAME = 0x6e;
const STATUSES: readonly string[] = ['ok', 'ok_simultaneous', 'nok', 'not_allowed', 'alive', 'true', 'false'];
const DIGEST = 16;
/** Bytes of a name: 255 characters. */
const LONGEST = 1_020;

export function readHandshake(bytes: Uint8Array, expected: Expected): HandshakeMessage | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  switch (expected) {
    case 'name': {
      if (buffer[0] === OLD_NAME) return oldName(buffer);
      const name = nameAt(buffer, 13);
      if (buffer[0] !== NAME || name === undefined) return undefined;
      return { type: 'name', flags: buffer.readBigUInt64BE(1), creation: buffer.readUInt32BE(9), name };
    }
    case 'challenge': {
      const name = nameAt(buffer, 17);
      if (buffer[0] !== NAME || name === undefined) return undefined;
      const [challenge, creation] = [buffer.readUInt32BE(9), buffer.readUInt32BE(13)];
      return { type: 'challenge', flags: buffer.readBigUInt64BE(1), challenge, creation, name };
    }
    case 'status': {
      const status = buffer.toString('latin1', 1);
      if (buffer[0] !== STATUS || !STATUSES.includes(status)) return undefined;
      return { type: 'status', status: status as Status };
    }
    case 'reply':
      if (buffer[0] !== REPLY || buffer.length !== 5 + DIGEST) return undefined;
      return { type: 'reply', challenge: buffer.readUInt32BE(1), digest: buffer.subarray(5) };
    case 'ack':
      if (buffer[0] !== ACK || buffer.length !== 1 + DIGEST) return undefined;
      return { type: 'ack', digest: buffer.subarray(1) };
  }
}

/** Without the flag of this version, whatever it says: so it is not capable, and is told. */
function oldName(buffer: Buffer): HandshakeMessage | undefined {
  if (buffer.length < 8 || buffer.length > 7 + LONGEST || !isWellFormedUtf8(buffer, 7, buffer.length))
    return undefined;
  const flags = BigInt(buffer.readUInt32BE(3)) & ~(FLAG.handshake23 | FLAG.mandatory25);
  return { type: 'name', flags, creation: 0, name: buffer.toString('utf8', 7) };
}

/** What is behind the name is for later versions. */
function nameAt(buffer: Buffer, at: number): string | undefined {
  if (buffer.length < at + 2) return undefined;
  const length = buffer.readUInt16BE(at);
  const [from, to] = [at + 2, at + 2 + length];
  if (length === 0 || length > LONGEST || to > buffer.length || !isWellFormedUtf8(buffer, from, to))
    return undefined;
  return buffer.toString('utf8', from, to);
}

export function writeHandshake(message: HandshakeMessage): Uint8Array {
  switch (message.type) {
    case 'name': {
      const head = Buffer.alloc(13);
      head[0] = NAME;
      head.writeBigUInt64BE(message.flags, 1);
      head.writeUInt32BE(message.creation, 9);
      return Buffer.concat([head, nameOf(message.name)]);
    }
    case 'challenge': {
      const head = Buffer.alloc(17);
      head[0] = NAME;
      head.writeBigUInt64BE(message.flags, 1);
      head.writeUInt32BE(message.challenge, 9);
      head.writeUInt32BE(message.creation, 13);
      return Buffer.concat([head, nameOf(message.name)]);
    }
    case 'status':
      return Buffer.from(`s${message.status}`, 'latin1');
    case 'reply': {
      const head = Buffer.alloc(5);
      head[0] = REPLY;
      head.writeUInt32BE(message.challenge, 1);
      return Buffer.concat([head, message.digest]);
    }
    case 'ack':
      return Buffer.concat([Buffer.of(ACK), message.digest]);
  }
}

function nameOf(name: string): Buffer {
  const bytes = Buffer.from(`\0\0${name}`, 'utf8');
  bytes.writeUInt16BE(bytes.length - 2, 0);
  return bytes;
}
