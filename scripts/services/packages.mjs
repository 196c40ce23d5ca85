// Debian packages: those of the machine's own release are installed, odoo-19 (suite sid) is only unpacked.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { capture } from '../lib/project.mjs';
import { cache, run, ServiceError, withRetries } from './common.mjs';

const services = ['postgresql', 'rabbitmq-server', 'mosquitto', 'chromium'];

/** What odoo-19 imports, under the names that Debian 12 packages it by. */
const python = (
  'asn1crypto babel cbor2 chardet cryptography dateutil docutils geoip2 gevent greenlet idna jinja2 libsass lxml ' +
  'markupsafe num2words ofxparse openpyxl openssl pil polib psutil psycopg2 pypdf2 tz qrcode reportlab requests ' +
  'rjsmin serial stdnum urllib3 usb vobject werkzeug xlrd xlsxwriter xlwt zeep freezegun magic passlib'
)
  .split(' ')
  .map((name) => `python3-${name}`);

const quiet = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };

async function missingPackages() {
  const wanted = ['python3', ...services, ...python];
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg's own placeholders
  const result = await capture('dpkg-query', ['-W', '-f', '${Package} ${db:Status-Status}\n', ...wanted]);
  const installed = new Set();
  for (const line of result.stdout.split('\n')) {
    const [name, status] = line.split(' ');
    if (status === 'installed') installed.add(name);
  }
  return wanted.filter((name) => !installed.has(name));
}

/**
 * Debian starts a service when its package is installed, unless this file forbids it. The tests' services are
 * started by ourselves, on ports of their own.
 */
async function withoutServiceStarts(action) {
  const file = '/usr/sbin/policy-rc.d';
  const own = !existsSync(file);
  if (own) {
    writeFileSync(file, '#!/bin/sh\nexit 101\n');
    chmodSync(file, 0o755);
  }
  try {
    return await action();
  } finally {
    if (own) rmSync(file, { force: true });
  }
}

/** Installs what is missing; returns how many packages that were. */
export async function installPackages() {
  const missing = await missingPackages();
  if (missing.length === 0) return 0;
  await withRetries(3, () => run('apt-get update', 'apt-get', ['update', '-q'], quiet));
  await withoutServiceStarts(() =>
    withRetries(3, () =>
      run(
        'apt-get install',
        'apt-get',
        ['install', '-q', '-y', '--no-install-recommends', '-o', 'Acquire::Retries=3', ...missing],
        quiet,
      ),
    ),
  );
  return missing.length;
}

function codename() {
  const match = /^VERSION_CODENAME=(\S+)/m.exec(readFileSync('/etc/os-release', 'utf8'));
  if (match === null) throw new ServiceError('/etc/os-release names no release: this machine is no Debian.');
  return match[1];
}

/** The machine's source of its own release, as a deb822 stanza with the suite sid in place of the release's. */
export function sidSource(files, release) {
  for (const { name, text } of files) {
    if (name.endsWith('.sources')) {
      for (const stanza of text.split(/\n\s*\n/)) {
        const suites = /^Suites:(.*)$/im.exec(stanza)?.[1].trim().split(/\s+/) ?? [];
        if (
          !suites.includes(release) ||
          /^Enabled:\s*no/im.test(stanza) ||
          !/^Types:.*\bdeb\b/im.test(stanza)
        )
          continue;
        return `${stanza
          .replace(/^#.*\n?/gm, '')
          .trim()
          .replace(/^Types:.*$/im, 'Types: deb')
          .replace(/^Suites:.*$/im, 'Suites: sid')
          .replace(/^Components:.*$/im, 'Components: main')}\n`;
      }
      continue;
    }
    for (const line of text.split('\n')) {
      const match = /^deb\s+(?:\[(?<options>[^\]]*)\]\s+)?(?<uri>\S+)\s+(?<suite>\S+)\s+/.exec(line.trim());
      if (match?.groups?.suite !== release) continue;
      const fields = ['Types: deb', `URIs: ${match.groups.uri}`, 'Suites: sid', 'Components: main'];
      const signedBy = /signed-by=(\S+)/.exec(match.groups.options ?? '');
      if (signedBy !== null) fields.push(`Signed-By: ${signedBy[1]}`);
      if (/trusted=yes/.test(match.groups.options ?? '')) fields.push('Trusted: yes');
      return `${fields.join('\n')}\n`;
    }
  }
  throw new ServiceError(
    `No source of the release ${release} was found below /etc/apt: where does Debian come from here?`,
  );
}

function aptSourceFiles() {
  const parts = '/etc/apt/sources.list.d';
  const names = existsSync(parts) ? readdirSync(parts).filter((name) => /\.(sources|list)$/.test(name)) : [];
  // Debian's own file first: others may name the same suite for packages of their own.
  names.sort((a, b) => Number(b.startsWith('debian')) - Number(a.startsWith('debian')));
  const files = names.map((name) => join(parts, name));
  if (existsSync('/etc/apt/sources.list')) files.push('/etc/apt/sources.list');
  return files.map((name) => ({ name, text: readFileSync(name, 'utf8') }));
}

/**
 * Downloads and unpacks odoo-19, once per cache. apt works on lists, cache and sources of its own here, so that
 * the machine's apt never hears of sid.
 * @returns {Promise<{folder: string, downloaded: boolean}>}
 */
export async function unpackOdoo() {
  const folder = join(cache, 'odoo-19');
  if (existsSync(join(folder, 'usr', 'bin', 'odoo'))) return { folder, downloaded: false };
  const apt = join(cache, 'apt');
  for (const part of ['lists/partial', 'archives/partial', 'sources'])
    mkdirSync(join(apt, part), { recursive: true });
  writeFileSync(join(apt, 'sources', 'sid.sources'), sidSource(aptSourceFiles(), codename()));
  const options = [
    'Dir::Etc::sourcelist=/dev/null',
    `Dir::Etc::sourceparts=${join(apt, 'sources')}`,
    'Dir::Etc::preferences=/dev/null',
    'Dir::Etc::preferencesparts=/dev/null',
    `Dir::State::lists=${join(apt, 'lists')}`,
    `Dir::Cache=${apt}`,
    'APT::Sandbox::User=root',
    'Acquire::Retries=3',
    'Acquire::Languages=none',
  ].flatMap((option) => ['-o', option]);
  await withRetries(3, () =>
    run('Reading the package list of sid', 'apt-get', [...options, 'update', '-q'], quiet),
  );
  await withRetries(3, () =>
    run('Downloading odoo-19', 'apt-get', [...options, 'download', 'odoo-19'], { ...quiet, cwd: apt }),
  );
  const archive = readdirSync(apt).find((name) => /^odoo-19_.*\.deb$/.test(name));
  if (archive === undefined) throw new ServiceError(`apt-get download left no odoo-19 archive in ${apt}.`);
  const unpacked = `${folder}.new`;
  rmSync(unpacked, { recursive: true, force: true });
  await run('Unpacking odoo-19', 'dpkg-deb', ['-x', join(apt, archive), unpacked]);
  // Renamed when whole: a broken download or a full disk leaves no half Odoo behind.
  rmSync(folder, { recursive: true, force: true });
  renameSync(unpacked, folder);
  rmSync(apt, { recursive: true, force: true });
  return { folder, downloaded: true };
}
