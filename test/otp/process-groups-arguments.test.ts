import { describe, expect, test } from 'vitest';
import { Call } from '../../src/actor/call.ts';
import { RemotePid } from '../../src/actor/pid.ts';
import { ProcessGroups } from '../../src/otp/process-groups.ts';
import { hostileValues } from '../actor/hostile.ts';
import { recorder, spawn, world } from '../actor/world.ts';

describe('the options of process groups', () => {
  test('those that make no sense are named', () => {
    const wrong: readonly (readonly [RegExp, unknown])[] = [
      [/^options must/, null],
      [/^options must/, 5],
      [/^maxMemberships must/, { maxMemberships: '5' }],
      [/^maxMonitors must/, { maxMonitors: '5' }],
    ];
    for (const [message, options] of wrong) {
      const make = (): unknown => new ProcessGroups(options as object);
      expect(make).toThrow(message);
      expect(make).toThrow(TypeError);
    }
    for (const options of [{ maxMemberships: 0 }, { maxMemberships: Number.NaN }, { maxMonitors: -1 }]) {
      const make = (): unknown => new ProcessGroups(options);
      expect(make).toThrow(/^max\w+ must be a number ≥ [01], not /);
      expect(make).toThrow(RangeError);
    }
  });
});

describe('processes', () => {
  test('what is none is named by every function that takes one, and changes nothing', () => {
    const { runtime } = world();
    const groups = new ProcessGroups();
    const pid = spawn(runtime);
    const far = new RemotePid('far', 1, 1);
    groups.join('g', pid);
    const bad = [undefined, null, 5, 'a', {}, () => 1, { length: 1, 0: pid }, far];
    for (const pids of [...bad, ...bad.map((each) => [pid, each])] as never[]) {
      for (const use of [() => groups.join('g', pids), () => groups.leave('g', pids)]) {
        expect(use).toThrow(/^pids must/);
        expect(use).toThrow(TypeError);
      }
    }
    for (const subscriber of [...bad, [pid]] as never[]) {
      expect(() => groups.monitor(subscriber, 'g')).toThrow(/^subscriber must/);
      expect(() => groups.monitorScope(subscriber)).toThrow(/^subscriber must/);
    }
    expect(groups.getMembers('g')).toEqual([pid]);
    for (const ref of [undefined, null, 5, {}] as never[]) expect(groups.demonitor(ref)).toBe(false);
  });

  test('a ref of another scope is none of this one', async () => {
    const { runtime, clock } = world();
    const [here, there] = [new ProcessGroups(), new ProcessGroups()];
    const { pid, inbox } = recorder(runtime);
    const { ref } = there.monitor(pid, 'g');
    expect(here.demonitor(ref)).toBe(false);
    there.join('g', spawn(runtime));
    await clock.settle();
    expect(inbox).toHaveLength(1);
  });
});

describe('groups', () => {
  test('are compared as a map does: NaN is itself, objects by identity; hostile ones are looked at by nobody', () => {
    const { runtime } = world();
    const groups = new ProcessGroups<unknown>();
    const pid = spawn(runtime);
    const names = hostileValues().map(([, value]) => value);
    for (const name of names) groups.join(name, pid);
    expect(groups.whichGroups()).toHaveLength(names.length);
    expect([groups.getMembers({}), groups.getMembers(Number.NaN)]).toEqual([[], [pid]]);
    for (const name of names) expect(groups.leave(name, pid)).toBe('ok');
    expect(groups.whichGroups()).toEqual([]);
  });

  test('the list that was given, and the one that was got, may be changed by their holder', async () => {
    const { runtime, clock } = world();
    const groups = new ProcessGroups();
    const [a, b] = [spawn(runtime), spawn(runtime)];
    const { pid, inbox } = recorder(runtime);
    groups.monitor(pid, 'g');
    const pids = [a, b];
    groups.join('g', pids);
    pids.length = 0;
    (groups.getMembers('g') as unknown[]).length = 0;
    await clock.settle();
    expect([groups.getMembers('g'), inbox.map(({ message }) => (message as { pids: unknown }).pids)]).toEqual(
      [[a, b], [[a, b]]],
    );
  });
});

describe('monitors', () => {
  test('one that ends while a change is told gets nothing of it', async () => {
    const { runtime, clock } = world();
    const groups = new ProcessGroups();
    const { pid: full } = recorder(runtime);
    const { pid: other, inbox } = recorder(runtime);
    full.bound = 1;
    full.full = 'dropOldest';
    full.suspended = true;
    groups.monitor(full, 'g');
    const { ref } = groups.monitor(other, 'g');
    // a call that gives up its place in the full mailbox: whoever made it ends the other monitor at that moment
    class Ending extends Call {
      readonly request = 'x';
      protected override onReply(): void {}
      protected override onFailure(): void {
        groups.demonitor(ref);
      }
    }
    runtime.call(full, new Ending(), Infinity);
    groups.join('g', spawn(runtime));
    await clock.settle();
    expect(inbox).toEqual([]);
  });
});
