/**
 * Says where in a value a walk stands, as `$.users[3].name`.
 *
 * Pure; called on failure only. Keys are user data: each is cut and quoted, so that the path is one short line.
 */
import type { Level } from './normalize.ts';

/** Characters of a path; it ends in an ellipsis when there is more. */
const LONGEST_PATH = 256;
/** Characters of one key in it. */
const LONGEST_KEY = 48;

const PLAIN_KEY = /^[A-Za-z_$][\w$]{0,47}$/;

/** The path of the child that `level` is at: the one it took last. */
export function pathTo(level: Level | undefined): string {
  const steps: string[] = [];
  for (let at = level; at !== undefined; at = at.parent) {
    const index = at.next - 1;
    if (index < 0) continue;
    steps.push(at.keys === undefined ? `[${index}]` : keyStep(at.keys[index]!));
  }
  const path = `$${steps.reverse().join('')}`;
  return path.length > LONGEST_PATH ? `${path.slice(0, LONGEST_PATH - 1)}…` : path;
}

function keyStep(key: string): string {
  if (PLAIN_KEY.test(key)) return `.${key}`;
  return `[${JSON.stringify(key.length > LONGEST_KEY ? `${key.slice(0, LONGEST_KEY)}…` : key)}]`;
}
