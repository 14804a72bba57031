import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../source-tree.ts';
import { at, Expression, textAt } from './bicep.ts';
import type { Resource } from './bicep.ts';
import { bicepFile, readJson, resource, resourcesOf } from './infrastructure.ts';

const assignments = resourcesOf(/\/(sqlRoleAssignments|roleAssignments)$/);

/** Built-in roles by their ids, which are the same everywhere. */
const ROLES: Readonly<Record<string, string>> = {
  'b7e6dc6d-f1e8-4753-8033-0f276bb0955b': 'Storage Blob Data Owner',
  '974c5e8b-45b9-4653-ba55-5f855dd0fb88': 'Storage Queue Data Contributor',
  'b86a8fe4-44ce-4948-aee5-eccb2c155cd7': 'Key Vault Secrets Officer',
  '3913510d-42f4-4e42-8a64-420c390055eb': 'Monitoring Metrics Publisher',
};

function roleOf({ body }: Resource): string {
  const role = at(body, 'properties', 'roleDefinitionId');
  const name = role instanceof Expression ? role.text : '';
  if (name === 'documentKeeper.id') {
    return textAt(
      resource('Microsoft.DocumentDB/databaseAccounts/sqlRoleDefinitions').body,
      'properties',
      'roleName',
    );
  }
  const id = new RegExp(`^var ${name} = .*'([0-9a-f-]{36})'\\)$`, 'm').exec(
    bicepFile('modules/roles.bicep').root.text,
  )?.[1];
  return ROLES[id ?? ''] ?? `an unknown role, ${id}`;
}

const deployDocument = readFileSync(join(ROOT, 'docs/deploy.md'), 'utf8');

/** Rows of a section's table whose first cell is code, by that; the other cells as they are. */
function rowsOf(section: string): ReadonlyMap<string, readonly string[]> {
  const text = deployDocument.split(/^## /m).find((each) => each.startsWith(`${section}\n`)) ?? '';
  const rows = [...text.matchAll(/^\| `(\w+)` +\| (.*) \|$/gm)];
  return new Map(
    rows.map(([, name = '', cells = '']) => [name, cells.split('|').map((cell) => cell.trim())]),
  );
}

const rows = rowsOf('Rights');

describe.each(assignments.map((assignment) => [assignment.name, assignment] as const))(
  'the right %s',
  (name, assignment) => {
    it('is the app’s own', () => {
      expect(at(assignment.body, 'properties', 'principalId')).toMatchObject({ text: 'principalId' });
    });

    it('has its reason beside it', () => {
      const reason = assignment.comment ?? textAt(assignment.body, 'properties', 'description');
      expect(reason.length).toBeGreaterThan(40);
    });

    it('stands in docs/deploy.md, by its role and with a reason', () => {
      const [role, scope, reason] = rows.get(name) ?? [];
      expect(role).toBe(roleOf(assignment));
      expect(scope).not.toBe('');
      expect(reason?.length).toBeGreaterThan(20);
    });
  },
);

it('docs/deploy.md tells of no right that is not given', () => {
  expect([...rows.keys()].toSorted()).toEqual(assignments.map(({ name }) => name).toSorted());
});

it('no right reaches further than one resource', () => {
  for (const { body } of assignments) {
    const reach = at(body, 'scope') ?? at(body, 'properties', 'scope');
    expect(reach).toMatchObject({
      text: expect.stringMatching(/^(storage|vault|insights|'\$\{store\.id\}\/dbs\/.*')$/),
    });
  }
});

it('documents can be read, written one by one and in batches, queried and followed, and nothing else', () => {
  const { body } = resource('Microsoft.DocumentDB/databaseAccounts/sqlRoleDefinitions');
  const [permission] = at(body, 'properties', 'permissions') as readonly { dataActions: string[] }[];
  const actions = permission?.dataActions.map((action) => action.split('/').slice(2).join('/'));
  expect(actions?.toSorted()).toEqual([
    'readMetadata',
    'sqlDatabases/containers/executeQuery',
    'sqlDatabases/containers/executeStoredProcedure',
    'sqlDatabases/containers/items/create',
    'sqlDatabases/containers/items/delete',
    'sqlDatabases/containers/items/read',
    'sqlDatabases/containers/items/replace',
    'sqlDatabases/containers/items/upsert',
    'sqlDatabases/containers/readChangeFeed',
  ]);
});

it('docs/deploy.md tells of every setting that azd passes on, and what it is by itself', () => {
  const { parameters } = readJson('main.parameters.json') as {
    parameters: Record<string, { value: string }>;
  };
  const passedOn = Object.values(parameters).flatMap(({ value }) => {
    const [, name = '', fallback = ''] = /^\$\{(KEYTURN_\w+)=(.*)\}$/.exec(value) ?? [];
    return name === '' ? [] : [[name, fallback] as const];
  });
  const told = rowsOf('What can be chosen');
  expect([...told.keys()].toSorted()).toEqual(passedOn.map(([name]) => name).toSorted());
  for (const [name, fallback] of passedOn.filter(([, value]) => value !== '')) {
    expect([name, told.get(name)?.[0]]).toEqual([name, `\`${fallback}\``]);
  }
});
