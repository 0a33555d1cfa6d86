/**
 * Keeps one language server running: finds it, checks it, starts it again when it dies, and says
 * in one sentence what is wrong where it cannot be kept running.
 *
 * Each start has a client of its own; the language client's own restarts are switched off, since
 * they give up where a server dies in the middle of a request.
 */

import * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";
import { NEEDED_REQUESTS } from "../client/requests";
import { t } from "../l10n";
import { findServer } from "./find";
import { ensureEnded, startServer, versionOutput, type Ended, type Started } from "./process";
import type { Problem } from "./problem";
import { RESTART_LIMITS, RestartPolicy } from "./restart";
import { isOlder, plainVersion, printedVersion, shown, type Version } from "./version";

const SLOW_AFTER = 5_000;
const SILENT_AFTER = 60_000;
/** A server that never came up is tried this often: it will hardly fare better the next time. */
const START_TRIES = 2;

/** `asleep`: nobody has needed it yet. */
export type Phase = "asleep" | "stopped" | "starting" | "slow" | "running" | "restarting" | "failed";

export interface ServerState {
  phase: Phase;
  problem?: Problem;
}

/** Makes a client that speaks to the server that `connect` starts. */
export type ClientMaker = (connect: () => Promise<Started>) => Promise<LanguageClient>;

interface Run {
  client?: LanguageClient;
  started?: Started;
  reached: boolean;
  over: boolean;
}

/** A build between two versions may lack what this extension asks for. */
function lacksRequests(client: LanguageClient | undefined): boolean {
  const told = client?.initializeResult?.capabilities.experimental as { doctorflan?: { requests?: string[] } } | undefined;
  const offered = told?.doctorflan?.requests ?? [];
  return NEEDED_REQUESTS.some((request) => !offered.includes(request));
}

