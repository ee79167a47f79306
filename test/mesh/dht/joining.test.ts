import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { join, type Event, type Known, type Phase, type Step } from '../../../src/mesh/dht/joining.ts';

const ALONE: Known = { contacts: 0, others: 0 };
const STRANGER: Known = { contacts: 0, others: 2 };
const KNOWN: Known = { contacts: 3, others: 2 };

const steps = (phase: Phase, event: Event, known: Known): readonly Step[] => join(phase, event, known).steps;

describe('a node', () => {
  test('that has nobody to dial is the first one: it has joined', () => {
    expect(join('waiting', 'due', ALONE)).toEqual({ phase: 'settled', steps: ['join'] });
  });

  test('dials while it knows nobody, and looks its own id up as soon as it knows somebody', () => {
    expect(join('waiting', 'due', STRANGER)).toEqual({ phase: 'dialing', steps: ['dial'] });
    expect(join('dialing', 'met', KNOWN)).toEqual({ phase: 'looking', steps: ['look'] });
    expect(join('looking', 'placed', KNOWN)).toEqual({ phase: 'settled', steps: ['join', 'spread'] });
  });

  test('whose table is empty again when it has looked is nowhere: it must not speak for the others', () => {
    expect(join('looking', 'placed', STRANGER)).toEqual({ phase: 'waiting', steps: ['lose', 'pause'] });
  });

  test('pauses when nobody answers, and whoever comes meanwhile does not cut that short', () => {
    expect(join('dialing', 'unanswered', STRANGER)).toEqual({ phase: 'waiting', steps: ['lose', 'pause'] });
    expect(join('waiting', 'met', KNOWN)).toEqual({ phase: 'waiting', steps: [] });
    expect(join('waiting', 'due', KNOWN)).toEqual({ phase: 'looking', steps: ['look'] });
  });

  test('that all refuse rests for long, and only somebody who comes ends that early', () => {
    expect(join('dialing', 'refused', STRANGER)).toEqual({ phase: 'resting', steps: ['lose', 'rest'] });
    expect(join('resting', 'met', KNOWN)).toEqual({ phase: 'looking', steps: ['cancel', 'look'] });
    expect(join('resting', 'regained', KNOWN)).toEqual({ phase: 'looking', steps: ['cancel', 'look'] });
    expect(join('resting', 'due', STRANGER)).toEqual({ phase: 'dialing', steps: ['dial'] });
    expect(join('looking', 'refused', STRANGER)).toEqual({ phase: 'looking', steps: [] });
  });

  test('whose lookup was interrupted has lost nobody', () => {
    expect(join('looking', 'interrupted', KNOWN)).toEqual({ phase: 'waiting', steps: ['pause'] });
  });

  test('with its place looks it up again for a contact that was lost, not for a new one', () => {
    expect(steps('settled', 'regained', KNOWN)).toEqual(['look']);
    expect(steps('settled', 'met', KNOWN)).toEqual([]);
  });

  test('that has lost its last contact begins anew', () => {
    expect(steps('settled', 'empty', STRANGER)).toEqual(['dial']);
  });
});

test('in every history there is one pause while it waits, and none while it does not', () => {
  const events: readonly Event[] = [
    'due',
    'met',
    'regained',
    'empty',
    'unanswered',
    'refused',
    'placed',
    'misplaced',
    'interrupted',
  ];
  const moment = fc.record({
    event: fc.constantFrom(...events),
    contacts: fc.nat(2),
    others: fc.nat(2),
  });
  fc.assert(
    fc.property(fc.array(moment, { maxLength: 40 }), (history) => {
      let phase: Phase = 'waiting';
      let pauses = 1;
      for (const { event, contacts, others } of history) {
        // the pause's end comes only while there is one
        if (event === 'due' && pauses === 0) continue;
        if (event === 'due') pauses--;
        const next = join(phase, event, { contacts, others });
        for (const one of next.steps) {
          if (one === 'pause' || one === 'rest') pauses++;
          if (one === 'cancel') pauses--;
        }
        phase = next.phase;
        expect(pauses).toBe(phase === 'waiting' || phase === 'resting' ? 1 : 0);
      }
    }),
  );
});
