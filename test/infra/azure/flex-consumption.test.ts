import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from '../../source-tree.ts';
import { at } from './bicep.ts';
import { resource } from './infrastructure.ts';

// What the plan takes, and the types of the site do not tell: they are every plan's.

/** Of a site's configuration. Others are refused by the plan, `ftpsState` and the runtime's settings among them. */
const TAKEN = ['minTlsVersion', 'scmMinTlsVersion', 'http20Enabled', 'appSettings', 'cors'];
/** Settings by which other plans choose a runtime, a host, or where the code is: here `functionAppConfig` does. */
const OTHER_PLANS =
  /^(FUNCTIONS_(WORKER_RUNTIME|EXTENSION_VERSION)|WEBSITE_|SCM_DO_BUILD|ENABLE_ORYX|AzureWebJobsDashboard)/;

const app = resource('Microsoft.Web/sites').body;

it('the site is configured by what the plan takes alone', () => {
  const configured = Object.keys(Object(at(app, 'properties', 'siteConfig')) as object);
  expect(configured.filter((name) => !TAKEN.includes(name))).toEqual([]);
  expect(configured).toContain('appSettings');
  const settings = at(app, 'properties', 'siteConfig', 'appSettings') as readonly { name: string }[];
  expect(settings.filter(({ name }) => OTHER_PLANS.test(name))).toEqual([]);
});

it('an instance is given as many requests at once as its host lets run', () => {
  const hostJson = JSON.parse(readFileSync(join(ROOT, 'host.json'), 'utf8')) as {
    extensions: { http: { maxConcurrentRequests: number } };
  };
  const scale = at(app, 'properties', 'functionAppConfig', 'scaleAndConcurrency');
  expect(scale).toMatchObject({
    triggers: { http: { perInstanceConcurrency: hostJson.extensions.http.maxConcurrentRequests } },
  });
});
