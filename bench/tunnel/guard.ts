/**
 * Imported before a program of the command line that the bench starts: ends it when the bench is gone.
 */
process.on('disconnect', () => process.exit(0));
