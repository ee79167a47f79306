/**
 * What is done with a world of processes, and what is found.
 */
import type { Plan } from './plan.ts';
import type { World } from './world.ts';

export type Figures = Record<string, number>;

/** Figures are written as they are found, so that those before a failure count. */
export type Scenario = (world: World, plan: Plan, figures: Figures, round: number) => Promise<void>;
