// docs/settings.md says what can be set: no more, no less, and with the values that are there.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readSourceTree, ROOT } from '../source-tree.ts';

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const document = read('docs/settings.md');

/** The rows of the table under a heading: what the first two cells say in code. */
function rowsUnder(heading: string): Map<string, string | null> {
  const [, section = ''] = document.split(`\n## ${heading}\n`);
  const table = section.split(/\n##+ /)[0] ?? '';
  const rows = [...table.matchAll(/^\| `([^`]+)` +\| (?:`([^`]+)`)?/gm)];
  return new Map(rows.map(([, name = '', value]) => [name, value ?? null]));
}

/** Every value of a JSON file under its path. */
function leavesOf(value: unknown, path: readonly string[] = []): [string, string][] {
  if (typeof value !== 'object' || value === null) return [[path.join('.'), String(value)]];
  return Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, [...path, key]));
}

const applicationSettings = rowsUnder('Application settings');

/** Names that the code asks the environment for. */
function settingsOfCode(): Set<string> {
  const tree = readSourceTree('functions', 'shared');
  const asked =
    /(?:settingOf|requiredSetting|choiceOf|connectionOf|azureConnection)\(\s*environment,\s*'([^']+)'|\benvironment\['([A-Z][^']+)'\]/g;
  const inBindings = /'%([A-Z_]+)%'/g;
  const constants = /= '((?:APPLICATIONINSIGHTS|OTEL)_[A-Z_]+)'/g;
  const names = [...tree.values()].flatMap((text) =>
    [asked, inBindings, constants].flatMap((form) =>
      [...text.matchAll(form)].map(([, one, other]) => one ?? other ?? ''),
    ),
  );
  return new Set(names);
}

test('every value of host.json is explained, and nothing else', () => {
  expect(Object.fromEntries(rowsUnder('host.json'))).toEqual(
    Object.fromEntries(leavesOf(JSON.parse(read('host.json')))),
  );
});

test('every setting of the sample is explained, and its value is the default where there is one', () => {
  const { Values } = JSON.parse(read('local.settings.sample.json')) as { Values: Record<string, string> };
  const forOneMachine = new Set([
    'AzureWebJobs.fleet-changes.Disabled',
    'AzureWebJobs.event-notifications.Disabled',
  ]);
  const wrong = Object.entries(Values).filter(([name, value]) => {
    const explained = applicationSettings.get(name);
    return explained === undefined || (explained !== null && !forOneMachine.has(name) && explained !== value);
  });
  expect(wrong).toEqual([]);
});

test('every setting that the code reads is explained', () => {
  const names = settingsOfCode();
  expect(names.size).toBeGreaterThan(15);
  // Nobody sets INIT_CWD: npm does.
  const unexplained = [...names].filter((name) => name !== 'INIT_CWD' && !applicationSettings.has(name));
  expect(unexplained).toEqual([]);
});

test('every setting that is explained is read by the code, or by the Functions host', () => {
  const ofHost = /^(?:FUNCTIONS_WORKER_RUNTIME|AzureWebJobs\..*\.Disabled)$/;
  const names = settingsOfCode();
  expect([...applicationSettings.keys()].filter((name) => !names.has(name) && !ofHost.test(name))).toEqual(
    [],
  );
});

test('every form of a connection is explained', () => {
  const forms = read('shared/adapters/azure-connection.ts').match(/__[a-zA-Z]+/g) ?? [];
  expect(new Set(forms).size).toBe(6);
  for (const form of forms) expect(document).toContain(`| \`${form}\``);
});
