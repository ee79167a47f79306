import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { atom } from '../../src/codec/etf/atom.ts';
import { PidTerm, ReferenceTerm } from '../../src/codec/etf/identities.ts';
import { ImproperList, OpaqueFun, Tuple, tuple } from '../../src/codec/etf/terms.ts';
import type { Pid } from '../../src/actor/pid.ts';
import type { Process } from '../../src/actor/process.ts';
import { startServer } from '../../src/otp/gen-server.ts';
import { startSupervisor } from '../../src/otp/supervisor.ts';
import { exit } from '../../src/actor/exit-reason.ts';
import { noReply, reply } from '../../src/otp/result.ts';
import { DistWorld, labeled, type Actor, type DistNode } from './dist-world.ts';
import { dataOf, framed, type RawPeer } from './raw-peer.ts';

let world: DistWorld;
let node: DistNode;
let raw: RawPeer;
let echo: Actor;

beforeEach(async () => {
  world = new DistWorld();
  node = await world.node('one', {
    functions: {
      math: {
        double: (value: number) => 2 * value,
        never: () => new Promise(() => {}),
        fail: () => {
          throw new TypeError('secret');
        },
        leave: () => exit('left'),
      },
    },
  });
  echo = await world.actor(node, 'echo');
  raw = await world.peer(node);
});
afterEach(() => world.close());

const settle = (): Promise<void> => world.clock.settle();
const frames = async (): Promise<ReturnType<RawPeer['frames']>> => {
  await settle();
  return raw.frames();
};
/** It is connected, and is served. */
async function well(): Promise<void> {
  raw.forget();
  const ref = raw.call(atom('echo'), atom('hello'));
  expect((await frames()).map(([, message]) => message)).toEqual([tuple(ref, atom('hello'))]);
  expect([raw.closed, node.changes]).toEqual([undefined, ['up raw@host']]);
}
const pidOf = ({ pid }: Actor): PidTerm =>
  new PidTerm(node.name, pid.serial % 2 ** 32, Math.floor(pid.serial / 2 ** 32), node.dist.creation);
const termOf = (process: Process): PidTerm => new PidTerm(node.name, process.serial, 0, node.dist.creation);
const ignored = (): number => node.log.filter(({ event }) => event === 'dist.ignored').length;

