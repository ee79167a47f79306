import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as topics from '../../../src/mesh/topic/topic.ts';
import {
  buildTopic,
  isSystemTopic,
  parseTopic,
  validateTopic,
  type BuildResult,
} from '../../../src/mesh/topic/topic.ts';
import { realValue, vectors } from '../../codec/vectors.ts';

interface BuildInput extends topics.TopicParts {
  readonly op: string;
  readonly args: readonly unknown[];
}
interface Expectation {
  readonly ok?: unknown;
  readonly error?: Readonly<Record<string, unknown>>;
}

const builders: Readonly<Record<string, (...args: never[]) => BuildResult>> = {
  realm_fact: topics.realmFact,
  realm_hope: topics.realmHope,
  org_fact: topics.orgFact,
  org_hope: topics.orgHope,
  app_fact: topics.appFact,
  app_hope: topics.appHope,
};

/** An Erlang atom is a name that is no string: a symbol. */
const asRecorded = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && '$atom' in value
    ? Symbol(value.$atom as string)
    : realValue(value);

const segment = fc
  .tuple(
    fc.constantFrom('a', 'b', 'z', '0', '9'),
    fc.string({ unit: fc.constantFrom('a', 'z', '0', '9', '.', '_', '-'), maxLength: 20 }),
  )
  .map(([first, rest]) => first + rest);
const version = fc.oneof(
  fc.integer({ min: 1, max: 20 }),
  fc.maxSafeNat().filter((n) => n > 0),
);
const parts = fc.oneof(
  fc.record({ realm: segment, org: segment, app: segment, domain: segment, name: segment, version }),
  fc.record({
    realm: segment,
    org: segment,
    app: fc.constant('_org'),
    domain: segment,
    name: segment,
    version,
  }),
  fc.record({
    realm: segment,
    org: fc.constant('_realm'),
    app: fc.constant('_realm'),
    domain: segment,
    name: segment,
    version,
  }),
);

describe('buildTopic', () => {
  test.each(vectors<BuildInput, Expectation>('topics-build'))(
    'vector: $name',
    ({ input, expect: wanted }) => {
      if (input.op === 'property') return; // 'what is built parses back', below
      const builder = builders[input.op];
      if (input.op !== 'build' && builder === undefined) return expect.fail(`unknown op ${input.op}`);
      const result =
        builder === undefined
          ? buildTopic(Object.fromEntries(Object.entries(input).map(([k, v]) => [k, asRecorded(v)])) as never)
          : builder(...(input.args as never[]));
      if (wanted.ok !== undefined) expect(result).toEqual({ ok: true, topic: wanted.ok });
      else expect(result).toMatchObject({ ok: false, error: wanted.error });
    },
  );

  test('what is built parses back to its parts', () => {
    fc.assert(
      fc.property(parts, (input) => {
        const built = buildTopic(input);
        if (!built.ok) return expect.fail(JSON.stringify(built.error));
        const parsed = parseTopic(built.topic);
        if (!parsed.ok) return expect.fail(JSON.stringify(parsed.error));
        const { tier, topic, ...found } = parsed.topic;
        const sentinel = { realm: '_realm', org: '_org', app: undefined }[tier];
        expect({ org: sentinel, app: sentinel, ...found }).toEqual(input);
        expect(topic).toBe(built.topic);
      }),
    );
  });

  test('a segment of 255 bytes is built and parsed, one of 256 is too long in both', () => {
    const at = (length: number): topics.TopicParts => ({
      realm: 'r',
      org: 'o',
      app: 'a',
      domain: 'd',
      name: 'n'.repeat(length),
      version: 1,
    });
    const longest = buildTopic(at(255));
    expect(longest.ok && parseTopic(longest.topic).ok).toBe(true);
    const error = { tag: 'invalid_segment', label: 'name', reason: 'too_long' };
    expect(buildTopic(at(256))).toEqual({ ok: false, error });
    expect(parseTopic(`r/o/a/d/${'n'.repeat(256)}_v1`)).toEqual({ ok: false, error });
  });

  test('the largest version is 2^53 - 1', () => {
    expect(
      buildTopic({ realm: 'r', org: 'o', app: 'a', domain: 'd', name: 'n', version: 2 ** 53 - 1 }).ok,
    ).toBe(true);
    expect(buildTopic({ realm: 'r', org: 'o', app: 'a', domain: 'd', name: 'n', version: 2 ** 53 }).ok).toBe(
      false,
    );
    expect(parseTopic('r/o/a/d/n_v9007199254740991').ok).toBe(true);
    expect(parseTopic('r/o/a/d/n_v9007199254740992')).toMatchObject({ error: { tag: 'invalid_version' } });
  });
});

describe('parseTopic, validateTopic, isSystemTopic', () => {
  test.each(vectors<{ op: string; topic: string }, Expectation>('topics-parse'))(
    'vector: $name',
    ({ input, expect: wanted }) => {
      switch (input.op) {
        case 'isSystemTopic':
          return expect(isSystemTopic(input.topic)).toBe(wanted.ok);
        case 'parse': {
          const parsed = parseTopic(input.topic);
          if (wanted.ok !== undefined) return expect(parsed).toEqual({ ok: true, topic: wanted.ok });
          return expect(parsed).toMatchObject({ ok: false, error: wanted.error });
        }
        case 'validate': {
          const kind = validateTopic(input.topic);
          if (wanted.ok !== undefined) return expect(kind).toEqual({ ok: true, kind: wanted.ok });
          return expect(kind).toMatchObject({ ok: false, error: wanted.error });
        }
        default:
          return expect.fail(`unknown op ${input.op}`);
      }
    },
  );

  test('what parses is built back to the same string', () => {
    const near = fc.array(
      fc.oneof(segment, fc.constantFrom('_realm', '_org', '', 'A', 'n_v1', 'n_v01', 'n_v2_v3')),
      { minLength: 4, maxLength: 6 },
    );
    fc.assert(
      fc.property(near, (list) => {
        const parsed = parseTopic(list.join('/'));
        if (!parsed.ok) return;
        const { tier, realm, org, app, domain, name, version: v } = parsed.topic;
        const sentinel = tier === 'realm' ? '_realm' : '_org';
        const built = buildTopic({
          realm,
          org: org ?? sentinel,
          app: app ?? sentinel,
          domain,
          name,
          version: v,
        });
        expect(built).toEqual({ ok: true, topic: list.join('/') });
      }),
    );
  });

  test.each([
    'a'.repeat(100_000),
    '/'.repeat(100_000),
    '_v'.repeat(50_000),
    `r/o/a/d/${'_v1'.repeat(33_000)}`,
    `_${'a'.repeat(99_999)}!`,
    `r/o/a/d/n_v${'1'.repeat(100_000)}`,
  ])('100 kB of adversarial text are judged in linear time (%#)', (text) => {
    const before = performance.now();
    expect(validateTopic(text).ok).toBe(false);
    expect(performance.now() - before).toBeLessThan(1_000);
  });
});
