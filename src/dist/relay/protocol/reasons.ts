/**
 * What a relay says why there is no tunnel (SPEC §11.1). Programs may read these; any other text is for people. Pure.
 */

/** The reasons that every relay gives in these words. */
export const REASONS = ['target_not_connected', 'not_identified'] as const;
export type Reason = (typeof REASONS)[number];

/** Characters of a reason that are written and read. */
const LONGEST = 255;

/** A reason, so far as it is told: no half of a character at its end. */
export function cutReason(text: string): string {
  if (text.length <= LONGEST) return text;
  const last = text.charCodeAt(LONGEST - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? LONGEST - 1 : LONGEST);
}
