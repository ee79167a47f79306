/** Which rows of a long list exist in the document. Pure; lengths in pixels. */
export interface RowWindow {
  readonly first: number;
  /** Behind the last. */
  readonly end: number;
}

/** Up to here every row exists, so that the browser's own search finds it (INSPECTOR §3). */
export const VIRTUAL_ABOVE = 2_000;

/** Rows kept above and below what is seen. */
const OVERSCAN = 12;

export function rowWindow(rows: number, scrollTop: number, height: number, rowHeight: number): RowWindow {
  if (rows <= VIRTUAL_ABOVE) return { first: 0, end: rows };
  const top = Math.floor(Math.max(0, scrollTop) / rowHeight) - OVERSCAN;
  const seen = Math.ceil(height / rowHeight) + 2 * OVERSCAN;
  const first = Math.max(0, Math.min(top, rows - seen));
  return { first, end: Math.min(rows, first + seen) };
}

/** Where to scroll so that a row is seen; `undefined` where it is. */
export function scrollTo(
  row: number,
  scrollTop: number,
  height: number,
  rowHeight: number,
): number | undefined {
  const top = row * rowHeight;
  if (top < scrollTop) return top;
  if (top + rowHeight > scrollTop + height) return top + rowHeight - height;
  return undefined;
}
