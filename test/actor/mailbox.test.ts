import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Kind, Mailbox } from '../../src/actor/mailbox.ts';
import { same, spawn, world } from './world.ts';

type Step =
  | { readonly tag: 'push' | 'unshift'; readonly kind: Kind; readonly value: number }
  | { readonly tag: 'take' | 'clear' }
  | { readonly tag: 'remove' | 'removeFirst'; readonly modulus: number };

const kind = fc.constantFrom(Kind.info, Kind.cast, Kind.call, Kind.down, Kind.exit, Kind.system, Kind.work);
const value = fc.nat(99);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ tag: fc.constant('push' as const), kind, value }) },
  { weight: 1, arbitrary: fc.record({ tag: fc.constant('unshift' as const), kind, value }) },
  { weight: 6, arbitrary: fc.constant({ tag: 'take' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      tag: fc.constantFrom('remove' as const, 'removeFirst' as const),
      modulus: fc.integer({ min: 2, max: 5 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ tag: 'clear' as const }) },
);

describe('Mailbox', () => {
  test('is a queue: any mix of push, unshift, take, remove, removeFirst and clear does what a list does', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
        const box = new Mailbox();
        let model: { kind: Kind; value: number }[] = [];
        for (const each of steps) {
          switch (each.tag) {
            case 'push':
              box.push(each.kind, each.value);
              model.push(each);
              break;
            case 'unshift':
              box.unshift(each.kind, each.value);
              model.unshift(each);
              break;
            case 'take': {
              const first = model.shift();
              if (first === undefined) break;
              same(box.peek(), first.kind);
              same(box.take(), first.value);
              break;
            }
            case 'remove': {
              const goes = (message: unknown): boolean => (message as number) % each.modulus === 0;
              const gone = model.filter((entry) => goes(entry.value)).length;
              model = model.filter((entry) => !goes(entry.value));
              same(
                box.remove((_, message) => goes(message)),
                gone,
              );
              break;
            }
            case 'removeFirst': {
              const at = model.findIndex((entry) => entry.value % each.modulus === 0);
              if (at >= 0) model.splice(at, 1);
              same(
                box.removeFirst((_, message) => (message as number) % each.modulus === 0),
                at >= 0,
              );
              break;
            }
            case 'clear':
              box.clear();
              model = [];
          }
          same(box.length, model.length);
        }
        for (const entry of model) {
          same(box.peek(), entry.kind);
          same(box.take(), entry.value);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test('keeps the order over 100,000 messages, growing and shrinking', () => {
    const box = new Mailbox();
    for (let i = 0; i < 100_000; i++) box.push(Kind.info, i);
    for (let i = 0; i < 100_000; i++) same(box.take(), i);
    expect(box.length).toBe(0);
  });
});

describe('the mailbox of a process', () => {
  const sends = fc.array(
    fc.oneof(fc.constant('send' as const), fc.constant('signal' as const), fc.constant('handle' as const)),
    {
      maxLength: 60,
      size: 'max',
    },
  );

  test('never holds more messages than its bound, and accepted = handled + queued, refused = dropped', async () => {
    await fc.assert(
      fc.asyncProperty(sends, fc.integer({ min: 1, max: 8 }), async (steps, bound) => {
        const { runtime, clock } = world();
        const handled: number[] = [];
        let open = (): void => {};
        const pid = spawn(runtime, (_, message) => {
          handled.push(message as number);
          return new Promise<void>((resolve) => (open = resolve));
        });
        pid.bound = bound;
        await clock.settle();
        const accepted: number[] = [];
        let refused = 0;
        let waiting = 0;
        let parked = false;
        for (const [at, each] of steps.entries()) {
          if (each === 'send') {
            // the first message is taken at once and parks the process
            const room = waiting < bound;
            same(runtime.send(pid, at), room);
            if (room) {
              accepted.push(at);
              waiting++;
            } else refused++;
          } else if (each === 'signal') {
            // signals are never refused
            runtime.work(pid, () => {
              handled.push(at);
            });
            accepted.push(at);
            waiting++;
          } else open();
          await clock.settle();
          parked = handled.length > 0;
          waiting = accepted.length - handled.length;
          same(pid.queued, waiting);
          same(pid.received, accepted.length);
          same(pid.handled, handled.length);
          same(pid.dropped, refused);
        }
        expect(handled).toEqual(accepted.slice(0, handled.length));
        same(parked || accepted.length === 0, true);
        runtime.exit(pid, 'kill');
      }),
      { numRuns: 1_000 },
    );
  });

  test('a flood of 100,000: the bound holds, each refused send returns false, shutdown comes before the next message', async () => {
    const { runtime, clock } = world();
    let release = (): void => {};
    const handled: unknown[] = [];
    const parent = spawn(runtime);
    let ended: unknown;
    const pid = spawn(
      runtime,
      (_, message) => {
        handled.push(message);
        return new Promise<void>((resolve) => (release = resolve));
      },
      { parent, trapExit: true, terminate: (reason) => void (ended = reason) },
    );
    runtime.send(pid, 'first');
    await clock.settle();
    let accepted = 0;
    for (let i = 0; i < 100_000; i++) if (runtime.send(pid, i)) accepted++;
    expect(accepted).toBe(1_000);
    expect(pid.queued).toBe(1_000);
    expect(pid.dropped).toBe(99_000);
    runtime.exit(pid, 'shutdown', parent);
    expect(ended).toBeUndefined();
    release();
    await clock.settle();
    expect(ended).toBe('shutdown');
    expect(handled).toEqual(['first']);
    expect(pid.mailbox).toBeNull();
  });
});
