import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { COSMOS_CONTAINERS } from '../../../shared/adapters/cosmos-container.ts';
import { startFakeCosmos } from '../../adapters/cosmos/fake-cosmos.ts';
import type { FakeCosmos } from '../../adapters/cosmos/fake-cosmos.ts';

let fake: FakeCosmos;
beforeAll(async () => {
  fake = await startFakeCosmos();
});
afterAll(() => fake.close());

function run(...words: string[]): Promise<{ stdout: string }> {
  return promisify(execFile)(process.execPath, ['infra/local/make-cosmos-containers.ts', ...words]);
}

it('an emulator gets the database and the containers, as they are declared, once', async () => {
  expect((await run(fake.connectionString)).stdout).toContain('keyturn');
  const made = () => fake.requests.filter(({ body }) => body !== null).map(({ body }) => body);
  expect(made()).toEqual([{ id: 'keyturn' }, ...COSMOS_CONTAINERS]);
  await run(fake.connectionString);
  expect(made()).toHaveLength(3);
});

it('an account in Azure does not', async () => {
  const refused = run('AccountEndpoint=https://keyturn.documents.azure.com:443/;AccountKey=a2V5;');
  await expect(refused).rejects.toThrow(/COSMOS__accountEndpoint/);
});

it.each([
  ['nothing', [], 2],
  ['garbage', ['garbage'], 2],
  ['an address where nobody is', ['AccountEndpoint=http://127.0.0.1:9/;AccountKey=a2V5;'], 7],
])('%s is refused on two lines', async (_, words, code) => {
  const stderr = expect.stringMatching(/^keyturn: error: .+\nhint: .+\n$/) as string;
  await expect(run(...words)).rejects.toMatchObject({ code, stderr });
});