describe('packets', () => {
  test.each<readonly [string, () => Uint8Array]>([
    ['longer than any may be', () => Buffer.from([1, 0, 0, 1])],
    ['of 4 GiB', () => Buffer.from([255, 255, 255, 255])],
    ['with an atom cache', () => framed(4, Buffer.from([131, 68, 0]))],
    ['with a fragment', () => framed(4, Buffer.from([131, 69, 0]))],
    ['with nothing behind its kind', () => framed(4, Buffer.from([112]))],
    ['with half a control message', () => framed(4, dataOf(new Tuple([1, 2, 3])).subarray(0, 6))],
    [
      'with bytes behind its control message',
      () => framed(4, Buffer.concat([dataOf(new Tuple([1, raw.pid(), raw.pid()])), Buffer.of(131, 106)])),
    ],
    ['with a message that is missing', () => framed(4, dataOf(new Tuple([22, raw.pid(), pidOf(echo)])))],
    [
      'with a message that is none',
      () => framed(4, Buffer.concat([dataOf(new Tuple([22, raw.pid(), pidOf(echo)])), Buffer.of(131, 255)])),
    ],
    [
      'with bytes behind its message',
      () => framed(4, Buffer.concat([dataOf(new Tuple([22, raw.pid(), pidOf(echo)]), 1), Buffer.of(1)])),
    ],
    [
      'with a compressed message',
      () =>
        framed(
          4,
          Buffer.concat([
            dataOf(new Tuple([22, raw.pid(), pidOf(echo)])),
            Buffer.of(131, 80, 0, 255, 255, 255, 1, 2, 3),
          ]),
        ),
    ],
  ])('%s end their own connection, and no other', async (_what, bytes) => {
    const friend = await world.peer(node, 'friend@host');
    raw.write(bytes());
    await settle();
    expect(raw.closed).toBe('closed');
    expect(node.changes).toEqual(['up raw@host', 'up friend@host', 'down raw@host protocol_error']);
    expect([friend.closed, echo.inbox]).toEqual([undefined, []]);
    expect(node.log.some(({ event }) => event === 'dist.protocol_error')).toBe(true);
  });

  test('too deep or too wide for a term end it too', async () => {
    let deep: Uint8Array = Buffer.of(106);
    for (let level = 0; level < 70; level++) deep = Buffer.concat([Buffer.of(104, 1), deep]);
    raw.packet(Buffer.concat([dataOf(new Tuple([22, raw.pid(), pidOf(echo)])), Buffer.of(131), deep]));
    await settle();
    expect(raw.closed).toBe('closed');
    const wide = await world.peer(node, 'wide@host');
    const items = Buffer.alloc(1_000_002, 106);
    const head = Buffer.alloc(5, 108);
    head.writeUInt32BE(1_000_001, 1);
    wide.packet(
      Buffer.concat([dataOf(new Tuple([22, wide.pid(), pidOf(echo)])), Buffer.of(131), head, items]),
    );
    await settle();
    expect([wide.closed, echo.inbox]).toEqual(['closed', []]);
  });

  test('that are ticks, thousands at once, do nothing', async () => {
    raw.write(new Uint8Array(4 * 10_000));
    await settle();
    await well();
  });

  test('that come faster than they are worked off are held back, and none is lost or changed', async () => {
    const { inbox } = await world.actor(node, 'large', { mailbox: 100_000 });
    const one = (value: unknown): Uint8Array =>
      framed(4, dataOf(new Tuple([6, raw.pid(), atom(''), atom('large')]), [value, new Uint8Array(1_000)]));
    const numbers = Array.from({ length: 4_000 }, (_, index) => index);
    // as one chunk, and while that is worked off by others, all lent
    raw.write(Buffer.concat(numbers.slice(0, 1_000).map(one)));
    for (const number of numbers.slice(1_000)) raw.write(one(number));
    await settle();
    expect([...world.net.wires].map(({ far }) => far.pauses > 0)).toEqual([true]);
    expect(inbox.map((message) => (message as readonly unknown[])[0])).toEqual(numbers);
    await well();
  });
});

describe('control messages', () => {
  const OPS = [
    1, 2, 3, 4, 6, 7, 8, 12, 13, 16, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35,
    36,
  ];
  const WITH_MESSAGE = new Set([2, 12, 6, 16, 22, 23, 24, 25, 26, 27, 28, 29, 30, 33, 34]);

  test.each([0, 5, 9, 10, 11, 14, 15, 17, 37, 99, 255, -1, 2 ** 40])(
    'that are not known (%i) are ignored, counted and logged',
    async (op) => {
      raw.control([op, raw.pid(), pidOf(echo)]);
      raw.control([op, raw.pid(), pidOf(echo)], 'with a message');
      raw.control([op]);
      await settle();
      expect(ignored()).toBe(3);
      await well();
    },
  );

  test('that are no tuples with a number are ignored', async () => {
    for (const term of [1, [], tuple(), tuple(atom('send')), tuple(1.5), new Map(), 'text', tuple(1n << 70n)])
      raw.packet(dataOf(term));
    await settle();
    expect(ignored()).toBe(8);
    await well();
  });

  test('of every operation, with fields of any kind, or none, do nothing and harm nobody', async () => {
    const other = await world.actor(node);
    const values: readonly unknown[] = [
      undefined,
      1,
      -5,
      1n << 80n,
      1.5,
      'text',
      [],
      [1, 2],
      atom('echo'),
      atom('net_kernel'),
      tuple(),
      tuple(atom('a'), atom('b'), 1),
      new Map(),
      new ImproperList([1], 2),
      new PidTerm('third@host', 1, 2, 3),
      new PidTerm(node.name, 0, 0, node.dist.creation),
      pidOf(other),
      new ReferenceTerm('third@host', 1, [1]),
      new ReferenceTerm(node.name, node.dist.creation, [1, 0, 0]),
      new ReferenceTerm(node.name, node.dist.creation, [1, 0, 1]),
      new ReferenceTerm(node.name, node.dist.creation, [1, 0, 2]),
    ];
    for (const op of OPS)
      for (let size = 0; size < 7; size++)
        for (const value of values) {
          // a spawn of nothing is answered; all else is silence
          const fields = Array.from({ length: size }, () => value);
          raw.control([op, ...fields], ...(WITH_MESSAGE.has(op) ? [value] : []));
        }
    await settle();
    expect([echo.inbox.length, other.inbox, other.pid.alive]).toEqual([expect.any(Number), [], true]);
    expect(node.reports.filter(({ tag }) => tag === 'crash')).toEqual([]);
    for (const [control] of raw.frames()) expect([21, 28]).toContain(control[0]);
    await well();
  });

  test('carry tracing tokens that are left out', async () => {
    raw.control([16, raw.pid(), atom(''), atom('echo'), tuple(0, 1, 2)], atom('traced'));
    raw.control([12, atom(''), pidOf(echo), tuple(0, 1, 2)], atom('not reached'));
    await settle();
    expect(echo.inbox).toEqual([atom('traced')]);
  });
});

