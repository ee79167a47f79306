/**
 * What a dynamic supervisor keeps: numbers, and the children that are being restarted. The others are found in
 * the tree of processes, so that starting and losing one costs the same however many there are.
 */
import { Exit } from '../actor/monitor.ts';
import type { Process } from '../actor/process.ts';
import { childrenOf } from '../actor/tree.ts';
import { Child, endedChild, type CheckedSpec } from './child-spec.ts';
import type { CheckedDynamic, DynamicSupervisorInit } from './dynamic-supervisor-spec.ts';
import { RestartWindow } from './restart-intensity.ts';
import type { AutoShutdown } from './strategy.ts';

export class DynamicState {
  /** What it was started with, or changed to. */
  init: DynamicSupervisorInit;
  maxChildren: number;
  autoShutdown: AutoShutdown;
  extraArguments: readonly unknown[];
  template: CheckedSpec | undefined;
  window: RestartWindow;
  /** Children that run, are being started, or are being restarted; how many of them are significant. */
  count = 0;
  significant = 0;
  /** Those whose restart failed and is tried again. */
  readonly restarting: Set<Child> = new Set();

  constructor(init: DynamicSupervisorInit, spec: CheckedDynamic) {
    this.init = init;
    this.maxChildren = spec.maxChildren;
    this.autoShutdown = spec.autoShutdown;
    this.extraArguments = spec.extraArguments;
    this.template = spec.template;
    this.window = new RestartWindow(spec.limit);
  }

  admit(child: Child): void {
    this.count++;
    if (child.spec.significant) this.significant++;
  }

  /** A child is gone for good. */
  forget(child: Child): void {
    this.count--;
    if (child.spec.significant) this.significant--;
    this.restarting.delete(child);
  }
}

/** Children that run, the first started first; then those that have ended and whose exit is still in the mailbox. */
export function runningChildren(self: Process): readonly (readonly [Process, Child])[] {
  const found: [Process, Child][] = [];
  for (const process of childrenOf(self)) {
    const { child } = process;
    if (child instanceof Child && child.process === process) found.push([process, child]);
  }
  const unheard = new Set<Process>();
  for (const message of self.mailbox?.oldest(Infinity) ?? []) {
    if (!(message instanceof Exit)) continue;
    const child = endedChild(message.from);
    const process = child?.process;
    if (child === undefined || !process || process.parentProcess !== self || unheard.has(process)) continue;
    unheard.add(process);
    found.push([process, child]);
  }
  return found;
}
