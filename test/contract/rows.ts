/**
 * The page docs/from-macula.md and the contract tests say the same: every built row has one test that carries its
 * id, and no test stands for anything else. Pure: texts in, problems out.
 */

export interface Row {
  readonly id: string;
  /** `built`, or `part N`. */
  readonly state: string;
  /** Number of the guide whose section it stands in. */
  readonly guide: string;
}

/** A table row of the page; its cells are what stands between unescaped bars. */
const cellsOf = (line: string): readonly string[] =>
  line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim());

const HEADER = ['id', 'guide', 'ours', 'difference and why', 'state'];
const ID = /^\d{3}-[a-z0-9]+(?:-[a-z0-9]+)*$/;
const STATE = /^(?:built|part [1-9])$/;

export interface Page {
  readonly rows: readonly Row[];
  readonly problems: readonly string[];
}

/** The rows of the page, in its order, and what is wrong with them. */
export function readPage(text: string): Page {
  const rows: Row[] = [];
  const problems: string[] = [];
  const seen = new Set<string>();
  let guide = '';
  for (const [at, line] of text.split('\n').entries()) {
    const heading = /^## (?:Guide (\d{3}))?/.exec(line);
    if (heading !== null) guide = heading[1] ?? '';
    if (!line.startsWith('|')) continue;
    const cells = cellsOf(line);
    if (cells.every((cell, n) => cell === HEADER[n] || /^-+$/.test(cell))) continue;
    const [id = '', state = ''] = [cells[0], cells.at(-1)];
    const where = `line ${at + 1}: ${id}`;
    if (cells.length !== HEADER.length) problems.push(`${where} has ${cells.length} cells`);
    if (!ID.test(id) || !id.startsWith(`${guide}-`)) problems.push(`${where} is no id of guide ${guide}`);
    if (!STATE.test(state)) problems.push(`${where} has the state "${state}"`);
    if (seen.has(id)) problems.push(`${where} is there twice`);
    seen.add(id);
    rows.push({ id, state, guide });
  }
  return { rows, problems };
}

export interface NamedTest {
  readonly name: string;
  /** What the name begins with, up to its colon. */
  readonly id: string;
}

/** Where a test begins; the name only when it is written out. Comments do not begin like that. */
const TEST = /^[ \t]*(?:test|it)((?:\.\w+)*)\(\s*(?:(['"`])((?:\\.|(?!\2).)*)\2)?/gm;
/** What leaves tests out, wherever it stands. */
const LEFT_OUT = /\b(?:test|it|describe)(?:\.\w+)*\.(?:skip|skipIf|runIf|todo|fails|only)\b/g;

export interface TestFile {
  readonly tests: readonly NamedTest[];
  readonly problems: readonly string[];
}

/** The tests of one file, in its order, and what cannot count as one. */
export function readTests(source: string): TestFile {
  const problems = [...source.matchAll(LEFT_OUT)].map(([what]) => `${what} leaves tests out`);
  const tests: NamedTest[] = [];
  for (const [, modifiers, , name] of source.matchAll(TEST)) {
    if (modifiers !== '') continue;
    const id = /^([^:\s]+): \S/.exec(name ?? '')?.[1] ?? '';
    if (name === undefined || !ID.test(id)) problems.push(`"${name ?? '…'}" does not begin with a row's id`);
    else tests.push({ name, id });
  }
  if (tests.length === 0) problems.push('has no test of a row');
  return { tests, problems };
}

/** @param files name → source of every contract test. */
export function problemsOf(page: string, files: ReadonlyMap<string, string>): readonly string[] {
  const { rows, problems: ofPage } = readPage(page);
  const problems = [...ofPage];
  const places = new Map(rows.map((row, at) => [row.id, { row, at }]));
  const tested = new Map<string, string>();
  for (const [file, source] of files) {
    const { tests, problems: ofFile } = readTests(source);
    problems.push(...ofFile.map((problem) => `${file}: ${problem}`));
    let last = -1;
    for (const { id } of tests) {
      const place = places.get(id);
      if (place === undefined) {
        problems.push(`${file}: ${id} is not a row`);
        continue;
      }
      const { row, at } = place;
      if (row.state !== 'built') problems.push(`${file}: ${id} is ${row.state}, not built`);
      if (!file.startsWith(`guide-${row.guide}`)) problems.push(`${file}: ${id} is of another guide`);
      if (at < last) problems.push(`${file}: ${id} does not come in the order of the page`);
      last = Math.max(last, at);
      const other = tested.get(id);
      if (other !== undefined) problems.push(`${file}: ${id} has a test in ${other} already`);
      tested.set(id, file);
    }
  }
  for (const { id, state } of rows) {
    if (state === 'built' && !tested.has(id)) problems.push(`${id} is built and has no test`);
  }
  return problems;
}
