/**
 * Actors that every member of a simulated mesh has beside its own: they do what actors do, and keep a diary of it.
 *
 * companion     linked to the receiver and the courier of now: their restarts leave it alone
 * probes (oneForAll, 3 in 5 s: as often as the user's supervisor above it)
 * ├── receiver  takes the messages, in order, and answers questions, some too late
 * ├── courier   sends them, and asks
 * └── warden    monitors the other two
 *
 * oneForAll, so that the death of one makes the supervisor stop the others in their order.
 */
import { Call } from '../../actor/call.ts';
import { seconds } from '../../actor/clock.ts';
import { Down, Exit } from '../../actor/monitor.ts';
import type { NameScope } from '../../actor/names.ts';
import type { Ref } from '../../actor/pid.ts';
import type { Process, Self } from '../../actor/process.ts';
import type { ChildSpec } from '../../otp/child-spec.ts';
import type { GenServer } from '../../otp/gen-server.ts';
import { noReply } from '../../otp/result.ts';
import type { RestartLimit } from '../../otp/restart-intensity.ts';
import { Request, ServerRef } from '../../otp/server-ref.ts';
import { supervisor, worker } from '../../otp/supervisor.ts';
import type { Asked, Diary, Watch } from './diary.ts';

interface ProbeArgs {
  readonly diary: Diary;
  readonly scope: NameScope;
}

interface Note {
  readonly sender: number;
  readonly sequence: number;
}

interface ReceiverCalls {
  /** The answer comes so many milliseconds later. */
  ask(delay: number): true;
}

interface ReceiverCasts {
  note(note: Note): void;
}

export interface CourierCasts {
  burst(count: number): void;
}

/** In the order in which they are started. */
const ORDER = { receiver: 0, courier: 1, warden: 2 };

const serialOf = (self: Self): number => (self as Process).serial;
const parentOf = (self: Self): number => (self.parent as Process | null)?.serial ?? 0;

/** Only what a supervisor stops counts: who dies of its supervisor's death dies in any order. */
const stopped = (what: keyof typeof ORDER, reason: unknown, { diary }: ProbeArgs, self: Self): void => {
  if (reason === 'shutdown') diary.stopped(parentOf(self), ORDER[what]);
};

/** Milliseconds a question waits; every other answer comes in the same moment or later. */
const PATIENCE = 100;
const DELAYS = [0, 1, PATIENCE - 1, PATIENCE, PATIENCE + 1, 3 * PATIENCE];

/** As a promise it could not tell that it is settled twice. */
class Question extends Call {
  readonly request: Request;
  readonly #asked: Asked;
  constructor(delay: number, asked: Asked) {
    super();
    this.request = new Request('ask', delay);
    this.#asked = asked;
  }
  protected onReply(): void {
    this.#asked.settled++;
  }
  protected onFailure(): void {
    this.#asked.settled++;
  }
}

/** Links it to the companion that is there. */
function befriend({ diary, scope }: ProbeArgs, self: Self): void {
  const other = scope.whereis('companion') as Process | undefined;
  if (other === undefined) return;
  diary.watch(other.serial, serialOf(self), 'link');
  self.link(other);
}

const companion: GenServer<ProbeArgs, ProbeArgs> = {
  label: 'companion',
  trapExit: true,
  init: (args) => args,
  handleInfo: (message, args, self) => {
    if (message instanceof Exit) args.diary.exited(serialOf(self), (message.from as Process).serial);
    return noReply(args);
  },
};

const receiver: GenServer<ProbeArgs, ProbeArgs, ReceiverCalls, ReceiverCasts> = {
  label: 'receiver',
  trapExit: true,
  init: (args, self) => {
    args.diary.started(parentOf(self));
    befriend(args, self);
    return args;
  },
  handleCall: {
    ask: (delay, args, self, from) => {
      self.sendAfter(delay, from);
      return noReply(args);
    },
  },
  handleInfo: (message, args) => {
    if (message instanceof Call) message.reply(true);
    return noReply(args);
  },
  handleCast: {
    note: ({ sender, sequence }, args, self) => {
      args.diary.received(sender, serialOf(self), sequence);
      return noReply(args);
    },
  },
  terminate: (reason, args, self) => {
    stopped('receiver', reason, args, self);
  },
};

const courier: GenServer<ProbeArgs, ProbeArgs, object, CourierCasts> = {
  label: 'courier',
  trapExit: true,
  init: (args, self) => {
    args.diary.started(parentOf(self));
    befriend(args, self);
    return args;
  },
  // the companion's end
  handleInfo: (_message, args) => noReply(args),
  handleCast: {
    burst: (count, args, self) => {
      const to = args.scope.whereis('receiver') as Process | undefined;
      if (to === undefined) return noReply(args);
      const sender = serialOf(self);
      const pair = args.diary.pair(sender, to.serial);
      const ref = new ServerRef<object, ReceiverCasts>(self.runtime, to);
      for (let n = 0; n < count; n++) {
        if (ref.cast('note', { sender, sequence: pair.accepted })) pair.accepted++;
        else pair.refused++;
      }
      pair.deepest = Math.max(pair.deepest, pair.accepted - pair.received);
      const asked = args.diary.asked(sender, self.clock.now() + PATIENCE);
      const delay = DELAYS[count % DELAYS.length] as number;
      self.runtime.call(to, new Question(delay, asked), PATIENCE);
      return noReply(args);
    },
  },
  terminate: (reason, args, self) => {
    stopped('courier', reason, args, self);
  },
};

interface WardenState {
  readonly args: ProbeArgs;
  readonly watches: Map<Ref, Watch>;
}

const warden: GenServer<ProbeArgs, WardenState> = {
  label: 'warden',
  trapExit: true,
  init: (args, self) => {
    args.diary.started(parentOf(self));
    const watches = new Map<Ref, Watch>();
    for (const name of ['receiver', 'courier']) {
      const target = args.scope.whereis(name) as Process | undefined;
      if (target === undefined) continue;
      // twice: each monitor has a down of its own
      for (let n = 0; n < 2; n++)
        watches.set(self.monitor(target), args.diary.watch(serialOf(self), target.serial));
      const given = self.monitor(target);
      const watch = args.diary.watch(serialOf(self), target.serial);
      watches.set(given, watch);
      watch.released = self.demonitor(given);
    }
    return { args, watches };
  },
  handleInfo: (message, state) => {
    const watch = message instanceof Down ? state.watches.get(message.ref) : undefined;
    if (watch !== undefined) watch.notices++;
    return noReply(state);
  },
  terminate: (reason, { args }, self) => {
    stopped('warden', reason, args, self);
  },
};

const LIMIT: RestartLimit = { intensity: 3, period: seconds(5) };

/** What the supervisors of the probes may do, by label. */
export const PROBES: ReadonlyMap<string, RestartLimit> = new Map([['probes', LIMIT]]);

/** The `children` of a node or client; `scope` is where the courier is found. */
export function probes(diary: Diary, scope: NameScope): readonly ChildSpec[] {
  const args: ProbeArgs = { diary, scope };
  return [
    worker('companion', companion, args, { name: 'companion', scope }),
    supervisor('probes', {
      strategy: 'oneForAll',
      ...LIMIT,
      children: [
        worker('receiver', receiver, args, { name: 'receiver', scope }),
        worker('courier', courier, args, { name: 'courier', scope }),
        worker('warden', warden, args, { name: 'warden', scope }),
      ],
    }),
  ];
}
