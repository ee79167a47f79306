/**
 * The environments of applications: the definition's, over it what was configured at load, over that what a start
 * said for as long as it runs (OTP A5). Pure but for that last part, which it keeps.
 */
import { refuse, wrongObject } from '../arguments.ts';
import { checkSettings } from './definition.ts';
import type { Definitions } from './start-order.ts';

export type Env = Readonly<Record<string, unknown>>;

export class Environments {
  readonly #definitions: Definitions;
  readonly #configured: Readonly<Record<string, object>>;
  readonly #started = new Map<string, object>();

  /** Throws a `TypeError` for an environment of an application that is not there. */
  constructor(definitions: Definitions, configured: Readonly<Record<string, object>>) {
    refuse(wrongObject('applications: env', 'an object', configured));
    for (const [name, env] of Object.entries(configured)) {
      if (!definitions.has(name)) throw new TypeError(`applications: env of ${name}, which is not there`);
      checkSettings(undefined, env, `applications: env of ${name}`);
    }
    this.#definitions = definitions;
    this.#configured = configured;
  }

  /** Frozen. Throws a `TypeError` for an application that is not there. */
  of(name: string): Env {
    const definition = this.#definitions.get(name);
    if (definition === undefined) throw new TypeError(`applications: ${name} is not there`);
    const configured = Object.hasOwn(this.#configured, name) ? this.#configured[name] : undefined;
    return Object.freeze({ ...definition.env, ...configured, ...this.#started.get(name) });
  }

  /** From now on, until it is undefined again. */
  override(name: string, env: object | undefined): void {
    if (env === undefined) this.#started.delete(name);
    else this.#started.set(name, env);
  }
}
