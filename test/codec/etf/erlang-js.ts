/** Another implementation of the External Term Format, and what its values are to us. */
import erlangJs from 'erlang_js';
import { atom } from '../../../src/codec/etf/atom.ts';
import { PidTerm, PortTerm, ReferenceTerm } from '../../../src/codec/etf/identities.ts';
import {
  Bitstring,
  ExternalFun,
  Float,
  ImproperList,
  OpaqueFun,
  Tuple,
} from '../../../src/codec/etf/terms.ts';

const { Erlang } = erlangJs;
const NEW_FUN = 112;

export const theirTerm = (bytes: Uint8Array): Promise<unknown> =>
  new Promise((resolve, reject) => {
    Erlang.binary_to_term(Buffer.from(bytes), (error, term) => {
      if (error === undefined) resolve(term);
      else reject(error);
    });
  });

export const theirBytes = (term: unknown, compressed = false): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    Erlang.term_to_binary(
      term,
      (error, bytes) => {
        if (error === undefined) resolve(bytes);
        else reject(error);
      },
      compressed,
    );
  });

/** One of its values as one of ours. Floats without a fraction and integers that it rounds are numbers. */
export function fromTheirs(term: unknown): unknown {
  // its text is a list of bytes, its null the atom undefined, its array a tuple
  if (typeof term === 'string') return Array.from(term, (character) => character.charCodeAt(0));
  if (term === null) return undefined;
  if (Array.isArray(term)) return new Tuple(term.map(fromTheirs));
  if (term instanceof Erlang.OtpErlangAtom) return atomOf(term);
  if (term instanceof Erlang.OtpErlangBinary) {
    const bytes = new Uint8Array(term.value);
    return term.bits === 8 ? bytes : new Bitstring(bytes, term.bits);
  }
  if (term instanceof Erlang.OtpErlangList) {
    const elements = term.value.map(fromTheirs);
    return term.improper ? new ImproperList(elements.slice(0, -1), elements.at(-1)) : elements;
  }
  if (term instanceof Erlang.OtpErlangMap)
    return new Map(Array.from(term.value, ([key, value]) => [fromTheirs(key), fromTheirs(value)]));
  if (term instanceof Erlang.OtpErlangPid)
    return new PidTerm(nameOf(term.node), u32(term.id), u32(term.serial), u32(term.creation));
  if (term instanceof Erlang.OtpErlangReference) {
    const words = Array.from({ length: term.id.length / 4 }, (_, index) => u32(term.id, 4 * index));
    return new ReferenceTerm(nameOf(term.node), u32(term.creation), words);
  }
  if (term instanceof Erlang.OtpErlangPort)
    return new PortTerm(nameOf(term.node), term.id.readBigUInt64BE(), u32(term.creation));
  if (term instanceof Erlang.OtpErlangFunction)
    return term.tag === NEW_FUN ? new OpaqueFun(new Uint8Array(term.value)) : exported(term.value);
  return term;
}

/** One of ours without what it cannot say. */
export function withoutKinds(term: unknown): unknown {
  if (term instanceof Float) return term.value;
  if (typeof term === 'bigint') return roundedOf(term);
  if (term instanceof Tuple) return new Tuple(term.elements.map(withoutKinds));
  if (Array.isArray(term)) return term.map(withoutKinds);
  if (term instanceof ImproperList)
    return new ImproperList(term.elements.map(withoutKinds), withoutKinds(term.tail));
  if (term instanceof Map)
    return new Map(Array.from(term, ([key, value]) => [withoutKinds(key), withoutKinds(value)]));
  return term;
}

/** It rounds at every byte. */
function roundedOf(value: bigint): number {
  const digits = (value < 0n ? -value : value).toString(16);
  let rounded = 0;
  for (const byte of Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex'))
    rounded = rounded * 256 + byte;
  return value < 0n ? -rounded : rounded;
}

type TheirAtom = InstanceType<typeof Erlang.OtpErlangAtom>;

const atomOf = (term: TheirAtom): unknown => {
  const name = nameOf(term);
  return name === 'null' ? null : atom(name);
};

/** It takes the bytes of a name for its characters. */
const nameOf = ({ value, utf8 }: TheirAtom): string =>
  utf8 ? Buffer.from(value, 'latin1').toString('utf8') : value;

const u32 = (bytes: Buffer, at = 0): number => bytes.readUInt32BE(at);

/** It leaves two atoms and a small integer as they came. */
function exported(bytes: Buffer): ExternalFun {
  const [, module = 0] = bytes;
  const second = 2 + module;
  const name = bytes[second + 1] ?? 0;
  return new ExternalFun(
    bytes.toString('utf8', 2, second),
    bytes.toString('utf8', second + 2, second + 2 + name),
    bytes[second + 2 + name + 1] ?? 0,
  );
}
