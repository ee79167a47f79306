import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Kind } from '../../src/actor/mailbox.ts';
import { RemotePid } from '../../src/actor/pid.ts';
import type { Process } from '../../src/actor/process.ts';
import { GroupChange, GroupsLapsed, ProcessGroups } from '../../src/otp/process-groups.ts';
import { Memberships } from '../../src/otp/process-groups/memberships.ts';
import type { GroupsPort } from '../../src/otp/process-groups/sharing.ts';
import { reasonOf, recorder, same, sameItems, spawn, world } from '../actor/world.ts';

type Inbox = readonly { readonly message: unknown }[];

/** What a subscriber was told, in short. */
const told = (inbox: Inbox): unknown[] =>
  inbox.map(({ message }) =>
    message instanceof GroupChange
      ? [message.tag, message.group, message.pids]
      : message instanceof GroupsLapsed
        ? 'lapsed'
        : message,
  );

const thrown = (run: () => unknown): Promise<unknown> => reasonOf(Promise.resolve().then(run));

describe('membership (N4)', () => {
  test('joining n times gives n memberships, and each leave takes one away', () => {
    const { runtime } = world();
    const groups = new ProcessGroups();
    const [a, b] = [spawn(runtime), spawn(runtime)];
    groups.join('g', a);
    groups.join('g', [b, a]);
    expect(groups.getMembers('g')).toEqual([a, a, b]);
    expect(groups.leave('g', a)).toBe('ok');
    expect(groups.getMembers('g')).toEqual([a, b]);
    expect(groups.leave('g', [a, b, a])).toBe('ok');
    expect(groups.getMembers('g')).toEqual([]);
    expect(groups.leave('g', [a, b])).toBe('not_joined');
    expect(groups.leave('none', a)).toBe('not_joined');
  });

  test('an empty group is not listed', () => {
    const { runtime } = world();
    const groups = new ProcessGroups<string | symbol>();
    const [a, b] = [spawn(runtime), spawn(runtime)];
    const key = Symbol('key');
    groups.join('g', a);
    groups.join(key, [a, b]);
    groups.join('empty', []);
    expect(groups.whichGroups()).toEqual(['g', key]);
    groups.leave('g', a);
    expect(groups.whichGroups()).toEqual([key]);
  });

  test('members leave on death, of all their groups, before anybody hears of it', async () => {
    const { runtime, clock } = world();
    const groups = new ProcessGroups();
    const [a, b] = [spawn(runtime), spawn(runtime)];
    groups.join('g', [a, b, a]);
    groups.join('h', a);
    const seen: unknown[] = [];
    const watcher = spawn(runtime, (kind) => {
      if (kind === Kind.down) seen.push(groups.getMembers('g'), groups.whichGroups());
    });
    watcher.monitor(a);
    runtime.onExit(a, () => seen.push(groups.getMembers('g'), groups.whichGroups()));
    runtime.exit(a, 'kill');
    await clock.settle();
    expect(seen).toEqual([[b], ['g'], [b], ['g']]);
  });

  test('a member that dies in the same stroke as another is no member already', () => {
    const { runtime } = world();
    const groups = new ProcessGroups();
    const [a, b, c] = [spawn(runtime), spawn(runtime), spawn(runtime)];
    a.link(b);
    a.link(c);
    groups.join('g', c);
    const seen: unknown[] = [];
    runtime.onExit(b, () => seen.push(c.alive, groups.getMembers('g'), groups.whichGroups()));
    runtime.exit(a, 'gone');
    expect(seen).toEqual([false, [], []]);
  });

  test('scopes are independent', () => {
    const { runtime } = world();
    const [one, two] = [new ProcessGroups(), new ProcessGroups()];
    const a = spawn(runtime);
    one.join('g', a);
    two.join('h', a);
    expect(one.whichGroups()).toEqual(['g']);
    expect(two.leave('g', a)).toBe('not_joined');
    runtime.exit(a, 'kill');
    expect([one.whichGroups(), two.whichGroups()]).toEqual([[], []]);
  });
});

