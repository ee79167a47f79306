import { describe, expect, test } from 'vitest';
import { sentenceOf } from '../../src/actor/event-sentence.ts';
import { CATALOGUE, type EventName } from '../../src/mesh/events/catalogue.ts';

const FIELDS = { actor: 'orders.place', supervisor: 'app', child: 'keeper' };

describe('sentenceOf', () => {
  test.each(Object.keys(CATALOGUE) as EventName[])(
    '%s is a few words, without signs of its name',
    (event) => {
      const words = sentenceOf(event, FIELDS).replaceAll('orders.place', 'it');
      expect(words).toMatch(/^[a-z][a-z0-9 :]+$/);
      expect(words).not.toContain('undefined');
      expect(words.split(' ').length).toBeGreaterThan(1);
    },
  );

  test('says who, where the event has somebody', () => {
    expect(sentenceOf('actor.crash', FIELDS)).toBe('orders.place crashed');
    expect(sentenceOf('supervisor.child_terminated', FIELDS)).toBe('app: keeper ended');
    expect(sentenceOf('runtime.blocked', {})).toBe('no actor blocked the event loop');
    expect(sentenceOf('dht.publish_failed', {})).toBe('dht publish failed');
  });
});
