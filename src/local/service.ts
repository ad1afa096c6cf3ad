import { setTimeout as delay } from 'node:timers/promises';
import { messageOf, type SluiceError } from '#errors';
import { type Child, spawnChild } from './child.ts';
import { type ClassArchive, openClassArchive } from './class-archive.ts';
import { localFault } from './faults.ts';
import { type JvmCommand, type JvmContext, javaArguments, logFileOf } from './jvm.ts';
import { faultSince, logSize } from './log-tail.ts';
import type { Environment, Logger } from './options.ts';

/** How often a service may die before it is given up, and within which time. */
const maxRestarts = 5;
const restartWindowMs = 10 * 60_000;
const pollMs = 75;

/** How Java exits after SIGTERM: 128 + 15. */
const terminated = 143;

/** A program to run that is no JVM. */
export interface ProgramCommand {
  /** Names its log file. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

/** One process of the stack and how to see that it works. */
export interface ServiceSpec {
  /** For people. */
  readonly title: string;
  /** A JVM as a rule. */
  readonly jvm: JvmCommand | ProgramCommand;
  /** Beside the gateway's own environment. */
  readonly env: Environment;
  /** What to do when it ends while it starts, where that is known. */
  readonly hint: string | null;
  /** How long it may take to end before it is killed. */
  readonly graceMs: number;
  isReady(signal: AbortSignal): Promise<boolean>;
  /** Called each time it has ended unexpectedly, before it is started again. */
  readonly onDeath?: () => void;
}

/** What services share. */
export interface ServiceContext extends JvmContext {
  readonly env: Environment;
  readonly logger: Logger;
  readonly startTimeoutMs: number;
  /** Called when a service has got another process. */
  readonly onChange: () => void;
  /** Called once a service, when it has died too often. */
  readonly onGivenUp: (fault: SluiceError) => void;
}

/** A process of a service, from when it works. */
interface Run {
  readonly pid: number;
  /** How it ended, and what its log says went wrong. Never rejects. */
  readonly exited: Promise<{ readonly how: string; readonly fault: string | null }>;
}

/** A JVM that is kept running: one that dies is started again, a bounded number of times. */
export class Service {
  readonly name: string;
  readonly title: string;
  readonly logFile: string;
  readonly #spec: ServiceSpec;
  readonly #context: ServiceContext;
  readonly #closing = new AbortController();
  readonly #restarts: number[] = [];
  #child: Child | null = null;
  #archive: ClassArchive | null = null;
  #works = false;
  #isRenewed = false;
  #opening: Promise<unknown> = Promise.resolve();
  #watching: Promise<void> = Promise.resolve();

  constructor(spec: ServiceSpec, context: ServiceContext) {
    this.name = spec.jvm.name;
    this.title = spec.title;
    this.logFile = logFileOf(context.folders, spec.jvm.name);
    this.#spec = spec;
    this.#context = context;
  }

  /** Null while it does not run. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** Starts it and resolves when it works; rejects with what its log says when it ends before that, or takes too long. */
  async open(): Promise<void> {
    const opening = this.#start();
    this.#opening = opening;
    this.#watching = this.#watch(await opening);
  }

  /** Kills it and starts it again, which does not count as a death: for one that is of no use since another part died. */
  renew(): void {
    if (!this.#works || this.#closing.signal.aborted) return;
    this.#isRenewed = true;
    void this.#child?.end(0);
  }

  /** Ends it; resolves when it has ended. */
  async close(): Promise<void> {
    this.#closing.abort();
    if (this.#child !== null && this.#archive?.isWritten) {
      this.#context.logger.info(
        {},
        `${this.title} saves its loaded classes as it ends, once: later starts are faster.`,
      );
    }
    await this.#child?.end(this.#spec.graceMs);
    // A start that was under way ends its child itself.
    await Promise.allSettled([this.#opening]);
    await this.#watching;
  }

  async #start(): Promise<Run> {
    const { java, env, startTimeoutMs } = this.#context;
    const { jvm } = this.#spec;
    const logStart = await logSize(this.logFile);
    const archive = 'mainClass' in jvm ? await openClassArchive(java, jvm) : null;
    this.#closing.signal.throwIfAborted();
    const child = await spawnChild({
      command: 'mainClass' in jvm ? java.command : jvm.command,
      args: 'mainClass' in jvm ? [...(archive?.jvmArgs ?? []), ...javaArguments(this.#context, jvm)] : jvm.args,
      env: { ...env, ...this.#spec.env },
      logFile: this.logFile,
    });
    this.#child = child;
    this.#archive = archive;
    const ended = new AbortController();
    let worked = false;
    const exited = child.exited.then(async (exit) => {
      this.#child = null;
      this.#works = false;
      ended.abort();
      await archive?.settle(worked && exit.code === terminated);
      return { how: exit.signal ?? `exit code ${exit.code}`, fault: await faultSince(this.logFile, logStart) };
    });
    const signal = AbortSignal.any([this.#closing.signal, ended.signal, AbortSignal.timeout(startTimeoutMs)]);
    worked = await this.#becomesReady(signal);
    this.#works = worked;
    if (worked) return { pid: child.pid, exited };
    const early = ended.signal.aborted;
    if (!early) await child.end(this.#spec.graceMs);
    const { how, fault } = await exited;
    const what = early ? `ended while starting (${how})` : `did not answer within ${startTimeoutMs / 1000} s`;
    throw this.#fault(what, fault, this.#spec.hint);
  }

  async #becomesReady(signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      if (await this.#spec.isReady(signal)) return !signal.aborted;
      await delay(pollMs, undefined, { signal }).catch(() => {});
    }
    return false;
  }

  async #watch(first: Run): Promise<void> {
    let run: Run | null = first;
    while (run !== null) {
      const { how, fault } = await run.exited;
      if (this.#closing.signal.aborted) return;
      const isRenewed = this.#isRenewed;
      this.#isRenewed = false;
      const ended = this.#fault(`ended unexpectedly (${how})`, fault);
      if (!isRenewed) {
        this.#context.logger.warn({ log: this.logFile }, `${ended.message}\nStarting it again.`);
        this.#spec.onDeath?.();
      }
      run = await this.#startAgain(ended, isRenewed);
    }
  }

  async #startAgain(first: SluiceError, isRenewed: boolean): Promise<Run | null> {
    let fault = first;
    for (let counts = !isRenewed; !this.#closing.signal.aborted; counts = true) {
      if (counts && !this.#mayRestart()) {
        this.#context.onGivenUp(fault);
        return null;
      }
      try {
        const run = await this.#start();
        this.#context.logger.info({ pid: run.pid }, `${this.title} runs again.`);
        this.#context.onChange();
        return run;
      } catch (thrown) {
        if (this.#closing.signal.aborted) return null;
        fault = localFault(messageOf(thrown), thrown);
        this.#context.logger.warn({ log: this.logFile }, fault.message);
      }
    }
    return null;
  }

  /** Whether it has not died too often yet; counts this time. */
  #mayRestart(): boolean {
    const now = Date.now();
    while (this.#restarts[0] !== undefined && this.#restarts[0] < now - restartWindowMs) this.#restarts.shift();
    if (this.#restarts.length >= maxRestarts) return false;
    this.#restarts.push(now);
    return true;
  }

  #fault(what: string, said: string | null, hint: string | null = null): SluiceError {
    const sentence = `${this.title} ${what}${said === null ? '.' : `: ${said}`}`;
    return localFault([sentence, `Its log: ${this.logFile}`, ...(hint === null ? [] : [hint])].join('\n'));
  }
}
