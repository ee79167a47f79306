import { expect } from 'vitest';
import {
  noReply,
  reply,
  ServerRef,
  started,
  startServer,
  startServerLink,
  stop,
  stopAndReply,
  type From,
  type Next,
} from '../../../src/otp.ts';
import { getState, getStatus, replaceState, resume, suspend } from '../../../src/otp/sys.ts';
import { failure, reasonOf, spawn, world } from '../../actor/world.ts';
import { conformanceSuite } from '../suite.ts';
import { begin, puppet, recording, type Puppet, type PuppetRef, type State, type Step } from './puppet.ts';

const { ported } = conformanceSuite('gen_server_SUITE', 60);

/** Adds to the list, then `next`. */
const add =
  (what: unknown, next?: Next): Step =>
  (state) =>
    noReply([...state, what], next);

ported('call', async () => {
  const { ref, clock } = await begin();

  // answered by somebody else, later
  const delayed = ref.call('run', (state, self, from) => {
    const other = spawn(self.runtime, () => void from?.reply('delayed'));
    self.runtime.sendAfter(1_000, other, 'go');
    return noReply(state);
  });
  await clock.advance(1_000);
  expect(await delayed).toBe('delayed');

  // the idle time ends before the next call, or after it
  const within = (ms: number) => ref.call('run', (state) => reply('ok', state, { timeout: ms }));
  const inTime: Step = (state) => reply(!state.includes('timeout'), []);
  await within(2_000);
  await clock.advance(1_000);
  expect(await ref.call('run', inTime)).toBe(true);
  await clock.advance(2_000);
  expect(await ref.call('run', inTime)).toBe(true);
  await within(1_000);
  await clock.advance(1_500);
  expect(await ref.call('run', inTime)).toBe(false);

  // the caller's time is up; the server lives, and the late answer shows up nowhere
  const held: From[] = [];
  const never = ref.call('run', (state, _self, from) => (held.push(from as From), noReply(state)), {
    timeout: 1,
  });
  const told = reasonOf(never);
  await clock.advance(1);
  expect([await told, held[0]?.reply('late')]).toEqual(['timeout', false]);
  expect(await ref.call('state')).toEqual([]);

  // what means nothing ends the server, and its caller hears of it
  expect(await reasonOf(ref.call('run', () => ({ badreturn: 1 })))).toEqual({
    bad_return_value: { badreturn: 1 },
  });
  expect(await reasonOf(ref.call('state'))).toBe('noproc');
});

ported(['cast', 'info'], async (name) => {
  const ends: unknown[] = [];
  const { ref, pid, clock } = await begin(recording(ends));
  const tell = (step: Step): boolean => (name === 'cast' ? ref.cast('run', step) : ref.send(step));
  expect(tell(add('handled'))).toBe(true);
  expect(await ref.call('state')).toEqual(['handled']);

  // a result with an idle time: `timeout` comes when nothing else did
  tell(add('delayed', { timeout: 1_000 }));
  await clock.advance(999);
  const before = pid.state as State;
  await clock.advance(1);
  expect([before, pid.state]).toEqual([
    ['handled', 'delayed'],
    ['handled', 'delayed', 'timeout'],
  ]);
  // any message before it makes it void
  tell(() => noReply([], { timeout: 1_000 }));
  await clock.advance(500);
  tell(add('first'));
  await clock.advance(5_000);
  expect(await ref.call('state')).toEqual(['first']);

  // stop runs terminate
  const watched: unknown[] = [];
  pid.runtime.onExit(pid, (reason) => watched.push(reason));
  tell((state) => stop('shutdown', [...state, 'last']));
  await clock.settle();
  expect([ends, watched]).toEqual([[{ reason: 'shutdown', state: ['first', 'last'] }], ['shutdown']]);
});

ported('continue', async () => {
  const server = puppet({
    init: (_, self) => {
      self.send(self.pid, 'sent in init');
      return started([] as State, { continue: 'init' });
    },
    handleContinue: (value, state) => {
      if (value === 'stop') return stop('normal', state);
      return noReply([...state, value], value === 'again' ? { continue: 'once more' } : {});
    },
  });
  const { ref, pid, clock } = await begin(server);
  const seen = async (): Promise<unknown> => {
    await clock.settle();
    return ref.call('run', (state) => reply(state, []));
  };
  expect(await seen()).toEqual(['init', 'sent in init']);

  // from a call, a cast and a message, each before what the server had sent itself
  const step: Step = (state, self) => {
    self.send(self.pid, 'own');
    return noReply(state, { continue: 'more' });
  };
  const answering: Step = (state, self, from) => (from?.reply('answered'), step(state, self));
  expect(await ref.call('run', answering)).toBe('answered');
  expect(await seen()).toEqual(['more', 'own']);
  ref.cast('run', step);
  expect(await seen()).toEqual(['more', 'own']);
  ref.send(step);
  expect(await seen()).toEqual(['more', 'own']);

  // one continue after the other, all before the message
  ref.cast('run', (state, self) => {
    self.send(self.pid, 'own');
    return noReply(state, { continue: 'again' });
  });
  expect(await seen()).toEqual(['again', 'once more', 'own']);

  // and it may end the server
  ref.cast('run', (state) => noReply(state, { continue: 'stop' }));
  await clock.settle();
  expect([pid.alive, pid.reason]).toEqual([false, 'normal']);
});

