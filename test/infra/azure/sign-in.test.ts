import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ENTRA_SCOPE } from '../../../shared/adapters/entra-people-authenticator.ts';
import { PEOPLE_ROLES } from '../../../shared/ports/people-authenticator.ts';
import { ROOT } from '../../source-tree.ts';
import { at, valueOf } from './bicep.ts';
import { bicepFile, resource } from './infrastructure.ts';

const file = bicepFile('modules/sign-in.bicep');
const [application] = file.resources;

function variable(name: string) {
  const declaration = file.root
    .descendantsOfType('variable_declaration')
    .find((node) => node.namedChild(0)?.text === name);
  const value = declaration?.namedChildren.at(-1);
  if (value === undefined) throw new Error(`there is no variable ${name}`);
  return valueOf(value);
}

it('the registration has the roles that the service knows, for people and programs', () => {
  expect(variable('roles')).toMatchObject(PEOPLE_ROLES.map((name) => ({ name })));
  const [loop] = file.root.descendantsOfType('for_statement');
  const role = loop?.namedChildren.at(-1);
  expect(role && valueOf(role)).toMatchObject({
    value: { text: 'role.name' },
    allowedMemberTypes: ['User', 'Application'],
    isEnabled: true,
  });
});

it('makes the tokens that the service takes', () => {
  expect(application?.body).toMatchObject({
    signInAudience: 'AzureADMyOrg',
    api: {
      requestedAccessTokenVersion: 2,
      oauth2PermissionScopes: [{ value: ENTRA_SCOPE, isEnabled: true }],
    },
    optionalClaims: { accessToken: [{ name: 'idtyp' }] },
  });
});

it('lets the Azure CLI that docs/sign-in.md names ask for them', () => {
  const [preauthorized] = at(application?.body, 'api', 'preAuthorizedApplications') as readonly object[];
  expect(preauthorized).toMatchObject({ appId: { text: 'azureCli' } });
  expect(readFileSync(join(ROOT, 'docs/sign-in.md'), 'utf8')).toContain(variable('azureCli'));
});

it('makes none for those who were given no role', () => {
  const principal = resource('Microsoft.Graph/servicePrincipals');
  expect(principal.body).toMatchObject({ appRoleAssignmentRequired: true });
});

it('is asked for tokens by the address that people are told', () => {
  const address = bicepFile('modules/sign-in-address.bicep').resources[0];
  expect(at(address?.body, 'identifierUris')).toMatchObject([{ text: "'api://${appId}'" }]);
  expect(bicepFile('main.bicep').root.text).toContain(
    "output KEYTURN_ENTRA_SCOPE string = 'api://${signInAppId}/.default'",
  );
});
