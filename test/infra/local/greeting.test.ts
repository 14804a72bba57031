import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { greeting } from '../../../infra/local/greeting.ts';

const URL_DEFAULT = 'http://127.0.0.1:7071';
const DATA_DEFAULT = resolve('.keyturn');

test.each([
  [URL_DEFAULT, DATA_DEFAULT, ''],
  ['http://127.0.0.1:7078', DATA_DEFAULT, ' --server http://127.0.0.1:7078'],
  [URL_DEFAULT, '/var/lib/keyturn', ' --data /var/lib/keyturn'],
  ['http://127.0.0.1:7078', '/tmp/a b', " --server http://127.0.0.1:7078 --data '/tmp/a b'"],
])('at %s with %s, signing in takes the options “%s”', (url, data, options) => {
  expect(greeting(url, data, null)).toContain(`  npm run keyturn -- groups list${options}\n`);
});

test('nobody is sent for a token that does not work', () => {
  const text = greeting('http://127.0.0.1:7071', '/var/lib/keyturn', 'an-app');
  expect(text).toContain('groups list --entra-scope api://an-app/.default\n');
});
