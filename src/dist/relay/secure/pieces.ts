/**
 * What is written at once, in pieces of a good size: many small ones cost as much as one, and a large one does not fill a
 * queue at a stroke. Pure.
 */
import { Buffer } from 'node:buffer';

/** Bytes from which copying costs more than it saves. */
const SMALL = 4_096;

/** The same bytes in the same order, none of them longer than `largest`. Small neighbors are copied together; the rest is not. */
export function pieces(chunks: readonly Uint8Array[], largest: number): readonly Uint8Array[] {
  const out: Uint8Array[] = [];
  let small: Uint8Array[] = [];
  let length = 0;
  const join = (): void => {
    const [only] = small;
    if (only !== undefined) out.push(small.length === 1 ? only : Buffer.concat(small, length));
    small = [];
    length = 0;
  };
  for (const chunk of chunks) {
    if (chunk.length < SMALL) {
      if (length + chunk.length > largest) join();
      small.push(chunk);
      length += chunk.length;
      continue;
    }
    join();
    for (let at = 0; at < chunk.length; at += largest)
      out.push(chunk.length <= largest ? chunk : chunk.subarray(at, at + largest));
  }
  join();
  return out;
}