ported('call_with_huge_message_queue', async () => {
  // answers are no mailbox messages: what waits at the client does not slow its calls
  const { ref, runtime, clock } = await begin(puppet(), {}, world());
  const client = spawn(runtime, () => undefined);
  client.bound = 1_000_000;
  client.suspended = true;
  for (let n = 0; n < 500_000; n++) runtime.send(client, n);
  const handled = client.handled;
  const { pid } = ref as unknown as { readonly pid: { readonly handled: number } };
  const before = pid.handled;
  for (let n = 0; n < 1_000; n++) await ref.call('run', (state) => reply(n, state));
  await clock.settle();
  // a call costs the server one message, and of the client's queue nothing is looked at
  expect([pid.handled - before, client.handled - handled, client.mailbox?.length]).toEqual([
    1_000, 0, 500_000,
  ]);
});

ported(['undef_terminate1', 'undef_terminate2'], async (name) => {
  const reason = name === 'undef_terminate1' ? 'normal' : 'test';
  const { ref, pid, clock } = await begin();
  const told: unknown[] = [];
  pid.runtime.onExit(pid, (why) => told.push(why));
  ref.cast('run', (state) => stop(reason, state));
  await clock.settle();
  expect([pid.alive, told]).toEqual([false, [reason]]);
});

ported(['undef_in_terminate', 'undef_in_handle_info'], async (name) => {
  // an error that looks like a missing callback, raised inside a present one, is a crash like any other
  const error = new TypeError('undef: no handleInfo');
  const raise = (): never => {
    throw error;
  };
  const { ref, pid, clock, reports } = await begin(
    puppet(name === 'undef_in_terminate' ? { terminate: raise } : { handleInfo: raise }),
  );
  if (name === 'undef_in_terminate') ref.cast('run', (state) => stop('normal', state));
  else ref.send('hello');
  await clock.settle();
  expect([pid.alive, pid.reason]).toEqual([false, error]);
  expect(reports.map(({ tag }) => tag)).toEqual(['terminate', 'crash']);
});

ported(['undef_handle_call', 'undef_handle_cast', 'undef_handle_continue'], async (name) => {
  const { handleCall, handleCast, ...without } = puppet();
  const { ref, pid, clock } = await begin({
    ...without,
    ...(name === 'undef_handle_call' ? {} : { handleCall }),
    ...(name === 'undef_handle_cast' ? {} : { handleCast }),
  } as Puppet);
  const callback =
    { undef_handle_call: 'handleCall', undef_handle_cast: 'handleCast' }[name] ?? 'handleContinue';
  if (name === 'undef_handle_call')
    expect(await reasonOf(ref.call('state'))).toMatchObject({ message: 'undef: no handleCall for state' });
  else if (name === 'undef_handle_cast') ref.cast('run', (state) => noReply(state));
  else ref.cast('run', (state) => noReply(state, { continue: 1 }));
  await clock.settle();
  expect(pid.alive).toBe(false);
  expect((pid.reason as Error).message).toContain(`undef: no ${callback}`);
});

ported('undef_handle_info', async () => {
  const { handleInfo: _, ...without } = puppet();
  const { ref, pid, reports } = await begin(without as Puppet);
  ref.send({ hello: 'world' });
  expect(await ref.call('state')).toEqual([]);
  expect(pid.alive).toBe(true);
  expect(reports).toMatchObject([{ tag: 'unhandled', label: 'puppet', message: { hello: 'world' } }]);
});

ported('undef_init', async () => {
  const { init: _, ...without } = puppet();
  const { runtime, clock } = world();
  const server = without as Puppet;
  const undef = { message: 'undef: no init' };
  // not linked: thrown as it is, before there is a process
  expect(await failure(startServer(runtime, server, undefined))).toMatchObject({
    name: 'TypeError',
    ...undef,
  });
  const inbox: unknown[] = [];
  const starter = spawn(runtime, (_kind, message) => void inbox.push(message), { trapExit: true });
  expect(await startServerLink(starter, server, undefined)).toMatchObject({ tag: 'error', reason: undef });
  await clock.settle();
  expect(inbox).toMatchObject([{ tag: 'EXIT', reason: undef }]);
});

