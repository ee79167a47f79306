/**
 * The actor `natProfile`: what is known of the NAT in front of this node.
 *
 * It measures when it is asked and keeps the result for 300 s, and 60 s more while it measures anew (SPEC §8.2). Once it
 * has been asked it also looks after itself: when an interface comes or goes, or a path moves, it measures again. One
 * measurement at a time; whoever asks meanwhile waits for it. What was found out about filtering stays for as long as
 * the result: later, when more hosts are known, it cannot be measured so well. Shares its view under its name.
 * Supervised by `peers`; a crash loses the result, which is measured again when it is wanted.
 */
import type { Process, Self } from '../../../actor/process.ts';
import type { TimerEntry } from '../../../actor/timers.ts';
import type { From, GenServer } from '../../../otp/gen-server.ts';
import { noReply, reply } from '../../../otp/result.ts';
import { rawOf } from '../../endpoint/raw.ts';
import { isWildcard } from '../../registry/own-endpoints.ts';
import { shared, type MeshContext } from '../../context.ts';
import { Contacts } from './contacts.ts';
import { ECHO, readEcho } from './echo.ts';
import { Measurement, type Measured } from './measurement.ts';
import { freshness } from './freshness.ts';
import { reportOf, type NatReport } from './report.ts';
import type { Filtering, NatClass } from '../taxonomy.ts';

/** Milliseconds between two looks at the interfaces, once somebody wants to know. */
const LOOK = 10_000;
/** Milliseconds from a change to the measurement, for changes come in groups; and between two of these. */
const SETTLE = 500;
const APART = 10_000;
/** Callers that wait for one measurement. */
const WAITING = 1_024;

export interface NatProfileArgs {
  readonly context: MeshContext;
  /** The addresses of this machine now. */
  readonly interfaces: () => readonly string[];
}

/** What others read without asking. */
export interface NatProfileView {
  readonly report: NatReport | undefined;
  /** For the choice of a strategy; undefined: unknown. */
  readonly profile: NatClass | undefined;
}

export interface NatProfileCalls {
  /** @param force measures anew whatever is known. */
  report(wanted: { readonly force: boolean }): NatReport;
}

export interface NatProfileCasts {
  /** A path of this node has moved: what is known may be over. */
  moved(): void;
}

interface State extends NatProfileArgs {
  readonly view: { report: NatReport | undefined; profile: NatClass | undefined };
  readonly contacts: Contacts;
  readonly waiting: From[];
  /** When `report` was measured, clock ms; undefined when it is no good any more. */
  measuredAt: number | undefined;
  measuring: Measurement | undefined;
  /** What was measured of filtering, when, and at which outside hosts. */
  filtering: { readonly is: Filtering; readonly at: number; readonly seenAt: readonly string[] } | undefined;
  /** As they were last; undefined before anybody asked. */
  hosts: string | undefined;
  settling: TimerEntry | undefined;
}

class Look {
  readonly look = true;
}
class Settled {
  readonly settled = true;
}

export const natProfileServer: GenServer<NatProfileArgs, State, NatProfileCalls, NatProfileCasts> = {
  label: 'natProfile',

  init: (args, self) => {
    const { context } = args;
    const state: State = {
      ...args,
      view: { report: undefined, profile: undefined },
      contacts: new Contacts(),
      waiting: [],
      measuredAt: undefined,
      measuring: undefined,
      filtering: undefined,
      hosts: undefined,
      settling: undefined,
    };
    context.scope.share('natProfile', self as Process, state.view);
    listen(state, self);
    return state;
  },

  handleCall: {
    report: ({ force }, state, self, from) => {
      const { report } = state.view;
      if (state.hosts === undefined) watch(state, self);
      const age = state.measuredAt === undefined ? Infinity : self.clock.now() - state.measuredAt;
      const known = force ? 'miss' : freshness(age);
      if (known !== 'fresh') measure(state, self);
      if (report !== undefined && known !== 'miss') return reply(report, state);
      // without anybody to ask it is over already
      if (state.measuring === undefined || state.waiting.length >= WAITING)
        return reply(state.view.report ?? nothing(self), state);
      state.waiting.push(from);
      return noReply(state);
    },
  },

  handleCast: {
    moved: (_none, state, self) => {
      changed(state, self);
      return noReply(state);
    },
  },

  handleInfo: (message, state, self) => {
    if (message instanceof Look) look(state, self);
    else if (message instanceof Settled) {
      state.settling = undefined;
      measure(state, self);
    }
    return noReply(state);
  },
};

