/**
 * A tree snapshot as text, for terminals and logs. Pure. Names are escaped and cut: they may come from peers.
 */
import type { ActorNode, TreeSnapshot } from './snapshot.ts';

export interface TextOptions {
  /** Levels below the root. Default and at most 256. */
  readonly depth?: number;
  /** Children shown per actor; the rest is counted. Default 32. */
  readonly width?: number;
}

/** Deeper than anybody reads; every level also widens the lines. */
const DEEPEST = 256;

/** Longest name shown, in characters. */
const NAME_LIMIT = 64;

export function renderTree(tree: TreeSnapshot, options: TextOptions = {}): string {
  const { depth = DEEPEST, width = 32 } = options;
  const lines = [line(tree.root)];
  const walk = (node: ActorNode, indent: string, left: number): void => {
    if (left === 0) return;
    const shown = node.children.slice(0, width);
    const rest = node.children.length - shown.length;
    shown.forEach((child, index) => {
      const last = index === shown.length - 1 && rest === 0;
      lines.push(`${indent}${last ? '└─ ' : '├─ '}${line(child)}`);
      walk(child, indent + (last ? '   ' : '│  '), left - 1);
    });
    if (rest > 0) lines.push(`${indent}└─ … ${rest} more`);
  };
  walk(tree.root, '', Math.min(depth, DEEPEST));
  return lines.join('\n');
}

function line(node: ActorNode): string {
  const { details = {}, mailbox, counters, restart, strategy } = node;
  const facts = [clean(node.type)];
  if (strategy !== undefined && restart?.intensity !== undefined) {
    facts.push(`${strategy} ${restart.intensity}/${(restart.period ?? 0) / 1_000}s`);
  }
  if ('served' in details) {
    facts.push(
      `running ${String(details['running'])}`,
      `served ${String(details['served'])}`,
      `crashed ${String(details['crashed'])}`,
    );
  }
  if (node.status !== 'running') facts.push(node.status);
  if (mailbox.length > 0) facts.push(`mailbox ${mailbox.length}`);
  if (mailbox.dropped > 0) facts.push(`dropped ${mailbox.dropped}`);
  if (counters.restarts > 0) facts.push(`restarts ${counters.restarts}`);
  return `${node.id} ${clean(node.name)} (${facts.join(', ')})`;
}

/** Control, direction and half characters must not reach a terminal, nor break a line. */
const UNSAFE = /[\p{C}\p{Zl}\p{Zp}]/gu;

export function clean(name: string): string {
  const safe = name.slice(0, 2 * NAME_LIMIT).replace(UNSAFE, '\ufffd');
  const characters = Array.from(safe);
  return characters.length > NAME_LIMIT || safe.length < name.length
    ? `${characters.slice(0, NAME_LIMIT).join('')}…`
    : safe;
}