describe('who is reached', () => {
  const privates = (): readonly Process[] =>
    ['dist', 'spawned', 'auth', 'rex', 'netKernel', 'peer raw@host', 'carriers', 'memoryListener'].map(
      (label) => labeled(node.runtime, label),
    );

  test('by pid are those whose pid was sent; nobody else is, however it is guessed', async () => {
    const hidden = await world.actor(node);
    raw.message(pidOf(hidden), 'guessed');
    await settle();
    expect(hidden.inbox).toEqual([]);
    node.runtime.send(node.dist.whereis('somebody', raw.name), hidden.pid);
    await settle();
    raw.message(pidOf(hidden), atom('known'));
    await settle();
    expect(hidden.inbox).toEqual([atom('known')]);
  });

  test('are no actors of the distribution: no message, exit, link, call or monitor gets to them', async () => {
    for (const process of privates()) {
      const pid = termOf(process);
      raw.message(pid, atom('hello'));
      raw.control([26, raw.pid(), pid], atom('kill'));
      raw.control([8, raw.pid(), pid, atom('kill')]);
      raw.control([1, raw.pid(), pid]);
      raw.control([24, raw.pid(), pid], atom('kill'));
      raw.call(pid, atom('state'));
    }
    const answers = await frames();
    expect(privates().every(({ alive }) => alive)).toBe(true);
    // a link and a monitor each
    expect(answers.length).toBe(2 * privates().length);
    for (const [control, why] of answers)
      expect([[24, 28].includes(control[0] as number), why]).toEqual([true, atom('noproc')]);
    await well();
  });

  test('their pids are never sent, inside of whatever', async () => {
    for (const process of privates())
      for (const term of [process, [process], new Map([[process, 1]]), tuple(atom('a'), tuple(process))])
        expect(node.runtime.send(node.dist.whereis('somebody', raw.name), term)).toBe(false);
    expect(node.runtime.send(node.dist.whereis('somebody', raw.name), echo.pid)).toBe(true);
  });

  test('nor are they registered for others', () => {
    for (const process of privates()) expect(node.dist.names.register('mine', process)).toBe(false);
    expect(node.dist.names.register('net_kernel', echo.pid)).toBe(false);
    expect(node.dist.names.register('rex', echo.pid)).toBe(false);
  });

  test('the services that have names answer what they are asked, and take nothing else', async () => {
    for (let count = 0; count < 5_000; count++) {
      raw.message(atom('net_kernel'), count);
      raw.message(atom('rex'), tuple(atom('$gen_cast'), atom('x')));
    }
    raw.message(atom('rex'), tuple(atom('system'), tuple(raw.pid(), raw.ref()), atom('suspend')));
    const ref = raw.call(atom('net_kernel'), tuple(atom('is_auth'), atom('raw@host')));
    expect((await frames()).map(([, message]) => message)).toEqual([tuple(ref, atom('yes'))]);
    for (const label of ['auth', 'rex']) expect(labeled(node.runtime, label).dropped).toBe(0);
  });

  test('what looks like a system message, or like our own classes, is a message', async () => {
    const texts = ['sys', 'EXIT', 'DOWN', 'system', '$gen_call', '$gen_cast'].map((word) => atom(word));
    for (const word of texts) {
      raw.message(atom('echo'), word);
      raw.message(atom('echo'), tuple(word, raw.pid(), atom('kill')));
      raw.message(atom('echo'), tuple(word));
      raw.message(
        atom('echo'),
        new Map([
          [atom('tag'), word],
          [atom('reason'), atom('kill')],
        ]),
      );
    }
    await settle();
    expect(echo.pid.alive).toBe(true);
    // $gen_call of three with a pid for an address is none
    expect(echo.inbox.length).toBe(4 * texts.length);
    await well();
  });

  test('nobody speaks for the processes of another node', async () => {
    const third = new PidTerm('third@host', 1, 0, 1);
    const ref = raw.ref();
    node.runtime.send(node.dist.whereis('somebody', raw.name), echo.pid);
    await settle();
    raw.forget();
    raw.control([1, third, pidOf(echo)]);
    raw.control([26, third, pidOf(echo)], atom('kill'));
    raw.control([19, third, atom('echo'), ref]);
    raw.control([19, third, atom('nobody'), ref]);
    raw.control([29, raw.ref(), third, third, tuple(atom('math'), atom('double'), 1), []], [1]);
    expect(await frames()).toEqual([]);
    expect([echo.pid.alive, echo.pid.links?.size ?? 0, world.net.dialed.includes('third@host')]).toEqual([
      true,
      0,
      false,
    ]);
    await well();
  });

  test('calls are ended by whom they were sent to, and nobody guesses their references', async () => {
    const answer = node.dist.call('slow', raw.name, 1, { timeout: 1_000 });
    answer.catch(() => {});
    await settle();
    const [[, , , ref] = []] = (await frames()).map(([control]) => control);
    const { words, node: own, creation } = ref as ReferenceTerm;
    const other = await world.peer(node, 'other@host');
    const nobody = new PidTerm(node.name, 0, 0, node.dist.creation);
    other.control([28, other.pid(), nobody, ref], atom('killed'));
    for (let guess = 0; guess < 5; guess++) {
      const guessed = new ReferenceTerm(own, creation, [words[0] as number, guess, words[2] as number]);
      for (const peer of [raw, other]) {
        peer.control([22, peer.pid(), nobody], tuple(guessed, 'forged'));
        peer.control([33, peer.pid(), guessed], tuple(guessed, 'forged'));
      }
    }
    await settle();
    raw.control([22, raw.pid(), nobody], tuple(new ImproperList([atom('alias')], ref), atom('mine')));
    expect(await world.wait(answer)).toEqual(atom('mine'));
  });
});

