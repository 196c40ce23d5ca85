/** The HTTP admin API of the mapper's editor: docs/mapper-api.md says what each route does. */
import { contracts } from '../../core/contract';
import { CrossdockError } from '../../core/errors';
import type { ExpressionEngine } from '../../core/expression';
import {
  createMapper,
  type MappingContext,
  type MappingSpec,
  READY_MAPPINGS,
  readyMapping,
} from '../../core/mapping';
import {
  catalogue,
  completed,
  contractAnswer,
  diffSpecs,
  documentOf,
  learn,
  MAX_RECENT,
  type Memory,
  sampleAnswer,
  suggest,
  tryMapping,
} from '../../core/mapping-desk';
import { invalid, jsonBody, refuse } from '../shared/admin';
import { expressionPool } from '../shared/expression-pool';
import type { HttpHandler, Red } from '../shared/red';
import { impactOf } from './impact';
import { type LiveMapping, liveMapping, versionsOf } from './live';

const ROOT = '/crossdock/mapper';
const MAX_BODY_BYTES = 2 * 1024 * 1024;
/** Messages that are offered as a sample. */
const MAX_SHOWN = 30;
const STATUS: Readonly<Record<string, number>> = {
  SAMPLE_INVALID: 400,
  MAPPING_SPEC_INVALID: 400,
  EXPRESSION_INVALID: 400,
  CONTRACT_UNKNOWN: 404,
  MAPPING_UNKNOWN: 404,
  VERSION_UNKNOWN: 404,
  NODE_UNKNOWN: 404,
  MESSAGE_UNKNOWN: 404,
  SAMPLE_TOO_LARGE: 413,
};

interface Asked {
  readonly red: Red;
  param(name: string): string;
  body(): Promise<Record<string, unknown>>;
}
type Answer = (asked: Asked) => Promise<unknown>;

const served = new WeakSet<object>();

/** Adds the routes; once per runtime, however often it is called. */
export function addMapperRoutes(red: Red): void {
  if (served.has(red.httpAdmin)) return;
  served.add(red.httpAdmin);
  const read = red.auth.needsPermission('crossdock-canonical-mapper.read');
  // These run what is sent to them.
  const write = red.auth.needsPermission('crossdock-canonical-mapper.write');
  // Whole messages of partners: "may read everything" does not include them.
  const personal = red.auth.needsPermission('crossdock-canonical-mapper.personal');
  const handler = (answer: Answer): HttpHandler => handlerOf(red, answer);
  const app = red.httpAdmin;
  app.get(
    `${ROOT}/catalogue`,
    read,
    handler(async () => catalogue(contracts())),
  );
  app.get(
    `${ROOT}/contract/:name/:version`,
    read,
    handler(async ({ param }) => contractAnswer(contracts(), param('name'), param('version'))),
  );
  app.get(
    `${ROOT}/ready/:name`,
    read,
    handler(async ({ param }) => ({ spec: readyMapping(param('name')) })),
  );
  app.post(`${ROOT}/sample`, read, handler(sample));
  app.post(`${ROOT}/suggest`, read, handler(suggestions));
  app.post(`${ROOT}/diff`, read, handler(diff));
  app.post(`${ROOT}/try`, write, handler(trial));
  app.get(`${ROOT}/:node/versions`, read, handler(versions));
  app.get(`${ROOT}/:node/versions/:version`, read, handler(version));
  app.post(`${ROOT}/:node/impact`, write, handler(impact));
  app.get(`${ROOT}/:node/messages`, read, handler(messages));
  app.get(`${ROOT}/:node/messages/:number`, personal, handler(message));
}

function handlerOf(red: Red, answer: Answer): HttpHandler {
  return (request, response, next) => {
    const asked: Asked = {
      red,
      param: (name) => request.params?.[name] ?? '',
      body: () => jsonBody(request, MAX_BODY_BYTES),
    };
    Promise.resolve()
      .then(() => answer(asked))
      .then((body) => response.json(body))
      .catch((thrown: unknown) => refuse(thrown, response, STATUS))
      .catch(next);
  };
}

const sample: Answer = async ({ body }) => {
  const { text } = await body();
  if (typeof text !== 'string') throw invalid('text must be the sample as a text.');
  return sampleAnswer(text, contracts());
};

