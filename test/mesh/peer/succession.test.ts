import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../src/actor/random.ts';
import { succeed, type Event, type Phase, type Step } from '../../../src/mesh/peer/succession.ts';

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
    expect(story('suspect', 'verified', 'answered')).toEqual({
      phase: 'calm',
      steps: ['dial', 'ask', 'drop'],
    });
    expect(story('gone', 'trusted')).toEqual({ phase: 'calm', steps: ['dial', 'drop'] });
  });

  test('takes the new one when the old one is silent, and only when its hello was accepted', () => {
    expect(story('suspect', 'verified', 'silent')).toEqual({
      phase: 'replacing',
      steps: ['dial', 'ask', 'greet'],
    });
    expect(story('suspect', 'verified', 'silent', 'ready').steps).toEqual(['dial', 'ask', 'greet', 'adopt']);
  });

  test('does not ask before somebody at the address has proven who he is', () => {
    expect(story('suspect', 'gone', 'suspect').steps).toEqual(['dial', 'drop', 'dial']);
  });

  test('dials again after a pause when the new one fails, until the old one answers', () => {
    expect(story('suspect', 'rivalLost', 'due', 'rivalLost', 'trusted')).toEqual({
      phase: 'calm',
      steps: ['dial', 'pause', 'dial', 'pause', 'cancel'],
    });
  });

  test('goes on with the new one when the old one ends meanwhile', () => {
    expect(story('suspect', 'currentLost').steps).toEqual(['dial', 'adopt', 'greet']);
    expect(story('suspect', 'verified', 'silent', 'currentLost').steps.at(-1)).toBe('adopt');
    expect(story('suspect', 'rivalLost', 'currentLost').steps).toEqual([
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
