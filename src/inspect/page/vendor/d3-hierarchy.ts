/** Tidy trees, by d3-hierarchy (ISC). The build puts the library itself where this module's output would be. */
export { hierarchy, tree } from 'd3-hierarchy';
export type { HierarchyPointNode } from 'd3-hierarchy';
