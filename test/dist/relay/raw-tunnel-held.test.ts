/** A stream that a relay has opened, until somebody takes it: what came before comes first, and who has enough is heard. */
import { expect, test } from 'vitest';
import { RawTunnel } from '../../../src/dist/relay/client/raw-tunnel.ts';
import { ResetCode, type Stream } from '../../../src/transport/transport.ts';

const ID = 'A'.repeat(32);

function staged() {
  const told: string[] = [];
  const stream = {
    pause: () => told.push('pause'),
    resume: () => told.push('resume'),
    reset: (code: number) => told.push(`stream: reset ${code}`),
  } as unknown as Stream;
  const tunnel = new RawTunnel(stream, {
    named: (_tunnel, id) => told.push(`named ${id.length}`),
    invalid: () => told.push('invalid'),
    gone: () => told.push('gone'),
  });
  tunnel.onData(Buffer.from(ID));
  const receiver = {
    onData: (bytes: Uint8Array) => told.push(`data ${bytes.length}`),
    onEnd: () => told.push('end'),
    onReset: (code: number) => told.push(`reset ${code}`),
    onDrain: () => told.push('drain'),
  };
  return { told, stream, tunnel, receiver };
}

test('a sender that says much before anybody listens is held back, and goes on when somebody does', () => {
  const { told, tunnel, receiver } = staged();
  tunnel.onData(Buffer.alloc(65_536));
  tunnel.onData(Buffer.alloc(1));
  tunnel.onEnd();
  expect(told).toEqual(['named 32', 'pause']);
  expect(tunnel.take(receiver)).toBe(true);
  expect(told.slice(2)).toEqual(['resume', 'data 65536', 'data 1', 'end']);
});

test('who has enough with what came before holds the sender back, and that stays so', () => {
  const { told, stream, tunnel, receiver } = staged();
  tunnel.onData(Buffer.alloc(70_000));
  tunnel.take({ ...receiver, onData: () => stream.pause() });
  expect(told.at(-1)).toBe('pause');
});

test('one that was cut is nobody’s, and one that was declined is cut, unless somebody has taken it', () => {
  const cut = staged();
  cut.tunnel.onReset(0);
  expect([cut.tunnel.take(cut.receiver), cut.told]).toEqual([false, ['named 32', 'gone']]);
  const declined = staged();
  declined.tunnel.decline(ResetCode.notAccepted);
  expect(declined.told.at(-1)).toBe(`stream: reset ${ResetCode.notAccepted}`);
  const taken = staged();
  taken.tunnel.take(taken.receiver);
  taken.tunnel.decline(ResetCode.notAccepted);
  expect(taken.told.at(-1)).toBe('resume');
});
