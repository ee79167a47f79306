/**
 * The only place where the page makes elements. Text is text: there is no way from a string to markup, and every string
 * is cleaned and cut before it is shown (SECURITY §11).
 */
import { cleanName, cleanText } from './names.ts';

export type Content = Node | string | undefined;

/** Strings become text; `undefined` nothing. */
export function el<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  className: string = '',
  ...content: readonly Content[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  if (className !== '') element.className = className;
  fill(element, ...content);
  return element;
}

/** In the place of what is there. */
export function fill(element: Element, ...content: readonly Content[]): void {
  element.replaceChildren(
    ...content
      .filter((part) => part !== undefined)
      .map((part) => (typeof part === 'string' ? document.createTextNode(cleanText(part)) : part)),
  );
}

/** Sets text only where it differs: an unchanged row costs no layout. */
export function setText(element: Element, text: string): void {
  const clean = cleanText(text);
  if (element.textContent !== clean) element.textContent = clean;
}

/** A name from anywhere: one line, and its direction cannot turn what stands around it. */
export function nameEl(name: string, className: string = 'name'): HTMLElement {
  const element = el('bdi', className);
  setName(element, name);
  return element;
}

export function setName(element: Element, name: string): void {
  const clean = cleanName(name);
  if (element.textContent !== clean) element.textContent = clean;
}

export function button(label: string, className: string, press: () => void): HTMLButtonElement {
  const element = el('button', className, label);
  element.type = 'button';
  element.addEventListener('click', press);
  return element;
}

const SVG = 'http://www.w3.org/2000/svg';

export function svg<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, string | number>> = {},
): SVGElementTagNameMap[Name] {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}

/** One of the signs of index.html. */
export function icon(name: string, className: string = 'icon'): SVGSVGElement {
  const element = svg('svg', { class: className, viewBox: '0 0 16 16', 'aria-hidden': 'true' });
  element.append(svg('use', { href: `#${name}` }));
  return element;
}

/** The sign of an actor: its shape says whether it supervises, and how it is. */
export function setIcon(element: SVGSVGElement, name: string): void {
  const use = element.firstElementChild;
  if (use?.getAttribute('href') !== `#${name}`) use?.setAttribute('href', `#${name}`);
}

/** What to say where there is nothing to show. */
export function emptyState(
  sign: string,
  title: string,
  text: string,
  ...more: readonly Content[]
): HTMLElement {
  return el('div', 'empty', icon(sign, 'icon empty-icon'), el('h2', '', title), el('p', '', text), ...more);
}