ported('hibernate', async () => {
  const server = puppet({
    init: () => started([] as State, { hibernate: true }),
    handleContinue: (_, state) => noReply(state, { hibernate: true }),
  });
  const { ref, pid, clock } = await begin(server);
  const asleep = async (): Promise<boolean> => {
    await clock.settle();
    return (await getStatus(ref)).hibernates && pid.mailbox === null;
  };
  expect(await asleep()).toBe(true);
  // a call, a cast and a message wake it, and may send it to sleep again
  const ways: ((step: Step) => unknown)[] = [
    (step) => ref.call('run', (state, self, from) => (from?.reply('ok'), step(state, self))),
    (step) => ref.cast('run', step),
    (step) => ref.send(step),
  ];
  for (const tell of ways) {
    await tell(add('awake'));
    expect(await asleep()).toBe(false);
    await tell(add('asleep', { hibernate: true }));
    expect(await asleep()).toBe(true);
  }
  await ref.call('state');
  expect(await asleep()).toBe(false);
  ref.cast('run', (state) => noReply(state, { continue: 'sleep' }));
  expect(await asleep()).toBe(true);

  // system messages do not
  await suspend(ref);
  expect(await getState(ref)).toHaveLength(6);
  await resume(ref);
  expect(await asleep()).toBe(true);
  // with messages waiting it does not stay asleep
  ref.cast('run', add('asleep', { hibernate: true }));
  ref.cast('run', add('next'));
  expect(await asleep()).toBe(false);
  expect(await ref.call('run', (state) => stopAndReply('normal', 'bye', state))).toBe('bye');
  expect(pid.reason).toBe('normal');
});

ported('auto_hibernate', async () => {
  const { ref, clock, pid } = await begin(puppet({ hibernateAfter: 100 }));
  const asleep = async (): Promise<boolean> => (await getStatus(ref)).hibernates;
  const sleepsAfter = async (ms: number): Promise<void> => {
    await clock.advance(ms - 1);
    expect(await asleep()).toBe(false);
    await clock.advance(1);
    expect(await asleep()).toBe(true);
  };
  await sleepsAfter(100);
  // a message of any kind wakes it and begins the idle time anew
  await ref.call('state');
  await sleepsAfter(100);
  ref.cast('run', add('cast'));
  await sleepsAfter(100);
  ref.send('info');
  await clock.advance(60);
  ref.send('info');
  await sleepsAfter(100);
  // it begins when a callback that takes time has ended
  ref.cast('run', async (state, self) => {
    await new Promise<void>((resolve) => void self.runtime.timers.after(250, resolve));
    return noReply(state);
  });
  await clock.advance(250);
  await sleepsAfter(100);
  // system messages leave it asleep
  await suspend(ref);
  expect([await getState(ref), await asleep()]).toEqual([['cast', 'info', 'info'], true]);
  await resume(ref);
  expect(await asleep()).toBe(true);
  expect(pid.mailbox).toBeNull();
});

ported(['get_state', 'replace_state'], async (name) => {
  const { ref, runtime, pid } = await begin(puppet(), { name: 'puppet' });
  const named: PuppetRef = new ServerRef(runtime, { scope: runtime.names, name: 'puppet' });
  await ref.call('run', (state) => reply(1, [...state, 'a']));
  if (name === 'get_state') {
    for (const target of [ref, named, pid]) expect(await getState(target)).toEqual(['a']);
    await suspend(ref);
    for (const target of [ref, named]) expect(await getState(target)).toEqual(['a']);
    await resume(ref);
    expect(await ref.call('state')).toEqual(['a']);
    return;
  }
  const push = (state: unknown): unknown => [...(state as State), 'b'];
  expect(await replaceState(named, push)).toEqual(['a', 'b']);
  expect(await ref.call('state')).toEqual(['a', 'b']);
  const bad = new Error('bad replacement');
  const failing = (): never => {
    throw bad;
  };
  expect(await reasonOf(replaceState(ref, failing))).toEqual({ callback_failed: bad });
  expect(await getState(ref)).toEqual(['a', 'b']);
  await suspend(ref);
  expect(await replaceState(ref, push)).toEqual(['a', 'b', 'b']);
  expect(await reasonOf(replaceState(ref, failing))).toEqual({ callback_failed: bad });
  await resume(ref);
  expect(await ref.call('state')).toEqual(['a', 'b', 'b']);
});