describe('calls that are handed on', () => {
  const nobody = (): PidTerm => new PidTerm(node.name, 0, 0, node.dist.creation);

  test('are answered from the node of whoever has them, and not mistaken for others', async () => {
    const other = await world.peer(node, 'other@host');
    const first = node.dist.call('server', raw.name, 'first', { timeout: 1_000 });
    const second = node.dist.call('server', other.name, 'second', { timeout: 1_000 });
    await settle();
    const refOf = (peer: RawPeer): unknown => peer.frames().map(([control]) => control[3])[0];
    const [ref, another] = [refOf(raw), refOf(other)];
    expect(ref).not.toEqual(another);
    other.control(
      [33, other.pid(), ref],
      tuple(new ImproperList([atom('alias')], ref), atom('for the first')),
    );
    expect(await world.wait(first)).toEqual(atom('for the first'));
    expect((await frames()).map(([control]) => [control[0], control[3]])).toEqual([[20, ref]]);
    raw.control([22, raw.pid(), nobody()], tuple(another, atom('for the second')));
    expect(await world.wait(second)).toEqual(atom('for the second'));
  });

  test('to us are answered at the node that made them, which is not dialed for it', async () => {
    const other = await world.peer(node, 'other@host');
    const ref = other.ref();
    raw.message(atom('echo'), tuple(atom('$gen_call'), tuple(other.pid(), ref), atom('hello')));
    expect([(await frames()).length, other.frames()]).toEqual([
      0,
      [[[2, atom(''), other.pid()], tuple(ref, atom('hello'))]],
    ]);
    const far = new PidTerm('far@host', 1, 0, 1);
    raw.message(atom('echo'), tuple(atom('$gen_call'), tuple(far, ref), atom('hello')));
    await settle();
    expect(world.net.dialed).not.toContain('far@host');
    expect(raw.closed).toBeUndefined();
  });

  test('to us by ourselves, by way of another, are answered here', async () => {
    const answer = node.dist.call('proxy', raw.name, atom('around'), { timeout: 1_000 });
    await settle();
    const [, [, message] = []] = await frames();
    raw.message(atom('echo'), message);
    expect(await world.wait(answer)).toEqual(atom('around'));
  });
});

