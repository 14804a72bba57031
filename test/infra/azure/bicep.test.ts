import { describe, expect, it } from 'vitest';
import { outputsRead, unknownNames, unusedNames } from './bicep-names.ts';
import { at, Expression, parseBicep } from './bicep.ts';

// What reads the infrastructure for the tests is itself put to the test: a reader that misses things proves little.

describe('faults are found', () => {
  it.each([
    ['a quotation mark of another language', 'param name string = "a"'],
    ['a brace that is not closed', "resource a 'A/b@2025-01-01' = {\n  name: 'a'\n"],
    ['a value that is missing', "resource a 'A/b@2025-01-01' = {\n  name:\n}"],
    ['a condition without its brackets', "resource a 'A/b@2025-01-01' = if isNew {\n  name: 'a'\n}"],
    ['a word that is none', "resorce a 'A/b@2025-01-01' = {\n  name: 'a'\n}"],
  ])('%s', (_, text) => {
    expect(parseBicep(text).faults).not.toEqual([]);
  });

  it('but not in what is right, extensions included', () => {
    const text = "extension microsoftGraphV1\n\nparam name string = 'a'\noutput same string = '${name}'\n";
    expect(parseBicep(text).faults).toEqual([]);
  });
});

describe('a resource', () => {
  const text = `
param isNew bool
// Why it is
// there.
resource account 'Microsoft.Example/accounts@2025-01-01' = if (isNew) {
  name: 'it\\'s'
  properties: {
    // A comment.
    count: 3
    isOpen: false
    nothing: null
    'odata.type': 'a.b'
    list: ['a', { b: 1 }]
    place: 'in-\${isNew}'
  }
}

resource many 'Microsoft.Example/parts@2025-01-01' = [for part in ['a']: { name: part }]
resource there 'Microsoft.Example/old@2025-01-01' existing = { name: 'x' }
`;
  const { resources } = parseBicep(text);

  it('is read with its type, its comment and its values', () => {
    expect(resources[0]).toEqual({
      name: 'account',
      type: 'Microsoft.Example/accounts',
      apiVersion: '2025-01-01',
      isExisting: false,
      comment: 'Why it is there.',
      body: {
        name: "it's",
        properties: {
          count: 3,
          isOpen: false,
          nothing: null,
          'odata.type': 'a.b',
          list: ['a', { b: 1 }],
          place: new Expression("'in-${isNew}'"),
        },
      },
    });
    expect(at(resources[0]?.body, 'properties', 'odata.type')).toBe('a.b');
    expect(at(resources[0]?.body, 'properties', 'count', 'deeper')).toBeUndefined();
  });

  it('is read in a loop, and told from one that is only referred to', () => {
    expect(resources.slice(1)).toMatchObject([
      { name: 'many', body: { name: new Expression('part') }, comment: null, isExisting: false },
      { name: 'there', isExisting: true },
    ]);
  });
});

it('parameters are read with what they may be and are by themselves', () => {
  const text = "@description('What.')\n@allowed(['a', 'b'])\nparam kind string = 'a'\nparam other int\n";
  expect(parseBicep(text).parameters).toEqual([
    { name: 'kind', fallback: 'a', allowed: ['a', 'b'] },
    { name: 'other', fallback: undefined, allowed: null },
  ]);
});

it('modules and outputs are read', () => {
  const text = "module a 'modules/a.bicep' = {\n  params: { b: 'c' }\n}\noutput d string = a!.outputs.e\n";
  const file = parseBicep(text);
  expect(file.modules).toEqual([{ name: 'a', path: 'modules/a.bicep', parameters: { b: 'c' } }]);
  expect(file.outputs).toEqual(['d']);
  expect(outputsRead(file)).toEqual([['a', 'e']]);
});

describe('names', () => {
  it.each([
    ["output a string = nme\nparam name string = 'a'", ['nme']],
    ["output a string = 'in-${nme}'", ['nme']],
    ['output a string = lower(tenant().tenantId)', ['lower']],
    ["var a = [for (part, index) in ['a']: { b: part, c: indx }]", ['indx']],
    ["resource a 'A/b@2025-01-01' = {\n  name: 'a'\n  parent: accont\n}", ['accont']],
  ])('that nothing declares are found: %s', (text, names) => {
    expect(unknownNames(parseBicep(text))).toEqual(names);
  });

  it('that are declared are not', () => {
    const text = `
@description('key')
param name string
var parts = [for (part, index) in split(name, ','): { part: part, 'a': '\${index}' }]
resource a 'A/b@2025-01-01' = { name: name }
output b array = [for part in parts: { c: part, d: a.properties.name }]
`;
    const file = parseBicep(text);
    expect(unknownNames(file)).toEqual([]);
    expect(unusedNames(file)).toEqual([]);
  });

  it('that nothing reads are found', () => {
    expect(unusedNames(parseBicep('param a string\nvar b = 1\noutput c int = 2\n'))).toEqual(['a', 'b']);
  });
});
