/**
 * The same build without what is counted while nobody looks: to measure what that costs.
 *
 * A copy of the compiled code beside it, with some lines taken out. Whoever changes those lines is told by the bench.
 */
import { cp, readFile, rm, writeFile } from 'node:fs/promises';

/** What is taken out of a file; each is there as often as `times` says. */
interface Cut {
  readonly file: string;
  readonly text: RegExp;
  readonly times: number;
}

const CUTS: readonly Cut[] = [
  // what an actor has sent
  {
    file: 'src/actor/runtime.js',
    text: /const sender = [^\n]*\n\s*if \(sender !== null\)\s*sender\.sent\+\+;/g,
    times: 3,
  },
  { file: 'src/actor/call.js', text: /if \(this\.holder !== null\)\s*this\.holder\.sent\+\+;/g, times: 1 },
  // turns that are timed
  {
    file: 'src/actor/scheduler.js',
    text: /const timed = process === this\.#timed;\s*if \(timed\)\s*this\.#begins\(process\);/g,
    times: 1,
  },
  { file: 'src/actor/scheduler.js', text: /if \(timed\)\s*this\.#ended\(process\);/g, times: 1 },
  { file: 'src/actor/scheduler.js', text: /this\.#chooseTimed\(\);/g, times: 2 },
  // the table of calls by procedure
  { file: 'src/mesh/events/call-events.js', text: /this\.statistics\.settled\([^)]*\);/g, times: 1 },
];

/** @param root the folder that holds `src` and `bench`, compiled. @returns that of the copy. */
export async function buildWithoutCounters(root: URL): Promise<URL> {
  const bare = new URL('bare/', root);
  await rm(bare, { recursive: true, force: true });
  for (const part of ['src', 'bench', 'supervisors'])
    await cp(new URL(part, root), new URL(part, bare), { recursive: true });
  for (const { file, text, times } of CUTS) {
    const place = new URL(file, bare);
    const code = await readFile(place, 'utf8');
    const found = code.match(text)?.length ?? 0;
    if (found !== times) throw new Error(`${file}: what is to be taken out is there ${found} times: ${text}`);
    await writeFile(place, code.replace(text, ''));
  }
  return bare;
}
