import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MINIMUM_AGENT_VERSION_DEFAULT } from '../../../shared/domain/agent-version.ts';
import { STEADY_SECONDS_DEFAULT } from '../../../shared/domain/check-in-schedule.ts';
import { ROOT } from '../../source-tree.ts';
import { outputsRead, unknownNames, unusedNames } from './bicep-names.ts';
import { at } from './bicep.ts';
import { bicepFile, bicepFiles, readJson, resource, resourcesOf } from './infrastructure.ts';

const main = bicepFile('main.bicep');

describe.each([...bicepFiles])('infra/azure/%s', (path, file) => {
  it('is Bicep', () => {
    expect(file.faults).toEqual([]);
  });

  it('declares what it uses, and uses what it declares', () => {
    expect(unknownNames(file)).toEqual([]);
    expect(unusedNames(file)).toEqual([]);
  });

  it('is used, once', () => {
    const uses = main.modules.filter((module) => module.path === path);
    expect(uses).toHaveLength(path === 'main.bicep' ? 0 : 1);
  });

  it('asks for no version that is not stable, but where there is none', () => {
    const previews = file.resources.filter(({ apiVersion }) => apiVersion.endsWith('-preview'));
    expect(previews.map(({ type }) => type)).toEqual(
      path === 'modules/vault.bicep' ? ['Microsoft.Insights/diagnosticSettings'] : [],
    );
  });
});

describe.each(main.modules.map((module) => [module.name, module] as const))('module %s', (name, module) => {
  const file = bicepFile(module.path);

  it('is given every parameter that it asks for, and no other', () => {
    const asked = file.parameters.map((parameter) => parameter.name);
    expect(Object.keys(module.parameters).toSorted()).toEqual(asked.toSorted());
  });

  it('answers what is read of it, and nothing else', () => {
    const read = outputsRead(main).filter(([from]) => from === name);
    expect(file.outputs.toSorted()).toEqual([...new Set(read.map(([, output]) => output))].toSorted());
  });
});

it('one type has one version throughout', () => {
  const versions = new Map<string, Set<string>>();
  for (const { type, apiVersion } of [...bicepFiles.values()].flatMap(({ resources }) => resources)) {
    versions.set(type, (versions.get(type) ?? new Set()).add(apiVersion));
  }
  expect([...versions].filter(([, { size }]) => size > 1)).toEqual([]);
});

describe('main.parameters.json', () => {
  const { parameters } = readJson('main.parameters.json') as {
    parameters: Record<string, { value: string }>;
  };

  it('says everything that has to be said, and nothing that nobody asks for', () => {
    const asked = main.parameters.map(({ name }) => name);
    const required = main.parameters.filter(({ fallback }) => fallback === undefined);
    expect(asked).toEqual(expect.arrayContaining(Object.keys(parameters)));
    expect(Object.keys(parameters)).toEqual(expect.arrayContaining(required.map(({ name }) => name)));
  });

  it('has the defaults of main.bicep', () => {
    const said = Object.entries(parameters).flatMap(([name, { value }]) => {
      const fallback = /^\$\{\w+=(.*)\}$/.exec(value)?.[1];
      return fallback === undefined ? [] : [[name, fallback]];
    });
    const declared = main.parameters.map(({ name, fallback }) => [name, `${fallback as string | boolean}`]);
    expect(said.length).toBeGreaterThan(5);
    expect(declared).toEqual(expect.arrayContaining(said));
  });
});

it('defaults are those of the code', () => {
  const defaults = Object.fromEntries(main.parameters.map(({ name, fallback }) => [name, fallback]));
  expect(defaults).toMatchObject({
    minimumAgentVersion: MINIMUM_AGENT_VERSION_DEFAULT,
    checkInSeconds: STEADY_SECONDS_DEFAULT,
  });
});

it('the runtime is the Node that the project runs on', () => {
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  const runtime = main.parameters.find(({ name }) => name === 'runtimeVersion');
  expect(dependencies['node']?.split('.')[0]).toBe(runtime?.fallback);
});

describe('azd', () => {
  const azureYaml = readFileSync(join(ROOT, 'azure.yaml'), 'utf8');

  it('deploys dist/ as it is, to the app that bears the name of the service', () => {
    const service = /^services:\n {2}(\w+):\n((?: {4}.*\n)*)/m.exec(azureYaml);
    expect(at(resource('Microsoft.Web/sites').body, 'tags')).toMatchObject({
      text: `union(tags, { 'azd-service-name': '${service?.[1]}' })`,
    });
    expect(service?.[2]).toMatch(/^ {4}dist: dist$/m);
    expect(service?.[2]).toMatch(/^ {4}remoteBuild: false$/m);
    expect(service?.[2]).toMatch(/^ {4}host: function$/m);
  });

  it('finds main.bicep, and is told what it and people need afterwards', () => {
    expect(azureYaml).toMatch(/^ {2}path: infra\/azure$/m);
    expect(main.outputs).toEqual(
      expect.arrayContaining([
        'AZURE_LOCATION',
        'AZURE_RESOURCE_GROUP',
        'KEYTURN_SERVER',
        'KEYTURN_ENTRA_SCOPE',
      ]),
    );
  });

  it('finds its resource group and what it deploys by the environment it is tagged with', () => {
    expect(resourcesOf('Microsoft.Resources/resourceGroups')).toHaveLength(1);
    const taggable = resourcesOf(/^Microsoft\.(?!Authorization|Graph)[^/]+\/[^/]+$/).filter(
      ({ type }) => type !== 'Microsoft.Insights/diagnosticSettings',
    );
    expect(taggable.filter(({ body }) => body['tags'] === undefined)).toEqual([]);
    expect(taggable.length).toBeGreaterThan(15);
  });
});