describe('who may join (N6)', () => {
  test('one entry that is no process of this node fails the whole call, join and leave', () => {
    const { runtime } = world();
    const groups = new ProcessGroups();
    const a = spawn(runtime);
    const remote = new RemotePid('other', 1, 1);
    expect(() => groups.join('g', [a, remote])).toThrow(TypeError);
    expect(groups.whichGroups()).toEqual([]);
    groups.join('g', a);
    expect(() => groups.leave('g', [a, remote])).toThrow(TypeError);
    expect(groups.getMembers('g')).toEqual([a]);
  });

  test('the dead are passed over', () => {
    const { runtime } = world();
    const groups = new ProcessGroups();
    const [a, dead] = [spawn(runtime), spawn(runtime)];
    runtime.exit(dead, 'kill');
    groups.join('g', [dead, a]);
    expect(groups.getMembers('g')).toEqual([a]);
  });

  test('local members are all members there are on one node', () => {
    const { runtime } = world();
    const groups = new ProcessGroups();
    const a = spawn(runtime);
    groups.join('g', [a, a]);
    expect(groups.getLocalMembers('g')).toEqual(groups.getMembers('g'));
  });

  test('a bound on memberships: all of a call or none', async () => {
    const { runtime } = world();
    const groups = new ProcessGroups({ maxMemberships: 2 });
    const [a, b] = [spawn(runtime), spawn(runtime)];
    groups.join('g', a);
    expect(await thrown(() => groups.join('g', [a, b]))).toEqual({ overloaded: 'memberships' });
    expect(groups.getMembers('g')).toEqual([a]);
    groups.leave('g', a);
    groups.join('g', [a, b]);
    expect(groups.getMembers('g')).toEqual([a, b]);
    expect(() => new ProcessGroups({ maxMemberships: 0 })).toThrow(RangeError);
    expect(() => new ProcessGroups({ maxMonitors: NaN })).toThrow(RangeError);
  });
});

