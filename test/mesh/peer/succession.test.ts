import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../src/actor/random.ts';
import { isStuck, succeed, type Event, type Phase, type Step } from '../../../src/mesh/peer/succession.ts';

/** The steps of a story, from calm on. */
function story(...events: readonly Event[]): { readonly phase: Phase; readonly steps: readonly Step[] } {
  let phase: Phase = 'calm';
  const steps: Step[] = [];
  for (const event of events) {
    const next = succeed(phase, event);
    if (next === undefined) continue;
    phase = next.phase;
    steps.push(...next.steps);
  }
  return { phase, steps };
}

describe('an uplink in doubt', () => {
  test('keeps the old connection when it answers', () => {
    expect(story('suspect', 'due', 'verified', 'answered')).toEqual({
      phase: 'calm',
      steps: ['moment', 'dial', 'ask', 'drop'],
    });
    expect(story('gone', 'due', 'trusted')).toEqual({ phase: 'calm', steps: ['moment', 'dial', 'drop'] });
  });

  test('takes the new one when the old one is silent, and only when its hello was accepted', () => {
    expect(story('suspect', 'due', 'verified', 'silent')).toEqual({
      phase: 'replacing',
      steps: ['moment', 'dial', 'ask', 'greet'],
    });
    expect(story('suspect', 'due', 'verified', 'silent', 'ready').steps).toEqual([
      'moment',
      'dial',
      'ask',
      'greet',
      'adopt',
    ]);
  });

  test('does not ask before somebody at the address has proven who he is, and leaves a rival on its way in peace', () => {
    expect(story('suspect', 'due', 'gone', 'suspect', 'gone')).toEqual({
      phase: 'dialing',
      steps: ['moment', 'dial'],
    });
  });

  test('dials a moment later, so that a crowd that lost its node spreads out; also when a rival was stuck', () => {
    expect(story('gone', 'gone', 'suspect')).toEqual({ phase: 'soon', steps: ['moment'] });
    expect(story('suspect', 'due', 'stuck', 'gone', 'due')).toEqual({
      phase: 'dialing',
      steps: ['moment', 'dial', 'drop', 'moment', 'dial'],
    });
    expect(story('suspect', 'due', 'rivalLost', 'gone').steps.slice(2)).toEqual([
      'pause',
      'cancel',
      'moment',
    ]);
    expect(story('suspect', 'trusted').steps).toEqual(['moment', 'cancel']);
  });

  test('dials again after a pause when the new one fails, until the old one answers', () => {
    expect(story('suspect', 'due', 'rivalLost', 'due', 'rivalLost', 'trusted')).toEqual({
      phase: 'calm',
      steps: ['moment', 'dial', 'pause', 'dial', 'pause', 'cancel'],
    });
  });

  test('goes on with the new one when the old one ends meanwhile', () => {
    expect(story('suspect', 'due', 'currentLost').steps).toEqual(['moment', 'dial', 'adopt', 'greet']);
    expect(story('suspect', 'due', 'verified', 'silent', 'currentLost').steps.at(-1)).toBe('adopt');
    expect(story('suspect', 'due', 'rivalLost', 'currentLost').steps).toEqual([
      'moment',
      'dial',
      'pause',
      'cancel',
      'restart',
    ]);
    expect(story('currentLost').steps).toEqual(['restart']);
  });

  test('whatever happens, there is never more than one rival, and none when it is calm', () => {
    const events: readonly Event[] = [
      'suspect',
      'gone',
      'stuck',
      'trusted',
      'verified',
      'answered',
      'silent',
      'ready',
      'rivalLost',
      'currentLost',
      'due',
    ];
    const seed = 'succession';
    const random = seededRandom(seed);
    let phase: Phase = 'calm';
    let rivals = 0;
    for (let n = 0; n < 100_000; n++) {
      const event = events[random.u32() % events.length] as Event;
      const next = succeed(phase, event);
      if (next === undefined) continue;
      if (event === 'rivalLost') rivals--;
      for (const step of next.steps) {
        if (step === 'dial') rivals++;
        if (step === 'drop' || step === 'adopt') rivals--;
        expect([0, 1], `seed ${seed}, step ${n}: ${step}`).toContain(rivals);
      }
      phase = next.phase;
      const there = phase === 'dialing' || phase === 'asking' || phase === 'replacing';
      expect(rivals, `seed ${seed}, step ${n}, ${phase}`).toBe(there ? 1 : 0);
    }
  });
});

describe('a rival', () => {
  const rival = { age: 1_001, arrivals: 0, rtt: 0, stuck: 0 };

  test('is stuck when nothing came from its peer within max(1 s, 4 round trips)', () => {
    expect(isStuck(rival)).toBe(true);
    expect(isStuck({ ...rival, age: 1_000 })).toBe(false);
    expect(isStuck({ ...rival, age: 4_000, rtt: 1_000 })).toBe(false);
    expect(isStuck({ ...rival, age: 4_001, rtt: 1_000 })).toBe(true);
    expect(isStuck({ ...rival, arrivals: 1 })).toBe(false);
  });

  test('is given up for that once per doubt: hints can be forged', () => {
    expect(isStuck({ ...rival, age: 100_000, stuck: 1 })).toBe(false);
  });
});
