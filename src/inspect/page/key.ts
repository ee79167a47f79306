/**
 * The page's half of its session: the link leads here with it behind a `#`, and every question carries it (SECURITY §11).
 *
 * It is kept by the origin, to which the port belongs: all tabs of this inspector have it, and no other server of this machine. Each
 * question looks for it anew: whoever opens the link again, in whatever tab, lets all of them in.
 */
const NAME = 'espalier.key';
const ADDRESS = /^#k=([\w-]{1,128})$/;

/** Where the browser stores nothing for us: as long as this tab lives. */
let kept: string | undefined;

/** Takes the key out of the address. To be called before anything else looks at that. */
export function takeKey(): void {
  const [, key] = ADDRESS.exec(location.hash) ?? [];
  if (key === undefined) return;
  kept = key;
  try {
    localStorage.setItem(NAME, key);
  } catch {
    // forbidden, or full
  }
  history.replaceState(null, '', location.pathname);
}

/** The header of a question. */
export function keyHeader(): Readonly<Record<string, string>> {
  const key = stored() ?? kept;
  return key === undefined ? {} : { 'X-Espalier-Key': key };
}

/** Calls when another tab was opened by the link. */
export function onKey(call: () => void): void {
  window.addEventListener('storage', ({ key, newValue }) => {
    if (key === NAME && newValue !== null) call();
  });
}

function stored(): string | undefined {
  try {
    return localStorage.getItem(NAME) ?? undefined;
  } catch {
    return undefined;
  }
}