describe('monitors (N7)', () => {
  test('of a group: the members of now, then every change in order, a multi-join in one message', async () => {
    const { runtime, clock } = world();
    const groups = new ProcessGroups();
    const [a, b] = [spawn(runtime), spawn(runtime)];
    const { pid, inbox } = recorder(runtime);
    groups.join('g', a);
    const { ref, members } = groups.monitor(pid, 'g');
    expect(members).toEqual([a]);
    groups.join('g', [a, b, b]);
    groups.join('h', a);
    groups.leave('g', [b, b, b]);
    groups.leave('g', b);
    groups.join('g', []);
    runtime.exit(a, 'kill');
    await clock.settle();
    expect(told(inbox)).toEqual([
      ['join', 'g', [a, b, b]],
      ['leave', 'g', [b, b]],
      ['leave', 'g', [a, a]],
    ]);
    expect(inbox.every(({ message }) => (message as GroupChange).ref === ref)).toBe(true);
  });

  test('of a scope: all groups with their members, then the changes of all, also new ones', async () => {
    const { runtime, clock } = world();
    const groups = new ProcessGroups();
    const [a, b] = [spawn(runtime), spawn(runtime)];
    const { pid, inbox } = recorder(runtime);
    groups.join('g', [a, b]);
    groups.join('h', a);
    const { groups: now } = groups.monitorScope(pid);
    expect([...now]).toEqual([
      ['g', [a, b]],
      ['h', [a]],
    ]);
    groups.join('new', b);
    runtime.exit(a, 'kill');
    await clock.settle();
    expect(told(inbox)).toEqual([
      ['join', 'new', [b]],
      ['leave', 'g', [a]],
      ['leave', 'h', [a]],
    ]);
  });

  test('a leave by death is told before the DOWN', async () => {
    const { runtime, clock } = world();
    const groups = new ProcessGroups();
    const a = spawn(runtime);
    const { pid, inbox } = recorder(runtime);
    groups.join('g', a);
    pid.monitor(a);
    groups.monitor(pid, 'g');
    runtime.exit(a, 'kill');
    await clock.settle();
    expect(inbox.map(({ message }) => (message as { readonly tag: string }).tag)).toEqual(['leave', 'DOWN']);
  });

  test('each monitor is separate; demonitor ends one, and takes back what is queued of it', async () => {
    const { runtime, clock } = world();
    const groups = new ProcessGroups();
    const a = spawn(runtime);
    const { pid, inbox } = recorder(runtime);
    const one = groups.monitor(pid, 'g').ref;
    const two = groups.monitor(pid, 'g').ref;
    groups.join('g', a);
    expect(groups.demonitor(one)).toBe(true);
    expect(groups.demonitor(one)).toBe(false);
    groups.leave('g', a);
    await clock.settle();
    expect(inbox.map(({ message }) => (message as GroupChange).ref)).toEqual([two, two]);
  });

  test('demonitor of an unknown ref is false: of a process monitor, of another scope', () => {
    const { runtime } = world();
    const [one, two] = [new ProcessGroups(), new ProcessGroups()];
    const [a, b] = [spawn(runtime), spawn(runtime)];
    expect(one.demonitor(a.monitor(b))).toBe(false);
    const { ref } = two.monitor(a, 'g');
    expect(one.demonitor(ref)).toBe(false);
    expect(two.demonitor(ref)).toBe(true);
  });

  test('a dead subscriber is dropped, one that was dead from the start too', async () => {
    const { runtime } = world();
    const groups = new ProcessGroups({ maxMonitors: 1 });
    const [a, b] = [spawn(runtime), spawn(runtime)];
    groups.monitor(a, 'g');
    expect(await thrown(() => groups.monitorScope(b))).toEqual({ overloaded: 'monitors' });
    runtime.exit(a, 'kill');
    const { ref } = groups.monitor(a, 'g');
    expect(groups.demonitor(ref)).toBe(false);
    expect(groups.demonitor(groups.monitorScope(b).ref)).toBe(true);
    expect(() => groups.monitor(new RemotePid('other', 1, 1), 'g')).toThrow(TypeError);
  });

  test('a member in the middle of its death is not told of: neither now nor as a leave', async () => {
    const { runtime, clock } = world();
    const groups = new ProcessGroups();
    const [a, b, c] = [spawn(runtime), spawn(runtime), spawn(runtime)];
    const { pid, inbox } = recorder(runtime);
    a.link(b);
    a.link(c);
    groups.join('g', c);
    const seen: unknown[] = [];
    runtime.onExit(b, () =>
      seen.push(groups.monitor(pid, 'g').members, groups.monitorScope(pid).groups.size),
    );
    runtime.exit(a, 'gone');
    await clock.settle();
    expect(seen).toEqual([[], 0]);
    expect(inbox).toEqual([]);
  });

  test('a subscriber without room for a change hears that it missed one, and nothing more', async () => {
    const { runtime, clock } = world();
    for (const full of ['reject', 'dropNewest', 'dropOldest'] as const) {
      const groups = new ProcessGroups();
      const a = spawn(runtime);
      const { pid, inbox } = recorder(runtime);
      pid.bound = 2;
      pid.full = full;
      const { ref } = groups.monitor(pid, 'g');
      for (let n = 0; n < 4; n++) groups.join('g', a);
      await clock.settle();
      groups.leave('g', a);
      await clock.settle();
      const join = ['join', 'g', [a]];
      expect(told(inbox)).toEqual([join, join, 'lapsed']);
      expect(groups.demonitor(ref)).toBe(false);
      expect(pid.names).toEqual([]);
      expect(groups.monitor(pid, 'g').members).toEqual([a, a, a]);
    }
  });

  test('demonitor also takes back a queued notice that a change is missing', async () => {
    const { runtime, clock } = world();
    const groups = new ProcessGroups();
    const a = spawn(runtime);
    const { pid, inbox } = recorder(runtime);
    pid.bound = 1;
    const { ref } = groups.monitor(pid, 'g');
    groups.join('g', a);
    groups.join('g', a);
    expect(groups.demonitor(ref)).toBe(false);
    await clock.settle();
    expect(inbox).toEqual([]);
  });

  test('a process that neither is a member nor listens is not remembered', () => {
    const { runtime } = world();
    const groups = new ProcessGroups();
    const a = spawn(runtime);
    const { ref } = groups.monitor(a, 'g');
    groups.join('g', [a, a]);
    expect(a.names.length).toBe(1);
    groups.leave('g', [a, a]);
    expect(a.names.length).toBe(1);
    groups.demonitor(ref);
    expect(a.names).toEqual([]);
    groups.join('g', a);
    groups.leave('g', a);
    expect(a.names).toEqual([]);
  });
});

