/** What holds of every supervision tree that is drawn: it runs as it is drawn, and a kill costs what its strategy says. */
import { expect } from 'vitest';
import type { Process } from '../../src/actor/process.ts';
import type { Runtime } from '../../src/actor/runtime.ts';
import { childrenById, figuresOf, type Drawing } from './drawn.ts';

/** @param nested supervisors in it whose figures the drawing states too. */
export function expectDrawn(
  root: Process,
  { head, children, lines }: Drawing,
  nested: readonly string[],
): void {
  expect(head).toContain(`(${figuresOf(root)})`);
  const running = childrenById(root);
  expect([...running.keys()]).toEqual(children);
  for (const id of nested) {
    const line = lines.find((each) => each.includes(` ${id} `)) ?? '';
    expect(line.replace('dynamic, ', '')).toContain(`(${figuresOf(running.get(id) as Process)})`);
  }
}

/**
 * Kills each child of a `restForOne` supervisor in turn: what stands before it stays, it and all behind it are new.
 * @param again all children are there again, and work.
 */
export async function expectRestForOne(
  runtime: Runtime,
  root: Process,
  again: () => Promise<void>,
): Promise<void> {
  const ids = [...childrenById(root).keys()];
  for (const [at, id] of ids.entries()) {
    const before = childrenById(root);
    runtime.exit(before.get(id) as Process, 'kill');
    await again();
    expect(root.alive).toBe(true);
    const after = childrenById(root);
    const stayed = ids.filter((each) => after.get(each) === before.get(each));
    expect([id, [...after.keys()].toSorted(), stayed]).toEqual([id, ids.toSorted(), ids.slice(0, at)]);
  }
}
