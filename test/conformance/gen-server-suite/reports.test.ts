import { expect } from 'vitest';
import { formatReport } from '../../../src/actor/report-text.ts';
import type { Report } from '../../../src/actor/report.ts';
import type { StatusParts } from '../../../src/actor/behavior.ts';
import { exit, noReply, ServerRef, stop } from '../../../src/otp.ts';
import { FORMATTER_CRASHED } from '../../../src/otp/server-status.ts';
import { getStatus, log, suspend } from '../../../src/otp/sys.ts';
import { reasonOf } from '../../actor/world.ts';
import { conformanceSuite } from '../suite.ts';
import { begin, puppet, Via, type Calls, type Casts, type Puppet, type Step } from './puppet.ts';

const { ported } = conformanceSuite('gen_server_SUITE', 60);

const tags = (reports: readonly Report[]): readonly string[] => reports.map(({ tag }) => tag);

/** Shows the state in another form, the rest as it is. */
const formatStatus = (status: StatusParts): StatusParts => ({
  ...status,
  state: { formatted: status.state },
});

const crash: Step = () => exit('crashed');

ported('crash', async () => {
  // an orderly end: the caller gets the reason, and nobody else hears of it
  for (const reason of ['shutdown', { shutdown: 'why' }]) {
    for (const end of [(() => exit(reason)) as Step, ((state) => stop(reason, state)) as Step]) {
      const { ref, reports } = await begin();
      expect(await reasonOf(ref.call('run', end))).toEqual(reason);
      expect(reports).toEqual([]);
    }
  }
  // a crash: the server's report, then the crash report, and nothing else
  const { ref, pid, reports, clock } = await begin(puppet({ formatStatus }), { name: 'my_server' });
  const neighbor = await begin(puppet(), {}, { runtime: ref.runtime, clock, reports });
  ref.send('one');
  expect(await ref.call('state')).toEqual(['one']);
  const details: unknown[] = [];
  ref.runtime.onReport((report) => {
    if (report.tag === 'crash') details.push(report.details());
  });
  const beyond = await begin(puppet(), {}, neighbor);
  const trapping = await begin(puppet({ trapExit: true }), {}, neighbor);
  pid.link(trapping.pid);
  pid.link(neighbor.pid);
  neighbor.pid.link(beyond.pid);
  const answer = reasonOf(ref.call('run', crash));
  for (let n = 0; n < 12; n++) ref.send(n);
  expect(await answer).toBe('crashed');
  expect(reports).toMatchObject([
    {
      tag: 'terminate',
      pid,
      label: 'puppet',
      class: 'exit',
      reason: 'crashed',
      message: { call: { tag: 'run', payload: crash } },
      state: { formatted: ['one'] },
      log: [],
    },
    { tag: 'crash', pid, label: 'puppet', type: 'GenServer', reason: 'crashed', queued: 12 },
  ]);
  expect(details).toMatchObject([
    {
      initialCall: 'puppet',
      names: ['my_server'],
      class: 'exit',
      messages: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
      trapExit: false,
      links: [trapping.pid, neighbor.pid],
      neighbors: [
        { pid: neighbor.pid, initialCall: 'puppet' },
        { pid: beyond.pid, links: [neighbor.pid] },
      ],
    },
  ]);
});

/** How a server may be named. */
const namings = () => [{}, { name: 'my_server' }, { name: 'my_server', scope: new Via() }];

ported('call_format_status', async () => {
  for (const naming of namings()) {
    const { ref, runtime, pid } = await begin(puppet({ formatStatus }), naming);
    const targets = [
      ref,
      ...('name' in naming
        ? [new ServerRef<Calls, Casts>(runtime, { scope: naming.scope ?? runtime.names, name: naming.name })]
        : []),
    ];
    for (const target of targets) {
      expect(await getStatus(target)).toMatchObject({
        pid,
        module: 'puppet',
        status: 'running',
        parent: null,
        names: 'name' in naming ? [naming.name] : [],
        state: { formatted: [] },
      });
    }
    await suspend(ref);
    expect(await getStatus(ref)).toMatchObject({ status: 'suspended', state: { formatted: [] } });
  }
});

