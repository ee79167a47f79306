/** A stream with windows: to whoever uses it a stream like any other. Streams below only write down what they are told. */
import { describe, expect, test } from 'vitest';
import { FlowStream } from '../../../src/dist/relay/flow-stream.ts';
import { Spare, WINDOW } from '../../../src/dist/relay/window.ts';
import { ResetCode, type Stream } from '../../../src/transport/transport.ts';

interface Stage {
  readonly flow: FlowStream;
  readonly told: string[];
  /** Bytes that reached the stream below. */
  readonly sent: Buffer[];
  takes: boolean;
}

function staged(): Stage {
  const told: string[] = [];
  const stage: Stage = {
    told,
    sent: [],
    takes: true,
    flow: new FlowStream({
      now: () => 0,
      spare: new Spare(),
      credit: (bytes) => told.push(`credit ${bytes}`),
      over: () => told.push('over'),
    }),
  };
  const below = {
    id: 5,
    queued: 0,
    link: { stats: () => ({ rtt: 0 }) },
    write: (bytes: Uint8Array, end?: boolean): boolean => {
      stage.sent.push(Buffer.from(bytes));
      if (end === true) told.push('below: end');
      return stage.takes;
    },
    reset: (code: number) => told.push(`below: reset ${code}`),
    pause: () => told.push('below: pause'),
    resume: () => told.push('below: resume'),
  };
  stage.flow.attach(below as unknown as Stream);
  stage.flow.take({
    onData: (bytes) => told.push(`data ${bytes.length}`),
    onEnd: () => told.push('end'),
    onReset: (code) => told.push(`reset ${code}`),
    onDrain: () => told.push('drain'),
  });
  return stage;
}

const bytesOf = ({ sent }: Stage): number => Buffer.concat(sent).length;

describe('what is written', () => {
  test('leaves as far as the window goes, and the rest when the receiver allows it; then there is room again', () => {
    const stage = staged();
    const { flow, told } = stage;
    const all = Buffer.alloc(WINDOW + 10_000, 1).fill(2, WINDOW);
    expect(flow.write(all)).toBe(false);
    expect([bytesOf(stage), flow.queued]).toEqual([WINDOW, 10_000]);
    flow.allow(4_000);
    expect([bytesOf(stage), told]).toEqual([WINDOW + 4_000, []]);
    flow.allow(6_000);
    expect(told).toEqual(['drain']);
    expect(Buffer.concat(stage.sent).equals(all)).toBe(true);
    expect(flow.queued).toBe(0);
  });

  test('waits for the stream below too', () => {
    const stage = staged();
    const { flow, told } = stage;
    stage.takes = false;
    expect(flow.write(Buffer.alloc(10))).toBe(false);
    expect(flow.write(Buffer.alloc(20))).toBe(false);
    expect(bytesOf(stage)).toBe(10);
    stage.takes = true;
    flow.onDrain();
    expect([bytesOf(stage), told]).toEqual([30, ['drain']]);
    expect(flow.write(Buffer.alloc(5))).toBe(true);
  });

  test('ends behind all of it', () => {
    const stage = staged();
    const { flow, told } = stage;
    flow.write(Buffer.alloc(WINDOW + 1), true);
    expect(told).toEqual([]);
    flow.allow(1);
    expect(told).toEqual(['below: end', 'drain']);
    flow.write(Buffer.alloc(9));
    expect(bytesOf(stage)).toBe(WINDOW + 1);
  });

  test('byte by byte, while the receiver allows nothing, is kept and leaves in few pieces', () => {
    const stage = staged();
    stage.flow.write(Buffer.alloc(WINDOW));
    stage.sent.length = 0;
    const all = Buffer.from(Uint8Array.from({ length: 100_000 }, (_, at) => at % 251));
    for (let at = 0; at < all.length; at++) stage.flow.write(Uint8Array.of(all[at] as number));
    stage.flow.allow(all.length);
    expect(Buffer.concat(stage.sent).equals(all)).toBe(true);
    expect(stage.sent.length).toBeLessThan(100);
  });

  test('an end alone needs no window', () => {
    const { flow, told } = staged();
    flow.write(Buffer.alloc(WINDOW));
    flow.write(new Uint8Array(0), true);
    expect(told).toEqual(['below: end']);
  });
});

describe('what comes', () => {
  test('is handed on and credited, and the stream below is never paused', () => {
    const { flow, told } = staged();
    flow.onData(Buffer.alloc(WINDOW / 2));
    expect(told).toEqual([`data ${WINDOW / 2}`, `credit ${WINDOW / 2}`]);
  });

  test('is not credited while its receiver holds back; then all at once', () => {
    const { flow, told } = staged();
    flow.pause();
    for (let n = 0; n < 4; n++) flow.onData(Buffer.alloc(WINDOW / 4));
    expect(told.filter((one) => one.startsWith('credit'))).toEqual([]);
    flow.resume();
    expect(told.at(-1)).toBe(`credit ${WINDOW}`);
  });

  test('beyond the window cuts the stream, at both ends, and is not handed on', () => {
    const { flow, told } = staged();
    flow.pause();
    flow.onData(Buffer.alloc(WINDOW));
    flow.onData(Buffer.alloc(1));
    expect(told).toEqual([
      `data ${WINDOW}`,
      `below: reset ${ResetCode.protocolError}`,
      'over',
      `reset ${ResetCode.protocolError}`,
    ]);
  });
});

describe('it is over', () => {
  test('when both halves have ended, whichever is first', () => {
    for (const first of ['ours', 'theirs']) {
      const { flow, told } = staged();
      const end = { ours: () => flow.write(new Uint8Array(0), true), theirs: () => flow.onEnd() };
      end[first as 'ours']();
      expect(told).not.toContain('over');
      end[first === 'ours' ? 'theirs' : 'ours']();
      expect(told).toContain('over');
    }
  });

  test('not before what was written has left', () => {
    const { flow, told } = staged();
    flow.write(Buffer.alloc(WINDOW + 1), true);
    flow.onEnd();
    expect(told).toEqual(['end']);
    flow.allow(1);
    expect(told).toEqual(['end', 'below: end', 'over', 'drain']);
  });

  test('and who ended it while the stream below was full is told when that has taken all', () => {
    const stage = staged();
    const { flow, told } = stage;
    flow.onEnd();
    stage.takes = false;
    expect(flow.write(new Uint8Array(0), true)).toBe(false);
    expect(told).toEqual(['end', 'below: end', 'over']);
    flow.onDrain();
    flow.onDrain();
    flow.onReset(0);
    expect(told.slice(3)).toEqual(['drain']);
  });

  test('and who ended it while the stream below was full is told when that is cut before it has taken all', () => {
    const stage = staged();
    const { flow, told } = stage;
    flow.onEnd();
    stage.takes = false;
    flow.write(Buffer.alloc(10), true);
    flow.onReset(0);
    flow.onReset(0);
    flow.onDrain();
    expect(told.slice(3)).toEqual(['reset 0']);
  });

  test('by a reset of either end, once', () => {
    for (const act of [
      (flow: FlowStream) => flow.reset(ResetCode.canceled),
      (flow: FlowStream) => flow.onReset(ResetCode.canceled),
    ]) {
      const { flow, told } = staged();
      act(flow);
      flow.onReset(0);
      flow.reset(ResetCode.overloaded);
      flow.onData(Buffer.alloc(1));
      flow.allow(5);
      expect(flow.write(Buffer.alloc(1))).toBe(true);
      expect(told.filter((one) => one === 'over')).toHaveLength(1);
      expect(told).toHaveLength(2);
    }
  });
});
