/** The admin API about contracts: docs/contracts.md says what each route answers. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { VersionFiles } from '../../core/archive';
import { isCanonical } from '../../core/canonical';
import { contracts, daysLeft, ownContract, stateOf } from '../../core/contract';
import { asyncApi, openApi } from '../../core/contract/describe';
import { invalid, jsonBody, refuse } from '../shared/admin';
import type { HttpHandler, HttpRequest, Red } from '../shared/red';
import { against, type CheckMode, MODES } from './against';
import { describeFlows, usersOf } from './describe';

/** A schema of 1 MB, and what stands around it. */
const MAX_BODY_BYTES = 1024 * 1024 + 4096;
const STATUS: Readonly<Record<string, number>> = {
  CONFIG_INVALID: 400,
  CONTRACT_INVALID: 400,
  CONTRACT_UNKNOWN: 404,
  COMPARISON_TOO_LARGE: 422,
  COMPARISON_BUSY: 503,
};
/** Of this package; its folder is three above the built file. */
const { version: PACKAGE_VERSION } = JSON.parse(
  readFileSync(join(__dirname, '..', '..', '..', 'package.json'), 'utf8'),
) as { version: string };

export function addContractRoutes(red: Red, kept: VersionFiles): void {
  const mayRead = red.auth.needsPermission('crossdock-contract.read');
  const route =
    (answer: (request: HttpRequest) => Promise<unknown>): HttpHandler =>
    (request, response, next) => {
      answer(request)
        .then((body) => response.json(body))
        .catch((thrown: unknown) => refuse(thrown, response, STATUS))
        .catch(next);
    };
  const app = red.httpAdmin;
  app.get(
    '/crossdock/contracts',
    mayRead,
    route(async () => ({ contracts: listed(red) })),
  );
  app.get(
    '/crossdock/contracts/openapi',
    mayRead,
    route(async () => openApi(describeFlows(red, 'Crossdock gateway', PACKAGE_VERSION), Date.now())),
  );
  app.get(
    '/crossdock/contracts/asyncapi',
    mayRead,
    route(async () => asyncApi(describeFlows(red, 'Crossdock gateway', PACKAGE_VERSION))),
  );
  app.get(
    '/crossdock/contracts/:name/:version',
    mayRead,
    route(async ({ params }) => contracts().schema(params?.['name'] ?? '', params?.['version'] ?? '')),
  );
  // Changes nothing: whoever may read the contracts may ask what a change would break.
  app.post(
    '/crossdock/contracts/check',
    mayRead,
    route(async (request) => {
      const body = await jsonBody(request, MAX_BODY_BYTES);
      const mode = body['mode'] ?? 'backward';
      if (!MODES.includes(mode as CheckMode)) throw invalid(`mode must be one of ${MODES.join(', ')}.`);
      const contract = ownContract({
        name: String(body['contract'] ?? ''),
        version: String(body['version'] ?? ''),
        schema: body['schema'],
        ...(typeof body['partner'] === 'string' ? { partner: body['partner'] } : {}),
      });
      return against(contract, kept, {
        mode: mode as CheckMode,
        transitive: body['transitive'] === true,
        users: usersOf(red),
      });
    }),
  );
}

/** What the console and the dialogs show: every contract, where in its life it is, and who works with it. */
function listed(red: Red): unknown[] {
  const users = usersOf(red);
  const now = Date.now();
  return contracts()
    .list()
    .map(({ name, version, title, own, life, partner }) => ({
      canonical: isCanonical(name),
      name,
      version,
      title,
      own,
      partner: partner ?? null,
      state: stateOf(life, now),
      deprecatedOn: life.deprecatedOn ?? null,
      sunsetOn: life.sunsetOn ?? null,
      successor: life.successor ?? null,
      daysLeft: daysLeft(life, now) ?? null,
      users: users.get(`${name} ${version}`) ?? [],
    }));
}
