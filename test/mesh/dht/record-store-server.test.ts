import { describe, expect, test } from 'vitest';
import { childrenOf } from '../../../src/actor/tree.ts';
import type { Process } from '../../../src/actor/process.ts';
import { NameScope } from '../../../src/actor/names.ts';
import type { ErrorPayload, SignedRecordPayload } from '../../../src/codec/payloads.ts';
import { startSupervisor, worker } from '../../../src/otp/supervisor.ts';
import { hex, newCounters, shared, type MeshContext } from '../../../src/mesh/context.ts';
import { RecordStore } from '../../../src/mesh/dht/record-store.ts';
import { recordStoreServer } from '../../../src/mesh/dht/record-store-server.ts';
import { StoreRequest, type StoreOutcome } from '../../../src/mesh/dht/store-request.ts';
import { procedureKey } from '../../../src/mesh/dht/record.ts';
import { world } from '../../actor/world.ts';
import { KEY, odd, payload, REALM, TTL, WALL } from './signed.ts';

/** The actor under a supervisor, as in a node. */
async function running() {
  const { clock, runtime } = world();
  clock.jump(WALL - clock.wall());
  const scope = new NameScope();
  const records = new RecordStore();
  const counters = newCounters();
  const settings = { realm: REALM };
  const context = { runtime, scope, records, counters, settings } as unknown as MeshContext;
  const children = [worker('recordStore', recordStoreServer, context, { scope })];
  const { pid: root } = await startSupervisor(runtime, { children });
  const actor = (): Process => scope.whereis('recordStore') as Process;
  const send = (value: SignedRecordPayload, key = KEY): Promise<StoreOutcome> =>
    new Promise((resolve) => {
      runtime.call(actor(), new StoreRequest(key, value, 'ab'.repeat(32), resolve), 5_000);
    });
  const store = async (value: SignedRecordPayload, key = KEY): Promise<ErrorPayload | undefined> => {
    const outcome = await send(value, key);
    return outcome.ok ? outcome.error : expect.fail(outcome.failure.tag);
  };
  const shown = (): number =>
    shared(context, 'recordStore')?.get(hex(KEY), { now: clock.now(), wall: clock.wall() }).length ?? 0;
  return { clock, runtime, records, counters, root, actor, send, store, shown };
}

describe('recordStore', () => {
  test('keeps a record that its publisher signed, and says nothing against the same one again', async () => {
    const { store, shown } = await running();
    expect(await store(payload('a'))).toBeUndefined();
    expect(await store(payload('a'))).toBeUndefined();
    expect(await store(payload('b'))).toBeUndefined();
    expect(shown()).toBe(2);
  });

  test('refuses with a code that says why, and counts it', async () => {
    const { store, shown, counters } = await running();
    await store(payload('a', { seq: WALL + 1 }));
    const { record, sig } = payload('b');
    const refusals = [
      await store({ record, sig: sig.map((byte) => byte ^ 1) }),
      await store(payload('a', { seq: WALL })),
      await store(payload('b', { issuedAt: WALL - TTL })),
      await store(payload('b', { issuedAt: WALL + 60_001 })),
      await store(payload('b', { realm: 'other' })),
      await store(payload('b'), procedureKey('other')),
      await store(odd('b', { metadata: { text: 'x'.repeat(4_096) } })),
    ];
    expect(refusals.map((error) => [error?.code, Object.values(error?.details ?? {}).at(-1)])).toEqual([
      ['invalid_args', 'forged'],
      ['invalid_args', 'stale'],
      ['invalid_args', 'expired'],
      ['invalid_args', 'future'],
      ['unauthorized', 'wrong_realm'],
      ['invalid_args', 'wrong_key'],
      ['invalid_args', 'oversized'],
    ]);
    expect([shown(), counters.recordsRefused]).toEqual([1, refusals.length]);
  });

  test('a store that is full answers so, and verifies nothing for it', async () => {
    const { store, records } = await running();
    const judge = records.judge.bind(records);
    records.judge = (...args) => (judge(...args) === 'same' ? 'same' : 'full');
    const { record, sig } = payload('b');
    const error = await store({ record, sig: sig.map((byte) => byte ^ 1) });
    expect(error).toMatchObject({ code: 'overloaded', details: { bound: 'records' } });
  });

  test('forgets within a minute what has expired', async () => {
    const { clock, store, records, shown } = await running();
    await store(payload('a'));
    await clock.advance(TTL);
    expect(shown()).toBe(0);
    await clock.advance(60_000);
    expect([records.records, records.marks]).toEqual([0, 1]);
  });

  test('killed, it loses neither its records nor what it knows of replaced ones', async () => {
    const { clock, runtime, root, actor, store, shown } = await running();
    const old = payload('a');
    await store(payload('a', { seq: WALL + 1 }));
    const before = actor();
    runtime.exit(before, 'kill');
    await clock.settle();
    expect([...childrenOf(root as Process)].map(({ serial }) => serial)).toEqual([actor().serial]);
    expect(actor() === before).toBe(false);
    expect(shown()).toBe(1);
    let kept = 0;
    for (let count = 0; count < 100; count++) if ((await store(old)) === undefined) kept++;
    expect(kept).toBe(0);
  });

  test('what nobody waits for any more is not kept', async () => {
    const { clock, runtime, actor, shown } = await running();
    const request = new StoreRequest(KEY, payload('a'), 'ab'.repeat(32), () => undefined);
    runtime.call(actor(), request, 5_000);
    request.cancel('gone');
    await clock.settle();
    expect(shown()).toBe(0);
  });

  test('who waits for it when it is killed is told', async () => {
    const { runtime, actor, send } = await running();
    const outcome = send(payload('a'));
    runtime.exit(actor(), 'kill');
    expect(await outcome).toMatchObject({ ok: false, failure: { tag: 'exit' } });
  });
});
