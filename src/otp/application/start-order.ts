/**
 * Which applications there are, and in which order one and what it depends on have to start (OTP A1). Pure.
 */
import { checkDefinition, nameOf, type Application } from './definition.ts';

export type Definitions = ReadonlyMap<string, Application>;

/**
 * The given applications and those they depend on, by name. Throws a `TypeError` for an invalid definition, two of one name, a dependency
 * nobody defines, and dependencies that go in a circle.
 */
export function collect(applications: readonly Application[]): Definitions {
  if (!Array.isArray(applications)) throw new TypeError('applications must be an array of applications');
  const found = new Map<string, Application>();
  const open = [...applications];
  for (const application of open) {
    checkDefinition(application);
    const { name, dependencies = [] } = application;
    const other = found.get(name);
    if (other === application) continue;
    if (other !== undefined) throw new TypeError(`applications: two are named ${name}`);
    found.set(name, application);
    for (const dependency of dependencies) if (typeof dependency !== 'string') open.push(dependency);
  }
  for (const { name, dependencies = [] } of found.values())
    for (const dependency of dependencies)
      if (!found.has(nameOf(dependency)))
        throw new TypeError(`applications: ${name} depends on ${nameOf(dependency)}, which is not there`);
  for (const name of found.keys()) startOrder(found, name);
  return found;
}

/** `name` and all it depends on, each after what it depends on itself. Throws a `TypeError` for a circle. */
export function startOrder(definitions: Definitions, name: string): readonly string[] {
  const order = new Set<string>();
  const path: string[] = [];
  const visit = (at: string): void => {
    if (order.has(at)) return;
    if (path.includes(at))
      throw new TypeError(`applications: ${[...path.slice(path.indexOf(at)), at].join(' needs ')}`);
    path.push(at);
    for (const dependency of definitions.get(at)?.dependencies ?? []) visit(nameOf(dependency));
    path.pop();
    order.add(at);
  };
  visit(name);
  return [...order];
}