describe('spawns', () => {
  const spawn = (
    module: string,
    name: string,
    args: readonly unknown[],
    options: readonly unknown[] = [],
  ): ReferenceTerm => {
    const id = raw.ref();
    raw.control([29, id, raw.pid(), raw.pid(), tuple(atom(module), atom(name), args.length), options], args);
    return id;
  };

  test.each([
    ['os', 'cmd'],
    ['math', 'toString'],
    ['math', '__proto__'],
    ['__proto__', 'constructor'],
    ['constructor', 'constructor'],
    ['erlang', 'halt'],
    ['', ''],
  ])('of %s:%s, which was not exported, are undef', async (module, name) => {
    const id = spawn(module, name, [1]);
    expect(await frames()).toEqual([[[31, id, raw.pid(), 0, atom('undef')]]]);
  });

  test('of an exported function are a process, told of and watched when that is asked for', async () => {
    const id = spawn('math', 'double', [4], [atom('monitor'), atom('link')]);
    const [first, ...rest] = await frames();
    expect(first).toEqual([[31, id, raw.pid(), 3, expect.any(PidTerm)]]);
    const pid = first?.[0][4];
    expect(rest.toSorted(([a], [b]) => Number(a[0]) - Number(b[0]))).toEqual([
      [[24, pid, raw.pid()], atom('normal')],
      [[28, pid, raw.pid(), id], atom('normal')],
    ]);
  });

  test('of one are made once for each request', async () => {
    const id = raw.ref();
    for (let count = 0; count < 2; count++)
      raw.control(
        [29, id, raw.pid(), raw.pid(), tuple(atom('math'), atom('never'), 0), [atom('monitor')]],
        [],
      );
    const answers = (await frames()).map(([control]) => control[4]);
    expect(answers).toEqual([expect.any(PidTerm), atom('system_limit')]);
  });

  test('are 4,096 at most', async () => {
    for (let count = 0; count < 4_100; count++) spawn('math', 'never', []);
    const answers = (await frames()).map(([control]) => control[4]);
    expect(answers.filter((answer) => answer instanceof PidTerm).length).toBe(4_096);
    expect(answers.at(-1)).toEqual(atom('system_limit'));
  });

  test('rpc and erpc of what was not exported are undef, of what was its value', async () => {
    const called = raw.call(atom('rex'), tuple(atom('call'), atom('os'), atom('cmd'), ['ls'], atom('user')));
    const good = raw.call(atom('rex'), tuple(atom('call'), atom('math'), atom('double'), [21], atom('user')));
    const replies = (await frames()).map(([, message]) => message);
    const undef = tuple(atom('EXIT'), tuple(atom('undef'), []));
    expect(replies).toContainEqual(tuple(called, tuple(atom('badrpc'), undef)));
    expect(replies).toContainEqual(tuple(good, 42));
    const result = raw.ref();
    const id = spawn('erpc', 'execute_call', [result, atom('os'), atom('cmd'), []], [atom('monitor')]);
    const [, down] = await frames();
    expect(down).toEqual([
      [28, expect.any(PidTerm), raw.pid(), id],
      tuple(result, atom('error'), atom('undef'), []),
    ]);
  });
});

