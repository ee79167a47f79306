// Adds up the tests of vitest's JSON reports: prints "PASSED FAILED", and on stderr those that passed at the second attempt only.
import { readFileSync } from 'node:fs';

let passed = 0;
let failed = 0;
const again = [];
for (const file of process.argv.slice(2)) {
  try {
    const report = JSON.parse(readFileSync(file, 'utf8'));
    passed += report.numPassedTests;
    for (const { name, assertionResults } of report.testResults)
      for (const { status, fullName, failureMessages } of assertionResults)
        if (status === 'passed' && failureMessages.length > 0)
          again.push(
            `${file}: ${name.replace(`${process.cwd()}/`, '')}: ${fullName}\n  ${failureMessages[0].split('\n')[0]}`,
          );
    failed += report.numFailedTests + (report.numFailedTestSuites > 0 && report.numFailedTests === 0 ? 1 : 0);
  } catch {
    failed += 1;
  }
}
if (again.length > 0) process.stderr.write(`passed at the second attempt only:\n${again.join('\n')}\n`);
process.stdout.write(`${passed} ${failed}\n`);
