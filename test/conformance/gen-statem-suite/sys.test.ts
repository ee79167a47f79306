/** gen_statem_SUITE: what `sys` shows and changes, and the reports of an end. */
import { expect } from 'vitest';
import { NameScope, type NameTable } from '../../../src/actor/names.ts';
import { exit } from '../../../src/actor/exit-reason.ts';
import { formatTerm } from '../../../src/actor/format-term.ts';
import type { Process } from '../../../src/actor/process.ts';
import type { Report } from '../../../src/actor/report.ts';
import {
  genericTimeout,
  keepState,
  keepStateAndData,
  nextEvent,
  nextState,
  postpone,
  replyAction,
  startStatem,
  type GenStatem,
  type HandleEvent,
} from '../../../src/otp/gen-statem.ts';
import { FORMATTER_CRASHED } from '../../../src/otp/server-status.ts';
import { ServerRef, type AnyProtocol } from '../../../src/otp/server-ref.ts';
import { stop } from '../../../src/otp/result.ts';
import * as sys from '../../../src/otp/sys.ts';
import { reasonOf, world } from '../../actor/world.ts';
import { conformanceSuite } from '../suite.ts';
import { bench, connection, type Calls, type Casts } from './connection.ts';

const { ported } = conformanceSuite('gen_statem_SUITE', 59);

const named = (scope: NameTable): { readonly name: string; readonly scope: NameTable<unknown> } => ({
  name: 'named',
  scope: scope as NameTable<unknown>,
});

ported('sys1', async () => {
  const { runtime, clock } = bench();
  const ref = await startStatem(runtime, connection.handleEvent, 'ok');
  await sys.suspend(ref);
  expect((await sys.getStatus(ref)).status).toBe('suspended');
  const unanswered = reasonOf(ref.call('state', undefined, { timeout: 2_000 }));
  await clock.advance(2_000);
  expect(await unanswered).toBe('timeout');
  const waiting = ref.call('state');
  await sys.resume(ref);
  expect(await waiting).toBe('idle');
});

ported('code_change', async () => {
  interface Asked {
    which(): string;
  }
  const older: GenStatem<undefined, 'one', string, Asked> = {
    init: () => nextState('one', 'older'),
    states: {
      one: (event, data) =>
        event.type === 'call' ? keepStateAndData(replyAction(event.from, `one ${data}`)) : keepState(data),
    },
  };
  const newer: GenStatem<undefined, readonly string[], { data: string }, Asked> = {
    init: () => nextState([], { data: '' }),
    handleEvent: (event, state, { data }) =>
      event.type === 'call'
        ? keepStateAndData(replyAction(event.from, `${state.join()} ${data}`))
        : keepState({ data }),
    codeChange: (from, state, data, extra) =>
      nextState([String(state)], { data: `${String(data)} ${String(from)} ${String(extra)}` }),
  };
  const { runtime } = bench();
  const ref = await startStatem(runtime, older, undefined);
  expect(await ref.call('which')).toBe('one older');
  expect(await reasonOf(sys.changeCode(ref, { server: newer }))).toBe('not_suspended');
  await sys.suspend(ref);
  await sys.changeCode(ref, { server: newer, from: 'v1', extra: 'x' });
  const asked = ref.call('which');
  expect(await sys.getState(ref)).toEqual({ state: ['one'], data: { data: 'older v1 x' } });
  await sys.resume(ref);
  expect(await asked).toBe('one older v1 x');
});

ported('undef_code_change', async () => {
  const { runtime } = bench();
  const ref = await startStatem(runtime, connection['state functions'], 'ok');
  await sys.suspend(ref);
  expect(String(await reasonOf(sys.changeCode(ref, { from: 'old' })))).toContain('undef');
  await sys.resume(ref);
  expect(await ref.call('state')).toBe('idle');
  expect(await sys.getState(ref)).toEqual({ state: 'idle', data: {} });
});

ported('get_state', async () => {
  for (const scope of [undefined, new NameScope()]) {
    const { runtime } = bench();
    const table = scope ?? runtime.names;
    const { pid } = await startStatem(runtime, connection['state functions'], 'ok', named(table));
    const byName = new ServerRef<Calls, Casts>(runtime, { scope: table, name: 'named' });
    for (const target of [pid as Process, byName]) {
      expect(await sys.getState(target)).toEqual({ state: 'idle', data: {} });
      await sys.suspend(target);
      expect(await sys.getState(target, 1_000)).toEqual({ state: 'idle', data: {} });
      await sys.resume(target);
    }
    await byName.call('connect');
    expect(await sys.getState(byName)).toEqual({ state: 'waitConfirm', data: {} });
  }
});

ported('replace_state', async () => {
  const { runtime } = bench();
  const table = runtime.names;
  const ref = await startStatem(runtime, connection.handleEvent, 'ok', named(table));
  const byName = new ServerRef<Calls, Casts>(runtime, { scope: table, name: 'named' });
  const connected = (pair: unknown): unknown => {
    expect(pair).toEqual({ state: 'idle', data: {} });
    return { state: 'connected', data: { marked: true } };
  };
  expect(await sys.replaceState(byName, connected)).toEqual({ state: 'connected', data: { marked: true } });
  expect(await ref.call('ping')).toBe('pong');
  const broken = new Error('broken');
  const failing = (): never => {
    throw broken;
  };
  expect(await reasonOf(sys.replaceState(ref, failing))).toEqual({ callback_failed: broken });
  expect(await sys.getState(ref)).toEqual({ state: 'connected', data: { marked: true } });
  // what is no pair of state and data changes nothing either
  expect(await reasonOf(sys.replaceState(ref, () => 'idle'))).toBeDefined();
  await sys.suspend(ref);
  expect(await sys.getState(ref)).toEqual({ state: 'connected', data: { marked: true } });
  await sys.replaceState(ref, () => ({ state: 'idle', data: {} }));
  await sys.resume(ref);
  expect(await ref.call('state')).toBe('idle');
});