ported(['error_format_status', 'terminate_crash_format'], async (name) => {
  const broken = name === 'terminate_crash_format';
  for (const naming of namings()) {
    const terminate = (): never => exit({ crash: 'terminate' });
    const { ref, reports, pid } = await begin(
      puppet({ formatStatus, ...(broken ? { terminate } : {}) }),
      naming,
    );
    const told = await reasonOf(ref.call('run', broken ? (state) => stop('normal', state) : crash));
    const reason = broken ? { crash: 'terminate' } : 'crashed';
    expect([told, pid.reason]).toEqual([reason, reason]);
    expect(reports).toMatchObject([
      { tag: 'terminate', reason, state: { formatted: [] } },
      { tag: 'crash', reason },
    ]);
  }
});

ported(['crash_in_format_status', 'throw_in_format_status'], async (name) => {
  const failing = (): never => {
    throw name === 'crash_in_format_status' ? new Error('cannot format') : 'thrown';
  };
  const { ref, reports, pid } = await begin(puppet({ formatStatus: failing }));
  // a note in place of the state; the process is not affected, and the reports are complete
  expect(await getStatus(ref)).toMatchObject({ pid, status: 'running', state: FORMATTER_CRASHED });
  expect(await ref.call('state')).toEqual([]);
  expect(await reasonOf(ref.call('run', crash))).toBe('crashed');
  expect(reports).toMatchObject([
    // it may have hidden a part of anything
    { tag: 'terminate', state: FORMATTER_CRASHED, message: FORMATTER_CRASHED, log: [], reason: 'crashed' },
    { tag: 'crash', reason: 'crashed' },
  ]);
  expect(pid.alive).toBe(false);
});

ported('format_all_status', async () => {
  const everything = (status: StatusParts): StatusParts => ({
    state: ['formatted', 'state'],
    ...('reason' in status ? { reason: 'formatted reason' } : {}),
    ...('message' in status ? { message: 'formatted message' } : {}),
    log: status.log?.map(() => 'formatted event') ?? [],
  });
  const { ref, reports } = await begin(puppet({ formatStatus: everything }));
  await log(ref, true);
  await ref.call('state');
  const shown = { state: ['formatted', 'state'], log: ['formatted event', 'formatted event'] };
  expect(await getStatus(ref)).toMatchObject({ ...shown, debug: ['log'] });
  expect(await reasonOf(ref.call('run', crash))).toBe('crashed');
  const log3 = [...shown.log, 'formatted event'];
  const message = 'formatted message';
  expect(reports).toMatchObject([
    { tag: 'terminate', reason: 'formatted reason', message, ...shown, log: log3 },
    // OTP's shows the reason as it is, also what the callback has hidden
    { tag: 'crash', reason: 'formatted reason' },
  ]);
});

/** What a report looks like, without limits and with each. */
function judge(report: Report): void {
  const whole = formatReport(report);
  expect(whole).toMatch(/\n/);
  const single = formatReport(report, { singleLine: true });
  expect(single).not.toMatch(/\n/);
  const shallow = formatReport(report, { depth: 1 });
  expect(shallow.length).toBeLessThan(whole.length);
  // what is cut is shorter, and begins as the whole text does
  for (const singleLine of [false, true]) {
    const full = formatReport(report, { singleLine });
    for (const chars of [20, 60, 120]) {
      const cut = formatReport(report, { chars, singleLine });
      expect(cut).toHaveLength(chars);
      expect(full.startsWith(cut.slice(0, -1))).toBe(true);
    }
  }
  const head = whole.slice(0, 12);
  expect([shallow.slice(0, 12), single.slice(0, 12)]).toEqual([head, head]);
}

ported(['format_log_1', 'format_log_2'], async (name) => {
  const deep = { a: { b: { c: { d: { list: ['e', 'f', { g: 'h' }] } } } }, text: 'x'.repeat(200) };
  if (name === 'format_log_1') {
    // a server that fails
    const { ref, reports } = await begin(puppet({ handleInfo: () => noReply([deep]) }));
    ref.send('go');
    expect(await reasonOf(ref.call('run', () => exit(deep)))).toBe(deep);
    expect(tags(reports)).toEqual(['terminate', 'crash']);
    for (const report of reports) judge(report);
    expect(formatReport(reports[0] as Report)).toContain("g: 'h'");
    expect(formatReport(reports[0] as Report)).toMatch(
      /^server puppet <here\.1> terminates\n {2}last message: /,
    );
    return;
  }
  // a message that nobody handles
  const { handleInfo: _, ...without } = puppet();
  const { ref, reports } = await begin(without as Puppet);
  ref.send(deep);
  await ref.call('state');
  expect(tags(reports)).toEqual(['unhandled']);
  judge(reports[0] as Report);
  expect(formatReport(reports[0] as Report)).toMatch(/^puppet <here\.1> got a message it does not handle\n/);
});
