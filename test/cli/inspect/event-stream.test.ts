/** Server-sent events are the same however they are cut into pieces. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventReader, type ServerEvent } from '../../../src/cli/inspect/event-stream.ts';

const read = (pieces: readonly string[], most = 1_000): readonly ServerEvent[] => {
  const reader = new EventReader(most);
  return pieces.flatMap((piece) => reader.push(piece));
};

test('an event has a name and data; several lines of data are one text; comments are nothing', () => {
  expect(
    read([': keep-alive\n\nevent: delta\ndata: {"a":1}\n\ndata:x\ndata: y\nid: 7\n\nevent: none\n\n']),
  ).toEqual([
    { name: 'delta', data: '{"a":1}' },
    { name: 'message', data: 'x\ny' },
  ]);
});

test('lines may end as on Windows', () => {
  expect(read(['event: a\r\ndata: 1\r\n\r\n'])).toEqual([{ name: 'a', data: '1' }]);
});

test('an event that has not ended is none', () => {
  expect(read(['event: a\ndata: 1\n'])).toEqual([]);
});

test('any cut gives the same events', () => {
  const text = 'event: a\ndata: {"x":"ü😀"}\n\n: c\n\nevent: b\ndata: 1\ndata: 2\n\n';
  const whole = read([text]);
  fc.assert(
    fc.property(fc.array(fc.nat(text.length), { maxLength: 20 }), (cuts) => {
      const places = [0, ...cuts.sort((one, other) => one - other), text.length];
      const pieces = places.slice(1).map((end, index) => text.slice(places[index], end));
      expect(read(pieces)).toEqual(whole);
    }),
  );
});

test('an event longer than it may be is refused, in one line or in many', () => {
  expect(() => read(Array.from({ length: 300 }, () => 'data: xxxx'))).toThrow(RangeError);
  expect(() => read(Array.from({ length: 300 }, () => 'data: xxxx\n'))).toThrow(RangeError);
  // each by itself is short
  expect(read(Array.from({ length: 300 }, () => 'data: xxxx\n\n'))).toHaveLength(300);
});
