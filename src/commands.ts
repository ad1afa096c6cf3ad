import type { Config } from '#config';
import { SluiceError } from '#errors';
import { printSortedSchema } from '#graphql';
import { type Environment, writeFlinkJar } from '#local';
import { loadModel } from '#model';
import { checkDeclarations } from './check-declarations.ts';
import { type CommandContext, importTopics } from './import-topics.ts';
import { printDdl } from './print-ddl.ts';
import { schemaOf } from './schema-of.ts';
import { showProgress } from './terminal.ts';

/** What is done with declarations without serving them. */
export type DeclarationCommand = Exclude<Config['command'], 'start' | 'clean' | 'help' | 'version'>;

/** What commands are run with. */
interface RunContext extends CommandContext {
  /** What Java and Maven are found by. */
  readonly env: Environment;
}

/** Runs the command; resolves with the exit code. */
export async function runCommand(command: DeclarationCommand, config: Config, context: RunContext): Promise<number> {
  switch (command) {
    case 'flink-jar':
      return await flinkJar(config, context);
    case 'import':
      return await importTopics(config, context);
    case 'check':
      return await checkDeclarations(config, context);
    case 'ddl':
      context.print(printDdl(await loadModel(config.schemaDir), config).trimEnd());
      return 0;
    case 'print-schema':
      context.print(printSortedSchema(schemaOf(await loadModel(config.schemaDir))));
      return 0;
  }
}

async function flinkJar({ jarFile, cacheDir }: Config, { env, logger, print }: RunContext): Promise<number> {
  if (jarFile === null) throw new SluiceError('BAD_CONFIG', 'flink-jar: --out is missing.');
  const progress = showProgress();
  const signal = new AbortController().signal;
  await writeFlinkJar(jarFile, { cacheDir, env, logger, onProgress: progress.show, signal }).finally(progress.end);
  print(
    `Wrote ${jarFile}. Put it into lib/ of the JobManager, the TaskManagers and the SQL Gateway, beside flink-sql-connector-kafka and flink-sql-avro-confluent-registry, start them again, and set FLINK_SLUICE_JAR=true.`,
  );
  return 0;
}
