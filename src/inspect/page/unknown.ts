/** What a view holds beside what its picture knows. Pure. */
import type { Reader } from './reader.ts';
import type { Section } from './sections.ts';
import { sectionsOf } from './shape.ts';

/** What has not been read of it, by its shape. */
export function unknown(title: string, of: Reader, at: number): readonly Section[] {
  const { rest } = of;
  if (Object.keys(rest).length === 0) return [];
  return sectionsOf(rest, at).map((section) =>
    section.title === '' && title !== '' ? { ...section, title } : section,
  );
}

/** In the place of a part that is being restarted; undefined: it is there. */
export function note(title: string, part: Reader): readonly Section[] | undefined {
  const why = part.unavailable;
  return why === '' ? undefined : [{ tag: 'note', title, text: `Not to be had now: ${why}.` }];
}
