import type { Shape } from '../support/fault-world.ts';

const wantsKafkajs = (producer: string) => producer.startsWith('kafkajs');
const kafkajsOnly = 'where: { producer: { startsWith: "kafkajs" } }';
const wantsOthers = (producer: string, number: number) => !wantsKafkajs(producer) && number > 10;
const othersOnly = 'where: { not: { producer: { startsWith: "kafkajs" } }, number: { gt: 10 } }';

const shapes: readonly Shape[] = [
  { name: 'all', transport: 'WebSocket' },
  { name: 'all, dies in mid-page', transport: 'WebSocket', resumeBy: 'edge' },
  { name: 'one producer', transport: 'WebSocket', args: kafkajsOnly, wants: wantsKafkajs },
  { name: 'the other producers', transport: 'WebSocket', args: othersOnly, wants: wantsOthers, resumeBy: 'edge' },
  { name: 'small pages', transport: 'WebSocket', args: 'maxRecords: 5' },
  { name: 'large records', transport: 'WebSocket', isHeavy: true },
  { name: 'large, disconnected when slow', transport: 'WebSocket', isHeavy: true, args: 'overflow: DISCONNECT' },
  {
    name: 'large, newest when slow',
    transport: 'WebSocket',
    isHeavy: true,
    args: 'overflow: LATEST',
    newestOnly: true,
  },
  { name: 'all', transport: 'SSE' },
  { name: 'by Last-Event-ID', transport: 'SSE', resumeBy: 'event id' },
  { name: 'one producer', transport: 'SSE', args: kafkajsOnly, wants: wantsKafkajs, resumeBy: 'edge' },
  { name: 'large records, small pages', transport: 'SSE', args: 'maxRecords: 20', isHeavy: true },
];

/** Every way to subscribe; the topic may be gone for a moment. */
export const soakShapes: readonly Shape[] = shapes.map((shape) => ({
  ...shape,
  name: `${shape.name} (${shape.transport})`,
  bears: ['TOPIC_MISSING'],
}));
