import { getOperationAST } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { SluiceError } from '#errors';
import { withPhase } from '#graphql';

/** What is asked for, whatever transport it came by. */
export interface Operation {
  readonly kind: 'query' | 'mutation' | 'subscription';
  readonly name: string | null;
}

/** The one gate that every operation passes, over HTTP, WebSocket, SSE and multipart alike. */
export class Admission {
  #isDraining = false;

  /** From now on nothing new is admitted. */
  drain(): void {
    this.#isDraining = true;
  }

  /** Throws a SluiceError when the operation may not run. */
  admit(_operation: Operation): void {
    if (this.#isDraining) {
      throw new SluiceError(
        'SHUTTING_DOWN',
        'This gateway is stopping. Try again: another one, or this one after its restart, will answer.',
      );
    }
  }
}

/**
 * Puts the gate and the codes of parse and validation errors into the pipeline that all transports share, so that no
 * transport can be wired without them.
 */
export function useAdmission(admission: Admission, maxTokens: number): Plugin {
  return {
    onParse({ parseFn, setParseFn }) {
      setParseFn((source, options) => parseFn(source, { ...options, maxTokens }));
      return ({ result, replaceParseResult }) => {
        if (result instanceof Error) replaceParseResult(withPhase(result, 'parse'));
      };
    },
    onValidate() {
      return ({ valid, result, setResult }) => {
        if (!valid) setResult(result.map((error) => withPhase(error, 'validate')));
      };
    },
    onExecute({ args }) {
      const kind = getOperationAST(args.document, args.operationName)?.operation ?? 'query';
      admission.admit({ kind, name: args.operationName ?? null });
    },
    onSubscribe({ args }) {
      admission.admit({ kind: 'subscription', name: args.operationName ?? null });
    },
  };
}
