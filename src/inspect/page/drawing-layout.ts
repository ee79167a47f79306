/**
 * Where the actors stand in the drawing: a tidy tree (Reingold and Tilford, Buchheim et al., as d3-hierarchy has it),
 * root at the left, one column per level, each as wide as its longest name. Pure; lengths in pixels.
 */
import { cleanName } from './names.ts';
import type { TreeModel } from './tree-model.ts';
import { hierarchy, tree, type HierarchyPointNode } from './vendor/d3-hierarchy.ts';
import type { VisibleRow } from './visible-rows.ts';

export interface Mark {
  /** Of the actor; that of the parent with a suffix for those that are not drawn. */
  readonly key: string;
  readonly id: string;
  /** How many siblings this mark stands for; 0 for an actor. */
  readonly more: number;
  readonly x: number;
  readonly y: number;
  readonly leaf: boolean;
  readonly folded: boolean;
}

export interface Edge {
  readonly key: string;
  readonly from: string;
  readonly to: string;
  readonly path: string;
}

export interface Drawing {
  readonly marks: readonly Mark[];
  readonly edges: readonly Edge[];
  readonly width: number;
  readonly height: number;
}

/** Actors drawn at most: more than this nobody takes in. */
const MAX_MARKS = 600;
/** Leaves drawn per parent; the rest is one mark that counts them. */
const MAX_LEAVES = 24;

/** Between two leaves; `layout` may be asked for more where there is room. */
export const ROW = 24;
const MARGIN = 16;
/** From a mark to the next column beside the name. */
const GAP = 38;
const CHARACTER = 6.4;
/** Characters of a name that are drawn. */
export const LABEL = 20;

/** The beginning and the end of a name: the end tells connections and sessions apart. */
export function shortLabel(name: string): string {
  const characters = Array.from(cleanName(name));
  if (characters.length <= LABEL) return characters.join('');
  return `${characters.slice(0, LABEL - 8).join('')}…${characters.slice(-7).join('')}`;
}

interface Knot {
  readonly key: string;
  readonly id: string;
  readonly more: number;
  readonly folded: boolean;
  readonly label: number;
  readonly children: Knot[];
}

/** `rows` are those of the list: what is folded or filtered away there is not drawn either. */
export function layout(model: TreeModel, rows: readonly VisibleRow[], row: number = ROW): Drawing {
  const top = knots(model, rows);
  if (top.children.length === 0) return { marks: [], edges: [], width: 0, height: 0 };
  const several = top.children.length > 1;
  const root = hierarchy(several ? top : (top.children[0] as Knot), (knot) => knot.children);
  tree<Knot>()
    .nodeSize([row, 1])
    .separation((a, b) => (a.parent === b.parent ? 1 : 1.4))(root);
  return place(root as HierarchyPointNode<Knot>, several);
}

function knots(model: TreeModel, rows: readonly VisibleRow[]): Knot {
  const top: Knot = { key: '', id: '', more: 0, folded: false, label: 0, children: [] };
  const line: Knot[] = [top];
  const leaves = new Map<Knot, number>();
  const hidden = new Map<Knot, number>();
  let drawn = 0;
  for (const row of rows) {
    line.length = row.level;
    const parent = line[row.level - 1];
    // below a parent that is not drawn
    if (parent === undefined) continue;
    const leaf = !row.open;
    const count = leaves.get(parent) ?? 0;
    if (leaf) leaves.set(parent, count + 1);
    if (drawn >= MAX_MARKS || (leaf && count >= MAX_LEAVES)) {
      hidden.set(parent, (hidden.get(parent) ?? 0) + 1);
      continue;
    }
    drawn += 1;
    const name = model.rows.get(row.id)?.name ?? '';
    const knot: Knot = {
      key: row.id,
      id: row.id,
      more: 0,
      folded: row.parent && !row.open,
      label: Math.min(LABEL, name.length) + (row.parent && !row.open ? 5 : 0),
      children: [],
    };
    parent.children.push(knot);
    line[row.level] = knot;
  }
  // one mark behind the others stands for all that have no room
  for (const [parent, count] of hidden) {
    const { id } = parent;
    parent.children.push({ key: `${id}+`, id, more: count, folded: false, label: 12, children: [] });
  }
  return top;
}

function place(root: HierarchyPointNode<Knot>, several: boolean): Drawing {
  const all = root.descendants();
  const columns: number[] = [];
  let least = Infinity;
  let most = -Infinity;
  for (const { depth, data, x } of all) {
    columns[depth] = Math.max(columns[depth] ?? 0, data.label * CHARACTER + GAP);
    least = Math.min(least, x);
    most = Math.max(most, x);
  }
  const left: number[] = [];
  let width = MARGIN;
  for (const [depth, column] of columns.entries()) {
    left[depth] = width;
    width += several && depth === 0 ? 0 : column;
  }
  const xOf = (knot: HierarchyPointNode<Knot>): number => left[knot.depth] ?? 0;
  const yOf = (knot: HierarchyPointNode<Knot>): number => Math.round(knot.x - least) + MARGIN;
  const drawn = several ? all.slice(1) : all;
  return {
    marks: drawn.map((knot) => ({
      key: knot.data.key,
      id: knot.data.id,
      more: knot.data.more,
      x: xOf(knot),
      y: yOf(knot),
      leaf: knot.children === undefined,
      folded: knot.data.folded,
    })),
    edges: drawn.flatMap((knot) => {
      const { parent } = knot;
      if (parent === null || (several && parent.depth === 0)) return [];
      const bend = xOf(knot) - 14;
      return [
        {
          key: knot.data.key,
          from: parent.data.key,
          to: knot.data.key,
          path: elbow(xOf(parent) + stem(parent.data), yOf(parent), xOf(knot), yOf(knot), bend),
        },
      ];
    }),
    width: width + MARGIN,
    height: most - least + 2 * MARGIN,
  };
}

/** An edge begins below the name, which has a ground of its own. */
const stem = ({ label }: Knot): number => 14 + label * 4;

/** Along the row of the parent, round the corner, up or down beside the children, and to the child: an espalier. */
function elbow(x1: number, y1: number, x2: number, y2: number, bend: number): string {
  const turn = Math.min(6, Math.abs(y2 - y1) / 2);
  if (turn === 0) return `M${x1},${y1}H${x2}`;
  const sign = y2 > y1 ? 1 : -1;
  const trunk = bend - 8;
  return [
    `M${x1},${y1}H${trunk - turn}`,
    `Q${trunk},${y1} ${trunk},${y1 + sign * turn}`,
    `V${y2 - sign * turn}Q${trunk},${y2} ${trunk + turn},${y2}H${x2}`,
  ].join('');
}
