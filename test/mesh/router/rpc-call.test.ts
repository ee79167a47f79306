import { describe, expect, test } from 'vitest';
import type { CallFailure } from '../../../src/actor/call.ts';
import type { RpcFailure } from '../../../src/mesh/errors/rpc-failure.ts';
import type { Value } from '../../../src/codec/value.ts';
import { RpcCall, type CallInit, type Stage } from '../../../src/mesh/router/rpc-call.ts';
import { spawn, world } from '../../actor/world.ts';

const INIT: CallInit = {
  procedure: 'a.b',
  args: {},
  timeout: 100,
  deadline: 100,
  caller: { nodeId: '', local: true },
  trace: undefined,
  fromPeer: false,
};

class Probe extends RpcCall {
  readonly told: (RpcFailure | { readonly value: Value })[] = [];
  protected onValue(value: Value): void {
    this.told.push({ value });
  }
  protected onRefused(failure: RpcFailure): void {
    this.told.push(failure);
  }
}

describe('RpcCall', () => {
  test('is settled once, whoever comes first', () => {
    const call = new Probe(INIT);
    expect([
      call.reply(1),
      call.reply(2),
      call.refuse({ tag: 'no_handler' }),
      call.giveUp({ tag: 'canceled' }),
      call.cancel('x'),
    ]).toEqual([true, false, false, false, false]);
    expect(call.told).toEqual([{ value: 1 }]);
  });

  test('counts as in flight at its provider until it is settled, however that happens', () => {
    for (const end of [
      (call: Probe) => call.reply(1),
      (call: Probe) => call.refuse({ tag: 'no_handler' }),
      (call: Probe) => call.giveUp({ tag: 'canceled' }),
      (call: Probe) => call.cancel('x'),
      (call: Probe) => call.fail({ tag: 'timeout' }),
    ]) {
      const call = new Probe(INIT);
      const provider = { inFlight: 3 };
      call.assign(provider);
      expect(provider.inFlight).toBe(4);
      end(call);
      expect([provider.inFlight, call.told.length]).toEqual([3, 1]);
    }
  });

  test('a worker hears that the caller gave up, not that the call ended otherwise', () => {
    const { runtime } = world();
    const heard = (end: (call: Probe) => void): CallFailure[] => {
      const call = new Probe(INIT);
      const list: CallFailure[] = [];
      call.moveTo(spawn(runtime));
      call.worker = { onAbandoned: (_call, failure) => void list.push(failure) };
      end(call);
      return list;
    };
    expect(heard((call) => call.cancel('why'))).toEqual([{ tag: 'canceled', reason: 'why' }]);
    expect(heard((call) => call.giveUp({ tag: 'canceled' })).length).toBe(1);
    expect(heard((call) => call.onTimer())).toEqual([{ tag: 'timeout' }]);
    expect(heard((call) => call.reply(1))).toEqual([]);
    expect(heard((call) => call.refuse({ tag: 'no_handler' }))).toEqual([]);
  });

  test.each([
    ['routing', { tag: 'connection_error', sent: false }],
    ['queued', { tag: 'connection_error', sent: false }],
    ['waiting', { tag: 'connection_error', sent: false }],
    ['sent', { tag: 'connection_error', sent: true }],
    ['running', { tag: 'handler_crash', reason: 'killed' }],
  ] as const)('the death of who holds it while %s means %o', (stage: Stage, expected) => {
    const { runtime, reports } = world();
    const call = new Probe(INIT);
    const holder = spawn(runtime);
    call.stage = stage;
    runtime.call(holder, call, 100);
    runtime.exit(holder, 'kill');
    expect(call.told).toMatchObject([expected]);
    expect(runtime.timers.size).toBe(0);
    const [failure] = call.told as [RpcFailure];
    if (failure.tag === 'handler_crash') {
      expect(reports.some((report) => report.tag === 'crash' && report.id === failure.id)).toBe(true);
    }
  });

  test('an orderly end of who runs it is no crash: the provider is closing', () => {
    const { runtime } = world();
    const call = new Probe(INIT);
    const holder = spawn(runtime);
    call.stage = 'running';
    runtime.call(holder, call, 100);
    runtime.exit(holder, 'shutdown');
    expect(call.told).toMatchObject([{ tag: 'connection_error', sent: true }]);
  });

  test.each([
    ['routing', false],
    ['queued', false],
    ['waiting', false],
    ['running', true],
    ['sent', true],
  ] as const)('a timeout while %s: sent is %s', (stage, sent) => {
    const call = new Probe(INIT);
    call.stage = stage;
    call.onTimer();
    expect(call.told).toEqual([{ tag: 'timeout', timeout: 100, sent }]);
  });

  test('a full mailbox is overloaded, a dead process a lost connection', () => {
    const { runtime } = world();
    const full = spawn(runtime);
    full.bound = 0;
    full.mailbox = null;
    const process = spawn(runtime, () => new Promise(() => undefined));
    process.bound = 1;
    runtime.send(process, 1);
    const call = new Probe(INIT);
    runtime.call(process, call, 100);
    expect(call.told).toEqual([{ tag: 'overloaded', bound: 'mailbox' }]);
    const late = new Probe(INIT);
    runtime.exit(full, 'kill');
    runtime.call(full, late, 100);
    expect(late.told).toMatchObject([{ tag: 'connection_error', sent: false }]);
  });
});
