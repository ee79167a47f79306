/**
 * Values of calls as JSON, as the command line reads and prints them.
 */
export { documentText, jsonText, parseValue, toJson, type FromJson, type Json } from '../codec/json-value.ts';
