import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');

/** What each room may import of the others. */
const directions: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  model: ['errors'],
  codec: ['errors', 'model'],
  feed: ['errors', 'model'],
  kafka: ['errors', 'model', 'feed'],
  redis: ['errors', 'model', 'feed'],
  bridge: ['errors', 'model', 'codec', 'feed', 'kafka', 'redis'],
  sql: ['errors', 'model'],
  flink: ['errors', 'model', 'sql'],
  registry: ['errors', 'model', 'codec'],
  declare: ['errors', 'model', 'codec', 'feed'],
  jobs: ['errors', 'model', 'sql', 'flink'],
  queries: ['errors', 'model', 'sql', 'flink'],
  graphql: ['errors', 'model', 'codec', 'feed', 'kafka', 'sql', 'flink', 'jobs', 'queries', 'redis'],
  server: ['errors', 'feed', 'graphql'],
  local: ['errors'],
};
const rooms = [...Object.keys(directions), 'config'];

/** The rooms that own a heavy library. */
const owners: Readonly<Record<string, string | readonly string[]>> = {
  kafkajs: 'kafka',
  '@platformatic/kafka': 'kafka',
  undici: ['flink', 'registry'],
  '@redis/client': 'redis',
  '@pothos/core': 'graphql',
  'graphql-yoga': 'server',
  'graphql-ws': 'server',
  'graphql-ws/use/ws': 'server',
  ws: 'server',
};

interface Diagnostic {
  readonly message: string;
  readonly location: { readonly path: string; readonly start: { readonly line: number } };
}

/** Of each planted file, by its path, the messages by line. */
type Findings = Map<string, Map<number, string>>;

const plants = new Map<string, readonly string[]>();
let folder = '';
let findings: Findings;

for (const room of rooms) {
  plants.set(
    `src/${room}/direction.ts`,
    rooms.map((other) => `#${other}`),
  );
  plants.set(`src/${room}/library.ts`, Object.keys(owners));
  plants.set(`src/${room}/face.ts`, ['../errors/codes.ts', '../errors/index.ts', './sound.ts']);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-rooms-'));
  await copyFile(join(root, 'biome.json'), join(folder, 'biome.json'));
  for (const [file, imports] of plants) {
    await mkdir(join(folder, file, '..'), { recursive: true });
    await writeFile(join(folder, file), imports.map((from) => `export * from '${from}';\n`).join(''));
  }
  findings = await lint(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The linter's verdict on imports, by the project's own settings, of a folder outside of it. */
async function lint(path: string): Promise<Findings> {
  const args = ['lint', '--only=style/noRestrictedImports', '--reporter=json', '--max-diagnostics=none'];
  const biome = join(root, 'node_modules/.bin/biome');
  // It exits with 1 when it finds something, which is what is asked for.
  const printed = await new Promise<string>((resolve) =>
    execFile(biome, [...args, '--vcs-enabled=false'], { cwd: path }, (_error, stdout) => resolve(stdout)),
  );
  const { diagnostics } = JSON.parse(printed) as { readonly diagnostics: readonly Diagnostic[] };
  const found: Findings = new Map();
  for (const { message, location } of diagnostics) {
    const lines = found.get(location.path) ?? new Map<number, string>();
    found.set(location.path, lines.set(location.start.line, message));
  }
  return found;
}

/** The planted imports of a file that were found fault with, and what was said. */
function refused(file: string): Readonly<Record<string, string>> {
  const imports = plants.get(file) ?? [];
  const lines = findings.get(file) ?? new Map<number, string>();
  return Object.fromEntries([...lines].map(([line, message]) => [imports[line - 1] ?? `line ${line}`, message]));
}

describe('the linter', () => {
  it('knows every room', async () => {
    const entries = await readdir(join(root, 'src'), { withFileTypes: true });
    const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    expect(folders.toSorted()).toEqual(rooms.toSorted());
  });

  it.each(Object.entries(directions))('lets %s import only %j', (room, allowed) => {
    const said = refused(`src/${room}/direction.ts`);
    expect(Object.keys(said).toSorted()).toEqual(
      rooms
        .filter((other) => !allowed.includes(other))
        .map((other) => `#${other}`)
        .toSorted(),
    );
    for (const message of Object.values(said)) expect(message).toContain(`'${room}' may import only`);
  });

  it.each(rooms)('lets %s enter another room by its face only', (room) => {
    expect(refused(`src/${room}/face.ts`)).toEqual({
      '../errors/codes.ts': "A room is entered through its face: import '#room'.",
      '../errors/index.ts': "A room is entered through its face: import '#room'.",
    });
  });

  it.each(rooms)('lets %s use the libraries that it owns, and no other room’s', (room) => {
    const others = Object.keys(owners).filter((library) => ![owners[library]].flat().includes(room));
    const said = refused(`src/${room}/library.ts`);
    expect(Object.keys(said).toSorted()).toEqual(others.toSorted());
    for (const message of Object.values(said)) expect(message).toContain('one owning room');
  });
});