const trial: Answer = async ({ red, body }) => {
  const { spec, sample: given, context } = await body();
  if (given === undefined) throw invalid('A sample is needed to try a mapping.');
  const told = typeof context === 'object' && context !== null ? (context as Partial<MappingContext>) : {};
  const document = documentOf(given);
  return withExpressions(red, (expression) =>
    tryMapping(specOf(spec, 'spec'), document, told, { registry: contracts(), expression }),
  );
};

const suggestions: Answer = async ({ red, body }) => {
  const { spec, sample: given, targets } = await body();
  const asked = specOf(spec, 'spec');
  if (
    targets !== undefined &&
    !(Array.isArray(targets) && targets.every((target) => typeof target === 'string'))
  )
    throw invalid('targets must be a list of target paths.');
  return suggest(asked, given === undefined ? undefined : documentOf(given), {
    registry: contracts(),
    memory: await memoryOf(red),
    ...(targets === undefined ? {} : { targets: targets as string[] }),
  });
};

/** What the ready mappings and the mappings of this gateway know. */
async function memoryOf(red: Red): Promise<Memory> {
  const own = (await versionsOf(red)?.newest()) ?? [];
  const names = new Set(own.map(({ name }) => name));
  return learn([...own, ...READY_MAPPINGS.filter((name) => !names.has(name)).map(readyMapping)]);
}

const diff: Answer = async ({ body }) => {
  const { a, b } = await body();
  return diffSpecs(completed(specOf(a, 'a')), completed(specOf(b, 'b')));
};

const versions: Answer = async ({ red, param }) => {
  const { spec } = deployed(param('node'));
  return { mapping: spec.name, live: spec.version, versions: (await versionsOf(red)?.list(spec.name)) ?? [] };
};

const version: Answer = async ({ red, param }) => {
  const { spec } = deployed(param('node'));
  const archive = versionsOf(red);
  if (archive === undefined) {
    throw new CrossdockError('There is no archive of versions here.', {
      code: 'VERSION_UNKNOWN',
      kind: 'permanent',
    });
  }
  return { spec: await archive.read(spec.name, param('version')) };
};

const messages: Answer = async ({ param }) => {
  const recent = (await deployed(param('node')).recent()?.last(MAX_SHOWN)) ?? [];
  return { messages: recent.map(({ at, id, receivedAt }) => ({ number: `${at}:${id}`, receivedAt })) };
};

/** One of them, as a sample. It may be gone by now: newer ones take its place. */
const message: Answer = async ({ param }) => {
  const recent = (await deployed(param('node')).recent()?.last(MAX_RECENT)) ?? [];
  const found = recent.find(({ at, id }) => `${at}:${id}` === param('number'));
  if (found === undefined) {
    throw new CrossdockError('This message is not kept any more.', {
      code: 'MESSAGE_UNKNOWN',
      kind: 'permanent',
    });
  }
  return { text: JSON.stringify(found.payload, null, 2) };
};

const impact: Answer = async ({ red, param, body }) => {
  const { spec, last = 50 } = await body();
  if (typeof last !== 'number' || !Number.isInteger(last) || last < 1 || last > MAX_RECENT)
    throw invalid(`last must be a whole number from 1 to ${MAX_RECENT}.`);
  const id = param('node');
  const now = deployed(id);
  return withExpressions(red, (expression) => {
    const mapper = createMapper({ mapping: specOf(spec, 'spec') as MappingSpec, expression });
    return impactOf(red, id, now, mapper, last);
  });
};

/** Lends the pool of expressions for as long as the work takes. */
async function withExpressions<T>(red: Red, work: (expression: ExpressionEngine) => Promise<T>): Promise<T> {
  let done: () => void = () => undefined;
  const over = new Promise<void>((resolve) => {
    done = resolve;
  });
  try {
    return await work(expressionPool(red, over));
  } finally {
    done();
  }
}

function deployed(node: string): LiveMapping {
  const found = liveMapping(node);
  if (found !== undefined) return found;
  throw new CrossdockError('This mapper is not deployed, or it has not started: deploy it first.', {
    code: 'NODE_UNKNOWN',
    kind: 'permanent',
  });
}

/** A spec of a request; what is in it is checked where it is compiled. */
function specOf(value: unknown, name: string): object {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw invalid(`${name} must be a mapping spec.`);
}
