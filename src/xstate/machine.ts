/**
 * An xstate machine as the host sees it, and what a hosted machine may not do.
 *
 * Described by structure, so that no type of xstate shows: any result of xstate's `createMachine` or
 * `setup(…).createMachine` fits. Invoked and spawned actors are refused: they would run outside our
 * processes, unsupervised, and deliver in the sender's stack (OTP §5).
 */

/** A state machine made with xstate 5. */
export interface Machine {
  readonly id: string;
  readonly root: object;
  readonly implementations: object;
  getInitialSnapshot(scope: never, input: never): object;
  transition(snapshot: never, event: never, scope: never): object;
}

/** Any event: a type, and whatever else it carries. */
export interface MachineEvent {
  readonly type: string;
}

/** What a machine wants done: a named action with its params, or an emitted event as its own params. */
export interface MachineAction {
  readonly type: string;
  readonly params: unknown;
}

interface StateNode {
  readonly id: string;
  readonly invoke: readonly unknown[];
  readonly entry: readonly unknown[];
  readonly exit: readonly unknown[];
  readonly always?: readonly { readonly actions: readonly unknown[] }[];
  readonly transitions: ReadonlyMap<string, readonly { readonly actions: readonly unknown[] }[]>;
  readonly states: Readonly<Record<string, StateNode>>;
}

const checked = new WeakSet<Machine>();

/** Throws when the machine cannot be hosted, naming the state node and what it does. */
export function checkMachine(machine: Machine): void {
  if (checked.has(machine)) return;
  const { actions } = machine.implementations as { readonly actions?: Readonly<Record<string, unknown>> };
  checkNode(machine, machine.root as StateNode, actions ?? {});
  checked.add(machine);
}

function checkNode(machine: Machine, node: StateNode, named: Readonly<Record<string, unknown>>): void {
  const transitions = [...node.transitions.values()].flat().concat(node.always ?? []);
  if (node.invoke.length > 0) throw refused(machine, 'invokes an actor', node.id);
  for (const action of [...node.entry, ...node.exit, ...transitions.flatMap((each) => each.actions)]) {
    const deed = forbidden(action, named);
    if (deed !== undefined) throw refused(machine, deed, node.id);
  }
  for (const child of Object.values(node.states)) checkNode(machine, child, named);
}

function forbidden(action: unknown, named: Readonly<Record<string, unknown>>): string | undefined {
  const name = typeof action === 'string' ? action : (action as MachineAction).type;
  const own = typeof action === 'function' ? action : Object.hasOwn(named, name) ? named[name] : undefined;
  if (typeof own !== 'function' || !('type' in own)) return undefined;
  if (own.type === 'xstate.spawnChild') return 'spawns an actor';
  if (own.type === 'xstate.sendTo' && 'to' in own && typeof own.to === 'string') return `sends to ${own.to}`;
  return undefined;
}

/** Why a machine cannot be hosted. */
export function refused(machine: Machine, deed: string, where: string): Error {
  return new Error(
    `machine ${machine.id} ${deed} (${where}): a hosted machine has no actors; name an action and let perform do it`,
  );
}
