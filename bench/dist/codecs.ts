/**
 * Codecs of the External Term Format, and the one message that they write and read: what `gen_server:call` sends.
 */
import {
  atom,
  decodeTerm,
  encodeTerm,
  ImproperList,
  PidTerm,
  ReferenceTerm,
  tuple,
} from '../../src/distribution.ts';
import { loadPackage } from '../harness/packages.ts';
import { ERLANG_JS, ESPALIER } from './names.ts';

export interface Codec {
  /** Bytes of the message, made of nothing but constants. */
  readonly encode: () => Uint8Array;
  readonly decode: (bytes: Uint8Array) => unknown;
}

const NODE = 'client@127.0.0.1';
const [ID, SERIAL, CREATION] = [1_234, 5, 0x5f3a_9c11];
const WORDS = [0x2_1f3a, 0x8d40_0001, 0xfa17_5bd2] as const;

/** `{add, 7}`, or `{echo, Bytes}` with so many of them. */
export const MESSAGES: Readonly<Record<string, number>> = { small: 0, bytes: 100 };

/** `{'$gen_call', {Pid, [alias | Ref]}, Request}`. */
export const CODECS: Readonly<Record<string, (size: number) => Promise<Codec>>> = {
  [ESPALIER]: (size) => {
    const ref = new ReferenceTerm(NODE, CREATION, WORDS);
    const from = tuple(new PidTerm(NODE, ID, SERIAL, CREATION), new ImproperList([atom('alias')], ref));
    const request = size === 0 ? tuple(atom('add'), 7) : tuple(atom('echo'), new Uint8Array(size).fill(7));
    const message = tuple(atom('$gen_call'), from, request);
    return Promise.resolve({ encode: () => encoded(message), decode: decoded });
  },
  [ERLANG_JS]: erlangJs,
};

function encoded(term: unknown): Uint8Array {
  const result = encodeTerm(term);
  if (!result.ok) throw new Error(`${result.error.reason} at ${result.error.path}`);
  return result.bytes;
}

function decoded(bytes: Uint8Array): unknown {
  const result = decodeTerm(bytes);
  if (!result.ok) throw new Error(result.rule);
  return result.value;
}

type Callback<T> = (error: Error | undefined, value: T) => void;
type Make = new (...parts: readonly unknown[]) => object;

/** What we use of the package. */
interface ErlangJs {
  readonly OtpErlangAtom: Make;
  readonly OtpErlangBinary: Make;
  readonly OtpErlangList: Make;
  readonly OtpErlangPid: Make;
  readonly OtpErlangReference: Make;
  binary_to_term(bytes: Uint8Array, callback: Callback<unknown>): void;
  term_to_binary(term: unknown, callback: Callback<Uint8Array>): void;
}

async function erlangJs(size: number): Promise<Codec> {
  const { Erlang } = (await loadPackage(ERLANG_JS)) as { readonly Erlang: ErlangJs };
  const named = (name: string): object => new Erlang.OtpErlangAtom(name);
  const pid = new Erlang.OtpErlangPid(named(NODE), words(ID), words(SERIAL), words(CREATION));
  const ref = new Erlang.OtpErlangReference(named(NODE), words(...WORDS), words(CREATION));
  const tag = new Erlang.OtpErlangList([named('alias'), ref], true);
  const request =
    size === 0 ? [named('add'), 7] : [named('echo'), new Erlang.OtpErlangBinary(Buffer.alloc(size, 7))];
  const message = [named('$gen_call'), [pid, tag], request];
  return {
    encode: () => told((callback) => Erlang.term_to_binary(message, callback)),
    decode: (bytes) => told((callback) => Erlang.binary_to_term(bytes, callback)),
  };
}

/** It calls back at once for what is not compressed. */
function told<T>(ask: (callback: Callback<T>) => void): T {
  let found: { readonly error: Error | undefined; readonly value: T } | undefined;
  ask((error, value) => {
    found = { error, value };
  });
  if (found === undefined || found.error !== undefined) throw found?.error ?? new Error('no answer');
  return found.value;
}

function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, 4 * index);
  return bytes;
}
