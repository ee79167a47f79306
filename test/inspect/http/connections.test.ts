import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { Connections } from '../../../src/inspect/http/connections.ts';

class Line extends EventEmitter {
  destroyed = false;

  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.emit('close');
  }
}

const opened = (connections: Connections): Line => {
  const line = new Line();
  connections.opened(line as unknown as Socket);
  return line;
};

/** Asks for something on it; the answer ends when it says so. */
function asked(connections: Connections, socket: Line, begin: () => void): EventEmitter {
  const response = new EventEmitter();
  connections.inTurn({ socket } as unknown as IncomingMessage, response as unknown as ServerResponse, begin);
  return response;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('requests on one connection', () => {
  test('are answered one after the other, those of another at the same time', async () => {
    const connections = new Connections();
    const [one, other] = [opened(connections), opened(connections)];
    const begun: string[] = [];
    const first = asked(connections, one, () => begun.push('first'));
    const second = asked(connections, one, () => begun.push('second'));
    asked(connections, one, () => begun.push('third'));
    asked(connections, other, () => begun.push('other'));
    await turn();
    expect(begun).toEqual(['first', 'other']);
    first.emit('close');
    await turn();
    expect(begun).toEqual(['first', 'other', 'second']);
    second.emit('close');
    await turn();
    expect(begun.at(-1)).toBe('third');
    // the line is free again
    const { length } = begun;
    asked(connections, opened(connections), () => begun.push('at once'));
    expect(begun).toHaveLength(length + 1);
  });

  test('sixteen wait, the next ends it, and of those that wait none is begun', async () => {
    const connections = new Connections();
    const line = opened(connections);
    let begun = 0;
    const answers = Array.from({ length: 17 }, () => asked(connections, line, () => begun++));
    expect([line.destroyed, begun]).toEqual([false, 1]);
    asked(connections, line, () => begun++);
    expect(line.destroyed).toBe(true);
    for (const answer of answers) answer.emit('close');
    await turn();
    expect(begun).toBe(1);
  });

  test('as many as one likes, one at a time', () => {
    const connections = new Connections();
    const line = opened(connections);
    let begun = 0;
    for (let n = 0; n < 1_000; n++) {
      const answer = asked(connections, line, () => begun++);
      answer.emit('close');
    }
    expect([line.destroyed, begun]).toEqual([false, 1_000]);
  });
});

describe('the places', () => {
  test('of strangers are for those who come later, of others until they leave', () => {
    const connections = new Connections();
    const ours = Array.from({ length: 10 }, () => opened(connections));
    for (const line of ours) connections.admitted(line as unknown as Socket);
    const strangers = Array.from({ length: 1_000 }, () => opened(connections));
    expect(ours.filter(({ destroyed }) => destroyed)).toEqual([]);
    expect(strangers.filter(({ destroyed }) => !destroyed)).toEqual(strangers.slice(-54));
    for (const line of strangers.slice(-54)) connections.admitted(line as unknown as Socket);
    expect(opened(connections).destroyed).toBe(true);
    ours[3]!.destroy();
    expect(opened(connections).destroyed).toBe(false);
  });
});
