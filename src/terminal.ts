import type { Config } from '#config';
import { demoTypes, type Progress } from '#local';
import { isTable } from '#model';
import type { Gateway } from './gateway.ts';

/** Shows what a start is doing: one line that changes on a terminal, a line a step elsewhere. */
export function showProgress(output: NodeJS.WriteStream = process.stderr): {
  readonly show: (progress: Progress) => void;
  end(): void;
} {
  let last = '';
  return {
    show({ text, fraction, step }) {
      const share = fraction === undefined ? '' : ` ${Math.round(fraction * 100)} %`;
      if (output.isTTY) output.write(`\r\u001b[K  ${text}${share}`);
      else if (`${step} ${text}` !== last) output.write(`  ${text}\n`);
      last = `${step} ${text}`;
    },
    end() {
      if (output.isTTY) output.write('\r\u001b[K');
    },
  };
}

/** Says what runs, where to click and how to stop. */
export function printStarted(
  { model, url, clusters }: Gateway,
  config: Config,
  output: NodeJS.WriteStream = process.stdout,
): void {
  const streams = model.sources.filter(({ kind }) => kind === 'stream').map(({ plural }) => plural);
  const views = model.sources
    .filter(({ kind }) => kind === 'view')
    .map((view) => (isTable(view) ? `${view.plural} (table)` : view.plural));
  const hasDemo = model.sources.some(({ kind, typeName }) => kind === 'stream' && demoTypes.includes(typeName));
  const lines = [
    '',
    '  Sluice is running.',
    '',
    `  GraphiQL    ${url}   ← open this; press ▶ in the first tab`,
    `  WebSocket   ${url.replace('http', 'ws')}   (graphql-transport-ws)`,
    `  Kafka       ${clusters.kafkaBrokers}`,
    ...(clusters.flink
      ? [
          `  Flink       ${clusters.flink.restUrl}   SQL Gateway ${clusters.flink.sqlGatewayUrl}`,
          ...(clusters.areLocal ? ['              is starting; views follow'] : []),
        ]
      : ['  Flink       none: streams only']),
    ...(clusters.registry ? [`  Registry    ${withoutCredentials(clusters.registry.url)}`] : []),
    '',
    `  Streams     ${streams.join(', ') || 'none'}`,
    ...(views.length > 0 ? [`  Views       ${views.join(', ')}`] : []),
    ...(clusters.areLocal ? [`  Data        ${config.dataDir}   (npm run clean forgets it)`] : []),
    ...(config.demo && hasDemo ? ['  Demo        events are produced all the time; --no-demo turns that off'] : []),
    '',
    '  Stop with Ctrl-C.',
    '',
  ];
  output.write(`${lines.join('\n')}\n`);
}

/** An address as it may be shown. */
function withoutCredentials(address: string): string {
  const url = new URL(address);
  return url.origin + url.pathname.replace(/\/$/, '');
}
