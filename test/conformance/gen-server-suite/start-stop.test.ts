import { expect } from 'vitest';
import { RemoteName } from '../../../src/actor/pid.ts';
import type { Process } from '../../../src/actor/process.ts';
import { startServer, startServerLink, startServerMonitor } from '../../../src/otp/gen-server.ts';
import { ignore, noReply, reply, ServerRef, stop, stopServer } from '../../../src/otp.ts';
import { checkResponse, receiveResponse, sendRequest, waitResponse } from '../../../src/otp/requests.ts';
import { failure, reasonOf, recorder, world } from '../../actor/world.ts';
import { conformanceSuite } from '../suite.ts';
import {
  begin,
  brokenVia,
  puppet,
  recording,
  Via,
  type Calls,
  type Casts,
  type PuppetRef,
} from './puppet.ts';

const { ported } = conformanceSuite('gen_server_SUITE', 60);

const pidOf = (result: object): Process => (result as unknown as { readonly pid: Process }).pid;

/** How a server may be named: not at all, locally, by a table of the user's. */
const namings = () => [{}, { name: 'my_server' }, { name: { via: 'my_server' }, scope: new Via() }];

ported('start', async () => {
  for (const naming of namings()) {
    const from = world();
    const { runtime, clock } = from;
    const starter = recorder(runtime, { trapExit: true });
    const inbox = () => starter.inbox.splice(0).map(({ message }) => message);
    const { alive } = runtime;

    // without a link
    const { ref, pid } = await begin(puppet(), naming, from);
    expect(await ref.call('state')).toEqual([]);
    if ('name' in naming) {
      // whoever starts a second one is told who holds the name, and no second one survives
      const taken = { tag: 'error', reason: { already_started: pid } };
      expect(await reasonOf(startServer(runtime, puppet(), undefined, naming))).toEqual(taken.reason);
      expect(await startServerLink(starter.pid, puppet(), undefined, naming)).toEqual(taken);
      expect(await startServerMonitor(starter.pid, puppet(), undefined, naming)).toEqual(taken);
      await clock.settle();
      expect([runtime.alive, inbox()]).toEqual([alive + 1, []]);
      const named = new ServerRef<Calls, Casts>(runtime, {
        scope: naming.scope ?? runtime.names,
        name: naming.name,
      });
      expect(await named.call('state')).toEqual([]);
    }
    expect(await reasonOf(ref.call('run', (state) => stop('stopped', state)))).toBe('stopped');
    expect(runtime.alive).toBe(alive);
    expect(await reasonOf(ref.call('state'))).toBe('noproc');

    // linked: the starter gets the exit
    const linked = await startServerLink(starter.pid, puppet(), undefined, naming);
    expect(linked).toMatchObject({ tag: 'ok' });
    await stopServer({ pid: pidOf(linked), runtime }, 'stopped');
    await clock.settle();
    expect(inbox()).toMatchObject([{ tag: 'EXIT', reason: 'stopped' }]);

    // monitored: the starter gets the DOWN of the monitor it was given
    const monitored = await startServerMonitor(starter.pid, puppet(), undefined, naming);
    const watch = monitored.tag === 'ok' ? monitored.ref : 'none';
    await stopServer({ pid: pidOf(monitored), runtime }, 'stopped');
    await clock.settle();
    expect(inbox()).toMatchObject([{ tag: 'DOWN', ref: watch, reason: 'stopped' }]);

    // an init that takes too long
    const never = () => new Promise(() => {});
    const late = startServerLink(starter.pid, puppet(), never, { ...naming, timeout: 100 });
    await clock.advance(100);
    expect(await late).toEqual({ tag: 'error', reason: 'timeout' });
    expect(inbox()).toMatchObject([{ tag: 'EXIT', reason: 'killed' }]);

    // ignore and stop
    expect(await startServerLink(starter.pid, puppet(), () => ignore, naming)).toEqual({ tag: 'ignore' });
    const refused = () => stop('stopped', []);
    expect(await startServerLink(starter.pid, puppet(), refused, naming)).toEqual({
      tag: 'error',
      reason: 'stopped',
    });
    expect(await startServerMonitor(starter.pid, puppet(), refused, naming)).toEqual({
      tag: 'error',
      reason: 'stopped',
    });
    await clock.settle();
    expect(inbox()).toMatchObject([
      { tag: 'EXIT', reason: 'normal' },
      { tag: 'EXIT', reason: 'stopped' },
    ]);
    expect(runtime.alive).toBe(alive);
  }
});

ported('stop1', async () => {
  const ends: unknown[] = [];
  const { ref, pid } = await begin(recording(ends));
  await stopServer(ref);
  expect([pid.alive, pid.reason, ends]).toEqual([false, 'normal', [{ reason: 'normal', state: [] }]]);
  expect(await reasonOf(stopServer(ref))).toBe('noproc');
});

ported('stop2', async () => {
  const { ref, pid } = await begin();
  await stopServer(ref, 'other');
  expect([pid.alive, pid.reason]).toEqual([false, 'other']);
});

ported('stop3', async () => {
  const { ref, pid } = await begin();
  for (const timeout of [-1, Number.NaN, 'soon'])
    expect(await failure(stopServer(ref, 'other', timeout as number))).toBeInstanceOf(RangeError);
  expect(pid.alive).toBe(true);
  await stopServer(ref, 'other', 1_000);
  expect([pid.alive, pid.reason]).toEqual([false, 'other']);
});