const CRASH = tuple(atom('crash'), new Uint8Array(Buffer.from('TypeError')));

describe('functions that end badly', () => {
  test.each([
    ['fail', CRASH, tuple(CRASH, [])],
    ['leave', atom('left'), atom('left')],
  ])('tell of a crash its kind only, of an exit its reason (%s)', async (name, why, badrpc) => {
    const ref = raw.call(atom('rex'), tuple(atom('call'), atom('math'), atom(name), [], atom('user')));
    expect((await frames()).map(([, message]) => message)).toEqual([
      tuple(ref, tuple(atom('badrpc'), tuple(atom('EXIT'), badrpc))),
    ]);
    const [id, result] = [raw.ref(), raw.ref()];
    const args = [result, atom('math'), atom(name), []];
    raw.control(
      [29, id, raw.pid(), raw.pid(), tuple(atom('erpc'), atom('execute_call'), 4), [atom('monitor')]],
      args,
    );
    const [, down] = await frames();
    const told = name === 'leave' ? [result, atom('exit'), why] : [result, atom('error'), why, []];
    expect(down?.[1]).toEqual(tuple(...told));
    await well();
  });

  test('what is no call at all is undef', async () => {
    for (const request of [
      atom('call'),
      tuple(atom('call'), 1, 2, 3),
      tuple(atom('cast'), atom('a'), atom('b'), []),
      7,
    ]) {
      const ref = raw.call(atom('rex'), request);
      expect((await frames()).map(([, message]) => message)).toEqual([
        tuple(ref, tuple(atom('badrpc'), atom('undef'))),
      ]);
    }
    const ref = raw.call(atom('net_kernel'), atom('stop'));
    expect((await frames()).map(([, message]) => message)).toEqual([
      tuple(ref, tuple(atom('error'), atom('undef'))),
    ]);
  });
});

test('exits and links without end do not fill the mailbox of who traps them without end; kill still kills', async () => {
  await startServer(
    node.runtime,
    {
      trapExit: true,
      mailbox: 10,
      init: () => null,
      handleInfo: () => new Promise<never>(() => {}),
    },
    undefined,
    { name: 'slow', scope: node.dist.names },
  );
  const process = node.dist.names.whereis('slow') as Process;
  node.runtime.send(node.dist.whereis('somebody', raw.name), process);
  await settle();
  raw.forget();
  for (let count = 0; count < 5_000; count++) {
    raw.control([26, raw.pid(), termOf(process)], atom('why'));
    raw.control([1, raw.pid(), termOf(process)]);
    raw.control([24, raw.pid(), termOf(process)], atom('why'));
  }
  await settle();
  expect(process.queued).toBeLessThanOrEqual(10 + 4_096);
  raw.control([26, raw.pid(), termOf(process)], atom('kill'));
  await settle();
  expect(process.alive).toBe(false);
});

test('a supervisor that was exported answers what it is asked, whatever that is, and goes on', async () => {
  const supervisor = await startSupervisor(node.runtime, { strategy: 'oneForOne', children: [] });
  expect(node.dist.names.register('supervisor', supervisor.pid as Process)).toBe(true);
  const asked = [
    undefined,
    null,
    true,
    5,
    'text',
    [],
    atom('update'),
    tuple(atom('startChild'), 1),
    new Map(),
  ];
  const refs = asked.map((request) => raw.call(atom('supervisor'), request));
  expect((await frames()).map(([, answer]) => (answer as Tuple).elements[0])).toEqual(refs);
  expect((supervisor.pid as Process).alive).toBe(true);
});

test('calls that are never answered are not kept for their callers', async () => {
  await startServer(
    node.runtime,
    { init: () => null, handleRequest: (_term: unknown, state: null) => noReply(state) },
    undefined,
    { name: 'mute', scope: node.dist.names },
  );
  for (let count = 0; count < 100; count++) raw.call(atom('mute'), count);
  await settle();
  expect((node.dist.names.whereis('mute') as Process).calls).toBe(null);
  await well();
});

