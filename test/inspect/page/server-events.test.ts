import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventReader } from '../../../src/inspect/page/server-events.ts';

const event = fc.record({ name: fc.stringMatching(/^[a-z]{1,8}$/), data: fc.json() });

test('events come out as they were written, wherever the pieces were cut', () => {
  fc.assert(
    fc.property(fc.array(event), fc.array(fc.nat(40)), (events, cuts) => {
      let text = events.map(({ name, data }) => `: keep-alive\n\nevent: ${name}\ndata: ${data}\n\n`).join('');
      const reader = new EventReader();
      const read = [];
      for (const cut of cuts) {
        read.push(...reader.push(text.slice(0, cut)));
        text = text.slice(cut);
      }
      expect([...read, ...reader.push(text)]).toEqual(events);
    }),
  );
});

test('a comment is no event, nor is a name without data; a name counts once', () => {
  const reader = new EventReader();
  expect(reader.push(': x\n\nevent: a\n\ndata: 1\n\n:\nevent:b\ndata:2\ndata: 3\nid: 5\nretry\n\n')).toEqual([
    { name: '', data: '1' },
    { name: 'b', data: '2\n3' },
  ]);
});
