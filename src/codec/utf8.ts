/**
 * Whether bytes are well-formed UTF-8: no stray or missing continuation, no overlong form, no surrogate,
 * nothing above U+10FFFF.
 *
 * Pure. Short texts are judged here without a single allocation, long ones by Node's vectorized check.
 * Source: RFC 3629 §4 (the table of well-formed sequences).
 */
import { isUtf8 } from 'node:buffer';

/** From this many bytes on a view and a native call cost less than the loop below. */
const NATIVE_FROM = 128;

/** Judges `bytes[start] … bytes[end - 1]`; the caller keeps the range inside the array. */
export function isWellFormedUtf8(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start >= NATIVE_FROM) return isUtf8(bytes.subarray(start, end));
  let at = start;
  while (at < end) {
    const lead = bytes[at++]!;
    if (lead < 0x80) continue;
    if (lead < 0xc2 || lead > 0xf4) return false;
    const length = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    if (end - at < length) return false;
    const second = bytes[at]!;
    const lowest = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
    const highest = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
    if (second < lowest || second > highest) return false;
    for (let i = 1; i < length; i++) if ((bytes[at + i]! & 0xc0) !== 0x80) return false;
    at += length;
  }
  return true;
}

/** Whether a string has no lone surrogate: `String.prototype.isWellFormed`, which our TypeScript library level does not know yet. */
export function isWellFormedText(text: string): boolean {
  return (text as string & { isWellFormed(): boolean }).isWellFormed();
}