export class Supervisor implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<ServerState>();
  readonly onDidChange = this.changed.event;
  private current: ServerState = { phase: "asleep" };
  private run: Run | undefined;
  private readonly policy = new RestartPolicy(RESTART_LIMITS, () => performance.now());
  private pending: NodeJS.Timeout | undefined;
  private starts = 0;

  constructor(
    private readonly makeClient: ClientMaker,
    private readonly minimum: Version,
    private readonly output: vscode.LogOutputChannel,
  ) {}

  get state(): ServerState {
    return this.current;
  }

  /** The client of a server that is running now. */
  get client(): LanguageClient | undefined {
    return this.current.phase === "running" ? this.run?.client : undefined;
  }

  /** Starts the server unless that was done before; a window without notes needs none. */
  wake(): void {
    if (this.starts === 0) {
      void this.start();
    }
  }

  /** The running client; waits for a start under way. Undefined where there will be none. */
  async ready(token?: vscode.CancellationToken): Promise<LanguageClient | undefined> {
    this.wake();
    while (["starting", "slow", "restarting"].includes(this.current.phase)) {
      if (token?.isCancellationRequested === true) {
        return undefined;
      }
      await this.nextChange(token);
    }
    return this.client;
  }

  /** Starts afresh; deaths so far are forgotten. */
  async restart(): Promise<void> {
    this.policy.forget();
    await this.stop();
    await this.start();
  }

  async start(): Promise<void> {
    const run: Run = { reached: false, over: false };
    this.run = run;
    this.starts += 1;
    this.become(this.policy.count === 0 ? { phase: "starting" } : { phase: "restarting" });
    const slow = setTimeout(() => {
      this.becomeIn(run, { phase: "slow" });
    }, SLOW_AFTER);
    const silent = setTimeout(() => {
      this.becomeIn(run, { phase: "slow", problem: { kind: "silent", seconds: SILENT_AFTER / 1000 } });
    }, SILENT_AFTER);
    try {
      await this.launch(run);
    } finally {
      clearTimeout(slow);
      clearTimeout(silent);
    }
  }

  async stop(): Promise<void> {
    clearTimeout(this.pending);
    const run = this.run;
    this.run = undefined;
    this.become({ phase: "stopped" });
    if (run !== undefined) {
      await this.leave(run);
    }
  }

  dispose(): void {
    void this.stop();
    this.changed.dispose();
  }

  private async launch(run: Run): Promise<void> {
    const found = await findServer();
    if (run !== this.run) {
      return;
    }
    if ("problem" in found) {
      this.failIn(run, found.problem);
      return;
    }
    const { command } = found.candidate;
    this.output.info(t("Server: {0} (start {1})", command, this.starts));
    try {
      run.client = await this.makeClient(async () => this.connect(run, command));
      await run.client.start();
      run.reached = true;
    } catch {
      await this.explainFailedStart(run, command);
      return;
    }
    await this.checkAndBecomeRunning(run, command);
  }

  private async connect(run: Run, command: string): Promise<Started> {
    const started = await startServer(command, ["--stdio"], (line) => {
      this.output.info(line);
    });
    run.started = started;
    void started.ended.then((ended) => {
      this.output.info(t("Server ended (exit code {0}).", ended.code ?? "-"));
      this.died(run, ended);
    });
    return started;
  }

  private async checkAndBecomeRunning(run: Run, command: string): Promise<void> {
    const told = run.client?.initializeResult?.serverInfo?.version;
    const version = plainVersion(told ?? "") ?? printedVersion(await versionOutput(command));
    if (version === undefined) {
      this.failIn(run, { kind: "not-ours", path: command });
    } else if (isOlder(version, this.minimum) || lacksRequests(run.client)) {
      this.failIn(run, { kind: "too-old", version: shown(version), minimum: shown(this.minimum) });
    } else {
      this.becomeIn(run, { phase: "running" });
    }
  }

  /** A server that did not come up: another program, an old one, or one that died. */
  private async explainFailedStart(run: Run, command: string): Promise<void> {
    const version = printedVersion(await versionOutput(command));
    if (run !== this.run || run.over) {
      return;
    }
    if (version !== undefined && isOlder(version, this.minimum)) {
      this.failIn(run, { kind: "too-old", version: shown(version), minimum: shown(this.minimum) });
    } else if (version === undefined) {
      this.failIn(run, { kind: "not-ours", path: command });
    } else if (run.started === undefined) {
      this.failIn(run, { kind: "start-crash", code: null, lastLine: "" });
    }
  }

  private died(run: Run, ended: Ended): void {
    if (run !== this.run || run.over) {
      return;
    }
    const wait = this.policy.died();
    if (!run.reached && this.policy.count >= START_TRIES) {
      this.failIn(run, { kind: "start-crash", ...ended });
      return;
    }
    if (wait === undefined) {
      this.failIn(run, { kind: "crashing", times: this.policy.count });
      return;
    }
    run.over = true;
    this.become({ phase: "restarting" });
    this.pending = setTimeout(() => {
      void this.leave(run).then(() => (this.run === run ? this.start() : undefined));
    }, wait);
  }

  private failIn(run: Run, problem: Problem): void {
    if (run !== this.run || run.over) {
      return;
    }
    run.over = true;
    this.become({ phase: "failed", problem });
    void this.leave(run);
  }

  /** Lets go of a run's client and process, whatever state they are in. */
  private async leave(run: Run): Promise<void> {
    run.over = true;
    try {
      await run.client?.dispose();
    } catch {
      // A client whose server is gone, or never came, refuses to stop: there is nothing left to stop.
    }
    if (run.started !== undefined) {
      await ensureEnded(run.started);
    }
  }

  private becomeIn(run: Run, state: ServerState): void {
    if (run === this.run && !run.over) {
      this.become(state);
    }
  }

  private become(state: ServerState): void {
    this.current = state;
    this.changed.fire(state);
  }

  private nextChange(token: vscode.CancellationToken | undefined): Promise<void> {
    return new Promise((resolve) => {
      const listeners: vscode.Disposable[] = [];
      const done = (): void => {
        vscode.Disposable.from(...listeners).dispose();
        resolve();
      };
      listeners.push(this.changed.event(done));
      if (token !== undefined) {
        listeners.push(token.onCancellationRequested(done));
      }
    });
  }
}