describe('a view kept by the messages', () => {
  const step = fc.record({
    tag: fc.constantFrom('join' as const, 'join' as const, 'leave' as const, 'kill' as const),
    who: fc.array(fc.nat(4), { minLength: 1, maxLength: 3 }),
    group: fc.constantFrom('a', 'b', 'c'),
  });

  test('any mix of join, leave and death: it agrees with the scope, and the scope with a list', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 30, size: 'max' }),
        fc.nat(30),
        async (steps, subscribed) => {
          const { runtime, clock } = world();
          const groups = new ProcessGroups();
          const pids = Array.from({ length: 5 }, () => spawn(runtime));
          const { pid, inbox } = recorder(runtime);
          const model: { readonly group: string; readonly pid: Process }[] = [];
          const view = new Map<string, Process[]>();
          const leave = (group: string, who: Process): boolean => {
            const at = model.findIndex((item) => item.group === group && item.pid === who);
            if (at >= 0) model.splice(at, 1);
            return at >= 0;
          };
          steps.forEach(({ tag, who, group }, n) => {
            if (n === subscribed)
              for (const [name, members] of groups.monitorScope(pid).groups)
                view.set(name, members.slice() as Process[]);
            const chosen = who.map((each) => pids[each] as Process);
            if (tag === 'join') {
              groups.join(group, chosen);
              for (const each of chosen) if (each.alive) model.push({ group, pid: each });
            } else if (tag === 'leave') {
              const left = chosen.filter((each) => leave(group, each));
              same(groups.leave(group, chosen), left.length === 0 ? 'not_joined' : 'ok');
            } else {
              runtime.exit(chosen[0] as Process, 'kill');
              for (const item of model.slice()) if (item.pid === chosen[0]) leave(item.group, item.pid);
            }
            for (const each of ['a', 'b', 'c'])
              sameItems(
                serials(groups.getMembers(each) as Process[]),
                serials(model.filter((item) => item.group === each).map((item) => item.pid)),
              );
            sameItems(
              groups.whichGroups().toSorted(),
              [...new Set(model.map((item) => item.group))].toSorted(),
            );
          });
          if (subscribed >= steps.length) return;
          await clock.settle();
          for (const { message } of inbox) {
            const { tag, group, pids: changed } = message as GroupChange<string>;
            const members = view.get(group) ?? [];
            view.set(group, members);
            for (const each of changed as Process[]) {
              if (tag === 'join') members.push(each);
              else members.splice(expectIn(members, each), 1);
            }
          }
          for (const each of ['a', 'b', 'c'])
            expect(serials(view.get(each) ?? [])).toEqual(serials(groups.getMembers(each) as Process[]));
        },
      ),
      { numRuns: 300 },
    );
  });

  const serials = (members: readonly Process[]): number[] =>
    members.map(({ serial }) => serial).toSorted((a, b) => a - b);

  function expectIn(members: readonly Process[], who: Process): number {
    const at = members.indexOf(who);
    expect(at, 'told to leave without having joined').not.toBe(-1);
    return at;
  }
});

