/**
 * Options of `startNode` and `connect`, judged whole: an unknown name, a wrong type or a missing realm is
 * `invalid_args` that names the option. Loaded when a node or client is made, not before.
 */
import * as Schema from 'effect/Schema';
import { Runtime } from './actor/runtime.ts';
import { RpcError } from './mesh/errors/rpc-error.ts';
import { isRealm } from './mesh/url.ts';
import { checkSpec, type ChildSpec } from './otp/child-spec.ts';

/** Judges one option; the text says what it must be. */
interface Rule {
  readonly accepts: (value: unknown) => boolean;
  readonly expected: string;
}

const rule = <S extends Schema.Schema<unknown>>(schema: S, expected: string): Rule => ({
  accepts: Schema.is(schema as never) as (value: unknown) => boolean,
  expected,
});

/** Any text that says something and can be sent. */
const REALM: Rule = {
  accepts: (value) => isRealm(value) && (value as string & { isWellFormed(): boolean }).isWellFormed(),
  expected: 'a string of 1 to 255 bytes',
};

/** Child specifications that make sense, with ids of their own. */
const CHILDREN: Rule = {
  accepts: (value) => {
    if (!Array.isArray(value)) return false;
    const ids = new Set((value as ChildSpec[]).map((spec) => checkSpec(spec).id));
    return ids.size === value.length;
  },
  expected: 'a list of child specifications, each with an id of its own',
};

const count = (minimum: number, maximum: number): Rule =>
  rule(Schema.Int.check(Schema.isBetween({ minimum, maximum })), `an integer from ${minimum} to ${maximum}`);

const text = (least: number, most: number): Rule =>
  rule(
    Schema.String.check(Schema.isMinLength(least), Schema.isMaxLength(most)),
    `a string of ${least} to ${most} characters`,
  );

const flag: Rule = rule(Schema.Boolean, 'true or false');

const object = (expected: string): Rule =>
  rule(
    Schema.declare((value): value is object => typeof value === 'object' && value !== null),
    expected,
  );

/** Largest body one call may carry, bytes (DESIGN §8, Sizes). */
const MAX_BODY = 67_108_864;

const LIMITS: Readonly<Record<string, Rule>> = {
  idleTimeout: count(100, 2_147_483_647),
  keepAlive: count(10, 2_147_483_647),
  handshakeTimeout: count(10, 600_000),
  streams: count(8, 65_535),
  links: count(1, 1_000_000),
  halfOpen: count(1, 65_535),
  queued: count(65_536, 1_073_741_824),
};

const COMMON: Readonly<Record<string, Rule>> = {
  realm: REALM,
  names: rule(Schema.Literals(['default', 'canonical', 'any']), "'default', 'canonical' or 'any'"),
  identity: object('{ file } or an identity'),
  runtime: rule(Schema.instanceOf(Runtime as never), 'a runtime made by createRuntime'),
  logger: object('a logger with the methods of pino'),
  transport: object('a transport'),
  limits: object('an object of limits'),
  children: CHILDREN,
  crashDetails: flag,
  maxBody: count(1_024, MAX_BODY),
  helloTimeout: count(10, 600_000),
};

const NODE: Readonly<Record<string, Rule>> = { ...COMMON, listen: text(1, 300) };

const CLIENT: Readonly<Record<string, Rule>> = {
  ...COMMON,
  timeout: count(1, 2_147_483_647),
  nodeId: rule(Schema.String.check(Schema.isPattern(/^[0-9a-f]{64}$/)), '64 lower-case hex digits'),
  signal: rule(Schema.instanceOf(AbortSignal as never), 'an AbortSignal'),
};

/** Throws `RpcError` `invalid_args` with the first wrong option. */
export const checkNodeOptions = (options: object): void => check(NODE, options);
export const checkConnectOptions = (options: object): void => check(CLIENT, options);

function check(rules: Readonly<Record<string, Rule>>, options: unknown, within = ''): void {
  if (typeof options !== 'object' || options === null)
    throw invalid(within || 'options', 'must be an object');
  for (const [name, value] of entriesOf(options)) {
    if (value === undefined) continue;
    const field = `${within}${name}`;
    const found = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (found === undefined) throw invalid(field, 'is not an option');
    if (!holds(found, value)) throw invalid(field, `must be ${found.expected}`);
    if (name === 'limits') check(LIMITS, value, 'limits.');
  }
}

/** Options are somebody else's objects: reading them may throw. */
function entriesOf(options: object): readonly [string, unknown][] {
  try {
    return Object.entries(options);
  } catch (cause) {
    throw invalid('options', 'cannot be read', { cause });
  }
}

function holds({ accepts }: Rule, value: unknown): boolean {
  try {
    return accepts(value);
  } catch {
    return false;
  }
}

export const invalid = (field: string, detail: string, options?: ErrorOptions): RpcError =>
  new RpcError({ tag: 'invalid_args', field, detail }, undefined, options);
