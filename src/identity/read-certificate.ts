/**
 * What we need of an X.509 certificate, read from its DER without a library.
 *
 * Node's parser makes a key object on the way and prints the dates: 300 µs where this takes 5. It need not be a second
 * opinion on the rest: TLS has parsed the certificate before. Only the one way in which DER writes a thing is read, so
 * that nobody can show TLS one key and us another; and who has signed the body has signed the key in it.
 *
 * Pure. Throws nothing for any bytes: undefined is whatever does not read. Source: X.690 §8 and §10, RFC 5280 §4.1.
 */
import { certificateTime } from './certificate-time.ts';

/** Tags of X.690. */
const Tag = {
  integer: 0x02,
  bitString: 0x03,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  version: 0xa0,
} as const;

/** Bits of the tags of optional fields behind the key: ids and extensions. */
const CONTEXT = 0x80;

/** Views of the certificate. */
export interface CertificateParts {
  /** What is signed, with its tag. */
  readonly body: Uint8Array;
  /** SubjectPublicKeyInfo, with its tag. */
  readonly publicKey: Uint8Array;
  /** AlgorithmIdentifier as the body names it, with its tag. */
  readonly algorithm: Uint8Array;
  /** The same as the signature names it. */
  readonly signedWith: Uint8Array;
  readonly signature: Uint8Array;
  /** Unix milliseconds, both inclusive; undefined when they do not parse. */
  readonly validFrom: number | undefined;
  readonly validTo: number | undefined;
}

export function readCertificate(bytes: Uint8Array): CertificateParts | undefined {
  const outer = new Elements(bytes);
  const certificate = outer.next(Tag.sequence);
  if (certificate === undefined || !outer.over) return undefined;
  const parts = new Elements(certificate.content);
  const body = parts.next(Tag.sequence);
  const signedWith = parts.next(Tag.sequence);
  const signature = parts.next(Tag.bitString);
  if (body === undefined || signedWith === undefined || signature === undefined || !parts.over)
    return undefined;
  // whole bytes: the first one says how many bits of the last are unused
  if (signature.content[0] !== 0) return undefined;
  const fields = readBody(body.content);
  if (fields === undefined) return undefined;
  return {
    ...fields,
    body: body.whole,
    signedWith: signedWith.whole,
    signature: signature.content.subarray(1),
  };
}

function readBody(
  content: Uint8Array,
): Pick<CertificateParts, 'publicKey' | 'algorithm' | 'validFrom' | 'validTo'> | undefined {
  const fields = new Elements(content);
  if (fields.tag === Tag.version) fields.next(Tag.version);
  const serial = fields.next(Tag.integer);
  const algorithm = fields.next(Tag.sequence);
  const issuer = fields.next(Tag.sequence);
  const validity = fields.next(Tag.sequence);
  const subject = fields.next(Tag.sequence);
  const publicKey = fields.next(Tag.sequence);
  while (fields.tag >= CONTEXT) if (fields.next(fields.tag) === undefined) return undefined;
  if (serial === undefined || algorithm === undefined || issuer === undefined) return undefined;
  if (validity === undefined || subject === undefined || publicKey === undefined) return undefined;
  if (!fields.over) return undefined;
  const dates = new Elements(validity.content);
  const validFrom = readTime(dates);
  const validTo = readTime(dates);
  const whole = dates.over;
  return {
    publicKey: publicKey.whole,
    algorithm: algorithm.whole,
    validFrom: whole ? validFrom : undefined,
    validTo: whole ? validTo : undefined,
  };
}

function readTime(dates: Elements): number | undefined {
  const form = dates.tag === Tag.utcTime ? 'utc' : 'generalized';
  const time = dates.next(form === 'utc' ? Tag.utcTime : Tag.generalizedTime);
  return time === undefined ? undefined : certificateTime(form, Buffer.from(time.content).toString('latin1'));
}

interface Element {
  readonly whole: Uint8Array;
  readonly content: Uint8Array;
}

/** The elements of a sequence, one after the other. One that does not read is never passed. */
class Elements {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get over(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** Of the next element; 0 behind the last. */
  get tag(): number {
    return this.#bytes[this.#at] ?? 0;
  }

  /** The next element when it has this tag, and its length is written the shortest way. */
  next(tag: number): Element | undefined {
    const bytes = this.#bytes;
    const at = this.#at;
    const first = bytes[at + 1];
    if (bytes[at] !== tag || first === undefined) return undefined;
    let length = first;
    let begin = at + 2;
    if (first === 0x81) {
      length = bytes[begin++] ?? 0;
      if (length < 0x80) return undefined;
    } else if (first === 0x82) {
      length = ((bytes[begin] ?? 0) << 8) | (bytes[begin + 1] ?? 0);
      begin += 2;
      if (length < 0x100) return undefined;
    } else if (first >= 0x80) return undefined;
    const end = begin + length;
    if (end > bytes.length) return undefined;
    this.#at = end;
    return { whole: bytes.subarray(at, end), content: bytes.subarray(begin, end) };
  }
}