/** A machine that holds a secret, shows nothing of it, and ends as it is told. */
interface Ends {
  end(how: 'stop' | 'exit' | 'throw'): never;
  kept(): never;
}

const bug = new Error('bug');

type Machine = HandleEvent<undefined, string, string, Ends, AnyProtocol>;

function secretive(format: Machine['formatStatus']): Machine {
  return {
    init: () => nextState('secret state', 'secret data'),
    handleEvent: (event, _state, data) => {
      if (event.type === 'call' && event.tag === 'kept') return keepState(data, postpone);
      if (event.type !== 'call' || event.tag !== 'end') return keepState(data);
      if (event.content === 'stop') return stop('crashed', data);
      if (event.content === 'exit') return exit('crashed');
      throw bug;
    },
    ...(format === undefined ? {} : { formatStatus: format }),
  };
}

const formatting = secretive((status) => ({ ...status, state: 'formatted state', data: 'formatted data' }));
const SHOWN = { state: 'formatted state', data: 'formatted data' };

const tags = (reports: readonly Report[]): readonly string[] => reports.map(({ tag }) => tag);
/** The process itself, which a report names, holds everything. */
const noSecret = (report: unknown): void => {
  expect(formatTerm({ ...(report as object), pid: undefined })).not.toContain('secret');
};

ported('call_format_status', async () => {
  const scope = new NameScope();
  for (const options of [{}, { name: 'named' }, named(scope)]) {
    const { runtime } = bench();
    const ref = await startStatem(runtime, formatting, undefined, options);
    const status = await sys.getStatus(ref);
    expect(status.state).toEqual(SHOWN);
    expect(status.names).toEqual('name' in options ? ['named'] : []);
    noSecret(status.state);
    // the state itself is untouched
    expect(await sys.getState(ref)).toEqual({ state: 'secret state', data: 'secret data' });
  }
  const { runtime } = bench();
  const crashing = secretive(() => {
    throw new Error('secret');
  });
  const ref = await startStatem(runtime, crashing, undefined);
  const { state } = await sys.getStatus(ref);
  expect(state).toEqual({ state: FORMATTER_CRASHED, data: FORMATTER_CRASHED });
  expect(await sys.getState(ref)).toEqual({ state: 'secret state', data: 'secret data' });
});

ported('error_format_status', async () => {
  for (const [how, reason, kind] of [
    ['stop', 'crashed', 'exit'],
    ['exit', 'crashed', 'exit'],
    ['throw', bug, 'error'],
  ] as const) {
    for (const name of [undefined, 'named']) {
      const { runtime, reports } = world();
      const ref = await startStatem(runtime, formatting, undefined, name === undefined ? {} : { name });
      expect(await reasonOf(ref.call('end', how))).toBe(reason);
      expect(tags(reports)).toEqual(['terminate', 'crash']);
      expect(reports[0]).toMatchObject({
        reason,
        class: kind,
        state: SHOWN,
        message: { type: 'call', tag: 'end', content: how },
      });
      noSecret((reports[0] as { readonly state: unknown }).state);
    }
  }
});

ported('terminate_crash_format', async () => {
  const { runtime, reports } = world();
  const machine: Machine = {
    ...formatting,
    terminate: () => exit({ crash: 'terminate' }),
  };
  const ref = await startStatem(runtime, machine, undefined);
  expect(await reasonOf(ref.call('end', 'stop'))).toEqual({ crash: 'terminate' });
  expect(tags(reports)).toEqual(['terminate', 'crash']);
  expect(reports[0]).toMatchObject({ reason: { crash: 'terminate' }, state: SHOWN });
  noSecret(reports[0]);
});

ported('format_all_status', async () => {
  const machine: Machine = {
    ...secretive((status) => ({
      state: 'S',
      data: 'D',
      reason: 'R',
      queue: status.queue.map(() => 'Q'),
      postponed: status.postponed.map(() => 'P'),
      timeouts: status.timeouts.map(() => 'T'),
      log: status.log.map(() => 'L'),
    })),
    init: () => nextState('secret state', 'secret data', [genericTimeout('t', 1_000, 'secret')]),
    handleEvent: (event, _state, data) => {
      if (event.type === 'call' && event.tag === 'kept') return keepState(data, postpone);
      if (event.type === 'internal') return stop('secret', data);
      const inserted = { type: 'internal', content: 'secret' } as const;
      return keepState(data, event.type === 'call' ? [nextEvent(inserted), nextEvent(inserted)] : []);
    },
  };
  const { runtime, reports, clock } = world();
  const ref = await startStatem(runtime, machine, undefined);
  await sys.log(ref, true);
  const kept = reasonOf(ref.call('kept'));
  await clock.settle();
  const status = await sys.getStatus(ref);
  expect(status).toMatchObject({ state: { state: 'S', data: 'D' }, log: ['L'] });
  expect(await reasonOf(ref.call('end', 'stop'))).toBe('secret');
  expect(await kept).toBe('secret');
  expect(reports[0]).toMatchObject({
    tag: 'terminate',
    reason: 'R',
    message: 'Q',
    state: { state: 'S', data: 'D' },
    log: ['L', 'L'],
    machine: { queue: ['Q', 'Q'], postponed: ['P'], timeouts: ['T'] },
  });
  noSecret(reports[0]);
});
