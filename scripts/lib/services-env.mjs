// Which real services there are, as the environment variables that tests and benchmarks read.
import { existsSync, readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { delimiter, join } from 'node:path';
import { root } from './project.mjs';

const known = [
  {
    name: 'Odoo 19',
    variables: [
      'ODOO_TEST_URL',
      'ODOO_TEST_DB',
      'ODOO_TEST_LOGIN',
      'ODOO_TEST_API_KEY',
      'ODOO_TEST_CLERK_LOGIN',
      'ODOO_TEST_CLERK_API_KEY',
    ],
    fromState: ({ odoo }) =>
      odoo?.clerk && [odoo.url, odoo.db, odoo.login, odoo.apiKey, odoo.clerk.login, odoo.clerk.apiKey],
  },
  {
    name: 'PostgreSQL',
    variables: ['POSTGRES_TEST_URL'],
    fromState: ({ postgres }) => postgres && [postgres.url],
  },
  {
    name: 'RabbitMQ',
    variables: ['RABBITMQ_TEST_URL'],
    fromState: ({ rabbitmq }) => rabbitmq && [rabbitmq.url],
  },
  { name: 'Mosquitto', variables: ['MOSQUITTO_BIN'], programs: ['mosquitto'] },
  {
    name: 'Chromium',
    variables: ['CHROMIUM_BIN'],
    programs: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
  },
];

function readState() {
  try {
    return JSON.parse(readFileSync(join(root, '.services', 'state.json'), 'utf8'));
  } catch {
    return {};
  }
}

function findProgram(names) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', '/usr/bin'];
  for (const name of names) {
    for (const folder of folders) {
      if (folder !== '' && existsSync(join(folder, name))) return join(folder, name);
    }
  }
  return undefined;
}

function answers(url) {
  return new Promise((resolve) => {
    const { hostname, port } = new URL(url);
    const socket = createConnection({ host: hostname, port: Number(port), timeout: 2000 });
    const done = (answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket
      .on('connect', () => done(true))
      .on('error', () => done(false))
      .on('timeout', () => done(false));
  });
}

async function find({ variables, fromState, programs }) {
  // What the caller has set counts as said: if it is wrong, the tests are to fail and not to be skipped.
  if (process.env[variables[0]]) return {};
  if (programs !== undefined) {
    const program = findProgram(programs);
    return program && { [variables[0]]: program };
  }
  const values = fromState(readState());
  if (!values || !(await answers(values[0]))) return undefined;
  return Object.fromEntries(variables.map((variable, index) => [variable, String(values[index])]));
}

/**
 * Looks at the environment, at the services that `npm run services` has started, and at the installed programs.
 * @returns {Promise<{env: Record<string, string>, missing: {name: string, variables: string[]}[]}>}
 */
export async function findServices() {
  const env = {};
  const missing = [];
  for (const service of known) {
    const found = await find(service);
    if (found === undefined) missing.push({ name: service.name, variables: service.variables });
    else Object.assign(env, found);
  }
  return { env, missing };
}
