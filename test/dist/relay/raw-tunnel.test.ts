/** A stream of a relay before anybody has it: what comes early is kept in its order, with a stream that writes down what it is told. */
import { describe, expect, test } from 'vitest';
import { RawTunnel } from '../../../src/dist/relay/client/raw-tunnel.ts';
import { ResetCode, type Stream, type StreamEvents } from '../../../src/transport/transport.ts';

const ID = '0123456789ABCDEF0123456789ABCDEF';

interface Stage {
  readonly raw: RawTunnel;
  readonly told: string[];
  readonly receiver: StreamEvents;
}

function staged(): Stage {
  const told: string[] = [];
  const say = (what: string): void => void told.push(what);
  const stream = {
    pause: () => say('pause'),
    resume: () => say('resume'),
    reset: (code: number) => say(`reset ${code}`),
  };
  const raw = new RawTunnel(stream as unknown as Stream, {
    named: (_raw, id) => say(`named ${id}`),
    invalid: () => say('invalid'),
    gone: () => say('gone'),
  });
  const receiver = {
    onData: (bytes: Uint8Array) => say(`data ${Buffer.from(bytes).toString()}`),
    onEnd: () => say('end'),
    onReset: (code: number) => say(`cut ${code}`),
    onDrain: () => say('drain'),
  };
  return { raw, told, receiver };
}

describe('a raw tunnel', () => {
  test('is named once, and gives what came early to who takes it, before the rest', () => {
    const { raw, told, receiver } = staged();
    raw.onData(Buffer.from(ID.slice(0, 7)));
    raw.onData(Buffer.from(`${ID.slice(7)}one`));
    const lent = Buffer.from('two');
    raw.onData(lent);
    lent.fill(0);
    expect(told).toEqual([`named ${ID}`]);
    expect(raw.take(receiver)).toBe(true);
    raw.onData(Buffer.from('three'));
    raw.onDrain();
    expect(told.slice(1)).toEqual(['resume', 'data one', 'data two', 'data three', 'drain']);
  });

  test('that has ended before it is taken ends behind what came early', () => {
    const { raw, told, receiver } = staged();
    raw.onData(Buffer.from(`${ID}one`));
    raw.onEnd();
    raw.take(receiver);
    expect(told.slice(1)).toEqual(['resume', 'data one', 'end']);
  });

  test('that nobody takes holds its sender back when 64 KiB are kept', () => {
    const { raw, told, receiver } = staged();
    raw.onData(Buffer.from(ID));
    raw.onData(new Uint8Array(65_536));
    expect(told.slice(1)).toEqual([]);
    raw.onData(new Uint8Array(1));
    expect(told.slice(1)).toEqual(['pause']);
    raw.take(receiver);
    expect(told.slice(2)).toEqual(['resume', expect.any(String), expect.any(String)]);
  });

  test('who has enough with what came before holds the sender back, and that stays so', () => {
    const { raw, told, receiver } = staged();
    raw.onData(Buffer.from(ID));
    raw.onData(new Uint8Array(70_000));
    raw.take({ ...receiver, onData: () => raw.channel.pause() });
    expect(told.at(-1)).toBe('pause');
  });

  test('keeps in few pieces what comes byte by byte', () => {
    const { raw, told, receiver } = staged();
    raw.onData(Buffer.from(ID));
    for (let byte = 0; byte < 10_000; byte++) raw.onData(Uint8Array.of(65));
    raw.take(receiver);
    const data = told.filter((one) => one.startsWith('data'));
    expect(data.length).toBeLessThan(10);
    expect(data.join('').replaceAll('data ', '')).toBe('A'.repeat(10_000));
  });

  test('is cut by who declines it, unless somebody has taken it', () => {
    const declined = staged();
    declined.raw.onData(Buffer.from(ID));
    declined.raw.decline(ResetCode.notAccepted);
    expect(declined.told.at(-1)).toBe(`reset ${ResetCode.notAccepted}`);
    const taken = staged();
    taken.raw.onData(Buffer.from(ID));
    taken.raw.take(taken.receiver);
    taken.raw.decline(ResetCode.notAccepted);
    expect(taken.told.at(-1)).toBe('resume');
  });

  test('that is cut before it is taken cannot be taken; after that its receiver hears it', () => {
    const early = staged();
    early.raw.onData(Buffer.from(ID));
    early.raw.onReset(0x16);
    expect([early.raw.take(early.receiver), early.told.at(-1)]).toEqual([false, 'gone']);
    const late = staged();
    late.raw.onData(Buffer.from(ID));
    late.raw.take(late.receiver);
    late.raw.onReset(0x16);
    expect(late.told.at(-1)).toBe(`cut ${0x16}`);
  });

  test('is none when it begins with something else, or ends within its id', () => {
    const wrong = staged();
    wrong.raw.onData(Buffer.from('hello'));
    expect(wrong.told).toEqual(['invalid']);
    const short = staged();
    short.raw.onData(Buffer.from(ID.slice(0, 31)));
    short.raw.onEnd();
    expect(short.told).toEqual(['invalid']);
  });
});
