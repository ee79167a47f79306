import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { virtualClock } from '../../../src/testing/virtual-clock.ts';
import { answerPieces } from '../../../src/inspect/http/answer.ts';

/** A response with room for so many writes. */
class Reader extends EventEmitter {
  readonly written: string[] = [];
  room = 0;
  destroyed = false;
  ended = false;

  writeHead(): void {}
  write(text: string): boolean {
    this.written.push(text);
    return --this.room > 0;
  }
  end(): void {
    this.ended = true;
  }
}

function* pieces(count: number): Generator<string> {
  for (let n = 0; n < count; n++) yield `${n}`;
}

test('no piece is made ahead of its reader, and nobody listens for longer than for one', async () => {
  const clock = virtualClock();
  const reader = new Reader();
  let made = 0;
  const counted = function* (): Generator<string> {
    for (const piece of pieces(100)) {
      made++;
      yield piece;
    }
  };
  const answered = answerPieces(reader as unknown as ServerResponse, counted(), clock);
  for (let n = 1; n <= 100; n++) {
    await clock.settle();
    expect([made, reader.written.length]).toEqual([n, n]);
    expect([reader.listenerCount('drain'), reader.listenerCount('close')]).toEqual([1, 1]);
    reader.emit('drain');
  }
  await answered;
  expect([reader.ended, reader.listenerCount('drain'), reader.listenerCount('close')]).toEqual([true, 0, 0]);
});

test('who leaves meanwhile gets no more, and keeps nobody waiting', async () => {
  const clock = virtualClock();
  const reader = new Reader();
  const answered = answerPieces(reader as unknown as ServerResponse, pieces(100), clock);
  await clock.settle();
  reader.destroyed = true;
  reader.emit('close');
  await answered;
  expect([reader.written, reader.ended]).toEqual([['0'], false]);
});
