/**
 * What an application is before it runs: plain data and two callbacks. Pure.
 */
import type { ExitReason } from '../../actor/exit-reason.ts';
import type { Self } from '../../actor/process.ts';
import type { Runtime } from '../../actor/runtime.ts';
import { isObject, refuse, wrongObject } from '../arguments.ts';
import type { ChildSpec } from '../child-spec.ts';
import type { MaybePromise } from '../sequence.ts';
import type { SupervisorSpec } from '../supervisor.ts';

/** What an unexpected end means for all others (OTP A4). */
export type ApplicationType = 'permanent' | 'transient' | 'temporary';

const TYPES: readonly ApplicationType[] = ['permanent', 'transient', 'temporary'];

/** What its callbacks get. */
export interface ApplicationContext<Env extends object = object> {
  readonly name: string;
  /** Its environment as this start sees it; frozen. */
  readonly env: Readonly<Env>;
  /** The application's own process, parent of the top supervisor. */
  readonly self: Self;
  readonly runtime: Runtime;
}

/** The definition of an application; see `defineApplication`. */
export interface Application<Env extends object = object> {
  /** Unique among those loaded together. */
  readonly name: string;
  /** Applications that have to run before this one, themselves or by name. */
  readonly dependencies?: readonly (string | Application)[] | undefined;
  /** Its environment: defaults, which loading and starting may override key by key. */
  readonly env?: Env | undefined;
  /** `permanent`: all stop when it ends; `transient`: unless it ended `normal`; `temporary` (default): it is reported. */
  readonly type?: ApplicationType | undefined;
  /**
   * Gives the top of its tree. Absent: a library, which runs nothing. A throw is a failed start; what is no specification
   * is one with `{ bad_return_value }`.
   */
  start?(context: ApplicationContext<Env>): MaybePromise<SupervisorSpec | ChildSpec>;
  /** After its tree is gone, whoever ended it. A throw is reported and stops nothing. */
  stop?(context: ApplicationContext<Env>, reason: ExitReason): MaybePromise<void>;
}

/** Checks and freezes a definition. Throws a `TypeError` that names the field. */
export function defineApplication<Env extends object = object>(
  definition: Application<Env>,
): Application<Env> {
  checkDefinition(definition);
  return Object.freeze({ ...definition });
}

/** Throws a `TypeError` that names the field. */
export function checkDefinition(definition: unknown): void {
  refuse(wrongObject('application: definition', 'an object', definition));
  const { name, dependencies = [], env, type, start, stop } = definition as Application;
  if (typeof name !== 'string' || name === '')
    throw new TypeError('application: name must be a non-empty string');
  const where = `application ${name}: `;
  checkSettings(type, env, `${where}env`, where);
  for (const callback of [start, stop])
    if (callback !== undefined && typeof callback !== 'function')
      throw new TypeError(`${where}start and stop must be functions`);
  if (!Array.isArray(dependencies) || !dependencies.every((one: unknown) => isNamed(one)))
    throw new TypeError(`${where}dependencies must be applications or names`);
}

/** Throws a `TypeError` for an invalid type or environment. @param what the environment's name. */
export function checkSettings(type: unknown, env: unknown, what: string, where: string = ''): void {
  if (type !== undefined && !TYPES.includes(type as ApplicationType))
    throw new TypeError(`${where}type must be ${TYPES.join(', ')}`);
  if (env !== undefined && (!isObject(env) || Array.isArray(env)))
    throw new TypeError(`${what} must be an object`);
}

/** The name of an application, itself or by name. */
export const nameOf = (application: string | Application): string =>
  typeof application === 'string' ? application : application.name;

/** The same of what a user says. Throws a `TypeError`. */
export function wantedName(application: string | Application): string {
  if (!isNamed(application)) throw new TypeError('application must be an application or its name');
  return nameOf(application);
}

const isNamed = (value: unknown): boolean =>
  typeof value === 'string' || (isObject(value) && 'name' in value && typeof value.name === 'string');

/** Whether the end of one of this type, that nobody asked for, ends all the others (OTP A4). */
export const endsAll = (type: ApplicationType, reason: ExitReason): boolean =>
  type === 'permanent' || (type === 'transient' && reason !== 'normal');
