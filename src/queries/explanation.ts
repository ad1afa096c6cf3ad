import { z } from 'zod';

/** An operator of a job, and the operators whose rows it gets. */
export interface PlanNode {
  readonly id: string;
  /** Its kind and place, such as `Source: clicks[1]`. */
  readonly operator: string;
  /** What it does, in Flink's words. */
  readonly description: string;
  readonly parallelism: number;
  readonly inputs: readonly PlanInput[];
}

/** Rows that go from one operator to another. */
export interface PlanInput {
  /** The operator that they come from. */
  readonly id: string;
  /** How they are spread over its tasks: FORWARD, HASH, REBALANCE, … */
  readonly shipStrategy: string;
}

/** How Flink would run a statement. */
export interface Explanation {
  /** The plans as Flink prints them. */
  readonly text: string;
  readonly nodes: readonly PlanNode[];
}

const plan = z.object({
  nodes: z.array(
    z.object({
      id: z.int(),
      type: z.string(),
      contents: z.string(),
      parallelism: z.int(),
      predecessors: z.array(z.object({ id: z.int(), ship_strategy: z.string() })).optional(),
    }),
  ),
});

const heading = '== Physical Execution Plan ==';

/** Reads what EXPLAIN JSON_EXECUTION_PLAN answers: texts, and a plan as JSON behind its heading. */
export function toExplanation(answer: string): Explanation {
  const at = answer.lastIndexOf(heading);
  const parsed = at < 0 ? null : plan.safeParse(JSON.parse(answer.slice(at + heading.length)));
  const nodes = parsed?.success ? parsed.data.nodes : [];
  return {
    text: (at < 0 ? answer : answer.slice(0, at)).trim(),
    nodes: nodes.map((node) => ({
      id: String(node.id),
      operator: node.type,
      description: node.contents,
      parallelism: node.parallelism,
      inputs: (node.predecessors ?? []).map((from) => ({ id: String(from.id), shipStrategy: from.ship_strategy })),
    })),
  };
}

/** Whether the plan that EXPLAIN CHANGELOG_MODE prints only ever adds rows: its root, the first line, emits inserts alone. */
export function isAppendOnly(answer: string): boolean {
  const root = /== Optimized Physical Plan ==\n([^\n]*)/.exec(answer)?.[1] ?? '';
  return /\bchangelogMode=\[I\]/.test(root);
}
