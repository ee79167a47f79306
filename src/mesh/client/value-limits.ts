export { uncopied } from '../call/value-limits.ts';
