/** One tunnel at a relay: how its two halves end, and with which code. Streams only write down what they are told. */
import { describe, expect, test } from 'vitest';
import type { Forwarder } from '../../../src/dist/relay/server/forwarder.ts';
import { Tunnel, type Side } from '../../../src/dist/relay/server/tunnel.ts';
import { ResetCode, type Stream } from '../../../src/transport/transport.ts';

const SIDES = ['source', 'target'] as const;

interface Stage {
  readonly tunnel: Tunnel;
  /** What each stream and each forwarder was told, and why the tunnel ended. */
  readonly told: string[];
}

function staged(flows = false): Stage {
  const told: string[] = [];
  const tunnel = new Tunnel('ID', 'a@one', 'b@two', (reason) => told.push(`over ${reason}`));
  for (const side of SIDES) {
    const say = (what: string): void => void told.push(`${side} ${what}`);
    tunnel.opened(side, { reset: (code: number) => say(`reset ${code}`) } as unknown as Stream, flows);
    const forwarder = {
      bytes: 7,
      data: (bytes: Uint8Array) => say(`data ${bytes.length}`),
      end: () => {
        say('end');
        tunnel.passedEnd(side);
      },
      drained: () => say('drained'),
    };
    tunnel.forwards(side, forwarder as unknown as Forwarder);
  }
  return { tunnel, told };
}

const other = (side: Side): Side => (side === 'source' ? 'target' : 'source');

describe.each(SIDES)('of the %s', (side) => {
  test('bytes go to its forwarder, and room at its stream to the other one', () => {
    const { tunnel, told } = staged();
    tunnel.events(side).onData(new Uint8Array(3));
    tunnel.events(side).onDrain();
    expect(told).toEqual([`${side} data 3`, `${other(side)} drained`]);
    expect(tunnel.bytes).toBe(14);
  });

  test('the end ends its half alone; with the other end’s the tunnel is over, and nothing is cut', () => {
    const { tunnel, told } = staged();
    tunnel.events(side).onEnd();
    expect([tunnel.over, told]).toEqual([false, [`${side} end`]]);
    tunnel.events(other(side)).onEnd();
    expect([tunnel.over, told.slice(1)]).toEqual([true, [`${other(side)} end`, 'over ended']]);
  });

  test('a stream with windows says itself when it is over', () => {
    const { tunnel } = staged(true);
    for (const one of SIDES) tunnel.events(one).onEnd();
    expect(tunnel.over).toBe(false);
    tunnel.streamOver(side);
    expect(tunnel.over).toBe(false);
    tunnel.streamOver(other(side));
    expect(tunnel.over).toBe(true);
  });

  test('a reset goes to the other end with its code; one that nobody knows is canceled', () => {
    for (const [code, heard] of [
      [ResetCode.overloaded, ResetCode.overloaded],
      [ResetCode.notAccepted, ResetCode.notAccepted],
      [0xdead, ResetCode.canceled],
    ]) {
      const { tunnel, told } = staged();
      tunnel.events(side).onReset(code as number);
      expect(told).toContain(`${other(side)} reset ${heard}`);
      expect(told.at(-1)).toBe(`over ${side}_reset`);
      expect(tunnel.over).toBe(true);
    }
  });
});

describe('whatever ends it', () => {
  test('ends it once', () => {
    const { tunnel, told } = staged();
    tunnel.cut('closed');
    tunnel.cut('idle');
    for (const side of SIDES) tunnel.events(side).onReset(ResetCode.canceled);
    expect(told.filter((one) => one.startsWith('over'))).toEqual(['over closed']);
    expect(told.filter((one) => one.includes('reset'))).toHaveLength(2);
  });

  test('a tunnel of which only one stream is open is cut there', () => {
    const told: string[] = [];
    const tunnel = new Tunnel('ID', 'a@one', 'b@two', (reason) => told.push(reason));
    tunnel.opened('source', { reset: () => told.push('reset') } as unknown as Stream, false);
    tunnel.cut('target_stream_failed');
    expect(told).toEqual(['reset', 'target_stream_failed']);
    expect(() => tunnel.stream('target')).toThrow('no stream of its target');
  });
});
