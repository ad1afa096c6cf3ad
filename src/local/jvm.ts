import { delimiter, join } from 'node:path';
import type { DataFolders } from './folders.ts';
import type { JarFolder } from './jar-cache.ts';
import type { Java } from './java.ts';
import { dataMark } from './leftovers.ts';

/** What all JVMs of a stack have in common. */
export interface JvmContext {
  readonly java: Java;
  readonly folders: DataFolders;
}

/** One JVM to run. */
export interface JvmCommand {
  /** Names its log file. */
  readonly name: string;
  readonly jars: JarFolder;
  readonly mainClass: string;
  readonly args: readonly string[];
  /** Sizes and module options. */
  readonly jvmArgs: readonly string[];
}

/**
 * Quick to start and small: for the few cores and the modest traffic of a developer's machine the serial collector
 * and the first compiler are enough, and save a third of the start time (measured on two cores).
 */
const lean = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto', '-XX:+ExitOnOutOfMemoryError'];

/** Java's own remarks, most of them about class archives, would stand in the log as if they mattered. */
const quiet = ['-Xlog:disable', '-Xlog:all=error:stderr'];

/** The log file of a process of the stack. */
export function logFileOf(folders: DataFolders, name: string): string {
  return join(folders.logs, `${name}.log`);
}

/** The arguments of `java` for a command. */
export function javaArguments({ folders }: JvmContext, command: JvmCommand): readonly string[] {
  const logFile = logFileOf(folders, command.name);
  return [
    dataMark(folders.root),
    ...lean,
    ...quiet,
    ...command.jvmArgs,
    `-Djava.io.tmpdir=${folders.tmp}`,
    `-Dlog4j2.configurationFile=${join(folders.conf, 'log4j2.properties')}`,
    `-Dsluice.log=${logFile}`,
    // Flink's web page shows the file of this name.
    `-Dlog.file=${logFile}`,
    '-cp',
    command.jars.jars.join(delimiter),
    command.mainClass,
    ...command.args,
  ];
}

/** Log4j's settings for all JVMs: one file each, bounded. Flink would write a line for every checkpoint of every job. */
export function renderLogConfig(): string {
  return `# Written at each start.
rootLogger.level = INFO
rootLogger.appenderRef.file.ref = file
appender.file.name = file
appender.file.type = RollingFile
appender.file.fileName = \${sys:sluice.log}
appender.file.filePattern = \${sys:sluice.log}.%i
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX} %-5p %c{1.} - %m%n
appender.file.policies.type = Policies
appender.file.policies.size.type = SizeBasedTriggeringPolicy
appender.file.policies.size.size = 16MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 2
logger.checkpoints.name = org.apache.flink.runtime.checkpoint
logger.checkpoints.level = WARN
logger.clients.name = org.apache.kafka.clients
logger.clients.level = WARN
logger.shaded.name = org.apache.flink.kafka.shaded.org.apache.kafka
logger.shaded.level = WARN
logger.clientConfig.name = org.apache.kafka.common.config
logger.clientConfig.level = WARN
`;
}
