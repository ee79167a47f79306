/**
 * Our own workloads, with everything on that users have on: bounds, names, reports, the hooks of the observer.
 */
import type { Behavior } from '../../src/actor/behavior.ts';
import { Kind } from '../../src/actor/mailbox.ts';
import { NameScope } from '../../src/actor/names.ts';
import type { Process } from '../../src/actor/process.ts';
import {
  createRuntime,
  nextState,
  noReply,
  reply,
  replyAction,
  silentLogger,
  startDynamicSupervisor,
  startServer,
  startStatem,
  startSupervisor,
  startTask,
  worker,
  type GenServer,
  type GenStatem,
} from '../../src/otp.ts';
import type { Workloads } from './cases.ts';
import { ended } from './ended.ts';

const runtime = createRuntime({ logger: silentLogger });
const idle: Behavior = { type: 'Idle', receive: () => undefined };

const spawn = (behavior: Behavior, bound?: number): Process => {
  const process = runtime.spawn(behavior);
  if (bound !== undefined) process.bound = bound;
  runtime.activate(process);
  return process;
};
const end = (process: Process): void => {
  runtime.die(process, 'normal');
};
/** Lets other work of the event loop in, as a program would. */
const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

const EAGER = { eager: true };

const counter = {
  init: () => 0,
  handleCall: { increment: (_: null, state: number) => reply(state, state + 1) },
} satisfies GenServer<undefined, number>;

async function calls(n: number, clients: number): Promise<void> {
  const server = await startServer(runtime, counter, undefined);
  await Promise.all(
    Array.from({ length: clients }, async () => {
      for (let made = 0; made < n / clients; made++) await server.call('increment', null);
    }),
  );
  end(server.pid as Process);
}

async function callsFromAnActor(n: number): Promise<void> {
  const server = await startServer(runtime, counter, undefined);
  const client = await startServer(
    runtime,
    {
      init: () => null,
      handleCall: {
        go: async (_: null, state: null) => {
          for (let made = 0; made < n; made++) await server.call('increment', null);
          return reply(null, state);
        },
      },
    },
    undefined,
  );
  await client.call('go', null, { timeout: Infinity });
  end(client.pid as Process);
  end(server.pid as Process);
}

/** Each call changes the state, the data, and is answered. */
const toggle: GenStatem<undefined, 'off' | 'on', number, { toggle(): number }> = {
  init: () => nextState('off', 0),
  states: {
    off: (event, count) =>
      nextState('on', count + 1, event.type === 'call' ? [replyAction(event.from, count)] : []),
    on: (event, count) =>
      nextState('off', count + 1, event.type === 'call' ? [replyAction(event.from, count)] : []),
  },
};

async function toggles(n: number): Promise<void> {
  const machine = await startStatem(runtime, toggle, undefined);
  for (let made = 0; made < n; made++) await machine.call('toggle');
  end(machine.pid as Process);
}

/** `n` children in all, `size` at a time: each started by a call, found by its name, stopped with the supervisor. */
async function dynamicChildren(n: number, size: number): Promise<void> {
  for (let left = n; left > 0; left -= size) {
    const scope = new NameScope();
    const top = await startDynamicSupervisor(runtime);
    const count = Math.min(left, size);
    for (let at = 0; at < count; at++)
      await top.startChild(worker(`child ${at}`, counter, undefined, { scope }));
    for (let at = 0; at < count; at++)
      if (scope.whereis(`child ${at}`) === undefined) throw new Error(`child ${at} is not found`);
    await top.stop();
  }
}

/** Restarts of one supervisor: OTP's walks through the list of all of the last second at each. */
const RESTARTS = 50;

/** `n` restarts of one child, under as many supervisors as that takes. */
async function restartsOfOne(n: number): Promise<void> {
  for (let left = n; left > 0; left -= RESTARTS) await restarts(Math.min(left, RESTARTS), 1, 'oneForOne');
}

/** Crashes one of `size` children `n` times; each time waits until `size` (or one) started anew. */
async function restarts(n: number, size: number, strategy: 'oneForOne' | 'oneForAll'): Promise<void> {
  let waited = 0;
  let up: () => void = () => undefined;
  const children: Process[] = [];
  const child: GenServer<number, null> = {
    init: (at, self) => {
      children[at] = self.pid as Process;
      if (--waited === 0) up();
      return null;
    },
    handleInfo: (_, state) => noReply(state),
  };
  const top = await startSupervisor(runtime, {
    strategy,
    intensity: 10_000_000,
    period: 1_000,
    children: Array.from({ length: size }, (_, at) => worker(`child ${at}`, child, at)),
  });
  for (let crash = 0; crash < n; crash++) {
    const { done, finish } = ended();
    up = finish;
    waited = strategy === 'oneForAll' ? size : 1;
    runtime.exit(children[crash % size]!, 'boom');
    await done;
  }
  await top.stop();
}