const nothing = ({ clock }: Self): NatReport =>
  reportOf({
    observations: [],
    filtering: 'unknown',
    whyNot: undefined,
    local: [],
    asked: 0,
    measuredAt: Math.round(clock.wall()),
  });

/** Takes the echoes that come to the endpoint, for as long as we live. */
function listen(state: State, self: Self): void {
  const endpoint = shared(state.context, 'endpoint');
  if (endpoint === undefined) return;
  const { runtime } = state.context;
  const stop = rawOf(endpoint).register(ECHO, (from, bytes) => {
    const echo = readEcho(bytes);
    if (echo === undefined || state.measuring === undefined) return;
    const { host, port } = from;
    runtime.work(self as Process, () => {
      state.measuring?.echoed({ host, port }, echo);
    });
  });
  runtime.onExit(self.pid, stop);
}

/** Somebody wants to know: from now on changes are noticed. */
function watch(state: State, self: Self): void {
  state.hosts = hostsOf(state);
  self.sendAfter(LOOK, new Look());
}

function look(state: State, self: Self): void {
  const endpoint = shared(state.context, 'endpoint');
  if (endpoint !== undefined) state.contacts.look(endpoint.links, self.clock.now());
  const hosts = hostsOf(state);
  if (hosts !== state.hosts) changed(state, self);
  state.hosts = hosts;
  self.sendAfter(LOOK, new Look());
}

const hostsOf = ({ interfaces }: State): string => [...interfaces()].toSorted().join(' ');

/** What is known is over; measured again soon, when it was known. */
function changed(state: State, self: Self): void {
  if (state.view.report === undefined || state.settling !== undefined) return;
  const since = state.measuredAt === undefined ? APART : self.clock.now() - state.measuredAt;
  state.measuredAt = undefined;
  state.filtering = undefined;
  state.settling = self.sendAfter(Math.max(SETTLE, APART - since), new Settled());
}

function measure(state: State, self: Self): void {
  const { context, contacts } = state;
  const endpoint = shared(context, 'endpoint');
  if (state.measuring !== undefined || endpoint === undefined) return;
  contacts.look(endpoint.links, self.clock.now());
  const measurement = new Measurement(context, self as Process, contacts, (measured) => {
    state.measuring = undefined;
    finish(state, self, measured, localHosts(state, endpoint.local.host));
  });
  state.measuring = measurement;
  measurement.begin(endpoint);
}

function localHosts({ interfaces }: State, bound: string): readonly string[] {
  return isWildcard(bound) ? interfaces() : [bound];
}

function finish(state: State, self: Self, measured: Measured, local: readonly string[]): void {
  const now = self.clock.now();
  const filtering = remember(state, measured, now);
  const report = reportOf({
    ...measured,
    filtering,
    whyNot: filtering === 'unknown' ? measured.whyNot : undefined,
    local,
    measuredAt: Math.round(self.clock.wall()),
  });
  state.view.report = report;
  state.view.profile = report.assumed;
  state.measuredAt = now;
  for (const from of state.waiting.splice(0)) from.reply(report);
}

/** The filtering that was measured, now or before at the same address. */
function remember(state: State, { filtering, observations }: Measured, now: number): Filtering {
  const seenAt = observations.map(({ reflexiveIp }) => reflexiveIp);
  if (filtering !== 'unknown') {
    state.filtering = { is: filtering, at: now, seenAt };
    return filtering;
  }
  const before = state.filtering;
  if (before === undefined || freshness(now - before.at) === 'miss') return 'unknown';
  return before.seenAt.some((host) => seenAt.includes(host)) ? before.is : 'unknown';
}
