/** Packets of somebody raw (`raw-node.ts`), written and read. */
import { readTerm } from '../../src/codec/etf/decode.ts';
import { encodeTerm } from '../../src/codec/etf/encode.ts';
import { PidTerm } from '../../src/codec/etf/identities.ts';
import type { Tuple } from '../../src/codec/etf/terms.ts';

/** A process of the node `1@raw`. */
export const rawPid = (id: number): PidTerm => new PidTerm('1@raw', id, 0, 7);

/** @param more the message, where one belongs to it. */
export function packetOf(control: Tuple, ...more: readonly unknown[]): Uint8Array {
  const parts: Uint8Array[] = [Buffer.of(112)];
  for (const term of [control, ...more]) {
    const written = encodeTerm(term);
    if (!written.ok) throw new Error(written.error.reason);
    parts.push(written.bytes);
  }
  return Buffer.concat(parts);
}

/** What came, as terms; ticks are passed over. */
export const reading =
  (heard: (control: Tuple, message: unknown) => void) =>
  (bytes: Uint8Array): void => {
    if (bytes.length === 0) return;
    const control = readTerm(bytes, 1, { javascript: true });
    if (!control.ok) throw new Error(control.rule);
    const message =
      control.next === bytes.length ? undefined : readTerm(bytes, control.next, { javascript: true });
    if (message?.ok === false) throw new Error(message.rule);
    heard(control.value as Tuple, message?.value);
  };