ported(['stop4', 'stop5', 'stop7'], async (name) => {
  const scope = new Via();
  const from = world({ node: 'here' });
  const { runtime } = from;
  const naming = name === 'stop7' ? { name: ['my', 'name'], scope } : { name: 'to_stop' };
  const target: { readonly [name: string]: () => PuppetRef } = {
    stop4: () => new ServerRef(runtime, { scope: runtime.names, name: 'to_stop' }),
    stop5: () => new ServerRef(runtime, new RemoteName('here', 'to_stop')),
    stop7: () => new ServerRef(runtime, { scope, name: naming.name }),
  };
  const ref = (target[name] as () => PuppetRef)();
  for (const reason of ['normal', 'other']) {
    const { pid } = await begin(puppet(), naming, from);
    expect(await ref.call('state')).toEqual([]);
    await stopServer(ref, reason);
    expect([pid.alive, pid.reason]).toEqual([false, reason]);
    expect(await reasonOf(stopServer(ref, reason))).toBe('noproc');
  }
  expect(scope.held.size).toBe(0);
});

ported('otp_7669', async () => {
  for (const naming of namings().slice(1)) {
    const { runtime } = world();
    const starter = recorder(runtime, { trapExit: true }).pid;
    for (let i = 0; i < 100; i++) {
      for (const init of [() => ignore, () => stop('stopped', []), () => Promise.resolve(ignore)]) {
        // the name is free in the very moment the starter hears of it
        const free = () =>
          (naming.scope ?? (runtime.names as Via | typeof runtime.names)).whereis('my_server');
        const linked = startServerLink(starter, puppet(), init, naming);
        const held = linked instanceof Promise ? linked.then(free) : free();
        expect(await held).toBeUndefined();
        const told = await reasonOf(startServer(runtime, puppet(), init, naming));
        expect(told).toBe(init() instanceof Promise || init() === ignore ? 'ignore' : 'stopped');
        expect(free()).toBeUndefined();
      }
    }
    const { pid } = await begin(puppet(), naming, { ...world(), runtime });
    expect(pid.alive).toBe(true);
  }
});

ported('abcast', async () => {
  // the local half: a cast to a name on the own node, and to one that nobody has
  const from = world({ node: 'here' });
  const { ref } = await begin(puppet(), { name: 'my_server' }, from);
  const cast = (name: string): boolean =>
    new ServerRef<Calls, Casts>(from.runtime, new RemoteName('here', name)).cast('run', (state) =>
      noReply([...state, name]),
    );
  expect([cast('my_server'), cast('nobody')]).toEqual([true, true]);
  expect(await ref.call('state')).toEqual(['my_server']);
});

ported('calling_self', async () => {
  for (const timeout of [undefined, Infinity, 1]) {
    const { ref } = await begin();
    const options = timeout === undefined ? {} : { timeout };
    const told = await ref.call('run', (state, self) => {
      const own: PuppetRef = new ServerRef(self.runtime, self.pid);
      const call = reasonOf(own.call('run', () => reply('never', []), options));
      return call.then((reason) => reply(reason, state));
    });
    expect(told).toBe('calling_self');
  }
});

ported('send_request', async () => {
  const { ref, runtime, clock } = await begin();
  const answer = (value: unknown) => sendRequest(ref, 'run', (state) => reply(value, state));
  expect(await receiveResponse(answer('hi'))).toEqual({ tag: 'reply', value: 'hi' });

  // no time to wait now, time later
  const slow = sendRequest(ref, 'run', (state, self, from) => {
    self.runtime.timers.after(100, () => from?.reply('late'));
    return noReply(state);
  });
  expect(await waitResponse(slow, 0)).toBe('timeout');
  const later = waitResponse(slow, { until: clock.now() + 1_000 });
  await clock.advance(100);
  expect(await later).toEqual({ tag: 'reply', value: 'late' });

  // a message about something else
  const asked = answer('x');
  expect(checkResponse('foreign', asked)).toBe('no_reply');
  expect(checkResponse({ request: asked, response: 1 }, asked)).toBe('no_reply');

  // who is not there, or ends, answers with an error
  const nobody: PuppetRef = new ServerRef(runtime, { scope: runtime.names, name: 'nobody' });
  const gone = sendRequest(nobody, 'state');
  expect(await receiveResponse(gone)).toEqual({ tag: 'error', reason: 'noproc' });
  const dying = sendRequest(ref, 'run', (state) => stop('shutdown', state));
  expect(await receiveResponse(dying)).toEqual({ tag: 'error', reason: 'shutdown' });
  expect(await receiveResponse(sendRequest(ref, 'state'))).toEqual({ tag: 'error', reason: 'noproc' });

  // a table of names that is out of order raises in the caller, everywhere
  const broken: PuppetRef = new ServerRef(runtime, { scope: brokenVia, name: 'x' });
  expect(() => sendRequest(broken, 'state')).toThrow('no such registry');
  expect(await failure(broken.call('state'))).toMatchObject({ message: 'no such registry' });
  expect(await failure(stopServer(broken))).toMatchObject({ message: 'no such registry' });
  const start = startServer(runtime, puppet(), undefined, { name: 'x', scope: brokenVia });
  expect(await reasonOf(start)).toMatchObject({ message: 'no such registry' });
  expect(broken.cast('run', (state) => noReply(state))).toBe(false);
  expect(runtime.alive).toBe(0);
});
