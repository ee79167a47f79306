#!/usr/bin/env node
/**
 * The command `espalier`.
 */
import { CommanderError } from 'commander';
import { dropEmpty } from './config/environment.ts';
import { ExitCode } from './exit-code.ts';
import { createProgram } from './program.ts';
import { watchStreams } from './terminal.ts';

watchStreams();
dropEmpty(process.env);
try {
  await createProgram().parseAsync();
} catch (error) {
  // its text is written already
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
}