export const workloads: Workloads = {
  spawn: async (n) => {
    for (let made = 0; made < n; made++) {
      end(spawn(idle));
      if (made % 1_000 === 0) await turn();
    }
  },
  'spawn + exit + DOWN': async (n) => {
    const { done, finish } = ended();
    let downs = 0;
    // it takes a turn, ends by itself, and the next one is made when that is heard of
    const next = (self: Process): void => {
      const process = spawn(idle);
      runtime.monitor(self, process);
      runtime.work(process, end);
    };
    const watcher = spawn({
      type: 'Watcher',
      receive: (kind, _, self) => {
        if (kind !== Kind.down) return;
        if (++downs === n) finish();
        else next(self);
      },
    });
    next(watcher);
    await done;
    end(watcher);
  },
  'ping-pong': async (n) => {
    const { done, finish } = ended();
    let left = 2 * n;
    const bounce: Behavior = {
      type: 'Player',
      receive: (_, other, self) => {
        if (--left <= 0) finish();
        else self.send(other as Process, self);
      },
    };
    const [one, other] = [spawn(bounce), spawn(bounce)];
    runtime.send(one, other);
    await done;
    end(one);
    end(other);
  },
  call: (n) => calls(n, 1),
  'call, 64 clients': (n) => calls(n, 64),
  'call, from an actor': callsFromAnActor,
  'statem call': toggles,
  'fan-in 100 to 1': async (n) => {
    const { done, finish } = ended();
    let left = n;
    const sink = spawn(
      {
        type: 'Sink',
        receive: () => {
          if (--left === 0) finish();
        },
      },
      n + 1,
    );
    const source: Behavior = {
      type: 'Source',
      receive: (_, __, self) => {
        for (let sent = 0; sent < n / 100; sent++) self.send(sink, 1);
      },
    };
    const sources = Array.from({ length: 100 }, () => spawn(source));
    for (const one of sources) runtime.send(one, 'go');
    await done;
    for (const one of [sink, ...sources]) end(one);
  },
  'ring of 1,000': async (n) => {
    const { done, finish } = ended();
    const ring: Process[] = Array.from({ length: 1_000 }, (_, at) =>
      spawn({
        type: 'Link',
        receive: (__, left, self) => {
          if ((left as number) <= 1) finish();
          else self.send(ring[(at + 1) % 1_000]!, (left as number) - 1);
        },
      }),
    );
    runtime.send(ring[0]!, n);
    await done;
    for (const one of ring) end(one);
  },
  'dynamic children, 10,000 at a time': (n) => dynamicChildren(n, 10_000),
  'dynamic children, 100,000 at a time': (n) => dynamicChildren(n, 100_000),
  'restart, oneForOne': restartsOfOne,
  'oneForAll of 100': (n) => restarts(n, 100, 'oneForAll'),
  'isolated call, eager': async (n) => {
    for (let made = 0; made < n; made++) await startTask(runtime, () => made + 1, EAGER).await();
  },
  'isolated call, queued': async (n) => {
    for (let made = 0; made < n; made++) await startTask(runtime, () => made + 1).await();
  },
  'isolated call that throws': async (n) => {
    for (let made = 0; made < n; made++)
      await startTask(runtime, () => {
        throw new Error('handler');
      })
        .await()
        .catch(() => undefined);
  },
  'timer cancelled in its turn': async (n) => {
    const target = spawn(idle);
    for (let made = 0; made < n; made++) runtime.sendAfter(5_000, target, 'late').unset();
    end(target);
  },
  'timer cancelled later': async (n) => {
    const target = spawn(idle);
    for (let batch = 0; batch < n / 1_000; batch++) {
      const timers = Array.from({ length: 1_000 }, (_, at) => runtime.sendAfter(5_001 + at, target, 'late'));
      await turn();
      for (const timer of timers) timer.unset();
    }
    end(target);
  },
  'bytes per actor after a message': async (n) => {
    const kept = Array.from({ length: n }, () => spawn(idle));
    for (const process of kept) runtime.send(process, 'a message');
    while (kept.some(({ handled }) => handled === 0)) await turn();
    return () => {
      for (const process of kept) end(process);
    };
  },
  'bytes per idle actor': async (n) => {
    const kept = Array.from({ length: n }, () => spawn(idle));
    return () => {
      for (const process of kept) end(process);
    };
  },
};
