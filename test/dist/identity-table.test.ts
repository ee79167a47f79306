/**
 * Pids and references of other nodes: one object for one process, and nothing taken for something else.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Process } from '../../src/actor/process.ts';
import { PidTerm, ReferenceTerm } from '../../src/codec/etf/identities.ts';
import { IdentityTable, sameReference } from '../../src/dist/identity-table.ts';
import { keyOf } from '../../src/dist/peer/references.ts';
import { createRuntime, startServer, type GenServer } from '../../src/otp.ts';

const US = { name: 'us@127.0.0.1', creation: 77 };
const THEM = 'them@127.0.0.1';
const idle: GenServer<undefined, null> = { init: () => null };

const tableOf = (isPrivate = false): IdentityTable => new IdentityTable(US, () => isPrivate);

async function processOf(): Promise<Process> {
  const { pid } = await startServer(createRuntime(), idle, undefined);
  if (!(pid instanceof Process)) throw new Error('no process');
  return pid;
}

describe('a pid of another node', () => {
  test('is one object however often it comes, and whoever comes in between', () => {
    const table = tableOf();
    const held = Array.from({ length: 1_000 }, (_, id) => table.pid(new PidTerm(THEM, id, 0, 5)));
    for (const [id, pid] of held.entries()) expect(table.pid(new PidTerm(THEM, id, 0, 5))).toBe(pid);
    expect(new Set(held).size).toBe(held.length);
  });

  test('is another one in every part: id, serial, creation, node', () => {
    const table = tableOf();
    const term = new PidTerm(THEM, 1, 0, 5);
    // the same few bits of their numbers
    const others = [
      new PidTerm(THEM, 257, 0, 5),
      new PidTerm(THEM, 0, 1, 5),
      new PidTerm(THEM, 1, 256, 5),
      new PidTerm(THEM, 1, 0, 6),
      new PidTerm('others@127.0.0.1', 1, 0, 5),
    ];
    const pid = table.pid(term);
    for (const other of others) {
      expect(table.pid(term)).toBe(pid);
      expect(table.pid(other)).not.toBe(pid);
      expect(table.pid(other)).toMatchObject({ term: other });
    }
  });
});

describe('a process of ours', () => {
  test('is itself once it was exported, also when its pid was guessed before', async () => {
    const table = tableOf();
    const process = await processOf();
    const term = table.termOfProcess(process);
    const guessed = table.pid(term);
    expect(guessed).not.toBe(process);
    expect(table.pid(term)).toBe(guessed);
    expect(table.termOf(process)).toEqual(term);
    expect(table.pid(term)).toBe(process);
  });

  test('that is private is not exported, and after the end nobody is reached', async () => {
    const process = await processOf();
    expect(tableOf(true).termOf(process)).toBeUndefined();
    const table = tableOf();
    const term = table.termOf(process) as PidTerm;
    expect(table.exported).toBe(1);
    table.clear();
    expect(table.exported).toBe(0);
    expect(table.pid(term)).not.toBe(process);
  });
});

test('two references have one key exactly when they are the same', () => {
  const word = fc.oneof(fc.nat({ max: 0xffff_ffff }), fc.constantFrom(0, 1));
  const reference = fc
    .tuple(fc.constantFrom('a', 'b'), word, fc.array(word, { minLength: 1, maxLength: 5 }))
    .map(([node, creation, words]) => new ReferenceTerm(node, creation, words));
  fc.assert(
    fc.property(reference, reference, (one, other) => {
      expect(keyOf(one) === keyOf(other)).toBe(sameReference(one, other));
      expect(keyOf(one)).toBe(keyOf(new ReferenceTerm(one.node, one.creation, [...one.words])));
    }),
  );
  // 0x61 is the letter a
  const short = new ReferenceTerm('aab', 1, [2]);
  expect(keyOf(short)).not.toBe(keyOf(new ReferenceTerm('b', 1, [2, 0x61_0061])));
});
