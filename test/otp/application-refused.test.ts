/** What makes no sense as an application, or as a request about one, is refused by name. */
import { describe, expect, test } from 'vitest';
import { defineApplication, loadApplications, type Application } from '../../src/otp/application.ts';
import { StartError } from '../../src/otp/errors.ts';
import { failure, reasonOf, world } from '../actor/world.ts';

const begin = (start: unknown, more: Partial<Application> = {}) => {
  const all = world();
  const app = defineApplication({ name: 'app', start: start as never, ...more });
  return { ...all, applications: loadApplications(all.runtime, [app]) };
};

describe('a start callback', () => {
  test.each([
    ['nothing', undefined],
    ['null', null],
    ['a number', 7],
    ['a text', 'supervisor'],
    ['a pid or an empty object', {}],
    ['a list', [{ id: 'x', start: () => ({ tag: 'ignore' }) }]],
  ])('that gives %s fails the start with bad_return_value, at once or later', async (_, given) => {
    for (const start of [() => given, () => Promise.resolve(given)]) {
      const { applications, runtime } = begin(start);
      const error = (await failure(applications.start('app'))) as StartError;
      expect(error).toBeInstanceOf(StartError);
      expect(error.reason).toEqual({ bad_return_value: given });
      expect(error.message).toContain('bad_return_value');
      expect([runtime.alive, await applications.which()]).toEqual([1, []]);
    }
  });

  test('whose child specification gives no process fails with what it gave', async () => {
    const { applications, runtime } = begin(() => ({ id: 'x', start: () => undefined }));
    expect(await reasonOf(applications.start('app'))).toEqual({ bad_return_value: undefined });
    const thrown = begin(() => ({
      id: 'x',
      start: () => {
        throw new Error('bug');
      },
    }));
    expect(await reasonOf(thrown.applications.start('app'))).toMatchObject({ message: 'bug' });
    expect(runtime.alive).toBe(1);
  });

  test('that is not there makes a library', async () => {
    const { applications } = begin(undefined);
    await applications.start('app');
    expect(await applications.which()).toMatchObject([{ name: 'app' }]);
  });
});

describe('definitions', () => {
  test.each([undefined, null, 7, 'db'])('are objects, not %s', (none) => {
    expect(() => defineApplication(none as never)).toThrow('application: definition must be an object');
    expect(() => loadApplications(world().runtime, [none as never])).toThrow(TypeError);
    expect(() => loadApplications(world().runtime, none as never)).toThrow(
      'applications must be an array of applications',
    );
  });

  test.each([
    [{ name: 'a', dependencies: [null] }, 'application a: dependencies'],
    [{ name: 'a', dependencies: [{}] }, 'application a: dependencies'],
    [{ name: 'a', env: [] as object }, 'application a: env'],
    [{ name: 'a', start: 'x' }, 'application a: start'],
  ])('are judged when they are loaded as well: %o', (definition, text) => {
    const { runtime } = world();
    expect(() => defineApplication(definition as never)).toThrow(text);
    expect(() => loadApplications(runtime, [definition as never])).toThrow(text);
    expect(runtime.spawned).toBe(0);
  });

  test.each([null, 7, {}, { onSignal: () => () => {} }])('a host has onSignal and exit: %o', (host) => {
    const { runtime } = world();
    expect(() => loadApplications(runtime, [], { host: host as never })).toThrow(TypeError);
    expect(runtime.spawned).toBe(0);
  });

  test('a runtime is needed', () => {
    expect(() => loadApplications(undefined as never, [])).toThrow('runtime must be a Runtime');
  });
});

describe('requests', () => {
  test('name an application', async () => {
    const { applications } = begin(() => ({ children: [] }));
    for (const none of [undefined, null, 7, {}]) {
      const name = none as unknown as string;
      const text = 'application must be an application or its name';
      await expect(applications.start(name)).rejects.toThrow(text);
      await expect(applications.ensureAllStarted(name)).rejects.toThrow(text);
      await expect(applications.stop(name)).rejects.toThrow(text);
      expect(() => applications.env(name)).toThrow(text);
    }
  });

  test('with a type, or settings, that are none are TypeErrors', async () => {
    const { applications } = begin(() => ({ children: [] }));
    await expect(applications.start('app', null as never)).rejects.toThrow('settings must be an object');
    await expect(applications.ensureAllStarted('app', 7 as never)).rejects.toThrow(
      'settings must be an object',
    );
    const settings = { type: 'eternal' as 'permanent' };
    await expect(applications.start('app', settings)).rejects.toThrow(
      'type must be permanent, transient, temporary',
    );
    await expect(applications.ensureAllStarted('app', settings)).rejects.toThrow('type must be');
    expect(await applications.which()).toEqual([]);
  });

  test('with an environment that is none are TypeErrors', async () => {
    const { applications, runtime } = begin(() => ({ children: [] }));
    for (const env of [7, 'x', null]) {
      await expect(applications.start('app', { env: env as never })).rejects.toThrow('env must be an object');
      await expect(applications.ensureAllStarted('app', { env: { app: env as never } })).rejects.toThrow(
        'env of app must be an object',
      );
      const options = { env: { a: env as unknown as object } };
      expect(() => loadApplications(runtime, [{ name: 'a' }], options)).toThrow('env of a must be an object');
    }
  });

  test.each([Number.NaN, -1, '5', null])(
    'with the deadline %s are RangeErrors, and all run on',
    async (deadline) => {
      const { applications, runtime } = begin(() => ({ children: [] }));
      await applications.start('app');
      await expect(applications.stopAll({ timeout: deadline as number })).rejects.toThrow(RangeError);
      expect(await applications.which()).toMatchObject([{ name: 'app' }]);
      expect(() => loadApplications(runtime, [], { timeout: deadline as number })).toThrow(RangeError);
    },
  );
});
