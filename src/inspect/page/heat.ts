/** How full a mailbox is, in five steps: 0 is empty, 4 needs a look. Pure. */
export type Heat = 0 | 1 | 2 | 3 | 4;

/** From here on a mailbox may soon refuse messages. */
const NEARLY_FULL = 0.8;

export function heat(length: number, max: number | null): Heat {
  if (length <= 0) return 0;
  if (max !== null && length >= max * NEARLY_FULL) return 4;
  if (length < 10) return 1;
  if (length < 100) return 2;
  return length < 1_000 ? 3 : 4;
}
