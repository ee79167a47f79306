/**
 * RELIABILITY §5 as one seeded program: actors that send, exit, monitor and link at random, in a run queue whose
 * order is drawn too; what they saw is judged against what was sent.
 */
import { Kind } from '../../src/actor/mailbox.ts';
import type { Down, Exit } from '../../src/actor/monitor.ts';
import type { Ref } from '../../src/actor/pid.ts';
import type { Process } from '../../src/actor/process.ts';
import { seededRandom } from '../../src/actor/random.ts';
import { same, seededWorld, spawn } from '../actor/world.ts';

interface Word {
  readonly from: number;
  readonly n: number;
}

interface Seen {
  /** By sender: the last number, and the exit signal that came. */
  readonly last: number[];
  readonly exits: number[];
  readonly downs: Map<unknown, number>;
}

export interface Program {
  readonly actors: number;
  readonly messages: number;
}

/** Throws when a promise of §5 is broken. Gives how many messages were handled, for the trace. */
export async function runSignals(seed: number, { actors, messages }: Program): Promise<number> {
  const { clock, runtime } = seededWorld(seed);
  const random = seededRandom(`signals-${seed}`);
  const pick = (count: number): number => random.u32() % count;
  const seen: Seen[] = [];
  const all: Process[] = [];
  /** By sender and receiver: messages sent, and how many had been sent when the sender's exit signal followed. */
  const sent = Array.from({ length: actors }, () => new Array<number>(actors).fill(0));
  const sentAtExit = Array.from({ length: actors }, () => new Array<number>(actors).fill(-1));
  /** What each actor has done with its monitors. */
  const monitors: { readonly ref: Ref; readonly by: number; flushed: boolean }[] = [];
  let budget = messages;
  let handled = 0;

  const act = (me: number, self: Process): void => {
    const count = Math.min(budget, 1 + pick(4));
    for (let n = 0; n < count; n++) {
      const to = pick(actors);
      budget--;
      self.send(all[to]!, { from: me, n: sent[me]![to]!++ } satisfies Word);
    }
    switch (pick(40)) {
      case 0: {
        const ref = self.monitor(all[pick(actors)]!);
        monitors.push({ ref, by: me, flushed: false });
        break;
      }
      case 1: {
        const own = monitors.filter(({ by, flushed }) => by === me && !flushed);
        const one = own[pick(own.length || 1)];
        if (one !== undefined) {
          self.demonitor(one.ref, { flush: true });
          one.flushed = true;
          // whatever came before counts; from now on none may come
          seen[me]!.downs.delete(one.ref);
        }
        break;
      }
      case 2: {
        // an exit signal after messages, to one who lives on: it must not overtake them
        const to = pick(actors);
        if (to !== me && sentAtExit[me]![to]! < 0) {
          sentAtExit[me]![to] = sent[me]![to]!;
          self.exit(all[to]!, 'word');
        }
        break;
      }
      case 3:
        self.link(all[pick(actors)]!);
        break;
    }
  };

  for (let me = 0; me < actors; me++) {
    const state: Seen = {
      last: new Array<number>(actors).fill(-1),
      exits: new Array<number>(actors).fill(0),
      downs: new Map(),
    };
    seen.push(state);
    const pid = spawn(
      runtime,
      (kind, message, self) => {
        if (kind === Kind.down) {
          const { ref } = message as Down;
          state.downs.set(ref, (state.downs.get(ref) ?? 0) + 1);
        } else if (kind === Kind.exit) {
          const { from, reason } = message as Exit;
          const sender = all.indexOf(from as Process);
          if (reason === 'word') {
            state.exits[sender]!++;
            same(state.last[sender], sentAtExit[sender]![me]! - 1);
          }
        } else if (message !== 'go') {
          const { from, n } = message as Word;
          handled++;
          same(n, state.last[from]! + 1);
          state.last[from] = n;
        }
        if (budget > 0) act(me, self);
      },
      { trapExit: true },
    );
    pid.bound = Infinity;
    all.push(pid);
  }
  for (const pid of all) runtime.send(pid, 'go');
  // the program may run dry while there is budget: it is pushed on
  while (budget > 0) {
    await clock.settle();
    for (const pid of all) runtime.send(pid, 'go');
  }
  await clock.settle();
  // per pair nothing is missing, nothing came twice
  for (let from = 0; from < actors; from++) {
    for (let to = 0; to < actors; to++) {
      same(seen[to]!.last[from], sent[from]![to]! - 1);
      same(seen[to]!.exits[from], sentAtExit[from]![to]! < 0 ? 0 : 1);
    }
  }
  same(handled, messages);
  // some die: each monitor that stands fires exactly once, each that was taken back never
  const observer = spawn(runtime, () => undefined, { trapExit: true });
  const dead = new Set<Process>();
  for (const [at, pid] of all.entries()) {
    if (at % 2 === 0) continue;
    dead.add(pid);
    runtime.exit(pid, 'kill');
  }
  await clock.settle();
  for (const { ref, by, flushed } of monitors) {
    if (dead.has(all[by]!)) continue;
    const target = (ref as unknown as { readonly target: Process }).target;
    same(seen[by]!.downs.get(ref) ?? 0, !flushed && dead.has(target) ? 1 : 0);
  }
  // the dead answer noproc
  let noproc = 0;
  const asker = spawn(
    runtime,
    (kind, message) => {
      if (kind === Kind.down || kind === Kind.exit) {
        same((message as Down | Exit).reason, 'noproc');
        noproc++;
      }
    },
    { trapExit: true },
  );
  for (const pid of dead) {
    asker.monitor(pid);
    asker.link(pid);
  }
  // taken back at once with flush: nothing is left behind
  const flushed = observer.monitor([...dead][0]!);
  observer.demonitor(flushed, { flush: true });
  same(observer.queued, 0);
  await clock.settle();
  same(noproc, dead.size * 2);
  return handled;
}
