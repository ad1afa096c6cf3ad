import type { Config } from '#config';
import { printSortedSchema } from '#graphql';
import { loadModel } from '#model';
import { checkDeclarations } from './check-declarations.ts';
import { type CommandContext, importTopics } from './import-topics.ts';
import { printDdl } from './print-ddl.ts';
import { schemaOf } from './schema-of.ts';

/** What is done with declarations without serving them. */
export type DeclarationCommand = Exclude<Config['command'], 'start' | 'clean' | 'help' | 'version'>;

/** Runs the command; resolves with the exit code. */
export async function runCommand(
  command: DeclarationCommand,
  config: Config,
  context: CommandContext,
): Promise<number> {
  switch (command) {
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
