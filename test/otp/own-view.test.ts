/** Of a state is shown what its owner has put in its place, and nothing else (INSPECTOR §2, "Privacy"). */
import { describe, expect, test } from 'vitest';
import type { StatusParts } from '../../src/actor/behavior.ts';
import type { Process } from '../../src/actor/process.ts';
import { detailsOf } from '../../src/inspect/details.ts';
import { startServer, type GenServer } from '../../src/otp/gen-server.ts';
import { keepStateAndData, nextState, startStatem } from '../../src/otp/gen-statem.ts';
import { redact } from '../../src/otp/server-status.ts';
import { hostileValues } from '../actor/hostile.ts';
import { world } from '../actor/world.ts';

const SECRET = 'canary-77ab';

type Format = NonNullable<GenServer<void, unknown>['formatStatus']>;

async function shownOf(state: unknown, formatStatus?: Format): Promise<string | undefined> {
  const server: GenServer<void, unknown> = {
    init: () => null,
    ...(formatStatus === undefined ? {} : { formatStatus }),
  };
  const process = (await startServer(world().runtime, server, undefined)).pid as Process;
  // some of them are no state that an `init` could give
  process.state = state;
  return detailsOf(process, []).status.state.shown as string | undefined;
}

class Account {
  readonly token = SECRET;
  readonly users = ['ann'];
}
const states = (): unknown[] => [
  { token: SECRET, users: ['ann'], deep: { list: [1, { a: new Map([['k', SECRET]]) }] } },
  [SECRET],
  new Map([[SECRET, SECRET]]),
  new Account(),
  SECRET,
  42,
];

describe('a state stays hidden', () => {
  const silent: Record<string, Format | undefined> = {
    'without a formatter': undefined,
    'with one for messages': (status) => ({ ...status, message: '[hidden]' }),
    'with one for reasons and the log': (status) => ({ ...status, reason: 'x', log: [] }),
    'with one that copies all it gets': (status) => ({ ...structuredClone(status), message: undefined }),
    'with one that copies the fields': (status) => {
      const { state } = status;
      const copy = Array.isArray(state) || state instanceof Map || typeof state !== 'object';
      return { ...status, state: copy ? state : { ...state } };
    },
    'with one that gives no state': (status) => ({ ...status, state: undefined }),
  };
  for (const [how, format] of Object.entries(silent))
    test(how, async () => {
      for (const state of states()) expect(await shownOf(state, format)).toBe(undefined);
    });

  test('where it differs only behind what is compared', async () => {
    const [long, other] = ['a', 'b'].map((end) => Array.from({ length: 19_000 }, () => SECRET).concat(end));
    expect(await shownOf(long, (status) => ({ ...status, state: other }))).toBe(undefined);
  });

  test('of a machine whose data nobody has spoken of, whatever is said of its state', async () => {
    for (const name of ['open', 'shown']) {
      const ref = await startStatem(
        world().runtime,
        {
          init: () => nextState('open', { token: SECRET }),
          handleEvent: () => keepStateAndData(),
          formatStatus: (status) => ({ ...status, state: name, queue: [] }),
        },
        undefined,
      );
      expect(detailsOf(ref.pid as Process, []).status.state).not.toHaveProperty('shown');
    }
  });
});

describe('a state is shown', () => {
  test('as what the formatter has made of it', async () => {
    expect(await shownOf({ token: SECRET, users: 3 }, (status) => ({ ...status, state: { users: 3 } }))).toBe(
      '{ users: 3 }',
    );
    const parts = (status: StatusParts): StatusParts => {
      const copy = structuredClone(status) as { state: { token: string } };
      copy.state.token = '***';
      return copy;
    };
    expect(await shownOf({ token: SECRET, users: 3 }, parts)).toBe("{ token: '***', users: 3 }");
  });

  test('as `redact` leaves it, also where nothing had to be hidden', async () => {
    expect(await shownOf({ token: SECRET, users: 3 }, redact('token'))).toBe(
      "{ token: '[redacted]', users: 3 }",
    );
    expect(await shownOf({ users: 3 }, redact('token'))).toBe('{ users: 3 }');
    // there are no keys in a text
    expect(await shownOf(SECRET, redact('token'))).toBe(undefined);
  });

  test('of a machine with its data', async () => {
    for (const [data, shown] of [
      [{ token: SECRET, tries: 2 }, "{ token: '[redacted]', tries: 2 }"],
      [{ tries: 2 }, '{ tries: 2 }'],
    ] as const) {
      const ref = await startStatem(
        world().runtime,
        {
          init: () => nextState('open', data),
          handleEvent: () => keepStateAndData(),
          formatStatus: redact('token'),
        },
        undefined,
      );
      expect(detailsOf(ref.pid as Process, []).status.state.shown).toBe(`{ state: 'open', data: ${shown} }`);
    }
  });
});

test('no value breaks the look, nor does a formatter', async () => {
  for (const [, value] of hostileValues()) {
    for (const format of [
      undefined,
      (status: StatusParts) => ({ ...status }),
      redact('x'),
      () => ({ state: value }),
      () => {
        throw new Error(SECRET);
      },
    ] as (Format | undefined)[])
      expect(String(await shownOf(value, format))).not.toContain(SECRET);
  }
});