describe('Memberships', () => {
  test('any mix of join, leave and drop: counts, groups and size agree with a list', () => {
    const step = fc.record({
      tag: fc.constantFrom('join' as const, 'join' as const, 'leave' as const, 'drop' as const),
      member: fc.nat(3),
      group: fc.constantFrom('a', 'b'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        const table = new Memberships<string, number>();
        let model: (readonly [string, number])[] = [];
        const count = (group: string, member: number): number =>
          model.filter(([g, m]) => g === group && m === member).length;
        for (const { tag, member, group } of steps) {
          if (tag === 'join') {
            table.join(group, member);
            model.push([group, member]);
          } else if (tag === 'leave') {
            const at = model.findIndex(([g, m]) => g === group && m === member);
            same(table.leave(group, member), at >= 0);
            if (at >= 0) model.splice(at, 1);
          } else {
            for (const [each, times] of table.drop(member)) same(times, count(each, member));
            model = model.filter(([, m]) => m !== member);
          }
          same(table.size, model.length);
          for (const each of ['a', 'b'])
            sameItems(
              [...table.members(each)].toSorted((x, y) => x - y),
              model
                .filter(([g]) => g === each)
                .map(([, m]) => m)
                .toSorted((x, y) => x - y),
            );
          sameItems([...table.groups()].toSorted(), [...new Set(model.map(([g]) => g))].toSorted());
          for (let m = 0; m < 4; m++)
            same(
              table.isMember(m),
              model.some(([, other]) => other === m),
            );
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('sharing', () => {
  const port = (told: unknown[]): GroupsPort<string> => ({
    keyOf: (group) => group.toLowerCase(),
    changed: (tag, group, pids) => void told.push([tag, group, pids.length]),
  });

  test('tells of joins, leaves and deaths here, and of nothing else', () => {
    const { runtime } = world();
    const groups = new ProcessGroups();
    const told: unknown[] = [];
    const [a, b] = [spawn(runtime), spawn(runtime)];
    groups.join('Before', a);
    const shared = groups.share(port(told));
    shared.unite();
    expect([groups.whichGroups(), shared.offered()]).toEqual([['before'], [['before', [a]]]]);
    groups.join('G', [a, a, b]);
    groups.leave('g', a);
    groups.leave('none', a);
    runtime.exit(a, 'kill');
    shared.join('g', [new RemotePid('far', 1, 1)]);
    expect(told).toEqual([
      ['join', 'g', 3],
      ['leave', 'g', 1],
      ['leave', 'before', 1],
      ['leave', 'g', 1],
    ]);
  });

  test('brings in members of other nodes, of whom monitors are told, behind those of this one', () => {
    const { runtime } = world();
    const groups = new ProcessGroups();
    const shared = groups.share(port([]));
    const [here, far] = [spawn(runtime), new RemotePid('far', 1, 1)];
    shared.join('g', [far, far]);
    groups.join('g', here);
    expect([groups.getMembers('g'), groups.getLocalMembers('g')]).toEqual([[here, far, far], [here]]);
    shared.leave('g', [far, new RemotePid('far', 1, 2)]);
    expect(groups.getMembers('g')).toEqual([here, far]);
    expect(() => groups.leave('g', far)).toThrow(TypeError);
    expect(() => groups.join('g', far)).toThrow(TypeError);
  });

  test('is by one at a time, and its end is its own', () => {
    const { runtime } = world();
    const groups = new ProcessGroups();
    const told: unknown[] = [];
    const first = groups.share(port([]));
    expect(() => groups.share(port([]))).toThrow(TypeError);
    first.end();
    groups.share(port(told));
    first.end();
    groups.join('g', spawn(runtime));
    expect(told).toHaveLength(1);
  });
});
