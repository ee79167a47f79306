/**
 * Names for what belongs to the runtime (a process, a call, a timer), wherever a value of a user's is shown: such a
 * thing is named, never opened, since everything else can be reached from there.
 *
 * Each of these classes says its own name, so that whoever shows values needs none of them.
 */
import { types } from 'node:util';

const NAME = Symbol('name');

/** Has all instances of a class, and of those below it that say nothing else, shown as `name` says. */
export function nameAs<Instance extends object>(
  of: { readonly prototype: Instance },
  name: (instance: Instance) => string,
): void {
  Object.defineProperty(of.prototype, NAME, { value: name });
}

/** What is named only, proxies included, whose traps are not run; undefined for everything else. May throw. */
export function nameOf(value: object): string | undefined {
  if (types.isProxy(value)) return '[proxy]';
  return (value as { readonly [NAME]?: (instance: object) => string })[NAME]?.(value);
}

/** The value of an own field; a getter is not run. Not for proxies. */
export function dataOf(value: object, key: string): unknown {
  const field = Object.getOwnPropertyDescriptor(value, key);
  return field === undefined || 'value' in field ? field?.value : '[getter]';
}