describe('a peer that asks and does not read', () => {
  const HUGE = 100_000;

  test('is refused messages beyond the limit, and calls with overloaded; others are served', async () => {
    raw.stream.close();
    await settle();
    const small = await world.node('small', { busyLimit: 10 * HUGE, maxPacket: 2 * HUGE });
    const slow = await world.peer(small, 'slow@host');
    const friend = await world.peer(small, 'friend@host');
    slow.stream.pause();
    const bytes = new Uint8Array(HUGE);
    const sent = Array.from({ length: 30 }, () =>
      small.runtime.send(small.dist.whereis('x', 'slow@host'), bytes),
    );
    await settle();
    expect(sent.filter((ok) => ok).length).toBe(10);
    await expect(world.wait(small.dist.call('x', 'slow@host', 1))).rejects.toMatchObject({
      reason: { overloaded: 'peer' },
    });
    expect(small.runtime.send(small.dist.whereis('x', 'friend@host'), atom('served'))).toBe(true);
    await settle();
    expect(friend.frames().map(([, message]) => message)).toEqual([atom('served')]);
    slow.stream.resume();
    await settle();
    expect(slow.frames().length).toBe(10);
    expect(small.runtime.send(small.dist.whereis('x', 'slow@host'), bytes)).toBe(true);
    expect(small.changes).toEqual(['up slow@host', 'up friend@host']);
  });

  test('is cut off when the answers it does not take grow without end', async () => {
    const small = await world.node('small', { busyLimit: HUGE, maxPacket: 2 * HUGE });
    await startServer(
      small.runtime,
      {
        init: () => null,
        handleRequest: (_term: unknown, state: null) => reply(new Uint8Array(HUGE), state),
      },
      undefined,
      { name: 'generous', scope: small.dist.names },
    );
    const slow = await world.peer(small, 'slow@host');
    slow.stream.pause();
    for (let count = 0; count < 100; count++) slow.call(atom('generous'), count);
    await settle();
    expect(small.changes).toEqual(['up slow@host', 'down slow@host unread']);
  });
});

describe('answers', () => {
  test('are sent to the alias of who has one, else to its pid, and exits as the peer takes them', async () => {
    const plain = await world.peer(node, 'plain@host', 0x1070f94n);
    const ref = plain.ref();
    const from = plain.pid();
    plain.control([19, from, atom('echo'), ref]);
    plain.control([6, from, atom(''), atom('echo')], tuple(atom('$gen_call'), tuple(from, ref), 1));
    await settle();
    expect(plain.frames()).toEqual([[[2, atom(''), from], tuple(ref, 1)]]);
    node.runtime.exit(echo.pid, 'kill');
    await settle();
    expect(plain.frames()).toEqual([[[21, atom('echo'), from, ref, atom('killed')]]]);
  });

  test('a fun comes back as it went', async () => {
    const size = Buffer.alloc(40);
    size.writeUInt32BE(40);
    const fun = new OpaqueFun(new Uint8Array(size));
    raw.call(atom('echo'), fun);
    const [[, answer] = []] = await frames();
    expect((answer as Tuple).elements[1]).toEqual(fun);
  });

  test('to an unlink that knows no id there are none, to one with an id an acknowledgment', async () => {
    node.runtime.send(node.dist.whereis('somebody', raw.name), echo.pid);
    await settle();
    raw.forget();
    raw.control([1, raw.pid(), pidOf(echo)]);
    raw.control([35, 5, raw.pid(), pidOf(echo)]);
    raw.control([35, 1n << 60n, raw.pid(), pidOf(echo)]);
    raw.control([1, raw.pid(), pidOf(echo)]);
    raw.control([4, raw.pid(), pidOf(echo)]);
    expect(await frames()).toEqual([
      [[36, 5, pidOf(echo), raw.pid()]],
      [[36, 1n << 60n, pidOf(echo), raw.pid()]],
    ]);
    expect(echo.pid.links?.size ?? 0).toBe(0);
    const pid = echo.pid as Pid;
    node.runtime.exit(pid, 'kill');
    expect(await frames()).toEqual([]);
  });
});
